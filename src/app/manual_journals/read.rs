//! Reads of drafts with their lines and approvals. Not for tokens limited to cost centers: a draft is seen whole or not at all.

use std::collections::HashMap;

use super::permitted;
use crate::app::auth::{Actor, Permission};
use crate::app::journal::Page;
use crate::app::masters::Masters;
use crate::app::{App, AppError, Books};
use crate::domain::chart::{Account, CostCenter};
use crate::domain::ids::{DraftId, EntryNumber};
use crate::domain::journal::Side;
use crate::domain::manual_journals::DraftStatus;
use crate::domain::money::Money;
use crate::store::StoreError;
use crate::store::journal_draft::{Approval, Draft, DraftFilter, draft_list};

/// A line with its codes spelled out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineView {
    pub side: Side,
    pub money: Money,
    pub account: Account,
    pub team: Option<CostCenter>,
    pub project: Option<CostCenter>,
    pub client: Option<CostCenter>,
    pub feature: Option<String>,
}

/// A draft as its readers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftView {
    pub draft: Draft,
    pub lines: Vec<LineView>,
    /// Of the present version.
    pub approvals: Vec<Approval>,
}

async fn reading(app: &App, actor: &Actor) -> Result<std::sync::Arc<Books>, AppError> {
    if actor.scope.is_some() {
        return Err(AppError::Forbidden(Permission::ReadJournal));
    }
    permitted(app, actor, Permission::ReadJournal).await
}

/// One page of drafts beyond `after`, in the order of their ids.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn journal_drafts(
    app: &App,
    actor: &Actor,
    status: Option<DraftStatus>,
    after: i64,
    first: usize,
) -> Result<Page<DraftView>, AppError> {
    let books = reading(app, actor).await?;
    let limit = u64::try_from(first).unwrap_or(u64::MAX).saturating_add(1);
    Ok(Page::of(views(app, &books, &DraftFilter::Page { status, after: DraftId(after), limit }).await?, first))
}

/// The draft of this id.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn journal_draft(app: &App, actor: &Actor, id: i64) -> Result<Option<DraftView>, AppError> {
    let books = reading(app, actor).await?;
    Ok(views(app, &books, &DraftFilter::Ids(vec![DraftId(id)])).await?.pop())
}

/// The drafts that these entries were posted from.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn drafts_of_entries(app: &App, actor: &Actor, numbers: &[EntryNumber]) -> Result<HashMap<EntryNumber, DraftView>, AppError> {
    let books = reading(app, actor).await?;
    let views = views(app, &books, &DraftFilter::Entries(numbers.to_vec())).await?;
    Ok(views.into_iter().filter_map(|view| Some((view.draft.entry?, view))).collect())
}

/// What a step answers with: whoever may prepare or approve sees the draft.
pub(super) async fn draft_view(app: &App, actor: &Actor, id: DraftId) -> Result<DraftView, AppError> {
    let books = app.books(actor).await?;
    let view = views(app, &books, &DraftFilter::Ids(vec![id])).await?.pop();
    view.ok_or_else(|| StoreError::corrupt(format!("draft {id} is gone")).into())
}

async fn views(app: &App, books: &Books, filter: &DraftFilter) -> Result<Vec<DraftView>, AppError> {
    let masters = books.refresh_masters(app.store()).await?;
    let drafts = draft_list(app.store(), books.id(), filter).await?;
    drafts.into_iter().map(|(draft, approvals)| Ok(DraftView { lines: lines(&masters, &draft)?, draft, approvals })).collect()
}

fn lines(masters: &Masters, draft: &Draft) -> Result<Vec<LineView>, StoreError> {
    let line = |line: &crate::domain::manual_journals::DraftLine| {
        let account = masters.account_by_id(line.account).cloned();
        let center = |id| masters.center_by_id(id).cloned();
        Ok(LineView {
            side: line.side,
            money: line.money,
            account: account.ok_or_else(|| StoreError::corrupt(format!("draft {} names an account that is not in the chart", draft.id)))?,
            team: center(line.team),
            project: center(line.project),
            client: center(line.client),
            feature: line.feature.clone(),
        })
    };
    draft.content.lines.iter().map(line).collect()
}
