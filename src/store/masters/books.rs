//! The books and their head row.

use entity::{books, books_head};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use super::{MastersTransaction, Numbers, begin_write, narrow};
use crate::domain::ids::BooksId;
use crate::domain::labor::LeastPersons;
use crate::domain::period::Moment;
use crate::store::{Engine, Store, StoreError};

/// What became of a wish for books.
#[derive(Debug)]
pub enum BooksCreation {
    /// Books of this code are there, with whatever they hold.
    Exists(BooksId),
    /// New and empty: nobody sees them before the transaction is committed with their first masters.
    New(MastersTransaction),
}

/// The books of this code.
///
/// # Errors
/// Any database failure.
pub async fn books_id(store: &Store, code: &str) -> Result<Option<BooksId>, StoreError> {
    books_by_code(&store.db, code).await
}

/// Code and name of all books, in the order of their codes.
///
/// # Errors
/// Any database failure.
pub async fn books_list(store: &Store) -> Result<Vec<(BooksId, String, String)>, StoreError> {
    let rows = books::Entity::find().order_by_asc(books::Column::Code).all(&store.db).await?;
    rows.into_iter().map(|row| Ok((BooksId(narrow("books.id", row.id)?), row.code, row.name))).collect()
}

/// Begins books of this code, unless there are. Processes that create books at the same time take turns.
///
/// # Errors
/// Any database failure.
pub async fn books_create(store: &Store, code: &str, name: &str, created_at: Moment) -> Result<BooksCreation, StoreError> {
    if let Some(books) = books_id(store, code).await? {
        return Ok(BooksCreation::Exists(books));
    }
    let transaction = begin_write(store).await?;
    if *store.engine() == Engine::Postgres {
        // Conflicts with itself and with inserts, not with readers. SQLite's write lock is taken already.
        transaction.execute_unprepared("LOCK TABLE books IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    if let Some(books) = books_by_code(&transaction, code).await? {
        return Ok(BooksCreation::Exists(books));
    }
    let last = books::Entity::find()
        .select_only()
        .column_as(books::Column::Id.max(), "last")
        .into_tuple::<Option<i64>>()
        .one(&transaction)
        .await?;
    let id = last.flatten().unwrap_or(0).saturating_add(1);
    let row = books::Model {
        id,
        code: code.to_owned(),
        name: name.to_owned(),
        created_at: created_at.0,
        time_zone: "UTC".to_owned(),
        fiscal_year_start: 1,
        reporting_currency_id: None,
        rate_days: 7,
        least_persons: LeastPersons::default().get(),
    };
    row.into_active_model().insert(&transaction).await?;
    let head = books_head::Model {
        books_id: id,
        last_charge: 0,
        last_entry: 0,
        last_block: 0,
        last_name: 0,
        last_price: 0,
        last_rule: 0,
        masters_version: 0,
        last_audit: 0,
        tree_size: 0,
        tree_peaks: String::new(),
    };
    head.into_active_model().insert(&transaction).await?;
    let books = BooksId(narrow("books.id", id)?);
    Ok(BooksCreation::New(MastersTransaction { transaction, books, version: 0, numbers: Numbers::default() }))
}
async fn books_by_code(db: &impl ConnectionTrait, code: &str) -> Result<Option<BooksId>, StoreError> {
    let row = books::Entity::find().filter(books::Column::Code.eq(code)).one(db).await?;
    row.map(|row| narrow("books.id", row.id).map(BooksId)).transpose()
}
