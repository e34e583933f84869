//! Floor 1: complete journals as text that other programs read and judge.
//!
//! Every format is written entry by entry, in the order of the numbers, with amounts at the ledger scale of their currency: nothing is
//! rounded, added up or left out. This floor opens no files and reads no tables: `app::export` brings the entries with their names.

mod account_name;
mod beancount;
mod csv;
pub mod erp;
mod hledger;
pub mod jsonl;
pub mod statement;
#[cfg(test)]
mod tests;

pub use beancount::Beancount;
pub use csv::Csv;
pub use hledger::Hledger;

use std::io;
use std::sync::Arc;

use crate::domain::chart::Account;
use crate::domain::ids::{AccountId, ChargeNumber, EntryNumber};
use crate::domain::journal::{EntryKind, Side};
use crate::domain::money::{Currency, Exact, Money};
use crate::domain::period::{Day, Moment};

/// What comes before the entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Code of the books.
    pub books: String,
    /// The last entry of the export.
    pub through: EntryNumber,
    /// The whole chart.
    pub accounts: Vec<Account>,
    /// Every currency of the journal.
    pub currencies: Vec<Currency>,
}

/// One posted entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub number: EntryNumber,
    pub kind: EntryKind,
    pub effective_on: Day,
    /// The day of the service, where it lies in an earlier period.
    pub service_on: Option<Day>,
    pub recorded_at: Moment,
    pub charge: Option<ChargeNumber>,
    pub corrects: Option<EntryNumber>,
    pub memo: Option<String>,
    pub postings: Vec<Posting>,
}

/// One line of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    pub line: i64,
    pub side: Side,
    /// Above zero.
    pub money: Money,
    pub account: AccountId,
    pub dimensions: Dimensions,
}

/// Codes of cost centers and names of the other dimensions; absent ones are `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dimensions {
    pub team: Option<Arc<str>>,
    pub project: Option<Arc<str>>,
    pub client: Option<Arc<str>>,
    pub feature: Option<Arc<str>>,
    pub provider: Option<Arc<str>>,
    pub model: Option<Arc<str>>,
    pub environment: Option<Arc<str>>,
}

impl Dimensions {
    /// Every dimension by its name.
    pub fn named(&self) -> [(&'static str, Option<&str>); 7] {
        [
            ("team", self.team.as_deref()),
            ("project", self.project.as_deref()),
            ("client", self.client.as_deref()),
            ("feature", self.feature.as_deref()),
            ("provider", self.provider.as_deref()),
            ("model", self.model.as_deref()),
            ("environment", self.environment.as_deref()),
        ]
    }
}

/// One format. `begin` is called once, then `entry` for each entry in the order of the numbers, then `end`.
pub trait JournalWriter {
    /// # Errors
    /// What the output answers.
    fn begin(&mut self, heading: &Heading) -> io::Result<()>;

    /// # Errors
    /// What the output answers; a posting on an account that the heading does not name.
    fn entry(&mut self, entry: &Entry) -> io::Result<()>;

    /// # Errors
    /// What the output answers.
    fn end(&mut self) -> io::Result<()>;
}

/// The amount with all decimals that the ledger keeps, such as `0.006500000`: debits above zero, credits below.
fn signed(posting: &Posting) -> Exact {
    let units = i128::from(posting.money.amount.units());
    let units = match posting.side {
        Side::Debit => units,
        Side::Credit => -units,
    };
    Exact::new(units, posting.money.currency.ledger_scale())
}

fn unknown_account(entry: EntryNumber, account: AccountId) -> io::Error {
    io::Error::other(format!("entry {entry} names account {account}, which is not in the chart"))
}
