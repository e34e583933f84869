//! Posting rules: which account bears a charge. Saving an existing code replaces the rule for what is booked from then on.

use std::collections::BTreeMap;

use super::save::{permitted, save};
use super::{Masters, check};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::attribution::Pattern;
use crate::domain::chart::AccountClass;
use crate::domain::posting_rules::PostingRule;
use crate::domain::rejection::{Code, Rejection};
use crate::store::masters::MastersChange;

const LIST: &str = "postingRules";

/// A rule as it is given. The fields are patterns; a given one does not match a charge that lacks the value.
#[derive(Debug, Clone, Default)]
pub struct PostingRuleInput {
    pub code: String,
    /// Rules are tried in ascending order, ties by code; the first that matches decides.
    pub order: i32,
    pub environment: Option<String>,
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
    /// Code of the account that is debited.
    pub account: String,
}

/// Creates posting rules, or replaces those of the same code.
///
/// # Errors
/// Refusals by item, `ACCOUNT_UNKNOWN` among them; [`AppError::Forbidden`]; any database failure.
pub async fn save_posting_rules(app: &App, actor: &Actor, inputs: Vec<PostingRuleInput>) -> Result<Vec<PostingRule>, AppError> {
    let books = permitted(app, actor, Permission::SaveMasters).await?;
    let given = check::items(LIST, &inputs, checked)?;
    save(app, actor, &books, |masters, _| decide(masters, &given)).await
}

/// Takes posting rules away; codes that have none are passed over. Answers the codes that had one.
///
/// # Errors
/// `TOO_MANY_ITEMS`; [`AppError::Forbidden`]; any database failure.
pub async fn delete_posting_rules(app: &App, actor: &Actor, codes: Vec<String>) -> Result<Vec<String>, AppError> {
    let books = permitted(app, actor, Permission::SaveMasters).await?;
    let codes = check::items("codes", &codes, |code| check::code("code", code))?;
    save(app, actor, &books, |masters, _| {
        let known = masters.posting_rules.iter().map(|rule| &rule.code).filter(|code| codes.contains(code));
        let removed: Vec<String> = known.cloned().collect();
        Ok((MastersChange { removed_posting_rules: removed.clone(), ..MastersChange::default() }, removed))
    })
    .await
}

fn checked(input: &PostingRuleInput) -> Result<PostingRule, Rejection> {
    let pattern = |field: &'static str, text: &Option<String>| {
        let text = text.as_deref().filter(|text| !text.is_empty());
        text.map(|text| Pattern::parse(text).map_err(|rejection| rejection.under(field))).transpose()
    };
    Ok(PostingRule {
        code: check::code("code", &input.code)?,
        order: input.order,
        environment: pattern("environment", &input.environment)?,
        team: pattern("team", &input.team)?,
        project: pattern("project", &input.project)?,
        client: pattern("client", &input.client)?,
        feature: pattern("feature", &input.feature)?,
        account: check::code("account", &input.account)?,
    })
}

fn decide(masters: &Masters, given: &[PostingRule]) -> Result<(MastersChange, Vec<PostingRule>), AppError> {
    let refusals = given.iter().enumerate().filter_map(|(position, rule)| {
        let rejection = refuse_account(masters, &rule.account).err()?;
        Some(check::item(LIST, position, rejection))
    });
    check::accepted(refusals.collect())?;
    let last: BTreeMap<&str, &PostingRule> = given.iter().map(|rule| (rule.code.as_str(), rule)).collect();
    let changed = last.into_values().filter(|rule| !masters.posting_rules.contains(rule));
    Ok((MastersChange { posting_rules: changed.cloned().collect(), ..MastersChange::default() }, given.to_vec()))
}

/// Cost is debited to a cost account, or to an asset where an organisation capitalises development.
fn refuse_account(masters: &Masters, code: &str) -> Result<(), Rejection> {
    let refuse = |message: String| Err(Rejection::at(Code::AccountUnknown, "account", message));
    let Some(account) = masters.account(code) else {
        return refuse(format!("the chart has no account `{code}`; save the account first"));
    };
    match account.class {
        AccountClass::CostOfRevenue | AccountClass::OperatingExpense | AccountClass::Asset => Ok(()),
        AccountClass::Liability | AccountClass::Equity | AccountClass::Revenue => {
            refuse(format!("`{code}` is {}, which does not bear cost; name a cost account", account.class.as_str()))
        }
    }
}
