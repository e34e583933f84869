//! How few persons may stand behind hours that everyone sees.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, COLUMN).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("settings are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// Of one person alone hours and cost tell the rate, so the least is two; three is what earlier programs had.
const COLUMN: &str = "ALTER TABLE books ADD COLUMN least_persons {int} NOT NULL DEFAULT 3 CHECK (least_persons BETWEEN 2 AND 100);";
