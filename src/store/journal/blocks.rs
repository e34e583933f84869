//! Coding blocks, the names they are made of, and which of them a limited reader sees.

use std::collections::HashMap;

use super::sql::{column, id_list, in_list, one_of, rows};
use crate::domain::chart::CodingBlock;
use crate::domain::ids::{AccountId, BlockId, BooksId, NameId, RuleId};
use crate::store::{Store, StoreError};

/// The cost centers a limited reader sees: a row is visible when its block has one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visible {
    pub teams: Vec<NameId>,
    pub projects: Vec<NameId>,
    pub clients: Vec<NameId>,
}

impl Visible {
    pub fn shows(&self, block: &CodingBlock) -> bool {
        self.teams.contains(&block.team) || self.projects.contains(&block.project) || self.clients.contains(&block.client)
    }

    /// The condition on a coding block named `block` in a statement.
    pub(in crate::store) fn condition(&self, block: &str) -> String {
        let one = |column: &str, ids: &[NameId]| in_list(&format!("{block}.{column}"), ids.iter().map(|id| i64::from(id.0)));
        format!("({} OR {} OR {})", one("team_id", &self.teams), one("project_id", &self.projects), one("client_id", &self.clients))
    }
}

/// The coding blocks of these numbers.
///
/// # Errors
/// Any database failure.
pub async fn blocks(
    store: &Store,
    books: BooksId,
    ids: impl IntoIterator<Item = BlockId>,
) -> Result<HashMap<BlockId, CodingBlock>, StoreError> {
    let condition = one_of(store.db.get_database_backend(), "id", 2);
    let sql = format!(
        "SELECT id, account_id, team_id, project_id, client_id, feature_id, provider_id, model_id, environment_id \
         FROM coding_block WHERE books_id = $1 AND {condition}"
    );
    let values = vec![i64::from(books.0).into(), id_list(ids.into_iter().map(|id| i64::from(id.0)))];
    let mut blocks = HashMap::new();
    for row in rows(&store.db, sql, values).await? {
        let name = |position| Ok::<_, StoreError>(NameId(small(column(&row, position)?)?));
        let block = CodingBlock {
            account: AccountId(small(column(&row, 1)?)?),
            team: name(2)?,
            project: name(3)?,
            client: name(4)?,
            feature: name(5)?,
            provider: name(6)?,
            model: name(7)?,
            environment: name(8)?,
        };
        blocks.insert(BlockId(small(column(&row, 0)?)?), block);
    }
    Ok(blocks)
}

/// The interned names of these numbers; cost centers, which share the numbers, are not among them.
///
/// # Errors
/// Any database failure.
pub async fn names(store: &Store, books: BooksId, ids: impl IntoIterator<Item = NameId>) -> Result<HashMap<NameId, String>, StoreError> {
    let condition = one_of(store.db.get_database_backend(), "id", 2);
    let sql = format!("SELECT id, name FROM interned_name WHERE books_id = $1 AND {condition}");
    let values = vec![i64::from(books.0).into(), id_list(ids.into_iter().map(|id| i64::from(id.0)))];
    let found = rows(&store.db, sql, values).await?;
    found.iter().map(|row| Ok((NameId(small(column(row, 0)?)?), column(row, 1)?))).collect()
}

/// The number of an interned name; `None` when it never appeared.
///
/// # Errors
/// Any database failure.
pub async fn name_id(
    store: &Store,
    books: BooksId,
    kind: crate::domain::chart::NameKind,
    name: &str,
) -> Result<Option<NameId>, StoreError> {
    let sql = "SELECT id FROM interned_name WHERE books_id = $1 AND kind = $2 AND name = $3".to_owned();
    let values = vec![i64::from(books.0).into(), i64::from(kind.id()).into(), name.into()];
    let found = rows(&store.db, sql, values).await?;
    found.first().map(|row| Ok(NameId(small(column(row, 0)?)?))).transpose()
}

/// Codes of attribution rules by the number of their version.
///
/// # Errors
/// Any database failure.
pub async fn rule_codes(
    store: &Store,
    books: BooksId,
    ids: impl IntoIterator<Item = RuleId>,
) -> Result<HashMap<RuleId, String>, StoreError> {
    let condition = one_of(store.db.get_database_backend(), "id", 2);
    let sql = format!("SELECT id, code FROM attribution_rule WHERE books_id = $1 AND {condition}");
    let values = vec![i64::from(books.0).into(), id_list(ids.into_iter().map(|id| i64::from(id.0)))];
    let found = rows(&store.db, sql, values).await?;
    found.iter().map(|row| Ok((RuleId(small(column(row, 0)?)?), column(row, 1)?))).collect()
}

/// A stored number that is an id of 32 bits in the program.
pub(in crate::store) fn small(value: i64) -> Result<i32, StoreError> {
    i32::try_from(value).map_err(|_| StoreError::corrupt(format!("{value} is no id")))
}
