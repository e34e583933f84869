//! A sum of a batch: one account and its exported dimensions in one currency.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "export_sum")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub batch_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    pub currency_id: i64,
    pub account_id: i64,
    pub team_id: i64,
    pub project_id: i64,
    pub client_id: i64,
    pub feature_id: i64,
    pub provider_id: i64,
    pub model_id: i64,
    pub environment_id: i64,
    pub debit: i64,
    pub credit: i64,
    pub carried: i64,
    pub exported: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
