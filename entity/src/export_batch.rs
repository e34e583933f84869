//! A frozen batch for another finance system.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "export_batch")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub target_id: i64,
    pub target_version: i64,
    pub number: i64,
    pub period: i64,
    pub kinds: String,
    pub through_entry: i64,
    pub rounding: i64,
    pub external_number: String,
    pub content_hash: String,
    pub created_by: String,
    pub recorded_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
