//! The true-up of a month: what payroll cost beside the labor that was applied, moved to 6795 by what caused it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::team_block;
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::periods::renew;
use crate::app::posting::command::Lines;
use crate::app::posting::{Session, command};
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::chart::{CostCenter, well_known};
use crate::domain::ids::{BooksId, EntryNumber, NameId};
use crate::domain::journal::{EntryDraft, EntryKind};
use crate::domain::money::{Amount, Currency};
use crate::domain::outputs::Count;
use crate::domain::payroll::{Labor, TeamKey, Variances};
use crate::domain::period::{Moment, Month};
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::ledger::Ledger;
use crate::store::payroll::{TrueUp, applied_sums, paid_sums, true_up_insert, true_ups};

/// Under this name a true-up is stale after its month was reopened.
pub(in crate::app) const STALE_KIND: &str = "labor true-up";

/// What a team's labor of a month cost, and was applied at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaborVarianceRow {
    /// None for hours of no team.
    pub team: Option<CostCenter>,
    pub currency: Currency,
    pub labor: Labor,
    /// None while no payroll of the team and currency is recorded: there is nothing to compare with.
    pub variances: Option<Variances>,
    /// What is posted of them.
    pub posted: Variances,
}

/// What a true-up did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrueUpDone {
    /// Entries posted: one a team and currency whose variances changed.
    pub posted: usize,
}

/// Posts, for each team and currency with payroll in the period, the variances less what is posted of them: 6795 against 6790, so that 6700
/// and 6790 of the team then net to zero. Run again, it posts only what changed.
///
/// # Errors
/// `Forbidden` without either permission, since rates follow from the figures; `DATE_INVALID`, `DATE_OUT_OF_RANGE`, `ACCOUNT_UNKNOWN`, what
/// the gate refuses.
pub async fn true_up_labor(app: &App, actor: &Actor, period: &str) -> Result<TrueUpDone, AppError> {
    for permission in [Permission::RecordActivity, Permission::ReadLaborRates] {
        if !actor.may(permission) || actor.scope.is_some() {
            return Err(AppError::Forbidden(permission));
        }
    }
    let (books, month) = (app.books(actor).await?, Month::parse(period)?);
    let (recorded_at, who) = (Moment::from_instant(app.clock().now()), actor.clone());
    books.desk().run(recorded_at, move |session| true_up_in_tx(session, &who, month)).await
}

/// The variances of a period as they stand now, by team and currency.
///
/// # Errors
/// [`AppError::Forbidden`], `DATE_INVALID`, or a database failure.
pub async fn labor_variance(app: &App, actor: &Actor, period: &str) -> Result<Vec<LaborVarianceRow>, AppError> {
    let month = Month::parse(period)?;
    reading(app, actor, Permission::ReadLaborRates, move |ledger, books, masters| {
        let mut rows = Vec::new();
        for ((team, currency), state) in states(ledger, books, month)? {
            let team = masters.center_by_id(team).cloned();
            let posted = state.held.map(|held| held.variances).unwrap_or_default();
            let variances = state.is_comparable().then(|| state.labor.variances()).transpose()?;
            rows.push(LaborVarianceRow { team, currency, labor: state.labor, variances, posted });
        }
        let key = |row: &LaborVarianceRow| (row.team.as_ref().map(|team| team.code.clone()), row.currency.to_string());
        rows.sort_by_key(key);
        Ok(rows)
    })
    .await
}

/// What is known of a team, month and currency.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    labor: Labor,
    has_payroll: bool,
    held: Option<TrueUp>,
}

impl State {
    /// Labor without payroll is not a variance: payroll has not come yet.
    fn is_comparable(&self) -> bool {
        self.has_payroll || self.held.is_some()
    }

    /// The variances as they stand now, and what of them is not posted.
    fn due(&self) -> Result<(Variances, Variances), Rejection> {
        let variances = self.labor.variances()?;
        Ok((variances, variances.less(self.held.map(|held| held.variances).unwrap_or_default())?))
    }
}

/// Why the labor of a team is not trued up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::app) enum TrueUpGap {
    /// Labor was applied, and no payroll is recorded.
    NoPayroll,
    /// Payroll is recorded, and nothing is posted of what differs.
    NotPosted,
    /// Hours, rates or payroll came since what is posted.
    Changed,
}

/// The teams whose labor of a month is not trued up, by the reason. Hours of no team are left out: no payroll can be of them.
///
/// # Errors
/// `LEDGER_OVERFLOW` or a database failure.
pub(in crate::app) fn true_up_gaps(ledger: &mut Ledger, books: BooksId, month: Month) -> Result<Vec<(TrueUpGap, TeamKey)>, AppError> {
    let mut gaps = Vec::new();
    for (key, state) in states(ledger, books, month)? {
        if !state.is_comparable() {
            if state.labor.applied != 0 && key.0 != NameId::NONE {
                gaps.push((TrueUpGap::NoPayroll, key));
            }
        } else if state.due()?.1 != Variances::default() {
            gaps.push((if state.held.is_some() { TrueUpGap::Changed } else { TrueUpGap::NotPosted }, key));
        }
    }
    gaps.sort_unstable_by_key(|(gap, (team, currency))| (*gap, team.0, currency.id()));
    Ok(gaps)
}

fn states(ledger: &mut Ledger, books: BooksId, month: Month) -> Result<BTreeMap<TeamKey, State>, StoreError> {
    let (paid, applied) = (paid_sums(ledger, books, month)?, applied_sums(ledger, books, month)?);
    let held = true_ups(ledger, books, month)?;
    let keys: BTreeSet<TeamKey> = paid.keys().chain(applied.keys()).chain(held.keys()).copied().collect();
    let none = (0, Count::ZERO);
    let state = |key: TeamKey| {
        let ((paid_units, paid_hours), (applied_units, applied_hours)) =
            (paid.get(&key).copied().unwrap_or(none), applied.get(&key).copied().unwrap_or(none));
        let labor = Labor { paid: paid_units, paid_hours, applied: applied_units, applied_hours };
        (key, State { labor, has_payroll: paid.contains_key(&key), held: held.get(&key).copied() })
    };
    Ok(keys.into_iter().map(state).collect())
}

fn true_up_in_tx(session: &mut Session, actor: &Actor, month: Month) -> Result<TrueUpDone, AppError> {
    let (books, recorded_at) = (command::books(session), command::recorded_at(session));
    if month > session.current_month() {
        return Err(Rejection::at(Code::DateOutOfRange, "period", format!("{month} has not begun")).into());
    }
    let mut posted = Vec::new();
    for (key, state) in states(command::ledger(session), books, month)? {
        if !state.is_comparable() {
            continue;
        }
        let (variances, difference) = state.due()?;
        if difference == Variances::default() {
            continue;
        }
        let entry = post(session, month, key, difference, state.held)?;
        let revision = state.held.map_or(1, |held| held.revision.saturating_add(1));
        posted.push((key, TrueUp { revision, variances, entry }));
    }
    true_up_insert(command::ledger(session), books, month, &posted, recorded_at)?;
    renew(session, month, STALE_KIND)?;
    let done = TrueUpDone { posted: posted.len() };
    if done.posted > 0 {
        let after = json!({ "period": month.to_string(), "posted": done.posted });
        let change = Change { action: "labor.trueUp", object: month.to_string(), after: Some(after), ..Change::default() };
        session.audit(audit::event(actor, change));
    }
    Ok(done)
}

/// Each variance has its own posting to 6795, so that the account tells them apart; 6790 bears their sum.
fn post(session: &mut Session, month: Month, key: TeamKey, by: Variances, held: Option<TrueUp>) -> Result<EntryNumber, AppError> {
    let (team, currency): (NameId, Currency) = key;
    let variance = team_block(session, well_known::LABOR_VARIANCE, team)?;
    let applied = team_block(session, well_known::LABOR_APPLIED, team)?;
    let money = |units| Amount::from_units(units).with(currency);
    let overflow = || Rejection::of(Code::LedgerOverflow);
    let taken = by.rate.checked_add(by.utilization).and_then(i64::checked_neg).ok_or_else(overflow)?;
    let mut lines = Lines::default();
    lines.signed(variance, money(by.rate))?;
    lines.signed(variance, money(by.utilization))?;
    lines.signed(applied, money(taken))?;
    let (last_day, effective_on) = (month.last_day(), session.booking_day(month.last_day()));
    session
        .post(&EntryDraft {
            kind: EntryKind::LaborVariance,
            effective_on,
            service_on: (effective_on != last_day).then_some(last_day),
            postings: lines.postings(),
            charge: None,
            corrects: held.map(|held| held.entry),
            memo: Some("labor true-up: rate, then utilization"),
        })
        .map_err(|error| error.placed(Code::LedgerOverflow, "period"))
}

/// The true-up of a month, which is stale when the month is reopened.
///
/// # Errors
/// Any database failure.
pub(in crate::app) fn stale_objects(session: &mut Session, month: Month) -> Result<Vec<String>, AppError> {
    let books = command::books(session);
    let held = true_ups(command::ledger(session), books, month)?;
    Ok(if held.is_empty() { Vec::new() } else { vec![month.to_string()] })
}
