//! What became of a charge later: priced, re-rated, moved, reversed. The highest revision is the current one.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "charge_revision")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub charge_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i64,
    pub recorded_at: i64,
    pub kind: i64,
    pub block_id: i64,
    pub rule_id: i64,
    pub note: Option<String>,
    pub meter_lines: String,
    pub basis: i64,
    pub amount: Option<i64>,
    pub currency_id: Option<i64>,
    pub entry_number: Option<i64>,
    pub since_entry: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
