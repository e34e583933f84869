//! Reads charges from CSV with a header row: the field names of `ChargeInput`, usage and reported cost as columns of their own.
//!
//! Invariants: the header is checked once, before any row; a row that cannot be read carries its rejection and the others go on; a row is
//! never longer in memory than [`ndjson::MAX_LINE_BYTES`]; numbers are plain decimal text; an empty cell is an absent field.
//! What a charge must hold is `UsageEvent::new`'s to say. Opening files and unpacking them is the caller's.

mod header;
mod records;

use std::io::{self, BufRead};

use super::{Position, Row, ndjson, scalars};
use crate::domain::money::Money;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::usage::{ChargeDraft, IncomingCharge, Meter, Quantity};
use header::{Column, Header};
pub(super) use records::Records;

/// How the file is written, where its header does not say.
#[derive(Debug, Clone, Default)]
pub struct CsvOptions {
    /// The byte between two cells; found from the header row when absent (`,`, `;` or tab).
    pub delimiter: Option<u8>,
    /// The source of rows that name none.
    pub default_source: Option<String>,
}

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The header row is absent, or its columns do not make a charge. The sentence says which.
    #[error("{0}")]
    Header(String),
    #[error("the row that begins at line {line} has more than {limit} bytes; a quote is probably not closed", limit = ndjson::MAX_LINE_BYTES)]
    RowTooLong { line: u64 },
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// The rows of a file, one at a time.
pub struct ChargeCsv<R> {
    records: Records<R>,
    header: Header,
    default_source: String,
    has_failed: bool,
}

impl<R: BufRead> ChargeCsv<R> {
    /// Reads and checks the header row.
    ///
    /// # Errors
    /// [`CsvError::Header`] when the columns are not those of a charge.
    pub fn open(reader: R, options: CsvOptions) -> Result<Self, CsvError> {
        let records = Records::open(reader, options.delimiter)?;
        let default_source = options.default_source.unwrap_or_default();
        let header = Header::parse(records.record(), records.delimiter(), !default_source.is_empty()).map_err(CsvError::Header)?;
        Ok(Self { records, header, default_source, has_failed: false })
    }

    /// Where the next row begins.
    pub fn reached(&self) -> Position {
        self.records.reached()
    }

    /// Passes over rows that were imported before, until the position.
    ///
    /// # Errors
    /// [`CsvError::Header`] when no row of the file begins there: it is another file.
    pub fn skip_to(&mut self, position: Position) -> Result<(), CsvError> {
        while self.reached().byte < position.byte && self.records.advance()?.is_some() {}
        if self.reached() != position {
            return Err(CsvError::Header(format!("no row begins at byte {}: the file is not the one that was begun", position.byte)));
        }
        Ok(())
    }

    fn read_row(&mut self) -> Result<Option<Row>, CsvError> {
        let Some(line) = self.records.advance()? else { return Ok(None) };
        let external_id = self.header.external_id().and_then(|at| self.records.record().get(at));
        let external_id = external_id.and_then(|cell| std::str::from_utf8(cell).ok()).map(str::trim).filter(|id| !id.is_empty());
        let charge = IncomingCharge { external_id: external_id.map(str::to_owned), draft: self.draft() };
        Ok(Some(Row { line, charge }))
    }

    fn draft(&self) -> Result<ChargeDraft, Rejection> {
        let mut draft = ChargeDraft { source: self.default_source.clone(), ..ChargeDraft::default() };
        let columns = self.header.columns();
        let record = self.records.record();
        if record.len() != columns.len() {
            return Err(uneven(record.len(), columns.iter().map(|column| column.name.as_str())));
        }
        let (mut amount, mut currency) = (None, None);
        for (column, cell) in columns.iter().zip(record) {
            let named = |rejection: Rejection| rejection.under(column.name.clone());
            let cell = std::str::from_utf8(cell).map_err(|_| {
                named(Rejection { code: Code::TextInvalid, path: Vec::new(), message: format!("`{}` is not UTF-8", column.name) })
            })?;
            let cell = cell.trim();
            if cell.is_empty() {
                continue;
            }
            match &column.kind {
                Column::ReportedAmount => amount = Some((column, cell)),
                Column::ReportedCurrency => currency = Some((column, cell)),
                kind => take(kind, cell, &mut draft).map_err(named)?,
            }
        }
        draft.reported_cost = reported_cost(amount, currency)?;
        Ok(draft)
    }
}

/// The refusal of a row with more or fewer cells than the header has columns.
pub(in crate::import) fn uneven<'a>(cells: usize, mut columns: impl ExactSizeIterator<Item = &'a str>) -> Rejection {
    let many = columns.len();
    let message = format!("the row has {cells} cells, the header {many} columns; text with a separator in it stands in quotes");
    match columns.nth(cells) {
        Some(missing) => Rejection { code: Code::MissingField, path: vec![missing.to_owned().into()], message },
        None => Rejection { code: Code::UnknownField, path: Vec::new(), message },
    }
}

impl<R: BufRead> Iterator for ChargeCsv<R> {
    type Item = Result<Row, CsvError>;

    /// The next row; nothing after an error.
    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let row = self.read_row();
        self.has_failed = row.is_err();
        row.transpose()
    }
}

fn take(kind: &Column, cell: &str, draft: &mut ChargeDraft) -> Result<(), Rejection> {
    let text = || Some(cell.to_owned());
    match kind {
        Column::Source => cell.clone_into(&mut draft.source),
        Column::ExternalId => cell.clone_into(&mut draft.external_id),
        Column::OccurredAt => draft.occurred_at = Some(scalars::instant(cell)?),
        Column::Provider => cell.clone_into(&mut draft.provider),
        Column::Model => cell.clone_into(&mut draft.model),
        Column::Team => draft.team = text(),
        Column::Project => draft.project = text(),
        Column::Client => draft.client = text(),
        Column::Feature => draft.feature = text(),
        Column::Environment => draft.environment = text(),
        Column::ApiKey => draft.api_key = text(),
        Column::EndUser => draft.end_user = text(),
        Column::Processing => draft.processing = Some(scalars::processing(cell)?),
        Column::ServiceTier => draft.service_tier = text(),
        Column::Region => draft.region = text(),
        Column::TotalInput => draft.total_input = Some(Quantity::parse_of_meter(cell, &Meter::INPUT)?),
        Column::Meter(meter) => draft.quantities.push((meter.clone(), Quantity::parse_of_meter(cell, meter)?)),
        Column::Tag(key) => draft.tags.push((key.clone(), cell.to_owned())),
        // Read together once the row is through.
        Column::ReportedAmount | Column::ReportedCurrency => {}
    }
    Ok(())
}

type Named<'a> = Option<(&'a header::Named, &'a str)>;

fn reported_cost(amount: Named<'_>, currency: Named<'_>) -> Result<Option<Money>, Rejection> {
    match (amount, currency) {
        (None, _) => Ok(None),
        (Some((column, _)), None) => Err(Rejection {
            code: Code::MissingField,
            path: vec!["reportedCurrency".into()],
            message: format!("`{}` needs its currency: fill `reportedCurrency`, such as USD", column.name),
        }),
        (Some((_, amount)), Some((_, currency))) => scalars::money(("reportedCost", amount), ("reportedCurrency", currency)).map(Some),
    }
}

#[cfg(test)]
mod tests;
