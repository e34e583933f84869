//! Reads of statements. A token limited to cost centers sees those of its centers.

use std::sync::Arc;

use crate::app::auth::{Actor, Permission};
use crate::app::journal::Page;
use crate::app::masters::Masters;
use crate::app::periods::stale_objects_of;
use crate::app::reports::access::Access;
use crate::app::reports::reading::in_reading;
use crate::app::{App, AppError, Books};
use crate::domain::chargeback::{StatementNumber, StatementStatus};
use crate::domain::chart::{Account, CenterKind, CostCenter};
use crate::domain::ids::NameId;
use crate::domain::period::Month;
use crate::store::StoreError;
use crate::store::chargeback::{Statement, StatementFilter, statement_list};

/// A statement as its readers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementView {
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
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    if let Some(visible) = &access.visible {
        filter.centers = Some([&visible.teams, &visible.projects, &visible.clients].into_iter().flatten().copied().collect());
    }
    views(app, &access.books, filter).await
}

/// What a command answers with: whoever may give it sees what it did.
pub(super) async fn views_of(app: &App, actor: &Actor, numbers: Vec<StatementNumber>) -> Result<Vec<StatementView>, AppError> {
    let books = app.books(actor).await?;
    views(app, &books, StatementFilter { numbers: Some(numbers), ..StatementFilter::default() }).await
}

/// The statement that a command moved on.
pub(super) async fn view_of(app: &App, actor: &Actor, number: StatementNumber) -> Result<StatementView, AppError> {
    let found = views_of(app, actor, vec![number]).await?.pop();
    found.ok_or_else(|| StoreError::corrupt(format!("statement {number} is gone")).into())
}

async fn views(app: &App, books: &Arc<Books>, filter: StatementFilter) -> Result<Vec<StatementView>, AppError> {
    let code = books.code().to_owned();
    in_reading(app, books, move |ledger, id, masters| {
        let statements = statement_list(ledger, id, &filter)?;
        let stale = if statements.is_empty() { Vec::new() } else { stale_objects_of(ledger, id, super::STALE_KIND)? };
        let view = |statement: Statement| {
            let is_stale = stale.contains(&(statement.content.terms.period, statement.number.to_string()));
            view(masters, statement, is_stale, &code).map_err(AppError::from)
        };
        statements.into_iter().map(view).collect()
    })
    .await
}

fn view(masters: &Masters, statement: Statement, is_stale: bool, books: &str) -> Result<StatementView, StoreError> {
    let center = |id: NameId| masters.center_by_id(id).cloned();
    let corrupt = || StoreError::corrupt(format!("statement {} names a cost center that is not there", statement.number));
    Ok(StatementView {
        center: center(statement.content.center).ok_or_else(corrupt)?,
        provider: center(statement.content.terms.provider),
        receivable: masters.account_by_id(statement.content.terms.receivable).cloned(),
        is_stale,
        books: books.to_owned(),
        statement,
    })
}
