//! The names under which the other system keeps a batch: the same for the same batch, at most 16 ASCII characters (SAP's reference field).
//!
//! Several sets of books, several targets and several databases may send to one system. So a name begins with letters that one target has for
//! itself. They are letters alone: the month behind them begins with a digit, so no two prefixes give the same name.

use crate::domain::period::Month;
use crate::domain::rejection::{Code, Rejection};

/// Characters of the name of a batch; its documents add `-NN`.
const NAME_LENGTH: usize = 13;
/// Letters of a prefix. Two are the least that tell targets apart; four leave 9,999 numbers, a batch a day for 27 years.
const LETTERS: std::ops::RangeInclusive<usize> = 2..=4;
/// What derived prefixes are made of: without vowels they spell no words.
const CONSONANTS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// The letters with which the documents of one target begin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix(String);

impl Prefix {
    /// # Errors
    /// `EXPORT_TARGET_INVALID` at `documentPrefix`.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        if LETTERS.contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_uppercase()) {
            return Ok(Self(text.to_owned()));
        }
        let message = "a prefix of document numbers has two to four capital letters, such as EMEA";
        Err(Rejection::at(Code::ExportTargetInvalid, "documentPrefix", message))
    }

    /// Four letters that follow from a hash.
    pub fn of_hash(hash: [u8; 32]) -> Self {
        let letter = |byte: u8| CONSONANTS.get(usize::from(byte) % CONSONANTS.len()).copied().unwrap_or(b'X');
        Self(hash.into_iter().take(*LETTERS.end()).map(|byte| char::from(letter(byte))).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many digits the number of a batch has.
    fn digits(&self) -> usize {
        // Two digits of the year, two of the month, a hyphen.
        NAME_LENGTH.saturating_sub(self.0.len()).saturating_sub(5)
    }
}

/// `KQVT2601-0123`: batch 123 of its target, of January 2026. A shorter prefix leaves more digits: `AL2601-000123`.
///
/// # Errors
/// `EXPORT_TOO_LARGE` when the target has used its numbers up.
pub fn batch_number(prefix: &Prefix, period: Month, number: i64) -> Result<String, Rejection> {
    let digits = prefix.digits();
    let text = format!("{number:0digits$}");
    if number < 1 || text.len() > digits {
        let message = "the target has used its numbers up: save another target for the same system, or a shorter documentPrefix";
        return Err(Rejection::at(Code::ExportTooLarge, "target", message));
    }
    let year_and_month: String = period.to_string().chars().filter(char::is_ascii_digit).skip(2).collect();
    Ok(format!("{}{year_and_month}-{text}", prefix.0))
}

/// The name of one of `documents` documents (from 1): that of the batch, and of several with their position behind it.
pub fn document_number(batch: &str, document: usize, documents: usize) -> String {
    if documents > 1 { format!("{batch}-{document:02}") } else { batch.to_owned() }
}
