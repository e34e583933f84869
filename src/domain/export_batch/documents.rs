//! A batch as documents of the other system: one currency each, at most as many lines as it takes, each balanced on its own.

use std::collections::BTreeMap;

use super::Key;
use crate::domain::money::{Currency, balanced_parts};
use crate::domain::rejection::{Code, Rejection};

/// Documents of one batch: the number of a document has two digits.
pub const MOST_DOCUMENTS: usize = 99;

/// A document before it has names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub currency: Currency,
    /// Debits come first.
    pub lines: Vec<DocumentLine>,
}

/// A line: a key and minor units, above zero for a debit and below for a credit; never zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentLine {
    pub key: Key,
    pub minor: i64,
}

/// Cuts the rounded sums of a batch into documents of at most `most_lines` lines. Sums of zero are left out.
///
/// # Errors
/// `AMOUNT_TOO_LARGE`, `EXPORT_TOO_LARGE`.
pub fn cut(rounded: &BTreeMap<Key, i128>, most_lines: usize) -> Result<Vec<Document>, Rejection> {
    let mut by_currency: BTreeMap<Currency, Vec<(Key, i64)>> = BTreeMap::new();
    for (key, minor) in rounded {
        let minor = i64::try_from(*minor).map_err(|_| Rejection::of(Code::AmountTooLarge))?;
        by_currency.entry(key.0).or_default().push((*key, minor));
    }
    let mut documents = Vec::new();
    for (currency, lines) in by_currency {
        for part in balanced_parts(lines, most_lines) {
            let lines = part.into_iter().map(|(key, minor)| DocumentLine { key, minor }).collect();
            documents.push(Document { currency, lines });
        }
    }
    if documents.len() > MOST_DOCUMENTS {
        let message = format!(
            "the batch would have {} documents of {most_lines} lines; it has at most {MOST_DOCUMENTS}. Export fewer dimensions, or fewer kinds at a time",
            documents.len()
        );
        return Err(Rejection { code: Code::ExportTooLarge, path: Vec::new(), message });
    }
    Ok(documents)
}
