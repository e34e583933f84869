//! Entries made by hand, before and after they are posted.

use async_graphql::{Context, Error, Object};

use crate::app::manual_journals as app;
use crate::app::{App, duties};
use crate::graphql::connection::{Connection, LARGEST_PAGE, List, connection, page_cost, page_size};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::BigInt;
use crate::graphql::types::journal_drafts::{DutyMode, JournalDraft, JournalDraftStatus, JournalLimits};

#[derive(Default)]
pub struct JournalDraftQueries;

#[Object]
impl JournalDraftQueries {
    /// The draft of this id. Not for tokens limited to cost centers.
    async fn journal_draft(&self, ctx: &Context<'_>, id: BigInt) -> Result<Option<JournalDraft>, Error> {
        let id = id.to_i64("id").or_failure(ctx)?;
        Ok(app::journal_draft(ctx.data::<App>()?, actor(ctx)?, id).await.or_failure(ctx)?.map(JournalDraft))
    }

    /// Drafts in the order of their ids. At most 500 a page. Not for tokens limited to cost centers.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn journal_drafts(
        &self,
        ctx: &Context<'_>,
        status: Option<JournalDraftStatus>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<JournalDraft>, Error> {
        let actor = actor(ctx)?;
        let size = page_size(first, LARGEST_PAGE).or_failure(ctx)?;
        let last = after.as_deref().map(|cursor| List::JournalDrafts.number(cursor)).transpose().or_failure(ctx)?;
        let status = status.map(Into::into);
        let page = app::journal_drafts(ctx.data::<App>()?, actor, status, last.unwrap_or(0), size).await.or_failure(ctx)?;
        let items = page.items.into_iter().map(|view| (List::JournalDrafts.cursor(view.draft.id), JournalDraft(view)));
        Ok(connection(items, after.is_some(), page.has_next))
    }

    /// The limits on entries made by hand.
    async fn journal_limits(&self, ctx: &Context<'_>) -> Result<JournalLimits, Error> {
        Ok(app::journal_limits(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?.into())
    }

    /// Whether duties exclude each other in these books.
    async fn duties(&self, ctx: &Context<'_>) -> Result<DutyMode, Error> {
        Ok(duties::duty_mode(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?.into())
    }
}
