//! Exchange rates as CSV: the columns `date`, `from`, `to`, `rate` and `source`, in any order. Text in, text out: the application reads it.

use std::io::Read;

use thiserror::Error;

/// One line of the file, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLine {
    /// `YYYY-MM-DD`.
    pub day: String,
    pub from: String,
    pub to: String,
    pub rate: String,
    pub source: String,
}

/// Why a file is not a list of rates.
#[derive(Debug, Error)]
pub enum RateFileError {
    #[error("the first line has no column `{0}`; the columns are date,from,to,rate,source")]
    ColumnMissing(&'static str),
    #[error("line {line}: {message}")]
    Line { line: u64, message: String },
}

const COLUMNS: [&str; 5] = ["date", "from", "to", "rate", "source"];

/// Reads all lines.
///
/// # Errors
/// A missing column, and a line that is no CSV.
pub fn read_rates(reader: impl Read) -> Result<Vec<RateLine>, RateFileError> {
    let failed =
        |error: csv::Error| RateFileError::Line { line: error.position().map_or(1, csv::Position::line), message: error.to_string() };
    let mut file = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(reader);
    let header = file.headers().map_err(failed)?.clone();
    let mut places = [0_usize; COLUMNS.len()];
    for (place, name) in places.iter_mut().zip(COLUMNS) {
        let found = header.iter().position(|column| column.trim_start_matches('\u{feff}') == name);
        *place = found.ok_or(RateFileError::ColumnMissing(name))?;
    }
    let mut lines = Vec::new();
    for record in file.records() {
        let record = record.map_err(failed)?;
        let [day, from, to, rate, source] = places.map(|place| record.get(place).unwrap_or_default().to_owned());
        lines.push(RateLine { day, from, to, rate, source });
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let lines = read_rates("\u{feff}from,to,date,source,rate\nEUR,USD,2026-01-30,ECB,1.08\n".as_bytes()).unwrap();
        let line = RateLine { day: "2026-01-30".into(), from: "EUR".into(), to: "USD".into(), rate: "1.08".into(), source: "ECB".into() };
        assert_eq!(lines, [line]);
        assert!(matches!(read_rates("date,from,to,rate\n".as_bytes()), Err(RateFileError::ColumnMissing("source"))));
        let short = read_rates("date,from,to,rate,source\n2026-01-30,EUR\n".as_bytes());
        assert!(matches!(short, Err(RateFileError::Line { line: 2, .. })));
    }
}
