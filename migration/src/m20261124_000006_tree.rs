//! Tamper evidence: the Merkle tree over the posted entries, and the checkpoints that were signed of it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::guards;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, TREE).await?;
        let immutable = match manager.get_database_backend() {
            DatabaseBackend::Sqlite => guards::SQLITE_IMMUTABLE,
            _ => guards::POSTGRES_IMMUTABLE,
        };
        for table in ["tree_node", "checkpoint"] {
            crate::execute(manager, &immutable.replace("{table}", table)).await?;
        }
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("tamper evidence is not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// `tree_peaks` are the roots of the complete subtrees of the tree's size. `mark` is the first 64 bits of an entry's leaf: it names the entry
/// that was changed. Entries of before this migration have none. `tree_node` keeps every 256th hash, so that a proof reads few entries.
const TREE: &str = "
ALTER TABLE books_head ADD COLUMN tree_size {int} NOT NULL DEFAULT 0;
ALTER TABLE books_head ADD COLUMN tree_peaks TEXT NOT NULL DEFAULT '';
ALTER TABLE journal_entry ADD COLUMN mark {int};
CREATE TABLE tree_node (
    books_id {int} NOT NULL,
    level {int} NOT NULL,
    position {int} NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (books_id, level, position)
) {clustered};
CREATE TABLE checkpoint (
    books_id {int} NOT NULL,
    size {int} NOT NULL,
    root TEXT NOT NULL,
    signed_at {int} NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (books_id, size)
) {clustered};
";
