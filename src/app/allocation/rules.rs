//! Allocation rules: saved as new versions, approved by another person where the books hold duties apart, never changed.

use serde_json::json;

use super::directory::MasterDirectory;
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::duties::{check_rule_approver, persons};
use crate::app::masters::required;
use crate::app::posting::Session;
use crate::app::posting::command;
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::allocation::{AllocationRule, Directory, PostingMode, RuleTerms};
use crate::domain::duties::{Duty, DutyMode};
use crate::domain::period::{Day, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::store::allocation::{RuleVersion, approval_insert, rule_insert, rule_list};
use crate::store::journal_limit::mode_find;

/// Longest code of a rule: it stands in memos and on statements.
const LONGEST_CODE: usize = 64;
const LONGEST_NAME: usize = 200;
/// Rules of one set of books; versions do not count.
const MOST_RULES: usize = 1_000;

/// A rule as it is given.
#[derive(Debug, Clone)]
pub struct RuleInput {
    pub code: String,
    pub name: String,
    pub valid_from: Day,
    pub valid_to: Option<Day>,
    pub order: i64,
    pub terms: RuleTerms,
}

/// Saves a rule: the same as its latest version changes nothing, anything else is the next version.
///
/// # Errors
/// `Forbidden`; `MISSING_FIELD`, `RANGE_INVALID`, `ALLOCATION_RULE_INVALID`, `ALLOCATION_PERCENT_INVALID`, `ACCOUNT_UNKNOWN`,
/// `COST_CENTER_UNKNOWN`, `TOO_MANY_ITEMS`, each at its field; any database failure.
pub async fn save_allocation_rule(app: &App, actor: &Actor, input: RuleInput) -> Result<RuleVersion, AppError> {
    if !actor.may(Permission::SaveMasters) {
        return Err(AppError::Forbidden(Permission::SaveMasters));
    }
    let books = app.books(actor).await?;
    let (code, name) = (required("code", &input.code, LONGEST_CODE)?, required("name", &input.name, LONGEST_NAME)?);
    if input.valid_to.is_some_and(|end| end <= input.valid_from) {
        return Err(Rejection::at(Code::RangeInvalid, "validTo", "`validTo` is the first day on which the rule no longer governs").into());
    }
    input.terms.check()?;
    let saving = actor.clone();
    let input = RuleInput { code, name, ..input };
    books.desk().run(Moment::from_instant(app.clock().now()), move |session| save_in_tx(session, &saving, input)).await
}

fn save_in_tx(session: &mut Session, actor: &Actor, input: RuleInput) -> Result<RuleVersion, AppError> {
    let (books, masters, recorded_at) = (command::books(session), session.masters().clone(), command::recorded_at(session));
    let RuleInput { code, name, valid_from, valid_to, order, terms } = input;
    let ledger = command::ledger(session);
    let versions = rule_list(ledger, books)?;
    let latest = versions.iter().rfind(|version| version.rule.code == code);
    let rule = AllocationRule {
        version: latest.map_or(1, |latest| latest.rule.version.saturating_add(1)),
        code,
        name,
        order,
        valid_from,
        valid_to,
        terms,
    };
    if let Some(latest) = latest {
        let same = AllocationRule { version: latest.rule.version, ..rule.clone() };
        if same == latest.rule {
            return Ok(latest.clone());
        }
    } else {
        let codes: std::collections::BTreeSet<&str> = versions.iter().map(|version| version.rule.code.as_str()).collect();
        if codes.len() >= MOST_RULES {
            return Err(Rejection::at(Code::TooManyItems, "code", format!("books have at most {MOST_RULES} allocation rules")).into());
        }
    }
    let directory = MasterDirectory::load(ledger, books, &masters, (valid_from, std::slice::from_ref(&rule)))?;
    check_codes(&rule.terms, &directory)?;
    let (mode, _) = mode_find(ledger, books)?;
    let version = RuleVersion {
        rule,
        needs_approval: mode == DutyMode::Strict,
        author: persons(actor),
        recorded_at,
        approved_by: None,
        approved_at: None,
    };
    session.check_duty(actor, Duty::RuleAuthor, Some(&object(&version)))?;
    rule_insert(command::ledger(session), books, &version)?;
    let terms = serde_json::to_value(&version.rule.terms).unwrap_or_default();
    let after = json!({ "name": version.rule.name, "order": version.rule.order, "validFrom": version.rule.valid_from.to_string(),
        "validTo": version.rule.valid_to.map(|day| day.to_string()), "terms": terms });
    let told = Change { action: "allocationRule.save", object: object(&version), after: Some(after), ..Change::default() };
    session.audit(audit::event(actor, told));
    Ok(version)
}

/// The name of a version in the audit log.
fn object(version: &RuleVersion) -> String {
    format!("allocation rule {} version {}", version.rule.code, version.rule.version)
}

/// Every code that the rule names is one of the books. Whether a center takes cost on a day is asked when the rule runs.
fn check_codes(terms: &RuleTerms, directory: &impl Directory) -> Result<(), Rejection> {
    let account = |code: &str, field: &'static str| directory.account(code).map(drop).map_err(|rejection| rejection.under(field));
    for (position, code) in terms.pool.accounts.iter().enumerate() {
        account(code, "accounts").map_err(|mut rejection| {
            rejection.path.push(position.to_string().into());
            rejection.under("pool")
        })?;
    }
    if let PostingMode::Accounts { debit, credit } = &terms.posting {
        account(debit, "debitAccount").map_err(|rejection| rejection.under("posting"))?;
        account(credit, "creditAccount").map_err(|rejection| rejection.under("posting"))?;
    }
    let pool = &terms.pool;
    let centers = [("team", &pool.team), ("project", &pool.project), ("client", &pool.client)];
    for (field, code) in centers.into_iter().filter_map(|(field, code)| Some((field, code.as_ref()?))) {
        let kind = crate::domain::chart::CenterKind::parse(field).ok_or_else(|| Rejection::of(Code::CostCenterUnknown))?;
        let center = crate::domain::allocation::Center::new(kind, code);
        known(directory.center(&center)).map_err(|rejection| rejection.under(field).under("pool"))?;
    }
    let receivers = terms.receivers.iter().map(|receiver| ("receivers", &receiver.center)).enumerate();
    let services = terms.method.service_centers().iter().map(|service| ("serviceCenters", &service.center)).enumerate();
    for (position, (list, center)) in receivers.chain(services) {
        let place = |rejection: Rejection| rejection.under("costCenter").under(position.to_string()).under(list);
        known(directory.center(center)).map_err(place)?;
    }
    Ok(())
}

fn known<T>(found: Result<T, Rejection>) -> Result<(), Rejection> {
    match found {
        Err(rejection) if rejection.code == Code::CostCenterUnknown => Err(rejection),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Approves a version that somebody else wrote.
///
/// # Errors
/// `Forbidden`; `ALLOCATION_RULE_UNKNOWN`, `RULE_ALREADY_APPROVED`, `SAME_PERSON`, `DUTIES_EXCLUDED`; any database failure.
pub async fn approve_allocation_rule(app: &App, actor: &Actor, code: String, version: i64) -> Result<RuleVersion, AppError> {
    if !actor.may(Permission::ApproveJournals) {
        return Err(AppError::Forbidden(Permission::ApproveJournals));
    }
    let (books, approving) = (app.books(actor).await?, actor.clone());
    let work = move |session: &mut Session| {
        let (books, at) = (command::books(session), command::recorded_at(session));
        let versions = rule_list(command::ledger(session), books)?;
        let found = versions.into_iter().find(|known| known.rule.code == code && known.rule.version == version);
        let mut found = found.ok_or_else(|| Rejection::of(Code::AllocationRuleUnknown).under("code"))?;
        if let Some(approver) = &found.approved_by {
            let message = format!("{approver} approved it: a version never changes");
            return Err(Rejection::at(Code::RuleAlreadyApproved, "version", message).into());
        }
        let approver = persons(&approving);
        if found.author.share_one_with(&approver) {
            let message = format!("{} wrote this version: another person approves it", found.author.subject);
            return Err(Rejection::at(Code::SamePerson, "version", message).into());
        }
        check_rule_approver(session, &approving, &object(&found))?;
        approval_insert(command::ledger(session), books, &found, &approver, at)?;
        session.audit(audit::event(&approving, Change { action: "allocationRule.approve", object: object(&found), ..Change::default() }));
        (found.approved_by, found.approved_at) = (Some(approver.subject), Some(at));
        Ok(found)
    };
    books.desk().run(Moment::from_instant(app.clock().now()), work).await
}

/// Versions of rules, of one code where it is given, in the order of code and version.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn allocation_rules(app: &App, actor: &Actor, code: Option<String>) -> Result<Vec<RuleVersion>, AppError> {
    reading(app, actor, Permission::ReadMasters, move |ledger, books, _| {
        let mut versions = rule_list(ledger, books)?;
        versions.retain(|version| code.as_ref().is_none_or(|code| *code == version.rule.code));
        Ok(versions)
    })
    .await
}
