//! A pool of a run in one currency.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "allocation_pool")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_number: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub pool: i64,
    pub step: i64,
    pub rule_position: i64,
    pub from_kind: i64,
    pub from_id: i64,
    pub account_id: i64,
    pub currency_id: i64,
    pub amount: i64,
    pub allocated: i64,
    pub driver: Option<String>,
    pub driver_total: Option<String>,
    pub gross: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
