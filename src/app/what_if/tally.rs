//! Sums of charges under scenarios. Adding two tallies is adding their charges, in any order.

use std::collections::{BTreeMap, HashMap};

use crate::app::AppError;
use crate::app::posting::{Note, OtherNames, basis};
use crate::domain::chart::{CodingBlock, NameKind};
use crate::domain::ids::{BlockId, ChargeNumber, NameId};
use crate::domain::money::{Currency, Exact};
use crate::domain::rating::meter_lines;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::SpendDimension;
use crate::domain::usage::{Processing, UsageEvent};
use crate::domain::what_if::{Assessed, Assessor, Prepared};
use crate::store::{ScannedCharge, StoreError};

/// What all threads read.
pub(super) struct Ground {
    pub scenarios: Vec<Prepared>,
    pub codings: HashMap<BlockId, CodingBlock>,
    pub names: HashMap<NameId, String>,
    pub group_by: Option<SpendDimension>,
}

/// Sums of one group.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    /// Booked or waiting; reversed ones count nowhere.
    pub charges: u64,
    /// Waiting for a price in the books.
    pub unpriced: u64,
    /// In ledger units.
    pub actual: BTreeMap<Currency, i128>,
    /// In the order of the scenarios.
    pub scenarios: Vec<ScenarioSums>,
}

/// Sums of one group under one scenario.
#[derive(Debug, Clone, Default)]
pub(super) struct ScenarioSums {
    pub ai: BTreeMap<Currency, i128>,
    pub human: BTreeMap<Currency, i128>,
    pub minutes: Option<Exact>,
    pub changed: u64,
    pub unpriced: u64,
    pub unbatched: u64,
}

/// Why charges of one model could not be priced.
#[derive(Debug, Clone)]
pub(super) struct Cause {
    pub charges: u64,
    /// The charge whose reason is told.
    pub first: ChargeNumber,
    pub reason: String,
}

/// Provider, model, and whether the charge kept its price and only stays out of a batch.
pub(super) type CauseKey = (NameId, NameId, bool);

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub reversed: u64,
    /// By the id of the group; zero without groups and for charges without the dimension.
    pub groups: HashMap<i64, Sums>,
    /// One map a scenario; there are no more keys than models that were used.
    pub causes: Vec<BTreeMap<CauseKey, Cause>>,
}

/// Rates charges into a tally of its own.
pub(super) struct Rating<'a> {
    ground: &'a Ground,
    assessors: Vec<Assessor<'a>>,
    /// One event for each provider, model and variant, whose moment and quantities change from charge to charge.
    events: HashMap<(NameId, NameId, NameId), UsageEvent>,
    tally: Tally,
}

impl<'a> Rating<'a> {
    pub fn new(ground: &'a Ground) -> Self {
        let assessors = ground.scenarios.iter().map(Assessor::new).collect();
        Self { ground, assessors, events: HashMap::new(), tally: Tally::new(ground) }
    }

    pub fn into_tally(self) -> Tally {
        self.tally
    }

    /// # Errors
    /// `LEDGER_OVERFLOW`; a charge that cannot be read.
    pub fn add(&mut self, charge: &ScannedCharge) -> Result<(), AppError> {
        if charge.basis == basis::REVERSED {
            self.tally.reversed += 1;
            return Ok(());
        }
        let coding = self.ground.codings.get(&charge.block).ok_or_else(|| StoreError::corrupt(format!("coding block {}", charge.block)))?;
        let key = (coding.provider, coding.model, charge.variant);
        let other = Note::read(charge.note.as_deref())?.other;
        let mut own;
        let event = match self.events.entry(key) {
            // A charge that is booked on *other* names is rated by its own.
            _ if !other.is_empty() => {
                own = event(&self.ground.names, key, &other)?;
                &mut own
            }
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(event(&self.ground.names, key, &other)?),
        };
        let lines = meter_lines::decode(&charge.meter_lines).ok_or_else(|| StoreError::corrupt("meter lines"))?;
        event.occurred_at = charge.occurred_at;
        event.quantities = meter_lines::quantities(&lines);
        let group = self.ground.group_by.map_or(0, |dimension| dimension.id_on(coding));
        let sums = self.tally.groups.entry(group).or_insert_with(|| Sums::of(self.assessors.len()));
        sums.charges += 1;
        sums.unpriced += u64::from(charge.cost.is_none());
        if let Some(cost) = charge.cost {
            add(&mut sums.actual, cost.currency, i128::from(cost.amount.units()))?;
        }
        let columns = self.assessors.iter_mut().zip(&mut sums.scenarios).zip(&mut self.tally.causes);
        for ((assessor, sums), causes) in columns {
            let mut assessed = assessor.assess(event, charge.cost)?;
            for (reason, is_kept) in [(assessed.unpriced.take(), false), (assessed.unbatched.take(), true)] {
                let Some(reason) = reason else { continue };
                *(if is_kept { &mut sums.unbatched } else { &mut sums.unpriced }) += 1;
                note(causes, (coding.provider, coding.model, is_kept), Cause { charges: 1, first: charge.number, reason });
            }
            sums.count(&assessed)?;
        }
        Ok(())
    }
}

impl Tally {
    pub fn new(ground: &Ground) -> Self {
        Self { causes: vec![BTreeMap::new(); ground.scenarios.len()], ..Self::default() }
    }

    /// # Errors
    /// `LEDGER_OVERFLOW`.
    pub fn add(&mut self, other: Self) -> Result<(), AppError> {
        self.reversed += other.reversed;
        for (group, sums) in other.groups {
            let own = self.groups.entry(group).or_insert_with(|| Sums::of(sums.scenarios.len()));
            own.add(sums)?;
        }
        for (own, causes) in self.causes.iter_mut().zip(other.causes) {
            causes.into_iter().for_each(|(key, cause)| note(own, key, cause));
        }
        Ok(())
    }

    /// With groups added up in those above them.
    ///
    /// # Errors
    /// `LEDGER_OVERFLOW`.
    pub fn regrouped(mut self, above: &HashMap<i64, i64>) -> Result<Self, AppError> {
        for (group, sums) in std::mem::take(&mut self.groups) {
            let id = above.get(&group).copied().unwrap_or(group);
            let own = self.groups.entry(id).or_insert_with(|| Sums::of(sums.scenarios.len()));
            own.add(sums)?;
        }
        Ok(self)
    }
}

impl Sums {
    pub fn of(scenarios: usize) -> Self {
        Self { scenarios: vec![ScenarioSums::default(); scenarios], ..Self::default() }
    }

    /// # Errors
    /// `LEDGER_OVERFLOW`.
    pub fn add(&mut self, other: Self) -> Result<(), Rejection> {
        self.charges += other.charges;
        self.unpriced += other.unpriced;
        merge(&mut self.actual, other.actual)?;
        for (own, other) in self.scenarios.iter_mut().zip(other.scenarios) {
            own.changed += other.changed;
            own.unpriced += other.unpriced;
            own.unbatched += other.unbatched;
            merge(&mut own.ai, other.ai)?;
            merge(&mut own.human, other.human)?;
            own.work(other.minutes)?;
        }
        Ok(())
    }
}

impl ScenarioSums {
    fn count(&mut self, assessed: &Assessed) -> Result<(), Rejection> {
        self.changed += u64::from(assessed.is_changed);
        if let Some(cost) = assessed.cost {
            add(&mut self.ai, cost.currency, i128::from(cost.amount.units()))?;
        }
        if let Some(human) = assessed.human {
            add(&mut self.human, human.cost.currency, i128::from(human.cost.amount.units()))?;
            self.work(Some(human.minutes))?;
        }
        Ok(())
    }

    fn work(&mut self, minutes: Option<Exact>) -> Result<(), Rejection> {
        let Some(minutes) = minutes else { return Ok(()) };
        let sum = self.minutes.unwrap_or(Exact::ZERO).checked_add(minutes).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
        self.minutes = Some(sum);
        Ok(())
    }
}

/// Of two reasons for one model, that of the earlier charge is told, whichever thread met it.
fn note(causes: &mut BTreeMap<CauseKey, Cause>, key: CauseKey, cause: Cause) {
    let Some(known) = causes.get_mut(&key) else {
        causes.insert(key, cause);
        return;
    };
    known.charges += cause.charges;
    if cause.first < known.first {
        (known.first, known.reason) = (cause.first, cause.reason);
    }
}

fn add(sums: &mut BTreeMap<Currency, i128>, currency: Currency, units: i128) -> Result<(), Rejection> {
    let sum = sums.entry(currency).or_default();
    *sum = sum.checked_add(units).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
    Ok(())
}

fn merge(sums: &mut BTreeMap<Currency, i128>, other: BTreeMap<Currency, i128>) -> Result<(), Rejection> {
    other.into_iter().try_for_each(|(currency, units)| add(sums, currency, units))
}

/// What rating looks at; who called, and under which key, does not matter to a price.
fn event(
    names: &HashMap<NameId, String>,
    (provider, model, variant): (NameId, NameId, NameId),
    other: &OtherNames,
) -> Result<UsageEvent, StoreError> {
    let known = |kind: NameKind, id: NameId| other.of(kind).or_else(|| names.get(&id).map(String::as_str));
    let name = |kind: NameKind, id: NameId| {
        known(kind, id).map(ToOwned::to_owned).ok_or_else(|| StoreError::corrupt("a charge without its provider or model"))
    };
    let mut parts = known(NameKind::Variant, variant).unwrap_or("").split('|').map(|part| (!part.is_empty()).then(|| part.to_owned()));
    let processing = parts.next().flatten().and_then(|text| Processing::parse(&text)).unwrap_or(Processing::Standard);
    Ok(UsageEvent {
        source: String::new(),
        external_id: String::new(),
        occurred_at: crate::domain::period::Moment(0),
        provider: name(NameKind::Provider, provider)?,
        model: name(NameKind::Model, model)?,
        team: None,
        project: None,
        client: None,
        feature: None,
        environment: None,
        api_key: None,
        end_user: None,
        processing,
        service_tier: parts.next().flatten(),
        region: parts.next().flatten(),
        tags: Vec::new(),
        quantities: Vec::new(),
        reported_cost: None,
    })
}
