//! The margin statement over charges, hours and revenue of a hundred days.

use super::SEED;
use super::bare::{BareReport, without_days};
use super::database::{Service, Target};
use super::figures::Figures;
use super::ingest::fill_history;
use super::pairs::readings;
use super::reports::RUNS;
use super::statistics::{Quartiles, per_second};
use crate::app::auth::{Actor, Role};
use crate::app::demo::{Charges, DAYS};
use crate::app::labor::{RateInput, record_time_entries, save_labor_rates};
use crate::app::margin::{MarginDimension, MarginQuery, margin};
use crate::app::masters::{CostCenterInput, save_cost_centers};
use crate::app::reports::DimensionFilter;
use crate::app::reports::slices::dated_slices;
use crate::app::revenue::record_revenue;
use crate::app::{AppError, Stopwatch};
use crate::domain::chart::CenterKind;
use crate::domain::labor::{Hours, TimeInput};
use crate::domain::money::{Amount, Currency};
use crate::domain::period::{Day, DayRange};
use crate::domain::report::{Grain, Interval};
use crate::domain::revenue::{RevenueInput, RevenueKind, Stated};

/// How much lies beneath the statement.
#[derive(Debug, Clone, Copy)]
pub struct MarginSizes {
    pub charges: u64,
    pub time_entries: u64,
    pub pairs: u64,
}

/// Clients that people work for, beside those of the demo company.
const CLIENTS: u64 = 200;
const PERSONS: u64 = 2_000;
const CLIENTS_OF_A_PERSON: u64 = 4;
const ROLES: [(&str, i64); 3] = [("engineer", 95), ("designer", 80), ("reviewer", 60)];
/// Entries of one call.
const BATCH: u64 = 1_000;

/// Fills books and measures the statement by client and month, for one who sees personal rates and for one who does not, beside the balances and
/// hours beneath it. Recording hours has no baseline: it is told with how its batches spread.
///
/// # Errors
/// Any database failure.
pub async fn margin_bench(target: &Target, sizes: MarginSizes, progress: &impl Fn(&str, u64, u64)) -> Result<Vec<Figures>, AppError> {
    let service = Service::create(target).await?;
    let yesterday = service.app.clock().now().date_naive().pred_opt().unwrap_or_default();
    let generator = Charges::new(SEED, yesterday, usize::try_from(sizes.charges).unwrap_or(usize::MAX));
    fill_history(&service.app, &service.actor, &generator, 0..sizes.charges, progress).await?;
    let last_day = Day::from_date(yesterday);
    let first_day = Day(last_day.0 - i32::try_from(DAYS).unwrap_or(0) + 1);
    let rates = record_activity(&service, sizes, (first_day, last_day), progress).await?;
    service.scratch.settle().await?;
    let figures = |name: &str| Figures::new(name).with("engine", target.engine()).with("timeEntries", sizes.time_entries);
    let recording = figures("margin-time-entries").with_quartiles("perSecond", rates).with_spread(rates.and_then(Quartiles::spread));
    let mut measured = vec![recording];
    let books = service.app.books(&service.actor).await?.id();
    let reader = Actor { roles: [Role::Viewer].into_iter().collect(), ..service.actor.as_ref().clone() };
    let months = (first_day.month().first_day(), last_day.month().next().first_day());
    for (name, who, (from, to)) in [
        ("margin-client-month", service.actor.as_ref(), months),
        ("margin-client-month-reader", &reader, months),
        // Neither the first nor the last month is whole.
        ("margin-client-month-by-days", service.actor.as_ref(), (Day(first_day.0 + 1), last_day)),
    ] {
        let (days, interval) = (DayRange::new(from, to)?, Some(Interval::Month));
        let query = MarginQuery {
            days,
            group_by: vec![MarginDimension::Client],
            interval,
            filter: DimensionFilter::default(),
            level: None,
            in_reporting_currency: false,
        };
        let slices = without_days(dated_slices(days, interval, (Grain::BlockMonth, Grain::BlockDay)));
        let baseline = BareReport { balances: slices.clone(), hours: slices, with_persons: who.roles == reader.roles };
        let mut rows = 0;
        let path = async || {
            rows = margin(&service.app, who, query.clone()).await?.rows.len();
            Ok(())
        };
        let readings = readings(sizes.pairs, RUNS, path, async || baseline.read(&service, books).await).await?;
        measured.push(readings.into_figures(figures(name).with("charges", sizes.charges).with("rows", rows)));
    }
    service.remove().await?;
    Ok(measured)
}

/// Records what the statement is made of beside charges. Answers the time entries recorded a second, by batches.
async fn record_activity(
    service: &Service,
    sizes: MarginSizes,
    (first_day, last_day): (Day, Day),
    progress: &impl Fn(&str, u64, u64),
) -> Result<Option<Quartiles>, AppError> {
    let (app, admin) = (&service.app, &service.actor);
    save_cost_centers(app, admin, (0..CLIENTS).map(client).collect()).await?;
    save_labor_rates(app, admin, ROLES.into_iter().map(|role| rate(role, first_day)).collect()).await?;
    record_revenue(app, admin, (0..CLIENTS).map(|number| retainer(number, first_day, last_day)).collect()).await?;
    let mut rates = Vec::new();
    for start in (0..sizes.time_entries).step_by(usize::try_from(BATCH).unwrap_or(1)) {
        let numbers = start..(start + BATCH).min(sizes.time_entries);
        let count = numbers.end - numbers.start;
        let watch = Stopwatch::start();
        record_time_entries(app, admin, numbers.map(|number| time(number, first_day)).collect()).await?;
        rates.push(per_second(count, watch.elapsed()));
        progress("hours", start, sizes.time_entries);
    }
    Ok(Quartiles::of(rates))
}

fn client(number: u64) -> CostCenterInput {
    let code = code(number);
    CostCenterInput { kind: CenterKind::Client, name: code.clone(), code, parent: None, valid_from: None, valid_to: None }
}

fn code(number: u64) -> String {
    format!("client-{number:03}")
}

fn dollars(dollars: i64) -> Amount {
    Amount::from_units(dollars.saturating_mul(10_i64.pow(Currency::USD.ledger_scale())))
}

fn rate((role, cost): (&str, i64), from: Day) -> RateInput {
    let cost_per_hour = dollars(cost).with(Currency::USD);
    RateInput { person: None, role: Some(role.to_owned()), cost_per_hour, from, to: None }
}

/// One amount a client over all the days.
fn retainer(number: u64, from: Day, through: Day) -> RevenueInput {
    RevenueInput {
        source: "bench".to_owned(),
        external_id: code(number),
        kind: RevenueKind::Retainer,
        earned_on: from,
        earned_through: Some(through),
        stated: Stated { amount: Some(dollars(100_000)), ..Stated::default() },
        currency: Currency::USD,
        contract: None,
        team: None,
        project: None,
        client: Some(code(number)),
        feature: None,
        memo: None,
    }
}

/// Entries in the order of days: each person works a few quarter hours for some client at a time.
fn time(number: u64, first_day: Day) -> TimeInput {
    let person = number % PERSONS;
    let day = (number / PERSONS) % DAYS;
    let at = |items: u64, salt: u64| (number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23) ^ salt) % items;
    let (role, _) = ROLES.into_iter().nth(usize::try_from(person % 3).unwrap_or(0)).unwrap_or_default();
    let team = ["claims", "care", "documents", "platform"].into_iter().nth(usize::try_from(person % 4).unwrap_or(0));
    TimeInput {
        source: "bench".to_owned(),
        external_id: number.to_string(),
        worked_on: Day(first_day.0.saturating_add(i32::try_from(day).unwrap_or(0))),
        person: format!("person-{person}"),
        role: Some(role.to_owned()),
        hours: Hours::from_millionths(250_000 * i64::try_from(1 + at(6, 1)).unwrap_or(1)),
        team: team.map(str::to_owned),
        project: None,
        client: Some(code((person + at(CLIENTS_OF_A_PERSON, 2)) % CLIENTS)),
        feature: None,
        is_billable: true,
    }
}
