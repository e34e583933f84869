//! Reads charges from CSV with a header row: the field names of `ChargeInput`, usage and reported cost as columns of their own.
//!
//! Invariants: the header is checked once, before any row; a row that cannot be read carries its rejection and the others go on; a row is
//! never longer in memory than [`ndjson::MAX_LINE_BYTES`]; numbers are plain decimal text; an empty cell is an absent field.
//! What a charge must hold is `UsageEvent::new`'s to say. Opening files and unpacking them is the caller's.

mod header;

use std::io::{self, BufRead, Read};

use super::{Position, Row, ndjson, scalars};
use crate::domain::money::Money;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::usage::{ChargeDraft, IncomingCharge, Quantity};
use header::{Column, Header};

/// Bytes read at a time, and the most that the header row may have.
const BUFFER_BYTES: usize = 64 * 1024;

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

type Source<R> = Bounded<io::Chain<io::Cursor<Vec<u8>>, R>>;

/// The rows of a file, one at a time.
pub struct ChargeCsv<R> {
    reader: ::csv::Reader<Source<R>>,
    header: Header,
    default_source: String,
    record: ::csv::ByteRecord,
    rows: u64,
    /// The first line that the next row can begin at.
    next_line: u64,
    has_crlf: bool,
    has_failed: bool,
}

impl<R: BufRead> ChargeCsv<R> {
    /// Reads and checks the header row.
    ///
    /// # Errors
    /// [`CsvError::Header`] when the columns are not those of a charge.
    pub fn open(mut reader: R, options: CsvOptions) -> Result<Self, CsvError> {
        let mut first_line = Vec::new();
        let most = u64::try_from(BUFFER_BYTES).unwrap_or(u64::MAX);
        reader.by_ref().take(most).read_until(b'\n', &mut first_line)?;
        let delimiter = options.delimiter.unwrap_or_else(|| header::delimiter(&first_line));
        let has_crlf = first_line.ends_with(b"\r\n");
        let source = Bounded { inner: io::Cursor::new(first_line).chain(reader), allowance_bytes: 0 };
        let mut reader = ::csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(false)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(source);
        let mut record = ::csv::ByteRecord::new();
        if !read_record(&mut reader, &mut record)? {
            return Err(CsvError::Header("the file is empty; its first row names the columns".into()));
        }
        let default_source = options.default_source.unwrap_or_default();
        let header = Header::parse(&record, delimiter, !default_source.is_empty()).map_err(CsvError::Header)?;
        let mut opened = Self { reader, header, default_source, record, rows: 0, next_line: 1, has_crlf, has_failed: false };
        opened.count_lines();
        Ok(opened)
    }

    /// Where the next row begins.
    pub fn reached(&self) -> Position {
        Position { byte: self.reader.position().byte(), rows: self.rows }
    }

    /// Passes over rows that were imported before, until the position.
    ///
    /// # Errors
    /// [`CsvError::Header`] when no row of the file begins there: it is another file.
    pub fn skip_to(&mut self, position: Position) -> Result<(), CsvError> {
        while self.reached().byte < position.byte && read_record(&mut self.reader, &mut self.record)? {
            self.rows = self.rows.saturating_add(1);
            self.count_lines();
        }
        if self.reached() != position {
            return Err(CsvError::Header(format!("no row begins at byte {}: the file is not the one that was begun", position.byte)));
        }
        Ok(())
    }

    fn read_row(&mut self) -> Result<Option<Row>, CsvError> {
        if !read_record(&mut self.reader, &mut self.record)? {
            return Ok(None);
        }
        self.rows = self.rows.saturating_add(1);
        let line = self.count_lines();
        let external_id = self.header.external_id().and_then(|at| self.record.get(at));
        let external_id = external_id.and_then(|cell| std::str::from_utf8(cell).ok()).map(str::trim).filter(|id| !id.is_empty());
        let charge = IncomingCharge { external_id: external_id.map(str::to_owned), draft: self.draft() };
        Ok(Some(Row { line, charge }))
    }

    /// The line at which the record just read begins. The reader counts a line feed when it meets it: that of `\r\n`, and blank lines,
    /// only with the record after.
    fn count_lines(&mut self) -> u64 {
        let within = self.record.iter().flatten().filter(|byte| **byte == b'\n').count();
        let within = u64::try_from(within).unwrap_or(0);
        let ended = if self.has_crlf { 0 } else { 1 };
        let line = self.reader.position().line().saturating_sub(within).saturating_sub(ended).max(self.next_line);
        self.next_line = line.saturating_add(within).saturating_add(1);
        line
    }

    fn draft(&self) -> Result<ChargeDraft, Rejection> {
        let mut draft = ChargeDraft { source: self.default_source.clone(), ..ChargeDraft::default() };
        let columns = self.header.columns();
        if self.record.len() != columns.len() {
            return Err(self.uneven());
        }
        let (mut amount, mut currency) = (None, None);
        for (column, cell) in columns.iter().zip(&self.record) {
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

    /// The refusal of a row with more or fewer cells than the header has columns.
    fn uneven(&self) -> Rejection {
        let (cells, columns) = (self.record.len(), self.header.columns());
        let message =
            format!("the row has {cells} cells, the header {} columns; text with a separator in it stands in quotes", columns.len());
        match columns.get(cells) {
            Some(missing) => Rejection { code: Code::MissingField, path: vec![missing.name.clone().into()], message },
            None => Rejection { code: Code::UnknownField, path: Vec::new(), message },
        }
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
        Column::TotalInput => draft.total_input = Some(Quantity::parse(cell)?),
        Column::Meter(meter) => draft.quantities.push((meter.clone(), Quantity::parse(cell)?)),
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

/// Reads one record within the allowance of one row; false at the end.
fn read_record<R: Read>(reader: &mut ::csv::Reader<Bounded<R>>, record: &mut ::csv::ByteRecord) -> Result<bool, CsvError> {
    let line = reader.position().line();
    // What the buffer still holds was read on an earlier allowance, so a row may be one buffer longer than the limit.
    reader.get_mut().allowance_bytes = ndjson::MAX_LINE_BYTES;
    reader.read_byte_record(record).map_err(|error| match error.into_kind() {
        ::csv::ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::FileTooLarge => CsvError::RowTooLong { line },
        ::csv::ErrorKind::Io(cause) => CsvError::Io(cause),
        other => CsvError::Io(io::Error::other(format!("{other:?}"))),
    })
}

/// A reader that fails when one row would take more bytes than its allowance.
struct Bounded<R> {
    inner: R,
    allowance_bytes: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.allowance_bytes == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let length = self.inner.read(buffer)?;
        self.allowance_bytes = self.allowance_bytes.saturating_sub(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests;
