//! Settlement: a foreign liability paid in the reporting currency, with the difference that thereby became real.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::items::{Item, ItemKey, Rates, foreign_days, items};
use crate::app::audit::{self, Change};
use crate::app::auth::Actor;
use crate::app::posting::Session;
use crate::app::posting::command::{self, Done, Lines, Once};
use crate::app::{App, AppError};
use crate::domain::chart::well_known;
use crate::domain::ids::NameId;
use crate::domain::journal::{EntryDraft, EntryKind};
use crate::domain::money::{Amount, Currency, Money, share};
use crate::domain::period::{Day, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::store::exchange::{ForeignSettlement, settlement_insert, settlements};
use crate::store::prepaid::provider_id;

/// A payment.
#[derive(Debug, Clone)]
pub struct SettleInput {
    pub idempotency_key: String,
    /// 2000 or 2100.
    pub account: String,
    pub provider: String,
    /// What is no longer owed.
    pub money: Money,
    /// What left the bank, in the reporting currency.
    pub paid: Money,
    pub paid_on: Day,
}

/// What a settlement booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    pub entry: i64,
    /// In ledger units of the reporting currency.
    relieved: i64,
    paid: i64,
    currency: i16,
}

impl Settled {
    fn money(&self, units: i64) -> Money {
        Amount::from_units(units).with(Currency::from_id(self.currency).unwrap_or(Currency::USD))
    }

    /// The carrying value that left the books.
    pub fn relieved(&self) -> Money {
        self.money(self.relieved)
    }

    /// What was paid beyond it; a gain is below zero.
    pub fn loss(&self) -> Money {
        self.money(self.paid.saturating_sub(self.relieved))
    }
}

/// Books a payment: the liability and the clearing account in the foreign currency, clearing, cash and 7100 in the reporting currency.
///
/// # Errors
/// `Forbidden`; `ACCOUNT_NOT_SETTLED`, `CURRENCY_NOT_FOREIGN`, `SETTLEMENT_EXCEEDS_OPEN`, `RATE_MISSING`, `REPORTING_CURRENCY_MISSING`,
/// `PROVIDER_UNKNOWN`, `DATE_OUT_OF_RANGE`, `POSTING_NOT_POSITIVE`, `IDEMPOTENCY_CONFLICT`.
pub async fn settle_foreign(app: &App, actor: &Actor, input: SettleInput) -> Result<Done<Settled>, AppError> {
    let content = json!([input.account, input.provider, input.money.to_string(), input.paid.to_string(), input.paid_on.0]);
    let command = Once {
        operation: "settleForeign",
        key: input.idempotency_key.clone(),
        content,
        checked: check(&input, Moment::from_instant(app.clock().now()).day()),
    };
    let who = actor.clone();
    command::once(app, actor, command, move |session| settle_in_tx(session, &who, &input)).await
}

fn check(input: &SettleInput, today: Day) -> Result<(), Rejection> {
    command::past_day("paidOn", input.paid_on, today)?;
    command::positive("amount", input.money)?;
    command::positive("paidAmount", input.paid)?;
    if [well_known::PAYABLE, well_known::ACCRUED_USAGE].contains(&input.account.as_str()) {
        Ok(())
    } else {
        Err(Rejection::of(Code::AccountNotSettled).under("account"))
    }
}

fn settle_in_tx(session: &mut Session, actor: &Actor, input: &SettleInput) -> Result<Settled, AppError> {
    let books = command::books(session);
    let account = command::account(session, &input.account)?;
    let found = provider_id(command::ledger(session), books, &input.provider)?;
    let provider = found.ok_or_else(|| Rejection::of(Code::ProviderUnknown).under("provider"))?;
    let key = (account, provider, input.money.currency);
    let (reporting, item) = open_item(session, key, input)?;
    let (open, amount) = (item.open.saturating_neg(), input.money.amount.units());
    let relieved = share(item.carrying.saturating_neg(), amount, open).filter(|relieved| *relieved >= 0);
    let relieved = relieved.ok_or_else(|| Rejection::of(Code::SettlementExceedsOpen).under("amount"))?;
    let lines = lines(session, input, provider, Amount::from_units(relieved).with(reporting))?;
    let memo = format!("{} of {} paid with {}", input.money, input.provider, input.paid);
    let entry = session
        .post(&EntryDraft {
            kind: EntryKind::ExchangeDifference,
            effective_on: input.paid_on,
            service_on: None,
            postings: lines.postings(),
            charge: None,
            corrects: None,
            memo: Some(&memo),
        })
        .map_err(|error| error.placed(Code::LedgerOverflow, "amount"))?;
    let paid = input.paid.amount.units();
    let settlement =
        ForeignSettlement { entry, account, provider, currency: input.money.currency, amount, relieved, paid, paid_on: input.paid_on };
    settlement_insert(command::ledger(session), books, &settlement)?;
    let relieved_money = Amount::from_units(relieved).with(reporting).to_string();
    let after = json!({
        "account": input.account,
        "provider": input.provider,
        "amount": input.money.to_string(),
        "paid": input.paid.to_string(),
        "relieved": relieved_money,
        "paidOn": input.paid_on.to_string(),
    });
    let object = format!("settlement {entry}");
    session.audit(audit::event(actor, Change { action: "exchange.settle", object, after: Some(after), ..Change::default() }));
    Ok(Settled { entry: entry.0, relieved, paid, currency: reporting.id() })
}

/// The item on the day of payment. What was paid already under a later day is not open either.
fn open_item(session: &mut Session, key: ItemKey, input: &SettleInput) -> Result<(Currency, Item), AppError> {
    let (books, masters) = (command::books(session), session.masters().clone());
    let ledger = command::ledger(session);
    let rates = Rates::load(ledger, books, input.paid_on)?;
    if input.paid.currency != rates.reporting {
        let message = format!("a foreign item is paid in the reporting currency, {}", rates.reporting);
        return Err(Rejection::at(Code::CurrencyNotForeign, "paidCurrency", message).into());
    }
    if input.money.currency == rates.reporting {
        let message = format!("{} is the reporting currency: no exchange difference arises", rates.reporting);
        return Err(Rejection::at(Code::CurrencyNotForeign, "currency", message).into());
    }
    let mut days = foreign_days(ledger, books, &masters, rates.reporting, Day(i32::MAX))?;
    days.retain(|(account, net)| (*account, net.provider, net.currency) == key);
    let in_all: i128 = days.iter().map(|(_, net)| i128::from(net.net)).sum();
    let mut settled = settlements(ledger, books, input.paid_on)?;
    settled.retain(|settled| (settled.account, settled.provider, settled.currency) == key);
    let item = items(&rates, &days, &settled, input.paid_on)?.get(&key).copied().unwrap_or_default();
    let open = (-in_all).min(-i128::from(item.open));
    if i128::from(input.money.amount.units()) > open {
        let open = Money::exact_of_units(open.max(0), input.money.currency);
        let message = format!("{open} {} is open in {} for {}", input.money.currency, input.account, input.provider);
        return Err(Rejection::at(Code::SettlementExceedsOpen, "amount", message).into());
    }
    Ok((rates.reporting, item))
}

fn lines(session: &mut Session, input: &SettleInput, provider: NameId, relieved: Money) -> Result<Lines, Rejection> {
    let clearing = command::provider_block(session, well_known::CURRENCY_CLEARING, provider)?;
    let mut lines = Lines::default();
    lines.debit(command::provider_block(session, &input.account, provider)?, input.money);
    lines.credit(clearing, input.money);
    lines.debit(clearing, relieved);
    let loss = input.paid.amount.checked_sub(relieved.amount).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
    lines.signed(command::provider_block(session, well_known::REALISED_EXCHANGE, provider)?, loss.with(relieved.currency))?;
    lines.credit(command::provider_block(session, well_known::CASH, NameId::NONE)?, input.paid);
    Ok(lines)
}
