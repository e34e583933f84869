//! Previews of allocations.

use async_graphql::{Context, Error, Object, SimpleObject};

use super::allocation::{AllocationPool, TracedLine};
use crate::app::allocation as app;
use crate::domain::rejection::{Code, Rejection};
use crate::graphql::connection::page_size;
use crate::graphql::error::{OrFailure, UserError};
use crate::graphql::scalars::BigInt;

/// Lines of a preview in one answer.
const MOST_PREVIEW_LINES: usize = 10_000;

/// What a run would post, computed by the code that runs; nothing was written.
pub struct AllocationPreview {
    period: String,
    /// Absent when a run would be refused.
    preview: Option<app::Preview>,
    user_errors: Vec<UserError>,
}

impl AllocationPreview {
    pub fn of(period: String, preview: Result<app::Preview, Vec<UserError>>) -> Self {
        match preview {
            Ok(preview) => Self { period, preview: Some(preview), user_errors: Vec::new() },
            Err(user_errors) => Self { period, preview: None, user_errors },
        }
    }
}

#[Object]
impl AllocationPreview {
    async fn period(&self) -> &str {
        &self.period
    }

    /// The last entry whose cost it spreads.
    async fn through_entry(&self) -> Option<BigInt> {
        self.preview.as_ref().map(|preview| preview.through_entry.0.into())
    }

    /// SHA-256 of everything it moves: a run with the same result keeps the same.
    async fn hash(&self) -> Option<&str> {
        self.preview.as_ref().map(|preview| preview.hash.as_str())
    }

    async fn line_count(&self) -> BigInt {
        let lines = self.preview.as_ref().map_or(0, app::Preview::line_count);
        i64::try_from(lines).unwrap_or(i64::MAX).into()
    }

    /// Receiving lines in the order in which they would be posted, at most 10,000 at once.
    async fn lines(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "10,000 when absent; a longer list is then refused.")] first: Option<i32>,
        #[graphql(desc = "Lines to leave out at the beginning.", default)] skip: i32,
    ) -> Result<Vec<AllocationPreviewLine>, Error> {
        let Some(preview) = &self.preview else { return Ok(Vec::new()) };
        let count = preview.line_count();
        if first.is_none() && count > MOST_PREVIEW_LINES {
            let message = format!("the preview has {count} lines: ask for some with `first` and `skip`");
            return Err(Rejection::at(Code::RangeTooLarge, "lines", message)).or_failure(ctx);
        }
        let size = first.map_or(Ok(MOST_PREVIEW_LINES), |first| page_size(Some(first), MOST_PREVIEW_LINES)).or_failure(ctx)?;
        let lines = preview.lines(usize::try_from(skip).unwrap_or(0), size);
        Ok(lines.into_iter().map(AllocationPreviewLine::from).collect())
    }

    /// Pools in the order in which they would be spread.
    async fn pools(&self) -> Vec<AllocationPool> {
        self.preview.iter().flat_map(|preview| &preview.pools).map(AllocationPool::from).collect()
    }

    /// Why a run would be refused.
    async fn user_errors(&self) -> &[UserError] {
        &self.user_errors
    }
}

/// What one receiver would get.
#[derive(SimpleObject)]
pub struct AllocationPreviewLine {
    #[graphql(flatten)]
    traced: TracedLine,
    debit_account: String,
    credit_account: String,
}

impl From<app::PreviewLine> for AllocationPreviewLine {
    fn from(line: app::PreviewLine) -> Self {
        let app::PreviewLine { traced, debit_account, credit_account } = line;
        Self { traced: traced.into(), debit_account, credit_account }
    }
}
