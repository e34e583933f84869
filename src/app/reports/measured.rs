//! The accounts of a measure of cost, and what entries moved that keep their part of cost on any account.

use crate::app::AppError;
use crate::app::masters::Masters;
use crate::domain::ids::{AccountId, EntryNumber};
use crate::domain::journal::EntryKind;
use crate::domain::period::DayRange;
use crate::domain::report::{CostPart, SpendDimension, SpendMeasure};
use crate::store::balance::{BlockFilter, KeptSum, Snapshot};

/// A measure of cost in the accounts of a chart.
#[derive(Debug, Clone)]
pub(in crate::app) struct Measured {
    pub measure: SpendMeasure,
    /// Cost accounts whose part the measure holds.
    pub accounts: Vec<AccountId>,
    /// The other cost accounts.
    pub others: Vec<AccountId>,
}

impl Measured {
    pub fn of(masters: &Masters, measure: SpendMeasure) -> Self {
        let parts = || masters.accounts.iter().filter_map(|account| Some((account.id, masters.part_of(account)?)));
        let of = |is_held: bool| parts().filter(|(_, part)| measure.holds(*part) == is_held).map(|(id, _)| id).collect();
        Self { measure, accounts: of(true), others: of(false) }
    }

    /// The filter narrowed to the accounts of the measure.
    pub fn narrowed(&self, filter: &BlockFilter) -> BlockFilter {
        BlockFilter { accounts: Some(among(filter.accounts.as_deref(), &self.accounts)), ..filter.clone() }
    }

    /// Kinds of entries whose postings are counted elsewhere than their accounts say, with the sign of what has to be added to the accounts' sums,
    /// and the accounts.
    fn moves(&self) -> impl Iterator<Item = (EntryKind, i128, &[AccountId])> {
        CostPart::KINDS.into_iter().filter_map(move |kind| {
            let is_held = CostPart::of_entry(kind).is_some_and(|part| self.measure.holds(part));
            let (sign, accounts) = if is_held { (1, &self.others) } else { (-1, &self.accounts) };
            (!accounts.is_empty()).then_some((kind, sign, accounts.as_slice()))
        })
    }

    /// What has to be added to the sums of the measure's accounts on the days, up to an entry, by dimensions: debits less credits with their sign.
    /// The filter is as it was asked, before the measure narrowed it.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn moved(
        &self,
        snapshot: &Snapshot,
        (days, through): (DayRange, Option<EntryNumber>),
        by: &[SpendDimension],
        filter: &BlockFilter,
    ) -> Result<Vec<(KeptSum, i128)>, AppError> {
        let mut moved = Vec::new();
        for (kind, sign, accounts) in self.moves() {
            let filter = BlockFilter { accounts: Some(among(filter.accounts.as_deref(), accounts)), ..filter.clone() };
            let sums = snapshot.moved_sums(kind, (days, through), by, &filter).await?;
            moved.extend(sums.into_iter().map(|sum| {
                let net = sign * sum.net;
                (sum, net)
            }));
        }
        Ok(moved)
    }

    /// Whether any of the books' cost on the months of the days is outside of the measure, so that sums over all cost accounts are not its.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn is_part(&self, snapshot: &Snapshot, days: DayRange) -> Result<bool, AppError> {
        Ok(!self.others.is_empty() && snapshot.has_balances(days, &self.others).await?)
    }
}

fn among(asked: Option<&[AccountId]>, accounts: &[AccountId]) -> Vec<AccountId> {
    match asked {
        None => accounts.to_vec(),
        Some(asked) => accounts.iter().copied().filter(|id| asked.contains(id)).collect(),
    }
}
