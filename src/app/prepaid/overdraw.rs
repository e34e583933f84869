//! Usage beyond every prepaid lot: by the provider's policy it stays in account 1300, below zero, or is owed in account 2100.
//!
//! What is moved is never added up from charges: it is the difference between what no lot covers and what is moved already, so that running it
//! again corrects it, in either direction, whatever was re-rated, reversed or bought in between. Ingest does not take part.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::facts::{Facts, known_provider};
use crate::app::App;
use crate::app::AppError;
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::posting::Session;
use crate::app::posting::command::{self, Done, Lines, Once};
use crate::domain::chart::well_known;
use crate::domain::ids::{EntryNumber, NameId};
use crate::domain::journal::{EntryDraft, EntryKind};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::period::{Day, Moment};
use crate::domain::posting_rules::OverdrawPolicy;
use crate::domain::rejection::{Code, Rejection};
use crate::store::account_nets::{AsAt, last_entry_of};

/// Whose usage to look at.
#[derive(Debug, Clone)]
pub struct OverdrawInput {
    pub idempotency_key: String,
    pub provider: String,
    /// Usage up to the end of this day counts; also the accounting day.
    pub as_of: Day,
}

/// What was moved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedOverdraw {
    /// Absent when everything was where it belongs.
    pub entry: Option<i64>,
    /// Ledger units by currency; above zero is now owed, below zero is drawn from prepaid credits again.
    moved: BTreeMap<i16, i64>,
}

impl MovedOverdraw {
    pub fn moneys(&self) -> impl Iterator<Item = Money> + '_ {
        self.moved.iter().filter_map(|(id, units)| Some(Amount::from_units(*units).with(Currency::from_id(*id)?)))
    }
}

/// Brings account 2100 to what the policy says of usage that no prepaid lot covers: Dr 1300 / Cr 2100, or the other way round for what credits
/// cover since.
///
/// # Errors
/// `Forbidden`; `PROVIDER_UNKNOWN`, `DATE_OUT_OF_RANGE`, `IDEMPOTENCY_CONFLICT`, `PERIOD_CLOSED` and its like.
pub async fn accrue_overdraw(app: &App, actor: &Actor, input: OverdrawInput) -> Result<Done<MovedOverdraw>, AppError> {
    let checked = command::past_day("asOf", input.as_of, Moment::from_instant(app.clock().now()).day());
    let command =
        Once { operation: "accrueOverdraw", key: input.idempotency_key.clone(), content: json!([input.provider, input.as_of.0]), checked };
    let who = actor.clone();
    command::once(app, actor, command, move |session| {
        session.act_as_closer(who.may(Permission::ClosePeriods));
        let books = command::books(session);
        let provider = known_provider(command::ledger(session), books, &input.provider)?;
        settle_overdraw(session, &who, (&input.provider, provider), input.as_of)
    })
    .await
}

/// The same in the transaction of a command that changed what lots cover.
pub(super) fn settle_overdraw(
    session: &mut Session,
    actor: &Actor,
    (name, provider): (&str, NameId),
    as_of: Day,
) -> Result<MovedOverdraw, AppError> {
    let (books, masters) = (command::books(session), session.masters().clone());
    let policy = masters.provider_terms(name).overdraw;
    let facts = Facts::load(command::ledger(session), books, &masters, provider, AsAt::day(as_of))?;
    let mut moved = MovedOverdraw::default();
    let mut lines = Lines::default();
    for currency in facts.prepaid_currencies() {
        let wanted = match policy {
            OverdrawPolicy::Show => 0,
            OverdrawPolicy::Accrue => facts.uncovered_usage(currency),
        };
        let difference = i64::try_from(wanted - facts.accrued(currency)).map_err(|_| Rejection::of(Code::LedgerOverflow))?;
        if difference != 0 {
            let money = Amount::from_units(difference.saturating_abs()).with(currency);
            let prepaid = command::provider_block(session, well_known::PREPAID_CREDITS, provider)?;
            let owed = command::provider_block(session, well_known::ACCRUED_USAGE, provider)?;
            let (debit, credit) = if difference > 0 { (prepaid, owed) } else { (owed, prepaid) };
            lines.debit(debit, money);
            lines.credit(credit, money);
            moved.moved.insert(currency.id(), difference);
        }
    }
    if lines.is_empty() {
        return Ok(moved);
    }
    // The one before is what it brings up to date.
    let corrects = last_entry_of(command::ledger(session), books, (EntryKind::PrepaidOverdraw, provider))?;
    let entry = post(session, name, as_of, (&lines, corrects))?;
    moved.entry = Some(entry.0);
    let amounts: Vec<String> = moved.moneys().map(|money| money.to_string()).collect();
    let after = json!({ "asOf": as_of.to_string(), "entry": entry.0, "accrued": amounts });
    let object = format!("credits of provider {name}");
    session.audit(audit::event(actor, Change { action: "credits.accrueOverdraw", object, after: Some(after), ..Change::default() }));
    Ok(moved)
}

fn post(session: &mut Session, name: &str, as_of: Day, (lines, corrects): (&Lines, Option<EntryNumber>)) -> Result<EntryNumber, AppError> {
    let memo = format!("usage of {name} beyond its prepaid credits, as of {as_of}");
    session
        .post(&EntryDraft {
            kind: EntryKind::PrepaidOverdraw,
            effective_on: as_of,
            service_on: None,
            postings: lines.postings(),
            charge: None,
            corrects,
            memo: Some(&memo),
        })
        .map_err(|error| error.placed(Code::LedgerOverflow, "asOf"))
}
