//! The audit log, settings of the books that decide in which period an entry falls, and the service date of a late entry.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::guards;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, COLUMNS).await?;
        crate::execute(manager, AUDIT).await?;
        let immutable = match manager.get_database_backend() {
            DatabaseBackend::Sqlite => guards::SQLITE_IMMUTABLE,
            _ => guards::POSTGRES_IMMUTABLE,
        };
        crate::execute(manager, &immutable.replace("{table}", "audit_event")).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("an audit log is not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// `service_on` is the day the service was rendered, where it lies in another period than the entry: the entry is *prior-period*.
const COLUMNS: &str = "
ALTER TABLE books ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'UTC';
ALTER TABLE books ADD COLUMN fiscal_year_start {int} NOT NULL DEFAULT 1 CHECK (fiscal_year_start BETWEEN 1 AND 12);
ALTER TABLE books ADD COLUMN reporting_currency_id {int};
ALTER TABLE books_head ADD COLUMN last_audit {int} NOT NULL DEFAULT 0;
ALTER TABLE journal_entry ADD COLUMN service_on {int};
";

/// Who did what, in the transaction that did it. `before` and `after` are JSON.
const AUDIT: &str = "
CREATE TABLE audit_event (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    recorded_at {int} NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    subject TEXT NOT NULL,
    acting_for TEXT,
    issuer TEXT NOT NULL,
    token_id TEXT,
    request_id TEXT,
    before TEXT,
    after TEXT,
    reason TEXT,
    PRIMARY KEY (books_id, number)
) {clustered};
";
