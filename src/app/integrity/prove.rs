//! Use cases: the state of the tree, proofs from it, checkpoints of it.

use super::leaves::{Blocks, scan_leaves, sha256};
use super::note::{SigningKey, checkpoint_body};
use super::tree::{StoredNodes, restore, stored};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::ids::BooksId;
use crate::domain::integrity::{Hash, TreeHead, consistency_proof, inclusion_proof, root_at};
use crate::domain::period::Moment;
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::ledger::{Cell, Ledger, RowExt};
use crate::store::rows;

/// The tree over the posted entries, and what was last signed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integrity {
    pub head: TreeHead,
    /// The latest signed checkpoint; where none was signed, the unsigned text of now.
    pub checkpoint: String,
    pub is_signed: bool,
}

/// That an entry is in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    pub tree: TreeHead,
    /// From 0: the entry's number less one.
    pub leaf_index: u64,
    pub leaf: Hash,
    /// What the leaf is the hash of.
    pub canonical: String,
    /// From the leaf's neighbour upwards.
    pub path: Vec<Hash>,
}

/// That a tree begins with a smaller one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    pub first: TreeHead,
    pub second: TreeHead,
    pub path: Vec<Hash>,
}

/// The tree as of now. Entries of an older program are sealed first.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn integrity(app: &App, actor: &Actor) -> Result<Integrity, AppError> {
    let books_code = actor.books.clone();
    read(app, actor, move |reader| {
        let head = reader.head()?;
        let sql = "SELECT note FROM checkpoint WHERE books_id = $1 ORDER BY size DESC LIMIT 1";
        let notes = reader.ledger.rows(sql, &[Cell::Int(i64::from(reader.books.0))])?;
        let signed = notes.first().map(|row| row.text(0).map(str::to_owned)).transpose()?;
        let is_signed = signed.is_some();
        let checkpoint = signed.unwrap_or_else(|| checkpoint_body(&format!("tallybook/{books_code}"), &head));
        Ok(Integrity { head, checkpoint, is_signed })
    })
    .await
}

/// The proof that an entry is in the tree of `size` entries, or of all.
///
/// # Errors
/// `ENTRY_NOT_FOUND`, `RANGE_INVALID`; [`AppError::Forbidden`] also for limited tokens, because the entry is shown whole.
pub async fn prove_inclusion(app: &App, actor: &Actor, entry: i64, size: Option<i64>) -> Result<Inclusion, AppError> {
    unlimited(actor)?;
    read(app, actor, move |reader| {
        let all = reader.head()?.size;
        let size = within("treeSize", size, all)?;
        let index = u64::try_from(entry).ok().and_then(|entry| entry.checked_sub(1)).filter(|index| *index < size);
        let index = index.ok_or_else(|| Rejection::of(Code::EntryNotFound).under("entry"))?;
        let mut found = None;
        scan_leaves(&mut reader.ledger, reader.books, &reader.blocks, entry..=entry, |leaf| {
            found = Some((leaf.hash, leaf.canonical.to_owned()));
            Ok(())
        })?;
        let (leaf, canonical) = found.ok_or_else(|| StoreError::corrupt(format!("entry {entry} is missing")))?;
        let mut nodes = reader.nodes();
        let path = inclusion_proof(sha256, &mut nodes, index, size)?;
        let root = root_at(sha256, &mut nodes, size)?;
        Ok(Inclusion { tree: TreeHead { size, root }, leaf_index: index, leaf, canonical, path })
    })
    .await
}

/// The proof that the tree of `to` entries, or of all, begins with that of `from`.
///
/// # Errors
/// `RANGE_INVALID`; [`AppError::Forbidden`].
pub async fn prove_consistency(app: &App, actor: &Actor, from: i64, to: Option<i64>) -> Result<Consistency, AppError> {
    unlimited(actor)?;
    read(app, actor, move |reader| {
        let second = within("to", to, reader.head()?.size)?;
        let first = within("from", Some(from), second)?;
        let mut nodes = reader.nodes();
        let path = consistency_proof(sha256, &mut nodes, first, second)?;
        let (first_root, second_root) = (root_at(sha256, &mut nodes, first)?, root_at(sha256, &mut nodes, second)?);
        Ok(Consistency { first: TreeHead { size: first, root: first_root }, second: TreeHead { size: second, root: second_root }, path })
    })
    .await
}

/// Signs the tree of now and keeps the checkpoint. The same tree is signed once.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn sign_checkpoint(app: &App, actor: &Actor, key: SigningKey) -> Result<String, AppError> {
    if !actor.may(Permission::AdminBooks) {
        return Err(AppError::Forbidden(Permission::AdminBooks));
    }
    let books = app.books(actor).await?;
    let now = Moment::from_instant(app.clock().now());
    let actor = actor.clone();
    let work = move |session: &mut crate::app::posting::Session| {
        let head = session.tree_head();
        let note = key.sign(&head);
        let (books, size) = (Cell::Int(i64::from(session.books.0)), Cell::Int(stored(head.size)));
        let root = head.root.to_string();
        let row = [books, size, Cell::Text(&root), Cell::Int(now.0), Cell::Text(&note)];
        session.ledger.insert(&rows::CHECKPOINT, std::iter::once(row))?;
        let change = crate::app::audit::Change {
            action: "checkpoint.sign",
            object: format!("tree of {} entries", head.size),
            after: Some(serde_json::json!({ "size": head.size.to_string(), "root": root })),
            ..Default::default()
        };
        session.audit(crate::app::audit::event(&actor, change));
        let kept = session.ledger.rows("SELECT note FROM checkpoint WHERE books_id = $1 AND size = $2", &[books, size])?;
        Ok(kept.first().map(|row| row.text(0).map(str::to_owned)).transpose()?.unwrap_or(note))
    };
    books.desk().run(now, work).await
}

fn unlimited(actor: &Actor) -> Result<(), AppError> {
    if actor.scope.is_some() { Err(AppError::Forbidden(Permission::ReadJournal)) } else { Ok(()) }
}

/// A size above zero and at most `all`; without one, all.
fn within(field: &'static str, size: Option<i64>, all: u64) -> Result<u64, Rejection> {
    let Some(size) = size else { return Ok(all) };
    let found = u64::try_from(size).ok().filter(|size| (1..=all).contains(size));
    found.ok_or_else(|| Rejection::at(Code::RangeInvalid, field, format!("`{field}` is between 1 and {all}, the entries there are")))
}

/// A read of one moment, off the runtime's threads.
struct Reader {
    ledger: Ledger,
    books: BooksId,
    blocks: Blocks,
}

impl Reader {
    fn head(&mut self) -> Result<TreeHead, StoreError> {
        let sql = "SELECT tree_size, tree_peaks FROM books_head WHERE books_id = $1";
        let rows = self.ledger.rows(sql, &[Cell::Int(i64::from(self.books.0))])?;
        let row = rows.first().ok_or_else(|| StoreError::corrupt("the books have no head row"))?;
        let frontier = restore(row.int(0)?, row.text(1)?)?;
        Ok(TreeHead { size: frontier.size(), root: frontier.root(sha256) })
    }

    fn nodes(&mut self) -> StoredNodes<'_> {
        StoredNodes { ledger: &mut self.ledger, books: self.books, blocks: &self.blocks }
    }
}

async fn read<T: Send + 'static>(
    app: &App,
    actor: &Actor,
    work: impl FnOnce(&mut Reader) -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    if !actor.may(Permission::ReadJournal) {
        return Err(AppError::Forbidden(Permission::ReadJournal));
    }
    let books = app.books(actor).await?;
    app.seal_unsealed(&books).await?;
    let (store, runtime, id) = (app.store().clone(), tokio::runtime::Handle::current(), books.id());
    let work = move || {
        let mut ledger = Ledger::open(&store, runtime)?;
        ledger.begin_reading()?;
        let mut blocks = Blocks::default();
        blocks.catch_up(&mut ledger, id)?;
        let mut reader = Reader { ledger, books: id, blocks };
        let answer = work(&mut reader);
        reader.ledger.rollback();
        answer
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| AppError::Internal(StoreError::Unavailable(error.to_string())))?
}
