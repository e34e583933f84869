//! Journal entries and postings.

use std::sync::Arc;

use async_graphql::{Context, Error, Object, SimpleObject};
use tokio::sync::OnceCell;

use super::charge::Charge;
use super::enums::{EntryKind, Side};
use super::journal_drafts::JournalDraft;
use super::masters::{Account, CostCenter};
use super::money::Money;
use crate::app::AppError;
use crate::app::journal::{Entry, PostingView};
use crate::domain::ids::EntryNumber;
use crate::graphql::error::{actor, failure};
use crate::graphql::loaders::{DraftKey, EntryKey, PostingsKey, ReversalKey, load};
use crate::graphql::scalars::{BigInt, Date, DateTime};

/// One dated, balanced, immutable set of postings.
pub struct JournalEntry {
    number: EntryNumber,
    entry: OnceCell<Arc<Entry>>,
}

impl JournalEntry {
    /// An entry known by its number, such as from a receipt; the rest is read when it is asked for.
    pub fn of_number(number: EntryNumber) -> Self {
        Self { number, entry: OnceCell::new() }
    }

    /// An entry that another row refers to: absent when a token limited to cost centers sees none of its postings.
    ///
    /// # Errors
    /// `FORBIDDEN` or a database failure.
    pub async fn referred(ctx: &Context<'_>, number: Option<EntryNumber>) -> Result<Option<Self>, Error> {
        let Some(number) = number else { return Ok(None) };
        if actor(ctx)?.scope.is_none() {
            return Ok(Some(Self::of_number(number)));
        }
        let entry = load(ctx, EntryKey(number)).await?;
        Ok(entry.map(|entry| Self { number, entry: OnceCell::new_with(Some(entry)) }))
    }

    async fn entry(&self, ctx: &Context<'_>) -> Result<&Arc<Entry>, Error> {
        self.entry
            .get_or_try_init(|| async {
                load(ctx, EntryKey(self.number)).await?.ok_or_else(|| failure(ctx, &AppError::NotFound("the journal entry")))
            })
            .await
    }
}

impl From<Entry> for JournalEntry {
    fn from(entry: Entry) -> Self {
        Self { number: entry.number, entry: OnceCell::new_with(Some(Arc::new(entry))) }
    }
}

/// One dated, balanced, immutable set of postings.
#[Object]
impl JournalEntry {
    /// Gapless within the books, in the order of posting.
    async fn number(&self) -> BigInt {
        self.number.0.into()
    }

    /// The accounting day it belongs to.
    async fn effective_on(&self, ctx: &Context<'_>) -> Result<Date, Error> {
        Ok(self.entry(ctx).await?.effective_on.into())
    }

    /// The day that the service was rendered on, when the entry is dated in a later period: that one was closed, or a person chose the later day.
    async fn service_on(&self, ctx: &Context<'_>) -> Result<Option<Date>, Error> {
        Ok(self.entry(ctx).await?.service_on.map(Date::from))
    }

    /// Whether it books what belongs to an earlier period, in the first period that was open.
    async fn is_prior_period(&self, ctx: &Context<'_>) -> Result<bool, Error> {
        let entry = self.entry(ctx).await?;
        Ok(entry.service_on.is_some_and(|day| day < entry.effective_on))
    }

    /// When the books learned it.
    async fn recorded_at(&self, ctx: &Context<'_>) -> Result<DateTime, Error> {
        Ok(self.entry(ctx).await?.recorded_at.into())
    }

    /// Why it was made.
    async fn kind(&self, ctx: &Context<'_>) -> Result<EntryKind, Error> {
        Ok(self.entry(ctx).await?.kind.into())
    }

    /// The reason that was given.
    async fn memo(&self, ctx: &Context<'_>) -> Result<Option<String>, Error> {
        Ok(self.entry(ctx).await?.memo.clone())
    }

    /// The entry that this one mirrors, when it is a reversal.
    async fn reverses(&self, ctx: &Context<'_>) -> Result<Option<JournalEntry>, Error> {
        let entry = self.entry(ctx).await?;
        let is_reversal = entry.kind == crate::domain::journal::EntryKind::Reversal;
        Self::referred(ctx, entry.corrects.filter(|_| is_reversal)).await
    }

    /// The entry that this one corrects or mirrors.
    async fn corrects(&self, ctx: &Context<'_>) -> Result<Option<JournalEntry>, Error> {
        let corrects = self.entry(ctx).await?.corrects;
        Self::referred(ctx, corrects).await
    }

    /// The entry that mirrors this one.
    async fn reversed_by(&self, ctx: &Context<'_>) -> Result<Option<JournalEntry>, Error> {
        let reversal = load(ctx, ReversalKey(self.number)).await?;
        Self::referred(ctx, reversal).await
    }

    /// The draft that it was posted from, with its preparer and approvers, when it was made by hand.
    async fn draft(&self, ctx: &Context<'_>) -> Result<Option<JournalDraft>, Error> {
        let is_by_hand =
            matches!(self.entry(ctx).await?.kind, crate::domain::journal::EntryKind::Manual | crate::domain::journal::EntryKind::WriteOff);
        if !is_by_hand || actor(ctx)?.scope.is_some() {
            return Ok(None);
        }
        Ok(load(ctx, DraftKey(self.number)).await?.map(JournalDraft))
    }

    /// The charge that it books or corrects.
    async fn charge(&self, ctx: &Context<'_>) -> Result<Option<Charge>, Error> {
        let Some(number) = self.entry(ctx).await?.charge else { return Ok(None) };
        Charge::load(ctx, number).await
    }

    /// In the order of their lines. A token limited to cost centers gets the lines it sees.
    #[graphql(complexity = "2 * child_complexity + 1")]
    async fn postings(&self, ctx: &Context<'_>) -> Result<Vec<Posting>, Error> {
        let postings = load(ctx, PostingsKey(self.number)).await?;
        Ok(postings.map(|postings| postings.iter().cloned().map(Posting::from).collect()).unwrap_or_default())
    }
}

/// One line of an entry: an account, a side, and an amount above zero.
#[derive(Debug, Clone, SimpleObject)]
pub struct Posting {
    /// From 1 within the entry.
    line: i32,
    side: Side,
    amount: Money,
    account: Account,
    team: Option<CostCenter>,
    project: Option<CostCenter>,
    client: Option<CostCenter>,
    feature: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    environment: Option<String>,
}

impl From<PostingView> for Posting {
    fn from(posting: PostingView) -> Self {
        let PostingView { line, side, money, account, team, project, client, feature, provider, model, environment } = posting;
        Self {
            line: i32::try_from(line).unwrap_or(i32::MAX),
            side: side.into(),
            amount: money.into(),
            account: account.into(),
            team: team.map(CostCenter::from),
            project: project.map(CostCenter::from),
            client: client.map(CostCenter::from),
            feature,
            provider,
            model,
            environment,
        }
    }
}
