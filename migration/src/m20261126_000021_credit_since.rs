//! Since which entry credits count that moved no money.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, COLUMNS).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("what credits remember is not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// The first entry as of which a lot or a use counts: its own, or the next one when it has none. Rows of before count always.
const COLUMNS: &str = "
ALTER TABLE credit_lot ADD COLUMN since_entry {int};
ALTER TABLE credit_use ADD COLUMN since_entry {int};
";
