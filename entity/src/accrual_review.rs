//! Sign-offs of the accruals of a period. Rows are only ever added.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accrual_review")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub books_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub month: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub subject: String,
    pub note: String,
    pub through_entry: i64,
    pub recorded_at: i64,
    pub figures: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
