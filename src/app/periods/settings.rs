//! Settings of the books: in which period something falls, when a period may close, and whose hours everyone sees.

use serde_json::json;

use super::{change, permitted};
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::journal::{BooksView, books};
use crate::app::posting::Session;
use crate::app::{App, AppError};
use crate::domain::labor::LeastPersons;
use crate::domain::money::Exact;
use crate::domain::period::{FiscalYearStart, Zone};
use crate::domain::rejection::{Code, Rejection};
use crate::store::period::Thresholds;

/// Settings to change; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct BooksSettings {
    /// An IANA name. Only while the books hold no charge: its day would move.
    pub time_zone: Option<String>,
    /// 1 to 12. Renames fiscal years and moves nothing.
    pub fiscal_year_start: Option<i64>,
    /// 2 to 100. Hides and shows hours; it changes no figure.
    pub least_persons: Option<i64>,
}

/// Thresholds to change; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct ThresholdsInput {
    pub unpriced_charges: Option<i64>,
    /// A percentage with at most two decimals, such as `1` or `0.25`.
    pub unattributed_percent: Option<String>,
    pub feed_gap_days: Option<i64>,
}

/// The longest month has this many days.
const LARGEST_GAP_DAYS: i64 = 31;
/// Fifteen digits: far above the charges of any month.
const MOST_CHARGES: i64 = 1_000_000_000_000_000;

/// The settings as they stand or shall stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Settings {
    zone: Zone,
    start: FiscalYearStart,
    least_persons: LeastPersons,
}

impl Settings {
    fn told(self) -> serde_json::Value {
        let Self { zone, start, least_persons } = self;
        json!({ "timeZone": zone.name(), "fiscalYearStart": start.month(), "leastPersons": least_persons.get() })
    }
}

/// Saves the time zone and the fiscal year of the books, and of how few persons everyone sees hours.
///
/// # Errors
/// `Forbidden`; `Rejected` with `TIME_ZONE_UNKNOWN`, `FISCAL_YEAR_START_INVALID`, `TIME_ZONE_FIXED`, `THRESHOLD_INVALID`; any database failure.
pub async fn save_books_settings(app: &App, actor: &Actor, input: BooksSettings) -> Result<BooksView, AppError> {
    let opened = permitted(app, actor, Permission::AdminBooks).await?;
    let zone = input.time_zone.as_deref().map(Zone::parse).transpose()?;
    let start = input.fiscal_year_start.map(FiscalYearStart::new).transpose()?;
    let least = input.least_persons.map(LeastPersons::new).transpose()?;
    let saving = actor.clone();
    let work = move |session: &mut Session| {
        let now = session.masters();
        let now = Settings { zone: now.calendar.zone, start: now.calendar.fiscal_year_start, least_persons: now.least_persons };
        let (zone, start) = (zone.unwrap_or(now.zone), start.unwrap_or(now.start));
        settings_in_tx(session, &saving, now, Settings { zone, start, least_persons: least.unwrap_or(now.least_persons) })
    };
    change(app, &opened, work).await?;
    books(app, actor).await
}

fn settings_in_tx(session: &mut Session, actor: &Actor, now: Settings, wanted: Settings) -> Result<(), AppError> {
    if wanted == now {
        return Ok(());
    }
    if wanted.zone != now.zone && session.head.last_charge > 0 {
        let message = format!("the books hold {} charges, counted in {}: their days would move", session.head.last_charge, now.zone.name());
        return Err(Rejection::at(Code::TimeZoneFixed, "timeZone", message).into());
    }
    session.periods().settings_save(wanted.zone.name(), i64::from(wanted.start.month()), wanted.least_persons.get())?;
    let change = Change {
        action: "books.saveSettings",
        object: "books".to_owned(),
        before: Some(now.told()),
        after: Some(wanted.told()),
        reason: None,
    };
    session.audit(audit::event(actor, change));
    Ok(())
}

/// Saves what the close checklist lets pass.
///
/// # Errors
/// `Forbidden`; `Rejected` with `THRESHOLD_INVALID`; any database failure.
pub async fn save_close_thresholds(app: &App, actor: &Actor, input: ThresholdsInput) -> Result<Thresholds, AppError> {
    let books = permitted(app, actor, Permission::AdminBooks).await?;
    let unpriced = within("unpricedCharges", input.unpriced_charges, MOST_CHARGES)?;
    let gap = within("feedGapDays", input.feed_gap_days, LARGEST_GAP_DAYS)?;
    let share = input.unattributed_percent.as_deref().map(basis_points).transpose()?;
    let saving = actor.clone();
    let work = move |session: &mut Session| {
        let before = session.periods().thresholds()?;
        let after = Thresholds {
            unpriced_charges: unpriced.unwrap_or(before.unpriced_charges),
            unattributed_basis_points: share.unwrap_or(before.unattributed_basis_points),
            feed_gap_days: gap.unwrap_or(before.feed_gap_days),
        };
        if after != before {
            session.periods().thresholds_save(after)?;
            let change = Change {
                action: "books.saveCloseThresholds",
                object: "close thresholds".to_owned(),
                before: Some(told(before)),
                after: Some(told(after)),
                reason: None,
            };
            session.audit(audit::event(&saving, change));
        }
        Ok(after)
    };
    change(app, &books, work).await
}

fn told(thresholds: Thresholds) -> serde_json::Value {
    json!({
        "unpricedCharges": thresholds.unpriced_charges,
        "unattributedPercent": percent(thresholds.unattributed_basis_points.into()),
        "feedGapDays": thresholds.feed_gap_days,
    })
}

/// Hundredths of a percent as a percentage, without trailing zeros.
pub fn percent(basis_points: i128) -> String {
    Exact::new(basis_points, 2).normalized().to_string()
}

fn within(field: &'static str, value: Option<i64>, largest: i64) -> Result<Option<i64>, Rejection> {
    match value.filter(|value| !(0..=largest).contains(value)) {
        None => Ok(value),
        Some(value) => Err(Rejection::at(Code::ThresholdInvalid, field, format!("`{field}` is {value}; it goes from 0 to {largest}"))),
    }
}

fn basis_points(text: &str) -> Result<i64, Rejection> {
    let parsed = Exact::parse(text).ok().map(Exact::normalized).filter(|exact| exact.scale() <= 2);
    let points = parsed.and_then(|exact| exact.round_half_even(2)).filter(|points| (0..=10_000).contains(points));
    let message = "`unattributedPercent` is a percentage from 0 to 100 with at most two decimals, such as \"0.25\"";
    points.ok_or_else(|| Rejection::at(Code::ThresholdInvalid, "unattributedPercent", message))
}
