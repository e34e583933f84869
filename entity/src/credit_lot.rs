//! Credits bought from a provider in advance, or granted by it.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_lot")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub kind: i64,
    pub provider_id: i64,
    pub currency_id: i64,
    pub amount: i64,
    pub begins_on: i64,
    pub expires_on: Option<i64>,
    pub policy: i64,
    pub paid_from: Option<i64>,
    pub entry_number: Option<i64>,
    pub reference: String,
    pub recorded_at: i64,
    pub since_entry: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
