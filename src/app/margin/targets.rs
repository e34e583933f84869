//! Targets: saved, never edited, and held against what the books say.

use std::collections::BTreeMap;

use serde_json::json;

use super::dimension::{Codes, MarginDimension};
use super::statement::{MarginQuery, MarginReport, margin};
use super::units::{UnitQuery, UnitRow, unit_economics};
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::outputs::Units;
use crate::app::posting::{Session, command};
use crate::app::reports::DimensionFilter;
use crate::app::reports::access::Access;
use crate::app::reports::reading::in_reading;
use crate::app::{App, AppError};
use crate::domain::attribution::Centers;
use crate::domain::chart::{CenterKind, NameKind};
use crate::domain::ids::NameId;
use crate::domain::margin::{MarginTarget, TargetMeasure, TargetScope, TargetStatus, in_force, percent, status};
use crate::domain::money::{Currency, Exact};
use crate::domain::period::{Day, DayRange, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::store::margin_target::{target_insert, target_list};

/// Targets in one call.
const MOST_TARGETS: usize = 1_000;
/// Targets that the audit log shows of one call.
const SHOWN_TARGETS: usize = 50;
/// Longest name of a feature in bytes.
const LONGEST_CODE: usize = 200;

/// A target as it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetInput {
    pub measure: TargetMeasure,
    pub client: Option<String>,
    pub project: Option<String>,
    pub team: Option<String>,
    pub feature: Option<String>,
    pub unit: Option<String>,
    /// Percent, or money in `currency`.
    pub value: Exact,
    pub currency: Option<Currency>,
    pub from: Day,
    /// The first day on which it holds no longer.
    pub to: Option<Day>,
}

/// A target with the code of what it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopedTarget {
    pub target: MarginTarget,
    pub code: String,
}

/// A target beside what was reached, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetResult {
    pub scoped: ScopedTarget,
    /// Of the figures; for a target of money, its own. None where there is nothing in any currency.
    pub currency: Option<Currency>,
    /// Percent with two decimals, or the full cost of a unit; none where there is nothing to measure.
    pub actual: Option<Exact>,
    pub status: TargetStatus,
}

/// Saves targets, all or nothing. The same target with another value is recorded again, and the later one counts; with the same value it is there already.
///
/// # Errors
/// `Forbidden`; `MARGIN_TARGET_INVALID`, `COST_CENTER_UNKNOWN`, `OUTPUT_UNIT_UNKNOWN`, `TEXT_TOO_LONG` at its place in the list; `TOO_MANY_ITEMS`.
pub async fn save_margin_targets(app: &App, actor: &Actor, inputs: Vec<TargetInput>) -> Result<Vec<ScopedTarget>, AppError> {
    if !actor.may(Permission::SaveMasters) || actor.scope.is_some() {
        return Err(AppError::Forbidden(Permission::SaveMasters));
    }
    let books = app.books(actor).await?;
    if inputs.len() > MOST_TARGETS {
        let message = format!("`targets` has {} items; one call takes {MOST_TARGETS}. Split it", inputs.len());
        return Err(Rejection::at(Code::TooManyItems, "targets", message).into());
    }
    let (recorded_at, who) = (Moment::from_instant(app.clock().now()), actor.clone());
    books.desk().run(recorded_at, move |session| save_in_tx(session, &who, &inputs)).await
}

fn save_in_tx(session: &mut Session, actor: &Actor, inputs: &[TargetInput]) -> Result<Vec<ScopedTarget>, AppError> {
    let (books, recorded_at) = (command::books(session), command::recorded_at(session));
    let mut held = target_list(command::ledger(session), books)?;
    let units = Units::load(command::ledger(session), books)?;
    let mut next = held.last().map_or(1, |target| target.number.saturating_add(1));
    let (mut saved, mut new, mut refused) = (Vec::with_capacity(inputs.len()), Vec::new(), Vec::new());
    for (position, input) in inputs.iter().enumerate() {
        match read(session, &units, input, next) {
            Ok(scoped) => {
                // The latest recorded of the same statement is the one that counts.
                let stated = held.iter().rev().find(|stated| stated.is_about_the_same(&scoped.target));
                if let Some(stated) = stated.filter(|stated| stated.value == scoped.target.value) {
                    saved.push(ScopedTarget { target: stated.clone(), ..scoped });
                    continue;
                }
                next = next.saturating_add(1);
                held.push(scoped.target.clone());
                new.push(scoped.clone());
                saved.push(scoped);
            }
            Err(rejection) => refused.push(rejection.under(position.to_string()).under("targets")),
        }
    }
    if !refused.is_empty() {
        return Err(AppError::Rejected(refused));
    }
    let targets: Vec<MarginTarget> = new.iter().map(|scoped| scoped.target.clone()).collect();
    target_insert(command::ledger(session), books, &targets, recorded_at)?;
    if !new.is_empty() {
        let told = |scoped: &ScopedTarget| json!([format!("{:?}", scoped.target.measure), scoped.code, scoped.target.value.to_string()]);
        let after = json!({ "targets": new.iter().take(SHOWN_TARGETS).map(told).collect::<Vec<_>>(), "saved": new.len() });
        let change = Change { action: "marginTarget.save", object: "margin targets".to_owned(), after: Some(after), ..Change::default() };
        session.audit(audit::event(actor, change));
    }
    Ok(saved)
}

fn read(session: &mut Session, units: &Units, input: &TargetInput, number: i64) -> Result<ScopedTarget, Rejection> {
    let invalid = |field: &'static str, message: &str| Rejection::at(Code::MarginTargetInvalid, field, message.to_owned());
    let scopes = [
        (TargetScope::Client, &input.client),
        (TargetScope::Project, &input.project),
        (TargetScope::Team, &input.team),
        (TargetScope::Feature, &input.feature),
    ];
    let mut named = scopes.into_iter().filter_map(|(scope, code)| Some((scope, code.as_ref()?)));
    let (Some((scope, code)), None) = (named.next(), named.next()) else {
        return Err(invalid("client", "a target is of exactly one client, project, team or feature"));
    };
    let of_unit = input.measure == TargetMeasure::CostPerUnit;
    if of_unit && (scope != TargetScope::Feature || input.unit.is_none() || input.currency.is_none()) {
        return Err(invalid("unit", "the cost of a unit is of a feature, and names the unit and the currency"));
    }
    if !of_unit && (input.unit.is_some() || input.currency.is_some()) {
        return Err(invalid("unit", "a margin is in percent: leave unit and currency out"));
    }
    if input.to.is_some_and(|to| to <= input.from) {
        return Err(invalid("effectiveTo", "the target ends before it begins"));
    }
    // A margin is above 100 percent only where cost is below zero.
    let most = Exact::new(100, 0);
    if of_unit && input.value.mantissa() <= 0 || !of_unit && input.value.checked_sub(most).is_none_or(|above| above.mantissa() > 0) {
        return Err(invalid("value", "a margin is at most 100 percent, and the cost of a unit is above zero"));
    }
    if let Some(unit) = &input.unit {
        units.check(unit)?;
    }
    let name = scope_id(session, scope, code, input.from)?;
    let target = MarginTarget {
        number,
        measure: input.measure,
        scope,
        name,
        unit: input.unit.clone(),
        value: input.value.normalized(),
        currency: input.currency,
        from: input.from,
        to: input.to,
    };
    Ok(ScopedTarget { target, code: code.clone() })
}

fn scope_id(session: &mut Session, scope: TargetScope, code: &str, day: Day) -> Result<NameId, Rejection> {
    let kind = match scope {
        TargetScope::Client => CenterKind::Client,
        TargetScope::Project => CenterKind::Project,
        TargetScope::Team => CenterKind::Team,
        TargetScope::Feature => {
            command::text("feature", code, LONGEST_CODE)?;
            return session.name(NameKind::Feature, Some(code));
        }
    };
    session.masters().center(kind, code, day).map_err(|why| {
        let shown: String = code.chars().take(64).collect();
        Rejection::at(Code::CostCenterUnknown, kind.field(), format!("{} `{shown}` {why}", kind.field()))
    })
}

/// The targets that hold on the last day of a range, beside what the range reached. A limited token is refused, since targets are of all.
///
/// # Errors
/// As the margin statement and unit economics.
pub async fn margin_targets(app: &App, actor: &Actor, days: DayRange) -> Result<Vec<TargetResult>, AppError> {
    if !actor.may(Permission::ReadReports) || actor.scope.is_some() {
        return Err(AppError::Forbidden(Permission::ReadReports));
    }
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    let last = Day(days.to().0.saturating_sub(1));
    let targets = in_reading(app, &access.books, move |ledger, books, _| Ok(in_force(target_list(ledger, books)?, last))).await?;
    let codes = Codes::load(&access, targets.iter().map(|target| i64::from(target.name.0))).await?;
    let mut reached = Reached { app, actor, days, margins: BTreeMap::new(), units: BTreeMap::new() };
    let mut results = Vec::with_capacity(targets.len());
    for target in targets {
        let code = codes.code(i64::from(target.name.0)).unwrap_or_default();
        results.extend(reached.results(ScopedTarget { target, code }).await?);
    }
    results.sort_by(|a, b| {
        (a.scoped.target.scope, &a.scoped.code, a.scoped.target.number).cmp(&(
            b.scoped.target.scope,
            &b.scoped.code,
            b.scoped.target.number,
        ))
    });
    Ok(results)
}

/// Reports that targets are held against, each read once.
struct Reached<'a> {
    app: &'a App,
    actor: &'a Actor,
    days: DayRange,
    margins: BTreeMap<TargetScope, MarginReport>,
    units: BTreeMap<String, Vec<UnitRow>>,
}

impl Reached<'_> {
    async fn results(&mut self, scoped: ScopedTarget) -> Result<Vec<TargetResult>, AppError> {
        let actuals = match scoped.target.measure {
            TargetMeasure::CostPerUnit => self.cost_per_unit(&scoped).await?,
            measure => self.margin(&scoped, measure).await?,
        };
        let result = |(currency, actual): (Option<Currency>, Option<Exact>)| TargetResult {
            status: status(&scoped.target, actual),
            scoped: scoped.clone(),
            currency,
            actual,
        };
        if actuals.is_empty() {
            return Ok(vec![result((scoped.target.currency, None))]);
        }
        Ok(actuals.into_iter().map(result).collect())
    }

    async fn margin(&mut self, scoped: &ScopedTarget, measure: TargetMeasure) -> Result<Vec<(Option<Currency>, Option<Exact>)>, AppError> {
        let scope = scoped.target.scope;
        if !self.margins.contains_key(&scope) {
            let dimension = match scope {
                TargetScope::Client => MarginDimension::Client,
                TargetScope::Project => MarginDimension::Project,
                TargetScope::Team => MarginDimension::Team,
                TargetScope::Feature => MarginDimension::Feature,
            };
            let query = MarginQuery {
                days: self.days,
                group_by: vec![dimension],
                interval: None,
                filter: DimensionFilter::default(),
                level: None,
                in_reporting_currency: false,
            };
            self.margins.insert(scope, margin(self.app, self.actor, query).await?);
        }
        let rows = self.margins.get(&scope).into_iter().flat_map(|report| &report.rows);
        let of_target = rows.filter(|row| row.keys.first().is_some_and(|(_, code)| code.as_ref() == Some(&scoped.code)));
        Ok(of_target
            .map(|row| {
                let part = match measure {
                    TargetMeasure::ContributionMarginPercent => row.figures.contribution_margin(),
                    _ => row.figures.gross_margin(),
                };
                (Some(row.currency), percent(part, row.figures.revenue))
            })
            .collect())
    }

    async fn cost_per_unit(&mut self, scoped: &ScopedTarget) -> Result<Vec<(Option<Currency>, Option<Exact>)>, AppError> {
        let unit = scoped.target.unit.clone().unwrap_or_default();
        if !self.units.contains_key(&unit) {
            let query = UnitQuery::of(self.days, unit.clone());
            let (_, rows) = unit_economics(self.app, self.actor, &query).await?;
            self.units.insert(unit.clone(), rows);
        }
        let rows = self.units.get(&unit).into_iter().flatten();
        let of_target = rows.filter(|row| row.feature() == Some(scoped.code.as_str()) && Some(row.currency) == scoped.target.currency);
        Ok(of_target.map(|row| (Some(row.currency), row.per_unit(row.full_cost()))).collect())
    }
}
