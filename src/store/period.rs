//! Periods of a set of books: their state, its changes, requests to reopen, sign-offs, thresholds and stale marks.
//!
//! Runs on the connection it is given, so that a close reads and writes in the transaction that holds the books' lock.

use super::ledger::{Cell, Ledger, RowExt, Value};
use super::{StoreError, rows};
use crate::domain::ids::{BooksId, EntryNumber};
use crate::domain::period::{Moment, Month, PeriodStatus};
use crate::domain::report::Grain;

/// A change of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodChange {
    pub month: Month,
    /// From 1 within the month.
    pub number: i64,
    pub from: PeriodStatus,
    pub to: PeriodStatus,
    /// Who did it; for a reopening, who agreed to it.
    pub subject: String,
    /// Who asked for a reopening.
    pub requested_by: Option<String>,
    /// Why; of a close, why open items were accepted.
    pub reason: Option<String>,
    /// The last entry of the books at the change.
    pub through_entry: EntryNumber,
    pub recorded_at: Moment,
}

/// A request to reopen a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReopeningRequest {
    pub month: Month,
    /// The last change of the month when it was asked; a later change answers it.
    pub after_change: i64,
    pub subject: String,
    pub acting_for: Option<String>,
    pub reason: String,
    pub recorded_at: Moment,
}

/// A sign-off of a period's accruals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccrualReview {
    pub month: Month,
    /// From 1 within the month.
    pub number: i64,
    pub subject: String,
    pub note: String,
    /// The last entry of the books that was looked at.
    pub through_entry: EntryNumber,
    pub recorded_at: Moment,
    /// What was signed: the accruals at the end of the month. Sign-offs of earlier programs did not keep it.
    pub figures: Option<String>,
}

/// Something that was computed on a period before it was reopened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleMark {
    pub month: Month,
    pub kind: String,
    pub object: String,
    pub marked_at: Moment,
    /// When its kind was computed again; none while that is due.
    pub renewed_at: Option<Moment>,
}

/// What the close checklist of the books lets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Charges without a price.
    pub unpriced_charges: i64,
    /// Share of cost on *unattributed*, in hundredths of a percent.
    pub unattributed_basis_points: i64,
    /// Days between a provider's last charge and the end of the month.
    pub feed_gap_days: i64,
}

impl Default for Thresholds {
    /// No charge without a price, at most one percent of cost unattributed, and every feed seen in the last three days of the month.
    fn default() -> Self {
        Self { unpriced_charges: 0, unattributed_basis_points: 100, feed_gap_days: 2 }
    }
}

/// The books' period tables over one connection.
pub struct Periods<'a> {
    pub ledger: &'a mut Ledger,
    pub books: BooksId,
}

impl Periods<'_> {
    fn key(&self) -> Cell<'static> {
        Cell::Int(i64::from(self.books.0))
    }

    /// Every change, in the order of month and number.
    ///
    /// # Errors
    /// Any database failure.
    pub fn change_list(&mut self) -> Result<Vec<PeriodChange>, StoreError> {
        let sql = "SELECT month, number, from_status, to_status, subject, requested_by, reason, through_entry, recorded_at FROM period_change \
                   WHERE books_id = $1 ORDER BY month, number";
        self.ledger.rows(sql, &[self.key()])?.iter().map(|row| change(row)).collect()
    }

    /// The latest changes of a month; none when it was never closed.
    ///
    /// # Errors
    /// Any database failure.
    pub fn last_change(&mut self, month: Month) -> Result<i64, StoreError> {
        let sql = "SELECT last_change FROM period WHERE books_id = $1 AND month = $2";
        self.ledger.rows(sql, &[self.key(), month_cell(month)])?.first().map_or(Ok(0), |row| row.int(0))
    }

    /// The last entry at the close of a month.
    ///
    /// # Errors
    /// Any database failure.
    pub fn through_entry(&mut self, month: Month) -> Result<Option<EntryNumber>, StoreError> {
        let sql = "SELECT through_entry FROM period WHERE books_id = $1 AND month = $2 AND status >= 3";
        self.ledger.rows(sql, &[self.key(), month_cell(month)])?.first().map(|row| row.int(0).map(EntryNumber)).transpose()
    }

    /// Stores a change, the new state, and the next version of the masters, by which every writer notices. `through` is the last entry that
    /// the month may hold.
    ///
    /// # Errors
    /// Any database failure.
    pub fn change_insert(&mut self, change: &PeriodChange, through: EntryNumber) -> Result<(), StoreError> {
        let (key, month, at) = (self.key(), month_cell(change.month), Cell::Int(change.recorded_at.0));
        let status = Cell::Int(i64::from(change.to.id()));
        let row = [
            key,
            month,
            Cell::Int(change.number),
            Cell::Int(i64::from(change.from.id())),
            status,
            Cell::Text(&change.subject),
            Cell::text_or_null(change.requested_by.as_deref()),
            Cell::text_or_null(change.reason.as_deref()),
            Cell::Int(change.through_entry.0),
            at,
        ];
        self.ledger.insert(&rows::PERIOD_CHANGE, [row].into_iter())?;
        let sql = "INSERT INTO period (books_id, month, status, through_entry, last_change, changed_at) VALUES ($1, $2, $3, $4, $5, $6) \
                   ON CONFLICT (books_id, month) DO UPDATE SET status = excluded.status, through_entry = excluded.through_entry, \
                   last_change = excluded.last_change, changed_at = excluded.changed_at";
        self.ledger.run(sql, &[key, month, status, Cell::Int(through.0), Cell::Int(change.number), at])?;
        self.masters_changed()
    }

    /// Raises the version by which every process notices that its snapshot of masters is old.
    ///
    /// # Errors
    /// Any database failure.
    pub fn masters_changed(&mut self) -> Result<(), StoreError> {
        self.ledger.run("UPDATE books_head SET masters_version = masters_version + 1 WHERE books_id = $1", &[self.key()])
    }

    /// The unanswered requests to reopen, in the order of the months.
    ///
    /// # Errors
    /// Any database failure.
    pub fn open_request_list(&mut self) -> Result<Vec<ReopeningRequest>, StoreError> {
        let sql = "SELECT r.month, r.after_change, r.subject, r.acting_for, r.reason, r.recorded_at FROM reopening_request r \
                   JOIN period p ON p.books_id = r.books_id AND p.month = r.month AND p.last_change = r.after_change \
                   WHERE r.books_id = $1 ORDER BY r.month";
        self.ledger.rows(sql, &[self.key()])?.iter().map(|row| request(row)).collect()
    }

    /// # Errors
    /// Any database failure.
    pub fn request_insert(&mut self, request: &ReopeningRequest) -> Result<(), StoreError> {
        let row = [
            self.key(),
            month_cell(request.month),
            Cell::Int(request.after_change),
            Cell::Text(&request.subject),
            Cell::text_or_null(request.acting_for.as_deref()),
            Cell::Text(&request.reason),
            Cell::Int(request.recorded_at.0),
        ];
        self.ledger.insert(&rows::REOPENING_REQUEST, [row].into_iter())
    }

    /// The sign-offs of a month, in their order.
    ///
    /// # Errors
    /// Any database failure.
    pub fn review_list(&mut self, month: Month) -> Result<Vec<AccrualReview>, StoreError> {
        let sql = "SELECT number, subject, note, through_entry, recorded_at, figures FROM accrual_review WHERE books_id = $1 AND month = $2 ORDER BY number";
        let rows = self.ledger.rows(sql, &[self.key(), month_cell(month)])?;
        let review = |row: &Vec<Value>| {
            Ok(AccrualReview {
                month,
                number: row.int(0)?,
                subject: row.text(1)?.to_owned(),
                note: row.text(2)?.to_owned(),
                through_entry: EntryNumber(row.int(3)?),
                recorded_at: Moment(row.int(4)?),
                figures: text_of(row, 5)?,
            })
        };
        rows.iter().map(review).collect()
    }

    /// # Errors
    /// Any database failure.
    pub fn review_insert(&mut self, review: &AccrualReview) -> Result<(), StoreError> {
        let (subject, note) = (Cell::Text(&review.subject), Cell::Text(&review.note));
        let (number, through, at) = (Cell::Int(review.number), Cell::Int(review.through_entry.0), Cell::Int(review.recorded_at.0));
        let row = [self.key(), month_cell(review.month), number, subject, note, through, at, Cell::text_or_null(review.figures.as_deref())];
        self.ledger.insert(&rows::ACCRUAL_REVIEW, [row].into_iter())
    }

    /// Every stale mark, in the order of month, kind and object.
    ///
    /// # Errors
    /// Any database failure.
    pub fn stale_list(&mut self) -> Result<Vec<StaleMark>, StoreError> {
        let sql = "SELECT month, kind, object, marked_at, renewed_at FROM stale_mark WHERE books_id = $1 ORDER BY month, kind, object";
        let mark = |row: &Vec<Value>| {
            Ok(StaleMark {
                month: month_of(row.int(0)?)?,
                kind: row.text(1)?.to_owned(),
                object: row.text(2)?.to_owned(),
                marked_at: Moment(row.int(3)?),
                renewed_at: row.int_or_none(4)?.map(Moment),
            })
        };
        self.ledger.rows(sql, &[self.key()])?.iter().map(mark).collect()
    }

    /// Marks an object stale, also one that was marked and computed again before: the period was reopened once more since.
    ///
    /// # Errors
    /// Any database failure.
    pub fn stale_insert(&mut self, month: Month, kind: &str, object: &str, at: Moment) -> Result<(), StoreError> {
        let sql = "INSERT INTO stale_mark (books_id, month, kind, object, marked_at) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (books_id, month, kind, object) DO UPDATE SET marked_at = excluded.marked_at, renewed_at = NULL";
        self.ledger.run(sql, &[self.key(), month_cell(month), Cell::Text(kind), Cell::Text(object), Cell::Int(at.0)])
    }

    /// Says that a kind was computed again on a month.
    ///
    /// # Errors
    /// Any database failure.
    pub fn stale_renew(&mut self, month: Month, kind: &str, at: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE stale_mark SET renewed_at = $1 WHERE books_id = $2 AND month = $3 AND kind = $4 AND renewed_at IS NULL";
        self.ledger.run(sql, &[Cell::Int(at.0), self.key(), month_cell(month), Cell::Text(kind)])
    }

    /// # Errors
    /// Any database failure.
    pub fn thresholds(&mut self) -> Result<Thresholds, StoreError> {
        let sql = "SELECT unpriced_charges, unattributed_basis_points, feed_gap_days FROM close_threshold WHERE books_id = $1";
        let rows = self.ledger.rows(sql, &[self.key()])?;
        rows.first().map_or(Ok(Thresholds::default()), |row| {
            Ok(Thresholds { unpriced_charges: row.int(0)?, unattributed_basis_points: row.int(1)?, feed_gap_days: row.int(2)? })
        })
    }

    /// # Errors
    /// Any database failure.
    pub fn thresholds_save(&mut self, thresholds: Thresholds) -> Result<(), StoreError> {
        let Thresholds { unpriced_charges, unattributed_basis_points, feed_gap_days } = thresholds;
        let sql = "INSERT INTO close_threshold (books_id, unpriced_charges, unattributed_basis_points, feed_gap_days) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (books_id) DO UPDATE SET unpriced_charges = excluded.unpriced_charges, \
                   unattributed_basis_points = excluded.unattributed_basis_points, feed_gap_days = excluded.feed_gap_days";
        self.ledger.run(sql, &[self.key(), Cell::Int(unpriced_charges), Cell::Int(unattributed_basis_points), Cell::Int(feed_gap_days)])
    }

    /// # Errors
    /// Any database failure.
    pub fn settings_save(&mut self, time_zone: &str, fiscal_year_start: i64, least_persons: i64) -> Result<(), StoreError> {
        let sql = "UPDATE books SET time_zone = $1, fiscal_year_start = $2, least_persons = $3 WHERE id = $4";
        self.ledger.run(sql, &[Cell::Text(time_zone), Cell::Int(fiscal_year_start), Cell::Int(least_persons), self.key()])?;
        self.masters_changed()
    }

    /// The months that have entries, in their order.
    ///
    /// # Errors
    /// Any database failure.
    pub fn months_with_entries(&mut self) -> Result<Vec<Month>, StoreError> {
        let sql = "SELECT DISTINCT period FROM balance WHERE books_id = $1 AND grain = $2 ORDER BY period";
        let rows = self.ledger.rows(sql, &[self.key(), Cell::Int(Grain::AccountMonth.id())])?;
        rows.iter().map(|row| month_of(row.int(0)?)).collect()
    }
}

fn month_cell(month: Month) -> Cell<'static> {
    Cell::Int(i64::from(month.0))
}

fn month_of(number: i64) -> Result<Month, StoreError> {
    i32::try_from(number).map(Month).map_err(|_| StoreError::corrupt(format!("{number} is no month")))
}

fn status_of(id: i64) -> Result<PeriodStatus, StoreError> {
    i16::try_from(id).ok().and_then(PeriodStatus::from_id).ok_or_else(|| StoreError::corrupt(format!("{id} is no state of a period")))
}

fn text_of(row: &[Value], column: usize) -> Result<Option<String>, StoreError> {
    Ok(row.text_or_none(column)?.map(ToOwned::to_owned))
}

fn change(row: &[Value]) -> Result<PeriodChange, StoreError> {
    Ok(PeriodChange {
        month: month_of(row.int(0)?)?,
        number: row.int(1)?,
        from: status_of(row.int(2)?)?,
        to: status_of(row.int(3)?)?,
        subject: row.text(4)?.to_owned(),
        requested_by: text_of(row, 5)?,
        reason: text_of(row, 6)?,
        through_entry: EntryNumber(row.int(7)?),
        recorded_at: Moment(row.int(8)?),
    })
}

fn request(row: &[Value]) -> Result<ReopeningRequest, StoreError> {
    Ok(ReopeningRequest {
        month: month_of(row.int(0)?)?,
        after_change: row.int(1)?,
        subject: row.text(2)?.to_owned(),
        acting_for: text_of(row, 3)?,
        reason: row.text(4)?.to_owned(),
        recorded_at: Moment(row.int(5)?),
    })
}
