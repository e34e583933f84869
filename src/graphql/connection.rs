//! Relay connections: keyset cursors, and pages that are refused rather than cut.

use async_graphql::OutputType;
use async_graphql::connection::{Connection as RelayConnection, Edge};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::rejection::{Code, Rejection};

/// Items in a page when the caller does not say.
pub const DEFAULT_PAGE: usize = 50;
/// The largest page of masters: a list people look through.
pub const LARGEST_PAGE: usize = 500;
/// The largest page of charges and journal entries, which machines pull: a thousand entries are about a megabyte of JSON.
pub const LARGEST_JOURNAL_PAGE: usize = 1_000;

/// A connection whose cursors are opaque text.
pub type Connection<T> = RelayConnection<String, T>;

/// Version of the cursors' form: a cursor of another version is refused, not misread.
const VERSION: &str = "1";

/// What a cursor stands in: its list and the last key it saw. Cursors of one list are refused by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    JournalEntries,
    Charges,
    CostCenters,
    Prices,
    Periods,
    ExchangeRates,
    AuditEvents,
    JournalDrafts,
    LedgerLines,
    AllocationLines,
    AllocationRuns,
    DriverValues,
    Chargebacks,
    ExportBatches,
    RevenueEntries,
}

impl List {
    fn tag(self) -> &'static str {
        match self {
            Self::JournalEntries => "entry",
            Self::Charges => "charge",
            Self::CostCenters => "center",
            Self::Prices => "price",
            Self::Periods => "period",
            Self::ExchangeRates => "rate",
            Self::AuditEvents => "audit",
            Self::JournalDrafts => "draft",
            Self::LedgerLines => "line",
            Self::AllocationLines => "allocation",
            Self::AllocationRuns => "run",
            Self::DriverValues => "driver",
            Self::Chargebacks => "chargeback",
            Self::ExportBatches => "batch",
            Self::RevenueEntries => "revenue",
        }
    }

    pub fn cursor(self, key: impl std::fmt::Display) -> String {
        URL_SAFE_NO_PAD.encode(format!("{VERSION}:{}:{key}", self.tag()))
    }

    /// The key of a cursor that this list gave out.
    ///
    /// # Errors
    /// `CURSOR_INVALID` at `after`.
    pub fn key(self, cursor: &str) -> Result<String, Rejection> {
        let invalid = || Rejection::at(Code::CursorInvalid, "after", Code::CursorInvalid.help());
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
        let text = String::from_utf8(bytes).map_err(|_| invalid())?;
        let prefix = format!("{VERSION}:{}:", self.tag());
        text.strip_prefix(&prefix).map(ToOwned::to_owned).ok_or_else(invalid)
    }

    /// The number of a cursor whose keys are numbers.
    ///
    /// # Errors
    /// `CURSOR_INVALID` at `after`.
    pub fn number(self, cursor: &str) -> Result<i64, Rejection> {
        let invalid = || Rejection::at(Code::CursorInvalid, "after", Code::CursorInvalid.help());
        let key = self.key(cursor)?;
        let number: i64 = key.parse().map_err(|_| invalid())?;
        // Only the form that `cursor` writes.
        if number < 0 || number.to_string() != key { Err(invalid()) } else { Ok(number) }
    }
}

impl List {
    /// The two numbers of a cursor whose keys are an entry and a line.
    ///
    /// # Errors
    /// `CURSOR_INVALID` at `after`.
    pub fn numbers(self, cursor: &str) -> Result<(i64, i64), Rejection> {
        let invalid = || Rejection::at(Code::CursorInvalid, "after", Code::CursorInvalid.help());
        let key = self.key(cursor)?;
        let (entry, line) = key.split_once(':').ok_or_else(invalid)?;
        let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0).ok_or_else(invalid);
        Ok((number(entry)?, number(line)?))
    }
}

/// The size of a page.
///
/// # Errors
/// `RANGE_INVALID` below one, `PAGE_TOO_LARGE` above the largest page.
pub fn page_size(first: Option<i32>, largest: usize) -> Result<usize, Rejection> {
    let Some(first) = first else { return Ok(DEFAULT_PAGE) };
    let size = usize::try_from(first).unwrap_or(0);
    if size == 0 {
        return Err(Rejection::at(Code::RangeInvalid, "first", format!("`first` is {first}; ask for at least 1")));
    }
    if size > largest {
        let message = format!("`first` is {first}; the largest page has {largest}. Ask for fewer and follow endCursor");
        return Err(Rejection::at(Code::PageTooLarge, "first", message));
    }
    Ok(size)
}

/// What a page may cost: each of its items costs what is selected of it.
pub fn page_cost(first: Option<i32>, child_complexity: usize) -> usize {
    let items = first.map_or(DEFAULT_PAGE, |first| usize::try_from(first).unwrap_or(1));
    items.saturating_mul(child_complexity).saturating_add(1)
}

/// A connection over one page.
pub fn connection<T: OutputType>(items: impl IntoIterator<Item = (String, T)>, has_previous: bool, has_next: bool) -> Connection<T> {
    let mut connection = Connection::new(has_previous, has_next);
    connection.edges.extend(items.into_iter().map(|(cursor, node)| Edge::new(cursor, node)));
    connection
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_by_its_own_list_alone() {
        let cursor = List::JournalEntries.cursor(42);
        assert_eq!(List::JournalEntries.number(&cursor), Ok(42));
        assert_eq!(List::Charges.number(&cursor).unwrap_err().code, Code::CursorInvalid);
        assert_eq!(List::CostCenters.key(&List::CostCenters.cursor("1:a:b")).unwrap(), "1:a:b");
        for forged in ["", "42", "MTplbnRyeTo0Mg==", "MjplbnRyeTo0Mg", "%%%", "MTplbnRyeTotMQ"] {
            assert_eq!(List::JournalEntries.number(forged).unwrap_err().code, Code::CursorInvalid, "{forged}");
        }
    }

    #[test]
    fn a_page_is_refused_rather_than_cut() {
        assert_eq!(page_size(None, LARGEST_PAGE), Ok(50));
        assert_eq!(page_size(Some(500), LARGEST_PAGE), Ok(500));
        assert_eq!(page_size(Some(501), LARGEST_PAGE).unwrap_err().code, Code::PageTooLarge);
        assert_eq!(page_size(Some(0), LARGEST_PAGE).unwrap_err().code, Code::RangeInvalid);
        assert_eq!(page_size(Some(-3), LARGEST_PAGE).unwrap_err().code, Code::RangeInvalid);
    }
}
