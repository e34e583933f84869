//! Periods: how far each month is closed, who changed that and why, and the days on which late charges were booked.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

use crate::guards;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, PERIODS).await?;
        let (immutable, guard) = match manager.get_database_backend() {
            DatabaseBackend::Sqlite => (guards::SQLITE_IMMUTABLE, SQLITE_LOCKED),
            _ => (guards::POSTGRES_IMMUTABLE, POSTGRES_LOCKED),
        };
        for table in IMMUTABLE {
            crate::execute(manager, &immutable.replace("{table}", table)).await?;
        }
        crate::execute(manager, guard).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("periods are not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// Tables whose rows are only ever added.
const IMMUTABLE: [&str; 4] = ["period_change", "reopening_request", "accrual_review", "late_booking"];

/// Statuses: 1 open, 2 soft-closed, 3 closed, 4 locked. `period` is the latest change of a month; a month without a row was never closed.
/// `through_entry` is the last entry of the books when the month was last closed to 3 or 4: every entry of the month has a number up to it.
/// A request is answered when the month has a change after `after_change`. `late_booking` names the day on which a charge (revision 0), or a
/// revision of it, counts in balances where that is not the day of the call.
const PERIODS: &str = "
CREATE TABLE period (
    books_id {int} NOT NULL,
    month {int} NOT NULL,
    status {int} NOT NULL CHECK (status BETWEEN 1 AND 4),
    through_entry {int} NOT NULL,
    last_change {int} NOT NULL,
    changed_at {int} NOT NULL,
    PRIMARY KEY (books_id, month)
) {clustered};
CREATE TABLE period_change (
    books_id {int} NOT NULL,
    month {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    from_status {int} NOT NULL,
    to_status {int} NOT NULL CHECK (to_status BETWEEN 1 AND 4),
    subject TEXT NOT NULL,
    requested_by TEXT,
    reason TEXT,
    through_entry {int} NOT NULL,
    recorded_at {int} NOT NULL,
    CHECK (to_status > 1 OR (requested_by IS NOT NULL AND requested_by <> subject AND reason IS NOT NULL)),
    PRIMARY KEY (books_id, month, number)
) {clustered};
CREATE TABLE reopening_request (
    books_id {int} NOT NULL,
    month {int} NOT NULL,
    after_change {int} NOT NULL,
    subject TEXT NOT NULL,
    acting_for TEXT,
    reason TEXT NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, month, after_change)
) {clustered};
CREATE TABLE accrual_review (
    books_id {int} NOT NULL,
    month {int} NOT NULL,
    number {int} NOT NULL CHECK (number > 0),
    subject TEXT NOT NULL,
    note TEXT NOT NULL,
    through_entry {int} NOT NULL,
    recorded_at {int} NOT NULL,
    PRIMARY KEY (books_id, month, number)
) {clustered};
CREATE TABLE close_threshold (
    books_id {int} NOT NULL PRIMARY KEY,
    unpriced_charges {int} NOT NULL CHECK (unpriced_charges >= 0),
    unattributed_basis_points {int} NOT NULL CHECK (unattributed_basis_points BETWEEN 0 AND 10000),
    feed_gap_days {int} NOT NULL CHECK (feed_gap_days BETWEEN 0 AND 31)
) {strict};
CREATE TABLE stale_mark (
    books_id {int} NOT NULL,
    month {int} NOT NULL,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    marked_at {int} NOT NULL,
    renewed_at {int},
    PRIMARY KEY (books_id, month, kind, object)
) {clustered};
CREATE TABLE late_booking (
    books_id {int} NOT NULL,
    charge_id {int} NOT NULL,
    revision {int} NOT NULL CHECK (revision >= 0),
    effective_on {int} NOT NULL,
    PRIMARY KEY (books_id, charge_id, revision)
) {clustered};
";

/// A locked period stays locked, whoever writes.
const SQLITE_LOCKED: &str = "
CREATE TRIGGER period_stays_locked BEFORE UPDATE ON period WHEN OLD.status = 4 AND NEW.status <> 4
BEGIN SELECT RAISE(ABORT, 'a locked period is never reopened'); END;
CREATE TRIGGER period_no_delete BEFORE DELETE ON period
BEGIN SELECT RAISE(ABORT, 'periods are never deleted'); END;
";

const POSTGRES_LOCKED: &str = "
CREATE FUNCTION period_stays_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a locked period is never reopened, and no period is deleted' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER period_stays_locked BEFORE UPDATE ON period FOR EACH ROW
WHEN (OLD.status = 4 AND NEW.status <> 4) EXECUTE FUNCTION period_stays_locked();
CREATE TRIGGER period_no_delete BEFORE DELETE OR TRUNCATE ON period FOR EACH STATEMENT EXECUTE FUNCTION period_stays_locked();
";
