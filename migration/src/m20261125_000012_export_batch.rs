//! Batches for other finance systems: targets, frozen batches, which entries each took, deliveries and answers.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::guards;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, BATCHES).await?;
        crate::execute(manager, ANSWERS).await?;
        let (immutable, guards) = match manager.get_database_backend() {
            DatabaseBackend::Sqlite => (guards::SQLITE_IMMUTABLE, SQLITE_GUARDS),
            _ => (guards::POSTGRES_IMMUTABLE, POSTGRES_GUARDS),
        };
        for table in IMMUTABLE {
            crate::execute(manager, &immutable.replace("{table}", table)).await?;
        }
        crate::execute(manager, guards).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("export batches are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// Tables whose rows are only ever added.
const IMMUTABLE: [&str; 8] = [
    "export_target",
    "export_batch",
    "export_sum",
    "export_line",
    "export_attempt",
    "export_answer",
    "export_line_reason",
    "export_supersession",
];

/// A window says that a batch took the entries of one kind of the period whose numbers lie above `after_entry` and up to `through_entry`.
/// Windows that are not released do not overlap within a target, period and kind. Amounts of a sum are ledger units, `exported` and `minor`
/// are minor units of the currency. `export_carry` is a cache of folds over the sums of live batches; `verify` rebuilds it.
const BATCHES: &str = "
CREATE TABLE export_target (
    books_id {int} NOT NULL,
    id {int} NOT NULL CHECK (id > 0),
    version {int} NOT NULL CHECK (version > 0),
    code TEXT NOT NULL,
    settings TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, id, version)
) {clustered};
CREATE UNIQUE INDEX export_target_code ON export_target (books_id, code, version);
CREATE TABLE export_window (
    books_id {int} NOT NULL,
    batch_id {int} NOT NULL,
    kind {int} NOT NULL,
    after_entry {int} NOT NULL CHECK (after_entry >= 0),
    through_entry {int} NOT NULL CHECK (through_entry > after_entry),
    target_id {int} NOT NULL,
    period {int} NOT NULL,
    released {int} NOT NULL CHECK (released IN (0, 1)),
    PRIMARY KEY (books_id, batch_id, kind, after_entry)
) {clustered};
CREATE UNIQUE INDEX export_window_live ON export_window (books_id, target_id, period, kind, after_entry) WHERE released = 0;
CREATE TABLE export_sum (
    books_id {int} NOT NULL,
    batch_id {int} NOT NULL,
    position {int} NOT NULL CHECK (position > 0),
    currency_id {int} NOT NULL,
    account_id {int} NOT NULL,
    team_id {int} NOT NULL,
    project_id {int} NOT NULL,
    client_id {int} NOT NULL,
    feature_id {int} NOT NULL,
    provider_id {int} NOT NULL,
    model_id {int} NOT NULL,
    environment_id {int} NOT NULL,
    debit {int} NOT NULL CHECK (debit >= 0),
    credit {int} NOT NULL CHECK (credit >= 0),
    carried {int} NOT NULL,
    exported {int} NOT NULL,
    PRIMARY KEY (books_id, batch_id, position)
) {clustered};
CREATE TABLE export_line (
    books_id {int} NOT NULL,
    batch_id {int} NOT NULL,
    line {int} NOT NULL CHECK (line > 0),
    document {int} NOT NULL CHECK (document > 0),
    position {int} NOT NULL,
    minor {int} NOT NULL CHECK (minor <> 0),
    PRIMARY KEY (books_id, batch_id, line)
) {clustered};
CREATE TABLE export_batch (
    books_id {int} NOT NULL,
    id {int} NOT NULL CHECK (id > 0),
    target_id {int} NOT NULL,
    target_version {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    period {int} NOT NULL,
    kinds TEXT NOT NULL,
    through_entry {int} NOT NULL,
    rounding {int} NOT NULL,
    external_number TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    created_by TEXT NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, id)
) {clustered};
CREATE UNIQUE INDEX export_batch_number ON export_batch (books_id, target_id, number);
CREATE INDEX export_batch_period ON export_batch (books_id, period, target_id);
CREATE TABLE export_carry (
    books_id {int} NOT NULL,
    target_id {int} NOT NULL,
    currency_id {int} NOT NULL,
    account_id {int} NOT NULL,
    team_id {int} NOT NULL,
    project_id {int} NOT NULL,
    client_id {int} NOT NULL,
    feature_id {int} NOT NULL,
    provider_id {int} NOT NULL,
    model_id {int} NOT NULL,
    environment_id {int} NOT NULL,
    units {int} NOT NULL,
    PRIMARY KEY (books_id, target_id, currency_id, account_id, team_id, project_id, client_id, feature_id, provider_id, model_id, environment_id)
) {clustered};
";

/// One answer a batch, told once. A rejected batch is superseded by the first batch that takes what it gave back.
const ANSWERS: &str = "
CREATE TABLE export_attempt (
    books_id {int} NOT NULL,
    batch_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    recorded_at {int} NOT NULL,
    subject TEXT NOT NULL,
    channel TEXT NOT NULL,
    is_delivered {int} NOT NULL CHECK (is_delivered IN (0, 1)),
    note TEXT,
    PRIMARY KEY (books_id, batch_id, number)
) {clustered};
CREATE TABLE export_answer (
    books_id {int} NOT NULL,
    batch_id {int} NOT NULL,
    recorded_at {int} NOT NULL,
    subject TEXT NOT NULL,
    is_rejected {int} NOT NULL CHECK (is_rejected IN (0, 1)),
    document_number TEXT,
    posted_on {int},
    PRIMARY KEY (books_id, batch_id),
    CHECK ((is_rejected = 0) = (document_number IS NOT NULL AND posted_on IS NOT NULL))
) {clustered};
CREATE TABLE export_line_reason (
    books_id {int} NOT NULL,
    batch_id {int} NOT NULL,
    line {int} NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (books_id, batch_id, line)
) {clustered};
CREATE TABLE export_supersession (
    books_id {int} NOT NULL,
    batch_id {int} NOT NULL,
    by_batch_id {int} NOT NULL,
    PRIMARY KEY (books_id, batch_id)
) {clustered};
";

/// Lines come before the batch that seals them, as postings come before their entry.
const SQLITE_GUARDS: &str = "
CREATE TRIGGER export_window_is_free BEFORE INSERT ON export_window
WHEN NEW.released <> 0 OR EXISTS (
    SELECT 1 FROM export_window w WHERE w.books_id = NEW.books_id AND w.target_id = NEW.target_id AND w.period = NEW.period
    AND w.kind = NEW.kind AND w.released = 0 AND w.after_entry < NEW.through_entry AND w.through_entry > NEW.after_entry)
BEGIN SELECT RAISE(ABORT, 'an entry is in one live batch of a target'); END;

CREATE TRIGGER export_window_is_released_once BEFORE UPDATE ON export_window
WHEN OLD.released <> 0 OR NEW.released <> 1 OR NEW.books_id <> OLD.books_id OR NEW.batch_id <> OLD.batch_id OR NEW.kind <> OLD.kind
    OR NEW.after_entry <> OLD.after_entry OR NEW.through_entry <> OLD.through_entry OR NEW.target_id <> OLD.target_id OR NEW.period <> OLD.period
    OR NOT EXISTS (SELECT 1 FROM export_answer a WHERE a.books_id = NEW.books_id AND a.batch_id = NEW.batch_id AND a.is_rejected = 1)
BEGIN SELECT RAISE(ABORT, 'a window is released once, by a rejection'); END;

CREATE TRIGGER export_window_no_delete BEFORE DELETE ON export_window
BEGIN SELECT RAISE(ABORT, 'export_window rows are never deleted'); END;

CREATE TRIGGER export_line_not_after_sealing BEFORE INSERT ON export_line
WHEN EXISTS (SELECT 1 FROM export_batch b WHERE b.books_id = NEW.books_id AND b.id = NEW.batch_id)
BEGIN SELECT RAISE(ABORT, 'the batch is frozen: nothing is added to it'); END;

CREATE TRIGGER export_sum_not_after_sealing BEFORE INSERT ON export_sum
WHEN EXISTS (SELECT 1 FROM export_batch b WHERE b.books_id = NEW.books_id AND b.id = NEW.batch_id)
BEGIN SELECT RAISE(ABORT, 'the batch is frozen: nothing is added to it'); END;

CREATE TRIGGER export_batch_is_balanced BEFORE INSERT ON export_batch
WHEN EXISTS (
    SELECT 1 FROM export_line l JOIN export_sum s ON s.books_id = l.books_id AND s.batch_id = l.batch_id AND s.position = l.position
    WHERE l.books_id = NEW.books_id AND l.batch_id = NEW.id GROUP BY l.document, s.currency_id HAVING SUM(l.minor) <> 0)
BEGIN SELECT RAISE(ABORT, 'a document of the batch does not balance'); END;
";

const POSTGRES_GUARDS: &str = "
CREATE FUNCTION export_window_is_free() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.released <> 0 OR EXISTS (
        SELECT 1 FROM export_window w WHERE w.books_id = NEW.books_id AND w.target_id = NEW.target_id AND w.period = NEW.period
        AND w.kind = NEW.kind AND w.released = 0 AND w.after_entry < NEW.through_entry AND w.through_entry > NEW.after_entry) THEN
        RAISE EXCEPTION 'an entry is in one live batch of a target' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER export_window_is_free BEFORE INSERT ON export_window FOR EACH ROW EXECUTE FUNCTION export_window_is_free();

CREATE FUNCTION export_window_is_released_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.released <> 0 OR NEW.released <> 1 OR NEW.books_id <> OLD.books_id OR NEW.batch_id <> OLD.batch_id OR NEW.kind <> OLD.kind
        OR NEW.after_entry <> OLD.after_entry OR NEW.through_entry <> OLD.through_entry OR NEW.target_id <> OLD.target_id OR NEW.period <> OLD.period
        OR NOT EXISTS (SELECT 1 FROM export_answer a WHERE a.books_id = NEW.books_id AND a.batch_id = NEW.batch_id AND a.is_rejected = 1) THEN
        RAISE EXCEPTION 'a window is released once, by a rejection' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER export_window_is_released_once BEFORE UPDATE ON export_window FOR EACH ROW EXECUTE FUNCTION export_window_is_released_once();
CREATE TRIGGER export_window_no_delete BEFORE DELETE OR TRUNCATE ON export_window FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION export_batch_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM export_batch b WHERE b.books_id = NEW.books_id AND b.id = NEW.batch_id) THEN
        RAISE EXCEPTION 'the batch is frozen: nothing is added to it' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER export_line_not_after_sealing BEFORE INSERT ON export_line FOR EACH ROW EXECUTE FUNCTION export_batch_is_open();
CREATE TRIGGER export_sum_not_after_sealing BEFORE INSERT ON export_sum FOR EACH ROW EXECUTE FUNCTION export_batch_is_open();

CREATE FUNCTION export_batch_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM export_line l JOIN export_sum s ON s.books_id = l.books_id AND s.batch_id = l.batch_id AND s.position = l.position
        WHERE l.books_id = NEW.books_id AND l.batch_id = NEW.id GROUP BY l.document, s.currency_id HAVING SUM(l.minor) <> 0) THEN
        RAISE EXCEPTION 'a document of the batch does not balance' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER export_batch_is_balanced BEFORE INSERT ON export_batch FOR EACH ROW EXECUTE FUNCTION export_batch_is_balanced();
";
