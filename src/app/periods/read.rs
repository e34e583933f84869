//! Reads of periods: each month with its state, who changed it, and what on it is stale.

use super::{Reading, permitted, reading};
use crate::app::auth::{Actor, Permission};
use crate::app::journal::Page;
use crate::app::{App, AppError, Books};
use crate::domain::ids::EntryNumber;
use crate::domain::period::{Day, Month, PeriodStatus};
use crate::store::StoreError;
use crate::store::period::{PeriodChange, ReopeningRequest, StaleMark};

/// A month of the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodView {
    pub month: Month,
    pub status: PeriodStatus,
    /// Named by the calendar year in which it ends.
    pub fiscal_year: i32,
    pub first_day: Day,
    pub last_day: Day,
    /// The last entry of the books when it was closed; every entry of the period has a number up to it. None while it is open.
    pub through_entry: Option<EntryNumber>,
    /// What was computed on it before a reopening and was not computed again since.
    pub stale: Vec<StaleMark>,
    /// The request to reopen it that waits for another person.
    pub reopening_request: Option<ReopeningRequest>,
    /// In their order.
    pub changes: Vec<PeriodChange>,
}

/// Which periods.
#[derive(Debug, Clone, Copy)]
pub struct PeriodQuery {
    /// The twelve months of one fiscal year; otherwise from the first month that has entries or was closed through the month of today.
    pub fiscal_year: Option<i32>,
    pub after: Option<Month>,
    pub first: usize,
}

/// Periods in the order of the months.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn periods(app: &App, actor: &Actor, query: PeriodQuery) -> Result<Page<PeriodView>, AppError> {
    let books = permitted(app, actor, Permission::ReadReports).await?;
    let work = move |reading: &mut Reading<'_>| {
        let (from, to) = range(reading, query.fiscal_year)?;
        let from = query.after.map_or(from, |after| from.max(after.next()));
        let wanted = i32::try_from(query.first).unwrap_or(i32::MAX).saturating_add(1);
        let months = (from.0..=to.0.min(from.0.saturating_add(wanted))).map(Month).collect();
        Ok(Page::of(views(reading, months)?, query.first))
    };
    reading(app, &books, work).await
}

/// One period, as the answer to a change of it.
pub(super) async fn period(app: &App, books: &Books, month: Month) -> Result<PeriodView, AppError> {
    let mut view = reading(app, books, move |reading| Ok(views(reading, vec![month])?)).await?;
    view.pop().ok_or_else(|| AppError::Internal(StoreError::corrupt(format!("period {month} has no view"))))
}

/// The first and the last month to list.
fn range(reading: &mut Reading<'_>, fiscal_year: Option<i32>) -> Result<(Month, Month), StoreError> {
    if let Some(year) = fiscal_year {
        let first = reading.masters.calendar.fiscal_year_start.first_month(year);
        return Ok((first, Month(first.0.saturating_add(11))));
    }
    let mut months = reading.periods.months_with_entries()?;
    months.extend(reading.periods.change_list()?.into_iter().map(|change| change.month));
    let current = reading.current();
    months.push(current);
    let first = months.iter().min().copied().unwrap_or(current);
    let last = months.iter().max().copied().unwrap_or(current);
    Ok((first, last))
}

fn views(reading: &mut Reading<'_>, months: Vec<Month>) -> Result<Vec<PeriodView>, StoreError> {
    let (calendar, current) = (reading.masters.calendar, reading.current());
    let (changes, stale) = (reading.periods.change_list()?, reading.periods.stale_list()?);
    let mut requests = reading.periods.open_request_list()?;
    let view = |month: Month| {
        Ok(PeriodView {
            month,
            status: calendar.closings.status(month, current),
            fiscal_year: calendar.fiscal_year_start.year_of(month),
            first_day: month.first_day(),
            last_day: month.last_day(),
            through_entry: reading.periods.through_entry(month)?,
            stale: stale.iter().filter(|mark| mark.month == month && mark.renewed_at.is_none()).cloned().collect(),
            reopening_request: requests.iter().position(|request| request.month == month).map(|at| requests.swap_remove(at)),
            changes: changes.iter().filter(|change| change.month == month).cloned().collect(),
        })
    };
    months.into_iter().map(view).collect()
}
