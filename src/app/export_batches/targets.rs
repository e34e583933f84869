//! Targets: what the program knows, and what was saved over it.

use serde_json::json;

use super::prefix::reserve;
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::masters::{MOST_ITEMS, required};
use crate::app::posting::{Session, command};
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::export_batch::{MOST_MAPPED, Prefix, Segment, Target};
use crate::domain::ids::BooksId;
use crate::domain::money::Currency;
use crate::domain::period::Moment;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::SpendDimension;
use crate::export::erp::{self, Format};
use crate::store::StoreError;
use crate::store::export_batch::{TargetRow, prefix_list, target_insert, target_list};
use crate::store::ledger::Ledger;

/// Longest name of an account, a value, a segment or a company in another system.
const LONGEST_NAME: usize = 200;
/// Longest code of a target: it is in file names.
const LONGEST_CODE: usize = 40;

/// A target as it is saved.
#[derive(Debug, Clone)]
pub struct TargetInput {
    pub code: String,
    pub format: String,
    pub company: Option<String>,
    pub journal: Option<String>,
    pub currency: Option<String>,
    /// The format's own when absent.
    pub segments: Option<Vec<SegmentInput>>,
    /// Our code and the system's.
    pub accounts: Vec<(String, String)>,
    pub values: Vec<ValueInput>,
    /// The format's own when absent.
    pub most_lines: Option<i32>,
    pub keeps_carry: bool,
    /// Two to four capital letters with which the documents begin; what the target has when absent.
    pub document_prefix: Option<String>,
}

#[derive(Debug, Clone)]
pub struct SegmentInput {
    pub dimension: SpendDimension,
    pub name: String,
}

#[derive(Debug, Clone)]
pub struct ValueInput {
    pub dimension: SpendDimension,
    pub code: String,
    pub external: String,
}

/// A target with its format.
#[derive(Debug, Clone)]
pub struct TargetView {
    /// Zero for one that nobody saved or used.
    pub version: i64,
    pub code: String,
    pub target: Target,
    pub format: &'static Format,
    /// With which its next documents begin; none while it has neither been given one nor made a batch.
    pub document_prefix: Option<String>,
}

/// The target of a format as the program knows it.
fn usual(format: &Format) -> Target {
    let segment = |(dimension, name): &(String, String)| Segment { dimension: dimension.clone(), name: name.clone() };
    Target {
        format: format.code.clone(),
        company: None,
        journal: None,
        currency: None,
        segments: format.segments.usual.iter().map(segment).collect(),
        accounts: [].into(),
        values: [].into(),
        most_lines: format.usual_lines,
        keeps_carry: true,
        document_prefix: None,
    }
}

/// Every target: those of the formats, and those that were saved.
pub(super) fn all(ledger: &mut Ledger, books: BooksId) -> Result<Vec<TargetRow>, StoreError> {
    let mut targets = target_list(ledger, books)?;
    for format in erp::formats() {
        if !targets.iter().any(|target| target.code == format.code) {
            targets.push(TargetRow { id: 0, version: 0, code: format.code.clone(), target: usual(format) });
        }
    }
    targets.sort_by(|left, right| left.code.cmp(&right.code));
    Ok(targets)
}

/// The target of a code.
///
/// # Errors
/// `EXPORT_TARGET_UNKNOWN`; any database failure.
pub(super) fn by_code(ledger: &mut Ledger, books: BooksId, code: &str) -> Result<TargetRow, AppError> {
    let found = all(ledger, books)?.into_iter().find(|target| target.code == code);
    Ok(found.ok_or_else(|| Rejection::at(Code::ExportTargetUnknown, "target", Code::ExportTargetUnknown.help()))?)
}

/// The format of a target.
pub(super) fn format_of(target: &Target) -> Result<&'static Format, StoreError> {
    erp::format(&target.format).ok_or_else(|| StoreError::corrupt(format!("no export format `{}`", target.format)))
}

/// Gives a target of the program its first version, when it has none.
pub(super) fn versioned(session: &mut Session, mut target: TargetRow, by: &str) -> Result<TargetRow, AppError> {
    if target.version == 0 {
        target.id = next_id(session)?;
        target.version = 1;
        let at = command::recorded_at(session);
        target_insert(&mut session.ledger, session.books, &target, by, at)?;
    }
    Ok(target)
}

fn next_id(session: &mut Session) -> Result<i64, StoreError> {
    let targets = target_list(&mut session.ledger, session.books)?;
    Ok(targets.iter().map(|target| target.id).max().unwrap_or(0).saturating_add(1))
}

/// Every target in the order of the codes.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn export_targets(app: &App, actor: &Actor) -> Result<Vec<TargetView>, AppError> {
    reading(app, actor, Permission::Export, |ledger, books, _| {
        all(ledger, books)?.into_iter().map(|row| Ok(view(ledger, books, row)?)).collect::<Result<_, AppError>>()
    })
    .await
}

fn view(ledger: &mut Ledger, books: BooksId, row: TargetRow) -> Result<TargetView, StoreError> {
    let format = format_of(&row.target)?;
    let document_prefix = match &row.target.document_prefix {
        Some(saved) => Some(saved.clone()),
        None => prefix_list(ledger, books, row.id)?.pop().map(|prefix| prefix.as_str().to_owned()),
    };
    Ok(TargetView { version: row.version, code: row.code, target: row.target, format, document_prefix })
}

/// Saves targets. One that is there gets another version; batches keep the version they were made with.
///
/// # Errors
/// [`AppError::Forbidden`]; `TOO_MANY_ITEMS`, `MISSING_FIELD`, `TEXT_TOO_LONG`, `EXPORT_TARGET_INVALID`, `CURRENCY_UNKNOWN`; any database failure.
pub async fn save_export_targets(app: &App, actor: &Actor, inputs: Vec<TargetInput>) -> Result<Vec<TargetView>, AppError> {
    if !actor.may(Permission::SaveMasters) {
        return Err(AppError::Forbidden(Permission::SaveMasters));
    }
    let books = app.books(actor).await?;
    if inputs.len() > MOST_ITEMS {
        return Err(Rejection::at(Code::TooManyItems, "targets", Code::TooManyItems.help()).into());
    }
    let check = |(position, input): (usize, &TargetInput)| {
        checked(input).map_err(|rejection| rejection.under(position.to_string()).under("targets"))
    };
    let targets = inputs.iter().enumerate().map(check).collect::<Result<Vec<_>, _>>()?;
    let saver = actor.clone();
    let save = move |session: &mut Session| {
        let numbered = targets.into_iter().enumerate();
        let save = |(position, (code, target)): (usize, _)| {
            save_in_tx(session, &saver, code, target).map_err(|error| match error {
                AppError::Rejected(rejections) => AppError::Rejected(
                    rejections.into_iter().map(|rejection| rejection.under(position.to_string()).under("targets")).collect(),
                ),
                other => other,
            })
        };
        numbered.map(save).collect::<Result<Vec<_>, AppError>>()
    };
    books.desk().run(Moment::from_instant(app.clock().now()), save).await
}

fn save_in_tx(session: &mut Session, actor: &Actor, code: String, target: Target) -> Result<TargetView, AppError> {
    let before = target_list(&mut session.ledger, session.books)?.into_iter().find(|known| known.code == code);
    let mut target = target;
    if let Some(before) = before.as_ref().filter(|_| target.document_prefix.is_none()) {
        // Whoever says nothing of the prefix keeps it: numbers with it are in the other system.
        target.document_prefix.clone_from(&before.target.document_prefix);
    }
    if let Some(same) = before.as_ref().filter(|before| before.target == target) {
        return Ok(view(&mut session.ledger, session.books, same.clone())?);
    }
    let (id, version) = match &before {
        Some(before) => (before.id, before.version.saturating_add(1)),
        None => (next_id(session)?, 1),
    };
    if let Some(prefix) = &target.document_prefix {
        reserve(session, id, prefix)?;
    }
    let row = TargetRow { id, version, code, target };
    let at = command::recorded_at(session);
    target_insert(&mut session.ledger, session.books, &row, &actor.subject, at)?;
    let told = |row: &TargetRow| Some(json!({ "version": row.version, "settings": row.target }));
    let change = Change {
        action: "exportTarget.save",
        object: format!("export target {}", row.code),
        before: before.as_ref().and_then(told),
        after: told(&row),
        reason: None,
    };
    session.audit(audit::event(actor, change));
    Ok(view(&mut session.ledger, session.books, row)?)
}

fn invalid(field: &'static str, message: impl Into<String>) -> Rejection {
    Rejection::at(Code::ExportTargetInvalid, field, message)
}

fn checked(input: &TargetInput) -> Result<(String, Target), Rejection> {
    let code = required("code", &input.code, LONGEST_CODE)?;
    if !code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Err(invalid("code", "a code has lower-case letters, digits and hyphens: it is part of file names"));
    }
    let unknown =
        || invalid("format", format!("`{}` is no format; exportTargets lists them", input.format.chars().take(40).collect::<String>()));
    let format = erp::format(&input.format).ok_or_else(unknown)?;
    let company = optional("company", input.company.as_deref())?;
    let journal = optional("journal", input.journal.as_deref())?;
    let (needs_company, needs_journal) = format.needs();
    if needs_company && company.is_none() {
        return Err(invalid("company", format!("{} needs the company", format.name)));
    }
    if needs_journal && journal.is_none() {
        return Err(invalid("journal", format!("{} needs the journal", format.name)));
    }
    let currency = input.currency.as_deref().map(Currency::parse).transpose().map_err(|rejection| rejection.under("currency"))?;
    if !format.names_currency && currency.is_none() {
        return Err(invalid("currency", format!("{} takes no currency with a document: name its own", format.name)));
    }
    let most_lines = input.most_lines.map_or(Some(format.usual_lines), |lines| usize::try_from(lines).ok());
    let most_lines = most_lines.filter(|lines| (2..=format.most_lines).contains(lines));
    let too_many = || invalid("mostLines", format!("a document of {} has 2 to {} lines", format.name, format.most_lines));
    let segments = match &input.segments {
        None => usual(format).segments,
        Some(segments) => checked_segments(format, segments)?,
    };
    let mut target = Target { company, journal, currency: currency.map(|currency| currency.code().to_owned()), segments, ..usual(format) };
    target.most_lines = most_lines.ok_or_else(too_many)?;
    target.keeps_carry = input.keeps_carry;
    target.document_prefix = input.document_prefix.as_deref().map(Prefix::parse).transpose()?.map(|prefix| prefix.as_str().to_owned());
    map(&mut target, input)?;
    Ok((code, target))
}

fn optional(field: &'static str, text: Option<&str>) -> Result<Option<String>, Rejection> {
    text.map(|text| required(field, text, LONGEST_NAME)).transpose()
}

fn checked_segments(format: &Format, inputs: &[SegmentInput]) -> Result<Vec<Segment>, Rejection> {
    if inputs.len() > format.segments.most {
        return Err(invalid("segments", format!("a line of {} has at most {} segments", format.name, format.segments.most)));
    }
    let mut segments: Vec<Segment> = Vec::new();
    for input in inputs {
        let name = required("segments", &input.name, LONGEST_NAME)?;
        if input.dimension == SpendDimension::Account {
            return Err(invalid("segments", "the account is in every line; it is no segment"));
        }
        if let Some(names) = format.segments.names.as_ref().filter(|names| !names.contains(&name)) {
            return Err(invalid("segments", format!("the segments of {} are {}", format.name, names.join(", "))));
        }
        let dimension = Target::dimension_name(input.dimension).to_owned();
        if segments.iter().any(|known| known.dimension == dimension || known.name == name) {
            return Err(invalid("segments", "a dimension or a segment is named twice"));
        }
        segments.push(Segment { dimension, name });
    }
    Ok(segments)
}

fn map(target: &mut Target, input: &TargetInput) -> Result<(), Rejection> {
    if input.accounts.len().saturating_add(input.values.len()) > MOST_MAPPED {
        return Err(Rejection::at(Code::TooManyItems, "accounts", format!("a target renames at most {MOST_MAPPED} accounts and values")));
    }
    for (account, external) in &input.accounts {
        let (account, external) = (required("accounts", account, LONGEST_NAME)?, required("accounts", external, LONGEST_NAME)?);
        if target.accounts.insert(account, external).is_some() {
            return Err(invalid("accounts", "an account is mapped twice"));
        }
    }
    for value in &input.values {
        let (code, external) = (required("values", &value.code, LONGEST_NAME)?, required("values", &value.external, LONGEST_NAME)?);
        let values = target.values.entry(Target::dimension_name(value.dimension).to_owned()).or_default();
        if values.insert(code, external).is_some() {
            return Err(invalid("values", "a value is mapped twice"));
        }
    }
    Ok(())
}
