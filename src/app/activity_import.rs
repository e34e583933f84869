//! Hours, revenue and outputs from CSV files: by the thousand, each refused row by its line, and safe to run again.

use std::collections::BTreeSet;
use std::io::BufRead;

use chrono::NaiveDate;

use super::activity::MOST_FACTS;
use super::auth::Actor;
use super::labor::{TimeInput, record_time_entries};
use super::outputs::{OutputInput, record_outputs};
use super::revenue::{Completion, RevenueInput, RevenueKind, Stated, record_revenue};
use super::{App, AppError};
use crate::domain::labor::Hours;
use crate::domain::money::{Amount, Currency, Exact, Money};
use crate::domain::outputs::{Count, output_quantity};
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};
use crate::import::activity::{FactCells, FactColumns, FactCsv};
use crate::import::csv::CsvError;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityKind {
    Time,
    Revenue,
    Outputs,
}

impl ActivityKind {
    /// The columns of its file: the fields of its mutation.
    pub fn columns(self) -> FactColumns {
        match self {
            Self::Time => FactColumns {
                required: &["source", "externalId", "workedOn", "person", "hours"],
                optional: &["role", "team", "project", "client", "feature", "billable"],
            },
            Self::Revenue => FactColumns {
                required: &["source", "externalId", "earnedOn", "currency"],
                optional: &[
                    "amount",
                    "kind",
                    "earnedThrough",
                    "contract",
                    "contractAmount",
                    "percentComplete",
                    "quantity",
                    "unitPrice",
                    "team",
                    "project",
                    "client",
                    "feature",
                    "memo",
                ],
            },
            Self::Outputs => FactColumns {
                required: &["source", "externalId", "producedOn", "unit", "quantity"],
                optional: &["value", "currency", "team", "project", "client", "feature"],
            },
        }
    }
}

/// A row that was not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// The line of the file at which it begins; the first is 1.
    pub line: u64,
    pub rejection: Rejection,
}

/// What became of the rows so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ActivityCounts {
    pub recorded: usize,
    /// The same key with the same content was recorded before.
    pub replayed: usize,
    pub refused: usize,
}

/// Why an import ended early. What was recorded before stays, and is replayed when the file is read again.
#[derive(Debug, thiserror::Error)]
pub enum ActivityImportError {
    #[error(transparent)]
    File(#[from] CsvError),
    #[error(transparent)]
    App(#[from] AppError),
}

/// A row as its use case takes it.
enum Fact {
    Time(TimeInput),
    Revenue(Box<RevenueInput>),
    Output(OutputInput),
}

/// Records the rows of a file. Every refused row is handed on, and the others go on; a thousand are recorded together.
///
/// # Errors
/// A header that does not fit, a file that cannot be read, and what the use cases answer but refusals.
pub async fn import_activity<R: BufRead>(
    app: &App,
    actor: &Actor,
    kind: ActivityKind,
    (reader, delimiter): (R, Option<u8>),
    mut refused: impl FnMut(RefusedRow),
) -> Result<ActivityCounts, ActivityImportError> {
    let mut counts = ActivityCounts::default();
    let mut batch = Vec::with_capacity(MOST_FACTS);
    for row in FactCsv::open(reader, delimiter, kind.columns())? {
        let row = row?;
        match row.cells.and_then(|cells| read(kind, &cells)) {
            Ok(fact) => batch.push((row.line, fact)),
            Err(rejection) => {
                counts.refused += 1;
                refused(RefusedRow { line: row.line, rejection });
            }
        }
        if batch.len() >= MOST_FACTS {
            record(app, actor, std::mem::take(&mut batch), &mut counts, &mut refused).await?;
        }
    }
    record(app, actor, batch, &mut counts, &mut refused).await?;
    Ok(counts)
}

/// Records rows together; those that are refused are taken out, and the rest is tried again.
async fn record(
    app: &App,
    actor: &Actor,
    mut batch: Vec<(u64, Fact)>,
    counts: &mut ActivityCounts,
    refused: &mut impl FnMut(RefusedRow),
) -> Result<(), AppError> {
    while !batch.is_empty() {
        match call(app, actor, &batch).await {
            Ok((recorded, replayed)) => {
                counts.recorded += recorded;
                counts.replayed += replayed;
                return Ok(());
            }
            Err(AppError::Rejected(rejections)) => {
                // `entries.3.hours`: the position in the batch, then the field, which is the column.
                let mut positions = BTreeSet::new();
                for mut rejection in rejections {
                    let position = rejection.path.get(1).and_then(|position| position.parse::<usize>().ok());
                    let Some((position, (line, _))) = position.and_then(|position| Some((position, batch.get(position)?))) else {
                        return Err(AppError::Rejected(vec![rejection]));
                    };
                    rejection.path.drain(..2);
                    refused(RefusedRow { line: *line, rejection });
                    positions.insert(position);
                }
                counts.refused += positions.len();
                let rest = batch.into_iter().enumerate().filter(|(position, _)| !positions.contains(position));
                batch = rest.map(|(_, row)| row).collect();
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Recorded and replayed.
async fn call(app: &App, actor: &Actor, batch: &[(u64, Fact)]) -> Result<(usize, usize), AppError> {
    let (mut times, mut revenue, mut outputs) = (Vec::new(), Vec::new(), Vec::new());
    for (_, fact) in batch {
        match fact {
            Fact::Time(time) => times.push(time.clone()),
            Fact::Revenue(entry) => revenue.push(entry.as_ref().clone()),
            Fact::Output(output) => outputs.push(output.clone()),
        }
    }
    if !times.is_empty() {
        let done = record_time_entries(app, actor, times).await?;
        return Ok((done.recorded, done.replayed));
    }
    if !revenue.is_empty() {
        let done = record_revenue(app, actor, revenue).await?;
        return Ok((done.recorded, done.replayed));
    }
    let done = record_outputs(app, actor, outputs).await?;
    Ok((done.recorded, done.replayed))
}

fn read(kind: ActivityKind, cells: &FactCells) -> Result<Fact, Rejection> {
    Ok(match kind {
        ActivityKind::Time => Fact::Time(time(cells)?),
        ActivityKind::Revenue => Fact::Revenue(Box::new(revenue(cells)?)),
        ActivityKind::Outputs => Fact::Output(output(cells)?),
    })
}

fn time(cells: &FactCells) -> Result<TimeInput, Rejection> {
    let is_billable = match cells.get("billable").map(str::to_ascii_lowercase).as_deref() {
        None | Some("true" | "yes" | "1") => true,
        Some("false" | "no" | "0") => false,
        Some(_) => return Err(Rejection::at(Code::TextInvalid, "billable", "`billable` is true or false; empty is true")),
    };
    Ok(TimeInput {
        source: cells.required("source")?.to_owned(),
        external_id: cells.required("externalId")?.to_owned(),
        worked_on: day("workedOn", cells.required("workedOn")?)?,
        person: cells.required("person")?.to_owned(),
        role: cells.text("role"),
        hours: Hours::parse(cells.required("hours")?)?,
        team: cells.text("team"),
        project: cells.text("project"),
        client: cells.text("client"),
        feature: cells.text("feature"),
        is_billable,
    })
}

fn revenue(cells: &FactCells) -> Result<RevenueInput, Rejection> {
    let currency = Currency::parse(cells.required("currency")?).map_err(|rejection| rejection.under("currency"))?;
    let amount = |column: &'static str| -> Result<Option<Amount>, Rejection> {
        let read = |text| Money::parse(text, currency).map(|money| money.amount);
        cells.get(column).map(read).transpose().map_err(|rejection| rejection.under(column))
    };
    let price = |text| Exact::parse(text).map_err(|rejection| rejection.under("unitPrice"));
    let stated = Stated {
        amount: amount("amount")?,
        contract_amount: amount("contractAmount")?,
        complete: cells.get("percentComplete").map(Completion::parse).transpose()?,
        quantity: cells.get("quantity").map(quantity).transpose()?,
        unit_price: cells.get("unitPrice").map(price).transpose()?,
    };
    Ok(RevenueInput {
        source: cells.required("source")?.to_owned(),
        external_id: cells.required("externalId")?.to_owned(),
        kind: cells.get("kind").map_or(Ok(RevenueKind::FixedFee), RevenueKind::parse)?,
        earned_on: day("earnedOn", cells.required("earnedOn")?)?,
        earned_through: cells.get("earnedThrough").map(|text| day("earnedThrough", text)).transpose()?,
        stated,
        currency,
        contract: cells.text("contract"),
        team: cells.text("team"),
        project: cells.text("project"),
        client: cells.text("client"),
        feature: cells.text("feature"),
        memo: cells.text("memo"),
    })
}

fn quantity(text: &str) -> Result<Count, Rejection> {
    let shown: String = text.chars().take(40).collect();
    Count::parse(text)
        .ok_or_else(|| Rejection::at(Code::RevenueInvalid, "quantity", format!("`{shown}` is not a decimal with at most six decimals")))
}

fn output(cells: &FactCells) -> Result<OutputInput, Rejection> {
    let value = match (cells.get("value"), cells.get("currency")) {
        (None, _) => None,
        (Some(_), None) => return Err(Rejection::at(Code::MissingField, "currency", "a value needs its `currency`, such as USD")),
        (Some(value), Some(currency)) => {
            let currency = Currency::parse(currency).map_err(|rejection| rejection.under("currency"))?;
            Some(Money::parse(value, currency).map_err(|rejection| rejection.under("value"))?)
        }
    };
    Ok(OutputInput {
        source: cells.required("source")?.to_owned(),
        external_id: cells.required("externalId")?.to_owned(),
        produced_on: day("producedOn", cells.required("producedOn")?)?,
        unit: cells.required("unit")?.to_owned(),
        quantity: output_quantity(cells.required("quantity")?)?,
        value,
        team: cells.text("team"),
        project: cells.text("project"),
        client: cells.text("client"),
        feature: cells.text("feature"),
    })
}

fn day(column: &'static str, text: &str) -> Result<Day, Rejection> {
    let date = (text.len() == "2026-01-31".len()).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
    let shown: String = text.chars().take(40).collect();
    date.map(Day::from_date)
        .ok_or_else(|| Rejection::at(Code::DateInvalid, column, format!("`{shown}` is not a day such as \"2026-01-31\"")))
}
