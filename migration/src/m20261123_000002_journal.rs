//! Charges, the journal, its balances, and the guards by which the database defends them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::guards;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, CHARGES).await?;
        crate::execute(manager, JOURNAL).await?;
        if manager.get_database_backend() == DatabaseBackend::Sqlite {
            for table in IMMUTABLE {
                crate::execute(manager, &guards::SQLITE_IMMUTABLE.replace("{table}", table)).await?;
            }
            crate::execute(manager, SQLITE_GUARDS).await
        } else {
            crate::execute(manager, POSTGRES_GUARDS).await?;
            for table in IMMUTABLE {
                crate::execute(manager, &guards::POSTGRES_IMMUTABLE.replace("{table}", table)).await?;
            }
            Ok(())
        }
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("a journal is not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// Tables whose rows are only ever added.
const IMMUTABLE: [&str; 6] = ["charge", "charge_revision", "journal_entry", "posting", "price", "discount"];

/// `charge_key` leads with the hour in which the call occurred, so that the keys of a busy hour share a few pages; the same key dated on
/// another hour is found through the filter of all keys (docs/decisions/0003). `pending_charge` is the worklist of unpriced charges.
const CHARGES: &str = "
CREATE TABLE charge (
    books_id {int} NOT NULL,
    id {int} NOT NULL,
    hour {int} NOT NULL,
    key_hash {int} NOT NULL,
    content_hash {int} NOT NULL,
    source_id {int} NOT NULL,
    external_id TEXT NOT NULL,
    occurred_at {int} NOT NULL,
    recorded_at {int} NOT NULL,
    block_id {int} NOT NULL,
    rule_id {int} NOT NULL,
    variant_id {int} NOT NULL,
    api_key_id {int} NOT NULL,
    end_user TEXT,
    tags TEXT,
    note TEXT,
    meter_lines TEXT NOT NULL,
    basis {int} NOT NULL CHECK (basis BETWEEN 0 AND 2),
    amount {int} CHECK (amount >= 0),
    currency_id {int},
    entry_number {int},
    reported_amount {int},
    reported_currency_id {int},
    PRIMARY KEY (books_id, id)
) {clustered};
CREATE UNIQUE INDEX charge_key ON charge (books_id, hour, key_hash);
CREATE TABLE charge_hour (
    books_id {int} NOT NULL,
    hour {int} NOT NULL,
    PRIMARY KEY (books_id, hour)
) {clustered};
CREATE TABLE charge_revision (
    books_id {int} NOT NULL,
    charge_id {int} NOT NULL,
    revision {int} NOT NULL CHECK (revision > 0),
    recorded_at {int} NOT NULL,
    kind {int} NOT NULL,
    block_id {int} NOT NULL,
    rule_id {int} NOT NULL,
    note TEXT,
    meter_lines TEXT NOT NULL,
    basis {int} NOT NULL CHECK (basis BETWEEN 0 AND 3),
    amount {int} CHECK (amount >= 0),
    currency_id {int},
    entry_number {int},
    PRIMARY KEY (books_id, charge_id, revision)
) {clustered};
CREATE TABLE pending_charge (
    books_id {int} NOT NULL,
    charge_id {int} NOT NULL,
    day {int} NOT NULL,
    block_id {int} NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (books_id, charge_id)
) {clustered};
";

/// Postings are stored before the entry that seals them; the entry is refused unless they balance, and nothing is added to it afterwards.
/// `balance` is a cache of folds over the postings; `verify` rebuilds it.
const JOURNAL: &str = "
CREATE TABLE journal_entry (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    kind {int} NOT NULL,
    effective_on {int} NOT NULL,
    recorded_at {int} NOT NULL,
    charge_id {int},
    corrects {int},
    posting_count {int} NOT NULL CHECK (posting_count >= 2),
    memo TEXT,
    PRIMARY KEY (books_id, number)
) {clustered};
CREATE UNIQUE INDEX journal_entry_reversed_once ON journal_entry (books_id, corrects) WHERE kind = 2;
CREATE TABLE posting (
    books_id {int} NOT NULL,
    entry_number {int} NOT NULL,
    line {int} NOT NULL CHECK (line > 0),
    side {int} NOT NULL CHECK (side IN (1, 2)),
    amount {int} NOT NULL CHECK (amount > 0),
    currency_id {int} NOT NULL,
    block_id {int} NOT NULL,
    PRIMARY KEY (books_id, entry_number, line)
) {clustered};
CREATE TABLE balance (
    books_id {int} NOT NULL,
    grain {int} NOT NULL,
    period {int} NOT NULL,
    key_id {int} NOT NULL,
    currency_id {int} NOT NULL,
    debit {int} NOT NULL,
    credit {int} NOT NULL,
    charges {int} NOT NULL,
    input_tokens {int} NOT NULL,
    output_tokens {int} NOT NULL,
    cache_read_tokens {int} NOT NULL,
    PRIMARY KEY (books_id, grain, period, key_id, currency_id)
) {clustered};
CREATE TABLE command (
    books_id {int} NOT NULL,
    operation TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    content_hash {int} NOT NULL,
    receipt TEXT NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, operation, idempotency_key)
) {clustered};
";

/// These roll the whole transaction back: a statement that may only abort itself would open a savepoint for every row (docs/PERFORMANCE.md).
const SQLITE_GUARDS: &str = "
CREATE TRIGGER posting_not_after_sealing BEFORE INSERT ON posting
WHEN NEW.entry_number <= (SELECT last_entry FROM books_head WHERE books_id = NEW.books_id)
BEGIN SELECT RAISE(ROLLBACK, 'the entry is posted: nothing is added to it'); END;

CREATE TRIGGER journal_entry_is_balanced BEFORE INSERT ON journal_entry
WHEN (
    SELECT count(*) <> NEW.posting_count
        OR sum(CASE side WHEN 1 THEN amount ELSE -amount END) <> 0
        OR (min(currency_id) <> max(currency_id) AND EXISTS (
            SELECT 1 FROM posting WHERE books_id = NEW.books_id AND entry_number = NEW.number
            GROUP BY currency_id HAVING sum(CASE side WHEN 1 THEN amount ELSE -amount END) <> 0))
    FROM posting WHERE books_id = NEW.books_id AND entry_number = NEW.number)
BEGIN SELECT RAISE(ROLLBACK, 'the entry does not balance'); END;

CREATE TRIGGER books_head_is_gapless BEFORE UPDATE OF last_entry ON books_head
WHEN NEW.last_entry <> OLD.last_entry AND (
    NEW.last_entry < OLD.last_entry
    OR NEW.last_entry - OLD.last_entry <> (SELECT count(*) FROM journal_entry WHERE books_id = NEW.books_id AND number > OLD.last_entry)
    OR NEW.last_entry <> (SELECT max(number) FROM journal_entry WHERE books_id = NEW.books_id))
BEGIN SELECT RAISE(ABORT, 'entry numbers are gapless'); END;
";

/// Checks run once a statement over all its rows: a check per row would cost more than storing the row.
const POSTGRES_GUARDS: &str = "
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are never changed or deleted: post a correction', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION posting_not_after_sealing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM (SELECT books_id, min(entry_number) AS first FROM added GROUP BY books_id) a
               JOIN books_head h ON h.books_id = a.books_id WHERE a.first <= h.last_entry) THEN
        RAISE EXCEPTION 'the entry is posted: nothing is added to it' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER posting_not_after_sealing AFTER INSERT ON posting REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION posting_not_after_sealing();

CREATE FUNCTION journal_entry_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    batch record;
    refused bigint;
BEGIN
    FOR batch IN SELECT books_id, min(number) AS first, max(number) AS last FROM posted GROUP BY books_id LOOP
        SELECT entry_number INTO refused FROM (
            SELECT entry_number, currency_id, CASE side WHEN 1 THEN amount ELSE -amount END AS signed, 1 AS lines FROM posting
            WHERE books_id = batch.books_id AND entry_number BETWEEN batch.first AND batch.last
            UNION ALL
            SELECT number, NULL, 0, -posting_count FROM posted WHERE books_id = batch.books_id) line
        GROUP BY entry_number
        HAVING sum(lines) <> 0 OR sum(signed) <> 0 OR (min(currency_id) <> max(currency_id) AND EXISTS (
            SELECT 1 FROM posting p WHERE p.books_id = batch.books_id AND p.entry_number = line.entry_number
            GROUP BY p.currency_id HAVING sum(CASE p.side WHEN 1 THEN p.amount ELSE -p.amount END) <> 0))
        LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % does not balance, or lacks postings', refused USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_entry_is_balanced AFTER INSERT ON journal_entry REFERENCING NEW TABLE AS posted
FOR EACH STATEMENT EXECUTE FUNCTION journal_entry_is_balanced();

CREATE FUNCTION books_head_is_gapless() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.last_entry < OLD.last_entry
       OR NEW.last_entry - OLD.last_entry <> (SELECT count(*) FROM journal_entry WHERE books_id = NEW.books_id AND number > OLD.last_entry)
       OR NEW.last_entry <> (SELECT max(number) FROM journal_entry WHERE books_id = NEW.books_id) THEN
        RAISE EXCEPTION 'entry numbers are gapless' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER books_head_is_gapless BEFORE UPDATE ON books_head FOR EACH ROW
WHEN (NEW.last_entry IS DISTINCT FROM OLD.last_entry) EXECUTE FUNCTION books_head_is_gapless();
";
