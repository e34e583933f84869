//! Charges from their rows: names in place of ids, unit prices in place of numbers, the current state out of the revisions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::by_hand::ByHand;
use super::{Charge, ChargeAttribution, ChargeStatus, Correction, RatingLine};
use crate::app::AppError;
use crate::app::journal::Directory;
use crate::app::posting::Note;
use crate::app::reports::access::Access;
use crate::domain::chart::{CenterKind, CodingBlock, NameKind};
use crate::domain::ids::{ChargeNumber, EntryNumber, NameId, RuleId};
use crate::domain::journal::EntryKind;
use crate::domain::money::{Amount, Exact, Money};
use crate::domain::rating::{RatedLine, meter_lines};
use crate::domain::usage::Processing;
use crate::store::charge::{self as store, ChargeRow, ChargeState};
use crate::store::{StoreError, journal};

/// Everything that rows of charges refer to, loaded once for all of them.
struct Context<'a> {
    access: &'a Access<'a>,
    directory: Directory,
    rules: HashMap<RuleId, String>,
    reasons: HashMap<ChargeNumber, String>,
    /// The reversal of each entry that has one.
    reversals: HashMap<EntryNumber, EntryNumber>,
    by_hand: ByHand,
}

/// Charges from their rows; rows that the reader does not see are left out.
pub(super) async fn assembled(access: &Access<'_>, rows: Vec<ChargeRow>) -> Result<Vec<Charge>, AppError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let (store, books) = (access.store, access.books_id());
    let numbers: Vec<_> = rows.iter().map(|row| row.number).collect();
    let mut revisions = store::revisions_of(store, books, &numbers).await?;
    let histories: Vec<_> = rows
        .into_iter()
        .map(|row| {
            let later = revisions.remove(&row.number).unwrap_or_default();
            (row, later)
        })
        .collect();
    let (mut blocks, mut rules, mut names) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (row, later) in &histories {
        names.extend([row.source, row.variant, row.api_key]);
        for state in std::iter::once(&row.state).chain(later) {
            blocks.insert(state.block);
            rules.insert(state.rule);
        }
    }
    rules.remove(&RuleId(0));
    let corrected: BTreeSet<_> = histories.iter().flat_map(|(_, later)| later).filter_map(|state| state.entry).collect();
    let corrected: Vec<_> = corrected.into_iter().collect();
    let first = histories.iter().filter_map(|(row, _)| row.state.entry);
    let entries: Vec<_> = corrected.iter().copied().chain(first).collect();
    let context = Context {
        by_hand: ByHand::load(access, &entries).await?,
        access,
        directory: Directory::load_with_names(access, blocks, names).await?,
        rules: if rules.is_empty() { HashMap::new() } else { journal::rule_codes(store, books, rules).await? },
        reasons: store::pending_reasons(store, books, &numbers).await?,
        reversals: if corrected.is_empty() { HashMap::new() } else { journal::reversals_of(store, books, &corrected).await? },
    };
    let mut charges = Vec::with_capacity(histories.len());
    for (row, later) in histories {
        charges.extend(context.charge(row, &later)?);
    }
    Ok(charges)
}

impl Context<'_> {
    /// The charge, or none when the reader does not see its current block.
    fn charge(&self, row: ChargeRow, later: &[ChargeState]) -> Result<Option<Charge>, StoreError> {
        let current = later.last().unwrap_or(&row.state);
        let block = self.directory.block(current.block)?;
        if self.access.visible.as_ref().is_some_and(|visible| !visible.shows(&block)) {
            return Ok(None);
        }
        let status = status_of(current)?;
        // A reversed charge shows what was reversed.
        let rated = later.iter().rev().find(|state| state.basis != BASIS_REVERSED).unwrap_or(&row.state);
        let rating = self.rating(rated)?;
        let cost = if rated.basis == BASIS_UNPRICED { None } else { rated.money };
        // What the charge brought, also where it is booked on an *other* name.
        let brought = Note::read(row.state.note.as_deref())?.other;
        let named = |kind: NameKind, id: NameId| brought.of(kind).map(ToOwned::to_owned).or_else(|| self.directory.name(id));
        let variant = named(NameKind::Variant, row.variant).unwrap_or_default();
        let mut variant = variant.split('|').map(|part| (!part.is_empty()).then(|| part.to_owned()));
        let processing = variant.next().flatten().and_then(|text| Processing::parse(&text)).unwrap_or(Processing::Standard);
        let original = decoded(&row.state.meter_lines)?;
        let entry = row
            .state
            .entry
            .or_else(|| later.iter().find(|state| state_kind(state) == Some(EntryKind::Charge)).and_then(|state| state.entry));
        let chain: BTreeSet<EntryNumber> = entry.into_iter().chain(later.iter().filter_map(|state| state.entry)).collect();
        let chain: Vec<EntryNumber> = chain.into_iter().collect();
        let booked = if status == ChargeStatus::Unpriced { None } else { current.money.or_else(|| cost.map(zero_of)) };
        let tags = row.tags.as_deref().map(serde_json::from_str).transpose();
        Ok(Some(Charge {
            number: row.number,
            source: named(NameKind::Source, row.source).unwrap_or_default(),
            status,
            occurred_at: row.occurred_at,
            recorded_at: row.recorded_at,
            provider: named(NameKind::Provider, block.provider),
            model: named(NameKind::Model, block.model),
            environment: named(NameKind::Environment, block.environment),
            processing,
            service_tier: variant.next().flatten(),
            region: variant.next().flatten(),
            api_key: named(NameKind::ApiKey, row.api_key),
            end_user: row.end_user,
            tags: tags.map_err(|error| StoreError::corrupt(error.to_string()))?.unwrap_or_default(),
            usage: meter_lines::quantities(&original),
            cost,
            net_cost: booked.map(|booked| self.by_hand.net(&chain, booked)).transpose()?,
            exact_cost: exact_cost(rated, &rating)?,
            reported_cost: row.reported,
            unpriced_reason: self.reasons.get(&row.number).filter(|_| status == ChargeStatus::Unpriced).cloned(),
            rating,
            attribution: self.attribution(current, &block)?,
            note: Note::read(current.note.as_deref())?.other.sentence(),
            entry,
            corrections: self.corrections(later, entry, &chain),
            external_id: row.external_id,
        }))
    }

    /// The entries of the revisions but the one that booked the charge, and their reversals, in the order of posting. A revision that
    /// posted nothing, and one that went back to an earlier state, names an entry that is there already.
    fn corrections(&self, later: &[ChargeState], booked: Option<EntryNumber>, chain: &[EntryNumber]) -> Vec<Correction> {
        let mut kinds = BTreeMap::new();
        for state in later {
            let (Some(entry), Some(kind)) = (state.entry, state_kind(state)) else { continue };
            if Some(entry) != booked {
                kinds.entry(entry).or_insert(kind);
            }
        }
        let reversals: Vec<_> = kinds.keys().filter_map(|entry| self.reversals.get(entry)).copied().collect();
        kinds.extend(reversals.into_iter().map(|reversal| (reversal, EntryKind::Reversal)));
        kinds.extend(self.by_hand.corrections(chain).into_iter().map(|made| (made.entry, made.kind)));
        kinds.into_iter().map(|(entry, kind)| Correction { entry, kind }).collect()
    }

    fn rating(&self, state: &ChargeState) -> Result<Vec<RatingLine>, StoreError> {
        let book = &self.access.masters.price_book;
        let mut lines = Vec::new();
        for line in decoded(&state.meter_lines)? {
            let Some(price) = line.price else { continue };
            let restored = RatedLine::restore(line.meter, line.quantity, price, line.discount, book);
            let RatedLine { meter, quantity, price, discount, unit_price, exact } =
                restored.ok_or_else(|| StoreError::corrupt(format!("there is no price {price}")))?;
            let discount_percent = discount.and_then(|id| book.discount(id)).map(|discount| discount.percent);
            lines.push(RatingLine { meter, quantity, unit_price, discount_percent, amount: exact, price, discount });
        }
        Ok(lines)
    }

    fn attribution(&self, state: &ChargeState, block: &CodingBlock) -> Result<ChargeAttribution, StoreError> {
        let code = |kind: CenterKind, id: NameId| {
            self.access.masters.center_by_id(id).filter(|center| center.kind == kind).map(|center| center.code.clone())
        };
        Ok(ChargeAttribution {
            team: code(CenterKind::Team, block.team),
            project: code(CenterKind::Project, block.project),
            client: code(CenterKind::Client, block.client),
            feature: self.directory.name(block.feature),
            rule: self.rules.get(&state.rule).cloned(),
            reason: Note::read(state.note.as_deref())?.reason,
        })
    }
}

const BASIS_UNPRICED: i64 = 0;
const BASIS_REPORTED: i64 = 2;
const BASIS_REVERSED: i64 = 3;

fn status_of(state: &ChargeState) -> Result<ChargeStatus, StoreError> {
    match state.basis {
        BASIS_UNPRICED => Ok(ChargeStatus::Unpriced),
        1 | BASIS_REPORTED => Ok(ChargeStatus::Recorded),
        BASIS_REVERSED => Ok(ChargeStatus::Reversed),
        other => Err(StoreError::corrupt(format!("{other} is no basis of a cost"))),
    }
}

/// The kind of correction that made a revision.
fn state_kind(state: &ChargeState) -> Option<EntryKind> {
    state.kind.and_then(|kind| i16::try_from(kind).ok()).and_then(EntryKind::from_id)
}

fn decoded(text: &str) -> Result<Vec<meter_lines::MeterLine>, StoreError> {
    meter_lines::decode(text).ok_or_else(|| StoreError::corrupt("meter lines that cannot be read"))
}

fn exact_cost(state: &ChargeState, rating: &[RatingLine]) -> Result<Option<Exact>, StoreError> {
    match state.basis {
        BASIS_UNPRICED => Ok(None),
        BASIS_REPORTED => Ok(state.money.map(Money::exact)),
        _ => {
            let sum = rating.iter().try_fold(Exact::ZERO, |sum, line| sum.checked_add(line.amount));
            sum.map(|sum| Some(sum.normalized())).ok_or_else(|| StoreError::corrupt("a cost above 128 bits"))
        }
    }
}

fn zero_of(money: Money) -> Money {
    Amount::ZERO.with(money.currency)
}
