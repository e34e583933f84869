//! Charges as they came in: immutable.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "charge")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub hour: i64,
    pub key_hash: i64,
    pub content_hash: i64,
    pub source_id: i64,
    pub external_id: String,
    pub occurred_at: i64,
    pub recorded_at: i64,
    pub block_id: i64,
    pub rule_id: i64,
    pub variant_id: i64,
    pub api_key_id: i64,
    pub end_user: Option<String>,
    pub tags: Option<String>,
    pub note: Option<String>,
    pub meter_lines: String,
    pub basis: i64,
    pub amount: Option<i64>,
    pub currency_id: Option<i64>,
    pub entry_number: Option<i64>,
    pub reported_amount: Option<i64>,
    pub reported_currency_id: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
