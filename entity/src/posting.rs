//! Lines of entries: immutable. Side 1 is debit, 2 credit; amounts are ledger units above zero.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "posting")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub entry_number: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i64,
    pub side: i64,
    pub amount: i64,
    pub currency_id: i64,
    pub block_id: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
