//! Reads of statements. A token limited to cost centers sees those of its centers.

use std::sync::Arc;

use crate::app::auth::{Actor, Permission};
use crate::app::journal::Page;
use crate::app::masters::Masters;
use crate::app::periods::stale_objects_of;
use crate::app::reports::access::Access;
use crate::app::reports::reading::in_reading;
use crate::app::{App, AppError, Books};
use crate::domain::chargeback::{StatementNumber, StatementStatus, client_lines};
use crate::domain::chart::{Account, CenterKind, CostCenter};
use crate::domain::ids::NameId;
use crate::domain::period::Month;
use crate::store::StoreError;
use crate::store::chargeback::{Statement, StatementFilter, statement_list, terms_list};

/// Who reads a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Whoever keeps the books, and a center of the company itself: everything is told.
    Provider,
    /// A client that is told what it pays, and not what that cost, nor by whom and how it was made.
    Client,
}

/// A statement as its readers see it. For a client its lines are prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementView {
    pub audience: Audience,
    pub statement: Statement,
    pub center: CostCenter,
    pub provider: Option<CostCenter>,
    /// Of a rebill.
    pub receivable: Option<Account>,
    /// Its period was reopened, and not drafted again since.
    pub is_stale: bool,
    /// Code of the books.
    pub books: String,
}

/// Which statements are asked for.
#[derive(Debug, Clone, Default)]
pub struct StatementsQuery {
    pub period: Option<Month>,
    pub kind: Option<CenterKind>,
    pub status: Option<StatementStatus>,
    /// The number after which the page begins.
    pub after: i64,
}

/// One page of statements, in the order of their numbers.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn chargebacks(app: &App, actor: &Actor, query: StatementsQuery, first: usize) -> Result<Page<StatementView>, AppError> {
    let StatementsQuery { period, kind, status, after } = query;
    let limit = Some(first.saturating_add(1));
    Ok(Page::of(visible(app, actor, StatementFilter { period, kind, status, after, limit, ..StatementFilter::default() }).await?, first))
}

/// The statement of this number. Another one, or one that is not seen, is none.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn chargeback(app: &App, actor: &Actor, number: &str) -> Result<Option<StatementView>, AppError> {
    // A number that cannot be is looked for too, so that only those who may read are told that there is none.
    let numbers = Some(StatementNumber::parse(number).into_iter().collect());
    Ok(visible(app, actor, StatementFilter { numbers, ..StatementFilter::default() }).await?.pop())
}

async fn visible(app: &App, actor: &Actor, mut filter: StatementFilter) -> Result<Vec<StatementView>, AppError> {
    let is_own_person = actor.may(Permission::ReadReports) || !actor.may(Permission::ReadStatements);
    if !is_own_person && actor.scope.is_none() {
        // A client's token that names no client is a mistake, and would show the statements of all.
        return Err(AppError::Forbidden(Permission::ReadReports));
    }
    let permission = if is_own_person { Permission::ReadReports } else { Permission::ReadStatements };
    let access = Access::to(app, actor, permission).await?;
    if let Some(visible) = &access.visible {
        filter.centers = Some([&visible.teams, &visible.projects, &visible.clients].into_iter().flatten().copied().collect());
    }
    let of_client = if actor.scope.is_some() { Audience::Client } else { Audience::Provider };
    views(app, &access.books, filter, of_client).await
}

/// The statement as a document to hand out: that of a client is for the client, unless its terms show cost, or somebody who sees all centers asks
/// for the provider's own.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn chargeback_document(app: &App, actor: &Actor, number: &str, wanted: Audience) -> Result<Option<StatementView>, AppError> {
    let Some(view) = chargeback(app, actor, number).await? else { return Ok(None) };
    if wanted == Audience::Provider || view.audience == Audience::Client {
        return Ok(Some(view));
    }
    let books = app.books(actor).await?;
    let numbers = Some(vec![view.statement.number]);
    Ok(views(app, &books, StatementFilter { numbers, ..StatementFilter::default() }, Audience::Client).await?.pop())
}

/// What a command answers with: whoever may give it sees what it did.
pub(super) async fn views_of(app: &App, actor: &Actor, numbers: Vec<StatementNumber>) -> Result<Vec<StatementView>, AppError> {
    let books = app.books(actor).await?;
    views(app, &books, StatementFilter { numbers: Some(numbers), ..StatementFilter::default() }, Audience::Provider).await
}

/// The statement that a command moved on.
pub(super) async fn view_of(app: &App, actor: &Actor, number: StatementNumber) -> Result<StatementView, AppError> {
    let found = views_of(app, actor, vec![number]).await?.pop();
    found.ok_or_else(|| StoreError::corrupt(format!("statement {number} is gone")).into())
}

/// Statements of clients are shown as to `of_client`, where the terms do not show cost.
async fn views(app: &App, books: &Arc<Books>, filter: StatementFilter, of_client: Audience) -> Result<Vec<StatementView>, AppError> {
    let code = books.code().to_owned();
    in_reading(app, books, move |ledger, id, masters| {
        let statements = statement_list(ledger, id, &filter)?;
        let terms = if of_client == Audience::Client { terms_list(ledger, id)? } else { Vec::new() };
        let shows_cost = |client: NameId| terms.iter().any(|terms| terms.client == client && terms.shows_cost);
        let stale = if statements.is_empty() { Vec::new() } else { stale_objects_of(ledger, id, super::STALE_KIND)? };
        let view = |statement: Statement| {
            let is_stale = stale.contains(&(statement.content.terms.period, statement.number.to_string()));
            let is_client = statement.content.kind == CenterKind::Client;
            let audience = if is_client && !shows_cost(statement.content.center) { of_client } else { Audience::Provider };
            let mut view = view(masters, statement, is_stale, &code)?;
            if audience == Audience::Client {
                view.statement.content.lines = client_lines(&view.statement.content)?;
                view.audience = audience;
            }
            Ok(view)
        };
        statements.into_iter().map(view).collect()
    })
    .await
}

fn view(masters: &Masters, statement: Statement, is_stale: bool, books: &str) -> Result<StatementView, StoreError> {
    let center = |id: NameId| masters.center_by_id(id).cloned();
    let corrupt = || StoreError::corrupt(format!("statement {} names a cost center that is not there", statement.number));
    Ok(StatementView {
        audience: Audience::Provider,
        center: center(statement.content.center).ok_or_else(corrupt)?,
        provider: center(statement.content.terms.provider),
        receivable: masters.account_by_id(statement.content.terms.receivable).cloned(),
        is_stale,
        books: books.to_owned(),
        statement,
    })
}
