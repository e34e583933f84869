//! Cuts plain bytes into lines. A line longer than allowed is reported once and never kept whole.

use std::io::BufRead;

/// One line that is not blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Line<'a> {
    /// Without its line break.
    Whole(&'a [u8]),
    /// Longer than the limit, its bytes are gone.
    TooLong,
}

/// Keeps the beginning of a line until its end arrives.
#[derive(Debug)]
pub(in crate::http) struct LineCutter {
    max_line_bytes: usize,
    /// The beginning of a line whose end has not arrived.
    begun: Vec<u8>,
    /// Inside a line that is too long.
    is_skipping: bool,
    /// Whether the stream's first line has passed: a byte order mark may stand before it only.
    is_behind_first: bool,
}

impl LineCutter {
    pub fn new(max_line_bytes: usize) -> Self {
        Self { max_line_bytes, begun: Vec::new(), is_skipping: false, is_behind_first: false }
    }

    /// Calls `each` for the first line that ends in `bytes`, if it is not blank, and returns what follows it; empty when
    /// no line ends in them.
    pub fn cut<'a>(&mut self, bytes: &'a [u8], each: &mut impl FnMut(Line<'_>)) -> &'a [u8] {
        let mut rest = bytes;
        // Reading from a slice cannot fail.
        let length = rest.skip_until(b'\n').unwrap_or(bytes.len());
        let (line, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
        match line.split_last() {
            Some((b'\n', line)) => self.end_of_line(line, each),
            _ => self.begin(line),
        }
        rest
    }

    /// The last line, if the stream ends without a line break.
    pub fn finish(&mut self, each: &mut impl FnMut(Line<'_>)) {
        if self.is_skipping || !self.begun.is_empty() {
            self.end_of_line(&[], each);
        }
    }

    fn begin(&mut self, bytes: &[u8]) {
        if self.is_skipping {
            return;
        }
        // One more for the carriage return of a line that just fits.
        if self.begun.len().saturating_add(bytes.len()) > self.max_line_bytes.saturating_add(1) {
            self.is_skipping = true;
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(bytes);
        }
    }

    fn end_of_line(&mut self, end: &[u8], each: &mut impl FnMut(Line<'_>)) {
        if self.begun.is_empty() && !self.is_skipping {
            // The usual case: the whole line is in one piece and need not be copied.
            let line = trim(end, &mut self.is_behind_first);
            report(line, self.max_line_bytes, each);
            return;
        }
        self.begin(end);
        if self.is_skipping {
            self.is_skipping = false;
            self.is_behind_first = true;
            each(Line::TooLong);
            return;
        }
        report(trim(&self.begun, &mut self.is_behind_first), self.max_line_bytes, each);
        self.begun.clear();
    }
}

fn report(line: &[u8], max_line_bytes: usize, each: &mut impl FnMut(Line<'_>)) {
    if line.len() > max_line_bytes {
        each(Line::TooLong);
    } else if !line.trim_ascii().is_empty() {
        each(Line::Whole(line));
    }
}

fn trim<'a>(line: &'a [u8], is_behind_first: &mut bool) -> &'a [u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if std::mem::replace(is_behind_first, true) { line } else { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) }
}
