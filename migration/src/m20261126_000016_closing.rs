//! What reports as of an entry, sign-offs of accruals and prepaid providers remember beside what they did.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, COLUMNS).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("what was signed is not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// `since_entry` is the first entry as of which a revision counts: its own, or the next one when it has none. Revisions of before have nothing
/// there and count as of the entries that were recorded with them or later. Ingest writes no revisions, so it does not pay for the index.
/// `figures` are the accruals that were signed; `overdraw` is 0 (shown) or 1 (accrued).
const COLUMNS: &str = "
ALTER TABLE charge_revision ADD COLUMN since_entry {int};
CREATE INDEX charge_revision_since ON charge_revision (books_id, since_entry);
ALTER TABLE accrual_review ADD COLUMN figures TEXT;
ALTER TABLE provider_setting ADD COLUMN overdraw {int} NOT NULL DEFAULT 0 CHECK (overdraw IN (0, 1));
";
