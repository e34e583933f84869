//! What a caller gets back for each charge, after the commit that made it durable.

use crate::domain::ids::{ChargeNumber, EntryNumber};
use crate::domain::money::Money;
use crate::domain::rejection::Rejection;

/// The outcome for one charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Booked now. `entry` is absent when the cost is zero: there is nothing to post.
    Recorded { charge: ChargeNumber, entry: Option<EntryNumber>, cost: Money },
    /// Stored now, waiting for a price, with the reason.
    Unpriced { charge: ChargeNumber, reason: String },
    /// The same key with the same content came before: its first receipt.
    Replayed { charge: ChargeNumber, entry: Option<EntryNumber>, cost: Option<Money> },
    /// Not stored.
    Rejected(Rejection),
}

/// The outcome with the caller's own name for the charge, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub external_id: Option<String>,
    pub outcome: Outcome,
}
