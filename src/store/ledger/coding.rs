//! Coding blocks as they are stored.

use super::{Cell, Ledger, RowExt};
use crate::domain::chart::CodingBlock;
use crate::domain::ids::{AccountId, BlockId, BooksId, NameId};
use crate::store::StoreError;

const BLOCKS: &str = "SELECT id, account_id, team_id, project_id, client_id, feature_id, provider_id, model_id, environment_id \
    FROM coding_block WHERE books_id = $1 AND id > $2 ORDER BY id";

impl Ledger {
    /// Gives the coding blocks after `last` to `each`, in the order of their ids.
    ///
    /// # Errors
    /// Any database failure; [`StoreError::Corrupt`] when a stored id is no id.
    pub fn coding_blocks(&mut self, books: BooksId, last: i64, mut each: impl FnMut(BlockId, CodingBlock)) -> Result<(), StoreError> {
        self.scan(BLOCKS, &[Cell::Int(i64::from(books.0)), Cell::Int(last)], |row| {
            let id = |column| {
                let id = row.int(column)?;
                i32::try_from(id).map_err(|_| StoreError::corrupt(format!("{id} is no id")))
            };
            let name = |column| id(column).map(NameId);
            let coding = CodingBlock {
                account: AccountId(id(1)?),
                team: name(2)?,
                project: name(3)?,
                client: name(4)?,
                feature: name(5)?,
                provider: name(6)?,
                model: name(7)?,
                environment: name(8)?,
            };
            each(BlockId(id(0)?), coding);
            Ok(())
        })
    }
}
