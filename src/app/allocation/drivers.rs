//! Recorded quantities of drivers: headcount, seats, anything that the books do not compute. The latest of a period and center counts.

use serde_json::json;

use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::masters::{Masters, required};
use crate::app::posting::Session;
use crate::app::posting::command;
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::allocation::standing_driver;
use crate::domain::chart::CenterKind;
use crate::domain::money::Exact;
use crate::domain::period::{Moment, Month};
use crate::domain::rejection::{Code, Rejection};
use crate::store::allocation::{DriverValue, RecordedDriver, driver_list, value_insert};

/// Values in one call: a driver of every center of a large company.
const MOST_VALUES: usize = 10_000;
/// Longest name of a driver.
const LONGEST_DRIVER: usize = 64;
/// Values that the audit log shows of one call.
const SHOWN_VALUES: usize = 50;

/// A value as it is given.
#[derive(Debug, Clone)]
pub struct DriverValueInput {
    pub driver: String,
    /// `YYYY-MM`.
    pub period: String,
    pub kind: CenterKind,
    pub center: String,
    pub quantity: String,
}

/// Records values: all or nothing. A value recorded before stays, and the later one counts.
///
/// # Errors
/// `Forbidden`; `MISSING_FIELD`, `TEXT_TOO_LONG`, `DRIVER_RESERVED`, `DATE_INVALID`, `COST_CENTER_UNKNOWN`, `AMOUNT_INVALID`, `TOO_MANY_ITEMS`,
/// each at its place in the list; any database failure.
pub async fn record_driver_values(app: &App, actor: &Actor, inputs: Vec<DriverValueInput>) -> Result<usize, AppError> {
    if !actor.may(Permission::RecordActivity) {
        return Err(AppError::Forbidden(Permission::RecordActivity));
    }
    let (books, recording) = (app.books(actor).await?, actor.clone());
    if inputs.len() > MOST_VALUES {
        let message = format!("`values` has {} items; one call takes {MOST_VALUES}. Split it", inputs.len());
        return Err(Rejection::at(Code::TooManyItems, "values", message).into());
    }
    let work = move |session: &mut Session| {
        let values = checked(&inputs, &session.masters().clone())?;
        if values.is_empty() {
            return Ok(0);
        }
        let (books, at) = (command::books(session), command::recorded_at(session));
        value_insert(command::ledger(session), books, &values, (&recording.subject, at))?;
        let told = |input: &DriverValueInput| json!([input.driver, input.period, input.kind.field(), input.center, input.quantity]);
        let shown: Vec<_> = inputs.iter().take(SHOWN_VALUES).map(told).collect();
        let after = json!({ "recorded": values.len(), "values": shown });
        let object = "driver values".to_owned();
        session.audit(audit::event(&recording, Change { action: "driver.record", object, after: Some(after), ..Change::default() }));
        Ok(values.len())
    };
    books.desk().run(Moment::from_instant(app.clock().now()), work).await
}

fn checked(inputs: &[DriverValueInput], masters: &Masters) -> Result<Vec<DriverValue>, AppError> {
    let (mut values, mut refused) = (Vec::with_capacity(inputs.len()), Vec::new());
    for (position, input) in inputs.iter().enumerate() {
        match value(input, masters) {
            Ok(value) => values.push(value),
            Err(rejection) => refused.push(rejection.under(position.to_string()).under("values")),
        }
    }
    if refused.is_empty() { Ok(values) } else { Err(AppError::Rejected(refused)) }
}

fn value(input: &DriverValueInput, masters: &Masters) -> Result<DriverValue, Rejection> {
    let driver = required("driver", &input.driver, LONGEST_DRIVER)?;
    if standing_driver(&driver).is_some() {
        let message = format!("the books compute {driver} themselves: choose another name");
        return Err(Rejection::at(Code::DriverReserved, "driver", message));
    }
    let month = Month::parse(&input.period)?;
    let unknown = || {
        let code: String = input.center.chars().take(64).collect();
        Rejection::at(Code::CostCenterUnknown, "costCenter", format!("there is no {} {code}: save it first", input.kind.field()))
    };
    let center = masters.center_by_code(input.kind, &input.center).ok_or_else(unknown)?;
    let quantity = Exact::parse(&input.quantity).map_err(|rejection| rejection.under("quantity"))?;
    Ok(DriverValue { driver, month, kind: input.kind, center: center.id, quantity: quantity.normalized() })
}

/// Recorded values after a number with the codes of their centers, in the order of recording; one more than `limit` tells that there are more.
///
/// # Errors
/// `DATE_INVALID`; [`AppError::Forbidden`] or a database failure.
pub async fn driver_values(
    app: &App,
    actor: &Actor,
    (driver, period): (Option<String>, Option<String>),
    after: i64,
    limit: usize,
) -> Result<Vec<(RecordedDriver, String)>, AppError> {
    let month = period.as_deref().map(Month::parse).transpose()?;
    reading(app, actor, Permission::ReadMasters, move |ledger, books, masters| {
        let values = driver_list(ledger, books, (driver.as_deref(), month), after, limit)?;
        let code = |value: &RecordedDriver| masters.center_by_id(value.value.center).map(|center| center.code.clone()).unwrap_or_default();
        Ok(values
            .into_iter()
            .map(|value| {
                let code = code(&value);
                (value, code)
            })
            .collect())
    })
    .await
}
