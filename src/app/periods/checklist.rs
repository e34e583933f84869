//! The close checklist as data: each item says what was measured, what is allowed, and what is missing.

use std::collections::{BTreeMap, BTreeSet};

use super::activity_items::{labor_true_up, revenue_recognized};
use super::handover_items::unfinished;
use super::review::review_state;
use super::settings::percent;
use super::{Reading, permitted, reading};
use crate::app::allocation::{RulesOfMonth, STALE_KIND, rules_of_month, runs_in_force};
use crate::app::auth::{Actor, Permission};
use crate::app::masters::Masters;
use crate::app::{App, AppError};
use crate::domain::chart::{CenterKind, UNATTRIBUTED};
use crate::domain::ids::NameId;
use crate::domain::money::Money;
use crate::domain::period::{Day, Month, PeriodStatus};
use crate::store::StoreError;
use crate::store::period::{Periods, StaleMark, Thresholds};

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemCode {
    /// The month is over in the books' time zone.
    PeriodOver,
    /// Charges wait for a price.
    Unpriced,
    /// Cost lies on *unattributed*.
    Unattributed,
    /// The charges of every provider of this month and the one before came in up to the end of the month.
    ProviderFeeds,
    /// Shared cost was spread by the rules, and not before a reopening.
    AllocationsRun,
    /// Revenue whose day has come is recognised.
    RevenueRecognized,
    /// Applied labor is trued up to payroll, and nothing came since.
    LaborTrueUp,
    /// No statement of the month is left unposted.
    ChargebacksPosted,
    /// Every export target has every entry of the month.
    EntriesExported,
    /// No hours of the month wait for a rate.
    HoursRated,
    /// Somebody signed the accruals off as they are now.
    AccrualsReviewed,
    /// Debits and credits are equal in every currency.
    TrialBalance,
    /// Every earlier month with entries is closed.
    EarlierPeriods,
}

impl ItemCode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PeriodOver => "PERIOD_OVER",
            Self::Unpriced => "UNPRICED",
            Self::Unattributed => "UNATTRIBUTED",
            Self::ProviderFeeds => "PROVIDER_FEEDS",
            Self::AllocationsRun => "ALLOCATIONS_RUN",
            Self::RevenueRecognized => "REVENUE_RECOGNIZED",
            Self::LaborTrueUp => "LABOR_TRUE_UP",
            Self::ChargebacksPosted => "CHARGEBACKS_POSTED",
            Self::EntriesExported => "ENTRIES_EXPORTED",
            Self::HoursRated => "HOURS_RATED",
            Self::AccrualsReviewed => "ACCRUALS_REVIEWED",
            Self::TrialBalance => "TRIAL_BALANCE",
            Self::EarlierPeriods => "EARLIER_PERIODS",
        }
    }

    /// Whether a closer may close with a reason while the item is open. Books that do not foot, and months out of order, never close.
    pub fn may_stay_open(self) -> bool {
        !matches!(self, Self::TrialBalance | Self::EarlierPeriods)
    }

    /// Whether the closer's reason must name the item for it to stay open: work that was begun, and that nobody may close over unawares.
    pub fn must_be_named(self) -> bool {
        matches!(self, Self::ChargebacksPosted | Self::EntriesExported | Self::HoursRated)
    }

    /// Whether a reason names the item by its code, as a word of its own.
    pub fn is_named_in(self, reason: &str) -> bool {
        reason.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').any(|word| word == self.as_str())
    }
}

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemState {
    Ok,
    Open,
    /// These books have nothing of the kind.
    NotApplicable,
}

/// One line of the checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub code: ItemCode,
    pub state: ItemState,
    pub measured: String,
    pub threshold: String,
    /// What is missing, or that nothing is.
    pub message: String,
    /// What it concerns, one line each.
    pub detail: Vec<String>,
}

/// The checklist of one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseChecklist {
    pub month: Month,
    pub status: PeriodStatus,
    pub thresholds: Thresholds,
    pub items: Vec<Item>,
}

/// Lines of detail of one item: what is listed is the most, and the first ones show where to begin.
pub(super) const MOST_DETAILS: usize = 20;

/// Measures the checklist of a period. It shows the figures of all centers, so a token limited to cost centers does not get it.
///
/// # Errors
/// [`AppError::Forbidden`], `DATE_INVALID`, or a database failure.
pub async fn close_checklist(app: &App, actor: &Actor, period: &str) -> Result<CloseChecklist, AppError> {
    let books = permitted(app, actor, Permission::ReadReports).await?;
    if actor.scope.is_some() {
        return Err(AppError::Forbidden(Permission::ReadReports));
    }
    let month = Month::parse(period)?;
    let work = move |reading: &mut Reading<'_>| {
        let masters = reading.masters.clone();
        Ok(CloseChecklist {
            month,
            status: masters.calendar.closings.status(month, reading.current()),
            thresholds: reading.periods.thresholds()?,
            items: measure(&mut reading.periods, &masters, month, reading.today)?,
        })
    };
    reading(app, &books, work).await
}

/// Every item, as the tables of the open transaction have it.
pub(super) fn measure(periods: &mut Periods<'_>, masters: &Masters, month: Month, today: Day) -> Result<Vec<Item>, AppError> {
    let (thresholds, current) = (periods.thresholds()?, today.month());
    let [statements, exports, hours] = unfinished(periods, month)?;
    Ok(vec![
        period_over(month, current),
        unpriced(periods, month, thresholds.unpriced_charges)?,
        unattributed(periods, masters, month, thresholds.unattributed_basis_points)?,
        provider_feeds(periods, month, thresholds.feed_gap_days)?,
        allocations_run(periods, masters, month)?,
        revenue_recognized(periods, month, today)?,
        labor_true_up(periods, masters, month, current)?,
        statements,
        exports,
        hours,
        accruals_reviewed(periods, masters, month)?,
        trial_balance(periods, month)?,
        earlier_periods(periods, masters, month, current)?,
    ])
}

/// An item that is settled when `missing` is empty.
pub(super) fn item(
    code: ItemCode,
    measured: impl ToString,
    threshold: impl ToString,
    missing: Option<String>,
    detail: Vec<String>,
) -> Item {
    let state = if missing.is_some() { ItemState::Open } else { ItemState::Ok };
    let message = missing.unwrap_or_else(|| "nothing is missing".to_owned());
    Item { code, state, measured: measured.to_string(), threshold: threshold.to_string(), message, detail }
}

/// An item that these books have nothing for.
pub(super) fn not_applicable(code: ItemCode, measured: &str, threshold: &str, message: &str) -> Item {
    let [measured, threshold, message] = [measured, threshold, message].map(str::to_owned);
    Item { code, state: ItemState::NotApplicable, measured, threshold, message, detail: Vec::new() }
}

fn period_over(month: Month, current: Month) -> Item {
    let missing =
        (month >= current).then(|| format!("{month} ends on {}: later charges of it would be booked in the next period", month.last_day()));
    item(ItemCode::PeriodOver, current, month.next(), missing, Vec::new())
}

fn unpriced(periods: &mut Periods<'_>, month: Month, threshold: i64) -> Result<Item, StoreError> {
    let reasons = periods.unpriced_reasons(month)?;
    let count: i64 = reasons.iter().map(|reason| reason.1).fold(0, i64::saturating_add);
    let missing = (count > threshold)
        .then(|| format!("{count} charges wait for a price, {threshold} are allowed: save the prices and run rerateCharges"));
    let detail = reasons.into_iter().take(MOST_DETAILS).map(|(reason, count)| format!("{count}: {reason}")).collect();
    Ok(item(ItemCode::Unpriced, count, threshold, missing, detail))
}

fn unattributed(periods: &mut Periods<'_>, masters: &Masters, month: Month, threshold: i64) -> Result<Item, StoreError> {
    let standing = CenterKind::ALL.map(|kind| masters.center_by_code(kind, UNATTRIBUTED).map_or(NameId(-1), |center| center.id));
    let (mut largest, mut is_above, mut detail) = (0_i128, false, Vec::new());
    for (currency, cost, unattributed) in periods.unattributed_cost(month, standing)? {
        let (cost, open) = (cost, unattributed.max(0));
        // Compared by multiplication, so that nothing is rounded away.
        is_above |= open * 10_000 > i128::from(threshold) * cost.max(0);
        let share = if cost > 0 { (open * 10_000 + cost - 1) / cost } else { i128::from(open > 0) * 10_000 };
        largest = largest.max(share);
        if open > 0 {
            detail.push(format!("{} of {} {currency}", Money::exact_of_units(open, currency), Money::exact_of_units(cost, currency)));
        }
    }
    let (share, allowed) = (percent(largest), percent(threshold.into()));
    let missing = is_above
        .then(|| format!("{share} percent of cost has no owner, {allowed} is allowed: save attribution rules and run reattributeCharges"));
    Ok(item(ItemCode::Unattributed, format!("{share}%"), format!("{allowed}%"), missing, detail))
}

/// A provider that had charges in this month or the one before, and has none near the end of this one, has not told everything yet.
fn provider_feeds(periods: &mut Periods<'_>, month: Month, threshold: i64) -> Result<Item, StoreError> {
    let before = periods.last_charge_days(month.previous())?;
    let seen: BTreeMap<String, _> = periods.last_charge_days(month)?.into_iter().collect();
    let expected: BTreeSet<String> = before.into_iter().map(|(provider, _)| provider).chain(seen.keys().cloned()).collect();
    let (end, mut late, mut detail) = (month.last_day(), BTreeSet::new(), Vec::new());
    for provider in expected {
        let last = seen.get(&provider).copied();
        let is_late = last.is_none_or(|day| i64::from(end.0) - i64::from(day.0) > threshold);
        let told = last.map_or("no charge in the period".to_owned(), |day| format!("last charge on {day}"));
        detail.push(format!("{provider}: {told}{}", if is_late { ", incomplete" } else { "" }));
        if is_late {
            late.insert(provider);
        }
    }
    let named = late.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let missing =
        (!late.is_empty()).then(|| format!("no charge in the last days of {month} from {named}: complete the feed, or say why it ended"));
    Ok(item(ItemCode::ProviderFeeds, late.len(), format!("last charge within {threshold} days of {end}"), missing, detail))
}

/// What of a kind was computed on a month before it was reopened, and not again since.
pub(super) fn stale_objects(periods: &mut Periods<'_>, month: Month, kind: &str) -> Result<Vec<String>, StoreError> {
    let is_stale = |mark: &StaleMark| mark.month == month && mark.kind == kind && mark.renewed_at.is_none();
    Ok(periods.stale_list()?.into_iter().filter(is_stale).map(|mark| mark.object).collect())
}

/// Every rule that governs the month and has something to spread has a run in force, and none of them is of before a reopening.
fn allocations_run(periods: &mut Periods<'_>, masters: &Masters, month: Month) -> Result<Item, AppError> {
    let RulesOfMonth { governing, idle, open } = rules_of_month(periods.ledger, periods.books, masters, month)?;
    if governing == 0 {
        let message = "the books have no allocation rules for the period";
        return Ok(not_applicable(ItemCode::AllocationsRun, "0 rules", "every rule run", message));
    }
    let in_force = runs_in_force(periods.ledger, periods.books, month)?;
    let mut stale = stale_objects(periods, month, STALE_KIND)?;
    // A run that was reversed since is no result any more.
    stale.retain(|run| in_force.contains(run));
    let missing = if !open.is_empty() {
        let rules = if open.len().saturating_add(idle) == governing {
            String::new()
        } else {
            format!(" with rules {}", open.iter().take(MOST_DETAILS).map(String::as_str).collect::<Vec<_>>().join(", "))
        };
        Some(format!("{} of {governing} rules did not run: send runAllocation{rules}", open.len()))
    } else if !stale.is_empty() {
        Some(format!(
            "{month} was reopened since its rules ran: send runAllocation with mode RERUN, or INCREMENT where something was added"
        ))
    } else {
        None
    };
    let ran = governing.saturating_sub(open.len()).saturating_sub(idle);
    let without = if idle == 0 { String::new() } else { format!(", {idle} with nothing to spread") };
    let measured = format!("{ran} of {governing} rules{without}");
    let detail = open.into_iter().chain(stale.into_iter().map(|run| format!("{run} is stale"))).take(MOST_DETAILS).collect();
    Ok(item(ItemCode::AllocationsRun, measured, "every rule run", missing, detail))
}

/// Signed off, and neither reopened nor moved since.
fn accruals_reviewed(periods: &mut Periods<'_>, masters: &Masters, month: Month) -> Result<Item, StoreError> {
    let (review, missing) = review_state(periods, masters, month)?;
    let detail =
        review.iter().map(|review| format!("{} through entry {}: {}", review.subject, review.through_entry, review.note)).collect();
    Ok(item(ItemCode::AccrualsReviewed, if missing.is_none() { "reviewed" } else { "not reviewed" }, "reviewed", missing, detail))
}

fn trial_balance(periods: &mut Periods<'_>, month: Month) -> Result<Item, StoreError> {
    let mut totals: BTreeMap<_, (i128, i128)> = BTreeMap::new();
    for (currency, debit, credit) in periods.account_totals(month)? {
        let total = totals.entry(currency).or_default();
        total.0 += debit;
        total.1 += credit;
    }
    let off = totals.values().filter(|(debit, credit)| debit != credit).count();
    let missing = (off > 0).then(|| "debits and credits differ: run `tallybook verify` before anything else".to_owned());
    let exact = Money::exact_of_units;
    let detail = totals
        .iter()
        .map(|(currency, (debit, credit))| format!("debit {} credit {} {currency}", exact(*debit, *currency), exact(*credit, *currency)));
    Ok(item(ItemCode::TrialBalance, format!("{off} currencies off"), "0 currencies off", missing, detail.collect()))
}

fn earlier_periods(periods: &mut Periods<'_>, masters: &Masters, month: Month, current: Month) -> Result<Item, StoreError> {
    let status = |earlier: Month| masters.calendar.closings.status(earlier, current);
    let with_entries = periods.months_with_entries()?.into_iter();
    let open: Vec<Month> = with_entries.filter(|earlier| *earlier < month && status(*earlier) < PeriodStatus::Closed).collect();
    let missing = open.first().map(|first| format!("{first} has entries and is {}: close it first", status(*first).as_str()));
    let detail = open.iter().take(MOST_DETAILS).map(|month| format!("{month} {}", status(*month).as_str())).collect();
    Ok(item(ItemCode::EarlierPeriods, open.len(), 0, missing, detail))
}
