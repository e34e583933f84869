//! Chargeback statements, their lines, the terms of rebills and standard rates.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::guards;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, STATEMENTS).await?;
        crate::execute(manager, TERMS).await?;
        let is_sqlite = manager.get_database_backend() == DatabaseBackend::Sqlite;
        let (guarded, immutable) =
            if is_sqlite { (SQLITE_GUARDS, guards::SQLITE_IMMUTABLE) } else { (POSTGRES_GUARDS, guards::POSTGRES_IMMUTABLE) };
        crate::execute(manager, guarded).await?;
        for table in ["chargeback_line", "standard_rate"] {
            crate::execute(manager, &immutable.replace("{table}", table)).await?;
        }
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("chargebacks are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// Statuses: 1 draft, 2 approved, 3 posted, 4 exported, 5 acknowledged, 6 reversed, 7 void. Kinds: 1 team, 2 project, 3 client. Bases: 1 actual,
/// 2 standard rate. Treatments: 1 principal, 2 agent. Markups and rates are decimal text. What a statement says never changes; where it stands does.
const STATEMENTS: &str = "
CREATE TABLE chargeback (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    period {int} NOT NULL,
    kind {int} NOT NULL CHECK (kind IN (1, 2, 3)),
    center_id {int} NOT NULL,
    currency_id {int} NOT NULL,
    provider_id {int} NOT NULL,
    basis {int} NOT NULL CHECK (basis IN (1, 2)),
    showback {int} NOT NULL CHECK (showback IN (0, 1)),
    markup TEXT NOT NULL,
    treatment {int} NOT NULL CHECK (treatment IN (1, 2)),
    receivable_id {int} NOT NULL,
    total {int} NOT NULL CHECK (total <> 0),
    cost {int} NOT NULL,
    content_hash TEXT NOT NULL,
    through_entry {int} NOT NULL,
    drafted_by TEXT NOT NULL,
    drafted_for TEXT,
    drafted_at {int} NOT NULL,
    status {int} NOT NULL CHECK (status BETWEEN 1 AND 7),
    approved_by TEXT,
    approved_for TEXT,
    approved_at {int},
    entry_number {int},
    posted_at {int},
    reversal_number {int},
    document_number TEXT,
    reason TEXT,
    PRIMARY KEY (books_id, number),
    CONSTRAINT approver_is_not_drafter CHECK (approved_by IS NULL OR (approved_by <> drafted_by AND approved_by <> COALESCE(drafted_for, '')
        AND COALESCE(approved_for, '') <> drafted_by AND (approved_for IS NULL OR approved_for <> COALESCE(drafted_for, '')))),
    CONSTRAINT posted_has_entry CHECK ((status IN (3, 4, 5, 6)) = (entry_number IS NOT NULL)),
    CONSTRAINT posted_is_approved CHECK (status IN (1, 7) OR approved_by IS NOT NULL),
    CONSTRAINT showback_is_not_posted CHECK (showback = 0 OR status IN (1, 2, 7)),
    CONSTRAINT reversed_has_reversal CHECK ((status = 6) = (reversal_number IS NOT NULL))
) {clustered};
CREATE INDEX chargeback_month ON chargeback (books_id, kind, period, status);
CREATE UNIQUE INDEX chargeback_entry ON chargeback (books_id, entry_number);
CREATE TABLE chargeback_line (
    books_id {int} NOT NULL,
    number {int} NOT NULL,
    line {int} NOT NULL CHECK (line > 0),
    kind {int} NOT NULL CHECK (kind BETWEEN 1 AND 5),
    month {int} NOT NULL,
    description TEXT NOT NULL,
    provider TEXT,
    model TEXT,
    feature TEXT,
    quantity {int},
    unit TEXT,
    rate TEXT,
    cost {int} NOT NULL,
    amount {int} NOT NULL,
    PRIMARY KEY (books_id, number, line)
) {clustered};
";

const TERMS: &str = "
CREATE TABLE rebill_terms (
    books_id {int} NOT NULL,
    client_id {int} NOT NULL,
    treatment {int} NOT NULL CHECK (treatment IN (1, 2)),
    receivable_id {int} NOT NULL,
    markup TEXT,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, client_id)
) {clustered};
CREATE TABLE standard_rate (
    books_id {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    provider TEXT,
    model TEXT,
    meter TEXT NOT NULL,
    per {int} NOT NULL CHECK (per > 0),
    amount TEXT NOT NULL,
    currency_id {int} NOT NULL,
    valid_from {int} NOT NULL,
    valid_to {int} CHECK (valid_to > valid_from),
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, number)
) {clustered};
";

const SQLITE_GUARDS: &str = "
CREATE TRIGGER chargeback_no_delete BEFORE DELETE ON chargeback
BEGIN SELECT RAISE(ABORT, 'chargeback rows are never deleted: withdraw or reverse the statement'); END;

CREATE TRIGGER chargeback_is_guarded BEFORE UPDATE ON chargeback
WHEN NEW.books_id <> OLD.books_id OR NEW.number <> OLD.number OR NEW.period <> OLD.period OR NEW.kind <> OLD.kind
    OR NEW.center_id <> OLD.center_id OR NEW.currency_id <> OLD.currency_id OR NEW.provider_id <> OLD.provider_id OR NEW.basis <> OLD.basis
    OR NEW.showback <> OLD.showback OR NEW.markup <> OLD.markup OR NEW.treatment <> OLD.treatment OR NEW.receivable_id <> OLD.receivable_id
    OR NEW.total <> OLD.total OR NEW.cost <> OLD.cost OR NEW.content_hash <> OLD.content_hash OR NEW.through_entry <> OLD.through_entry
    OR NEW.drafted_by <> OLD.drafted_by OR NEW.drafted_for IS NOT OLD.drafted_for OR NEW.drafted_at <> OLD.drafted_at
    OR (OLD.approved_by IS NOT NULL AND (NEW.approved_by IS NOT OLD.approved_by OR NEW.approved_for IS NOT OLD.approved_for))
    OR (OLD.entry_number IS NOT NULL AND NEW.entry_number IS NOT OLD.entry_number)
    OR NOT ((OLD.status = 1 AND NEW.status IN (2, 7)) OR (OLD.status = 2 AND NEW.status IN (3, 7)) OR (OLD.status = 3 AND NEW.status IN (4, 5, 6))
        OR (OLD.status = 4 AND NEW.status IN (5, 6)) OR (OLD.status = 5 AND NEW.status = 6))
BEGIN SELECT RAISE(ABORT, 'a statement says what it says, and moves on only along its life'); END;

CREATE TRIGGER chargeback_entry_has_statement BEFORE INSERT ON journal_entry
WHEN NEW.kind = 13 AND NOT EXISTS (SELECT 1 FROM chargeback c WHERE c.books_id = NEW.books_id AND c.entry_number = NEW.number AND c.status = 3)
BEGIN SELECT RAISE(ABORT, 'an entry of a chargeback is posted from an approved statement'); END;
";

const POSTGRES_GUARDS: &str = "
CREATE TRIGGER chargeback_no_delete BEFORE DELETE OR TRUNCATE ON chargeback FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION chargeback_is_guarded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.books_id, NEW.number, NEW.period, NEW.kind, NEW.center_id, NEW.currency_id, NEW.provider_id, NEW.basis, NEW.showback, NEW.markup,
        NEW.treatment, NEW.receivable_id, NEW.total, NEW.cost, NEW.content_hash, NEW.through_entry, NEW.drafted_by, NEW.drafted_for, NEW.drafted_at)
        IS DISTINCT FROM
        (OLD.books_id, OLD.number, OLD.period, OLD.kind, OLD.center_id, OLD.currency_id, OLD.provider_id, OLD.basis, OLD.showback, OLD.markup,
        OLD.treatment, OLD.receivable_id, OLD.total, OLD.cost, OLD.content_hash, OLD.through_entry, OLD.drafted_by, OLD.drafted_for, OLD.drafted_at)
        OR (OLD.approved_by IS NOT NULL AND (NEW.approved_by IS DISTINCT FROM OLD.approved_by OR NEW.approved_for IS DISTINCT FROM OLD.approved_for))
        OR (OLD.entry_number IS NOT NULL AND NEW.entry_number IS DISTINCT FROM OLD.entry_number)
        OR NOT ((OLD.status = 1 AND NEW.status IN (2, 7)) OR (OLD.status = 2 AND NEW.status IN (3, 7)) OR (OLD.status = 3 AND NEW.status IN (4, 5, 6))
            OR (OLD.status = 4 AND NEW.status IN (5, 6)) OR (OLD.status = 5 AND NEW.status = 6)) THEN
        RAISE EXCEPTION 'a statement says what it says, and moves on only along its life' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER chargeback_is_guarded BEFORE UPDATE ON chargeback FOR EACH ROW EXECUTE FUNCTION chargeback_is_guarded();

CREATE FUNCTION chargeback_entry_has_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM chargeback c WHERE c.books_id = NEW.books_id AND c.entry_number = NEW.number AND c.status = 3) THEN
        RAISE EXCEPTION 'an entry of a chargeback is posted from an approved statement' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER chargeback_entry_has_statement BEFORE INSERT ON journal_entry FOR EACH ROW
WHEN (NEW.kind = 13) EXECUTE FUNCTION chargeback_entry_has_statement();
";
