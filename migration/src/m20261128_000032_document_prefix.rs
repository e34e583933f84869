//! The letters with which the documents of each export target begin.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::guards;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, PREFIXES).await?;
        let immutable = match manager.get_database_backend() {
            DatabaseBackend::Sqlite => guards::SQLITE_IMMUTABLE,
            _ => guards::POSTGRES_IMMUTABLE,
        };
        crate::execute(manager, &immutable.replace("{table}", "export_prefix")).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("prefixes of documents are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// A target keeps every prefix that it ever had, since numbers with it are in the other system. The second index goes over all books of the
/// database: they may send to the same system.
const PREFIXES: &str = "
CREATE TABLE export_prefix (
    books_id {int} NOT NULL,
    target_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    prefix TEXT NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, target_id, number)
) {clustered};
CREATE UNIQUE INDEX export_prefix_once ON export_prefix (prefix);
";
