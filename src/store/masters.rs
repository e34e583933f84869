//! Masters: chart, cost centers, prices and rules of one set of books, and the books themselves.
//!
//! Reads take one snapshot of all tables. A write holds the lock of the books' head row from its beginning, because it numbers what it adds
//! from the head's counters; its commit raises `masters_version`, by which writers of charges notice that their snapshot is old.

mod books;
mod chart;
mod found;
mod name;
mod period;
mod price;
mod rule;

use std::collections::BTreeSet;

use entity::books_head;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    AccessMode, ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, IsolationLevel, QueryFilter, QuerySelect,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

pub use books::{BooksCreation, books_create, books_id, books_list};
pub use chart::account_code_list;
pub use found::{ChargeKey, FoundBooks, books_found, charge_of_others, first_charge};
pub use name::{name_list, name_list_of_centers};
pub use price::{ModelAlias, alias_list, builtin_price_list, discount_list, known_alias_list};
pub use rule::RuleVersion;

use super::audit::AuditEvent;
use super::{Engine, Store, StoreError};
use crate::domain::attribution::AttributionRule;
use crate::domain::chart::{Account, CostCenter};
use crate::domain::duties::DutyMode;
use crate::domain::ids::{AccountId, BooksId, DiscountId, NameId, PriceId, RuleId};
use crate::domain::labor::LeastPersons;
use crate::domain::manual_journals::Persons;
use crate::domain::period::{Calendar, Moment};
use crate::domain::posting_rules::{PostingRule, ProviderTerms};
use crate::domain::rating::{Discount, Price};

/// Rows of one INSERT: 17 columns of `price` stay far below the 32,766 parameters that SQLite takes, 65,535 on PostgreSQL.
const ROWS_PER_STATEMENT: usize = 500;

/// All masters of one set of books, as they stood at one moment.
#[derive(Debug, Default)]
pub struct MastersRows {
    pub version: i64,
    /// In the order of their codes.
    pub accounts: Vec<Account>,
    /// In the order of kind and code.
    pub centers: Vec<CostCenter>,
    /// Active current versions in the order in which they are tried.
    pub attribution_rules: Vec<AttributionRule>,
    /// In the order in which they are tried.
    pub posting_rules: Vec<PostingRule>,
    pub settlements: Vec<(String, ProviderTerms)>,
    /// In the order of their numbers.
    pub prices: Vec<Price>,
    pub aliases: Vec<ModelAlias>,
    pub discounts: Vec<Discount>,
    pub calendar: Calendar,
    pub least_persons: LeastPersons,
    /// Accounts that charges are booked on.
    pub bearing_accounts: Vec<AccountId>,
}

/// Masters to add or replace. Prices, discounts and rule versions are only ever added.
#[derive(Debug, Default)]
pub struct MastersChange {
    pub accounts: Vec<Account>,
    pub centers: Vec<CostCenter>,
    pub prices: Vec<Price>,
    pub aliases: Vec<ModelAlias>,
    /// With the moment at which each was taken back.
    pub removed_aliases: Vec<(ModelAlias, Moment)>,
    /// With the moment at which each was learned.
    pub discounts: Vec<(Discount, Moment)>,
    pub rule_versions: Vec<RuleVersion>,
    pub posting_rules: Vec<PostingRule>,
    /// Codes of posting rules to take away.
    pub removed_posting_rules: Vec<String>,
    pub settlements: Vec<(String, ProviderTerms)>,
    /// What the audit log says of it, with the moment of the change.
    pub audit: Vec<(AuditEvent, Moment)>,
}

impl MastersChange {
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
            && self.centers.is_empty()
            && self.prices.is_empty()
            && self.aliases.is_empty()
            && self.removed_aliases.is_empty()
            && self.discounts.is_empty()
            && self.rule_versions.is_empty()
            && self.posting_rules.is_empty()
            && self.removed_posting_rules.is_empty()
            && self.settlements.is_empty()
    }
}

/// The counters of the head row that masters are numbered from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Numbers {
    last_name: i64,
    last_price: i64,
    last_rule: i64,
    last_audit: i64,
}

impl Numbers {
    /// # Errors
    /// [`StoreError::Refused`] when the series is used up.
    pub fn next_name(&mut self) -> Result<NameId, StoreError> {
        next(&mut self.last_name).map(NameId)
    }

    /// # Errors
    /// [`StoreError::Refused`] when the series is used up.
    pub fn next_price(&mut self) -> Result<PriceId, StoreError> {
        next(&mut self.last_price).map(PriceId)
    }

    /// Discounts share the series of prices.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the series is used up.
    pub fn next_discount(&mut self) -> Result<DiscountId, StoreError> {
        next(&mut self.last_price).map(DiscountId)
    }

    /// # Errors
    /// [`StoreError::Refused`] when the series is used up.
    pub fn next_rule(&mut self) -> Result<RuleId, StoreError> {
        next(&mut self.last_rule).map(RuleId)
    }
}

fn next(last: &mut i64) -> Result<i32, StoreError> {
    let number = last.checked_add(1).and_then(|number| i32::try_from(number).ok());
    let number = number.ok_or_else(|| StoreError::Refused("a series of numbers is used up".to_owned()))?;
    *last = i64::from(number);
    Ok(number)
}

/// The version of the books' masters: one small read, for noticing that a snapshot is old.
///
/// # Errors
/// Any database failure; [`StoreError::Corrupt`] when there are no such books.
pub async fn masters_version(store: &Store, books: BooksId) -> Result<i64, StoreError> {
    let query = books_head::Entity::find().select_only().column(books_head::Column::MastersVersion);
    let version = query.filter(books_head::Column::BooksId.eq(i64::from(books.0))).into_tuple::<i64>().one(&store.db).await?;
    version.ok_or_else(|| no_head(books))
}

/// Whether the tree has a leaf for every entry. Databases of a program without the tree have none.
///
/// # Errors
/// Any database failure.
pub async fn is_sealed(store: &Store, books: BooksId) -> Result<bool, StoreError> {
    let head = books_head::Entity::find_by_id(i64::from(books.0)).one(&store.db).await?.ok_or_else(|| no_head(books))?;
    Ok(head.tree_size >= head.last_entry)
}

/// Everything, as of one moment.
///
/// # Errors
/// Any database failure; [`StoreError::Corrupt`] for rows that this program did not write.
pub async fn masters_load(store: &Store, books: BooksId) -> Result<MastersRows, StoreError> {
    let mut options = TransactionOptions::default();
    if *store.engine() == Engine::Postgres {
        // All tables as of the first statement; a SQLite transaction is that anyway.
        options.isolation_level = Some(IsolationLevel::RepeatableRead);
        options.access_mode = Some(AccessMode::ReadOnly);
    }
    let transaction = store.db.begin_with_options(options).await?;
    let rows = masters_load_in_tx(&transaction, books).await?;
    transaction.commit().await?;
    Ok(rows)
}

/// Begins a write of masters and takes the lock of the books' head row.
///
/// # Errors
/// [`StoreError::Busy`] when another writer keeps the lock; any other database failure.
pub async fn masters_begin(store: &Store, books: BooksId) -> Result<MastersTransaction, StoreError> {
    let transaction = begin_write(store).await?;
    let head = books_head::Entity::find_by_id(i64::from(books.0)).lock_exclusive().one(&transaction).await?;
    let head = head.ok_or_else(|| no_head(books))?;
    let numbers =
        Numbers { last_name: head.last_name, last_price: head.last_price, last_rule: head.last_rule, last_audit: head.last_audit };
    Ok(MastersTransaction { transaction, books, version: head.masters_version, numbers })
}

async fn begin_write(store: &Store) -> Result<DatabaseTransaction, StoreError> {
    let mut options = TransactionOptions::default();
    if *store.engine() == Engine::Postgres {
        // The head row's lock, not the snapshot, orders the writers of one set of books.
        options.isolation_level = Some(IsolationLevel::ReadCommitted);
    } else {
        options.sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
    }
    Ok(store.db.begin_with_options(options).await?)
}

/// A write of masters under the lock of the books' head row. Dropped without a commit, it leaves nothing behind.
#[derive(Debug)]
pub struct MastersTransaction {
    transaction: DatabaseTransaction,
    books: BooksId,
    version: i64,
    /// Where new masters take their numbers from; stored by the commit.
    pub numbers: Numbers,
}

impl MastersTransaction {
    pub fn books(&self) -> BooksId {
        self.books
    }

    /// The version that the masters have before this write.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Everything, as this write found it.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn load(&self) -> Result<MastersRows, StoreError> {
        masters_load_in_tx(&self.transaction, self.books).await
    }

    /// Accounts that a posting, or a charge that waits for one, is recorded against.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn account_in_use_list(&self) -> Result<BTreeSet<AccountId>, StoreError> {
        chart::account_in_use_list(&self.transaction, self.books).await
    }

    /// # Errors
    /// Any database failure.
    pub async fn discount_list(&self) -> Result<Vec<Discount>, StoreError> {
        price::discount_list_in(&self.transaction, self.books).await
    }

    /// Which of these acts one of the persons did since duties exclude each other in these books; none where they do not.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn excluding_act(&self, persons: &Persons, actions: &'static [&'static str]) -> Result<Option<i64>, StoreError> {
        let (mode, since) = super::journal_limit::mode_in(&self.transaction, self.books).await?;
        if mode == DutyMode::Off {
            return Ok(None);
        }
        let acts = super::duty::Acts { persons, actions, since, object: None };
        super::duty::act_find_in(&self.transaction, self.books, &acts).await
    }

    /// Every alias that the books ever had, those that were taken back included.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn known_alias_list(&self) -> Result<Vec<ModelAlias>, StoreError> {
        price::known_alias_list_in(&self.transaction, self.books).await
    }

    /// Stores the change, the counters and the next version, durably.
    ///
    /// # Errors
    /// Any database failure; nothing is then stored.
    pub async fn commit(self, change: &MastersChange) -> Result<(), StoreError> {
        let (transaction, books) = (&self.transaction, self.books);
        chart::account_save(transaction, books, &change.accounts).await?;
        chart::center_save(transaction, books, &change.centers).await?;
        price::price_insert(transaction, books, &change.prices).await?;
        price::alias_save(transaction, books, &change.aliases).await?;
        price::alias_remove(transaction, books, &change.removed_aliases).await?;
        price::discount_insert(transaction, books, &change.discounts).await?;
        rule::version_insert(transaction, books, &change.rule_versions).await?;
        rule::posting_rule_delete(transaction, books, &change.removed_posting_rules).await?;
        rule::posting_rule_save(transaction, books, &change.posting_rules).await?;
        rule::settlement_save(transaction, books, &change.settlements).await?;
        let last_audit = super::audit::event_insert(transaction, books, self.numbers.last_audit, &change.audit).await?;
        books_head::Entity::update_many()
            .col_expr(books_head::Column::LastName, Expr::value(self.numbers.last_name))
            .col_expr(books_head::Column::LastPrice, Expr::value(self.numbers.last_price))
            .col_expr(books_head::Column::LastRule, Expr::value(self.numbers.last_rule))
            .col_expr(books_head::Column::LastAudit, Expr::value(last_audit))
            .col_expr(books_head::Column::MastersVersion, Expr::value(self.version.saturating_add(1)))
            .filter(books_head::Column::BooksId.eq(i64::from(books.0)))
            .exec(transaction)
            .await?;
        Ok(self.transaction.commit().await?)
    }
}

async fn masters_load_in_tx(transaction: &DatabaseTransaction, books: BooksId) -> Result<MastersRows, StoreError> {
    let head = books_head::Entity::find_by_id(i64::from(books.0)).one(transaction).await?.ok_or_else(|| no_head(books))?;
    Ok(MastersRows {
        version: head.masters_version,
        accounts: chart::account_list(transaction, books).await?,
        centers: chart::center_list(transaction, books).await?,
        attribution_rules: rule::active_list(transaction, books).await?,
        posting_rules: rule::posting_rule_list(transaction, books).await?,
        settlements: rule::settlement_list(transaction, books).await?,
        prices: price::price_list_in(transaction, books, None).await?,
        aliases: price::alias_list_in(transaction, books).await?,
        discounts: price::discount_list_in(transaction, books).await?,
        calendar: period::calendar(transaction, books).await?,
        least_persons: period::least_persons(transaction, books).await?,
        bearing_accounts: chart::bearing_account_list(transaction, books).await?,
    })
}

/// Inserts models in statements of bounded size. `on_conflict` says what happens to keys that exist; without it they are an error.
async fn insert_in_chunks<E, A>(
    transaction: &DatabaseTransaction,
    rows: Vec<E::Model>,
    on_conflict: Option<OnConflict>,
) -> Result<(), StoreError>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = E>,
{
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    loop {
        let chunk: Vec<A> = rows.by_ref().take(ROWS_PER_STATEMENT).collect();
        if chunk.is_empty() {
            return Ok(());
        }
        let mut insert = E::insert_many(chunk);
        if let Some(on_conflict) = &on_conflict {
            insert = insert.on_conflict(on_conflict.clone());
        }
        insert.exec_without_returning(transaction).await?;
    }
}

fn no_head(books: BooksId) -> StoreError {
    StoreError::corrupt(format!("the books {books} have no head row"))
}

/// A stored number as the smaller type that this program writes it from.
fn narrow<T: TryFrom<i64>>(column: &'static str, value: i64) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| StoreError::corrupt(format!("{column} holds {value}")))
}

/// A stored number as one of a closed set.
fn member<T>(column: &'static str, value: i64, from_id: impl Fn(i16) -> Option<T>) -> Result<T, StoreError> {
    i16::try_from(value).ok().and_then(from_id).ok_or_else(|| StoreError::corrupt(format!("{column} holds {value}")))
}

/// A refusal of text that was checked before it was stored.
fn refused(column: &'static str) -> impl Fn(crate::domain::rejection::Rejection) -> StoreError {
    move |rejection| StoreError::corrupt(format!("{column}: {rejection}"))
}
