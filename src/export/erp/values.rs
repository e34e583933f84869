//! What one field says of one line.

use super::description::{DayForm, Field, Format, Value};
use super::{Batch, Document, Line};
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};

/// A value before it is text of CSV or a value of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    /// There is nothing to say: an empty column, an absent member.
    Nothing,
    Text(String),
    /// Digits with an optional sign and point.
    Number(String),
}

/// Where a value is asked for.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub format: &'a Format,
    pub batch: &'a Batch,
    pub document: &'a Document,
}

impl Place<'_> {
    /// The value of a field of the header.
    pub fn of_header(self, field: &Field) -> Result<Written, Rejection> {
        let text = |text: &str| Written::Text(text.to_owned());
        let target = &self.batch.target;
        let written = match field.value {
            Value::Constant => text(field.text.as_deref().unwrap_or_default()),
            Value::BatchNumber => text(&self.batch.number),
            Value::DocumentNumber => text(&self.document.number),
            Value::PostingDay => Written::Text(day(self.format.day, self.batch.period.last_day())),
            Value::PeriodName => Written::Text(self.batch.period.last_day().to_date().format("%b %Y").to_string()),
            Value::Memo => Written::Text(self.memo()),
            Value::DocumentText => Written::Text(format!("{}, {}", self.memo(), self.document.number)),
            Value::Company => target.company.as_deref().map_or(Written::Nothing, text),
            Value::Journal => target.journal.as_deref().map_or(Written::Nothing, text),
            Value::Currency => text(self.document.currency.code()),
            // The others are of a line.
            _ => Written::Nothing,
        };
        if field.required && written == Written::Nothing {
            let setting = if field.value == Value::Company { "company" } else { "journal" };
            let message = format!("{} needs the {setting} of the target: save it with saveExportTargets", self.format.name);
            return Err(Rejection::at(Code::ExportTargetInvalid, "target", message));
        }
        fitting(field, written)
    }

    /// The value of a field of a line.
    pub fn of_line(self, field: &Field, line: &Line) -> Result<Written, Rejection> {
        let target = &self.batch.target;
        let amount = || self.amount(line.minor.unsigned_abs());
        let is_debit = line.minor > 0;
        let only = |is_side: bool| if is_side { amount().map(Written::Number) } else { Ok(Written::Nothing) };
        let or_zero = |is_side: bool| if is_side { amount() } else { self.amount(0) }.map(Written::Number);
        let written = match field.value {
            Value::Line => Written::Number(line.line.to_string()),
            Value::LineTextNumber => Written::Text(line.line.to_string()),
            Value::LineText => Written::Text(format!("{}, line {}", self.memo(), line.line)),
            Value::Account => Written::Text(target.account(&line.account).to_owned()),
            Value::AccountAndSegments => Written::Text(self.joined(line)),
            Value::Debit => only(is_debit)?,
            Value::Credit => only(!is_debit)?,
            Value::DebitOrZero => or_zero(is_debit)?,
            Value::CreditOrZero => or_zero(!is_debit)?,
            Value::Signed => Written::Number(format!("{}{}", if is_debit { "" } else { "-" }, amount()?)),
            Value::Unsigned => Written::Number(amount()?),
            Value::Side => {
                let word = if is_debit { &field.debit } else { &field.credit };
                Written::Text(word.clone().unwrap_or_default())
            }
            _ => return self.of_header(field),
        };
        fitting(field, written)
    }

    /// The exported dimensions of a line with the segment that takes each, in the target's order. An absent one has an empty value.
    pub fn segments<'a>(self, line: &'a Line) -> Vec<(&'a str, &'a str)>
    where
        Self: 'a,
    {
        let target = &self.batch.target;
        let code = |dimension: &str| line.dimensions.iter().find(|known| known.0 == dimension).and_then(|known| known.1.as_deref());
        let segment = |segment: &'a crate::domain::export_batch::Segment| {
            (segment.name.as_str(), code(&segment.dimension).map_or("", |code| target.value(&segment.dimension, code)))
        };
        target.segments.iter().map(segment).collect()
    }

    /// The account with the values of its segments behind it. Trailing empty ones are kept: their place says which segment they are.
    fn joined(self, line: &Line) -> String {
        let mut parts = vec![self.batch.target.account(&line.account)];
        parts.extend(self.segments(line).into_iter().map(|segment| segment.1));
        parts.join(&self.format.segments.separator)
    }

    /// Constant in its length, so that it fits every field: who wants to know more asks for the batch.
    fn memo(self) -> String {
        format!("AI spend {}", self.batch.period)
    }

    /// Minor units as a decimal with as many digits as the currency has.
    fn amount(self, minor: u64) -> Result<String, Rejection> {
        let digits = usize::try_from(self.document.currency.minor_digits()).unwrap_or(0);
        let text = format!("{minor:0width$}", width = digits.saturating_add(1));
        let (whole, fraction) = text.split_at(text.len().saturating_sub(digits));
        if let Some(most) = self.format.whole_digits.filter(|most| whole.len() > *most) {
            let message =
                format!("the amount {whole}.{fraction} has more than the {most} digits before the point that {} holds", self.format.name);
            return Err(Rejection { code: Code::ExportAmountTooLarge, path: Vec::new(), message });
        }
        Ok(if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") })
    }
}

fn day(form: DayForm, day: Day) -> String {
    match form {
        DayForm::Iso => day.to_string(),
        DayForm::Us => day.to_date().format("%m/%d/%Y").to_string(),
    }
}

fn fitting(field: &Field, written: Written) -> Result<Written, Rejection> {
    if let Written::Text(text) = &written {
        check_width(text, &field.name, field.width)?;
    }
    Ok(written)
}

/// # Errors
/// `EXPORT_TEXT_TOO_LONG`, at the field.
pub(super) fn check_width(text: &str, field: &str, width: Option<usize>) -> Result<(), Rejection> {
    let Some(width) = width.filter(|width| text.chars().count() > *width) else { return Ok(()) };
    let shown: String = text.chars().take(60).collect();
    let message = format!("`{shown}` is longer than the {width} characters of {field}: map it to a shorter name in the target");
    Err(Rejection { code: Code::ExportTextTooLong, path: vec![field.to_owned().into()], message })
}
