//! Books what hours cost, or the difference that another rate makes.

use crate::app::AppError;
use crate::app::posting::Session;
use crate::app::posting::command::Lines;
use crate::domain::journal::{EntryDraft, EntryKind};
use crate::domain::labor::{Hours, LaborRate};
use crate::domain::money::{Amount, Money};
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};
use crate::store::labor::Booking;

use crate::domain::ids::BlockId;

/// Hours that get a cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Priced {
    pub worked_on: Day,
    pub hours: Hours,
    /// Bears the cost.
    pub block: BlockId,
    /// Is relieved of it.
    pub applied_block: BlockId,
}

/// Posts what the hours cost by a rate, less what is booked of them. None when that rate booked them already.
///
/// Dated on the day of the work, or on the first open day when its period is closed.
pub(super) fn book(session: &mut Session, time: Priced, held: Option<Booking>, rate: &LaborRate) -> Result<Option<Booking>, AppError> {
    if held.is_some_and(|held| held.rate == rate.number) {
        return Ok(None);
    }
    let cost = time.hours.cost(rate.cost_per_hour)?;
    let mut lines = Lines::default();
    for money in differences(held.map(|held| held.cost), cost)? {
        lines.pair(time.block, time.applied_block, money)?;
    }
    let effective_on = session.booking_day(time.worked_on);
    let entry = if lines.is_empty() {
        None
    } else {
        let draft = EntryDraft {
            kind: EntryKind::Labor,
            effective_on,
            service_on: (effective_on != time.worked_on).then_some(time.worked_on),
            postings: lines.postings(),
            charge: None,
            corrects: held.and_then(|held| held.entry),
            memo: None,
        };
        let entry = if cost.amount.is_positive() { session.post(&draft) } else { session.correct(&draft) };
        Some(entry.map_err(|error| error.placed(Code::LedgerOverflow, "hours"))?)
    };
    let revision = held.map_or(1, |held| held.revision.saturating_add(1));
    Ok(Some(Booking { revision, rate: rate.number, cost, entry }))
}

/// What has to be posted so that `held` becomes `cost`: one amount, or one in each currency when the currency changes.
fn differences(held: Option<Money>, cost: Money) -> Result<Vec<Money>, Rejection> {
    let overflow = || Rejection::of(Code::LedgerOverflow);
    Ok(match held {
        None => vec![cost],
        Some(held) if held.currency == cost.currency => {
            vec![cost.amount.checked_sub(held.amount).ok_or_else(overflow)?.with(cost.currency)]
        }
        Some(held) => vec![negated(held)?, cost],
    })
}

fn negated(money: Money) -> Result<Money, Rejection> {
    let amount = Amount::ZERO.checked_sub(money.amount).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
    Ok(amount.with(money.currency))
}
