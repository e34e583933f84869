//! What an address holds, whoever wrote it: asked before anything is created or brought up to date there.

use sea_orm::Value;

use crate::domain::chart::NameKind;
use crate::domain::ids::BooksId;
use crate::store::journal::sql::{column, rows};
use crate::store::{Engine, Store, StoreError};

/// Books of whatever schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundBooks {
    pub id: BooksId,
    pub code: String,
    pub name: String,
}

/// Source and external id of a charge.
pub type ChargeKey = (String, String);

/// The books of a database, in the order of their codes; none where the schema was never made.
///
/// # Errors
/// Any database failure.
pub async fn books_found(store: &Store) -> Result<Vec<FoundBooks>, StoreError> {
    let has_table = match store.engine() {
        Engine::Sqlite { .. } => "SELECT CAST(COUNT(*) AS BIGINT) FROM sqlite_master WHERE type = 'table' AND name = 'books'",
        Engine::Postgres => {
            "SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE tablename = 'books' AND schemaname = ANY (current_schemas(false))"
        }
    };
    let tables = rows(&store.db, has_table.to_owned(), Vec::new()).await?;
    if tables.first().map(|row| column::<i64>(row, 0)).transpose()? != Some(1) {
        return Ok(Vec::new());
    }
    let found = rows(&store.db, "SELECT id, code, name FROM books ORDER BY code".to_owned(), Vec::new()).await?;
    let read = |row: &sea_orm::QueryResult| {
        let id = i32::try_from(column::<i64>(row, 0)?).map_err(|_| StoreError::corrupt("the id of books"))?;
        Ok(FoundBooks { id: BooksId(id), code: column(row, 1)?, name: column(row, 2)? })
    };
    found.iter().map(read).collect()
}

/// The first charge of books.
///
/// # Errors
/// Any database failure.
pub async fn first_charge(store: &Store, books: BooksId) -> Result<Option<ChargeKey>, StoreError> {
    charge_key(store, books, "ORDER BY c.id LIMIT 1").await
}

/// A charge of books that is of none of these sources, or whose external id is not `req_` with sixteen characters behind it.
///
/// # Errors
/// Any database failure.
pub async fn charge_of_others(store: &Store, books: BooksId, sources: [&str; 2]) -> Result<Option<ChargeKey>, StoreError> {
    let [first, second] = sources;
    let condition = format!(
        "AND (n.name NOT IN ('{first}', '{second}') OR LENGTH(c.external_id) <> 20 OR c.external_id NOT LIKE 'req#_%' ESCAPE '#') LIMIT 1"
    );
    charge_key(store, books, &condition).await
}

async fn charge_key(store: &Store, books: BooksId, which: &str) -> Result<Option<ChargeKey>, StoreError> {
    let sql = format!(
        "SELECT n.name, c.external_id FROM charge c JOIN interned_name n ON n.books_id = c.books_id AND n.kind = {} AND n.id = c.source_id \
         WHERE c.books_id = $1 {which}",
        NameKind::Source.id()
    );
    let found = rows(&store.db, sql, vec![Value::from(i64::from(books.0))]).await?;
    found.first().map(|row| Ok((column(row, 0)?, column(row, 1)?))).transpose()
}
