//! Lines of chargeback statements, as they were drafted.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chargeback_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i64,
    pub kind: i64,
    pub month: i64,
    pub description: String,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub feature: Option<String>,
    pub quantity: Option<i64>,
    pub unit: Option<String>,
    pub rate: Option<String>,
    pub cost: i64,
    pub amount: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
