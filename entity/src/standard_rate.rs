//! What a unit of usage is charged at, for days.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "standard_rate")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub meter: String,
    pub per: i64,
    pub amount: String,
    pub currency_id: i64,
    pub valid_from: i64,
    pub valid_to: Option<i64>,
    pub recorded_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
