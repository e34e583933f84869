//! The reciprocal method over the costs of a run.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigUint;
use num_traits::Zero;

use super::Center;
use super::equations::{Consumption, GrossFlows, Solution, closed_loop, solve};
use super::outcome::Flow;
use super::pool::{Filter, Sources, total};
use super::rule::{AllocationRule, ServiceCenter, WhenZero};
use super::run::{Directory, Pool, Run, by_account};
use super::spread::Spread;
use super::weights::{scaled, sum};
use crate::domain::allocation::PoolPart;
use crate::domain::money::{Currency, Exact, split};
use crate::domain::rejection::{Code, Rejection};

/// Who used how much of each service.
type Used = Vec<BTreeMap<Center, Exact>>;

/// Services and receivers in order, their consumption, and what follows from it.
struct System {
    services: Vec<ServiceCenter>,
    receivers: Vec<Center>,
    used: Used,
    consumption: Consumption,
    solution: Solution,
}

impl<D: Directory> Run<'_, D> {
    /// All service centers at once: each one's own cost goes to the operating receivers by the exact solution.
    pub(super) fn reciprocal(
        &mut self,
        (position, rule): (usize, &AllocationRule),
        filter: &Filter,
        centers: &[ServiceCenter],
    ) -> Result<(), Rejection> {
        let first_step = self.step + 1;
        self.step += u32::try_from(centers.len()).unwrap_or(u32::MAX);
        let last_step = self.step;
        let mut known: Option<(Used, System)> = None;
        for currency in self.currencies(rule) {
            let mut own = self.own_costs(rule, filter, centers, currency)?;
            if own.iter().all(|(_, sources)| sources.is_empty()) {
                continue;
            }
            let mut used = Used::with_capacity(centers.len());
            for service in centers {
                used.push(self.used(rule, service, centers, currency)?);
            }
            if known.as_ref().is_none_or(|(before, _)| *before != used) {
                known = Some((used.clone(), system(rule, centers, used, &own)?));
            }
            let Some((_, system)) = &known else { continue };
            own.retain(|(center, _)| system.services.iter().any(|service| service.center == *center));
            let costs = own.iter().map(|(_, sources)| total(sources)).collect::<Result<Vec<_>, _>>()?;
            let flows = system.solution.flows(&costs, &system.consumption);
            for (service, ((center, sources), flow)) in own.into_iter().zip(flows).enumerate() {
                let step = (first_step..).zip(centers).find(|(_, given)| given.center == center).map_or(first_step, |(step, _)| step);
                self.step = step;
                let pools_before = self.outcome.pools.len();
                for (account, sources) in by_account(rule, sources) {
                    let pool = total(&sources)?;
                    if pool == 0 {
                        continue;
                    }
                    let spread = system.spread(service, pool)?;
                    let from = Some(center.clone());
                    self.give(Pool { position, rule, filter, from, account, currency, sources }, spread)?;
                }
                if let Some(pool) = self.outcome.pools.get_mut(pools_before) {
                    (pool.gross, pool.flows) = system.named(flow);
                }
            }
        }
        self.step = last_step;
        Ok(())
    }

    /// The own cost of each center. A block of two of them is the first one's.
    fn own_costs(
        &self,
        rule: &AllocationRule,
        filter: &Filter,
        centers: &[ServiceCenter],
        currency: Currency,
    ) -> Result<Vec<(Center, Sources)>, Rejection> {
        let mut taken = BTreeSet::new();
        let mut own = Vec::with_capacity(centers.len());
        for service in centers {
            let mut sources = self.own_cost(rule, filter, &service.center, currency)?;
            sources.retain(|(block, _)| taken.insert(*block));
            own.push((service.center.clone(), sources));
        }
        Ok(own)
    }
}

/// Sets the equations up and solves them.
fn system(rule: &AllocationRule, centers: &[ServiceCenter], mut used: Used, own: &[(Center, Sources)]) -> Result<System, Rejection> {
    let mut services = centers.to_vec();
    // Nobody used what these gave: by the rule they keep their cost, give the same to each receiver, or are refused.
    let idle: Vec<usize> =
        used.iter().enumerate().filter(|(_, used)| used.values().all(|units| units.mantissa() == 0)).map(|(at, _)| at).collect();
    for service in idle.iter().rev().copied() {
        let Some(center) = services.get(service).map(|service| service.center.clone()) else { continue };
        let holds = own.get(service).is_some_and(|(_, sources)| !sources.is_empty());
        let receives = used.iter().any(|used| used.get(&center).is_some_and(|units| units.mantissa() != 0));
        match rule.terms.when_zero {
            WhenZero::Even if !rule.terms.receivers.is_empty() => {
                let one = Exact::new(1, 0);
                let even = rule.terms.receivers.iter().map(|receiver| (receiver.center.clone(), one)).collect();
                if let Some(used) = used.get_mut(service) {
                    *used = even;
                }
            }
            WhenZero::Even | WhenZero::Refuse if holds || receives => {
                let driver = services.get(service).map_or("", |service| service.driver.as_str());
                let message = format!(
                    "driver {driver} of {center} is zero for everybody in the period: correct it, or let the rule say whenZero RETAIN"
                );
                return Err(Rejection::at(Code::DriverZero, "driver", message));
            }
            WhenZero::Even | WhenZero::Refuse | WhenZero::Retain => {
                services.remove(service);
                used.remove(service);
            }
        }
    }
    let is_service = |center: &Center| services.iter().any(|service| service.center == *center);
    let receivers: BTreeSet<Center> = used.iter().flat_map(BTreeMap::keys).filter(|center| !is_service(center)).cloned().collect();
    let receivers: Vec<Center> = receivers.into_iter().collect();
    let consumption = consumption(&services, &receivers, &used).reduced();
    let looped = closed_loop(&consumption);
    if !looped.is_empty() {
        let names: Vec<String> = looped.iter().filter_map(|at| services.get(*at)).map(|service| service.center.to_string()).collect();
        let message = format!("nothing of {} reaches a receiver that is no service center", names.join(", "));
        return Err(Rejection::at(Code::ClosedLoop, "serviceCenters", message));
    }
    let solution = solve(&consumption).ok_or_else(|| Rejection::of(Code::ClosedLoop).under("serviceCenters"))?;
    Ok(System { services, receivers, used, consumption, solution })
}

fn consumption(services: &[ServiceCenter], receivers: &[Center], used: &Used) -> Consumption {
    let (mut by_services, mut by_receivers) = (Vec::with_capacity(used.len()), Vec::with_capacity(used.len()));
    for used in used {
        let units = scaled(&used.values().copied().collect::<Vec<_>>());
        let units: BTreeMap<&Center, BigUint> = used.keys().zip(units).collect();
        let of = |center: &Center| units.get(center).cloned().unwrap_or_else(BigUint::zero);
        by_services.push(services.iter().map(|service| of(&service.center)).collect());
        by_receivers.push(receivers.iter().map(of).collect());
    }
    Consumption { by_services, by_receivers }
}

impl System {
    /// The own cost of a service over the receivers.
    fn spread(&self, service: usize, pool: i64) -> Result<Spread, Rejection> {
        let overflow = || Rejection::of(Code::LedgerOverflow);
        let weights = self.solution.net.get(service).ok_or_else(overflow)?;
        let used = self.used.get(service).ok_or_else(overflow)?;
        let parts = split(pool, weights).map_err(|_| overflow())?;
        let parts = self.receivers.iter().zip(weights).zip(parts).map(|((receiver, weight), part)| PoolPart {
            to: Some(receiver.clone()),
            quantity: used.get(receiver).copied(),
            weight: weight.clone(),
            units: part.units,
            has_extra_unit: part.has_extra_unit,
        });
        Ok(Spread {
            driver: self.services.get(service).map(|service| service.driver.clone()),
            driver_total: Some(sum(used.values())?),
            total_weight: self.solution.determinant().clone(),
            parts: parts.filter(|part| !part.weight.is_zero()).collect(),
        })
    }

    /// Flows with their receivers.
    fn named(&self, flows: GrossFlows) -> (Option<super::Fraction>, Vec<Flow>) {
        let services = self.services.iter().map(|service| &service.center).zip(flows.to_services);
        let receivers = self.receivers.iter().zip(flows.to_receivers);
        let named = services.chain(receivers).filter_map(|(to, amount)| Some(Flow { to: to.clone(), amount: amount? }));
        (flows.gross, named.filter(|flow| !flow.amount.is_zero()).collect())
    }
}
