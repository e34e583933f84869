//! What the close checklist asks of statements, exports and hours: work that was begun and not finished. Who closes over it says so by name.

use super::checklist::{Item, ItemCode, MOST_DETAILS, item, not_applicable};
use crate::app::AppError;
use crate::app::export_batches::target_gaps;
use crate::domain::period::{DayRange, Month};
use crate::store::activity::{FactTable, fact_next};
use crate::store::chargeback::{open_statements, statement_next_number};
use crate::store::labor::waiting_sum;
use crate::store::period::Periods;

/// The three items, in their order.
///
/// # Errors
/// Any database failure.
pub(super) fn unfinished(periods: &mut Periods<'_>, month: Month) -> Result<[Item; 3], AppError> {
    Ok([chargebacks_posted(periods, month)?, entries_exported(periods, month)?, hours_rated(periods, month)?])
}

/// No statement of the month is a draft, or approved and not posted. What is only shown is never posted.
fn chargebacks_posted(periods: &mut Periods<'_>, month: Month) -> Result<Item, AppError> {
    let (code, threshold) = (ItemCode::ChargebacksPosted, "0 statements");
    if statement_next_number(periods.ledger, periods.books)?.0 == 1 {
        return Ok(not_applicable(code, "0 statements", threshold, "no statement was ever drafted"));
    }
    let open = open_statements(periods.ledger, periods.books, month)?;
    let told = if open.len() == 1 { "1 statement".to_owned() } else { format!("{} statements", open.len()) };
    let missing = (!open.is_empty())
        .then(|| format!("{told} of {month} not posted: approve and post with postChargebacks, or take back with withdrawChargeback"));
    let detail = open.iter().take(MOST_DETAILS).map(|(number, status)| format!("{number} is {}", status.as_str())).collect();
    Ok(item(code, told, threshold, missing, detail))
}

/// Every entry of the month is in a live batch of every target; batches that nobody took out yet are told. Who only saved a target, and never used it, is asked for it too.
fn entries_exported(periods: &mut Periods<'_>, month: Month) -> Result<Item, AppError> {
    let (code, threshold) = (ItemCode::EntriesExported, "every target");
    let (targets, gaps) = target_gaps(periods.ledger, periods.books, month)?;
    if targets == 0 {
        return Ok(not_applicable(code, "0 targets", threshold, "no export target was saved or used"));
    }
    let open: Vec<&str> = gaps.iter().filter(|gap| gap.has_untaken_entries).map(|gap| gap.target.as_str()).collect();
    let missing = (!open.is_empty()).then(|| {
        let named = open.iter().take(MOST_DETAILS).copied().collect::<Vec<_>>().join(", ");
        format!("entries of {month} are in no live batch of {named}: send createExportBatch")
    });
    let measured = format!("{} of {targets} targets", targets.saturating_sub(open.len()));
    let detail = gaps.iter().flat_map(|gap| {
        let untaken = gap.has_untaken_entries.then(|| format!("{}: entries in no batch", gap.target));
        untaken.into_iter().chain(gap.undelivered.iter().map(|number| format!("{}: batch {number} not delivered", gap.target)))
    });
    let detail = detail.take(MOST_DETAILS).collect();
    Ok(item(code, measured, threshold, missing, detail))
}

/// Every hour that was worked in the month has a cost.
fn hours_rated(periods: &mut Periods<'_>, month: Month) -> Result<Item, AppError> {
    let (code, threshold) = (ItemCode::HoursRated, "0 time entries");
    if fact_next(periods.ledger, periods.books, FactTable::Time)? == 1 {
        return Ok(not_applicable(code, "0 time entries", threshold, "no hours were ever recorded"));
    }
    let days = DayRange::new(month.first_day(), month.next().first_day())?;
    // How many hours they are is not for everyone: of few persons it would tell too much.
    let (entries, _) = waiting_sum(periods.ledger, periods.books, days)?;
    let told = if entries == 1 { "1 time entry".to_owned() } else { format!("{entries} time entries") };
    let missing =
        (entries > 0).then(|| format!("{told} of {month} without a rate: send saveLaborRates for the persons or roles that lack one"));
    Ok(item(code, told, threshold, missing, Vec::new()))
}
