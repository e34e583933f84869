//! What a revaluation found of one foreign item.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revaluation_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub entry_number: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i64,
    pub account_id: i64,
    pub provider_id: i64,
    pub currency_id: i64,
    pub open_amount: i64,
    pub carrying: i64,
    pub value: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
