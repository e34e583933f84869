//! Revenue as it was recorded.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revenue_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub source: String,
    pub external_id: String,
    pub content_hash: i64,
    pub kind: i64,
    pub earned_from: i64,
    pub earned_through: i64,
    pub amount: i64,
    pub currency_id: i64,
    pub block_id: i64,
    pub receivable_block_id: i64,
    pub contract: Option<String>,
    pub contract_amount: Option<i64>,
    pub percent_millionths: Option<i64>,
    pub quantity_millionths: Option<i64>,
    pub memo: Option<String>,
    pub recorded_at: i64,
    pub unit_price: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
