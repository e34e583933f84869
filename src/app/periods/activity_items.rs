//! What the close checklist asks of revenue and labor: both are booked by commands that somebody must send, so both can be forgotten.

use super::checklist::{Item, ItemCode, MOST_DETAILS, item, not_applicable, stale_objects};
use crate::app::AppError;
use crate::app::masters::Masters;
use crate::app::payroll::{self, TrueUpGap, true_up_gaps};
use crate::domain::money::Money;
use crate::domain::payroll::TeamKey;
use crate::domain::period::{Day, Month, PeriodStatus};
use crate::store::activity::{FactTable, fact_next};
use crate::store::payroll::payroll_months;
use crate::store::period::Periods;
use crate::store::revenue::{waiting_keys, waiting_sums};

/// Months before the one that closes whose labor may have changed since their true-up. Hours come late by weeks, not by years.
const EARLIER_MONTHS: i32 = 12;

/// Every part of revenue whose day came by the end of the month is recognised. Parts of earlier days count too: they would be booked in it.
pub(super) fn revenue_recognized(periods: &mut Periods<'_>, month: Month, today: Day) -> Result<Item, AppError> {
    let (code, threshold) = (ItemCode::RevenueRecognized, "0 parts");
    if fact_next(periods.ledger, periods.books, FactTable::Revenue)? == 1 {
        return Ok(not_applicable(code, "0 parts", threshold, "no revenue was ever recorded"));
    }
    let through = month.last_day().min(today);
    let sums = waiting_sums(periods.ledger, periods.books, through)?;
    let parts: i64 = sums.iter().map(|(_, parts, _)| *parts).fold(0, i64::saturating_add);
    let told = if parts == 1 { "1 part".to_owned() } else { format!("{parts} parts") };
    let missing = (parts > 0).then(|| {
        let shown = sums.iter().map(|(currency, _, units)| format!("{} {currency}", Money::exact_of_units(*units, *currency)));
        let amounts = shown.collect::<Vec<_>>().join(", ");
        format!("revenue earned by {through} is not recognised, {told} of {amounts}: send recognizeRevenue through {through}")
    });
    let waiting = waiting_keys(periods.ledger, periods.books, through, MOST_DETAILS)?;
    let detail = waiting.into_iter().map(|(key, day, money)| format!("{key}: {money} earned on {day}")).collect();
    Ok(item(code, told, threshold, missing, detail))
}

/// The applied labor of every team is trued up to its payroll, and neither hours, rates nor payroll came since. Who never recorded payroll
/// has no true-up to make. What came late for a closed month is asked for in the next month that closes, since it is posted there.
pub(super) fn labor_true_up(periods: &mut Periods<'_>, masters: &Masters, month: Month, current: Month) -> Result<Item, AppError> {
    let (code, threshold) = (ItemCode::LaborTrueUp, "every team trued up");
    if fact_next(periods.ledger, periods.books, FactTable::Payroll)? == 1 {
        let message = "no payroll was ever recorded: applied labor stays at its rates, without a true-up";
        return Ok(not_applicable(code, "no payroll", threshold, message));
    }
    let mut gaps: Vec<(Month, TrueUpGap, TeamKey)> = Vec::new();
    for earlier in payroll_months(periods.ledger, periods.books, Month(month.0.saturating_sub(EARLIER_MONTHS)), month)? {
        // An open month has a checklist of its own, and a closed one was closed without the payroll that it lacks.
        if masters.calendar.closings.status(earlier, current) >= PeriodStatus::Closed {
            let found = true_up_gaps(periods.ledger, periods.books, earlier)?.into_iter().filter(|(gap, _)| *gap != TrueUpGap::NoPayroll);
            gaps.extend(found.map(|(gap, key)| (earlier, gap, key)));
        }
    }
    gaps.extend(true_up_gaps(periods.ledger, periods.books, month)?.into_iter().map(|(gap, key)| (month, gap, key)));
    let is_stale = !stale_objects(periods, month, payroll::STALE_KIND)?.is_empty();
    let mut missing: Vec<String> = gaps.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).filter_map(|alike| sentence(masters, alike)).collect();
    if missing.is_empty() && is_stale {
        missing.push(format!("{month} was reopened since its labor was trued up: send trueUpLabor"));
    }
    let measured = if gaps.is_empty() { if is_stale { "stale" } else { "trued up" }.to_owned() } else { format!("{} open", gaps.len()) };
    let detail = gaps.iter().take(MOST_DETAILS).map(|(month, gap, (team, currency))| {
        let told = match gap {
            TrueUpGap::NoPayroll => "no payroll",
            TrueUpGap::NotPosted => "no true-up",
            TrueUpGap::Changed => "changed since its true-up",
        };
        format!("{month} {} {currency}: {told}", team_code(masters, (*team, *currency)))
    });
    let detail = detail.collect();
    Ok(item(code, measured, threshold, (!missing.is_empty()).then(|| missing.join("; ")), detail))
}

/// What teams of one month lack alike.
fn sentence(masters: &Masters, alike: &[(Month, TrueUpGap, TeamKey)]) -> Option<String> {
    let (month, gap, _) = alike.first()?;
    let teams = alike.iter().take(MOST_DETAILS).map(|(_, _, key)| team_code(masters, *key)).collect::<Vec<_>>().join(", ");
    Some(match gap {
        TrueUpGap::NoPayroll => {
            format!("labor of {month} was applied and no payroll is recorded of {teams}: send recordPayroll, then trueUpLabor")
        }
        TrueUpGap::NotPosted => format!("payroll of {month} is not compared with the labor that was applied of {teams}: send trueUpLabor"),
        TrueUpGap::Changed => format!("labor or payroll of {month} changed since the true-up of {teams}: send trueUpLabor"),
    })
}

fn team_code(masters: &Masters, (team, _): TeamKey) -> String {
    masters.center_by_id(team).map_or_else(|| "hours of no team".to_owned(), |center| center.code.clone())
}
