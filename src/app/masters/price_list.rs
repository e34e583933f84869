//! Price lists as CSV: the built-in list's columns, for import and export.

use std::io::{Read, Write};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::PriceInput;
use crate::domain::rating::Price;
use crate::domain::usage::Processing;

/// Lines of one list. The largest public one has about 15,000; a hundred times that is no price list.
const MOST_LINES: usize = 1_000_000;

/// Why a file is no price list. Line 1 is the header.
#[derive(Debug, thiserror::Error)]
pub enum PriceListError {
    #[error("the price list cannot be read: {0}")]
    Csv(#[from] csv::Error),
    #[error("line {line}, column {column}: {message}")]
    Field { line: u64, column: &'static str, message: String },
    #[error("the price list has more than {MOST_LINES} lines")]
    TooLong,
    #[error("the price list cannot be written: {0}")]
    Unwritable(#[from] std::io::Error),
}

/// One line, in the order of the columns.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    provider: String,
    model: String,
    meter: String,
    per: String,
    amount: String,
    currency: String,
    effective_from: String,
    #[serde(default)]
    effective_to: String,
    #[serde(default)]
    processing: String,
    #[serde(default)]
    service_tier: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    above_input_tokens: String,
    #[serde(default)]
    source: String,
    /// The day on which the source was read.
    #[serde(default)]
    source_date: String,
}

/// Reads a list with a header. Dates are days, which begin at 00:00 UTC, or RFC 3339 instants. The text of prices is not checked here.
///
/// # Errors
/// [`PriceListError`] with the line that cannot be read.
pub fn read_price_list(reader: impl Read) -> Result<Vec<PriceInput>, PriceListError> {
    let mut lines = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(reader);
    let mut prices = Vec::new();
    for (record, number) in lines.deserialize::<Line>().zip(2_u64..) {
        if prices.len() >= MOST_LINES {
            return Err(PriceListError::TooLong);
        }
        prices.push(input(record?, number)?);
    }
    Ok(prices)
}

/// Writes lines that [`read_price_list`] reads.
///
/// # Errors
/// [`PriceListError::Unwritable`] and [`PriceListError::Csv`] when the writer refuses.
pub fn write_price_list(writer: impl Write, prices: &[Price]) -> Result<(), PriceListError> {
    let mut lines = csv::Writer::from_writer(writer);
    for price in prices {
        lines.serialize(line(price))?;
    }
    Ok(lines.flush()?)
}

fn input(line: Line, number: u64) -> Result<PriceInput, PriceListError> {
    let refuse = |column, message| PriceListError::Field { line: number, column, message };
    let processing = match line.processing.as_str() {
        "" => None,
        word => Some(
            Processing::parse(word)
                .ok_or_else(|| refuse("processing", format!("`{word}` is none of STANDARD, BATCH, FLEX and PRIORITY")))?,
        ),
    };
    let above_input_tokens = match line.above_input_tokens.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| refuse("above_input_tokens", format!("`{text}` is not a number of tokens")))?),
    };
    let present = |text: String| (!text.is_empty()).then_some(text);
    let source = match (line.source, line.source_date) {
        (source, date) if date.is_empty() => source,
        (source, date) => format!("{source} ({date})"),
    };
    Ok(PriceInput {
        effective_from: read_instant(&line.effective_from).map_err(|message| refuse("effective_from", message))?,
        effective_to: present(line.effective_to)
            .map(|text| read_instant(&text))
            .transpose()
            .map_err(|message| refuse("effective_to", message))?,
        provider: line.provider,
        model: line.model,
        meter: line.meter,
        per: line.per,
        amount: line.amount,
        currency: line.currency,
        processing,
        service_tier: present(line.service_tier),
        region: present(line.region),
        above_input_tokens,
        source: present(source.trim().to_owned()),
    })
}

fn line(price: &Price) -> Line {
    let (terms, key) = (&price.terms, &price.terms.key);
    let (source, source_date) = source_and_date(&terms.source).unwrap_or((&terms.source, ""));
    Line {
        provider: key.provider.clone(),
        model: key.model.clone(),
        meter: key.meter.code().to_owned(),
        per: terms.unit_price.per().to_string(),
        amount: terms.unit_price.amount().to_string(),
        currency: terms.unit_price.currency().code().to_owned(),
        effective_from: write_instant(terms.effective_from.to_instant()),
        effective_to: terms.effective_to.map(|moment| write_instant(moment.to_instant())).unwrap_or_default(),
        processing: key.processing.as_str().to_owned(),
        service_tier: key.service_tier.clone().unwrap_or_default(),
        region: key.region.clone().unwrap_or_default(),
        above_input_tokens: key.above_input_tokens.map(|above| above.to_string()).unwrap_or_default(),
        source: source.to_owned(),
        source_date: source_date.to_owned(),
    }
}

/// The source and the day that [`input`] put behind it in brackets.
fn source_and_date(text: &str) -> Option<(&str, &str)> {
    let (source, date) = text.strip_suffix(')')?.rsplit_once('(')?;
    date.parse::<NaiveDate>().ok()?;
    Some((source.trim_end(), date))
}

/// An instant from a day, which begins at 00:00 UTC, or from RFC 3339.
///
/// # Errors
/// A sentence with the forms that are read.
pub fn read_instant(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let instant =
        DateTime::parse_from_rfc3339(text).map_err(|_| format!("`{text}` is neither a day such as 2026-01-31 nor an RFC 3339 instant"))?;
    Ok(instant.with_timezone(&Utc))
}

/// The shortest text that [`read_instant`] reads.
pub fn write_instant(instant: DateTime<Utc>) -> String {
    if instant.time() == chrono::NaiveTime::MIN {
        instant.date_naive().to_string()
    } else {
        instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }
}
