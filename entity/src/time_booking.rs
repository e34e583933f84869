//! What hours cost by a rate, and the entry that booked it or its difference.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "time_booking")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub time_number: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i64,
    pub rate_number: i64,
    pub currency_id: i64,
    pub amount: i64,
    pub entry_number: Option<i64>,
    pub recorded_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
