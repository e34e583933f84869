//! What single charges cost: percentiles over the charges of a range.

use std::collections::BTreeMap;

use crate::app::auth::{Actor, Permission};
use crate::app::reports::DimensionFilter;
use crate::app::reports::access::Access;
use crate::app::reports::reading::in_reading;
use crate::app::{App, AppError};
use crate::domain::money::Currency;
use crate::domain::period::DayRange;
use crate::domain::rejection::{Code, Rejection};
use crate::store::charge::recorded_costs;

/// Charges whose costs are put in order at once: 160 MB of amounts.
const MOST_CHARGES: usize = 20_000_000;

/// The costs of single charges of one currency: the smallest cost that so many percent of the charges do not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargeCosts {
    pub currency: Currency,
    pub charges: usize,
    pub p50: i64,
    pub p90: i64,
    pub p95: i64,
    pub p99: i64,
    pub max: i64,
}

impl ChargeCosts {
    fn of(currency: Currency, mut costs: Vec<i64>) -> Option<Self> {
        costs.sort_unstable();
        // Nearest rank: the ceiling of percent times count.
        let at = |percent: usize| costs.get((costs.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Some(Self { currency, charges: costs.len(), p50: at(50)?, p90: at(90)?, p95: at(95)?, p99: at(99)?, max: at(100)? })
    }
}

/// Percentiles of the present cost of the recorded charges of a range that match a filter, by currency, the one with most charges first. Reads every charge.
///
/// # Errors
/// `RANGE_TOO_LARGE` above 20 million charges, [`AppError::Forbidden`] or a database failure.
pub async fn charge_costs(app: &App, actor: &Actor, days: DayRange, filter: &DimensionFilter) -> Result<Vec<ChargeCosts>, AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    let filter = filter.resolve(&access).await?;
    in_reading(app, &access.books, move |ledger, books, masters| {
        let zone = masters.zone();
        let moments = (zone.start_of(days.from()), zone.start_of(days.to()));
        let mut costs: BTreeMap<Currency, Vec<i64>> = BTreeMap::new();
        let mut count = 0_usize;
        recorded_costs(ledger, books, moments, &filter, |currency, units| {
            count += 1;
            if count <= MOST_CHARGES {
                costs.entry(currency).or_default().push(units);
            }
        })?;
        if count > MOST_CHARGES {
            return Err(Rejection::of(Code::RangeTooLarge).into());
        }
        let mut all: Vec<_> = costs.into_iter().filter_map(|(currency, costs)| ChargeCosts::of(currency, costs)).collect();
        all.sort_by_key(|costs| (std::cmp::Reverse(costs.charges), costs.currency.code()));
        Ok(all)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_cost_that_was_charged() {
        let costs = ChargeCosts::of(Currency::USD, (1..=200).rev().collect()).unwrap();
        assert_eq!((costs.p50, costs.p90, costs.p95, costs.p99, costs.max), (100, 180, 190, 198, 200));
        let one = ChargeCosts::of(Currency::USD, vec![7]).unwrap();
        assert_eq!((one.p50, one.p99, one.max), (7, 7, 7));
        assert_eq!(ChargeCosts::of(Currency::USD, Vec::new()), None);
    }
}
