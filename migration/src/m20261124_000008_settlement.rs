//! Prepaid and granted credits, exchange rates, revaluation and settlement of foreign items.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::guards;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, SETTINGS).await?;
        crate::execute(manager, CREDITS).await?;
        crate::execute(manager, EXCHANGE).await?;
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
        Err(DbErr::Migration("credits and rates are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// Tables whose rows are only ever added.
const IMMUTABLE: [&str; 5] = ["credit_lot", "credit_use", "exchange_rate", "revaluation_line", "foreign_settlement"];

/// The index leaves out what books and corrects charges (kinds 1 to 4), so that ingest does not pay for it.
const SETTINGS: &str = "
ALTER TABLE books ADD COLUMN rate_days {int} NOT NULL DEFAULT 7 CHECK (rate_days BETWEEN 0 AND 366);
ALTER TABLE provider_setting ADD COLUMN grants {int} NOT NULL DEFAULT 0 CHECK (grants IN (0, 1));
CREATE INDEX journal_entry_beside_charges ON journal_entry (books_id, effective_on, number) WHERE kind > 4;
";

/// A lot is bought (1) or granted (2). A use is what was applied (1) to usage or expired (2). `policy` is that of the provider when the lot
/// was granted; `paid_from` is 1 for a payable, 2 for cash. A row counts unless its entry was reversed.
const CREDITS: &str = "
CREATE TABLE credit_lot (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    kind {int} NOT NULL CHECK (kind IN (1, 2)),
    provider_id {int} NOT NULL,
    currency_id {int} NOT NULL,
    amount {int} NOT NULL CHECK (amount > 0),
    begins_on {int} NOT NULL,
    expires_on {int} CHECK (expires_on >= begins_on),
    policy {int} NOT NULL,
    paid_from {int},
    entry_number {int},
    reference TEXT NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, number)
) {clustered};
CREATE TABLE credit_use (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    lot_number {int} NOT NULL,
    kind {int} NOT NULL CHECK (kind IN (1, 2)),
    amount {int} NOT NULL CHECK (amount > 0),
    effective_on {int} NOT NULL,
    entry_number {int},
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, number)
) {clustered};
";

/// Rates are decimal text, as prices are. The latest recorded of a day is the one that counts. A revaluation line says what one foreign item was
/// worth and from which rate; a settlement says what carrying value left with the amount that was paid.
const EXCHANGE: &str = "
CREATE TABLE exchange_rate (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    from_currency_id {int} NOT NULL,
    to_currency_id {int} NOT NULL,
    day {int} NOT NULL,
    rate TEXT NOT NULL,
    source TEXT NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, number)
) {clustered};
CREATE INDEX exchange_rate_of_day ON exchange_rate (books_id, from_currency_id, to_currency_id, day, number);
CREATE TABLE revaluation_line (
    books_id {int} NOT NULL,
    entry_number {int} NOT NULL,
    line {int} NOT NULL CHECK (line > 0),
    account_id {int} NOT NULL,
    provider_id {int} NOT NULL,
    currency_id {int} NOT NULL,
    open_amount {int} NOT NULL,
    carrying {int} NOT NULL,
    value {int} NOT NULL,
    PRIMARY KEY (books_id, entry_number, line)
) {clustered};
CREATE TABLE foreign_settlement (
    books_id {int} NOT NULL,
    entry_number {int} NOT NULL,
    account_id {int} NOT NULL,
    provider_id {int} NOT NULL,
    currency_id {int} NOT NULL,
    amount {int} NOT NULL CHECK (amount > 0),
    relieved {int} NOT NULL,
    paid {int} NOT NULL CHECK (paid > 0),
    paid_on {int} NOT NULL,
    PRIMARY KEY (books_id, entry_number)
) {clustered};
";
