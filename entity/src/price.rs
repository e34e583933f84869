//! The price book: immutable lines, amounts as decimal text.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "price")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub provider: String,
    pub model: String,
    pub meter: String,
    pub processing: i64,
    pub service_tier: Option<String>,
    pub region: Option<String>,
    pub above_input_tokens: Option<i64>,
    pub amount: String,
    pub per: i64,
    pub currency_id: i64,
    pub effective_from: i64,
    pub effective_to: Option<i64>,
    pub precedence: i64,
    pub source: String,
    pub recorded_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
