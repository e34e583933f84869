//! Entries and postings.

use crate::domain::ids::{BlockId, ChargeNumber, EntryNumber};
use crate::domain::money::{Amount, Currency};
use crate::domain::period::Day;

/// Left or right. Never a sign, and without a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    Debit,
    Credit,
}

impl Side {
    pub fn id(self) -> i16 {
        match self {
            Self::Debit => 1,
            Self::Credit => 2,
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        [Self::Debit, Self::Credit].into_iter().find(|side| side.id() == id)
    }

    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Debit => Self::Credit,
            Self::Credit => Self::Debit,
        }
    }
}

/// Why an entry was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A charge booked as it came in, or when its price arrived.
    Charge,
    /// The exact mirror of an earlier entry.
    Reversal,
    /// The difference a new price made to a booked charge.
    Rerating,
    /// A booked charge moved to other cost centers.
    Reclassification,
    /// Prepared by one person and approved by another.
    Manual,
    /// What will not be collected, or need not be paid, taken off with a reason.
    WriteOff,
    /// Credits bought from a provider before they are used.
    PrepaidPurchase,
    /// Prepaid credits that expired unused.
    Breakage,
    /// Credits granted by a provider, and what is released of them.
    PromotionalCredit,
    /// Open foreign items at the rate of a closing day.
    Revaluation,
    /// The exchange difference of a foreign item that was settled.
    ExchangeDifference,
    /// Shared cost spread by rules.
    Allocation,
    /// Cost charged to the center or client that used the service.
    Chargeback,
    /// Hours worked, at their cost rate.
    Labor,
    /// What clients owe for work done.
    Revenue,
    /// What payroll cost, and what of it differs from the labor that was applied.
    LaborVariance,
    /// Usage beyond prepaid credits that is owed, or drawn from credits that were bought since.
    PrepaidOverdraw,
}

impl EntryKind {
    pub const ALL: [Self; 17] = [
        Self::Charge,
        Self::Reversal,
        Self::Rerating,
        Self::Reclassification,
        Self::Manual,
        Self::WriteOff,
        Self::PrepaidPurchase,
        Self::Breakage,
        Self::PromotionalCredit,
        Self::Revaluation,
        Self::ExchangeDifference,
        Self::Allocation,
        Self::Chargeback,
        Self::Labor,
        Self::Revenue,
        Self::LaborVariance,
        Self::PrepaidOverdraw,
    ];

    pub fn id(self) -> i16 {
        match self {
            Self::Charge => 1,
            Self::Reversal => 2,
            Self::Rerating => 3,
            Self::Reclassification => 4,
            Self::Manual => 5,
            Self::WriteOff => 6,
            Self::PrepaidPurchase => 7,
            Self::Breakage => 8,
            Self::PromotionalCredit => 9,
            Self::Revaluation => 10,
            Self::ExchangeDifference => 11,
            Self::Allocation => 12,
            Self::Chargeback => 13,
            Self::Labor => 14,
            Self::Revenue => 15,
            Self::LaborVariance => 16,
            Self::PrepaidOverdraw => 17,
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// Dated by the program from what it books, never by a person.
    pub fn is_automatic(self) -> bool {
        matches!(self, Self::Charge | Self::Rerating | Self::Reclassification)
    }

    /// Corrects or completes what a period holds, as its closing does. What happens newly is not: it belongs to an open period.
    pub fn is_adjusting(self) -> bool {
        match self {
            Self::Charge | Self::PrepaidPurchase | Self::Labor | Self::Revenue => false,
            Self::Reversal
            | Self::Rerating
            | Self::Reclassification
            | Self::Manual
            | Self::WriteOff
            | Self::Breakage
            | Self::PromotionalCredit
            | Self::Revaluation
            | Self::ExchangeDifference
            | Self::Allocation
            | Self::Chargeback
            | Self::LaborVariance
            | Self::PrepaidOverdraw => true,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Charge => "CHARGE",
            Self::Reversal => "REVERSAL",
            Self::Rerating => "RERATING",
            Self::Reclassification => "RECLASSIFICATION",
            Self::Manual => "MANUAL",
            Self::WriteOff => "WRITE_OFF",
            Self::PrepaidPurchase => "PREPAID_PURCHASE",
            Self::Breakage => "BREAKAGE",
            Self::PromotionalCredit => "PROMOTIONAL_CREDIT",
            Self::Revaluation => "REVALUATION",
            Self::ExchangeDifference => "EXCHANGE_DIFFERENCE",
            Self::Allocation => "ALLOCATION",
            Self::Chargeback => "CHARGEBACK",
            Self::Labor => "LABOR",
            Self::Revenue => "REVENUE",
            Self::LaborVariance => "LABOR_VARIANCE",
            Self::PrepaidOverdraw => "PREPAID_OVERDRAW",
        }
    }
}

/// Postings one entry may have: an allocation to every receiver of a large company fits; more is split at a balanced boundary.
pub const MOST_POSTINGS: usize = 10_000;

/// One line of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    pub side: Side,
    /// Above zero, at the currency's ledger scale.
    pub amount: Amount,
    pub currency: Currency,
    pub block: BlockId,
}

/// An entry before the gate.
#[derive(Debug, Clone, Copy)]
pub struct EntryDraft<'a> {
    pub kind: EntryKind,
    /// The accounting day it belongs to, in the books' time zone.
    pub effective_on: Day,
    /// The day the service was rendered, where it lies in another period: the entry is *prior-period*.
    pub service_on: Option<Day>,
    pub postings: &'a [Posting],
    /// The charge it books or corrects.
    pub charge: Option<ChargeNumber>,
    /// The entry it corrects or mirrors.
    pub corrects: Option<EntryNumber>,
    pub memo: Option<&'a str>,
}

impl EntryDraft<'_> {
    /// Whether it takes back or restates what is posted already: a balance keeps room for it that ordinary entries do not use.
    pub fn is_correction(&self) -> bool {
        self.corrects.is_some() || matches!(self.kind, EntryKind::Reversal | EntryKind::Rerating | EntryKind::Reclassification)
    }
}

/// A posted entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    pub number: EntryNumber,
    pub kind: EntryKind,
    pub effective_on: Day,
    pub service_on: Option<Day>,
    pub postings: Vec<Posting>,
    pub charge: Option<ChargeNumber>,
    pub corrects: Option<EntryNumber>,
    pub memo: Option<String>,
}
