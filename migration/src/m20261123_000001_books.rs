//! Books and their masters: chart, cost centers, names, coding blocks, prices, rules.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, BOOKS).await?;
        crate::execute(manager, CHART).await?;
        crate::execute(manager, PRICES).await?;
        crate::execute(manager, RULES).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("books are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// `books_head` is the row under whose lock everything of one set of books is numbered.
const BOOKS: &str = "
CREATE TABLE books (
    id {int} NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at {int} NOT NULL
) {strict};
CREATE TABLE books_head (
    books_id {int} NOT NULL PRIMARY KEY REFERENCES books (id),
    last_charge {int} NOT NULL,
    last_entry {int} NOT NULL,
    last_block {int} NOT NULL,
    last_name {int} NOT NULL,
    last_price {int} NOT NULL,
    last_rule {int} NOT NULL,
    masters_version {int} NOT NULL
) {strict};
";

/// Cost centers and interned names draw their ids from one counter, so an id says which it is without its kind. Zero is *none*.
const CHART: &str = "
CREATE TABLE account (
    books_id {int} NOT NULL,
    id {int} NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    class {int} NOT NULL CHECK (class BETWEEN 1 AND 6),
    parent_code TEXT,
    is_contra {int} NOT NULL CHECK (is_contra IN (0, 1)),
    PRIMARY KEY (books_id, id),
    UNIQUE (books_id, code)
) {strict};
CREATE TABLE cost_center (
    books_id {int} NOT NULL,
    id {int} NOT NULL,
    kind {int} NOT NULL CHECK (kind BETWEEN 1 AND 3),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    parent_code TEXT,
    valid_from {int},
    valid_to {int},
    PRIMARY KEY (books_id, id),
    UNIQUE (books_id, kind, code)
) {strict};
CREATE TABLE interned_name (
    books_id {int} NOT NULL,
    id {int} NOT NULL,
    kind {int} NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (books_id, id),
    UNIQUE (books_id, kind, name)
) {strict};
CREATE TABLE coding_block (
    books_id {int} NOT NULL,
    id {int} NOT NULL,
    account_id {int} NOT NULL,
    team_id {int} NOT NULL,
    project_id {int} NOT NULL,
    client_id {int} NOT NULL,
    feature_id {int} NOT NULL,
    provider_id {int} NOT NULL,
    model_id {int} NOT NULL,
    environment_id {int} NOT NULL,
    PRIMARY KEY (books_id, id),
    UNIQUE (books_id, account_id, team_id, project_id, client_id, feature_id, provider_id, model_id, environment_id)
) {strict};
";

/// Prices and discounts are never edited: a later line supersedes. Their decimals are text, because neither engine's decimal survives every client.
const PRICES: &str = "
CREATE TABLE price (
    books_id {int} NOT NULL,
    id {int} NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    meter TEXT NOT NULL,
    processing {int} NOT NULL,
    service_tier TEXT,
    region TEXT,
    above_input_tokens {int},
    amount TEXT NOT NULL,
    per {int} NOT NULL CHECK (per > 0),
    currency_id {int} NOT NULL,
    effective_from {int} NOT NULL,
    effective_to {int},
    precedence {int} NOT NULL,
    source TEXT NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, id)
) {strict};
CREATE TABLE model_alias (
    books_id {int} NOT NULL,
    provider TEXT NOT NULL,
    alias TEXT NOT NULL,
    model TEXT NOT NULL,
    PRIMARY KEY (books_id, provider, alias)
) {strict};
CREATE TABLE discount (
    books_id {int} NOT NULL,
    id {int} NOT NULL,
    provider TEXT NOT NULL,
    model TEXT,
    percent TEXT NOT NULL,
    effective_from {int} NOT NULL,
    effective_to {int},
    source TEXT NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, id)
) {strict};
";

/// A saved rule is a new version under its code; charges name the version that decided them.
const RULES: &str = "
CREATE TABLE attribution_rule (
    books_id {int} NOT NULL,
    id {int} NOT NULL,
    code TEXT NOT NULL,
    sort_order {int} NOT NULL,
    conditions TEXT NOT NULL,
    team TEXT,
    project TEXT,
    client TEXT,
    feature TEXT,
    is_active {int} NOT NULL CHECK (is_active IN (0, 1)),
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, id)
) {strict};
CREATE TABLE posting_rule (
    books_id {int} NOT NULL,
    code TEXT NOT NULL,
    sort_order {int} NOT NULL,
    environment TEXT,
    team TEXT,
    project TEXT,
    client TEXT,
    feature TEXT,
    account_code TEXT NOT NULL,
    PRIMARY KEY (books_id, code)
) {strict};
CREATE TABLE provider_setting (
    books_id {int} NOT NULL,
    provider TEXT NOT NULL,
    settlement {int} NOT NULL,
    PRIMARY KEY (books_id, provider)
) {strict};
";
