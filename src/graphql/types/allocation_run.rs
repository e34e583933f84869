//! Runs of allocations, and their lines.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, Enum, Error, ID, Object, SimpleObject};
use tokio::sync::OnceCell;

use super::allocation::{AllocationPool, TracedLine};
use super::journal::JournalEntry;
use super::masters::Account;
use super::money::Money;
use crate::app::allocation as app;
use crate::app::{App, AppError};
use crate::domain::ids::EntryNumber;
use crate::graphql::connection::{Connection, LARGEST_JOURNAL_PAGE, List, connection, page_cost, page_size};
use crate::graphql::error::{OrFailure, actor, failure};
use crate::graphql::loaders::{RunKey, load};
use crate::graphql::scalars::{BigInt, Date, DateTime};

/// What a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::allocation::RunKind")]
pub enum AllocationRunKind {
    Run,
    /// What came since, added to the run it refers to.
    Increment,
    /// The mirror of the run it refers to.
    Reversal,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum AllocationRunStatus {
    Posted,
    Reversed,
    /// It is a reversal itself.
    Reversal,
}

/// A rule of a run in the version that ran.
#[derive(SimpleObject)]
pub struct AllocationRunRule {
    code: String,
    version: i64,
}

/// A run computed again from what it kept.
#[derive(SimpleObject)]
pub struct PerformedAgain {
    /// Whether every line came out the same.
    is_same: bool,
    hash: String,
    kept_hash: String,
}

/// A run of allocation rules over a period.
pub struct AllocationRun {
    number: i64,
    view: OnceCell<Arc<app::RunView>>,
}

impl AllocationRun {
    pub fn of_number(number: i64) -> Self {
        Self { number, view: OnceCell::new() }
    }

    async fn view(&self, ctx: &Context<'_>) -> Result<&Arc<app::RunView>, Error> {
        let find =
            || async { load(ctx, RunKey(self.number)).await?.ok_or_else(|| failure(ctx, &AppError::NotFound("the allocation run"))) };
        self.view.get_or_try_init(find).await
    }
}

impl From<app::RunView> for AllocationRun {
    fn from(view: app::RunView) -> Self {
        Self { number: view.head.number, view: OnceCell::new_with(Some(Arc::new(view))) }
    }
}

fn id(number: i64) -> ID {
    ID::from(number.to_string())
}

#[Object]
impl AllocationRun {
    /// Gapless within the books, in the order of posting.
    async fn id(&self) -> ID {
        id(self.number)
    }

    async fn period(&self, ctx: &Context<'_>) -> Result<String, Error> {
        Ok(self.view(ctx).await?.head.month.to_string())
    }

    async fn kind(&self, ctx: &Context<'_>) -> Result<AllocationRunKind, Error> {
        Ok(self.view(ctx).await?.head.kind.into())
    }

    async fn status(&self, ctx: &Context<'_>) -> Result<AllocationRunStatus, Error> {
        let view = self.view(ctx).await?;
        Ok(match (view.head.kind, view.reversed_by) {
            (app::RunKind::Reversal, _) => AllocationRunStatus::Reversal,
            (app::RunKind::Run | app::RunKind::Increment, Some(_)) => AllocationRunStatus::Reversed,
            (app::RunKind::Run | app::RunKind::Increment, None) => AllocationRunStatus::Posted,
        })
    }

    /// The run that it supersedes, adds to or reverses.
    async fn refers_to(&self, ctx: &Context<'_>) -> Result<Option<ID>, Error> {
        Ok(self.view(ctx).await?.head.refers_to.map(id))
    }

    async fn reversed_by(&self, ctx: &Context<'_>) -> Result<Option<ID>, Error> {
        Ok(self.view(ctx).await?.reversed_by.map(id))
    }

    /// The accounting day of its entries.
    async fn effective_on(&self, ctx: &Context<'_>) -> Result<Date, Error> {
        Ok(self.view(ctx).await?.head.effective_on.into())
    }

    /// The last entry whose cost it spread: what came later is in no pool of it.
    async fn through_entry(&self, ctx: &Context<'_>) -> Result<BigInt, Error> {
        Ok(self.view(ctx).await?.head.through_entry.0.into())
    }

    /// SHA-256 of everything it moved.
    async fn hash(&self, ctx: &Context<'_>) -> Result<String, Error> {
        Ok(self.view(ctx).await?.head.result_hash.clone())
    }

    async fn reason(&self, ctx: &Context<'_>) -> Result<Option<String>, Error> {
        Ok(self.view(ctx).await?.head.reason.clone())
    }

    async fn posted_by(&self, ctx: &Context<'_>) -> Result<String, Error> {
        Ok(self.view(ctx).await?.head.subject.clone())
    }

    async fn posted_at(&self, ctx: &Context<'_>) -> Result<DateTime, Error> {
        Ok(self.view(ctx).await?.head.recorded_at.into())
    }

    /// In the order in which they ran.
    async fn rules(&self, ctx: &Context<'_>) -> Result<Vec<AllocationRunRule>, Error> {
        let rules = self.view(ctx).await?.rules.iter();
        Ok(rules.map(|(code, version)| AllocationRunRule { code: code.clone(), version: *version }).collect())
    }

    async fn pools(&self, ctx: &Context<'_>) -> Result<Vec<AllocationPool>, Error> {
        Ok(self.view(ctx).await?.pools.iter().map(AllocationPool::from).collect())
    }

    /// The entries it posted.
    async fn entries(&self, ctx: &Context<'_>) -> Result<Vec<JournalEntry>, Error> {
        Ok(self.view(ctx).await?.entries.iter().map(|number| JournalEntry::of_number(*number)).collect())
    }

    /// Every line, parts of zero included. At most 1,000 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn lines(&self, ctx: &Context<'_>, after: Option<String>, first: Option<i32>) -> Result<Connection<AllocationLine>, Error> {
        let size = page_size(first, LARGEST_JOURNAL_PAGE).or_failure(ctx)?;
        let key = after.as_deref().map(|cursor| List::AllocationLines.numbers(cursor)).transpose().or_failure(ctx)?;
        let after_line = key.filter(|(run, _)| *run == self.number).map_or(0, |(_, line)| line);
        let limit = size.saturating_add(1);
        let found = app::lines_of_run(ctx.data::<App>()?, actor(ctx)?, self.number, after_line, limit).await.or_failure(ctx)?;
        Ok(page_of_lines(found, after.is_some(), size))
    }

    /// Computes the run again, from the cost as of `throughEntry`, the drivers and the rules' versions that it kept.
    #[graphql(complexity = "500 * child_complexity")]
    async fn performed_again(&self, ctx: &Context<'_>) -> Result<PerformedAgain, Error> {
        let performed = app::perform_again(ctx.data::<App>()?, actor(ctx)?, self.number).await.or_failure(ctx)?;
        Ok(PerformedAgain { is_same: performed.is_same(), hash: performed.hash, kept_hash: performed.kept_hash })
    }
}

/// One page of lines; one line more than the page tells that there are more.
pub fn page_of_lines(mut found: Vec<app::AllocationLine>, has_previous: bool, size: usize) -> Connection<AllocationLine> {
    let has_next = found.len() > size;
    found.truncate(size);
    let items =
        found.into_iter().map(|line| (List::AllocationLines.cursor(format!("{}:{}", line.run, line.line)), AllocationLine::from(line)));
    connection(items, has_previous, has_next)
}

/// What one receiver got of a pool: the debit of the receiver and the credit of the sender.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct AllocationLine {
    #[graphql(skip)]
    run_number: i64,
    #[graphql(skip)]
    entry: Option<EntryNumber>,
    run: AllocationRun,
    /// From 1 within the run.
    line: i64,
    period: String,
    #[graphql(flatten)]
    traced: TracedLine,
    debit_account: Account,
    credit_account: Account,
    /// What was in the pool.
    pool: Money,
    /// What was spread of it in all.
    allocated: Money,
}

#[ComplexObject]
impl AllocationLine {
    /// The entry that posted it; absent for a part of zero.
    async fn journal_entry(&self, ctx: &Context<'_>) -> Result<Option<JournalEntry>, Error> {
        JournalEntry::referred(ctx, self.entry).await
    }

    /// Lines of earlier steps and runs by which the sender received what it passes on, at most 1,000.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn fed_by(&self, ctx: &Context<'_>) -> Result<Vec<AllocationLine>, Error> {
        let lines = app::fed_by(ctx.data::<App>()?, actor(ctx)?, self.run_number, self.line).await.or_failure(ctx)?;
        Ok(lines.into_iter().map(AllocationLine::from).collect())
    }

    /// Entries whose cost was in the pool, and by them the charges. At most 1,000 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn source_entries(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<JournalEntry>, Error> {
        let size = page_size(first, LARGEST_JOURNAL_PAGE).or_failure(ctx)?;
        let from = after.as_deref().map(|cursor| List::JournalEntries.number(cursor)).transpose().or_failure(ctx)?;
        let (key, from, limit) = ((self.run_number, self.line), EntryNumber(from.unwrap_or(0)), size.saturating_add(1));
        let mut found = app::source_entries(ctx.data::<App>()?, actor(ctx)?, key, from, limit).await.or_failure(ctx)?;
        let has_next = found.len() > size;
        found.truncate(size);
        let items = found.into_iter().map(|number| (List::JournalEntries.cursor(number), JournalEntry::of_number(number)));
        Ok(connection(items, after.is_some(), has_next))
    }
}

impl From<app::AllocationLine> for AllocationLine {
    fn from(line: app::AllocationLine) -> Self {
        Self {
            run_number: line.run,
            entry: line.entry,
            run: AllocationRun::of_number(line.run),
            line: line.line,
            period: line.month.to_string(),
            traced: line.traced.into(),
            debit_account: line.debit_account.into(),
            credit_account: line.credit_account.into(),
            pool: line.pool.into(),
            allocated: line.allocated.into(),
        }
    }
}
