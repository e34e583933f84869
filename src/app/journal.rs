//! Reads of the journal: entries since a cursor, their postings, their reversals. What a limited token does not see is not there.

use std::collections::{BTreeSet, HashMap};

use crate::app::auth::{Actor, Permission};
use crate::app::reports::access::Access;
use crate::app::{App, AppError};
use crate::domain::chart::{Account, CodingBlock, CostCenter};
use crate::domain::ids::{BlockId, EntryNumber, NameId};
use crate::domain::journal::Side;
use crate::domain::labor::LeastPersons;
use crate::domain::money::Money;
use crate::domain::period::{Calendar, Moment};
use crate::store::StoreError;
use crate::store::journal as store;

pub use crate::store::journal::EntryRow as Entry;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Whether the list goes on beyond the last item.
    pub has_next: bool,
}

impl<T> Page<T> {
    /// A page from items of which one more than `first` was asked for.
    pub(in crate::app) fn of(mut items: Vec<T>, first: usize) -> Self {
        let has_next = items.len() > first;
        items.truncate(first);
        Self { items, has_next }
    }
}

/// One line of an entry with its coding block spelled out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingView {
    /// From 1 within the entry.
    pub line: i64,
    pub side: Side,
    pub money: Money,
    pub account: Account,
    pub team: Option<CostCenter>,
    pub project: Option<CostCenter>,
    pub client: Option<CostCenter>,
    pub feature: Option<String>,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub environment: Option<String>,
}

/// A set of books as its readers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BooksView {
    pub code: String,
    pub name: String,
    pub created_at: Moment,
    pub calendar: Calendar,
    pub least_persons: LeastPersons,
}

/// One page of entries after a number, in the order of posting.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn entries(app: &App, actor: &Actor, after: EntryNumber, first: usize) -> Result<Page<Entry>, AppError> {
    let access = Access::to(app, actor, Permission::ReadJournal).await?;
    let limit = u64::try_from(first).unwrap_or(u64::MAX).saturating_add(1);
    let entries = store::entries_after(access.store, access.books_id(), after, limit, access.visible.as_ref()).await?;
    Ok(Page::of(entries, first))
}

/// The entries of these numbers, as far as they exist and are visible.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn entries_by_number(app: &App, actor: &Actor, numbers: &[EntryNumber]) -> Result<HashMap<EntryNumber, Entry>, AppError> {
    let access = Access::to(app, actor, Permission::ReadJournal).await?;
    let entries = store::entries_by_number(access.store, access.books_id(), numbers, access.visible.as_ref()).await?;
    Ok(entries.into_iter().map(|entry| (entry.number, entry)).collect())
}

/// The visible postings of these entries, in the order of their lines.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn postings(app: &App, actor: &Actor, numbers: &[EntryNumber]) -> Result<HashMap<EntryNumber, Vec<PostingView>>, AppError> {
    let access = Access::to(app, actor, Permission::ReadJournal).await?;
    let rows = store::postings_of(access.store, access.books_id(), numbers).await?;
    let directory = Directory::load(&access, rows.iter().map(|row| row.block)).await?;
    let mut postings: HashMap<EntryNumber, Vec<PostingView>> = HashMap::new();
    for row in rows {
        let block = directory.block(row.block)?;
        if access.visible.as_ref().is_some_and(|visible| !visible.shows(&block)) {
            continue;
        }
        let account = access.masters.account_by_id(block.account).cloned();
        let view = PostingView {
            line: row.line,
            side: row.side,
            money: row.money,
            account: account.ok_or_else(|| StoreError::corrupt("a posting names an account that is not in the chart"))?,
            team: access.center(block.team),
            project: access.center(block.project),
            client: access.center(block.client),
            feature: directory.name(block.feature),
            provider: directory.name(block.provider),
            model: directory.name(block.model),
            environment: directory.name(block.environment),
        };
        postings.entry(row.entry).or_default().push(view);
    }
    Ok(postings)
}

/// The reversal of each of these entries that has one.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn reversals(app: &App, actor: &Actor, numbers: &[EntryNumber]) -> Result<HashMap<EntryNumber, EntryNumber>, AppError> {
    let access = Access::to(app, actor, Permission::ReadJournal).await?;
    Ok(store::reversals_of(access.store, access.books_id(), numbers).await?)
}

/// The actor's books. Every token of the books may know their name.
///
/// # Errors
/// [`AppError::NotFound`] or a database failure.
pub async fn books(app: &App, actor: &Actor) -> Result<BooksView, AppError> {
    let books = app.books(actor).await?;
    let (name, created_at) = store::books_name(app.store(), books.id()).await?.ok_or(AppError::NotFound("books"))?;
    let masters = books.refresh_masters(app.store()).await?;
    let (calendar, least_persons) = (masters.calendar, masters.least_persons);
    Ok(BooksView { code: books.code().to_owned(), name, created_at, calendar, least_persons })
}

/// Coding blocks and the interned names in them, loaded for one answer.
pub(in crate::app) struct Directory {
    blocks: HashMap<BlockId, CodingBlock>,
    names: HashMap<NameId, String>,
}

impl Directory {
    pub async fn load(access: &Access<'_>, blocks: impl IntoIterator<Item = BlockId>) -> Result<Self, StoreError> {
        Self::load_with_names(access, blocks, []).await
    }

    /// Also loads names that no block has.
    pub async fn load_with_names(
        access: &Access<'_>,
        blocks: impl IntoIterator<Item = BlockId>,
        more: impl IntoIterator<Item = NameId>,
    ) -> Result<Self, StoreError> {
        let ids: BTreeSet<_> = blocks.into_iter().collect();
        if ids.is_empty() {
            return Ok(Self { blocks: HashMap::new(), names: HashMap::new() });
        }
        let blocks = store::blocks(access.store, access.books_id(), ids).await?;
        let mut names: BTreeSet<NameId> = more.into_iter().collect();
        names.extend(blocks.values().flat_map(|block| [block.feature, block.provider, block.model, block.environment]));
        names.remove(&NameId::NONE);
        let names = if names.is_empty() { HashMap::new() } else { store::names(access.store, access.books_id(), names).await? };
        Ok(Self { blocks, names })
    }

    /// # Errors
    /// [`StoreError::Corrupt`] for a block that was never stored.
    pub fn block(&self, id: BlockId) -> Result<CodingBlock, StoreError> {
        self.blocks.get(&id).copied().ok_or_else(|| StoreError::corrupt(format!("there is no coding block {id}")))
    }

    pub fn name(&self, id: NameId) -> Option<String> {
        self.names.get(&id).cloned()
    }
}
