//! The reciprocal method over the costs of a run.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use num_bigint::BigUint;

use super::Center;
use super::equations::{Consumption, Solution, closed_loop, solve};
use super::net_split::{NetPart, net_split};
use super::outcome::{Basis, Gross, PoolPart, Receiving, Weights};
use super::pool::{Filter, Sources, total};
use super::rule::{AllocationRule, ServiceCenter, WhenZero};
use super::run::{Directory, Pool, Run, by_account};
use super::spread::Spread;
use super::weights::{scaled, sum};
use crate::domain::money::{Currency, Exact};
use crate::domain::rejection::{Code, Rejection};

/// Who used how much of each service.
type Used = Vec<BTreeMap<Center, Exact>>;

/// Services and receivers in order, and what follows from what they used.
struct System {
    services: Vec<ServiceCenter>,
    /// For each service, the receivers of all services with their quantities of this one.
    bases: Vec<Arc<Basis>>,
    /// Service centers, then receivers.
    centers: Arc<[Center]>,
    solution: Arc<Solution>,
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
                let system = system(rule, centers, used.clone(), &own)?;
                known = Some((used, system));
            }
            let Some((_, system)) = &known else { continue };
            own.retain(|(center, _)| system.services.iter().any(|service| service.center == *center));
            let costs = own.iter().map(|(_, sources)| total(sources)).collect::<Result<Vec<_>, _>>()?;
            let unit_costs = system.solution.unit_costs(&costs);
            for (service, ((center, sources), unit_cost)) in own.into_iter().zip(unit_costs).enumerate() {
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
                    let (solution, centers) = (system.solution.clone(), system.centers.clone());
                    pool.gross = Some(Gross { solution, service, unit_cost, centers });
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
    let named: BTreeSet<&Center> = services.iter().map(|service| &service.center).collect();
    let receivers: BTreeSet<&Center> = used.iter().flat_map(BTreeMap::keys).filter(|center| !named.contains(center)).collect();
    let receivers: Vec<Center> = receivers.into_iter().cloned().collect();
    let consumption = consumption(&services, &receivers, &used).reduced();
    let looped = closed_loop(&consumption);
    if !looped.is_empty() {
        let names: Vec<String> = looped.iter().filter_map(|at| services.get(*at)).map(|service| service.center.to_string()).collect();
        let message = format!("nothing of {} reaches a receiver that is no service center", names.join(", "));
        return Err(Rejection::at(Code::ClosedLoop, "serviceCenters", message));
    }
    let solution = solve(consumption).ok_or_else(|| Rejection::of(Code::ClosedLoop).under("serviceCenters"))?;
    let solution = Arc::new(solution);
    let bases = services.iter().zip(&used).enumerate().map(|(at, (service, used))| basis(&solution, (at, service), &receivers, used));
    let bases = bases.collect::<Result<_, _>>()?;
    let centers = services.iter().map(|service| service.center.clone()).chain(receivers).collect();
    Ok(System { services, bases, centers, solution })
}

fn basis(
    solution: &Arc<Solution>,
    (at, service): (usize, &ServiceCenter),
    receivers: &[Center],
    used: &BTreeMap<Center, Exact>,
) -> Result<Arc<Basis>, Rejection> {
    let receiving = |to: &Center| Receiving { to: Some(to.clone()), quantity: used.get(to).copied() };
    Ok(Arc::new(Basis {
        driver: Some(service.driver.clone()),
        driver_total: Some(sum(used.values())?),
        receivers: receivers.iter().map(receiving).collect(),
        weights: Weights::Solved { solution: solution.clone(), service: at },
    }))
}

fn consumption(services: &[ServiceCenter], receivers: &[Center], used: &Used) -> Consumption {
    let positions: HashMap<&Center, usize> = services.iter().map(|service| &service.center).chain(receivers).zip(0..).collect();
    let (mut by_services, mut by_receivers) = (Vec::with_capacity(used.len()), Vec::with_capacity(used.len()));
    for used in used {
        let mut row = vec![BigUint::default(); positions.len()];
        for (center, units) in used.keys().zip(scaled(&used.values().copied().collect::<Vec<_>>())) {
            if let Some(cell) = positions.get(center).and_then(|position| row.get_mut(*position)) {
                *cell = units;
            }
        }
        by_receivers.push(row.split_off(services.len()));
        by_services.push(row);
    }
    Consumption { by_services, by_receivers }
}

impl System {
    /// The own cost of a service over the receivers that any of it reaches.
    fn spread(&self, service: usize, pool: i64) -> Result<Spread, Rejection> {
        let basis = self.bases.get(service).cloned().ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
        let parts = net_split(&self.solution, service, pool).into_iter();
        let part = |net: NetPart| PoolPart { receiver: net.receiver, units: net.part.units, has_extra_unit: net.part.has_extra_unit };
        Ok(Spread { basis, parts: parts.map(part).collect() })
    }
}
