//! The source whose charge brought a name first, so that one source does not use up the names of all.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, COLUMN).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("who brought a name is not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// Zero: a command, or an earlier program, which did not keep it.
const COLUMN: &str = "ALTER TABLE interned_name ADD COLUMN source_id {int} NOT NULL DEFAULT 0;";
