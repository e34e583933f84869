//! Which numbers the entries of a month have.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, TABLE).await?;
        let month = match manager.get_database_backend() {
            DatabaseBackend::Sqlite => SQLITE_MONTH,
            _ => POSTGRES_MONTH,
        };
        crate::execute(manager, &FILL.replace("{month}", month)).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("the months of entries are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// Reads of a month begin at its first entry and end at its last one. Entries of other months may lie between.
const TABLE: &str = "
CREATE TABLE entry_month (
    books_id {int} NOT NULL,
    month {int} NOT NULL,
    first_entry {int} NOT NULL CHECK (first_entry > 0),
    last_entry {int} NOT NULL CHECK (last_entry >= first_entry),
    PRIMARY KEY (books_id, month)
) {clustered};
";

/// Months since January 1970 of a day since 1970-01-01.
const SQLITE_MONTH: &str = "((CAST(strftime('%Y', e.effective_on * 86400, 'unixepoch') AS INTEGER) - 1970) * 12 \
     + CAST(strftime('%m', e.effective_on * 86400, 'unixepoch') AS INTEGER) - 1)";
const POSTGRES_MONTH: &str = "((CAST(EXTRACT(YEAR FROM DATE '1970-01-01' + CAST(e.effective_on AS INTEGER)) AS BIGINT) - 1970) * 12 \
     + CAST(EXTRACT(MONTH FROM DATE '1970-01-01' + CAST(e.effective_on AS INTEGER)) AS BIGINT) - 1)";

/// The months of entries that were posted before they were kept. By day first: a history has few days and many entries.
const FILL: &str = "
INSERT INTO entry_month (books_id, month, first_entry, last_entry)
SELECT e.books_id, {month}, MIN(e.first_entry), MAX(e.last_entry) FROM (
    SELECT books_id, effective_on, MIN(number) AS first_entry, MAX(number) AS last_entry FROM journal_entry GROUP BY books_id, effective_on
) e GROUP BY 1, 2;
";
