//! Posted entries: immutable, gapless.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub kind: i64,
    pub effective_on: i64,
    pub recorded_at: i64,
    pub charge_id: Option<i64>,
    pub corrects: Option<i64>,
    pub posting_count: i64,
    pub memo: Option<String>,
    pub service_on: Option<i64>,
    pub mark: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
