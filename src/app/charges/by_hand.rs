//! Corrections of charges that people made: entries prepared by hand, and write-offs, that name an entry of the charge.

use std::collections::HashMap;

use super::Correction;
use crate::app::reports::access::Access;
use crate::domain::ids::EntryNumber;
use crate::domain::journal::{EntryKind, Side};
use crate::domain::money::{Amount, Money};
use crate::store::journal_draft::corrections_by_hand;
use crate::store::{StoreError, journal};

/// The corrections by hand of each entry.
#[derive(Default)]
pub(super) struct ByHand {
    of: HashMap<EntryNumber, Vec<Made>>,
}

struct Made {
    entry: EntryNumber,
    kind: EntryKind,
    reversal: Option<EntryNumber>,
    /// What it moves on cost accounts, one per posting there; credits are negative.
    cost: Vec<Money>,
}

impl ByHand {
    /// Those of these entries.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn load(access: &Access<'_>, entries: &[EntryNumber]) -> Result<Self, StoreError> {
        let (store, books) = (access.store, access.books_id());
        let found = if entries.is_empty() { Vec::new() } else { corrections_by_hand(store, books, entries).await? };
        if found.is_empty() {
            return Ok(Self::default());
        }
        let numbers: Vec<EntryNumber> = found.iter().map(|(_, entry, _)| *entry).collect();
        let reversals = journal::reversals_of(store, books, &numbers).await?;
        let postings = journal::postings_of(store, books, &numbers).await?;
        let blocks = journal::blocks(store, books, postings.iter().map(|posting| posting.block)).await?;
        let mut cost: HashMap<EntryNumber, Vec<Money>> = HashMap::new();
        for posting in postings {
            let account = blocks.get(&posting.block).and_then(|block| access.masters.account_by_id(block.account));
            if account.is_some_and(|account| account.class.is_cost()) {
                let units = posting.money.amount.units();
                let signed = if posting.side == Side::Debit { units } else { units.saturating_neg() };
                cost.entry(posting.entry).or_default().push(Amount::from_units(signed).with(posting.money.currency));
            }
        }
        let mut of: HashMap<EntryNumber, Vec<Made>> = HashMap::new();
        for (corrected, entry, kind) in found {
            let made = Made { entry, kind, reversal: reversals.get(&entry).copied(), cost: cost.remove(&entry).unwrap_or_default() };
            of.entry(corrected).or_default().push(made);
        }
        Ok(Self { of })
    }

    fn made(&self, chain: &[EntryNumber]) -> impl Iterator<Item = &Made> {
        chain.iter().filter_map(|entry| self.of.get(entry)).flatten()
    }

    /// The entries that correct one of this chain, and their reversals.
    pub fn corrections(&self, chain: &[EntryNumber]) -> Vec<Correction> {
        let with_reversal = |made: &Made| {
            let reversal = made.reversal.map(|entry| Correction { entry, kind: EntryKind::Reversal });
            std::iter::once(Correction { entry: made.entry, kind: made.kind }).chain(reversal).collect::<Vec<_>>()
        };
        self.made(chain).flat_map(with_reversal).collect()
    }

    /// The cost after what they moved on cost accounts; what was reversed moved nothing.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for sums above an amount.
    pub fn net(&self, chain: &[EntryNumber], cost: Money) -> Result<Money, StoreError> {
        let moved = self.made(chain).filter(|made| made.reversal.is_none()).flat_map(|made| &made.cost);
        let mut of_currency = moved.filter(|money| money.currency == cost.currency);
        let net = of_currency.try_fold(cost.amount, |net, money| net.checked_add(money.amount));
        net.map(|net| net.with(cost.currency)).ok_or_else(|| StoreError::corrupt("corrections of a charge above one amount"))
    }
}
