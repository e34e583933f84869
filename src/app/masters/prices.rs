//! The price book. Lines are only ever added: a later line of the same key, or of a higher precedence, supersedes.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::price_terms::{self, PriceInput};
use super::save::{permitted, save};
use super::{Masters, check};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::period::Moment;
use crate::domain::rating::{Precedence, Price, PriceKey, PriceTerms};
use crate::domain::rejection::{Code, Rejection};
use crate::store::masters::{MastersChange, Numbers};

const LIST: &str = "prices";

/// Which prices to list; everything, by default.
#[derive(Debug, Clone, Default)]
pub struct PriceFilter {
    pub provider: Option<String>,
    /// In any case.
    pub model: Option<String>,
    /// Only the one line of each key that counts at this moment.
    pub at: Option<DateTime<Utc>>,
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportedPrices {
    pub added: u64,
    /// Lines that would change no charge's price.
    pub unchanged: u64,
}

/// Sets prices, which stand above imported and built-in ones. A line that is there already, and is the last word on its key and start,
/// is answered as it is stored.
///
/// # Errors
/// Refusals by item, `PRICE_OVERLAP` among them; [`AppError::Forbidden`]; any database failure.
pub async fn save_prices(app: &App, actor: &Actor, inputs: Vec<PriceInput>) -> Result<Vec<Price>, AppError> {
    let books = permitted(app, actor, Permission::SavePrices).await?;
    let given = check::items(LIST, &inputs, |input| price_terms::checked(input, Precedence::Set, &actor.subject))?;
    refuse_overlaps(&given)?;
    let now = Moment::from_instant(app.clock().now());
    save(app, actor, &books, |masters, numbers| decide(masters, numbers, &given, now, is_last_word)).await
}

/// Imports a price list, of any length. Imported prices stand above the built-in ones and below those that were set.
///
/// # Errors
/// Refusals by item, `PRICE_OVERLAP` among them; [`AppError::Forbidden`]; any database failure.
pub async fn import_prices(app: &App, actor: &Actor, inputs: Vec<PriceInput>) -> Result<ImportedPrices, AppError> {
    let books = permitted(app, actor, Permission::SavePrices).await?;
    let given = check::all_items(LIST, &inputs, |input| price_terms::checked(input, Precedence::Imported, &actor.subject))?;
    refuse_overlaps(&given)?;
    let now = Moment::from_instant(app.clock().now());
    save(app, actor, &books, |masters, numbers| {
        let (change, _) = decide(masters, numbers, &given, now, changes_nothing)?;
        let added = change.prices.len();
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Ok((change, ImportedPrices { added: count(added), unchanged: count(given.len().saturating_sub(added)) }))
    })
    .await
}

/// The price book's lines, ordered by provider, model, meter, start and number.
///
/// # Errors
/// [`AppError::Forbidden`]; any database failure.
pub async fn prices(app: &App, actor: &Actor, filter: PriceFilter) -> Result<Vec<Price>, AppError> {
    let books = permitted(app, actor, Permission::ReadPrices).await?;
    let masters = books.refresh_masters(app.store()).await?;
    let model = filter.model.map(|model| model.trim().to_ascii_lowercase());
    let fits = |price: &&Price| {
        let key = &price.terms.key;
        filter.provider.as_ref().is_none_or(|provider| key.provider == provider.trim())
            && model.as_ref().is_none_or(|model| key.model == *model)
    };
    let fitting = masters.price_book.prices().filter(fits);
    let mut listed: Vec<Price> = match filter.at.map(Moment::from_instant) {
        None => fitting.cloned().collect(),
        Some(at) => {
            let mut counting: HashMap<&PriceKey, &Price> = HashMap::new();
            for price in fitting.filter(|price| price.applies_at(at)) {
                let strongest = counting.entry(&price.terms.key).or_insert(price);
                if rank(price) > rank(strongest) {
                    *strongest = price;
                }
            }
            counting.into_values().cloned().collect()
        }
    };
    listed.sort_by(|left, right| order(left).cmp(&order(right)));
    Ok(listed)
}

/// By which of two prices of a key counts where both apply; see [`PriceKey`].
fn rank(price: &Price) -> impl Ord + use<> {
    (price.terms.precedence, price.terms.effective_from, price.id)
}

fn order(price: &Price) -> impl Ord + '_ {
    let (terms, key) = (&price.terms, &price.terms.key);
    (key.provider.as_str(), key.model.as_str(), key.meter.code(), terms.effective_from, price.id)
}

/// Two lines of one call that name one key and one start, with different amounts: nobody can tell which is meant.
fn refuse_overlaps(given: &[PriceTerms]) -> Result<(), AppError> {
    let mut met: HashMap<(&PriceKey, Moment), (usize, &PriceTerms)> = HashMap::with_capacity(given.len());
    let mut rejections = Vec::new();
    for (position, terms) in given.iter().enumerate() {
        let first = *met.entry((&terms.key, terms.effective_from)).or_insert((position, terms));
        if first.1.unit_price != terms.unit_price {
            let message = format!("price {} of this call is for the same key and start, with another amount; keep one", first.0);
            rejections.push(check::item(LIST, position, Rejection::at(Code::PriceOverlap, "amount", message)));
        }
    }
    check::accepted(rejections)
}

/// Numbers the lines that add something; answers every line with the one that is stored. `stored` finds the line that makes another needless.
fn decide(
    masters: &Masters,
    numbers: &mut Numbers,
    given: &[PriceTerms],
    now: Moment,
    stored: for<'a> fn(&[&'a Price], &PriceTerms) -> Option<&'a Price>,
) -> Result<(MastersChange, Vec<Price>), AppError> {
    // One pass over the book instead of one for each line.
    let mut known: HashMap<&PriceKey, Vec<&Price>> = given.iter().map(|terms| (&terms.key, Vec::new())).collect();
    for price in masters.price_book.prices() {
        if let Some(prices) = known.get_mut(&price.terms.key) {
            prices.push(price);
        }
    }
    let mut added: BTreeMap<(&PriceKey, Moment), Price> = BTreeMap::new();
    let mut change = MastersChange::default();
    let mut answer = Vec::with_capacity(given.len());
    for terms in given {
        let key = (&terms.key, terms.effective_from);
        let twice = added.get(&key).filter(|price| price.terms.effective_to == terms.effective_to);
        let needless = twice.or_else(|| stored(known.get(&terms.key).map_or(&[], Vec::as_slice), terms));
        if let Some(price) = needless {
            answer.push(price.clone());
            continue;
        }
        let price = Price { id: numbers.next_price()?, terms: terms.clone(), recorded_at: now };
        change.prices.push(price.clone());
        added.insert(key, price.clone());
        answer.push(price);
    }
    Ok((change, answer))
}

fn says_the_same(price: &Price, terms: &PriceTerms) -> bool {
    let known = &price.terms;
    known.unit_price == terms.unit_price && known.effective_from == terms.effective_from && known.effective_to == terms.effective_to
}

/// The last line of the same precedence and start, when it says the same.
fn is_last_word<'a>(known: &[&'a Price], terms: &PriceTerms) -> Option<&'a Price> {
    let rivals = known
        .iter()
        .copied()
        .filter(|price| price.terms.precedence == terms.precedence && price.terms.effective_from == terms.effective_from);
    rivals.max_by_key(|price| price.id).filter(|price| says_the_same(price, terms))
}

/// A line that says the same, whatever its precedence; else the line that counts for the whole range already, at the same unit price.
fn changes_nothing<'a>(known: &[&'a Price], terms: &PriceTerms) -> Option<&'a Price> {
    let below = || known.iter().copied().filter(|price| price.terms.precedence <= terms.precedence);
    if let Some(price) = is_last_word(known, terms) {
        return Some(price);
    }
    let superseded =
        known.iter().any(|price| price.terms.precedence == terms.precedence && price.terms.effective_from == terms.effective_from);
    if let Some(price) = known.iter().copied().filter(|price| says_the_same(price, terms) && !superseded).max_by_key(|price| price.id) {
        return Some(price);
    }
    let counting = below().filter(|price| price.applies_at(terms.effective_from)).max_by_key(|price| rank(price))?;
    let begins_within = |moment: Moment| terms.effective_from < moment && terms.effective_to.is_none_or(|to| moment < to);
    let others = below().any(|price| begins_within(price.terms.effective_from));
    let ends_early = counting.terms.effective_to.is_some_and(begins_within);
    (counting.terms.unit_price == terms.unit_price && !others && !ends_early).then_some(counting)
}
