//! Outputs: what was produced, counted in units, perhaps with a value. Facts without money of their own: nothing is posted for them.

use super::money::limits::LARGEST_QUANTITY;
use super::money::{Exact, Money};
use super::period::Day;
use super::rejection::{Code, Rejection};

/// Decimals that quantities are kept with.
const COUNT_DECIMALS: u32 = 6;
/// Longest code of a unit in bytes: with `outputs:` before it, it is the name of a driver.
pub const LONGEST_UNIT: usize = 50;

/// A unit that every set of books counts from the start: its code and what one of it is.
pub const STANDARD_UNITS: &[(&str, &str)] = &[
    ("api_call", "Call of an interface answered"),
    ("article_written", "Article written"),
    ("call_handled", "Phone call handled"),
    ("conversation", "Conversation held"),
    ("document_processed", "Document processed"),
    ("email_answered", "Email answered"),
    ("image_generated", "Image generated"),
    ("invoice_processed", "Invoice processed"),
    ("lead_qualified", "Lead qualified"),
    ("order_processed", "Order processed"),
    ("page_translated", "Page translated"),
    ("pull_request_merged", "Pull request merged"),
    ("report_generated", "Report generated"),
    ("search_answered", "Search answered"),
    ("task_completed", "Task completed"),
    ("ticket_resolved", "Ticket resolved"),
];

/// A unit that outputs are counted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputUnit {
    pub code: String,
    pub name: String,
}

/// Holds what the code of a unit must be.
///
/// # Errors
/// `OUTPUT_UNIT_INVALID` at `code`.
pub fn check_unit_code(code: &str) -> Result<(), Rejection> {
    let is_shaped = code.len() <= LONGEST_UNIT
        && code.starts_with(|first: char| first.is_ascii_lowercase())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let is_standard = STANDARD_UNITS.iter().any(|(standard, _)| *standard == code);
    let shown: String = code.chars().take(40).collect();
    if is_standard {
        return Err(Rejection::at(Code::OutputUnitInvalid, "code", format!("`{shown}` is a standard unit: it need not be saved")));
    }
    if is_shaped {
        Ok(())
    } else {
        Err(Rejection::at(Code::OutputUnitInvalid, "code", format!("`{shown}`: {}", Code::OutputUnitInvalid.help())))
    }
}

/// A quantity in millionths. Below zero it takes earlier ones back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Count(i64);

impl Count {
    pub const ZERO: Self = Self(0);

    pub fn from_millionths(millionths: i64) -> Self {
        Self(millionths)
    }

    pub fn millionths(self) -> i64 {
        self.0
    }

    /// Reads a decimal with at most six decimals; none when it is another text, or more than can be counted.
    pub fn parse(text: &str) -> Option<Self> {
        let exact = Exact::parse(text).ok()?.normalized();
        (exact.scale() <= COUNT_DECIMALS)
            .then(|| exact.round_half_even(COUNT_DECIMALS))
            .flatten()
            .filter(|count| count.unsigned_abs() <= LARGEST_QUANTITY)
            .map(Self)
    }

    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    pub fn exact(self) -> Exact {
        Exact::new(i128::from(self.0), COUNT_DECIMALS).normalized()
    }
}

/// What was produced on a day, as it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputInput {
    pub source: String,
    pub external_id: String,
    pub produced_on: Day,
    pub unit: String,
    pub quantity: Count,
    pub value: Option<Money>,
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
}

/// Reads the quantity of an output: not zero.
///
/// # Errors
/// `OUTPUT_INVALID` at `quantity`.
pub fn output_quantity(text: &str) -> Result<Count, Rejection> {
    let shown: String = text.chars().take(40).collect();
    let invalid = || Rejection::at(Code::OutputInvalid, "quantity", format!("`{shown}`: {}", Code::OutputInvalid.help()));
    Count::parse(text).filter(|count| *count != Count::ZERO).ok_or_else(invalid)
}

impl OutputInput {
    /// Holds that a value goes the way of its quantity.
    ///
    /// # Errors
    /// `OUTPUT_INVALID` at `value`.
    pub fn check_value(&self) -> Result<(), Rejection> {
        let (quantity, value) = (self.quantity.0.signum(), self.value.map_or(0, |value| value.amount.units().signum()));
        if value == 0 || value == quantity { Ok(()) } else { Err(Rejection::of(Code::OutputInvalid).under("value")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_strictly() {
        for text in ["0", "0.0000001", "1e3", "", "ten", "1,5", "9300000000000"] {
            assert_eq!(output_quantity(text).unwrap_err().code, Code::OutputInvalid, "{text}");
        }
        assert_eq!(output_quantity("-2.5").unwrap().millionths(), -2_500_000);
    }

    #[test]
    fn a_unit_is_a_short_lower_case_word_that_is_not_known_already() {
        for code in ["", "Ticket", "1st", "a-b", "ticket_resolved", "_a", "é"] {
            assert_eq!(check_unit_code(code).unwrap_err().code, Code::OutputUnitInvalid, "{code}");
        }
        check_unit_code("contract_reviewed_2").unwrap();
        assert!(STANDARD_UNITS.is_sorted(), "shown in their order");
    }
}
