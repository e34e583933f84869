//! `tallybook what-if`: recorded usage under other assumptions, side by side, with progress.

use std::io::{self, BufReader, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::import::grouped;
use crate::app::auth::Actor;
use crate::app::reports::DimensionFilter;
use crate::app::what_if::{Comparison, Group, ScenarioReport, WhatIfQuery, WhatIfReport, what_if};
use crate::app::{App, Clock};
use crate::domain::money::{Currency, Exact, Money};
use crate::domain::period::{Day, DayRange};
use crate::domain::report::SpendDimension;
use crate::domain::what_if::ScenarioInput;

/// Between two lines of progress where there is no terminal.
const LINE_EVERY_SECONDS: i64 = 5;

#[derive(Args)]
pub struct WhatIfArgs {
    /// First day of the calls, in the time zone of the books
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    from: Day,
    /// The first day not included
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    to: Day,
    /// A JSON file with one scenario, {"name": ..., "changes": [...]}; up to eight times. Without one, the actuals are shown
    #[arg(long = "scenario", value_name = "FILE")]
    scenarios: Vec<PathBuf>,
    /// Only these teams; as the other filters, it may be repeated
    #[arg(long, value_name = "CODE")]
    team: Vec<String>,
    #[arg(long, value_name = "CODE")]
    project: Vec<String>,
    #[arg(long, value_name = "CODE")]
    client: Vec<String>,
    #[arg(long, value_name = "NAME")]
    feature: Vec<String>,
    #[arg(long, value_name = "NAME")]
    model: Vec<String>,
    #[arg(long, value_name = "NAME")]
    provider: Vec<String>,
    /// Figures by this dimension, below the totals
    #[arg(long, value_enum)]
    group_by: Option<Dimension>,
    /// Teams, projects and clients added up at this level of their hierarchy; 1 is the topmost
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    level: Option<u32>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Dimension {
    Provider,
    Model,
    Team,
    Project,
    Client,
    Feature,
    Environment,
    Account,
}

impl From<Dimension> for SpendDimension {
    fn from(dimension: Dimension) -> Self {
        match dimension {
            Dimension::Provider => Self::Provider,
            Dimension::Model => Self::Model,
            Dimension::Team => Self::Team,
            Dimension::Project => Self::Project,
            Dimension::Client => Self::Client,
            Dimension::Feature => Self::Feature,
            Dimension::Environment => Self::Environment,
            Dimension::Account => Self::Account,
        }
    }
}

fn day(text: &str) -> Result<Day, String> {
    let date = (text.len() == "2026-01-31".len()).then(|| text.parse().ok()).flatten();
    date.map(Day::from_date).ok_or_else(|| "give a day such as 2026-01-31".to_owned())
}

/// Computes and prints.
///
/// # Errors
/// A file that is no scenario, refusals, database failures.
pub async fn run(args: WhatIfArgs, app: &App, actor: &Actor, out: &mut impl Write) -> anyhow::Result<()> {
    let actuals = || ScenarioInput { name: "actual".to_owned(), changes: Vec::new() };
    let scenarios = if args.scenarios.is_empty() { vec![actuals()] } else { args.scenarios.iter().map(read).collect::<Result<_, _>>()? };
    let lists = [
        (SpendDimension::Team, args.team),
        (SpendDimension::Project, args.project),
        (SpendDimension::Client, args.client),
        (SpendDimension::Feature, args.feature),
        (SpendDimension::Model, args.model),
        (SpendDimension::Provider, args.provider),
    ];
    let given = lists.into_iter().filter(|list| !list.1.is_empty());
    let query = WhatIfQuery {
        days: DayRange::new(args.from, args.to)?,
        filter: DimensionFilter(given.map(|(dimension, codes)| (dimension, codes.into_iter().map(Some).collect())).collect()),
        scenarios,
        group_by: args.group_by.map(Into::into),
        level: args.level,
        most_charges: None,
    };
    let report = what_if(app, actor, query, meter(app.clock().clone())).await?;
    if args.json {
        writeln!(out, "{}", json_of(&report))?
    } else {
        table(out, &report)?
    }
    Ok(())
}

fn read(path: &PathBuf) -> anyhow::Result<ScenarioInput> {
    let file = std::fs::File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    serde_json::from_reader(BufReader::new(file)).with_context(|| format!("{} is no scenario", path.display()))
}

/// A bar on a terminal, a line now and then elsewhere.
fn meter(clock: Clock) -> impl Fn(u64, u64) + Send + 'static {
    let bar = io::stderr().is_terminal().then(|| {
        let style = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(0).with_style(style)
    });
    let last_line = std::sync::Mutex::new(clock.now());
    move |done, total| {
        let told = format!("{} of {} charges", grouped(done), grouped(total));
        if let Some(bar) = &bar {
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(told);
            if done >= total {
                bar.finish_and_clear();
            }
            return;
        }
        let (now, mut last) = (clock.now(), last_line.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        if now.signed_duration_since(*last).num_seconds() >= LINE_EVERY_SECONDS {
            *last = now;
            eprintln!("{told}");
        }
    }
}

fn amount(units: i128, currency: Currency) -> String {
    Money::exact_of_units(units, currency).normalized().to_string()
}

fn percent(comparison: &Comparison) -> String {
    let sign = if comparison.difference() > 0 { "+" } else { "" };
    comparison.percent().map_or_else(|| "-".to_owned(), |percent| format!("{sign}{} %", percent.normalized()))
}

fn table(out: &mut impl Write, report: &WhatIfReport) -> io::Result<()> {
    let with_reversed = if report.reversed > 0 { format!(", {} reversed left out", grouped(report.reversed)) } else { String::new() };
    let with_unpriced =
        if report.unpriced > 0 { format!(", {} of them not priced in the books", grouped(report.unpriced)) } else { String::new() };
    writeln!(out, "{} charges{with_unpriced}{with_reversed}", grouped(report.charges))?;
    let width = report.scenarios.iter().flat_map(|scenario| scenario.groups.iter().map(label).chain([scenario.name.clone()]));
    let width = width.map(|name| name.chars().count()).max().unwrap_or(0).saturating_add(2);
    writeln!(
        out,
        "{:<width$} {:>3} {:>20} {:>20} {:>20} {:>20} {:>10}",
        "scenario", "", "actual", "AI", "people", "difference", "percent"
    )?;
    for scenario in &report.scenarios {
        rows(out, &scenario.name, &scenario.total, width)?;
        scenario.groups.iter().try_for_each(|group| rows(out, &format!("  {}", label(group)), group, width))?;
    }
    report.scenarios.iter().try_for_each(|scenario| remarks(out, scenario))
}

fn label(group: &Group) -> String {
    group.key.clone().unwrap_or_else(|| "(none)".to_owned())
}

fn rows(out: &mut impl Write, name: &str, group: &Group, width: usize) -> io::Result<()> {
    for comparison in &group.comparisons {
        let [actual, ai, human, difference] =
            [comparison.actual, comparison.ai, comparison.human, comparison.difference()].map(|units| amount(units, comparison.currency));
        writeln!(
            out,
            "{name:<width$} {} {actual:>20} {ai:>20} {human:>20} {difference:>20} {:>10}",
            comparison.currency.code(),
            percent(comparison)
        )?;
    }
    Ok(())
}

fn remarks(out: &mut impl Write, scenario: &ScenarioReport) -> io::Result<()> {
    let total = &scenario.total;
    writeln!(out, "{}: {} charges changed, the others carried over as booked", scenario.name, grouped(total.changed))?;
    if total.hours != Exact::ZERO {
        writeln!(out, "  {} hours of people", total.hours)?;
    }
    if !total.is_complete() {
        let (unpriced, unbatched) = (grouped(total.unpriced), grouped(total.unbatched));
        writeln!(
            out,
            "  INCOMPLETE: {unpriced} charges have no price and are missing, {unbatched} have no batch price and stay as they were"
        )?;
    }
    for reason in &scenario.reasons {
        writeln!(out, "  {} charges of {} ({}): {}", grouped(reason.charges), reason.model, reason.provider, reason.reason)?;
    }
    Ok(())
}

fn json_of(report: &WhatIfReport) -> Value {
    let comparison = |comparison: &Comparison| {
        let of = |units| amount(units, comparison.currency);
        json!({ "currency": comparison.currency.code(), "actual": of(comparison.actual), "cost": of(comparison.cost()),
            "aiCost": of(comparison.ai), "humanCost": of(comparison.human), "difference": of(comparison.difference()),
            "differencePercent": comparison.percent().map(|percent| percent.normalized().to_string()) })
    };
    let group = |group: &Group| {
        json!({ "key": group.key, "charges": group.charges, "changedCharges": group.changed, "unpricedCharges": group.unpriced,
            "unbatchedCharges": group.unbatched, "isComplete": group.is_complete(), "humanHours": group.hours.to_string(),
            "comparisons": group.comparisons.iter().map(comparison).collect::<Vec<_>>() })
    };
    let scenario = |scenario: &ScenarioReport| {
        let reasons = scenario.reasons.iter().map(|reason| {
            json!({ "provider": reason.provider, "model": reason.model, "charges": reason.charges, "staysInCost": reason.is_kept, "reason": reason.reason })
        });
        json!({ "name": scenario.name, "total": group(&scenario.total), "groups": scenario.groups.iter().map(group).collect::<Vec<_>>(),
            "reasons": reasons.collect::<Vec<_>>() })
    };
    json!({ "charges": report.charges, "reversedCharges": report.reversed, "unpricedCharges": report.unpriced,
        "scenarios": report.scenarios.iter().map(scenario).collect::<Vec<_>>() })
}
