//! The records of a CSV file with the lines at which they begin, whatever their columns mean.
//!
//! Invariants: a row is never longer in memory than [`ndjson::MAX_LINE_BYTES`]; quotes, separators and line ends are read as RFC 4180 has them.

use std::io::{self, BufRead, Read};

use super::{CsvError, header};
use crate::import::{Position, ndjson};

/// Bytes read at a time, and the most that the header row may have.
const BUFFER_BYTES: usize = 64 * 1024;

type Source<R> = Bounded<io::Chain<io::Cursor<Vec<u8>>, R>>;

/// The records of a file, one at a time.
pub(in crate::import) struct Records<R> {
    reader: ::csv::Reader<Source<R>>,
    record: ::csv::ByteRecord,
    delimiter: u8,
    rows: u64,
    /// The first line that the next row can begin at.
    next_line: u64,
    has_crlf: bool,
}

impl<R: BufRead> Records<R> {
    /// Reads the header row, which is the record afterwards. The separator is found from it when it is not given.
    ///
    /// # Errors
    /// [`CsvError::Header`] for an empty file, or the file cannot be read.
    pub(in crate::import) fn open(mut reader: R, delimiter: Option<u8>) -> Result<Self, CsvError> {
        let mut first_line = Vec::new();
        let most = u64::try_from(BUFFER_BYTES).unwrap_or(u64::MAX);
        reader.by_ref().take(most).read_until(b'\n', &mut first_line)?;
        let delimiter = delimiter.unwrap_or_else(|| header::delimiter(&first_line));
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
        let mut opened = Self { reader, record, delimiter, rows: 0, next_line: 1, has_crlf };
        opened.count_lines();
        Ok(opened)
    }

    /// Reads the next record and answers the line at which it begins; none at the end.
    ///
    /// # Errors
    /// [`CsvError::RowTooLong`], or the file cannot be read.
    pub(in crate::import) fn advance(&mut self) -> Result<Option<u64>, CsvError> {
        if !read_record(&mut self.reader, &mut self.record)? {
            return Ok(None);
        }
        self.rows = self.rows.saturating_add(1);
        Ok(Some(self.count_lines()))
    }

    /// The record that was read last.
    pub(in crate::import) fn record(&self) -> &::csv::ByteRecord {
        &self.record
    }

    pub(in crate::import) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Where the next row begins.
    pub(in crate::import) fn reached(&self) -> Position {
        Position { byte: self.reader.position().byte(), rows: self.rows }
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
