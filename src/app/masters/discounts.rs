//! Contracted discounts. Lines are only ever added; the latest start, then the latest line, counts.

use chrono::{DateTime, Utc};

use super::save::{Decided, Tries, begin, commit, is_busy, permitted, saving};
use super::told::Saving;
use super::{check, price_terms};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError, Books};
use crate::domain::ids::DiscountId;
use crate::domain::money::Exact;
use crate::domain::period::Moment;
use crate::domain::rating::Discount;
use crate::domain::rejection::{Code, Rejection};
use crate::store::Store;
use crate::store::masters::{MastersChange, Numbers, discount_list};

/// Decimals of a percentage: finer than any contract, coarse enough that cost stays exact in 128 bits.
const MOST_DECIMALS: u32 = 6;

/// A discount as it is given.
#[derive(Debug, Clone)]
pub struct DiscountInput {
    pub provider: String,
    /// Absent for every model of the provider that has no discount of its own.
    pub model: Option<String>,
    /// Percent taken off the list price: decimal text above 0 and at most 100.
    pub percent: String,
    pub effective_from: DateTime<Utc>,
    /// Excluded; open when absent.
    pub effective_to: Option<DateTime<Utc>>,
    /// The contract; who gave it, when absent.
    pub source: Option<String>,
}

/// Saves discounts. A line that is there already is answered as it is stored.
///
/// # Errors
/// Refusals by item; [`AppError::Forbidden`]; any database failure.
pub async fn save_discounts(app: &App, actor: &Actor, inputs: Vec<DiscountInput>) -> Result<Vec<Discount>, AppError> {
    let books = permitted(app, actor, Permission::SavePrices).await?;
    let given = check::items("discounts", &inputs, |input| checked(input, &actor.subject))?;
    let mut tries = Tries::default();
    loop {
        let answer = save_once(app.store(), &books, saving(app, actor), &given).await;
        if !tries.again(is_busy(&answer)).await {
            return answer;
        }
    }
}

async fn save_once(store: &Store, books: &Books, saving: Saving<'_>, given: &[Discount]) -> Result<Vec<Discount>, AppError> {
    let (mut transaction, masters) = begin(store, books).await?;
    let known = transaction.discount_list().await?;
    let (change, saved) = decide(known, &mut transaction.numbers, given, saving.at)?;
    commit(store, books, Decided { transaction, masters: &masters, saving, change }).await?;
    Ok(saved)
}

/// All discounts in the order of their numbers.
///
/// # Errors
/// [`AppError::Forbidden`]; any database failure.
pub async fn discounts(app: &App, actor: &Actor) -> Result<Vec<Discount>, AppError> {
    let books = permitted(app, actor, Permission::ReadPrices).await?;
    Ok(discount_list(app.store(), books.id()).await?)
}

/// The discount without its number.
fn checked(input: &DiscountInput, subject: &str) -> Result<Discount, Rejection> {
    let provider = check::code("provider", &input.provider)?;
    let model = input.model.as_deref().filter(|model| !model.trim().is_empty()).map(|model| check::model("model", model)).transpose()?;
    let percent = percent(input.percent.trim()).ok_or_else(|| {
        let shown: String = input.percent.chars().take(40).collect();
        let message = format!("`{shown}` is not a percentage above 0 and at most 100, such as \"12.5\"");
        Rejection::at(Code::DiscountInvalid, "percent", message)
    })?;
    let (effective_from, effective_to) = price_terms::range(input.effective_from, input.effective_to)?;
    let source = check::source(input.source.as_deref(), subject)?;
    Ok(Discount { id: DiscountId::default(), provider, model, percent, effective_from, effective_to, source })
}

fn percent(text: &str) -> Option<Exact> {
    let percent = Exact::parse(text).ok()?.normalized();
    let rest = Exact::new(100, 0).checked_sub(percent)?;
    (percent.mantissa() > 0 && rest.mantissa() >= 0 && percent.scale() <= MOST_DECIMALS).then_some(percent)
}

fn decide(
    mut known: Vec<Discount>,
    numbers: &mut Numbers,
    given: &[Discount],
    now: Moment,
) -> Result<(MastersChange, Vec<Discount>), AppError> {
    let mut change = MastersChange::default();
    let mut answer = Vec::with_capacity(given.len());
    for discount in given {
        let is_rival = |known: &&Discount| {
            known.provider == discount.provider && known.model == discount.model && known.effective_from == discount.effective_from
        };
        let last = known.iter().filter(is_rival).max_by_key(|known| known.id);
        if let Some(stored) = last.filter(|last| last.percent == discount.percent && last.effective_to == discount.effective_to) {
            answer.push(stored.clone());
            continue;
        }
        let discount = Discount { id: numbers.next_discount()?, ..discount.clone() };
        change.discounts.push((discount.clone(), now));
        known.push(discount.clone());
        answer.push(discount);
    }
    Ok((change, answer))
}
