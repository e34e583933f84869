//! Tokens as of an entry: what charges and their revisions counted after it, which is in the balances of now.

use std::collections::BTreeMap;

use super::as_of::AsOf;
use crate::app::AppError;
use crate::app::verify::counts_of;
use crate::domain::ids::{BlockId, ChargeNumber};
use crate::domain::money::Currency;
use crate::domain::period::{Day, DayRange, Zone};
use crate::store::balance::{ChargeState, Charges};

/// Charges that are read at once: a page of them is a few megabytes, also with long meter lines.
const PAGE: i64 = 5_000;

/// Input and output tokens by block and currency.
pub(super) type Tokens = BTreeMap<(BlockId, Currency), i128>;

/// What was counted after the entry, on the days of each range.
pub(super) struct LaterTokens {
    zone: Zone,
    ranges: [DayRange; 2],
    pub tokens: [Tokens; 2],
}

impl LaterTokens {
    /// Follows every charge that is not as it was at the entry, from its state then to that of now.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn read(figures: &AsOf, zone: Zone, ranges: [DayRange; 2]) -> Result<Self, AppError> {
        let snapshot = &figures.snapshot;
        let last = snapshot.last_charge_as_of(figures.through).await?;
        let revised = snapshot.revised_after(figures.through, last).await?;
        let mut later = Self { zone, ranges, tokens: [Tokens::new(), Tokens::new()] };
        let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
        for revised in revised.chunks(page) {
            let since: BTreeMap<ChargeNumber, i64> = revised.iter().copied().collect();
            let charges: Vec<ChargeNumber> = since.keys().copied().collect();
            let states = snapshot.charge_states(Charges::These(&charges)).await?;
            later.follow(&states, |charge| since.get(&charge).copied().unwrap_or_default())?;
        }
        let (mut next, end) = (last, snapshot.last_charge().await?);
        while next < end {
            let through = ChargeNumber(next.0.saturating_add(PAGE).min(end.0));
            // They were not there at the entry: all of their states came later.
            later.follow(&snapshot.charge_states(Charges::Between(next, through)).await?, |_| 0)?;
            next = through;
        }
        Ok(later)
    }

    /// Adds the moves of charges from the revision on that came after the entry.
    fn follow(&mut self, states: &[ChargeState], since: impl Fn(ChargeNumber) -> i64) -> Result<(), AppError> {
        let (mut day, mut tokens, mut place) = (Day(0), 0, None);
        for state in states {
            if state.revision == 0 {
                let counts = counts_of(&state.meter_lines)?;
                (day, place) = (self.zone.day_of(state.occurred_at), None);
                tokens = i128::from(counts.input_tokens) + i128::from(counts.output_tokens);
            }
            if state.place != place {
                if state.revision >= since(state.charge) {
                    let on = state.late_on.unwrap_or(day);
                    self.count(on, place, -tokens);
                    self.count(on, state.place, tokens);
                }
                place = state.place;
            }
        }
        Ok(())
    }

    fn count(&mut self, day: Day, place: Option<(BlockId, Currency)>, tokens: i128) {
        let Some(place) = place else { return };
        for (range, counted) in self.ranges.iter().zip(&mut self.tokens) {
            if range.from() <= day && day < range.to() {
                *counted.entry(place).or_default() += tokens;
            }
        }
    }
}
