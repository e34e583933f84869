//! Targets for margins and for the cost of a unit.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::guards;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, TARGET).await?;
        let immutable = match manager.get_database_backend() {
            DatabaseBackend::Sqlite => guards::SQLITE_IMMUTABLE,
            _ => guards::POSTGRES_IMMUTABLE,
        };
        crate::execute(manager, &immutable.replace("{table}", "margin_target")).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("targets are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// `value` is an exact decimal: percent, or money of `currency_id`.
const TARGET: &str = "
CREATE TABLE margin_target (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    measure {int} NOT NULL,
    scope {int} NOT NULL,
    name_id {int} NOT NULL,
    unit TEXT,
    value TEXT NOT NULL,
    currency_id {int},
    effective_from {int} NOT NULL,
    effective_to {int} CHECK (effective_to > effective_from),
    recorded_at {int} NOT NULL,
    CHECK ((unit IS NULL) = (currency_id IS NULL)),
    PRIMARY KEY (books_id, number)
) {clustered};
";
