//! The lines of an NDJSON file, one at a time, in constant memory whatever their length.

use std::io::{self, BufRead};

use super::{MAX_LINE_BYTES, is_blank, read_charge};
use crate::import::{Position, Row};

/// Reads a file line by line. Blank lines are passed over.
pub struct ChargeLines<R> {
    reader: R,
    line: Vec<u8>,
    reached: Position,
}

impl<R: BufRead> ChargeLines<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, line: Vec::new(), reached: Position::default() }
    }

    /// Where the next line begins.
    pub fn reached(&self) -> Position {
        self.reached
    }

    /// Passes over lines that were imported before. False when the file has no line end at the position: it is another file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn skip_to(&mut self, position: Position) -> io::Result<bool> {
        let mut last = b'\n';
        while self.reached.byte < position.byte {
            let held = self.reader.fill_buf()?;
            let wanted = usize::try_from(position.byte.saturating_sub(self.reached.byte)).unwrap_or(usize::MAX);
            let Some(passed) = held.get(..wanted.min(held.len())).filter(|passed| !passed.is_empty()) else { return Ok(false) };
            last = passed.last().copied().unwrap_or(last);
            let length = passed.len();
            self.reader.consume(length);
            self.reached.byte = self.reached.byte.saturating_add(u64::try_from(length).unwrap_or(0));
        }
        self.reached = position;
        // The end of a file may lack its line end.
        Ok(last == b'\n' || self.reader.fill_buf()?.is_empty())
    }

    /// Reads one line into the buffer, at most one byte more than a charge may have; false at the end of the file.
    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let begin = self.reached.byte;
        loop {
            let held = match self.reader.fill_buf() {
                Ok(held) => held,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = held.iter().position(|byte| *byte == b'\n').map(|end| end.saturating_add(1));
            let taken = held.get(..end.unwrap_or(held.len())).unwrap_or_default();
            let room = MAX_LINE_BYTES.saturating_add(1).saturating_sub(self.line.len());
            self.line.extend_from_slice(taken.get(..room.min(taken.len())).unwrap_or_default());
            let length = taken.len();
            self.reader.consume(length);
            self.reached.byte = self.reached.byte.saturating_add(u64::try_from(length).unwrap_or(0));
            if end.is_some() || length == 0 {
                let is_line = self.reached.byte > begin;
                self.reached.rows = self.reached.rows.saturating_add(u64::from(is_line));
                return Ok(is_line);
            }
        }
    }
}

impl<R: BufRead> Iterator for ChargeLines<R> {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.read_line() {
                Ok(false) => return None,
                Ok(true) if is_blank(&self.line) => {}
                Ok(true) => return Some(Ok(Row { line: self.reached.rows, charge: read_charge(&self.line) })),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rejection::Code;

    fn lines(bytes: &[u8]) -> Vec<(u64, Option<String>, bool)> {
        let row = |row: io::Result<Row>| row.map(|row| (row.line, row.charge.external_id, row.charge.draft.is_ok())).unwrap();
        ChargeLines::new(io::BufReader::with_capacity(16, bytes)).map(row).collect()
    }

    #[test]
    fn blank_lines_are_passed_over_and_bad_ones_are_not_the_end() {
        let text = b"\xef\xbb\xbf{\"externalId\":\"1\"}\r\n\n  \r\n{oops\n{\"externalId\":\"2\"}";
        assert_eq!(lines(text), [(1, Some("1".into()), true), (4, None, false), (5, Some("2".into()), true)]);
        assert!(lines(b"").is_empty() && lines(b"\n\n").is_empty());
    }

    #[test]
    fn an_endless_line_is_refused_in_constant_memory() {
        let text = [vec![b'x'; 3 * MAX_LINE_BYTES], b"\n{}\n".to_vec()].concat();
        let mut reading = ChargeLines::new(text.as_slice());
        let refused = reading.next().unwrap().unwrap().charge.draft.unwrap_err();
        assert_eq!(refused.code, Code::MalformedJson);
        assert!(reading.line.capacity() <= 2 * MAX_LINE_BYTES + 2);
        assert_eq!(reading.next().unwrap().unwrap().line, 2);
    }

    #[test]
    fn reading_resumes_where_it_stopped() {
        let text: String = (0..100).map(|id| format!("{{\"externalId\":\"{id}\"}}\n")).collect();
        let mut first = ChargeLines::new(text.as_bytes());
        first.by_ref().take(70).for_each(drop);
        let position = first.reached();
        let mut second = ChargeLines::new(io::BufReader::with_capacity(16, text.as_bytes()));
        assert!(second.skip_to(position).unwrap());
        let row = second.next().unwrap().unwrap();
        assert_eq!((row.line, row.charge.external_id.as_deref()), (71, Some("70")));
        assert!(!ChargeLines::new(text.as_bytes()).skip_to(Position { byte: position.byte + 1, ..position }).unwrap());
        assert!(!ChargeLines::new(text.as_bytes()).skip_to(Position { byte: 1 << 40, ..position }).unwrap());
    }
}
