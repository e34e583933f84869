//! Charges of closed periods: what they count is followed from revision to revision, because it moved between days.

use super::charges::counts_of;
use super::{Verifier, currency, narrow};
use crate::domain::ids::BlockId;
use crate::domain::money::Currency;
use crate::domain::period::{Day, Moment};
use crate::domain::report::Totals;
use crate::store::StoreError;
use crate::store::ledger::{RowExt, Value};

/// Charges with a late booking, each followed by its revisions in their order (revision 0 is the charge itself).
const REVISIONS: &str = "SELECT c.id, 0, c.occurred_at, c.meter_lines, c.block_id, c.basis, c.currency_id FROM charge c \
    WHERE c.books_id = $1 AND c.id IN (SELECT charge_id FROM late_booking WHERE books_id = $1) \
    UNION ALL SELECT r.charge_id, r.revision, 0, '', r.block_id, r.basis, r.currency_id FROM charge_revision r \
    WHERE r.books_id = $1 AND r.charge_id IN (SELECT charge_id FROM late_booking WHERE books_id = $1) ORDER BY 1, 2";

/// Where the counts of a charge stand; nowhere while it is unpriced or reversed.
type Place = Option<(BlockId, Currency)>;

struct Charge {
    number: i64,
    day: Day,
    counts: Totals,
    place: Place,
}

impl Verifier<'_> {
    pub(super) fn load_late(&mut self) -> Result<(), StoreError> {
        let (key, late) = (self.key(), &mut self.late);
        self.ledger.scan("SELECT charge_id, revision, effective_on FROM late_booking WHERE books_id = $1", &key, |row| {
            late.insert((row.int(0)?, row.int(1)?), Day(narrow(row.int(2)?)?));
            Ok(())
        })
    }

    /// Adds what late charges count, on the day of each of their moves.
    pub(super) fn add_late_charges(&mut self) -> Result<(), StoreError> {
        if self.late.is_empty() {
            return Ok(());
        }
        let (key, zone, late) = (self.key(), self.masters.zone(), &self.late);
        let mut moves = Vec::new();
        let mut charge = Charge { number: 0, day: Day(0), counts: Totals::default(), place: None };
        self.ledger.scan(REVISIONS, &key, |row| {
            let (number, revision) = (row.int(0)?, row.int(1)?);
            if revision == 0 {
                charge = Charge { number, day: zone.day_of(Moment(row.int(2)?)), counts: counts_of(row.text(3)?)?, place: None };
            }
            if charge.number != number {
                return Err(StoreError::corrupt(format!("a revision of charge {number}, which is not there")));
            }
            let place = place(row)?;
            if place != charge.place {
                let day = late.get(&(number, revision)).copied().unwrap_or(charge.day);
                moves.extend(charge.place.map(|(block, currency)| ((block, day, currency), charge.counts.counts_negated())));
                moves.extend(place.map(|(block, currency)| ((block, day, currency), charge.counts)));
                charge.place = place;
            }
            Ok(())
        })?;
        moves.into_iter().try_for_each(|(key, totals)| self.add(key, totals))
    }
}

fn place(row: &[Value]) -> Result<Place, StoreError> {
    if !matches!(row.int(5)?, 1 | 2) {
        return Ok(None);
    }
    Ok(Some((BlockId(narrow(row.int(4)?)?), currency(row.int(6)?)?)))
}
