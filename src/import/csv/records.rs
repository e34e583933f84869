//! Records of a CSV file with the line at which each begins, none of them longer in memory than one row may be.

use std::io::{self, BufRead, Read};

use super::{CsvError, header};
use crate::import::ndjson;

/// Bytes read at a time, and the most that the header row may have.
const BUFFER_BYTES: usize = 64 * 1024;

type Source<R> = Bounded<io::Chain<io::Cursor<Vec<u8>>, R>>;

/// The records of a file, one at a time. The header row is read already.
pub(in crate::import) struct Records<R> {
    reader: ::csv::Reader<Source<R>>,
    record: ::csv::ByteRecord,
    /// The first line that the next row can begin at.
    next_line: u64,
    has_crlf: bool,
}

impl<R: BufRead> Records<R> {
    /// Reads the header row, and finds the delimiter from it when none is given.
    ///
    /// # Errors
    /// [`CsvError::Header`] for an empty file.
    pub fn open(mut reader: R, delimiter: Option<u8>) -> Result<(Self, u8), CsvError> {
        let mut first_line = Vec::new();
        let most = u64::try_from(BUFFER_BYTES).unwrap_or(u64::MAX);
        reader.by_ref().take(most).read_until(b'\n', &mut first_line)?;
        let delimiter = delimiter.unwrap_or_else(|| header::delimiter(&first_line));
        let has_crlf = first_line.ends_with(b"\r\n");
        let source = Bounded { inner: io::Cursor::new(first_line).chain(reader), allowance_bytes: 0 };
        let reader = ::csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(false)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(source);
        let mut opened = Self { reader, record: ::csv::ByteRecord::new(), next_line: 1, has_crlf };
        match opened.advance()? {
            Some(_) => Ok((opened, delimiter)),
            None => Err(CsvError::Header("the file is empty; its first row names the columns".into())),
        }
    }

    /// Reads the next record; the line at which it begins, or none at the end.
    ///
    /// # Errors
    /// A row that is too long, and what the file answers.
    pub fn advance(&mut self) -> Result<Option<u64>, CsvError> {
        let line = self.reader.position().line();
        // What the buffer still holds was read on an earlier allowance, so a row may be one buffer longer than the limit.
        self.reader.get_mut().allowance_bytes = ndjson::MAX_LINE_BYTES;
        let is_there = self.reader.read_byte_record(&mut self.record).map_err(|error| match error.into_kind() {
            ::csv::ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::FileTooLarge => CsvError::RowTooLong { line },
            ::csv::ErrorKind::Io(cause) => CsvError::Io(cause),
            other => CsvError::Io(io::Error::other(format!("{other:?}"))),
        })?;
        Ok(is_there.then(|| self.count_lines()))
    }

    /// The record that was read last.
    pub fn record(&self) -> &::csv::ByteRecord {
        &self.record
    }

    /// Where the next record begins.
    pub fn byte(&self) -> u64 {
        self.reader.position().byte()
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
