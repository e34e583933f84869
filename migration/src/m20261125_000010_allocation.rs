//! Drivers, allocation rules in versions, and runs with everything they decided.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::guards;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, RULES).await?;
        crate::execute(manager, RUNS).await?;
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
        Err(DbErr::Migration("allocation runs are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// Tables whose rows are only ever added.
const IMMUTABLE: [&str; 9] = [
    "driver_value",
    "allocation_rule",
    "allocation_rule_approval",
    "allocation_run",
    "allocation_run_rule",
    "allocation_run_entry",
    "allocation_run_driver",
    "allocation_pool",
    "allocation_line",
];

/// A quantity and a rule's terms are text, as prices are. A version is in force when it needs no approval or has one, by another person.
const RULES: &str = "
CREATE TABLE driver_value (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    driver TEXT NOT NULL,
    month {int} NOT NULL,
    kind {int} NOT NULL CHECK (kind BETWEEN 1 AND 3),
    center_id {int} NOT NULL,
    quantity TEXT NOT NULL,
    subject TEXT NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, number)
) {clustered};
CREATE INDEX driver_value_of_month ON driver_value (books_id, month, driver, number);
CREATE TABLE allocation_rule (
    books_id {int} NOT NULL,
    code TEXT NOT NULL,
    version {int} NOT NULL CHECK (version > 0),
    name TEXT NOT NULL,
    rule_order {int} NOT NULL,
    valid_from {int} NOT NULL,
    valid_to {int} CHECK (valid_to > valid_from),
    terms TEXT NOT NULL,
    needs_approval {int} NOT NULL CHECK (needs_approval IN (0, 1)),
    subject TEXT NOT NULL,
    acting_for TEXT,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, code, version)
) {clustered};
CREATE TABLE allocation_rule_approval (
    books_id {int} NOT NULL,
    code TEXT NOT NULL,
    version {int} NOT NULL,
    author TEXT NOT NULL,
    subject TEXT NOT NULL,
    acting_for TEXT,
    recorded_at {int} NOT NULL,
    CHECK (author <> subject AND (acting_for IS NULL OR author <> acting_for)),
    PRIMARY KEY (books_id, code, version)
) {clustered};
";

/// A run is 1 a run (`refers_to` the reversed one it supersedes), 2 an increment of the run it refers to, 3 the reversal of it. Pools and lines
/// of a reversal are those of the run with the other sign. `allocation_live` is what keeps a rule to one run in force a period: its row goes
/// with the reversal.
const RUNS: &str = "
CREATE TABLE allocation_run (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    month {int} NOT NULL,
    kind {int} NOT NULL CHECK (kind BETWEEN 1 AND 3),
    refers_to {int} CHECK (refers_to < number),
    effective_on {int} NOT NULL,
    through_entry {int} NOT NULL,
    through_driver_value {int} NOT NULL,
    result_hash TEXT NOT NULL,
    reason TEXT,
    subject TEXT NOT NULL,
    acting_for TEXT,
    recorded_at {int} NOT NULL,
    CHECK (kind = 1 OR refers_to IS NOT NULL),
    PRIMARY KEY (books_id, number)
) {clustered};
CREATE UNIQUE INDEX allocation_run_reversed_once ON allocation_run (books_id, refers_to) WHERE kind = 3;
CREATE INDEX allocation_run_of_month ON allocation_run (books_id, month, number);
CREATE TABLE allocation_run_rule (
    books_id {int} NOT NULL,
    run_number {int} NOT NULL,
    position {int} NOT NULL,
    code TEXT NOT NULL,
    version {int} NOT NULL,
    PRIMARY KEY (books_id, run_number, position)
) {clustered};
CREATE TABLE allocation_run_entry (
    books_id {int} NOT NULL,
    run_number {int} NOT NULL,
    entry_number {int} NOT NULL,
    pool {int} NOT NULL,
    PRIMARY KEY (books_id, run_number, entry_number)
) {clustered};
CREATE UNIQUE INDEX allocation_run_entry_once ON allocation_run_entry (books_id, entry_number);
CREATE TABLE allocation_run_driver (
    books_id {int} NOT NULL,
    run_number {int} NOT NULL,
    driver TEXT NOT NULL,
    currency_id {int} NOT NULL,
    kind {int} NOT NULL,
    center_id {int} NOT NULL,
    quantity TEXT NOT NULL,
    PRIMARY KEY (books_id, run_number, driver, currency_id, kind, center_id)
) {clustered};
CREATE TABLE allocation_pool (
    books_id {int} NOT NULL,
    run_number {int} NOT NULL,
    pool {int} NOT NULL,
    step {int} NOT NULL,
    rule_position {int} NOT NULL,
    from_kind {int} NOT NULL,
    from_id {int} NOT NULL,
    account_id {int} NOT NULL,
    currency_id {int} NOT NULL,
    amount {int} NOT NULL,
    allocated {int} NOT NULL,
    driver TEXT,
    driver_total TEXT,
    gross TEXT,
    PRIMARY KEY (books_id, run_number, pool)
) {clustered};
CREATE TABLE allocation_line (
    books_id {int} NOT NULL,
    run_number {int} NOT NULL,
    line {int} NOT NULL,
    pool {int} NOT NULL,
    to_kind {int} NOT NULL,
    to_id {int} NOT NULL,
    quantity TEXT,
    share TEXT,
    unrounded TEXT,
    amount {int} NOT NULL,
    has_extra_unit {int} NOT NULL CHECK (has_extra_unit IN (0, 1)),
    debit_account_id {int} NOT NULL,
    credit_account_id {int} NOT NULL,
    entry_number {int},
    PRIMARY KEY (books_id, run_number, line)
) {clustered};
CREATE TABLE allocation_live (
    books_id {int} NOT NULL,
    month {int} NOT NULL,
    code TEXT NOT NULL,
    run_number {int} NOT NULL,
    PRIMARY KEY (books_id, month, code)
) {clustered};
";
