//! Posting approved statements, and reversing posted ones. A posted statement is never edited.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::read::{StatementView, view_of, views_of};
use super::{LONGEST_TEXT, save_step, statement_by_number};
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::masters::MOST_ITEMS;
use crate::app::posting::Session;
use crate::app::posting::command::{self, Lines, Once};
use crate::app::reports::reading::in_reading;
use crate::app::{App, AppError};
use crate::domain::chargeback::{StatementNumber, StatementStatus, Step, Treatment};
use crate::domain::chart::{CenterKind, CodingBlock, well_known};
use crate::domain::duties::Duty;
use crate::domain::ids::{AccountId, BlockId, EntryNumber, NameId};
use crate::domain::journal::{EntryDraft, EntryKind, ReversalView, reverse};
use crate::domain::period::{Day, Month};
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::chargeback::{Statement, StatementFilter, open_statements, statement_list, statement_save};

/// Which statements to post.
#[derive(Debug, Clone)]
pub struct PostInput {
    pub idempotency_key: String,
    /// `YYYY-MM`.
    pub period: String,
    /// These alone; absent for every approved one of the period.
    pub numbers: Option<Vec<String>>,
}

/// What was posted, or had been when the key was used first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedStatements {
    pub statements: Vec<StatementView>,
    /// Statements of the period that still charge nobody, as they stand now: drafts, and approved ones that were not named.
    pub left_open: Vec<(StatementNumber, StatementStatus)>,
    pub is_replayed: bool,
}

/// Which statement to reverse.
#[derive(Debug, Clone)]
pub struct ReverseInput {
    pub idempotency_key: String,
    pub number: String,
    /// The accounting day of the reversal; the last day of the statement's month when absent, or the first open day after it.
    pub effective_on: Option<Day>,
    pub reason: String,
}

#[derive(Serialize, Deserialize)]
struct Receipt(Vec<i64>);

/// Posts the approved statements of a period: all of them or none.
///
/// # Errors
/// `Forbidden`; `DATE_INVALID`, `NOTHING_TO_POST`, `SHOWBACK_NOT_POSTED`, `STATEMENT_NOT_FOUND`, `STATEMENT_NOT_OPEN`, `PERIOD_CLOSED` and its
/// kin, `IDEMPOTENCY_CONFLICT`, `DUTIES_EXCLUDED`, `LEDGER_OVERFLOW`; any database failure.
pub async fn post_chargebacks(app: &App, actor: &Actor, input: PostInput) -> Result<PostedStatements, AppError> {
    refuse_limited(actor)?;
    let content = json!([input.period, input.numbers]);
    let period = Month::parse(&input.period);
    let checked = period.clone().map(drop).and_then(|()| check_count(input.numbers.as_deref()));
    let command = Once { operation: "postChargebacks", key: input.idempotency_key, content, checked };
    let (who, numbers) = (actor.clone(), input.numbers);
    let month = period.clone();
    let done = command::once(app, actor, command, move |session| {
        session.check_duty(&who, Duty::Posting, None)?;
        session.act_as_closer(who.may(Permission::ClosePeriods));
        let period = period?;
        let statements = wanted(session, period, numbers.as_deref())?;
        let mut posted = Vec::with_capacity(statements.len());
        for statement in &statements {
            posted.push(post_one(session, statement).map_err(|error| at_period(error, period))?);
        }
        tell(session, &who, period, &posted);
        Ok(Receipt(posted.iter().map(|statement| statement.number.0).collect()))
    })
    .await?;
    let numbers = done.receipt.0.into_iter().map(StatementNumber).collect();
    let statements = views_of(app, actor, numbers).await?;
    let (books, month) = (app.books(actor).await?, month?);
    let left_open = in_reading(app, &books, move |ledger, id, _| Ok(open_statements(ledger, id, month)?)).await?;
    Ok(PostedStatements { statements, left_open, is_replayed: done.is_replayed })
}

fn refuse_limited(actor: &Actor) -> Result<(), AppError> {
    if actor.scope.is_some() { Err(AppError::Forbidden(Permission::PostCorrections)) } else { Ok(()) }
}

fn check_count(numbers: Option<&[String]>) -> Result<(), Rejection> {
    let count = numbers.map_or(0, <[String]>::len);
    if count <= MOST_ITEMS {
        return Ok(());
    }
    Err(Rejection::at(Code::TooManyItems, "numbers", format!("`numbers` has {count} items; one call takes {MOST_ITEMS}")))
}

/// The statements to post, in the order of their numbers.
fn wanted(session: &mut Session, period: Month, numbers: Option<&[String]>) -> Result<Vec<Statement>, AppError> {
    if let Some(numbers) = numbers {
        return named(session, period, numbers);
    }
    let filter = StatementFilter { period: Some(period), status: Some(StatementStatus::Approved), ..StatementFilter::default() };
    let approved = statement_list(&mut session.ledger, session.books, &filter)?;
    let only_showback = !approved.is_empty();
    let charging: Vec<_> = approved.into_iter().filter(|statement| !statement.content.terms.showback).collect();
    match (charging.is_empty(), only_showback) {
        (false, _) => Ok(charging),
        (true, true) => Err(Rejection::of(Code::ShowbackNotPosted).under("period").into()),
        (true, false) => {
            let drafts = open_statements(&mut session.ledger, session.books, period)?;
            let message = match drafts.first() {
                None => format!("{period} has no approved statement: draft it and have the drafts approved first"),
                Some((first, _)) => {
                    format!("{period} has no approved statement: have its {} drafts approved first, from {first} on", drafts.len())
                }
            };
            Err(Rejection::at(Code::NothingToPost, "period", message).into())
        }
    }
}

fn named(session: &mut Session, period: Month, numbers: &[String]) -> Result<Vec<Statement>, AppError> {
    let (mut statements, mut refused): (Vec<Statement>, _) = (Vec::with_capacity(numbers.len()), Vec::new());
    for (position, number) in numbers.iter().enumerate() {
        let checked = statement_by_number(session, number).and_then(|statement| {
            statement.status.allow(Step::Post)?;
            if statement.content.terms.showback {
                return Err(Rejection::of(Code::ShowbackNotPosted).into());
            }
            if statement.content.terms.period != period {
                let message = format!("{number} is of {}, not of {period}", statement.content.terms.period);
                return Err(Rejection { code: Code::StatementNotFound, path: Vec::new(), message }.into());
            }
            Ok(statement)
        });
        match checked {
            Ok(statement) if statements.iter().any(|other| other.number == statement.number) => {}
            Ok(statement) => statements.push(statement),
            Err(AppError::Rejected(rejections)) => refused.extend(rejections.into_iter().map(|mut rejection| {
                rejection.path.clear();
                rejection.under(position.to_string()).under("numbers")
            })),
            Err(error) => return Err(error),
        }
    }
    if !refused.is_empty() {
        return Err(AppError::Rejected(refused));
    }
    if statements.is_empty() {
        return Err(Rejection::of(Code::NothingToPost).under("numbers").into());
    }
    statements.sort_by_key(|statement| statement.number);
    Ok(statements)
}

/// The gate speaks of the day of an entry; the caller named a period.
fn at_period(error: AppError, period: Month) -> AppError {
    let placed = |mut rejection: Rejection| {
        if rejection.path == ["effectiveOn"] {
            let withdraw = "withdraw its statements with withdrawChargeback: the next statements of an open month take the cost up";
            let advice = match rejection.code {
                Code::PeriodClosed => format!("have it reopened with requestReopening and approveReopening and post then, or {withdraw}"),
                Code::PeriodSoftClosed => format!("let somebody post who closes periods, have it reopened, or {withdraw}"),
                Code::PeriodFuture => "withdraw its statements with withdrawChargeback, and draft it when it has begun".to_owned(),
                _ => withdraw.to_owned(),
            };
            let state = rejection.code.as_str();
            rejection.path = vec!["period".into()];
            rejection.message = format!("chargebacks of {period} are dated on its last day, which takes none ({state}): {advice}");
        }
        rejection
    };
    match error {
        AppError::Rejected(rejections) => AppError::Rejected(rejections.into_iter().map(placed).collect()),
        other => other,
    }
}

/// Posts the entry of a statement and moves it on.
fn post_one(session: &mut Session, before: &Statement) -> Result<Statement, AppError> {
    let terms = &before.content.terms;
    let memo = format!("Chargeback {} of {}", before.number, terms.period);
    let lines = postings(session, before)?;
    let entry = session
        .post(&EntryDraft {
            kind: EntryKind::Chargeback,
            effective_on: terms.period.last_day(),
            service_on: None,
            postings: lines.postings(),
            charge: None,
            corrects: None,
            memo: Some(&memo),
        })
        .map_err(|error| error.placed(Code::LedgerOverflow, "period"))?;
    let after = Statement { status: StatementStatus::Posted, entry: Some(entry), posted_at: Some(session.recorded_at()), ..before.clone() };
    statement_save(&mut session.ledger, session.books, &after)?;
    Ok(after)
}

/// Internal: Dr 6600 on the receiver, Cr 6690 on the provider. A client as principal: Dr the receivable, Cr 4100. As agent: the cost is
/// passed on (Cr 5000), and only what exceeds it is revenue. What is below zero stands on the other side.
fn postings(session: &mut Session, statement: &Statement) -> Result<Lines, AppError> {
    let (content, terms, total) = (&statement.content, &statement.content.terms, statement.total);
    let negated = |amount: crate::domain::money::Amount| {
        let units = amount.units().checked_neg().ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
        Ok::<_, Rejection>(crate::domain::money::Amount::from_units(units).with(total.currency))
    };
    let mut lines = Lines::default();
    if content.kind != CenterKind::Client {
        let expense = command::account(session, well_known::CHARGEBACK_EXPENSE)?;
        let recovery = command::account(session, well_known::INTERNAL_RECOVERY)?;
        lines.signed(center_block(session, expense, content.kind, content.center), total)?;
        lines.signed(center_block(session, recovery, CenterKind::Team, terms.provider), negated(total.amount)?)?;
        return Ok(lines);
    }
    lines.signed(center_block(session, terms.receivable, CenterKind::Client, content.center), total)?;
    let revenue = command::account(session, well_known::REBILL_REVENUE)?;
    let earned = match terms.treatment {
        Treatment::Principal => total.amount,
        Treatment::Agent => {
            let cost = command::account(session, well_known::COGS_INFERENCE)?;
            lines.signed(center_block(session, cost, CenterKind::Client, content.center), negated(statement.cost.amount)?)?;
            total.amount.checked_sub(statement.cost.amount).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?
        }
    };
    lines.signed(center_block(session, revenue, CenterKind::Client, content.center), negated(earned)?)?;
    Ok(lines)
}

/// The block of an account and one cost center.
fn center_block(session: &mut Session, account: AccountId, kind: CenterKind, center: NameId) -> BlockId {
    let only = |wanted: CenterKind| if wanted == kind { center } else { NameId::NONE };
    session.block(CodingBlock {
        account,
        team: only(CenterKind::Team),
        project: only(CenterKind::Project),
        client: only(CenterKind::Client),
        feature: NameId::NONE,
        provider: NameId::NONE,
        model: NameId::NONE,
        environment: NameId::NONE,
    })
}

fn tell(session: &mut Session, actor: &Actor, period: Month, posted: &[Statement]) {
    let one = |statement: &Statement| json!({ "number": statement.number.to_string(), "entry": statement.entry.map(|entry| entry.0.to_string()) });
    let after = json!({ "count": posted.len(), "first": posted.first().map(one), "last": posted.last().map(one) });
    let object = format!("chargebacks {period}");
    session.audit(audit::event(actor, Change { action: "chargeback.post", object, after: Some(after), ..Change::default() }));
}

/// Posts the mirror of a statement's entry. The next draft takes its cost up again.
///
/// # Errors
/// `Forbidden`; `STATEMENT_NOT_FOUND`, `STATEMENT_NOT_OPEN`, `REVERSAL_BEFORE_ENTRY`, `PERIOD_CLOSED` and its kin, `IDEMPOTENCY_CONFLICT`,
/// `DUTIES_EXCLUDED`; any database failure.
pub async fn reverse_chargeback(app: &App, actor: &Actor, input: ReverseInput) -> Result<(StatementView, bool), AppError> {
    refuse_limited(actor)?;
    let checked = command::text("number", &input.number, LONGEST_TEXT).and_then(|()| command::text("reason", &input.reason, LONGEST_TEXT));
    let content = json!([input.number, input.effective_on.map(|day| day.0), input.reason]);
    let command = Once { operation: "reverseChargeback", key: input.idempotency_key.clone(), content, checked };
    let who = actor.clone();
    let done = command::once(app, actor, command, move |session| {
        session.check_duty(&who, Duty::Posting, None)?;
        session.act_as_closer(who.may(Permission::ClosePeriods));
        reverse_in_tx(session, &who, &input)
    })
    .await?;
    Ok((view_of(app, actor, StatementNumber(done.receipt)).await?, done.is_replayed))
}

fn reverse_in_tx(session: &mut Session, actor: &Actor, input: &ReverseInput) -> Result<i64, AppError> {
    let before = statement_by_number(session, &input.number)?;
    before.status.allow(Step::Reverse)?;
    let entry = before.entry.ok_or_else(|| StoreError::corrupt(format!("statement {} has no entry", before.number)))?;
    let original = session.journal_entry(entry)?.ok_or_else(|| StoreError::corrupt(format!("entry {entry} is gone")))?;
    let effective_on = input.effective_on.unwrap_or_else(|| session.booking_day(original.effective_on));
    let view = ReversalView { original: &original, reversed_by: session.reversal_of(entry)? };
    let postings = reverse(&view, effective_on)?;
    let mirror: EntryNumber = session
        .post(&EntryDraft {
            kind: EntryKind::Reversal,
            effective_on,
            service_on: (original.effective_on.month() != effective_on.month()).then_some(original.effective_on),
            postings: &postings,
            charge: None,
            corrects: Some(entry),
            memo: Some(&input.reason),
        })
        .map_err(|error| error.placed(Code::LedgerOverflow, "number"))?;
    let after =
        Statement { status: StatementStatus::Reversed, reversal: Some(mirror), reason: Some(input.reason.clone()), ..before.clone() };
    save_step(session, actor, "chargeback.reverse", &before, &after)?;
    Ok(after.number.0)
}
