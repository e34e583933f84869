//! A foreign liability paid in the reporting currency.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "foreign_settlement")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub entry_number: i64,
    pub account_id: i64,
    pub provider_id: i64,
    pub currency_id: i64,
    pub amount: i64,
    pub relieved: i64,
    pub paid: i64,
    pub paid_on: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
