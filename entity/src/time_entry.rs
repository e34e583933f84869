//! Hours that a person worked, with the blocks their cost is booked on.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "time_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub source: String,
    pub external_id: String,
    pub content_hash: i64,
    pub worked_on: i64,
    pub person: String,
    pub role: Option<String>,
    pub hours_millionths: i64,
    pub is_billable: i64,
    pub block_id: i64,
    pub applied_block_id: i64,
    pub recorded_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
