//! The oracle's close checklist: which items are open, from its own journal and charges.

use std::collections::{BTreeMap, BTreeSet};

use super::balances::is_cost;
use super::months::Month;
use super::oracle::{Block, Oracle, Status};

/// What the books let pass.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub unpriced: usize,
    /// Hundredths of a percent.
    pub unattributed: i128,
    pub feed_gap: i32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { unpriced: 0, unattributed: 100, feed_gap: 2 }
    }
}

impl Oracle {
    /// Months in which something was booked or counted, whatever is left of it.
    pub fn months_with_figures(&self) -> Vec<Month> {
        let booked = self.journal.iter().map(|entry| entry.day);
        let counted = self.charges.iter().flat_map(|charge| &charge.counts).map(|count| count.day);
        booked.chain(counted).map(Month::of).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What is owed at the end of a month, by currency.
    pub fn accruals(&self, month: Month) -> BTreeMap<&'static str, i128> {
        let mut owed = BTreeMap::new();
        for posting in self.journal.iter().filter(|entry| entry.day <= month.last_day()).flat_map(|entry| &entry.postings) {
            if posting.block.account == "2100" {
                *owed.entry(posting.money.currency).or_default() +=
                    if posting.is_debit { -posting.money.units } else { posting.money.units };
            }
        }
        owed.retain(|_, units| *units != 0);
        owed
    }

    /// Open items, in the order in which the checklist names them.
    pub fn open_items(&self, month: Month) -> Vec<&'static str> {
        let is_behind =
            |earlier: &Month| *earlier < month && self.months.standing(*earlier, self.today()) < super::months::Standing::Closed;
        let items = [
            ("PERIOD_OVER", month >= self.today()),
            ("UNPRICED", self.waiting(month) > self.limits.unpriced),
            ("UNATTRIBUTED", self.is_unattributed(month)),
            ("PROVIDER_FEEDS", self.is_a_feed_late(month)),
            ("ACCRUALS_REVIEWED", !self.is_signed_off(month)),
            ("EARLIER_PERIODS", self.months_with_figures().iter().any(is_behind)),
        ];
        items.into_iter().filter(|item| item.1).map(|item| item.0).collect()
    }

    fn waiting(&self, month: Month) -> usize {
        let is_waiting =
            |charge: &&super::oracle::Stored| charge.state.status == Status::Unpriced && Month::of(charge.content.day()) == month;
        self.charges.iter().filter(is_waiting).count()
    }

    fn is_unattributed(&self, month: Month) -> bool {
        let mut costs: BTreeMap<&str, (i128, i128)> = BTreeMap::new();
        let is_standing =
            |block: &Block| [&block.team, &block.project, &block.client].into_iter().flatten().any(|name| name == "unattributed");
        for posting in self.journal.iter().filter(|entry| Month::of(entry.day) == month).flat_map(|entry| &entry.postings) {
            if is_cost(&posting.block) {
                let units = if posting.is_debit { posting.money.units } else { -posting.money.units };
                let cost = costs.entry(posting.money.currency).or_default();
                cost.0 += units;
                cost.1 += if is_standing(&posting.block) { units } else { 0 };
            }
        }
        costs.values().any(|(cost, standing)| (*standing).max(0) * 10_000 > self.limits.unattributed * (*cost).max(0))
    }

    /// The last day of a month on which a provider has a call, priced or not.
    fn last_calls(&self, month: Month) -> BTreeMap<&str, i32> {
        let mut counted: BTreeMap<(i32, &Block, &str), i128> = BTreeMap::new();
        for count in self.charges.iter().flat_map(|charge| &charge.counts) {
            *counted.entry((count.day, &count.block, count.currency)).or_default() += count.sign;
        }
        let counted =
            counted.into_iter().filter(|count| count.1 > 0).filter_map(|((day, block, _), _)| Some((block.provider.as_deref()?, day)));
        let waiting = self.charges.iter().filter(|charge| charge.state.status == Status::Unpriced);
        let waiting = waiting.map(|charge| (charge.content.provider.as_str(), charge.content.day()));
        let mut last = BTreeMap::new();
        for (provider, day) in counted.chain(waiting).filter(|call| Month::of(call.1) == month) {
            let known = last.entry(provider).or_insert(day);
            *known = day.max(*known);
        }
        last
    }

    fn is_a_feed_late(&self, month: Month) -> bool {
        let (before, seen) = (self.last_calls(month.before()), self.last_calls(month));
        let is_late = |provider: &&str| seen.get(*provider).is_none_or(|day| month.last_day() - day > self.limits.feed_gap);
        before.keys().chain(seen.keys()).any(is_late)
    }

    fn is_signed_off(&self, month: Month) -> bool {
        let latest = self.months.histories.get(&month).and_then(|history| history.sign_offs.last());
        latest.is_some_and(|sign_off| !sign_off.is_stale && sign_off.figures == self.accruals(month))
    }
}
