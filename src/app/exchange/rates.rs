//! Exchange rates: saved and imported, never edited. The latest recorded of a pair and day is the one that counts.

use std::collections::HashMap;

use serde_json::json;

use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::posting::{Session, command};
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::money::{Currency, Rate};
use crate::domain::period::{Day, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::import::rates::{RateFileError, RateLine, read_rates};
use crate::store::exchange::{NewRate, RateFilter, StoredRate, rate_insert, rate_list, rate_of_day};

/// Rates in one `saveExchangeRates`.
const MOST_RATES: usize = 1_000;
/// Rates in one file: ten years of a hundred pairs.
const MOST_FILE_RATES: usize = 400_000;
/// Rates that the audit log shows of one change.
const SHOWN_RATES: usize = 50;
const LONGEST_SOURCE: usize = 200;

/// A rate as it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateInput {
    pub from: String,
    pub to: String,
    /// `YYYY-MM-DD`.
    pub day: String,
    /// How much of `to` one unit of `from` is.
    pub rate: String,
    pub source: String,
}

/// Reads a CSV file of rates: the columns date, from, to, rate and source.
///
/// # Errors
/// What is wrong with the file, with the line.
pub fn read_rate_file(reader: impl std::io::Read) -> Result<Vec<RateInput>, RateFileError> {
    let input = |line: RateLine| RateInput { from: line.from, to: line.to, day: line.day, rate: line.rate, source: line.source };
    Ok(read_rates(reader)?.into_iter().map(input).collect())
}

/// What became of the rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavedRates {
    pub added: u64,
    /// The books had the same rate from the same source as the latest of that day.
    pub unchanged: u64,
}

/// Saves rates: all or nothing.
///
/// # Errors
/// `Forbidden`; `RATE_INVALID`, `CURRENCY_UNKNOWN`, `DATE_INVALID`, `DATE_OUT_OF_RANGE`, `TOO_MANY_ITEMS`, each at its place in the list.
pub async fn save_exchange_rates(app: &App, actor: &Actor, rates: Vec<RateInput>) -> Result<SavedRates, AppError> {
    save(app, actor, rates, MOST_RATES).await
}

/// Saves the rates of a file: all or nothing, and more at once.
///
/// # Errors
/// As [`save_exchange_rates`].
pub async fn import_exchange_rates(app: &App, actor: &Actor, rates: Vec<RateInput>) -> Result<SavedRates, AppError> {
    save(app, actor, rates, MOST_FILE_RATES).await
}

/// Rates in the order in which they were recorded, after a number; one more than `limit` tells that there are more.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn exchange_rates(app: &App, actor: &Actor, filter: RateFilter, limit: usize) -> Result<Vec<StoredRate>, AppError> {
    reading(app, actor, Permission::ReadPrices, move |ledger, books, _| Ok(rate_list(ledger, books, filter, limit)?)).await
}

async fn save(app: &App, actor: &Actor, inputs: Vec<RateInput>, most: usize) -> Result<SavedRates, AppError> {
    if !actor.may(Permission::SavePrices) {
        return Err(AppError::Forbidden(Permission::SavePrices));
    }
    let books = app.books(actor).await?;
    if inputs.len() > most {
        let message = format!("`rates` has {} items; one call takes {most}. Split it", inputs.len());
        return Err(Rejection::at(Code::TooManyItems, "rates", message).into());
    }
    let recorded_at = Moment::from_instant(app.clock().now());
    let (mut rates, mut refused) = (Vec::with_capacity(inputs.len()), Vec::new());
    for (position, input) in inputs.iter().enumerate() {
        match read(input, recorded_at.day()) {
            Ok(rate) => rates.push(rate),
            Err(rejection) => refused.push(rejection.under(position.to_string()).under("rates")),
        }
    }
    if !refused.is_empty() {
        return Err(AppError::Rejected(refused));
    }
    let who = actor.clone();
    books.desk().run(recorded_at, move |session| save_in_tx(session, &who, rates)).await
}

fn read(input: &RateInput, today: Day) -> Result<NewRate, Rejection> {
    let currency = |field: &'static str, code: &str| Currency::parse(code).map_err(|rejection| rejection.under(field));
    let (from, to) = (currency("from", &input.from)?, currency("to", &input.to)?);
    if from == to {
        return Err(Rejection::at(Code::RateInvalid, "to", format!("a rate is between two currencies; both are {from}")));
    }
    let is_day = input.day.len() == "2026-01-31".len();
    let day = is_day.then(|| chrono::NaiveDate::parse_from_str(&input.day, "%Y-%m-%d").ok()).flatten();
    let day = day.map(Day::from_date).ok_or_else(|| {
        let shown: String = input.day.chars().take(40).collect();
        Rejection::at(Code::DateInvalid, "day", format!("`{shown}` is not a day such as \"2026-01-31\""))
    })?;
    command::past_day("day", day, today)?;
    command::text("source", &input.source, LONGEST_SOURCE)?;
    let rate = Rate::parse(&input.rate).map_err(|rejection| rejection.under("rate"))?;
    Ok(NewRate { from, to, day, rate, source: input.source.trim().to_owned() })
}

fn save_in_tx(session: &mut Session, actor: &Actor, rates: Vec<NewRate>) -> Result<SavedRates, AppError> {
    let (books, recorded_at, given) = (command::books(session), command::recorded_at(session), rates.len());
    let mut latest: HashMap<(Currency, Currency, Day), Option<(Rate, String)>> = HashMap::new();
    let mut new = Vec::new();
    for rate in rates {
        let key = (rate.from, rate.to, rate.day);
        let held = match latest.remove(&key) {
            Some(held) => held,
            None => rate_of_day(command::ledger(session), books, &rate)?,
        };
        let stated = (rate.rate, rate.source.clone());
        if held.as_ref() != Some(&stated) {
            new.push(rate);
        }
        latest.insert(key, Some(stated));
    }
    if !new.is_empty() {
        rate_insert(command::ledger(session), books, &new, recorded_at)?;
        let shown = |rate: &NewRate| format!("{} {}/{} {} ({})", rate.day, rate.from, rate.to, rate.rate.exact(), rate.source);
        let after = json!({ "added": new.len(), "rates": new.iter().take(SHOWN_RATES).map(shown).collect::<Vec<_>>() });
        let change = Change { action: "rates.save", object: "exchange rates".to_owned(), after: Some(after), ..Change::default() };
        session.audit(audit::event(actor, change));
    }
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Ok(SavedRates { added: count(new.len()), unchanged: count(given.saturating_sub(new.len())) })
}
