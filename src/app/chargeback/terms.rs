//! How clients are billed on, and what units of usage are charged at.

use serde_json::{Value, json};

use super::{LONGEST_TEXT, now, permitted};
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::masters::MOST_ITEMS;
use crate::app::posting::{Session, command};
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::chargeback::{RateMeter, StandardRate, Treatment, parse_markup};
use crate::domain::chart::{Account, AccountClass, CenterKind, CostCenter, well_known};
use crate::domain::money::{Currency, Exact};
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::chargeback::{RebillTerms, rate_insert, rate_list, terms_list, terms_save};

/// How a client is billed on.
#[derive(Debug, Clone)]
pub struct RebillTermsInput {
    pub client: String,
    pub treatment: Treatment,
    /// An asset; 1150 when absent.
    pub receivable: Option<String>,
    /// That of the draft when absent.
    pub markup_percent: Option<String>,
    /// Whether the client's statements show cost, markup, and where shared cost came from.
    pub shows_cost: bool,
}

/// The terms of a client, with the names spelled out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RebillTermsView {
    pub client: CostCenter,
    pub treatment: Treatment,
    pub receivable: Account,
    pub markup: Option<Exact>,
    pub shows_cost: bool,
}

/// A standard rate, as it is given.
#[derive(Debug, Clone)]
pub struct StandardRateInput {
    pub provider: Option<String>,
    pub model: Option<String>,
    /// `tokens` when absent.
    pub meter: Option<String>,
    pub per: i64,
    pub amount: String,
    pub currency: String,
    pub valid_from: Day,
    pub valid_to: Option<Day>,
}

/// Saves the terms of clients: all or none.
///
/// # Errors
/// `Forbidden`; `COST_CENTER_UNKNOWN`, `ACCOUNT_UNKNOWN`, `REBILL_TERMS_INVALID`, `MARKUP_INVALID`, `TOO_MANY_ITEMS` at their place in the list.
pub async fn save_rebill_terms(app: &App, actor: &Actor, inputs: Vec<RebillTermsInput>) -> Result<Vec<RebillTermsView>, AppError> {
    let books = permitted(app, actor, Permission::SaveMasters).await?;
    check_count("terms", inputs.len())?;
    let saving = actor.clone();
    let work = move |session: &mut Session| {
        let (mut read, mut refused) = (Vec::with_capacity(inputs.len()), Vec::new());
        for (position, input) in inputs.iter().enumerate() {
            match terms_of(session, input) {
                Ok(terms) => read.push(terms),
                Err(rejection) => refused.push(rejection.under(position.to_string()).under("terms")),
            }
        }
        if !refused.is_empty() {
            return Err(AppError::Rejected(refused));
        }
        let before = terms_list(&mut session.ledger, session.books)?;
        for terms in &read {
            save_one(session, &saving, before.iter().find(|old| old.client == terms.client), terms)?;
        }
        let masters = session.masters().clone();
        read.iter().map(|terms| view(&masters, terms).map_err(AppError::from)).collect()
    };
    books.desk().run(now(app), work).await
}

fn check_count(list: &'static str, count: usize) -> Result<(), Rejection> {
    if count <= MOST_ITEMS {
        return Ok(());
    }
    Err(Rejection::at(Code::TooManyItems, list, format!("`{list}` has {count} items; one call takes {MOST_ITEMS}")))
}

fn terms_of(session: &Session, input: &RebillTermsInput) -> Result<RebillTerms, Rejection> {
    let unknown = || Rejection::at(Code::CostCenterUnknown, "client", "there is no client of that code; save the cost center first");
    let client = session.masters().center_by_code(CenterKind::Client, &input.client).ok_or_else(unknown)?;
    let code = input.receivable.as_deref().unwrap_or(well_known::UNBILLED_RECEIVABLE);
    let unknown = || Rejection::at(Code::AccountUnknown, "receivableAccount", Code::AccountUnknown.help());
    let receivable = session.masters().account(code).ok_or_else(unknown)?;
    if receivable.class != AccountClass::Asset {
        let message = format!("{code} is {}: a rebill goes to an asset account, such as 1150 or 1100", receivable.class.as_str());
        return Err(Rejection::at(Code::RebillTermsInvalid, "receivableAccount", message));
    }
    let markup = input.markup_percent.as_deref().map(parse_markup).transpose()?;
    Ok(RebillTerms { client: client.id, treatment: input.treatment, receivable: receivable.id, markup, shows_cost: input.shows_cost })
}

fn save_one(session: &mut Session, actor: &Actor, before: Option<&RebillTerms>, terms: &RebillTerms) -> Result<(), AppError> {
    if before == Some(terms) {
        return Ok(());
    }
    let at = command::recorded_at(session);
    terms_save(&mut session.ledger, session.books, terms, at)?;
    let masters = session.masters().clone();
    let told = |terms: &RebillTerms| {
        json!({
            "treatment": terms.treatment.as_str(),
            "receivable": masters.account_by_id(terms.receivable).map(|account| account.code.clone()),
            "markupPercent": terms.markup.map(|markup| markup.to_string()),
            "showsCost": terms.shows_cost,
        })
    };
    let client = masters.center_by_id(terms.client).map(|client| client.code.clone()).unwrap_or_default();
    let change = Change {
        action: "rebillTerms.save",
        object: format!("rebill terms {client}"),
        before: before.map(told),
        after: Some(told(terms)),
        reason: None,
    };
    session.audit(audit::event(actor, change));
    Ok(())
}

fn view(masters: &crate::app::masters::Masters, terms: &RebillTerms) -> Result<RebillTermsView, StoreError> {
    let corrupt = || StoreError::corrupt("terms of a rebill");
    Ok(RebillTermsView {
        client: masters.center_by_id(terms.client).cloned().ok_or_else(corrupt)?,
        treatment: terms.treatment,
        receivable: masters.account_by_id(terms.receivable).cloned().ok_or_else(corrupt)?,
        markup: terms.markup,
        shows_cost: terms.shows_cost,
    })
}

/// The terms of all clients that have some. Not for tokens limited to cost centers.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn rebill_terms(app: &App, actor: &Actor) -> Result<Vec<RebillTermsView>, AppError> {
    reading(app, actor, Permission::ReadMasters, |ledger, books, masters| {
        terms_list(ledger, books)?.iter().map(|terms| Ok(view(masters, terms)?)).collect()
    })
    .await
}

/// Saves standard rates: all or none. A rate that is the same as the latest of its kind is not saved again.
///
/// # Errors
/// `Forbidden`; `STANDARD_RATE_INVALID`, `PER_NOT_EXACT`, `AMOUNT_INVALID`, `CURRENCY_UNKNOWN`, `TEXT_*`, `TOO_MANY_ITEMS` at their place.
pub async fn save_standard_rates(app: &App, actor: &Actor, inputs: Vec<StandardRateInput>) -> Result<Vec<StandardRate>, AppError> {
    let books = permitted(app, actor, Permission::SavePrices).await?;
    check_count("rates", inputs.len())?;
    let (mut read, mut refused) = (Vec::with_capacity(inputs.len()), Vec::new());
    for (position, input) in inputs.into_iter().enumerate() {
        match rate_of(input) {
            Ok(rate) => read.push(rate),
            Err(rejection) => refused.push(rejection.under(position.to_string()).under("rates")),
        }
    }
    if !refused.is_empty() {
        return Err(AppError::Rejected(refused));
    }
    let saving = actor.clone();
    let work = move |session: &mut Session| rates_in_tx(session, &saving, read);
    books.desk().run(now(app), work).await
}

fn rates_in_tx(session: &mut Session, actor: &Actor, read: Vec<StandardRate>) -> Result<Vec<StandardRate>, AppError> {
    let at = command::recorded_at(session);
    let mut known = rate_list(&mut session.ledger, session.books)?;
    let (mut saved, mut added) = (Vec::with_capacity(read.len()), Vec::new());
    for mut rate in read {
        let same_kind = |old: &&StandardRate| {
            (&old.provider, &old.model, old.meter, old.currency, old.valid_from)
                == (&rate.provider, &rate.model, rate.meter, rate.currency, rate.valid_from)
        };
        let latest = known.iter().rev().find(same_kind).cloned();
        if let Some(latest) = latest {
            rate.number = latest.number;
            if rate == latest {
                saved.push(rate);
                continue;
            }
        }
        rate.number = known.last().map_or(1, |last| last.number.saturating_add(1));
        rate_insert(&mut session.ledger, session.books, &rate, at)?;
        added.push(told(&rate));
        known.push(rate.clone());
        saved.push(rate);
    }
    if !added.is_empty() {
        let (count, object) = (added.len(), "standard rates".to_owned());
        let after = Some(json!({ "added": count, "rates": added }));
        session.audit(audit::event(actor, Change { action: "standardRate.save", object, after, ..Change::default() }));
    }
    Ok(saved)
}

fn told(rate: &StandardRate) -> Value {
    json!({
        "number": rate.number,
        "provider": rate.provider,
        "model": rate.model,
        "meter": rate.meter.as_str(),
        "rate": format!("{} {} per {}", rate.amount, rate.currency, rate.per),
        "validFrom": rate.valid_from.to_string(),
        "validTo": rate.valid_to.map(|day| day.to_string()),
    })
}

fn rate_of(input: StandardRateInput) -> Result<StandardRate, Rejection> {
    for (field, text) in [("provider", &input.provider), ("model", &input.model)] {
        text.as_deref().map_or(Ok(()), |text| command::text(field, text, LONGEST_TEXT))?;
    }
    let meter = match input.meter.as_deref() {
        None if input.model.is_none() => {
            return Err(Rejection::at(Code::StandardRateInvalid, "meter", "a rate names a meter, a model, or both"));
        }
        None => RateMeter::Tokens,
        Some(meter) => RateMeter::parse(meter).ok_or_else(|| {
            let words = RateMeter::ALL.map(RateMeter::as_str).join(", ");
            Rejection::at(Code::StandardRateInvalid, "meter", format!("a standard rate is for one of {words}"))
        })?,
    };
    let currency = Currency::parse(&input.currency).map_err(|rejection| rejection.under("currency"))?;
    let amount = Exact::parse(&input.amount).map_err(|rejection| rejection.under("amount"))?.normalized();
    if amount.mantissa() < 0 {
        return Err(Rejection::at(Code::StandardRateInvalid, "amount", "a standard rate is not below zero"));
    }
    if Exact::new(1, 0).checked_div_exact(input.per).is_none() {
        return Err(Rejection::of(Code::PerNotExact).under("per"));
    }
    if input.valid_to.is_some_and(|end| end <= input.valid_from) {
        let message = "`validTo` is the first day on which the rate no longer is, after `validFrom`";
        return Err(Rejection::at(Code::StandardRateInvalid, "validTo", message));
    }
    Ok(StandardRate {
        number: 0,
        provider: input.provider,
        model: input.model,
        meter,
        per: input.per,
        amount,
        currency,
        valid_from: input.valid_from,
        valid_to: input.valid_to,
    })
}

/// Every standard rate, in the order of the numbers. Not for tokens limited to cost centers.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn standard_rates(app: &App, actor: &Actor) -> Result<Vec<StandardRate>, AppError> {
    reading(app, actor, Permission::ReadPrices, |ledger, books, _| Ok(rate_list(ledger, books)?)).await
}
