//! Reads of charges: by key, by number, as a list. What a limited token does not see is not there.

mod assemble;
mod by_hand;

use std::collections::HashMap;

use crate::app::auth::{Actor, Permission};
use crate::app::ingest::key_hash;
use crate::app::journal::Page;
use crate::app::posting::Note;
use crate::app::reports::DimensionFilter;
use crate::app::reports::access::Access;
use crate::app::{App, AppError};
use crate::domain::chart::{NameKind, OTHER_NAME};
use crate::domain::ids::{ChargeNumber, DiscountId, EntryNumber, NameId, PriceId};
use crate::domain::journal::EntryKind;
use crate::domain::money::{Exact, Money};
use crate::domain::period::{Moment, Month};
use crate::domain::rating::UnitPrice;
use crate::domain::usage::{Meter, Processing, Quantity};
use crate::store::charge::{self as store, StateFilter};
use crate::store::journal;
use assemble::assembled;

/// Where a charge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChargeStatus {
    Recorded,
    Unpriced,
    Reversed,
}

/// A charge in its current state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub number: ChargeNumber,
    pub source: String,
    pub external_id: String,
    pub status: ChargeStatus,
    pub occurred_at: Moment,
    pub recorded_at: Moment,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub environment: Option<String>,
    pub processing: Processing,
    pub service_tier: Option<String>,
    pub region: Option<String>,
    pub api_key: Option<String>,
    pub end_user: Option<String>,
    /// In the order of their keys.
    pub tags: Vec<(String, String)>,
    /// As it came in.
    pub usage: Vec<(Meter, Quantity)>,
    /// By the latest rating, else the reported cost; `None` while unpriced. A reversed charge keeps what it had cost.
    pub cost: Option<Money>,
    /// What the books carry for it now: the cost, zero once reversed, `None` while unpriced.
    pub net_cost: Option<Money>,
    /// The cost before its one rounding.
    pub exact_cost: Option<Exact>,
    pub reported_cost: Option<Money>,
    pub unpriced_reason: Option<String>,
    /// The priced meter lines; none when the cost is the reported one.
    pub rating: Vec<RatingLine>,
    pub attribution: ChargeAttribution,
    /// Which of its names the books had no room for; it is booked on *other* names instead.
    pub note: Option<String>,
    /// The entry that booked it. Absent while unpriced, and for a cost of zero.
    pub entry: Option<EntryNumber>,
    /// Later entries that changed what the books carry for it, in the order of posting.
    pub corrections: Vec<Correction>,
}

/// One meter of a rated charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatingLine {
    pub meter: Meter,
    pub quantity: Quantity,
    pub unit_price: UnitPrice,
    /// Percent taken off the list price.
    pub discount_percent: Option<Exact>,
    /// Quantity times unit price less the discount, unrounded.
    pub amount: Exact,
    pub price: PriceId,
    pub discount: Option<DiscountId>,
}

/// Who owns a charge's cost, by code, and how that was decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChargeAttribution {
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
    /// The rule that decided at least one of them.
    pub rule: Option<String>,
    /// Why one of them is unattributed.
    pub reason: Option<String>,
}

/// A later entry of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction {
    pub entry: EntryNumber,
    pub kind: EntryKind,
}

/// Which charges are listed.
#[derive(Debug, Clone, Default)]
pub struct ChargeQuery {
    pub status: Option<ChargeStatus>,
    /// Occurred in this month of the books' time zone, and also within `from` and `to`.
    pub period: Option<Month>,
    /// Occurred from this moment on.
    pub from: Option<Moment>,
    /// Occurred before this moment.
    pub to: Option<Moment>,
    pub source: Option<String>,
    pub dimensions: DimensionFilter,
    pub newest_first: bool,
}

/// The charge with this key, which is unique in the books for ever.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn charge_by_key(app: &App, actor: &Actor, source: &str, external_id: &str) -> Result<Option<Charge>, AppError> {
    let access = Access::to(app, actor, Permission::ReadCharges).await?;
    let source_id = journal::name_id(access.store, access.books_id(), NameKind::Source, source).await?;
    let other = journal::name_id(access.store, access.books_id(), NameKind::Source, OTHER_NAME).await?;
    if source_id.or(other).is_none() {
        return Ok(None);
    }
    let mut hash = key_hash(source, external_id);
    // Another key with the same hash pushed this one to the next number; the walk ends at the first number that is free.
    while let Some(row) = store::charge_by_key_hash(access.store, access.books_id(), hash).await? {
        // One that is booked on the *other* name remembers its own.
        let is_of_source = if other == Some(row.source) {
            Note::read(row.state.note.as_deref())?.other.of(NameKind::Source).unwrap_or(OTHER_NAME) == source
        } else {
            source_id == Some(row.source)
        };
        if is_of_source && row.external_id == external_id {
            return Ok(assembled(&access, vec![row]).await?.pop());
        }
        hash = hash.wrapping_add(1);
    }
    Ok(None)
}

/// The charges of these numbers, as far as they exist and are visible.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn charges_by_number(app: &App, actor: &Actor, numbers: &[ChargeNumber]) -> Result<HashMap<ChargeNumber, Charge>, AppError> {
    let access = Access::to(app, actor, Permission::ReadCharges).await?;
    let rows = store::charges_by_number(access.store, access.books_id(), numbers).await?;
    Ok(assembled(&access, rows).await?.into_iter().map(|charge| (charge.number, charge)).collect())
}

/// One page of charges beyond `after`, in the order of their numbers.
///
/// # Errors
/// A filter's refusals, [`AppError::Forbidden`] or a database failure.
pub async fn charges(
    app: &App,
    actor: &Actor,
    query: &ChargeQuery,
    after: Option<ChargeNumber>,
    first: usize,
) -> Result<Page<Charge>, AppError> {
    let access = Access::to(app, actor, Permission::ReadCharges).await?;
    let source = match &query.source {
        None => None,
        // A source that never sent anything has no charges.
        Some(name) => Some(journal::name_id(access.store, access.books_id(), NameKind::Source, name).await?.unwrap_or(NameId(-1))),
    };
    let zone = access.masters.zone();
    let bounds = query.period.map(|month| (zone.start_of(month.first_day()), zone.start_of(month.next().first_day())));
    let from = query.from.max(bounds.map(|bounds| bounds.0));
    let to = [query.to, bounds.map(|bounds| bounds.1)].into_iter().flatten().min();
    let filter = store::ChargeFilter {
        state: query.status.map(|status| match status {
            ChargeStatus::Recorded => StateFilter::Recorded,
            ChargeStatus::Unpriced => StateFilter::Unpriced,
            ChargeStatus::Reversed => StateFilter::Reversed,
        }),
        from,
        to,
        source,
        blocks: query.dimensions.resolve(&access).await?,
    };
    let limit = u64::try_from(first).unwrap_or(u64::MAX).saturating_add(1);
    let rows = store::charges_page(access.store, access.books_id(), &filter, after, query.newest_first, limit).await?;
    let page = Page::of(rows, first);
    Ok(Page { items: assembled(&access, page.items).await?, has_next: page.has_next })
}
