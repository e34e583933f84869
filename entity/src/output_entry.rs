//! Units produced, as recorded.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "output_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub source: String,
    pub external_id: String,
    pub content_hash: i64,
    pub unit: String,
    pub produced_on: i64,
    pub quantity_millionths: i64,
    pub value: Option<i64>,
    pub currency_id: Option<i64>,
    pub team_id: i64,
    pub project_id: i64,
    pub client_id: i64,
    pub feature_id: i64,
    pub recorded_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
