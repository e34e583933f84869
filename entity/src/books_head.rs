//! The head row of one set of books: the last number given out of each series, under whose lock all numbering happens.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "books_head")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    pub last_charge: i64,
    pub last_entry: i64,
    pub last_block: i64,
    pub last_name: i64,
    pub last_price: i64,
    pub last_rule: i64,
    pub masters_version: i64,
    pub last_audit: i64,
    pub tree_size: i64,
    pub tree_peaks: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
