//! What a caller gets back for each charge, after the commit that made it durable.

use crate::domain::ids::{ChargeNumber, EntryNumber};
use crate::domain::money::Money;
use crate::domain::rejection::Rejection;

/// The outcome for one charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Booked now. `entry` is absent when the cost is zero: there is nothing to post.
    /// `note` says which of its names the books had no room for.
    Recorded { charge: ChargeNumber, entry: Option<EntryNumber>, cost: Money, note: Option<String> },
    /// Stored now, waiting for a price, with the reason.
    Unpriced { charge: ChargeNumber, reason: String, note: Option<String> },
    /// The same key with the same content came before: its first receipt.
    Replayed { charge: ChargeNumber, entry: Option<EntryNumber>, cost: Option<Money> },
    /// Not stored.
    Rejected(Rejection),
}

impl Outcome {
    /// The charge in the books.
    pub fn number(&self) -> Option<ChargeNumber> {
        match self {
            Self::Recorded { charge, .. } | Self::Unpriced { charge, .. } | Self::Replayed { charge, .. } => Some(*charge),
            Self::Rejected(_) => None,
        }
    }
}

/// The outcome with the caller's own name for the charge, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub external_id: Option<String>,
    pub outcome: Outcome,
}
