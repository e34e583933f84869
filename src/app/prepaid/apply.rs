//! Granted credits against a month's usage: what is owed falls, and vendor discounts are credited where the cost was borne.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::facts::{Facts, known_provider};
use crate::app::audit::{self, Change};
use crate::app::auth::Actor;
use crate::app::posting::Session;
use crate::app::posting::command::{self, Done, Lines, Once};
use crate::app::{App, AppError};
use crate::domain::chart::{CodingBlock, well_known};
use crate::domain::ids::{AccountId, BlockId, NameId};
use crate::domain::journal::{EntryDraft, EntryKind, MOST_POSTINGS};
use crate::domain::money::{Amount, Currency, Money, balanced_parts, largest_remainder};
use crate::domain::period::{Day, Month};
use crate::domain::posting_rules::GrantPolicy;
use crate::domain::prepaid::{LotKind, UseKind};
use crate::domain::rejection::{Code, Rejection};
use crate::store::account_nets::{AsAt, month_nets};
use crate::store::prepaid::{CreditLot, CreditUse, use_insert};

/// Cost that is not usage: it takes no part in the spread.
const NOT_USAGE: [&str; 6] = [
    well_known::USAGE_VARIANCE,
    well_known::UNUSED_CREDITS,
    well_known::WRITE_OFFS,
    well_known::REALISED_EXCHANGE,
    well_known::UNREALISED_EXCHANGE,
    well_known::ROUNDING,
];

/// Which usage the credits paid for.
#[derive(Debug, Clone)]
pub struct ApplyInput {
    pub idempotency_key: String,
    pub provider: String,
    pub period: Month,
    /// As much as is left and there is usage for, when absent.
    pub amount: Option<String>,
    /// Needed with an amount when grants of several currencies are left.
    pub currency: Option<Currency>,
}

/// What was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedCredits {
    /// The first entry.
    entry: i64,
    /// The others, when one entry could not hold every combination of dimensions. Receipts of earlier versions have none.
    #[serde(default)]
    more_entries: Vec<i64>,
    /// Ledger units by currency id.
    applied: Vec<(i16, i64)>,
}

impl AppliedCredits {
    /// The entries in the order of their numbers; at least one.
    pub fn entries(&self) -> impl Iterator<Item = i64> {
        std::iter::once(self.entry).chain(self.more_entries.iter().copied())
    }

    /// One amount for each currency.
    pub fn moneys(&self) -> Vec<Money> {
        let money = |(currency, units): &(i16, i64)| Currency::from_id(*currency).map(|currency| Amount::from_units(*units).with(currency));
        self.applied.iter().filter_map(money).collect()
    }
}

/// Usage of a month that bears cost, by currency and by the block that the discount goes to.
type Usage = BTreeMap<Currency, BTreeMap<CodingBlock, i64>>;

/// Lines of an entry beside what lots gave and what blocks got: the release of what was deferred.
const RELEASE_LINES: usize = 2;

/// As much of one currency as one entry holds: what each lot gave, and what each block got. Both add up to the same.
struct Part<'a> {
    uses: Vec<(&'a CreditLot, Money)>,
    bearers: Vec<(BlockId, Money)>,
}

/// Releases granted credits against the usage of a month, the grant that expires first before the others.
///
/// Dr 2100 (1300 for a prepaid provider) / Cr 5010 under the dimensions of the cost, spread by the largest remainder; what was deferred is also
/// released: Dr 2150 / Cr 1350. Dated on the last day of the month, or today while it runs. More blocks than one entry holds make several
/// entries, each balanced, and each with the uses of the lots that it books, so that reversing one gives back just these.
///
/// # Errors
/// `Forbidden`; `PROVIDER_UNKNOWN`, `CREDITS_EXCEEDED`, `MISSING_FIELD` for a currency that is not clear, `AMOUNT_*`, `IDEMPOTENCY_CONFLICT`.
pub async fn apply_credits(app: &App, actor: &Actor, input: ApplyInput) -> Result<Done<AppliedCredits>, AppError> {
    let content = json!([input.provider, input.period.0, input.amount, input.currency.map(Currency::code)]);
    let command = Once { operation: "applyCredits", key: input.idempotency_key.clone(), content, checked: Ok(()) };
    let who = actor.clone();
    command::once(app, actor, command, move |session| apply_in_tx(session, &who, &input)).await
}

fn apply_in_tx(session: &mut Session, actor: &Actor, input: &ApplyInput) -> Result<AppliedCredits, AppError> {
    let (books, masters) = (command::books(session), session.masters().clone());
    let today = command::recorded_at(session).day();
    let last_day = input.period.next().first_day().previous();
    let provider = known_provider(command::ledger(session), books, &input.provider)?;
    // Uses of any day count against what is left; grants count when they were valid on some day of the month.
    let facts = Facts::load(command::ledger(session), books, &masters, provider, AsAt::day(Day(i32::MAX)))?;
    let is_valid = |lot: &CreditLot| lot.begins_on <= last_day && lot.expires_on.is_none_or(|last| last >= input.period.first_day());
    let mut grants: Vec<(CreditLot, i64)> = facts
        .lots
        .iter()
        .filter(|lot| lot.kind == LotKind::Granted && is_valid(lot))
        .map(|lot| (lot.clone(), facts.left_of_grant(lot)))
        .filter(|(_, left)| *left > 0)
        .collect();
    grants.sort_by_key(|(lot, _)| (lot.expires_on.unwrap_or(Day(i32::MAX)), lot.begins_on, lot.number));
    let usage = usage_of(session, provider, input.period)?;
    let amounts = amounts(input, &grants, &usage)?;
    let uses = take(&grants, &amounts);
    let parts = parts(session, &usage, &amounts, &uses)?;
    let effective_on = last_day.min(today);
    let memo = format!("granted credits of {} for {}", input.provider, input.period);
    let (mut entries, mut rows) = (Vec::new(), Vec::new());
    for together in packed(parts) {
        let lines = lines(session, &input.provider, provider, &together)?;
        let entry = session
            .post(&EntryDraft {
                kind: EntryKind::PromotionalCredit,
                effective_on,
                service_on: None,
                postings: lines.postings(),
                charge: None,
                corrects: None,
                memo: Some(&memo),
            })
            .map_err(|error| error.placed(Code::LedgerOverflow, "amount"))?;
        entries.push(entry.0);
        rows.extend(together.iter().flat_map(|part| &part.uses).map(|(lot, money)| CreditUse {
            number: 0,
            lot: lot.number,
            kind: UseKind::Applied,
            amount: money.amount,
            effective_on,
            entry: Some(entry),
        }));
    }
    let recorded_at = command::recorded_at(session);
    use_insert(command::ledger(session), books, &rows, recorded_at)?;
    let lots: Vec<_> = uses.iter().map(|(lot, money)| json!({ "lot": lot.number, "amount": money.to_string() })).collect();
    let after = json!({ "period": input.period.to_string(), "entry": entries.first(), "entries": entries, "lots": lots });
    let object = format!("credits of provider {}", input.provider);
    session.audit(audit::event(actor, Change { action: "credits.apply", object, after: Some(after), ..Change::default() }));
    let mut entries = entries.into_iter();
    let entry = entries.next().ok_or_else(|| Rejection::of(Code::CreditsExceeded))?;
    let applied = amounts.iter().map(|money| (money.currency.id(), money.amount.units())).collect();
    Ok(AppliedCredits { entry, more_entries: entries.collect(), applied })
}

/// What each combination of dimensions bore of the month's usage, less the discounts it already got. What nets below zero bears nothing.
fn usage_of(session: &mut Session, provider: NameId, period: Month) -> Result<Usage, AppError> {
    let (books, masters) = (command::books(session), session.masters().clone());
    let discounts = command::account(session, well_known::VENDOR_DISCOUNTS)?;
    let is_usage = |id: AccountId| {
        masters.account_by_id(id).is_some_and(|account| account.class.is_cost() && !NOT_USAGE.contains(&account.code.as_str()))
    };
    let mut usage: BTreeMap<Currency, BTreeMap<CodingBlock, i64>> = BTreeMap::new();
    for net in month_nets(command::ledger(session), books, period)? {
        let coding = command::coding(session, net.block)?;
        if coding.provider == provider && is_usage(coding.account) {
            let bearer = CodingBlock { account: discounts, ..coding };
            let borne = usage.entry(net.currency).or_default().entry(bearer).or_default();
            *borne = borne.checked_add(net.net).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
        }
    }
    for bearers in usage.values_mut() {
        bearers.retain(|_, borne| *borne > 0);
    }
    Ok(usage)
}

/// How much to apply in each currency.
fn amounts(input: &ApplyInput, grants: &[(CreditLot, i64)], usage: &Usage) -> Result<Vec<Money>, Rejection> {
    let mut left: BTreeMap<Currency, i64> = BTreeMap::new();
    for (lot, units) in grants {
        let sum = left.entry(lot.money.currency).or_default();
        *sum = sum.saturating_add(*units);
    }
    let borne = |currency: &Currency| usage.get(currency).map_or(0, |bearers| bearers.values().copied().fold(0, i64::saturating_add));
    let Some(text) = &input.amount else {
        let wanted = left.iter().filter(|(currency, _)| input.currency.is_none_or(|only| only == **currency));
        let amounts: Vec<Money> = wanted
            .map(|(currency, units)| Amount::from_units((*units).min(borne(currency))).with(*currency))
            .filter(|money| money.amount.is_positive())
            .collect();
        if amounts.is_empty() {
            let message = format!("{} granted nothing that is left for {}, or had no usage then", input.provider, input.period);
            return Err(Rejection::at(Code::CreditsExceeded, "period", message));
        }
        return Ok(amounts);
    };
    let currency = match (input.currency, left.len()) {
        (Some(currency), _) => currency,
        (None, 0 | 1) => left.keys().next().copied().unwrap_or(Currency::USD),
        (None, _) => {
            let message = "grants of several currencies are left: say which with `currency`";
            return Err(Rejection::at(Code::MissingField, "currency", message));
        }
    };
    let money = Money::parse(text, currency).map_err(|rejection| rejection.under("amount"))?;
    command::positive("amount", money)?;
    let (has, bore) = (left.get(&currency).copied().unwrap_or(0), borne(&currency));
    if money.amount.units() > has.min(bore) {
        let shown = |units: i64| Amount::from_units(units).with(currency).to_string();
        let message = format!("{} of granted credits are left and {} of usage bears cost in {}", shown(has), shown(bore), input.period);
        return Err(Rejection::at(Code::CreditsExceeded, "amount", message));
    }
    Ok(vec![money])
}

/// Which lot gives how much, in the order of the grants.
fn take<'a>(grants: &'a [(CreditLot, i64)], amounts: &[Money]) -> Vec<(&'a CreditLot, Money)> {
    let mut uses = Vec::new();
    for money in amounts {
        let mut open = money.amount.units();
        for (lot, left) in grants.iter().filter(|(lot, _)| lot.money.currency == money.currency) {
            let part = open.min(*left);
            if part > 0 {
                uses.push((lot, Amount::from_units(part).with(money.currency)));
                open -= part;
            }
        }
    }
    uses
}

/// The spread of each currency, cut into what one entry holds.
fn parts<'a>(session: &mut Session, usage: &Usage, amounts: &[Money], uses: &[(&'a CreditLot, Money)]) -> Result<Vec<Part<'a>>, Rejection> {
    #[derive(Clone)]
    enum Line<'a> {
        Gave(&'a CreditLot),
        Got(BlockId),
    }
    let mut parts = Vec::new();
    for Money { amount, currency } in amounts.iter().copied() {
        let bearers = usage.get(&currency).into_iter().flatten();
        let weights: BTreeMap<CodingBlock, u64> = bearers.map(|(bearer, borne)| (*bearer, borne.unsigned_abs())).collect();
        let shares = largest_remainder(amount.units(), &weights).map_err(|_| Rejection::of(Code::LedgerOverflow))?;
        let gave = uses.iter().filter(|(_, money)| money.currency == currency);
        let mut lines: Vec<(Line<'a>, i64)> = gave.map(|(lot, money)| (Line::Gave(lot), money.amount.units())).collect();
        for (bearer, units) in shares {
            let negative = units.checked_neg().ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
            lines.push((Line::Got(session.block(bearer)), negative));
        }
        for cut in balanced_parts(lines, MOST_POSTINGS.saturating_sub(RELEASE_LINES)) {
            let mut part = Part { uses: Vec::new(), bearers: Vec::new() };
            for (line, units) in cut {
                match line {
                    Line::Gave(lot) => part.uses.push((lot, Amount::from_units(units).with(currency))),
                    Line::Got(block) => part.bearers.push((block, Amount::from_units(units.saturating_neg()).with(currency))),
                }
            }
            parts.push(part);
        }
    }
    Ok(parts)
}

/// Parts that share an entry, as many as it holds.
fn packed(parts: Vec<Part<'_>>) -> Vec<Vec<Part<'_>>> {
    let size = |part: &Part<'_>| part.uses.len().saturating_add(part.bearers.len()).saturating_add(RELEASE_LINES);
    let mut packed: Vec<Vec<Part<'_>>> = Vec::new();
    for part in parts {
        match packed.last_mut() {
            Some(last) if last.iter().map(size).fold(size(&part), usize::saturating_add) <= MOST_POSTINGS => last.push(part),
            _ => packed.push(vec![part]),
        }
    }
    packed
}

fn lines(session: &mut Session, name: &str, provider: NameId, parts: &[Part<'_>]) -> Result<Lines, Rejection> {
    let mut lines = Lines::default();
    let owed = session.masters().settlement(name).account();
    let owed = command::provider_block(session, owed, provider)?;
    let mut released: BTreeMap<Currency, Money> = BTreeMap::new();
    for part in parts {
        let mut given: Option<Money> = None;
        for (lot, money) in &part.uses {
            debug_assert_eq!(lot.provider, provider);
            given = Some(sum(given, *money)?);
            if lot.policy == GrantPolicy::Deferred {
                released.insert(money.currency, sum(released.get(&money.currency).copied(), *money)?);
            }
        }
        if let Some(given) = given {
            lines.debit(owed, given);
        }
        for (block, money) in &part.bearers {
            lines.credit(*block, *money);
        }
    }
    for money in released.into_values() {
        lines.debit(command::provider_block(session, well_known::DEFERRED_GRANTS, provider)?, money);
        lines.credit(command::provider_block(session, well_known::VENDOR_CREDITS, provider)?, money);
    }
    Ok(lines)
}

/// What came together so far, of one currency.
fn sum(so_far: Option<Money>, money: Money) -> Result<Money, Rejection> {
    let units = so_far.map_or(0, |money| money.amount.units()).checked_add(money.amount.units());
    Ok(Amount::from_units(units.ok_or_else(|| Rejection::of(Code::LedgerOverflow))?).with(money.currency))
}
