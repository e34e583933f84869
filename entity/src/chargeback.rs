//! Statements of what a team, a project or a client is charged for a month.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chargeback")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub period: i64,
    pub kind: i64,
    pub center_id: i64,
    pub currency_id: i64,
    pub provider_id: i64,
    pub basis: i64,
    pub showback: i64,
    pub markup: String,
    pub treatment: i64,
    pub receivable_id: i64,
    pub total: i64,
    pub cost: i64,
    pub content_hash: String,
    pub through_entry: i64,
    pub drafted_by: String,
    pub drafted_for: Option<String>,
    pub drafted_at: i64,
    pub status: i64,
    pub approved_by: Option<String>,
    pub approved_for: Option<String>,
    pub approved_at: Option<i64>,
    pub entry_number: Option<i64>,
    pub posted_at: Option<i64>,
    pub reversal_number: Option<i64>,
    pub document_number: Option<String>,
    pub reason: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
