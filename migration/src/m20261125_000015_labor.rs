//! Labor: hours worked, what an hour costs, and which entry booked which hours.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::guards;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, LABOR).await?;
        let immutable = match manager.get_database_backend() {
            DatabaseBackend::Sqlite => guards::SQLITE_IMMUTABLE,
            _ => guards::POSTGRES_IMMUTABLE,
        };
        for table in IMMUTABLE {
            crate::execute(manager, &immutable.replace("{table}", table)).await?;
        }
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("hours are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// Tables whose rows are only ever added.
const IMMUTABLE: [&str; 3] = ["labor_rate", "time_entry", "time_booking"];

/// Hours are counted in millionths. A rate without a person is of a role. `block_id` bears the cost of the hours, `applied_block_id` is
/// relieved of it. The highest revision of a booking says what hours cost now. `waiting_time` holds what no rate was known for yet.
const LABOR: &str = "
CREATE TABLE labor_rate (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    person TEXT,
    role TEXT,
    currency_id {int} NOT NULL,
    cost_per_hour {int} NOT NULL CHECK (cost_per_hour >= 0),
    effective_from {int} NOT NULL,
    effective_to {int} CHECK (effective_to > effective_from),
    recorded_at {int} NOT NULL,
    CHECK (person IS NOT NULL OR role IS NOT NULL),
    PRIMARY KEY (books_id, number)
) {clustered};
CREATE TABLE time_entry (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    content_hash {int} NOT NULL,
    worked_on {int} NOT NULL,
    person TEXT NOT NULL,
    role TEXT,
    hours_millionths {int} NOT NULL CHECK (hours_millionths <> 0),
    is_billable {int} NOT NULL CHECK (is_billable IN (0, 1)),
    block_id {int} NOT NULL,
    applied_block_id {int} NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, number)
) {clustered};
CREATE UNIQUE INDEX time_entry_key ON time_entry (books_id, source, external_id);
CREATE INDEX time_entry_of_person ON time_entry (books_id, person, worked_on);
CREATE INDEX time_entry_of_role ON time_entry (books_id, role, worked_on);
CREATE INDEX time_entry_of_day ON time_entry (books_id, worked_on);
CREATE TABLE time_booking (
    books_id {int} NOT NULL,
    time_number {int} NOT NULL,
    revision {int} NOT NULL CHECK (revision > 0),
    rate_number {int} NOT NULL,
    currency_id {int} NOT NULL,
    amount {int} NOT NULL,
    entry_number {int},
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, time_number, revision)
) {clustered};
CREATE TABLE waiting_time (
    books_id {int} NOT NULL,
    time_number {int} NOT NULL,
    worked_on {int} NOT NULL,
    hours_millionths {int} NOT NULL,
    PRIMARY KEY (books_id, time_number)
) {clustered};
CREATE INDEX waiting_time_of_day ON waiting_time (books_id, worked_on);
";
