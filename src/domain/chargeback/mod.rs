//! Chargeback: what a team, a project or a client is charged for a month, and how a statement of it lives.
//!
//! A statement is numbered when it is drafted, so the numbers have no gaps; a draft that is replaced or withdrawn keeps its number as void.
//! What a month costs is asked of the journal each time. What earlier statements charged of it is taken off, so that all statements of a
//! center add up to its cost, plus what was added on purpose.

mod compose;
mod for_client;
mod rates;
mod status;
#[cfg(test)]
mod tests;

pub use compose::{Allocated, Assessed, Billed, Counts, MonthCost, Usage, adjustment, assess, compose};
pub use for_client::client_lines;
pub use rates::{RateMeter, StandardRate, standard_lines};
pub use status::{StatementStatus, Step};

use crate::domain::chart::{Account, CenterKind};
use crate::domain::ids::{AccountId, NameId};
use crate::domain::money::{Amount, Currency, Exact, Money};
use crate::domain::period::Month;
use crate::domain::rejection::{Code, Rejection};

/// Lines of one statement: a center that uses every model of a large price list for a dozen features fits.
pub const MOST_LINES: usize = 5_000;
/// Statements of one draft: every cost center of a large company.
pub const MOST_STATEMENTS: usize = 5_000;
/// The highest markup in percent.
const HIGHEST_MARKUP: Exact = Exact::new(1_000, 0);
const MARKUP_DECIMALS: u32 = 6;

/// Whether what an account bears is charged on: cost, but for hours and payroll, which have statements of their own kind, and chargeback itself.
pub fn is_charged(account: &Account) -> bool {
    account.class.is_cost() && !account.is_labor() && !account.is_recharge()
}

/// Gapless number of a statement within its books. Shown as `CB-000001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementNumber(pub i64);

impl std::fmt::Display for StatementNumber {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "CB-{:06}", self.0)
    }
}

impl StatementNumber {
    /// Reads the form that is shown. Any other text names no statement.
    pub fn parse(text: &str) -> Option<Self> {
        let number = Self(text.strip_prefix("CB-")?.parse().ok().filter(|number| *number > 0)?);
        (number.to_string() == text).then_some(number)
    }
}

/// By what usage is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// What it cost.
    Actual,
    /// Quantities at agreed rates; the provider keeps the difference.
    StandardRate,
}

/// How a rebill to a client is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Treatment {
    /// Gross: the whole statement is revenue, the cost stays.
    Principal,
    /// Net: the cost is passed on, only what exceeds it is revenue.
    Agent,
}

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKind {
    Usage,
    StandardRate,
    Allocated,
    /// What changed in a month since its statement was made.
    Adjustment,
    Markup,
}

macro_rules! stored {
    ($name:ident { $($variant:ident = $id:literal, $text:literal;)* }) => {
        impl $name {
            /// The number under which it is stored.
            pub fn id(self) -> i16 {
                match self { $(Self::$variant => $id,)* }
            }

            pub fn from_id(id: i16) -> Option<Self> {
                match id { $($id => Some(Self::$variant),)* _ => None }
            }

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

stored!(Basis { Actual = 1, "ACTUAL"; StandardRate = 2, "STANDARD_RATE"; });
stored!(Treatment { Principal = 1, "PRINCIPAL"; Agent = 2, "AGENT"; });
stored!(LineKind { Usage = 1, "USAGE"; StandardRate = 2, "STANDARD_RATE"; Allocated = 3, "ALLOCATED"; Adjustment = 4, "ADJUSTMENT"; Markup = 5, "MARKUP"; });

/// One line of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub kind: LineKind,
    /// The month whose cost it charges.
    pub month: Month,
    pub description: String,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub feature: Option<String>,
    pub quantity: Option<i64>,
    /// What the quantity counts.
    pub unit: Option<&'static str>,
    /// Standard rate lines: the amount for `per` units, such as `2.5 per 1000000`.
    pub rate: Option<String>,
    /// What it cost; zero on a markup.
    pub cost: Amount,
    /// What it charges.
    pub amount: Amount,
}

/// Everything a statement says that makes it the same or another one. Its hash is what an approval names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub terms: Terms,
    pub kind: CenterKind,
    pub center: NameId,
    pub currency: Currency,
    pub lines: Vec<Line>,
}

/// What a draft is made by. It is kept with the statement, so that an approval can make it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub period: Month,
    pub basis: Basis,
    /// Only a report: it is approved, and never posted.
    pub showback: bool,
    /// In percent of the charged lines.
    pub markup: Exact,
    /// The team that gets the recovery; *none* where nobody does.
    pub provider: NameId,
    pub treatment: Treatment,
    /// The asset that a rebill goes to.
    pub receivable: AccountId,
}

impl Content {
    /// What is charged.
    ///
    /// # Errors
    /// `LEDGER_OVERFLOW`.
    pub fn total(&self) -> Result<Money, Rejection> {
        sum(self.lines.iter().map(|line| line.amount)).map(|amount| amount.with(self.currency))
    }

    /// What it cost.
    ///
    /// # Errors
    /// `LEDGER_OVERFLOW`.
    pub fn cost(&self) -> Result<Money, Rejection> {
        sum(self.lines.iter().map(|line| line.cost)).map(|amount| amount.with(self.currency))
    }

    /// What was charged beyond the cost before any markup, at standard rates: above zero is over-recovered.
    ///
    /// # Errors
    /// `LEDGER_OVERFLOW`.
    pub fn recovery(&self) -> Result<Money, Rejection> {
        let charged = sum(self.lines.iter().filter(|line| line.kind != LineKind::Markup).map(|line| line.amount))?;
        let recovery = charged.checked_sub(self.cost()?.amount).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
        Ok(recovery.with(self.currency))
    }
}

/// A sum of amounts of one currency.
///
/// # Errors
/// `LEDGER_OVERFLOW`.
pub fn sum(amounts: impl IntoIterator<Item = Amount>) -> Result<Amount, Rejection> {
    let units = amounts.into_iter().fold(0_i128, |sum, amount| sum + i128::from(amount.units()));
    amount_of(units)
}

/// An amount of so many ledger units.
///
/// # Errors
/// `LEDGER_OVERFLOW`.
pub fn amount_of(units: i128) -> Result<Amount, Rejection> {
    i64::try_from(units).map(Amount::from_units).map_err(|_| Rejection::of(Code::LedgerOverflow))
}

/// Reads a markup: from 0 to 1000 percent, with at most six decimals.
///
/// # Errors
/// `MARKUP_INVALID` at `markupPercent`.
pub fn parse_markup(text: &str) -> Result<Exact, Rejection> {
    let invalid = || {
        let message =
            format!("`{}` is no markup: from 0 to 1000 percent, with at most six decimals", text.chars().take(40).collect::<String>());
        Rejection::at(Code::MarkupInvalid, "markupPercent", message)
    };
    let markup = Exact::parse(text).map_err(|_| invalid())?.normalized();
    let is_in_range = markup.mantissa() >= 0 && HIGHEST_MARKUP.checked_sub(markup).is_some_and(|left| left.mantissa() >= 0);
    if is_in_range && markup.scale() <= MARKUP_DECIMALS { Ok(markup) } else { Err(invalid()) }
}
