//! The reporting currency of the books, and how old a rate may be.

use serde_json::json;

use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::posting::command;
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::money::Currency;
use crate::domain::period::Moment;
use crate::domain::rejection::{Code, Rejection};
use crate::store::exchange::{CurrencySettings, has_differences, settings, settings_save};

/// The longest a rate may be used after its day.
const MOST_RATE_DAYS: i32 = 366;

/// How the books see other currencies.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn currency_settings(app: &App, actor: &Actor) -> Result<CurrencySettings, AppError> {
    reading(app, actor, Permission::ReadReports, |ledger, books, _| Ok(settings(ledger, books)?)).await
}

/// Sets the reporting currency, and how many days old a rate may be when it is used; that stays when absent.
///
/// # Errors
/// `Forbidden`; `REPORTING_CURRENCY_FIXED` once exchange differences were booked in another one, `RANGE_INVALID` for the days.
pub async fn set_reporting_currency(
    app: &App,
    actor: &Actor,
    currency: Currency,
    rate_days: Option<i32>,
) -> Result<CurrencySettings, AppError> {
    if !actor.may(Permission::AdminBooks) {
        return Err(AppError::Forbidden(Permission::AdminBooks));
    }
    let books = app.books(actor).await?;
    if rate_days.is_some_and(|days| !(0..=MOST_RATE_DAYS).contains(&days)) {
        return Err(Rejection::at(Code::RangeInvalid, "rateDays", format!("`rateDays` is between 0 and {MOST_RATE_DAYS}")).into());
    }
    let (recorded_at, who) = (Moment::from_instant(app.clock().now()), actor.clone());
    let work = move |session: &mut crate::app::posting::Session| {
        let books = command::books(session);
        let before = settings(command::ledger(session), books)?;
        let after = CurrencySettings { reporting: Some(currency), rate_days: rate_days.unwrap_or(before.rate_days) };
        if before == after {
            return Ok(after);
        }
        if before.reporting != after.reporting && has_differences(command::ledger(session), books)? {
            return Err(Rejection::of(Code::ReportingCurrencyFixed).under("currency").into());
        }
        settings_save(command::ledger(session), books, currency, after.rate_days)?;
        let shown =
            |held: CurrencySettings| Some(json!({ "reportingCurrency": held.reporting.map(Currency::code), "rateDays": held.rate_days }));
        let change = Change {
            action: "books.reporting-currency",
            object: "books".to_owned(),
            before: shown(before),
            after: shown(after),
            reason: None,
        };
        session.audit(audit::event(&who, change));
        Ok(after)
    };
    books.desk().run(recorded_at, work).await
}
