//! The books, the token and the limits: what any token may ask about itself.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::journal::books;
use crate::app::reports::MOST_ROWS;
use crate::domain::journal::MOST_POSTINGS;
use crate::domain::usage::limits::CHARGES_PER_CALL;
use crate::graphql::Limits;
use crate::graphql::connection::{DEFAULT_PAGE, LARGEST_JOURNAL_PAGE, LARGEST_PAGE};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::types::masters::{Books, ServiceLimits, Viewer};

#[derive(Default)]
pub struct ViewerQueries;

#[Object]
impl ViewerQueries {
    /// The books of the token.
    async fn books(&self, ctx: &Context<'_>) -> Result<Books, Error> {
        Ok(books(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?.into())
    }

    /// Whom the token speaks for, and what it may do.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer, Error> {
        Ok(Viewer::from(actor(ctx)?))
    }

    /// What one request may hold.
    async fn limits(&self, ctx: &Context<'_>) -> Result<ServiceLimits, Error> {
        actor(ctx)?;
        let limits = ctx.data::<Limits>()?;
        let int = |value: usize| i32::try_from(value).unwrap_or(i32::MAX);
        Ok(ServiceLimits {
            default_page: int(DEFAULT_PAGE),
            largest_page: int(LARGEST_PAGE),
            largest_journal_page: int(LARGEST_JOURNAL_PAGE),
            charges_per_call: int(CHARGES_PER_CALL),
            spend_rows: int(MOST_ROWS),
            postings_per_entry: int(MOST_POSTINGS),
            depth: int(limits.depth),
            complexity: int(limits.complexity),
        })
    }
}
