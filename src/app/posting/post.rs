//! Entries and charges are taken into the open transaction.

use super::room::Movement;
use super::session::{NewCharge, Session};
use super::write_batch::ChargeNames;
use crate::app::AppError;
use crate::domain::ids::{BlockId, ChargeNumber, EntryNumber};
use crate::domain::journal::{EntryDraft, View, decide};
use crate::domain::report::{Totals, Weight};

impl Session {
    /// Passes an entry through the gate and takes it into the transaction.
    ///
    /// # Errors
    /// The gate's refusal, or `LEDGER_OVERFLOW`; nothing of the entry is then in the transaction. Any database failure.
    pub fn post(&mut self, draft: &EntryDraft<'_>) -> Result<EntryNumber, AppError> {
        let weight = if draft.is_correction() { Weight::Correction } else { Weight::Ordinary };
        self.post_as(draft, weight, &[])
    }

    /// The same for an entry that names no other and takes back what was posted all the same, as negative revenue does.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub fn correct(&mut self, draft: &EntryDraft<'_>) -> Result<EntryNumber, AppError> {
        self.post_as(draft, Weight::Correction, &[])
    }

    /// The same with what the entry's day counts beside its money.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub fn post_counting(&mut self, draft: &EntryDraft<'_>, counts: &[Movement]) -> Result<EntryNumber, AppError> {
        let weight = if draft.is_correction() { Weight::Correction } else { Weight::Ordinary };
        self.post_as(draft, weight, counts)
    }

    fn post_as(&mut self, draft: &EntryDraft<'_>, weight: Weight, counts: &[Movement]) -> Result<EntryNumber, AppError> {
        let view = View {
            last_entry: EntryNumber(self.head.last_entry),
            last_block: BlockId(i32::try_from(self.head.last_block).unwrap_or(i32::MAX)),
            period: self.period_status(draft.effective_on),
            first_open_day: self.masters.calendar.closings.first_open_day(),
            is_closer: self.is_closer,
        };
        let number = decide(&view, draft)?;
        let mut changes = std::mem::take(&mut self.changes);
        changes.clear();
        changes.extend_from_slice(counts);
        for posting in draft.postings {
            let totals = Totals::of_posting(posting.side, posting.amount);
            let change = Movement { block: posting.block, day: draft.effective_on, currency: posting.currency, totals };
            // What counts on a block mostly stands on its debit: one balance is looked up for both.
            match changes.iter_mut().take(counts.len()).find(|other| other.is_beside(&change) && other.totals.gross() == 0) {
                Some(beside) => beside.totals = beside.totals.with_money(totals),
                None => changes.push(change),
            }
        }
        let taken = self.take(&changes, weight);
        self.changes = changes;
        taken?;
        self.head.last_entry = number.0;
        self.batch.push_entry(number, draft);
        Ok(number)
    }

    /// Counts what moves no money.
    ///
    /// # Errors
    /// `LEDGER_OVERFLOW`; nothing is then counted. Any database failure.
    pub fn count(&mut self, counts: &[Movement], weight: Weight) -> Result<(), AppError> {
        self.take(counts, weight)
    }

    /// Takes changes of balances into the transaction, all or none.
    fn take(&mut self, changes: &[Movement], weight: Weight) -> Result<(), AppError> {
        self.make_room(changes, weight)?;
        for change in changes {
            let Some((coding, is_cost)) = self.coding_of(change.block) else { continue };
            self.batch.add_balance(*change, &coding, is_cost)?;
        }
        Ok(())
    }

    /// Gives a charge its number and takes it into the transaction.
    pub fn charge(&mut self, charge: NewCharge, names: ChargeNames) -> ChargeNumber {
        let number = ChargeNumber(self.head.last_charge + 1);
        self.head.last_charge = number.0;
        if let Some(day) = charge.late_on {
            self.batch.late.push((number, 0, day));
        }
        self.batch.charges.push((number, charge, names));
        number
    }
}
