//! `record_charges`: the use case behind every way in.

use super::receipt::{Outcome, Receipt};
use super::{IncomingCharge, Submission, prepare};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::money::Amount;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::usage::UsageEvent;

/// Records charges and answers once they are durable, a receipt each, in order.
///
/// A charge that is refused gets its rejection and the others go on, unless `atomic`: then none is recorded.
///
/// # Errors
/// `Forbidden`, `NotFound` for unknown books, `Unavailable` when the database cannot be written: then none is recorded, and the same call may be tried again.
pub async fn record_charges(app: &App, actor: &Actor, items: Vec<IncomingCharge>, atomic: bool) -> Result<Vec<Receipt>, AppError> {
    if !actor.may(Permission::RecordCharges) {
        return Err(AppError::Forbidden(Permission::RecordCharges));
    }
    let books = app.books(actor).await?;
    let masters = books.masters();
    let now = app.clock().now();
    let mut prepared = Vec::with_capacity(items.len());
    let mut receipts = Vec::with_capacity(items.len());
    for item in items {
        let event = item.draft.and_then(|draft| UsageEvent::new(draft, now)).and_then(|event| within_scope(event, actor));
        let outcome = match event {
            Ok(event) => {
                let charge = prepare(event, &masters);
                let too_large = refuse_absurd_cost(&charge);
                if too_large.is_none() {
                    prepared.push(charge);
                }
                too_large.map(Outcome::Rejected)
            }
            Err(rejection) => Some(Outcome::Rejected(rejection)),
        };
        receipts.push((item.external_id, outcome));
    }
    let any_refused = receipts.iter().any(|receipt| receipt.1.is_some());
    let outcomes = if atomic && any_refused {
        prepared.iter().map(|_| Outcome::Rejected(Rejection::of(Code::AtomicRefused))).collect()
    } else if prepared.is_empty() {
        Vec::new()
    } else {
        books.desk().submit(Submission { charges: prepared, atomic }).await?
    };
    let mut outcomes = outcomes.into_iter();
    let complete = |(external_id, refused): (Option<String>, Option<Outcome>)| {
        refused.or_else(|| outcomes.next()).map(|outcome| Receipt { external_id, outcome })
    };
    Ok(receipts.into_iter().filter_map(complete).collect())
}

/// More than this for one charge, in ledger units, is a mistake in a quantity or a price; booked, it would drown the balances. Ten million
/// dollars, and about as much in a currency whose unit is worth less, because the ledger keeps fewer decimals of it.
const LARGEST_COST: i64 = 10_000_000_000_000_000;

fn refuse_absurd_cost(charge: &super::Prepared) -> Option<Rejection> {
    let cost = charge.cost.money()?;
    let largest = || Amount::from_units(LARGEST_COST).with(cost.currency);
    let message = || format!("the charge would cost {cost}, more than {}: check the quantities and the price", largest());
    (cost.amount.units() > LARGEST_COST).then(|| Rejection::at(Code::AmountTooLarge, "usage", message()))
}

/// A token limited to cost centers records only for them.
fn within_scope(event: UsageEvent, actor: &Actor) -> Result<UsageEvent, Rejection> {
    use crate::domain::chart::CenterKind;
    let Some(scope) = &actor.scope else { return Ok(event) };
    let centers = [(CenterKind::Team, &event.team), (CenterKind::Project, &event.project), (CenterKind::Client, &event.client)];
    if centers.iter().any(|(kind, code)| code.as_ref().is_some_and(|code| scope.contains(*kind, code))) {
        return Ok(event);
    }
    Err(Rejection::at(Code::CostCenterUnknown, "team", "the token is limited to cost centers, and the charge names none of them"))
}
