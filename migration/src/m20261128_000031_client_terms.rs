//! Whether a client's statements show it what its usage cost.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, COLUMN).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("what was agreed with clients is not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// 0: prices alone, which is what clients without terms get too. 1: cost, markup and where shared cost came from.
const COLUMN: &str = "ALTER TABLE rebill_terms ADD COLUMN shows_cost {int} NOT NULL DEFAULT 0 CHECK (shows_cost IN (0, 1));";
