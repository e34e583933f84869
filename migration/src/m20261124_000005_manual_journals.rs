//! Entries prepared by one person and approved by another, their limits, and whether duties exclude each other.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::guards;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, DRAFTS).await?;
        crate::execute(manager, CONTROLS).await?;
        crate::execute(manager, INDEXES).await?;
        let is_sqlite = manager.get_database_backend() == DatabaseBackend::Sqlite;
        let (guards_of_drafts, immutable) =
            if is_sqlite { (SQLITE_GUARDS, guards::SQLITE_IMMUTABLE) } else { (POSTGRES_GUARDS, guards::POSTGRES_IMMUTABLE) };
        crate::execute(manager, guards_of_drafts).await?;
        for table in ["journal_draft_line", "journal_approval"] {
            crate::execute(manager, &immutable.replace("{table}", table)).await?;
        }
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("approvals are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// Statuses: 1 draft, 2 waiting for approval, 3 posted, 4 rejected, 5 withdrawn. Lines belong to one version of a draft; an approval names
/// the version and the hash of the content that was approved.
const DRAFTS: &str = "
CREATE TABLE journal_draft (
    books_id {int} NOT NULL,
    id {int} NOT NULL CHECK (id > 0),
    kind {int} NOT NULL CHECK (kind IN (5, 6)),
    status {int} NOT NULL CHECK (status BETWEEN 1 AND 5),
    version {int} NOT NULL CHECK (version > 0),
    effective_on {int} NOT NULL,
    memo TEXT NOT NULL,
    corrects {int},
    content_hash TEXT NOT NULL,
    approvals_needed {int} NOT NULL CHECK (approvals_needed BETWEEN 1 AND 2),
    prepared_by TEXT NOT NULL,
    prepared_issuer TEXT NOT NULL,
    prepared_for TEXT,
    prepared_at {int} NOT NULL,
    decided_by TEXT,
    decided_at {int},
    reason TEXT,
    entry_number {int},
    prepared_as_closer {int} NOT NULL CHECK (prepared_as_closer IN (0, 1)),
    PRIMARY KEY (books_id, id),
    CHECK ((status = 3) = (entry_number IS NOT NULL))
) {clustered};
CREATE TABLE journal_draft_line (
    books_id {int} NOT NULL,
    draft_id {int} NOT NULL,
    version {int} NOT NULL,
    line {int} NOT NULL CHECK (line > 0),
    side {int} NOT NULL CHECK (side IN (1, 2)),
    amount {int} NOT NULL CHECK (amount > 0),
    currency_id {int} NOT NULL,
    account_id {int} NOT NULL,
    team_id {int} NOT NULL,
    project_id {int} NOT NULL,
    client_id {int} NOT NULL,
    feature TEXT,
    PRIMARY KEY (books_id, draft_id, version, line)
) {clustered};
CREATE TABLE journal_approval (
    books_id {int} NOT NULL,
    draft_id {int} NOT NULL,
    version {int} NOT NULL,
    approver TEXT NOT NULL,
    issuer TEXT NOT NULL,
    acting_for TEXT,
    content_hash TEXT NOT NULL,
    prepared_by TEXT NOT NULL,
    prepared_for TEXT,
    approved_at {int} NOT NULL,
    PRIMARY KEY (books_id, draft_id, version, approver),
    CONSTRAINT approver_is_not_preparer CHECK (approver <> prepared_by AND approver <> COALESCE(prepared_for, '')
        AND COALESCE(acting_for, '') <> prepared_by AND (acting_for IS NULL OR acting_for <> COALESCE(prepared_for, '')))
) {clustered};
";

/// Account 0 is every account, approver '' everybody without a line of his own. Amounts are ledger units; null is no limit.
const CONTROLS: &str = "
CREATE TABLE journal_limit (
    books_id {int} NOT NULL,
    account_id {int} NOT NULL,
    currency_id {int} NOT NULL,
    one_approver_up_to {int} CHECK (one_approver_up_to >= 0),
    refused_above {int} CHECK (refused_above >= 0),
    PRIMARY KEY (books_id, account_id, currency_id)
) {clustered};
CREATE TABLE approver_limit (
    books_id {int} NOT NULL,
    approver TEXT NOT NULL,
    currency_id {int} NOT NULL,
    up_to {int} NOT NULL CHECK (up_to >= 0),
    PRIMARY KEY (books_id, approver, currency_id)
) {clustered};
CREATE TABLE duty_setting (
    books_id {int} NOT NULL PRIMARY KEY,
    mode {int} NOT NULL CHECK (mode IN (0, 1)),
    since {int} NOT NULL
) {clustered};
";

const INDEXES: &str = "
CREATE INDEX journal_draft_status ON journal_draft (books_id, status, id);
CREATE UNIQUE INDEX journal_draft_entry ON journal_draft (books_id, entry_number);
CREATE INDEX journal_draft_day ON journal_draft (books_id, effective_on);
CREATE INDEX journal_entry_corrected_by_hand ON journal_entry (books_id, corrects) WHERE kind IN (5, 6);
CREATE INDEX audit_event_subject ON audit_event (books_id, subject, number);
CREATE INDEX audit_event_object ON audit_event (books_id, object, number);
CREATE INDEX audit_event_action ON audit_event (books_id, action, number);
";

const SQLITE_GUARDS: &str = "
CREATE TRIGGER journal_draft_no_delete BEFORE DELETE ON journal_draft
BEGIN SELECT RAISE(ABORT, 'journal_draft rows are never deleted: withdraw the draft'); END;

CREATE TRIGGER journal_draft_is_guarded BEFORE UPDATE ON journal_draft
WHEN OLD.status IN (3, 5)
    OR NEW.books_id <> OLD.books_id OR NEW.id <> OLD.id OR NEW.kind <> OLD.kind
    OR NEW.prepared_by <> OLD.prepared_by OR NEW.prepared_issuer <> OLD.prepared_issuer
    OR NEW.prepared_for IS NOT OLD.prepared_for OR NEW.prepared_at <> OLD.prepared_at
    OR (NEW.version <> OLD.version AND (NEW.version < OLD.version OR NEW.status <> 1))
    OR (NEW.version = OLD.version AND (NEW.content_hash <> OLD.content_hash OR NEW.effective_on <> OLD.effective_on
        OR NEW.memo <> OLD.memo OR NEW.corrects IS NOT OLD.corrects))
BEGIN SELECT RAISE(ABORT, 'a draft is never changed once decided, and an edit makes it a new version without approvals'); END;

CREATE TRIGGER journal_draft_insert_is_approved BEFORE INSERT ON journal_draft
WHEN NEW.status = 3 AND (SELECT count(*) FROM journal_approval a WHERE a.books_id = NEW.books_id AND a.draft_id = NEW.id
    AND a.version = NEW.version AND a.content_hash = NEW.content_hash) < NEW.approvals_needed
BEGIN SELECT RAISE(ABORT, 'the draft lacks an approval by another person'); END;

CREATE TRIGGER journal_draft_is_approved BEFORE UPDATE ON journal_draft
WHEN NEW.status = 3 AND (OLD.status <> 2 OR (SELECT count(*) FROM journal_approval a WHERE a.books_id = NEW.books_id AND a.draft_id = NEW.id
    AND a.version = NEW.version AND a.content_hash = NEW.content_hash) < NEW.approvals_needed)
BEGIN SELECT RAISE(ABORT, 'the draft lacks an approval by another person'); END;

CREATE TRIGGER journal_approval_names_its_draft BEFORE INSERT ON journal_approval
WHEN NOT EXISTS (SELECT 1 FROM journal_draft d WHERE d.books_id = NEW.books_id AND d.id = NEW.draft_id AND d.status = 2
    AND d.version = NEW.version AND d.content_hash = NEW.content_hash AND d.prepared_by = NEW.prepared_by AND d.prepared_for IS NEW.prepared_for)
BEGIN SELECT RAISE(ABORT, 'the approval names a draft, a content or a preparer that is not there'); END;

CREATE TRIGGER journal_entry_by_hand_is_approved BEFORE INSERT ON journal_entry
WHEN NEW.kind IN (5, 6) AND NOT EXISTS (SELECT 1 FROM journal_draft d WHERE d.books_id = NEW.books_id AND d.entry_number = NEW.number
    AND d.status = 3 AND d.kind = NEW.kind)
BEGIN SELECT RAISE(ABORT, 'an entry made by hand is posted from an approved draft'); END;
";

const POSTGRES_GUARDS: &str = "
CREATE TRIGGER journal_draft_no_delete BEFORE DELETE OR TRUNCATE ON journal_draft FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION journal_draft_is_guarded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IN (3, 5)
        OR NEW.books_id <> OLD.books_id OR NEW.id <> OLD.id OR NEW.kind <> OLD.kind
        OR NEW.prepared_by <> OLD.prepared_by OR NEW.prepared_issuer <> OLD.prepared_issuer
        OR NEW.prepared_for IS DISTINCT FROM OLD.prepared_for OR NEW.prepared_at <> OLD.prepared_at
        OR (NEW.version <> OLD.version AND (NEW.version < OLD.version OR NEW.status <> 1))
        OR (NEW.version = OLD.version AND (NEW.content_hash <> OLD.content_hash OR NEW.effective_on <> OLD.effective_on
            OR NEW.memo <> OLD.memo OR NEW.corrects IS DISTINCT FROM OLD.corrects)) THEN
        RAISE EXCEPTION 'a draft is never changed once decided, and an edit makes it a new version without approvals'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.status = 3 AND OLD.status <> 2 THEN
        RAISE EXCEPTION 'the draft lacks an approval by another person' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER journal_draft_is_guarded BEFORE UPDATE ON journal_draft FOR EACH ROW EXECUTE FUNCTION journal_draft_is_guarded();

CREATE FUNCTION journal_draft_is_approved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM journal_approval a WHERE a.books_id = NEW.books_id AND a.draft_id = NEW.id
        AND a.version = NEW.version AND a.content_hash = NEW.content_hash) < NEW.approvals_needed THEN
        RAISE EXCEPTION 'the draft lacks an approval by another person' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER journal_draft_is_approved BEFORE INSERT OR UPDATE ON journal_draft FOR EACH ROW
WHEN (NEW.status = 3) EXECUTE FUNCTION journal_draft_is_approved();

CREATE FUNCTION journal_approval_names_its_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM journal_draft d WHERE d.books_id = NEW.books_id AND d.id = NEW.draft_id AND d.status = 2
        AND d.version = NEW.version AND d.content_hash = NEW.content_hash AND d.prepared_by = NEW.prepared_by
        AND d.prepared_for IS NOT DISTINCT FROM NEW.prepared_for) THEN
        RAISE EXCEPTION 'the approval names a draft, a content or a preparer that is not there' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER journal_approval_names_its_draft BEFORE INSERT ON journal_approval FOR EACH ROW
EXECUTE FUNCTION journal_approval_names_its_draft();

CREATE FUNCTION journal_entry_by_hand_is_approved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM journal_draft d WHERE d.books_id = NEW.books_id AND d.entry_number = NEW.number
        AND d.status = 3 AND d.kind = NEW.kind) THEN
        RAISE EXCEPTION 'an entry made by hand is posted from an approved draft' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER journal_entry_by_hand_is_approved BEFORE INSERT ON journal_entry FOR EACH ROW
WHEN (NEW.kind IN (5, 6)) EXECUTE FUNCTION journal_entry_by_hand_is_approved();
";
