//! Service centers: their pools, the order in which they close (step-down), and all of them together (reciprocal).

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigUint;
use num_traits::Zero;

use super::Center;
use super::pool::{Filter, Sources, total};
use super::rule::{AllocationRule, ServiceCenter, ServiceOrder};
use super::run::{Directory, Pool, Run, by_account};
use super::spread::ToSpread;
use super::weights::{Asked, scaled};
use crate::domain::money::{Currency, Exact};
use crate::domain::rejection::Rejection;

impl<D: Directory> Run<'_, D> {
    /// Each service center in its turn gives all it has to whoever is not closed yet.
    pub(super) fn step_down(
        &mut self,
        (position, rule): (usize, &AllocationRule),
        filter: &Filter,
        centers: &[ServiceCenter],
        order: ServiceOrder,
    ) -> Result<(), Rejection> {
        let ordered = match order {
            ServiceOrder::Given => centers.to_vec(),
            ServiceOrder::Automatic => self.automatic_order(rule, filter, centers)?,
        };
        let mut open: BTreeSet<Center> = centers.iter().map(|service| service.center.clone()).collect();
        let mut closed = BTreeSet::new();
        for service in ordered {
            self.step += 1;
            open.remove(&service.center);
            closed.insert(service.center.clone());
            for currency in self.currencies(rule) {
                let sources = self.own_cost(rule, filter, &service.center, currency)?;
                for (account, sources) in by_account(rule, sources) {
                    let pool = total(&sources)?;
                    if pool == 0 {
                        continue;
                    }
                    let (terms, drivers) = (&rule.terms, self.drivers);
                    let spread = ToSpread { terms, pool, currency, drivers, excluded: &closed, also: &open }.by_driver(&service.driver)?;
                    let from = Some(service.center.clone());
                    self.give(Pool { position, rule, filter, from, account, currency, sources }, spread)?;
                }
            }
        }
        Ok(())
    }

    /// What a service center has of its own and what it received.
    pub(super) fn own_cost(
        &self,
        rule: &AllocationRule,
        filter: &Filter,
        center: &Center,
        currency: Currency,
    ) -> Result<Sources, Rejection> {
        let filter = filter.of_service(rule, (center.kind, self.directory.center(center)?), self.directory)?;
        Ok(self.costs.matching(currency, &filter))
    }

    /// The quantities of everybody who used a service.
    pub(super) fn used(
        &self,
        rule: &AllocationRule,
        service: &ServiceCenter,
        centers: &[ServiceCenter],
        currency: Currency,
    ) -> Result<BTreeMap<Center, Exact>, Rejection> {
        let excluded = BTreeSet::from([service.center.clone()]);
        let also = centers.iter().map(|other| other.center.clone()).filter(|other| *other != service.center).collect();
        Asked { terms: &rule.terms, driver: &service.driver, currency, excluded: &excluded, also: &also }.quantities(self.drivers)
    }

    /// First whoever gives the largest share of its output to other service centers, then the larger cost, then the smaller code.
    fn automatic_order(&self, rule: &AllocationRule, filter: &Filter, centers: &[ServiceCenter]) -> Result<Vec<ServiceCenter>, Rejection> {
        let services: BTreeSet<&Center> = centers.iter().map(|service| &service.center).collect();
        let currencies = self.currencies(rule);
        let mut standings = Vec::with_capacity(centers.len());
        for service in centers {
            let mut cost = 0_i128;
            for currency in &currencies {
                cost += i128::from(total(&self.own_cost(rule, filter, &service.center, *currency)?)?).abs();
            }
            let Some(currency) = currencies.first() else { continue };
            let used = self.used(rule, service, centers, *currency)?;
            let units = scaled(&used.values().copied().collect::<Vec<_>>());
            let to_services = used.keys().zip(&units).filter(|(center, _)| services.contains(center)).map(|(_, units)| units).sum();
            standings.push(Standing { service, to_services, to_all: units.iter().sum(), cost });
        }
        standings.sort_by(Standing::compare);
        Ok(standings.into_iter().map(|standing| standing.service.clone()).collect())
    }
}

/// What decides the automatic order of one service center.
struct Standing<'a> {
    service: &'a ServiceCenter,
    /// Units of its output that other service centers used, and all that others used.
    to_services: BigUint,
    to_all: BigUint,
    /// Its cost in ledger units, all currencies added up: it only breaks ties.
    cost: i128,
}

impl Standing<'_> {
    fn compare(&self, other: &Self) -> std::cmp::Ordering {
        // Shares are compared by multiplication, so that nothing is rounded. A center without output comes last.
        let used = other.to_all.is_zero().cmp(&self.to_all.is_zero()).reverse();
        let shares = (&other.to_services * &self.to_all).cmp(&(&self.to_services * &other.to_all));
        used.then(shares).then(other.cost.cmp(&self.cost)).then_with(|| self.service.center.cmp(&other.service.center))
    }
}
