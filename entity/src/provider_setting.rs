//! How each provider is paid.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_setting")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    pub settlement: i64,
    pub grants: i64,
    pub overdraw: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
