//! Periods, their changes, and the close checklist.

use async_graphql::{Enum, InputObject, SimpleObject};

use crate::app::periods as app;
use crate::domain::period;
use crate::graphql::scalars::{BigInt, Date, DateTime, Decimal};

/// How far a month is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::period::PeriodStatus")]
pub enum PeriodStatus {
    /// Not begun. Takes charges whose clock runs ahead, and no entry that a person dates.
    Future,
    /// Takes every entry.
    Open,
    /// Takes adjusting entries of those who close periods.
    SoftClosed,
    /// Takes nothing, unless two persons reopen it. Late charges go to the first open period.
    Closed,
    /// Takes nothing, for ever.
    Locked,
}

/// To what a period is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ClosingStatus {
    /// Takes adjusting entries of those who close periods.
    SoftClosed,
    /// Takes nothing, unless two persons reopen it.
    Closed,
    /// Takes nothing, for ever.
    Locked,
}

impl From<ClosingStatus> for period::PeriodStatus {
    fn from(status: ClosingStatus) -> Self {
        match status {
            ClosingStatus::SoftClosed => Self::SoftClosed,
            ClosingStatus::Closed => Self::Closed,
            ClosingStatus::Locked => Self::Locked,
        }
    }
}

/// A month of the books, in their time zone.
#[derive(Debug, Clone, SimpleObject)]
pub struct Period {
    /// Such as `2026-01`.
    period: String,
    status: PeriodStatus,
    /// The calendar year in which its fiscal year ends.
    fiscal_year: i32,
    first_day: Date,
    last_day: Date,
    /// The last entry of the books when it was closed: every entry of the period has a number up to it. Absent while it is open.
    through_entry: Option<BigInt>,
    /// Whether something that was computed on it before a reopening was not computed again since.
    stale: bool,
    /// What that is.
    stale_marks: Vec<StaleMark>,
    /// The request to reopen it that waits for another person.
    reopening_request: Option<ReopeningRequest>,
    /// In their order.
    changes: Vec<PeriodChange>,
}

impl From<app::PeriodView> for Period {
    fn from(period: app::PeriodView) -> Self {
        Self {
            period: period.month.to_string(),
            status: period.status.into(),
            fiscal_year: period.fiscal_year,
            first_day: period.first_day.into(),
            last_day: period.last_day.into(),
            through_entry: period.through_entry.map(|entry| entry.0.into()),
            stale: !period.stale.is_empty(),
            stale_marks: period.stale.into_iter().map(StaleMark::from).collect(),
            reopening_request: period.reopening_request.map(ReopeningRequest::from),
            changes: period.changes.into_iter().map(PeriodChange::from).collect(),
        }
    }
}

/// A change of a period: who, when, why.
#[derive(Debug, Clone, SimpleObject)]
pub struct PeriodChange {
    from_status: PeriodStatus,
    to_status: PeriodStatus,
    /// Who did it; of a reopening, who agreed to it.
    by: String,
    /// Who asked for a reopening.
    requested_by: Option<String>,
    /// Why; of a close, why open items were accepted.
    reason: Option<String>,
    /// The last entry of the books at the change.
    through_entry: BigInt,
    at: DateTime,
}

impl From<app::PeriodChange> for PeriodChange {
    fn from(change: app::PeriodChange) -> Self {
        Self {
            from_status: change.from.into(),
            to_status: change.to.into(),
            by: change.subject,
            requested_by: change.requested_by,
            reason: change.reason,
            through_entry: change.through_entry.0.into(),
            at: change.recorded_at.into(),
        }
    }
}

/// A request to reopen a period.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReopeningRequest {
    by: String,
    reason: String,
    at: DateTime,
}

impl From<app::ReopeningRequest> for ReopeningRequest {
    fn from(request: app::ReopeningRequest) -> Self {
        Self { by: request.subject, reason: request.reason, at: request.recorded_at.into() }
    }
}

/// Something that was computed on a period before it was reopened.
#[derive(Debug, Clone, SimpleObject)]
pub struct StaleMark {
    /// Such as `ACCRUAL_REVIEW`.
    kind: String,
    /// Its name among its kind.
    object: String,
    marked_at: DateTime,
}

impl From<app::StaleMark> for StaleMark {
    fn from(mark: app::StaleMark) -> Self {
        Self { kind: mark.kind, object: mark.object, marked_at: mark.marked_at.into() }
    }
}

/// What must be settled before a period closes.
#[derive(Debug, Clone, SimpleObject)]
pub struct CloseChecklist {
    period: String,
    status: PeriodStatus,
    /// Whether no item is open.
    ok: bool,
    items: Vec<ChecklistItem>,
    thresholds: CloseThresholds,
}

impl From<app::CloseChecklist> for CloseChecklist {
    fn from(checklist: app::CloseChecklist) -> Self {
        Self {
            period: checklist.month.to_string(),
            status: checklist.status.into(),
            ok: checklist.items.iter().all(|item| item.state != app::ItemState::Open),
            items: checklist.items.into_iter().map(ChecklistItem::from).collect(),
            thresholds: checklist.thresholds.into(),
        }
    }
}

/// What is looked at before a period closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::periods::ItemCode")]
pub enum ChecklistItemCode {
    /// The month is over in the books' time zone.
    PeriodOver,
    /// Charges wait for a price.
    Unpriced,
    /// Cost lies on *unattributed*.
    Unattributed,
    /// Every provider's charges came in up to the end of the month.
    ProviderFeeds,
    /// Shared cost was spread by the rules.
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
    /// Somebody signed the accruals off.
    AccrualsReviewed,
    /// Debits and credits are equal in every currency.
    TrialBalance,
    /// Every earlier month with entries is closed.
    EarlierPeriods,
}

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::periods::ItemState")]
pub enum ChecklistItemState {
    Ok,
    Open,
    /// These books have nothing of the kind.
    NotApplicable,
}

/// One line of the checklist.
#[derive(Debug, Clone, SimpleObject)]
pub struct ChecklistItem {
    code: ChecklistItemCode,
    state: ChecklistItemState,
    /// Whether it does not keep the period from closing.
    ok: bool,
    /// Whether the period may close with a reason while it is open.
    may_stay_open: bool,
    /// Whether the reason must name the item by its code for the period to close while it is open.
    must_be_named: bool,
    measured: String,
    threshold: String,
    /// What is missing, or that nothing is.
    message: String,
    /// What it concerns, one line each.
    detail: Vec<String>,
}

impl From<app::Item> for ChecklistItem {
    fn from(item: app::Item) -> Self {
        let app::Item { code, state, measured, threshold, message, detail } = item;
        let (ok, may_stay_open, must_be_named) = (state != app::ItemState::Open, code.may_stay_open(), code.must_be_named());
        Self { code: code.into(), state: state.into(), ok, may_stay_open, must_be_named, measured, threshold, message, detail }
    }
}

/// What the checklist lets pass.
#[derive(Debug, Clone, SimpleObject)]
pub struct CloseThresholds {
    /// Charges without a price.
    unpriced_charges: BigInt,
    /// Percentage of cost on *unattributed*, in each currency.
    unattributed_percent: Decimal,
    /// Days between a provider's last charge and the end of the month.
    feed_gap_days: i32,
}

impl From<app::Thresholds> for CloseThresholds {
    fn from(thresholds: app::Thresholds) -> Self {
        Self {
            unpriced_charges: thresholds.unpriced_charges.into(),
            unattributed_percent: Decimal(app::percent(thresholds.unattributed_basis_points.into())),
            feed_gap_days: i32::try_from(thresholds.feed_gap_days).unwrap_or(i32::MAX),
        }
    }
}

/// Which period to close.
#[derive(Debug, Clone, InputObject)]
pub struct ClosePeriodInput {
    /// Such as `2026-01`.
    period: String,
    #[graphql(default_with = "ClosingStatus::Closed")]
    status: ClosingStatus,
    /// Why items of the checklist may stay open; it is kept with the change. It names `CHARGEBACKS_POSTED`, `ENTRIES_EXPORTED` and `HOURS_RATED`
    /// by their codes where one of these is open.
    accept_open_items: Option<String>,
}

impl From<ClosePeriodInput> for app::CloseInput {
    fn from(input: ClosePeriodInput) -> Self {
        Self { period: input.period, status: input.status.into(), accept_open_items: input.accept_open_items }
    }
}

/// Which period to reopen, and why.
#[derive(Debug, Clone, InputObject)]
pub struct ReopeningInput {
    /// Such as `2026-01`.
    period: String,
    reason: String,
}

impl From<ReopeningInput> for app::ReopenInput {
    fn from(input: ReopeningInput) -> Self {
        Self { period: input.period, reason: input.reason }
    }
}

/// Which period's accruals were looked at.
#[derive(Debug, Clone, InputObject)]
pub struct ReviewAccrualsInput {
    /// Such as `2026-01`.
    period: String,
    /// What was looked at, and what came of it.
    note: String,
}

impl From<ReviewAccrualsInput> for app::ReviewInput {
    fn from(input: ReviewAccrualsInput) -> Self {
        Self { period: input.period, note: input.note }
    }
}

/// Thresholds to change; what is absent stays.
#[derive(Debug, Clone, InputObject)]
pub struct SaveCloseThresholdsInput {
    pub unpriced_charges: Option<BigInt>,
    /// From 0 to 100, with at most two decimals.
    pub unattributed_percent: Option<Decimal>,
    /// From 0 to 31.
    pub feed_gap_days: Option<i32>,
}

/// Settings of the books to change; what is absent stays.
#[derive(Debug, Clone, InputObject)]
pub struct SaveBooksSettingsInput {
    /// IANA name of the zone in which days are counted, such as `Europe/Berlin`. Only while the books hold no charge.
    time_zone: Option<String>,
    /// The calendar month, 1 to 12, in which the fiscal year begins.
    fiscal_year_start: Option<i32>,
    /// How few persons may stand behind hours that everyone sees, from 2 to 100.
    least_persons: Option<i32>,
}

impl From<SaveBooksSettingsInput> for app::BooksSettings {
    fn from(input: SaveBooksSettingsInput) -> Self {
        let SaveBooksSettingsInput { time_zone, fiscal_year_start, least_persons } = input;
        Self { time_zone, fiscal_year_start: fiscal_year_start.map(i64::from), least_persons: least_persons.map(i64::from) }
    }
}
