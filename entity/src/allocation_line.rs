//! What one receiver got of a pool.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "allocation_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_number: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i64,
    pub pool: i64,
    pub to_kind: i64,
    pub to_id: i64,
    pub quantity: Option<String>,
    pub share: Option<String>,
    pub unrounded: Option<String>,
    pub amount: i64,
    pub has_extra_unit: i64,
    pub debit_account_id: i64,
    pub credit_account_id: i64,
    pub entry_number: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
