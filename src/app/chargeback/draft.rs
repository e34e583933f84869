//! Drafting: the statements of a month, one for each center and currency. A new draft of the same month replaces what nobody approved yet.

use std::collections::BTreeMap;

use serde_json::json;

use super::ground::{Ground, Wanted};
use super::read::{StatementView, views_of};
use super::{STALE_KIND, content_hash, now, permitted, refuse_future};
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::duties::persons;
use crate::app::periods::renew;
use crate::app::posting::{Session, command};
use crate::app::{App, AppError};
use crate::domain::chargeback::{Basis, Content, MOST_STATEMENTS, StatementNumber, StatementStatus, Terms, Treatment, parse_markup};
use crate::domain::chart::{CenterKind, UNATTRIBUTED, well_known};
use crate::domain::ids::{AccountId, EntryNumber, NameId};
use crate::domain::money::{Amount, Currency, Exact};
use crate::domain::period::Month;
use crate::domain::rejection::{Code, Rejection};
use crate::store::chargeback::{
    RebillTerms, Statement, StatementFilter, line_insert, statement_list, statement_next_number, statement_save, terms_list,
};

/// Which statements to make.
#[derive(Debug, Clone)]
pub struct DraftInput {
    /// `YYYY-MM`.
    pub period: String,
    pub kind: CenterKind,
    /// The team that provides the service and gets the recovery; clients need none.
    pub provider: Option<String>,
    /// Of clients without a markup of their own; none when absent.
    pub markup_percent: Option<String>,
    pub basis: Basis,
    pub showback: bool,
}

/// The input, read.
struct Drafting {
    period: Month,
    markup: Exact,
    input: DraftInput,
}

/// Drafts the statements of a month. Centers that owe nothing get none, nor does cost whose owner is not known, nor the provider itself.
///
/// # Errors
/// `Forbidden`; `DATE_INVALID`, `PERIOD_FUTURE`, `MISSING_FIELD`, `COST_CENTER_UNKNOWN`, `MARKUP_INVALID`, `STANDARD_RATE_MISSING`, `RANGE_TOO_LARGE`,
/// `TOO_MANY_STATEMENT_LINES`, `LEDGER_OVERFLOW`; any database failure.
pub async fn draft_chargebacks(app: &App, actor: &Actor, input: DraftInput) -> Result<Vec<StatementView>, AppError> {
    let books = permitted(app, actor, Permission::PostCorrections).await?;
    let period = Month::parse(&input.period)?;
    let markup = input.markup_percent.as_deref().map_or(Ok(Exact::ZERO), parse_markup)?;
    let is_internal = input.kind != CenterKind::Client && !input.showback;
    if is_internal && input.provider.as_deref().is_none_or(|provider| provider.trim().is_empty()) {
        let message = "`provider` is required: the team that provides the service and gets the recovery";
        return Err(Rejection::at(Code::MissingField, "provider", message).into());
    }
    let (drafter, drafting) = (actor.clone(), Drafting { period, markup, input });
    let numbers = books.desk().run(now(app), move |session| draft_in_tx(session, &drafter, &drafting)).await?;
    views_of(app, actor, numbers).await
}

fn draft_in_tx(session: &mut Session, actor: &Actor, drafting: &Drafting) -> Result<Vec<StatementNumber>, AppError> {
    refuse_future(session, drafting.period)?;
    let input = &drafting.input;
    let provider = provider_of(session, input.provider.as_deref())?;
    let wanted = Wanted { kind: input.kind, showback: input.showback, period: drafting.period, basis: input.basis, center: None };
    let ground = Ground::read(session, wanted)?;
    let mut contents = Vec::new();
    for (_, key) in charged(session, &ground, input.kind, provider) {
        let content = ground.content(terms_for(session, drafting, provider, key.0)?, key)?;
        if content.total()?.amount != Amount::ZERO {
            contents.push(content);
        }
    }
    if contents.len() > MOST_STATEMENTS {
        let message = format!("the draft has {} statements; one draft holds {MOST_STATEMENTS}", contents.len());
        return Err(Rejection::at(Code::TooManyStatementLines, "period", message).into());
    }
    let replaced = void_drafts(session, drafting)?;
    let mut drafted = Vec::with_capacity(contents.len());
    let mut number = statement_next_number(&mut session.ledger, session.books)?;
    for content in contents {
        insert(session, actor, number, content)?;
        drafted.push(number);
        number = StatementNumber(number.0.saturating_add(1));
    }
    renew(session, drafting.period, STALE_KIND)?;
    if !drafted.is_empty() || !replaced.is_empty() {
        tell(session, actor, drafting, &drafted, &replaced);
    }
    Ok(drafted)
}

fn provider_of(session: &Session, code: Option<&str>) -> Result<NameId, Rejection> {
    let Some(code) = code.filter(|code| !code.trim().is_empty()) else { return Ok(NameId::NONE) };
    session.masters().center_by_code(CenterKind::Team, code).map(|center| center.id).ok_or_else(|| {
        let shown: String = code.chars().take(64).collect();
        Rejection::at(Code::CostCenterUnknown, "provider", format!("there is no team `{shown}`; save the cost center first"))
    })
}

type Charged = BTreeMap<(String, Currency), (NameId, Currency)>;

/// The centers that may be charged, in the order of their codes.
fn charged(session: &Session, ground: &Ground, kind: CenterKind, provider: NameId) -> Charged {
    let named = |(center, currency): (NameId, Currency)| {
        let found = session.masters().center_by_id(center).filter(|found| found.kind == kind && found.code != UNATTRIBUTED)?;
        (center != provider).then(|| ((found.code.clone(), currency), (center, currency)))
    };
    ground.keys().into_iter().filter_map(named).collect()
}

fn terms_for(session: &mut Session, drafting: &Drafting, provider: NameId, center: NameId) -> Result<Terms, AppError> {
    let mut terms = Terms {
        period: drafting.period,
        basis: drafting.input.basis,
        showback: drafting.input.showback,
        markup: drafting.markup,
        provider,
        treatment: Treatment::Principal,
        receivable: AccountId(0),
    };
    if drafting.input.kind == CenterKind::Client {
        let found = terms_list(&mut session.ledger, session.books)?.into_iter().find(|terms| terms.client == center);
        if let Some(RebillTerms { treatment, receivable, markup, .. }) = found {
            terms = Terms { treatment, receivable, markup: markup.unwrap_or(drafting.markup), ..terms };
        } else {
            terms.receivable = command::account(session, well_known::UNBILLED_RECEIVABLE)?;
        }
    }
    Ok(terms)
}

/// Voids the drafts of the month that nobody approved, and answers their numbers.
fn void_drafts(session: &mut Session, drafting: &Drafting) -> Result<Vec<StatementNumber>, AppError> {
    let filter = StatementFilter {
        period: Some(drafting.period),
        kind: Some(drafting.input.kind),
        status: Some(StatementStatus::Draft),
        ..StatementFilter::default()
    };
    let mut replaced = Vec::new();
    for mut statement in statement_list(&mut session.ledger, session.books, &filter)? {
        if statement.content.terms.showback == drafting.input.showback {
            statement.status = StatementStatus::Void;
            statement.reason = Some("replaced by a later draft".to_owned());
            statement_save(&mut session.ledger, session.books, &statement)?;
            replaced.push(statement.number);
        }
    }
    Ok(replaced)
}

fn insert(session: &mut Session, actor: &Actor, number: StatementNumber, content: Content) -> Result<(), AppError> {
    let statement = Statement {
        number,
        total: content.total()?,
        cost: content.cost()?,
        content_hash: content_hash(number, &content),
        content,
        through_entry: EntryNumber(session.head.last_entry),
        drafted_by: persons(actor),
        drafted_at: session.recorded_at(),
        status: StatementStatus::Draft,
        approved_by: None,
        approved_at: None,
        entry: None,
        posted_at: None,
        reversal: None,
        document_number: None,
        reason: None,
    };
    statement_save(&mut session.ledger, session.books, &statement)?;
    Ok(line_insert(&mut session.ledger, session.books, &statement)?)
}

fn tell(session: &mut Session, actor: &Actor, drafting: &Drafting, drafted: &[StatementNumber], replaced: &[StatementNumber]) {
    let input = &drafting.input;
    let ends = |numbers: &[StatementNumber]| {
        let end = |number: Option<&StatementNumber>| number.map(ToString::to_string);
        json!({ "count": numbers.len(), "first": end(numbers.first()), "last": end(numbers.last()) })
    };
    let after = json!({
        "kind": input.kind.field(),
        "basis": input.basis.as_str(),
        "markupPercent": drafting.markup.to_string(),
        "provider": input.provider,
        "showback": input.showback,
        "drafted": ends(drafted),
        "replaced": ends(replaced),
    });
    let object = format!("chargebacks {}", drafting.period);
    session.audit(audit::event(actor, Change { action: "chargeback.draft", object, after: Some(after), ..Change::default() }));
}
