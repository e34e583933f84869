//! The header row: which column is which field, checked once for the whole file.

use crate::domain::spelling::{closest, folded};
use crate::domain::usage::Meter;
use crate::import::scalars::excerpt;

/// More columns than a charge has fields, meters and tags together are a mistake.
const MOST_COLUMNS: usize = 128;

/// The field that a column fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    Source,
    ExternalId,
    OccurredAt,
    Provider,
    Model,
    Team,
    Project,
    Client,
    Feature,
    Environment,
    ApiKey,
    EndUser,
    Processing,
    ServiceTier,
    Region,
    TotalInput,
    Meter(Meter),
    Tag(String),
    ReportedAmount,
    ReportedCurrency,
}

/// A column with the name the file gives it.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) kind: Column,
}

/// Every column but those of tags and of other meters, under its own name.
const COLUMNS: &[(&str, Column)] = &[
    ("source", Column::Source),
    ("externalId", Column::ExternalId),
    ("occurredAt", Column::OccurredAt),
    ("provider", Column::Provider),
    ("model", Column::Model),
    ("team", Column::Team),
    ("project", Column::Project),
    ("client", Column::Client),
    ("feature", Column::Feature),
    ("environment", Column::Environment),
    ("apiKey", Column::ApiKey),
    ("endUser", Column::EndUser),
    ("processing", Column::Processing),
    ("serviceTier", Column::ServiceTier),
    ("region", Column::Region),
    ("inputTokens", Column::Meter(Meter::INPUT)),
    ("outputTokens", Column::Meter(Meter::OUTPUT)),
    ("cacheReadTokens", Column::Meter(Meter::CACHE_READ)),
    ("cacheWrite5mTokens", Column::Meter(Meter::CACHE_WRITE_5M)),
    ("cacheWrite1hTokens", Column::Meter(Meter::CACHE_WRITE_1H)),
    ("reasoningTokens", Column::Meter(Meter::REASONING)),
    ("totalInputTokens", Column::TotalInput),
    ("reportedCost", Column::ReportedAmount),
    ("reportedCurrency", Column::ReportedCurrency),
];

/// The columns in the order of the file.
#[derive(Debug)]
pub(super) struct Header {
    columns: Vec<Named>,
    external_id: Option<usize>,
}

impl Header {
    /// Reads the header row. The error is a sentence about the whole header, naming the columns it has.
    pub(super) fn parse(record: &::csv::ByteRecord, delimiter: u8, has_default_source: bool) -> Result<Self, String> {
        if record.len() > MOST_COLUMNS {
            return Err(format!("the header has {} columns; a charge has at most {MOST_COLUMNS}", record.len()));
        }
        let mut columns: Vec<Named> = Vec::with_capacity(record.len());
        for cell in record {
            let name = std::str::from_utf8(cell).map_err(|_| "the header is not UTF-8; save the file as CSV UTF-8".to_owned())?.trim();
            let kind = column(name)?;
            if let Some(twin) = columns.iter().find(|column| column.kind == kind) {
                return Err(format!("the columns `{}` and `{}` are the same field; keep one", twin.name, excerpt(name)));
            }
            columns.push(Named { name: name.to_owned(), kind });
        }
        let has = |kind: &Column| columns.iter().any(|column| column.kind == *kind);
        let required = COLUMNS.iter().take(5).filter(|row| !(has_default_source && row.1 == Column::Source));
        let mut missing: Vec<&str> = required.filter(|row| !has(&row.1)).map(|row| row.0).collect();
        let has_usage = columns.iter().any(|column| matches!(column.kind, Column::Meter(_) | Column::TotalInput | Column::ReportedAmount));
        if !has_usage {
            missing.push("a usage column such as inputTokens (or reportedCost)");
        }
        if let Some(source) = missing.iter_mut().find(|name| **name == "source") {
            *source = "source (or a default source)";
        }
        if has(&Column::ReportedAmount) && !has(&Column::ReportedCurrency) {
            missing.push("reportedCurrency");
        }
        if missing.is_empty() {
            let external_id = columns.iter().position(|column| column.kind == Column::ExternalId);
            return Ok(Self { columns, external_id });
        }
        let there: Vec<String> = columns.iter().map(|column| excerpt(&column.name)).collect();
        Err(format!(
            "the header lacks {}; it has {} (separated by {})",
            missing.join(", "),
            there.join(", "),
            char::from(delimiter).escape_default()
        ))
    }

    pub(super) fn columns(&self) -> &[Named] {
        &self.columns
    }

    /// The place of the external id, so that a refused row can be named.
    pub(super) fn external_id(&self) -> Option<usize> {
        self.external_id
    }
}

fn column(name: &str) -> Result<Column, String> {
    if let Some((kind, rest)) = name.split_once(':') {
        match folded(kind).as_str() {
            "tag" if !rest.trim().is_empty() => return Ok(Column::Tag(rest.trim().to_owned())),
            "meter" => {
                return Meter::parse(rest.trim())
                    .map(Column::Meter)
                    .map_err(|rejection| format!("column `{}`: {}", excerpt(name), rejection.message));
            }
            _ => {}
        }
    }
    let folded_name = folded(name);
    let folded_name = folded_name.strip_prefix("usage.").unwrap_or(&folded_name);
    let known = match folded_name {
        "reportedcost.amount" | "reportedamount" => Some(Column::ReportedAmount),
        "reportedcost.currency" => Some(Column::ReportedCurrency),
        _ => COLUMNS.iter().find(|row| folded(row.0) == folded_name).map(|row| row.1.clone()),
    };
    known.ok_or_else(|| {
        let shown = excerpt(name);
        match closest(name, COLUMNS.iter().map(|row| row.0)) {
            Some(meant) => format!("the column `{shown}` is not known; did you mean `{meant}`?"),
            None => {
                let names: Vec<&str> = COLUMNS.iter().map(|row| row.0).collect();
                format!(
                    "the column `{shown}` is not known. Remove it, or call it `tag:{shown}` to keep it as a tag or `meter:{shown}` to count it. \
                     The columns are {}",
                    names.join(", ")
                )
            }
        }
    })
}

/// The separator of a header row: the one of comma, semicolon and tab that it has most of, outside quotes.
pub(super) fn delimiter(first_line: &[u8]) -> u8 {
    let mut is_quoted = false;
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    for byte in first_line {
        if *byte == b'"' {
            is_quoted = !is_quoted;
        } else if !is_quoted && let Some(count) = counts.iter_mut().find(|count| count.0 == *byte) {
            count.1 = count.1.saturating_add(1);
        }
    }
    // The comma when there are equally many: it comes last of the reversed.
    counts.into_iter().rev().max_by_key(|count| count.1).map_or(b',', |count| count.0)
}
