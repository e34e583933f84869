//! Journal entries.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::journal as app;
use crate::domain::ids::EntryNumber;
use crate::graphql::connection::{Connection, LARGEST_JOURNAL_PAGE, List, connection, page_cost, page_size};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::BigInt;
use crate::graphql::types::journal::JournalEntry;

#[derive(Default)]
pub struct JournalQueries;

#[Object]
impl JournalQueries {
    /// The entry of this number.
    async fn journal_entry(&self, ctx: &Context<'_>, number: BigInt) -> Result<Option<JournalEntry>, Error> {
        let number = EntryNumber(number.to_i64("number").or_failure(ctx)?);
        let mut entries = app::entries_by_number(ctx.data::<App>()?, actor(ctx)?, &[number]).await.or_failure(ctx)?;
        Ok(entries.remove(&number).map(JournalEntry::from))
    }

    /// Entries in the order of posting, after a cursor: keep the last `endCursor` and ask again later for what was posted since.
    /// At most 1,000 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn journal_entries(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<JournalEntry>, Error> {
        let actor = actor(ctx)?;
        let size = page_size(first, LARGEST_JOURNAL_PAGE).or_failure(ctx)?;
        let from = after.as_deref().map(|cursor| List::JournalEntries.number(cursor)).transpose().or_failure(ctx)?;
        let page = app::entries(ctx.data::<App>()?, actor, EntryNumber(from.unwrap_or(0)), size).await.or_failure(ctx)?;
        let items = page.items.into_iter().map(|entry| (List::JournalEntries.cursor(entry.number), JournalEntry::from(entry)));
        Ok(connection(items, after.is_some(), page.has_next))
    }
}
