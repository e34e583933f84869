//! The audit log.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::audit as app;
use crate::graphql::connection::{Connection, LARGEST_JOURNAL_PAGE, List, connection, page_cost, page_size};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::types::audit::{AuditEvent, AuditEventFilter};

#[derive(Default)]
pub struct AuditQueries;

#[Object]
impl AuditQueries {
    /// What people and programs changed, in the order of the event numbers: keep the last `endCursor` and ask again later for what came
    /// since. At most 1,000 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn audit_events(
        &self,
        ctx: &Context<'_>,
        filter: Option<AuditEventFilter>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<AuditEvent>, Error> {
        let actor = actor(ctx)?;
        let size = page_size(first, LARGEST_JOURNAL_PAGE).or_failure(ctx)?;
        let last = after.as_deref().map(|cursor| List::AuditEvents.number(cursor)).transpose().or_failure(ctx)?;
        let filter = filter.unwrap_or_default().read().map_err(|rejection| rejection.under("filter")).or_failure(ctx)?;
        let page = app::events(ctx.data::<App>()?, actor, &filter, last.unwrap_or(0), size).await.or_failure(ctx)?;
        let items = page.items.into_iter().map(|event| (List::AuditEvents.cursor(event.number), AuditEvent::from(event)));
        Ok(connection(items, after.is_some(), page.has_next))
    }
}
