//! Spend from balances.
//!
//! One dimension without a filter reads its own narrow roll-up, if all cost of the range is in the measure; anything else adds up the balances of
//! coding blocks. Whole months are read from monthly balances wherever the interval allows it.

use std::collections::BTreeMap;

use super::{Figures, Fold, Ground, MOST_ROWS, Read};
use crate::app::AppError;
use crate::app::reports::slices::{DatedSlice, dated_slices};
use crate::domain::chart::{CenterKind, UNATTRIBUTED};
use crate::domain::ids::NameId;
use crate::domain::money::Currency;
use crate::domain::period::DayRange;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{Grain, Interval, SpendDimension};
use crate::store::balance::{BlockFilter, Slice, Snapshot, Sum, SumTotals};

/// Reads every range in one snapshot.
pub(super) async fn read(ground: &Ground<'_>) -> Result<Read, AppError> {
    let snapshot = Snapshot::begin(ground.access.store, ground.access.books_id()).await?;
    let by = ground.query.block_keys();
    let mut folds = Vec::with_capacity(ground.ranges.len());
    for (range, interval) in &ground.ranges {
        folds.push(Reader::new(ground, &snapshot, *range).await?.fold(*interval, &by).await?);
    }
    let unattributed = Reader::new(ground, &snapshot, ground.query.range).await?.unattributed().await?;
    let pending = BlockFilter { accounts: None, ..ground.asked.clone() };
    let unpriced_charges = snapshot.pending_count(ground.query.range, &pending).await?;
    snapshot.end().await?;
    Ok(Read { folds, unattributed, unpriced_charges, texts: Vec::new() })
}

/// One range's reads.
struct Reader<'a> {
    ground: &'a Ground<'a>,
    snapshot: &'a Snapshot,
    range: DayRange,
    /// Of the accounts of the measure.
    filter: BlockFilter,
    /// Roll-ups of single dimensions hold all cost of everyone: they do not tell what is asked.
    by_block: bool,
}

impl<'a> Reader<'a> {
    async fn new(ground: &'a Ground<'a>, snapshot: &'a Snapshot, range: DayRange) -> Result<Self, AppError> {
        let filter = ground.measured.narrowed(&ground.asked);
        let by_block = !ground.asked.is_open() || ground.measured.is_part(snapshot, range).await?;
        Ok(Self { ground, snapshot, range, filter, by_block })
    }

    async fn fold(&self, interval: Option<Interval>, by: &[SpendDimension]) -> Result<Fold, AppError> {
        let mut folded = Fold::new();
        let too_large = || AppError::from(Rejection::of(Code::RangeTooLarge));
        for (slice, first_day) in self.slices(interval, by) {
            let sums = self.sums(slice, by, MOST_ROWS + 1).await?;
            // More than were asked for means that some are missing.
            if sums.len() > MOST_ROWS {
                return Err(too_large());
            }
            for sum in sums {
                let day = interval.map(|interval| interval.first_day(first_day(sum.bucket)));
                let found = figures(&sum.totals);
                folded.entry((day, sum.keys, sum.currency)).or_default().add(&found);
            }
            if folded.len() > MOST_ROWS {
                return Err(too_large());
            }
        }
        for (sum, net) in self.ground.measured.moved(self.snapshot, (self.range, None), by, &self.ground.asked).await? {
            let day = interval.map(|interval| interval.first_day(sum.day));
            folded.entry((day, sum.keys, sum.currency)).or_default().add(&Figures::of_cost(net));
        }
        Ok(folded)
    }

    /// Whether the roll-ups of accounts answer: without dimensions, or by account alone.
    fn reads_accounts(&self, by: &[SpendDimension]) -> bool {
        self.ground.asked.is_open() && matches!(by, [] | [SpendDimension::Account])
    }

    async fn sums(&self, slice: Slice, by: &[SpendDimension], limit: usize) -> Result<Vec<Sum>, AppError> {
        if self.reads_accounts(by) {
            let accounts: Vec<i64> = self.filter.accounts.iter().flatten().map(|id| i64::from(id.0)).collect();
            return Ok(self.snapshot.key_sums(slice, !by.is_empty(), Some(&accounts), limit).await?);
        }
        if self.by_block || by.len() > 1 {
            return Ok(self.snapshot.block_sums(slice, by, &self.filter, limit).await?);
        }
        Ok(self.snapshot.key_sums(slice, true, None, limit).await?)
    }

    /// The range as slices of balances.
    fn slices(&self, interval: Option<Interval>, by: &[SpendDimension]) -> Vec<DatedSlice> {
        let grains = match by {
            _ if self.reads_accounts(by) => (Grain::AccountMonth, Grain::AccountDay),
            [dimension] if !self.by_block => (Grain::DimensionMonth(*dimension), Grain::DimensionDay(*dimension)),
            _ => (Grain::BlockMonth, Grain::BlockDay),
        };
        dated_slices(self.range, interval, grains)
    }

    /// Cost on a standing center in the place of team, project or client, each unit counted once.
    async fn unattributed(&self) -> Result<BTreeMap<Currency, i128>, AppError> {
        let masters = &self.ground.access.masters;
        let standing = CenterKind::ALL.map(|kind| masters.center_by_code(kind, UNATTRIBUTED).map_or(NameId(-1), |center| center.id));
        if !self.by_block && !self.has_cost_on(standing).await? {
            return Ok(BTreeMap::new());
        }
        let filter = BlockFilter { any_center: Some(standing), ..self.filter.clone() };
        let mut costs: BTreeMap<Currency, i128> = BTreeMap::new();
        for (slice, _) in dated_slices(self.range, None, (Grain::BlockMonth, Grain::BlockDay)) {
            for sum in self.snapshot.block_sums(slice, &[], &filter, MOST_ROWS).await? {
                *costs.entry(sum.currency).or_default() += sum.totals.debit - sum.totals.credit;
            }
        }
        let asked = BlockFilter { any_center: Some(standing), ..self.ground.asked.clone() };
        for (sum, net) in self.ground.measured.moved(self.snapshot, (self.range, None), &[], &asked).await? {
            *costs.entry(sum.currency).or_default() += net;
        }
        Ok(costs)
    }

    /// Whether a standing center has any balance of cost, by the roll-ups of its kind.
    async fn has_cost_on(&self, standing: [NameId; 3]) -> Result<bool, AppError> {
        for (dimension, center) in [SpendDimension::Team, SpendDimension::Project, SpendDimension::Client].into_iter().zip(standing) {
            for (slice, _) in dated_slices(self.range, None, (Grain::DimensionMonth(dimension), Grain::DimensionDay(dimension))) {
                if !self.snapshot.key_sums(slice, true, Some(&[i64::from(center.0)]), 1).await?.is_empty() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

fn figures(totals: &SumTotals) -> Figures {
    Figures {
        cost: totals.debit - totals.credit,
        charges: totals.charges,
        input_tokens: totals.input_tokens,
        output_tokens: totals.output_tokens,
        cache_read_tokens: totals.cache_read_tokens,
    }
}
