//! A run of allocation rules over a period, what was added to one, or the reversal of one.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "allocation_run")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub month: i64,
    pub kind: i64,
    pub refers_to: Option<i64>,
    pub effective_on: i64,
    pub through_entry: i64,
    pub through_driver_value: i64,
    pub result_hash: String,
    pub reason: Option<String>,
    pub subject: String,
    pub acting_for: Option<String>,
    pub recorded_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
