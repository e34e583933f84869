//! Units of outputs that the books save beside the standard ones.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, TABLES).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("units of outputs are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// A unit may be renamed; its code, which outputs carry, stays.
const TABLES: &str = "
CREATE TABLE output_unit (
    books_id {int} NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, code)
) {clustered};
";
