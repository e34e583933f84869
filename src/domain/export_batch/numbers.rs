//! The names under which the other system keeps a batch: the same for the same batch, at most 16 ASCII characters (SAP's reference field).

use crate::domain::period::Month;
use crate::domain::rejection::{Code, Rejection};

/// The last number that fits the name.
pub const LARGEST_NUMBER: i64 = 999_999;

/// `AL2601-000123`: batch 123 of its target, of January 2026.
///
/// # Errors
/// `EXPORT_TOO_LARGE` when the target has used its numbers up.
pub fn batch_number(period: Month, number: i64) -> Result<String, Rejection> {
    if !(1..=LARGEST_NUMBER).contains(&number) {
        let message = format!("the target has used its {LARGEST_NUMBER} numbers up: save another target for the same system");
        return Err(Rejection::at(Code::ExportTooLarge, "target", message));
    }
    let text = period.to_string();
    let year_and_month: String = text.chars().filter(char::is_ascii_digit).skip(2).collect();
    Ok(format!("AL{year_and_month}-{number:06}"))
}

/// The name of one of `documents` documents (from 1): that of the batch, and of several with their position behind it.
pub fn document_number(batch: &str, document: usize, documents: usize) -> String {
    if documents > 1 { format!("{batch}-{document:02}") } else { batch.to_owned() }
}
