//! When another name of a model was taken back.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, COLUMN).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("aliases that were taken back are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// The row stays, with the model that it stood for: a built-in alias that somebody took back does not come again with the next start.
const COLUMN: &str = "ALTER TABLE model_alias ADD COLUMN removed_at {int};";
