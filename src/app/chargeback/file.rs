//! A statement as a file for a spreadsheet.

use chrono::Datelike;

use super::read::{Audience, StatementView, chargeback_document};
use crate::app::auth::Actor;
use crate::app::{App, AppError};
use crate::domain::chargeback::Line;
use crate::domain::money::Money;
use crate::export::statement::{COLUMNS, StatementSheet, write_csv, write_xlsx};
use crate::store::StoreError;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    Csv,
    Xlsx,
}

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementFile {
    /// Such as `CB-000001.csv`.
    pub name: String,
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct FileQuery<'a> {
    pub number: &'a str,
    pub format: FileFormat,
    pub audience: Audience,
}

/// The file of a statement; none when there is no such statement, or it is not seen. That of a client is for the client, as a page is.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn statement_file(app: &App, actor: &Actor, query: FileQuery<'_>) -> Result<Option<StatementFile>, AppError> {
    let Some(view) = chargeback_document(app, actor, query.number, query.audience).await? else { return Ok(None) };
    let sheet = sheet(&view)?;
    let (written, ending, content_type) = match query.format {
        FileFormat::Csv => (write_csv(&sheet), "csv", "text/csv; charset=utf-8"),
        FileFormat::Xlsx => (write_xlsx(&sheet), "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    };
    let bytes = written.map_err(|error| StoreError::Refused(format!("the file of a statement: {error}")))?;
    Ok(Some(StatementFile { name: format!("{}.{ending}", view.statement.number), content_type, bytes }))
}

fn sheet(view: &StatementView) -> Result<StatementSheet, AppError> {
    let statement = &view.statement;
    let (content, terms) = (&statement.content, &statement.content.terms);
    let drafted = statement.drafted_at.to_instant().date_naive();
    let person =
        |persons: Option<&crate::domain::manual_journals::Persons>| persons.map(|persons| persons.subject.clone()).unwrap_or_default();
    let mut facts = vec![
        ("Number", statement.number.to_string()),
        ("Books", view.books.clone()),
        ("Period", terms.period.to_string()),
        ("Cost center", format!("{} {}", content.kind.field(), view.center.code)),
        ("Name", view.center.name.clone()),
        ("Status", statement.status.as_str().to_owned()),
        ("Showback", terms.showback.to_string()),
        ("Total", statement.total.exact().to_string()),
        ("Currency", content.currency.code().to_owned()),
    ];
    if view.audience == Audience::Provider {
        facts.extend([
            ("Basis", terms.basis.as_str().to_owned()),
            ("Cost", statement.cost.exact().to_string()),
            ("Over- or under-recovered", content.recovery()?.exact().to_string()),
            ("Drafted by", person(Some(&statement.drafted_by))),
            ("Approved by", person(statement.approved_by.as_ref())),
            ("Journal entry", statement.entry.map(|entry| entry.to_string()).unwrap_or_default()),
        ]);
    }
    facts.extend([("Through entry", statement.through_entry.to_string()), ("Content hash", statement.content_hash.clone())]);
    let lines = content.lines.iter().zip(1_u64..).map(|(line, number)| row(view, line, number)).collect();
    let drafted_on = (
        u16::try_from(drafted.year()).unwrap_or_default(),
        u8::try_from(drafted.month()).unwrap_or_default(),
        u8::try_from(drafted.day()).unwrap_or_default(),
    );
    Ok(StatementSheet { facts, lines, drafted_on })
}

fn row(view: &StatementView, line: &Line, number: u64) -> [String; COLUMNS.len()] {
    let content = &view.statement.content;
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    [
        view.statement.number.to_string(),
        content.terms.period.to_string(),
        view.center.code.clone(),
        number.to_string(),
        line.kind.as_str().to_owned(),
        line.month.to_string(),
        line.description.clone(),
        text(line.provider.as_deref()),
        text(line.model.as_deref()),
        text(line.feature.as_deref()),
        line.quantity.map(|quantity| quantity.to_string()).unwrap_or_default(),
        text(line.unit),
        text(line.rate.as_deref()),
        Money { amount: line.amount, currency: content.currency }.exact().to_string(),
        content.currency.code().to_owned(),
    ]
}
