//! What is earned and produced, and what payroll cost: revenue, outputs, payroll, and the sums that margins read.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::guards;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, TABLES).await?;
        let (immutable, month) = match manager.get_database_backend() {
            DatabaseBackend::Sqlite => (guards::SQLITE_IMMUTABLE, SQLITE_MONTH),
            _ => (guards::POSTGRES_IMMUTABLE, POSTGRES_MONTH),
        };
        for table in IMMUTABLE {
            crate::execute(manager, &immutable.replace("{table}", table)).await?;
        }
        crate::execute(manager, &FILL.replace("{month}", month)).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("revenue and outputs are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// Tables whose rows are only ever added.
const IMMUTABLE: [&str; 6] = ["revenue_entry", "revenue_part", "revenue_recognition", "output_entry", "payroll_entry", "labor_true_up"];

/// Months since January 1970 of a day since 1970-01-01.
const SQLITE_MONTH: &str = "((CAST(strftime('%Y', t.worked_on * 86400, 'unixepoch') AS INTEGER) - 1970) * 12 \
     + CAST(strftime('%m', t.worked_on * 86400, 'unixepoch') AS INTEGER) - 1)";
const POSTGRES_MONTH: &str = "((CAST(EXTRACT(YEAR FROM DATE '1970-01-01' + CAST(t.worked_on AS INTEGER)) AS BIGINT) - 1970) * 12 \
     + CAST(EXTRACT(MONTH FROM DATE '1970-01-01' + CAST(t.worked_on AS INTEGER)) AS BIGINT) - 1)";

/// Sums of the hours that were recorded before the sums were kept.
const FILL: &str = "
INSERT INTO time_month (books_id, month, block_id, hours_millionths)
SELECT t.books_id, {month}, t.block_id, SUM(t.hours_millionths) FROM time_entry t GROUP BY 1, 2, 3;
INSERT INTO time_person_month (books_id, month, block_id, person, hours_millionths)
SELECT t.books_id, {month}, t.block_id, t.person, SUM(t.hours_millionths) FROM time_entry t GROUP BY 1, 2, 3, 4;
";

/// A revenue entry is recognised in parts: one for each month that it is earned in. `waiting_revenue` holds the parts whose day has not come.
/// A part and its recognition are rows of their own, since neither changes. `contract` and `percent_millionths` (of the whole, so that 1,000,000
/// is all of it) belong to revenue by percentage. Quantities are counted in millionths. `output_day` adds outputs up by day and center; a value
/// has a currency, and `currency_id` -1 stands for none. `payroll_entry` is what payroll cost a team in a month; `labor_true_up` is what was
/// posted to the variance of a team and month so far, by its two parts: the highest revision counts.
const TABLES: &str = "
CREATE TABLE revenue_entry (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    content_hash {int} NOT NULL,
    kind {int} NOT NULL CHECK (kind > 0),
    earned_from {int} NOT NULL,
    earned_through {int} NOT NULL CHECK (earned_through >= earned_from),
    amount {int} NOT NULL,
    currency_id {int} NOT NULL,
    block_id {int} NOT NULL,
    receivable_block_id {int} NOT NULL,
    contract TEXT,
    contract_amount {int},
    percent_millionths {int} CHECK (percent_millionths BETWEEN 0 AND 1000000),
    quantity_millionths {int},
    memo TEXT,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, number)
) {clustered};
CREATE UNIQUE INDEX revenue_entry_key ON revenue_entry (books_id, source, external_id);
CREATE INDEX revenue_entry_of_contract ON revenue_entry (books_id, contract, currency_id);
CREATE TABLE revenue_part (
    books_id {int} NOT NULL,
    revenue_number {int} NOT NULL,
    part {int} NOT NULL CHECK (part > 0),
    earned_on {int} NOT NULL,
    amount {int} NOT NULL,
    PRIMARY KEY (books_id, revenue_number, part)
) {clustered};
CREATE TABLE revenue_recognition (
    books_id {int} NOT NULL,
    revenue_number {int} NOT NULL,
    part {int} NOT NULL CHECK (part > 0),
    entry_number {int} NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, revenue_number, part)
) {clustered};
CREATE TABLE waiting_revenue (
    books_id {int} NOT NULL,
    earned_on {int} NOT NULL,
    revenue_number {int} NOT NULL,
    part {int} NOT NULL,
    PRIMARY KEY (books_id, earned_on, revenue_number, part)
) {clustered};
CREATE TABLE output_entry (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    content_hash {int} NOT NULL,
    unit TEXT NOT NULL,
    produced_on {int} NOT NULL,
    quantity_millionths {int} NOT NULL,
    value {int},
    currency_id {int},
    team_id {int} NOT NULL,
    project_id {int} NOT NULL,
    client_id {int} NOT NULL,
    feature_id {int} NOT NULL,
    recorded_at {int} NOT NULL,
    CHECK ((value IS NULL) = (currency_id IS NULL)),
    PRIMARY KEY (books_id, number)
) {clustered};
CREATE UNIQUE INDEX output_entry_key ON output_entry (books_id, source, external_id);
CREATE TABLE output_day (
    books_id {int} NOT NULL,
    unit TEXT NOT NULL,
    day {int} NOT NULL,
    team_id {int} NOT NULL,
    project_id {int} NOT NULL,
    client_id {int} NOT NULL,
    feature_id {int} NOT NULL,
    currency_id {int} NOT NULL,
    quantity_millionths {int} NOT NULL,
    value {int} NOT NULL,
    PRIMARY KEY (books_id, unit, day, team_id, project_id, client_id, feature_id, currency_id)
) {clustered};
CREATE TABLE time_month (
    books_id {int} NOT NULL,
    month {int} NOT NULL,
    block_id {int} NOT NULL,
    hours_millionths {int} NOT NULL,
    PRIMARY KEY (books_id, month, block_id)
) {clustered};
CREATE TABLE time_person_month (
    books_id {int} NOT NULL,
    month {int} NOT NULL,
    block_id {int} NOT NULL,
    person TEXT NOT NULL,
    hours_millionths {int} NOT NULL,
    PRIMARY KEY (books_id, month, block_id, person)
) {clustered};
CREATE TABLE payroll_entry (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    content_hash {int} NOT NULL,
    month {int} NOT NULL,
    team_id {int} NOT NULL,
    hours_millionths {int} NOT NULL,
    amount {int} NOT NULL,
    currency_id {int} NOT NULL,
    entry_number {int},
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, number)
) {clustered};
CREATE UNIQUE INDEX payroll_entry_key ON payroll_entry (books_id, source, external_id);
CREATE INDEX payroll_entry_of_month ON payroll_entry (books_id, month, team_id);
CREATE TABLE labor_true_up (
    books_id {int} NOT NULL,
    month {int} NOT NULL,
    team_id {int} NOT NULL,
    currency_id {int} NOT NULL,
    revision {int} NOT NULL CHECK (revision > 0),
    rate_variance {int} NOT NULL,
    utilization_variance {int} NOT NULL,
    entry_number {int} NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, month, team_id, currency_id, revision)
) {clustered};
";
