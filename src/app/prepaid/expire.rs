//! Expiry: what is left of lots whose last day is over leaves the books, into an account of its own.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::facts::{Facts, known_provider};
use crate::app::audit::{self, Change};
use crate::app::auth::Actor;
use crate::app::posting::Session;
use crate::app::posting::command::{self, Done, Lines, Once};
use crate::app::{App, AppError};
use crate::domain::chart::well_known;
use crate::domain::ids::{EntryNumber, NameId};
use crate::domain::journal::{EntryDraft, EntryKind};
use crate::domain::money::{Amount, Money};
use crate::domain::period::{Day, Moment};
use crate::domain::posting_rules::GrantPolicy;
use crate::domain::prepaid::{LotKind, UseKind};
use crate::domain::rejection::{Code, Rejection};
use crate::store::account_nets::AsAt;
use crate::store::prepaid::{CreditLot, CreditUse, use_insert, uses};

/// Whose lots to look through.
#[derive(Debug, Clone)]
pub struct ExpireInput {
    pub idempotency_key: String,
    pub provider: String,
    /// Lots whose last day is before this one have expired; also the accounting day.
    pub as_of: Day,
}

/// What expired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiredCredits {
    /// Absent when nothing expired, or only grants that are no asset.
    pub entry: Option<i64>,
    pub parts: Vec<ExpiredPart>,
}

/// What expired of one lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiredPart {
    pub lot: i64,
    units: i64,
    currency: i16,
}

impl ExpiredPart {
    /// The amount; a currency is never taken back from the list, so dollars are never a stand-in.
    pub fn money(&self) -> Money {
        let currency = crate::domain::money::Currency::from_id(self.currency);
        Amount::from_units(self.units).with(currency.unwrap_or(crate::domain::money::Currency::USD))
    }
}

/// Books what is left of expired lots: bought ones Dr 5095 / Cr 1300, deferred grants Dr 2150 / Cr 1350; other grants are only written off the list.
///
/// # Errors
/// `Forbidden`; `PROVIDER_UNKNOWN`, `DATE_OUT_OF_RANGE`, `IDEMPOTENCY_CONFLICT`.
pub async fn expire_credits(app: &App, actor: &Actor, input: ExpireInput) -> Result<Done<ExpiredCredits>, AppError> {
    let checked = command::past_day("asOf", input.as_of, Moment::from_instant(app.clock().now()).day());
    let command =
        Once { operation: "expireCredits", key: input.idempotency_key.clone(), content: json!([input.provider, input.as_of.0]), checked };
    let who = actor.clone();
    command::once(app, actor, command, move |session| expire_in_tx(session, &who, &input)).await
}

fn expire_in_tx(session: &mut Session, actor: &Actor, input: &ExpireInput) -> Result<ExpiredCredits, AppError> {
    let (books, masters) = (command::books(session), session.masters().clone());
    let provider = known_provider(command::ledger(session), books, &input.provider)?;
    let mut facts = Facts::load(command::ledger(session), books, &masters, provider, AsAt::day(input.as_of))?;
    // What was booked under a later day is not booked again under this one.
    facts.uses = uses(command::ledger(session), books, provider, AsAt::day(Day(i32::MAX)))?;
    let lapsed = lapsed_lots(&facts, input.as_of)?;
    let mut lines = Lines::default();
    for (lot, money) in &lapsed {
        if let Some((debit, credit)) = accounts(lot) {
            lines.debit(command::provider_block(session, debit, provider)?, *money);
            lines.credit(command::provider_block(session, credit, provider)?, *money);
        }
    }
    let entry = post(session, input, &lines)?;
    let rows: Vec<CreditUse> = lapsed
        .iter()
        .map(|(lot, money)| CreditUse {
            number: 0,
            lot: lot.number,
            kind: UseKind::Expired,
            amount: money.amount,
            effective_on: input.as_of,
            entry: entry.filter(|_| accounts(lot).is_some()),
        })
        .collect();
    let recorded_at = command::recorded_at(session);
    use_insert(command::ledger(session), books, &rows, recorded_at)?;
    let parts: Vec<ExpiredPart> = lapsed
        .iter()
        .map(|(lot, money)| ExpiredPart { lot: lot.number, units: money.amount.units(), currency: money.currency.id() })
        .collect();
    if !parts.is_empty() {
        tell(session, actor, input, provider, entry, &parts);
    }
    Ok(ExpiredCredits { entry: entry.map(|entry| entry.0), parts })
}

fn post(session: &mut Session, input: &ExpireInput, lines: &Lines) -> Result<Option<EntryNumber>, AppError> {
    if lines.is_empty() {
        return Ok(None);
    }
    let memo = format!("credits of {} that expired before {}", input.provider, input.as_of);
    let draft = EntryDraft {
        kind: EntryKind::Breakage,
        effective_on: input.as_of,
        service_on: None,
        postings: lines.postings(),
        charge: None,
        corrects: None,
        memo: Some(&memo),
    };
    session.post(&draft).map(Some).map_err(|error| error.placed(Code::LedgerOverflow, "asOf"))
}

/// The accounts debited and credited when what is left of a lot expires.
fn accounts(lot: &CreditLot) -> Option<(&'static str, &'static str)> {
    match (lot.kind, lot.policy) {
        (LotKind::Bought, _) => Some((well_known::UNUSED_CREDITS, well_known::PREPAID_CREDITS)),
        (LotKind::Granted, GrantPolicy::Deferred) => Some((well_known::DEFERRED_GRANTS, well_known::VENDOR_CREDITS)),
        (LotKind::Granted, GrantPolicy::Net) => None,
    }
}

fn lapsed_lots(facts: &Facts, as_of: Day) -> Result<Vec<(CreditLot, Money)>, Rejection> {
    let mut lapsed: Vec<(CreditLot, Money)> = Vec::new();
    let lot_of = |number: i64| facts.lots.iter().find(|lot| lot.number == number);
    for currency in facts.prepaid_currencies() {
        for state in facts.position(currency).lots {
            let units = i64::try_from(state.lapsed(as_of)).map_err(|_| Rejection::of(Code::LedgerOverflow))?;
            if let Some(lot) = lot_of(state.lot.number).filter(|_| units > 0) {
                lapsed.push((lot.clone(), Amount::from_units(units).with(currency)));
            }
        }
    }
    for lot in facts.lots.iter().filter(|lot| lot.kind == LotKind::Granted && lot.expires_on.is_some_and(|last| last < as_of)) {
        let left = facts.left_of_grant(lot);
        if left > 0 {
            lapsed.push((lot.clone(), Amount::from_units(left).with(lot.money.currency)));
        }
    }
    lapsed.sort_by_key(|(lot, _)| lot.number);
    Ok(lapsed)
}

fn tell(session: &mut Session, actor: &Actor, input: &ExpireInput, provider: NameId, entry: Option<EntryNumber>, parts: &[ExpiredPart]) {
    let lots: Vec<_> = parts.iter().map(|part| json!({ "lot": part.lot, "amount": part.money().to_string() })).collect();
    let after = json!({ "asOf": input.as_of.to_string(), "entry": entry.map(|entry| entry.0), "lots": lots });
    let object = format!("credits of provider {} ({provider})", input.provider);
    session.audit(audit::event(actor, Change { action: "credits.expire", object, after: Some(after), ..Change::default() }));
}
