//! Limits on entries made by hand, by amount and account, and on what one person may approve.

use serde_json::json;

use super::{now, permitted};
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::masters::{MOST_ITEMS, Masters, required};
use crate::app::posting::Session;
use crate::app::{App, AppError};
use crate::domain::manual_journals::{ApproverLimit, JournalLimit, JournalLimits};
use crate::domain::money::{Currency, Money};
use crate::domain::rejection::{Code, Rejection};
use crate::store::journal_limit::{limits_find, limits_load, limits_replace};

/// A limit as it is given and read: codes, and amounts as decimal text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalLimitInput {
    /// Absent for the whole entry.
    pub account: Option<String>,
    pub currency: String,
    pub one_approver_up_to: Option<String>,
    pub refused_above: Option<String>,
}

/// What a person may approve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApproverLimitInput {
    /// Absent for everybody without a line of their own.
    pub approver: Option<String>,
    pub currency: String,
    pub up_to: String,
}

/// All limits of the books.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitsView {
    pub limits: Vec<JournalLimitInput>,
    pub approvers: Vec<ApproverLimitInput>,
}

/// The limits in force.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn journal_limits(app: &App, actor: &Actor) -> Result<LimitsView, AppError> {
    let books = permitted(app, actor, Permission::ReadMasters).await?;
    let masters = books.refresh_masters(app.store()).await?;
    Ok(view(&masters, &limits_load(app.store(), books.id()).await?))
}

/// Replaces all limits.
///
/// # Errors
/// `Forbidden`; `JOURNAL_LIMIT_INVALID`, `ACCOUNT_UNKNOWN`, `CURRENCY_UNKNOWN`, `AMOUNT_*`, `TOO_MANY_ITEMS`; any database failure.
pub async fn save_journal_limits(app: &App, actor: &Actor, input: LimitsView) -> Result<LimitsView, AppError> {
    let books = permitted(app, actor, Permission::AdminBooks).await?;
    let saving = actor.clone();
    let work = move |session: &mut Session| {
        let masters = session.masters().clone();
        let limits = read(&masters, &input)?;
        let before = limits_find(&mut session.ledger, session.books)?;
        if before != limits {
            limits_replace(&mut session.ledger, session.books, &limits)?;
            let change = Change {
                action: "books.saveJournalLimits",
                object: "journal limits".to_owned(),
                before: Some(told(&view(&masters, &before))),
                after: Some(told(&view(&masters, &limits))),
                reason: None,
            };
            session.audit(audit::event(&saving, change));
        }
        Ok(view(&masters, &limits))
    };
    books.desk().run(now(app), work).await
}

fn read(masters: &Masters, input: &LimitsView) -> Result<JournalLimits, AppError> {
    for (list, length) in [("limits", input.limits.len()), ("approvers", input.approvers.len())] {
        if length > MOST_ITEMS {
            return Err(Rejection::at(Code::TooManyItems, list, format!("`{list}` has {length} items; one call takes {MOST_ITEMS}")).into());
        }
    }
    let at = |list: &'static str, position: usize| move |rejection: Rejection| rejection.under(position.to_string()).under(list);
    let entries = input.limits.iter().enumerate().map(|(position, limit)| entry_limit(masters, limit).map_err(at("limits", position)));
    let mut limits = JournalLimits { entries: entries.collect::<Result<_, _>>()?, approvers: Vec::new() };
    let approvers = input.approvers.iter().enumerate();
    let approvers = approvers.map(|(position, limit)| approver_limit(limit).map_err(at("approvers", position)));
    limits.approvers = approvers.collect::<Result<_, _>>()?;
    limits.entries.sort_by_key(|limit| (limit.account.map_or(0, |account| account.0), limit.currency.id()));
    limits.approvers.sort_by(|left, right| (&left.approver, left.currency.id()).cmp(&(&right.approver, right.currency.id())));
    let twice = |text: &'static str| Rejection::at(Code::JournalLimitInvalid, text, "a limit is given twice; keep one");
    if limits.entries.windows(2).any(|pair| matches!(pair, [a, b] if (a.account, a.currency) == (b.account, b.currency))) {
        return Err(twice("limits").into());
    }
    if limits.approvers.windows(2).any(|pair| matches!(pair, [a, b] if (&a.approver, a.currency) == (&b.approver, b.currency))) {
        return Err(twice("approvers").into());
    }
    Ok(limits)
}

fn entry_limit(masters: &Masters, input: &JournalLimitInput) -> Result<JournalLimit, Rejection> {
    let account = input.account.as_deref().map(|code| {
        let account = masters.account(code).map(|account| account.id);
        account.ok_or_else(|| Rejection::at(Code::AccountUnknown, "account", format!("the chart has no account `{code}`")))
    });
    let currency = Currency::parse(&input.currency).map_err(|rejection| rejection.under("currency"))?;
    let limit = JournalLimit {
        account: account.transpose()?,
        currency,
        one_approver_up_to: input.one_approver_up_to.as_deref().map(|text| units("oneApproverUpTo", text, currency)).transpose()?,
        refused_above: input.refused_above.as_deref().map(|text| units("refusedAbove", text, currency)).transpose()?,
    };
    match (limit.one_approver_up_to, limit.refused_above) {
        (None, None) => Err(Rejection::at(Code::JournalLimitInvalid, "refusedAbove", "give `oneApproverUpTo`, `refusedAbove` or both")),
        (Some(one), Some(most)) if one > most => {
            Err(Rejection::at(Code::JournalLimitInvalid, "oneApproverUpTo", "what needs a second approver is refused already"))
        }
        _ => Ok(limit),
    }
}

fn approver_limit(input: &ApproverLimitInput) -> Result<ApproverLimit, Rejection> {
    let currency = Currency::parse(&input.currency).map_err(|rejection| rejection.under("currency"))?;
    let approver = input.approver.as_deref().map(|name| required("approver", name, 255)).transpose()?;
    Ok(ApproverLimit { approver, currency, up_to: units("upTo", &input.up_to, currency)? })
}

fn units(field: &'static str, text: &str, currency: Currency) -> Result<i64, Rejection> {
    let units = Money::parse(text, currency).map_err(|rejection| rejection.under(field))?.amount.units();
    if units < 0 { Err(Rejection::of(Code::JournalLimitInvalid).under(field)) } else { Ok(units) }
}

fn view(masters: &Masters, limits: &JournalLimits) -> LimitsView {
    let text = |units: i64, currency: Currency| Money::exact_of_units(i128::from(units), currency).to_string();
    let limit = |limit: &JournalLimit| JournalLimitInput {
        account: limit.account.and_then(|id| masters.account_by_id(id)).map(|account| account.code.clone()),
        currency: limit.currency.code().to_owned(),
        one_approver_up_to: limit.one_approver_up_to.map(|units| text(units, limit.currency)),
        refused_above: limit.refused_above.map(|units| text(units, limit.currency)),
    };
    let approver = |limit: &ApproverLimit| ApproverLimitInput {
        approver: limit.approver.clone(),
        currency: limit.currency.code().to_owned(),
        up_to: text(limit.up_to, limit.currency),
    };
    LimitsView { limits: limits.entries.iter().map(limit).collect(), approvers: limits.approvers.iter().map(approver).collect() }
}

fn told(limits: &LimitsView) -> serde_json::Value {
    let limit = |limit: &JournalLimitInput| json!({ "account": limit.account, "currency": limit.currency, "oneApproverUpTo": limit.one_approver_up_to, "refusedAbove": limit.refused_above });
    let approver = |limit: &ApproverLimitInput| json!({ "approver": limit.approver, "currency": limit.currency, "upTo": limit.up_to });
    json!({
        "limits": limits.limits.iter().map(limit).collect::<Vec<_>>(),
        "approvers": limits.approvers.iter().map(approver).collect::<Vec<_>>(),
    })
}
