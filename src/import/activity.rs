//! Hours, revenue and outputs as CSV: the field names of the mutations as columns, in any order. Text in, text out: the application reads it.
//!
//! The header is checked once: an unknown or doubled column, and a required one that is absent, refuse the file. A row that cannot be read carries
//! its refusal and the others go on. An empty cell is an absent field.

use std::io::BufRead;

use super::csv::{CsvError, Records};
use super::scalars::excerpt;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::spelling::{closest, folded};

/// The columns of a kind of file: those that must be there, then the others.
#[derive(Debug, Clone, Copy)]
pub struct FactColumns {
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
}

impl FactColumns {
    fn all(self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }
}

/// One row: its line, and its cells by column.
#[derive(Debug)]
pub struct FactRow {
    /// The line of the file at which it begins; the first is 1.
    pub line: u64,
    pub cells: Result<FactCells, Rejection>,
}

/// The cells of a row that are not empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FactCells(Vec<(&'static str, String)>);

impl FactCells {
    pub fn get(&self, column: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == column).map(|(_, cell)| cell.as_str())
    }

    pub fn text(&self, column: &str) -> Option<String> {
        self.get(column).map(str::to_owned)
    }

    /// # Errors
    /// `MISSING_FIELD` at the column.
    pub fn required(&self, column: &'static str) -> Result<&str, Rejection> {
        self.get(column).ok_or_else(|| Rejection::at(Code::MissingField, column, format!("`{column}` is empty: fill it")))
    }
}

/// The rows of a file, one at a time.
pub struct FactCsv<R> {
    records: Records<R>,
    columns: Vec<&'static str>,
    has_failed: bool,
}

impl<R: BufRead> FactCsv<R> {
    /// Reads and checks the header row.
    ///
    /// # Errors
    /// [`CsvError::Header`] when the columns are not those of the kind.
    pub fn open(reader: R, delimiter: Option<u8>, of: FactColumns) -> Result<Self, CsvError> {
        let (records, delimiter) = Records::open(reader, delimiter)?;
        let mut columns: Vec<&'static str> = Vec::new();
        for cell in records.record() {
            let name =
                std::str::from_utf8(cell).map_err(|_| CsvError::Header("the header is not UTF-8; save the file as CSV UTF-8".into()))?;
            let name = name.trim_start_matches('\u{feff}').trim();
            let found = of.all().find(|column| folded(column) == folded(name)).ok_or_else(|| CsvError::Header(unknown(name, of)))?;
            if columns.contains(&found) {
                return Err(CsvError::Header(format!("the column `{found}` is there twice; keep one")));
            }
            columns.push(found);
        }
        let missing: Vec<&str> = of.required.iter().copied().filter(|column| !columns.contains(column)).collect();
        if !missing.is_empty() {
            let separator = char::from(delimiter).escape_default();
            let (missing, there) = (missing.join(", "), columns.join(", "));
            return Err(CsvError::Header(format!("the header lacks {missing}; it has {there} (separated by {separator})")));
        }
        Ok(Self { records, columns, has_failed: false })
    }

    fn cells(&self) -> Result<FactCells, Rejection> {
        let record = self.records.record();
        if record.len() != self.columns.len() {
            let (cells, columns) = (record.len(), self.columns.len());
            let message = format!("the row has {cells} cells, the header {columns} columns; text with a separator in it stands in quotes");
            return Err(match self.columns.get(cells) {
                Some(missing) => Rejection::at(Code::MissingField, missing, message),
                None => Rejection { code: Code::UnknownField, path: Vec::new(), message },
            });
        }
        let mut cells = Vec::with_capacity(self.columns.len());
        for (column, cell) in self.columns.iter().zip(record) {
            let utf8 = || Rejection::at(Code::TextInvalid, column, format!("`{column}` is not UTF-8"));
            let cell = std::str::from_utf8(cell).map_err(|_| utf8())?.trim();
            if !cell.is_empty() {
                cells.push((*column, cell.to_owned()));
            }
        }
        Ok(FactCells(cells))
    }
}

fn unknown(name: &str, of: FactColumns) -> String {
    let shown = excerpt(name);
    match closest(name, of.all()) {
        Some(meant) => format!("there is no column `{shown}`; `{meant}` may be meant"),
        None => format!("there is no column `{shown}`; the columns are {}", of.all().collect::<Vec<_>>().join(", ")),
    }
}

impl<R: BufRead> Iterator for FactCsv<R> {
    type Item = Result<FactRow, CsvError>;

    /// The next row; nothing after an error.
    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        match self.records.advance() {
            Ok(line) => line.map(|line| Ok(FactRow { line, cells: self.cells() })),
            Err(error) => {
                self.has_failed = true;
                Some(Err(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: FactColumns = FactColumns { required: &["source", "externalId", "hours"], optional: &["client"] };

    fn open(text: &str) -> Result<FactCsv<&[u8]>, String> {
        FactCsv::open(text.as_bytes(), None, COLUMNS).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_named_as_the_fields_and_rows_keep_their_lines() {
        let text =
            "\u{feff}External_Id;source;hours;client\r\n\"a;1\";hr;7.5;\r\n\"two\r\nlines\";hr;1;gearpeak\r\nc;hr;1\r\n\r\nd;hr;2;x\r\n";
        let rows: Vec<FactRow> = open(text).unwrap().map(Result::unwrap).collect();
        let first = rows[0].cells.as_ref().unwrap();
        assert_eq!((first.get("externalId"), first.get("hours"), first.get("client")), (Some("a;1"), Some("7.5"), None));
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 3, 5, 7]);
        let short = rows[2].cells.as_ref().unwrap_err();
        assert_eq!((short.code, short.path.join(".")), (Code::MissingField, "client".to_owned()));
        assert!(first.required("client").is_err());
    }

    #[test]
    fn a_header_that_does_not_fit_is_said() {
        assert_eq!(open("").err().unwrap(), "the file is empty; its first row names the columns");
        assert_eq!(open("source,hours,hours").err().unwrap(), "the column `hours` is there twice; keep one");
        assert_eq!(open("source,hours").err().unwrap(), "the header lacks externalId; it has source, hours (separated by ,)");
        assert!(open("source,hourz").err().unwrap().contains("`hours` may be meant"));
    }
}
