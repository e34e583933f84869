//! A chargeback statement as a table, for a spreadsheet: CSV and XLSX.
//!
//! Amounts are text in both: a spreadsheet's numbers are binary fractions of fifteen digits, which cannot hold an amount at the ledger
//! scale. Whoever adds up in a spreadsheet converts the text there, and knows it.

use std::io;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, XlsxError};

/// A statement in words and figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementSheet {
    /// What is said of the whole: name and value.
    pub facts: Vec<(&'static str, String)>,
    /// In the order of [`COLUMNS`].
    pub lines: Vec<[String; COLUMNS.len()]>,
    /// Year, month and day of the draft: equal statements are equal bytes.
    pub drafted_on: (u16, u8, u8),
}

pub const COLUMNS: [&str; 15] = [
    "statement",
    "period",
    "cost_center",
    "line",
    "kind",
    "month",
    "description",
    "provider",
    "model",
    "feature",
    "quantity",
    "unit",
    "rate",
    "amount",
    "currency",
];

/// The column of amounts, whose text stands to the right.
const AMOUNT: u16 = 13;
/// Columns of texts that a caller chose: a spreadsheet would read some of them as formulas.
const CHOSEN: [usize; 5] = [2, 6, 7, 8, 9];

/// A text that a spreadsheet does not take for a formula: those that would be begin with an apostrophe.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// The lines as CSV, with a header.
///
/// # Errors
/// What the writer refuses.
pub fn write_csv(sheet: &StatementSheet) -> io::Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(COLUMNS)?;
    for line in &sheet.lines {
        let guarded = line.iter().enumerate().map(|(column, text)| if CHOSEN.contains(&column) { harmless(text) } else { text.clone() });
        out.write_record(guarded)?;
    }
    out.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// Two sheets: the lines, and what is said of the whole. Every cell is text, so nothing is a formula.
///
/// # Errors
/// What the workbook refuses.
pub fn write_xlsx(sheet: &StatementSheet) -> io::Result<Vec<u8>> {
    workbook(sheet).map_err(|error| io::Error::other(error.to_string()))
}

fn workbook(sheet: &StatementSheet) -> Result<Vec<u8>, XlsxError> {
    let (bold, right) = (Format::new().set_bold(), Format::new().set_align(FormatAlign::Right));
    let mut workbook = Workbook::new();
    let (year, month, day) = sheet.drafted_on;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(year, month, day)?));
    let lines = workbook.add_worksheet().set_name("Lines")?;
    for (column, name) in (0_u16..).zip(COLUMNS) {
        lines.write_string_with_format(0, column, name, &bold)?;
    }
    for (row, line) in (1_u32..).zip(&sheet.lines) {
        for (column, text) in (0_u16..).zip(line) {
            let format = if column == AMOUNT { &right } else { &Format::default() };
            lines.write_string_with_format(row, column, text, format)?;
        }
    }
    let facts = workbook.add_worksheet().set_name("Statement")?;
    for (row, (name, value)) in (0_u32..).zip(&sheet.facts) {
        facts.write_string_with_format(row, 0, *name, &bold)?;
        facts.write_string(row, 1, value)?;
    }
    workbook.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_a_formula_is_text() {
        let mut line: [String; COLUMNS.len()] = Default::default();
        (line[9], line[13]) = ("=cmd|' /C calc'!A0".to_owned(), "-1.5".to_owned());
        let sheet = StatementSheet { facts: Vec::new(), lines: vec![line], drafted_on: (2026, 2, 1) };
        let text = String::from_utf8(write_csv(&sheet).unwrap()).unwrap();
        assert!(text.contains(",'=cmd|' /C calc'!A0,") && text.contains(",-1.5,"), "{text}");
        assert_eq!(write_xlsx(&sheet).unwrap(), write_xlsx(&sheet).unwrap(), "equal statements are equal bytes");
    }
}
