//! The journal as a file that proves itself, and its check without any database.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, Write};

use serde_json::Value;

use super::leaves::{Blocks, block_digest, leaf_hash, scan_leaves, sha256};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::ids::BooksId;
use crate::domain::integrity::{Frontier, TreeHead};
use crate::domain::money::Exact;
use crate::export::jsonl::{Line, read_line, write_block, write_entry, write_head};
use crate::store::ledger::{Cell, Ledger, RowExt};
use crate::store::{Store, StoreError};

/// Writes the whole journal as of one moment, and answers how many entries it has.
///
/// # Errors
/// [`AppError::Forbidden`], also for limited tokens; a database failure; the writer's failure as unavailable.
pub async fn export_jsonl<W: Write + Send + 'static>(app: &App, actor: &Actor, mut out: W) -> Result<u64, AppError> {
    if !actor.may(Permission::Export) || actor.scope.is_some() {
        return Err(AppError::Forbidden(Permission::Export));
    }
    crate::app::duties::begin_export(app, actor, "journal as jsonl".to_owned()).await?;
    let books = app.books(actor).await?;
    app.seal_unsealed(&books).await?;
    let (store, runtime, id, code) = (app.store().clone(), tokio::runtime::Handle::current(), books.id(), books.code().to_owned());
    let work = move || write_journal(&store, runtime, id, &code, &mut out);
    Ok(tokio::task::spawn_blocking(work).await.map_err(|error| AppError::Internal(StoreError::Unavailable(error.to_string())))??)
}

fn write_journal(
    store: &Store,
    runtime: tokio::runtime::Handle,
    books: BooksId,
    code: &str,
    out: &mut impl Write,
) -> Result<u64, StoreError> {
    let failed = |error: std::io::Error| StoreError::Unavailable(format!("the export cannot be written: {error}"));
    let mut ledger = Ledger::open(store, runtime)?;
    ledger.begin_reading()?;
    let head = ledger.rows("SELECT last_entry FROM books_head WHERE books_id = $1", &[Cell::Int(i64::from(books.0))])?;
    let last = head.first().map_or(Ok(0), |row| row.int(0))?;
    let mut blocks = Blocks::default();
    blocks.catch_up(&mut ledger, books)?;
    write_head(out, code, u64::try_from(last).unwrap_or(0)).map_err(failed)?;
    let (mut written, mut entries) = (HashSet::new(), 0);
    scan_leaves(&mut ledger, books, &blocks, 1..=last, |leaf| {
        for block in leaf.blocks {
            if written.insert(*block)
                && let Some(canonical) = blocks.canonical(*block)
            {
                write_block(out, canonical).map_err(failed)?;
            }
        }
        entries += 1;
        write_entry(out, leaf.canonical).map_err(failed)
    })?;
    out.flush().map_err(failed)?;
    ledger.rollback();
    Ok(entries)
}

/// What the check of a file found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportCheck {
    pub tree: TreeHead,
    /// The root of the first so many entries, where the checkpoint is of fewer than the file has.
    pub at_checkpoint: Option<TreeHead>,
    pub faults: Vec<String>,
}

/// Faults listed; a broken file can have millions.
const MOST_FAULTS: usize = 20;

/// Reads a file of [`export_jsonl`], recomputes every leaf and the root, and looks at numbering, balance and coding blocks.
/// `size` is that of the checkpoint it will be held against.
///
/// # Errors
/// The reader's failure. What does not hold is in the answer.
pub fn check_export(input: impl BufRead, size: u64) -> std::io::Result<ExportCheck> {
    let mut check = Checker { frontier: Frontier::default(), digests: HashSet::new(), at_checkpoint: None, faults: Vec::new(), size };
    let mut stated = None;
    for (line, position) in input.lines().zip(1_u64..) {
        match read_line(&line?) {
            Some(Line::Head(head)) if position == 1 => {
                stated = serde_json::from_str::<Value>(head).ok().and_then(|head| head.get("entries")?.as_u64());
            }
            Some(Line::Block(canonical)) => {
                check.digests.insert(block_digest(canonical));
            }
            Some(Line::Entry(canonical)) => check.entry(canonical),
            _ => check.fault(format!("line {position} is not part of an exported journal")),
        }
    }
    let entries = check.frontier.size();
    if stated != Some(entries) {
        check.fault(format!("the first line does not say that there are {entries} entries"));
    }
    let tree = TreeHead { size: entries, root: check.frontier.root(sha256) };
    Ok(ExportCheck { tree, at_checkpoint: check.at_checkpoint, faults: check.faults })
}

struct Checker {
    frontier: Frontier,
    digests: HashSet<String>,
    at_checkpoint: Option<TreeHead>,
    faults: Vec<String>,
    size: u64,
}

impl Checker {
    fn fault(&mut self, fault: String) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        }
    }

    fn entry(&mut self, canonical: &str) {
        let number = self.frontier.size() + 1;
        let parsed: Option<Vec<Value>> = serde_json::from_str(canonical).ok();
        match parsed {
            Some(parsed) if parsed.get(1).and_then(Value::as_u64) == Some(number) => self.postings(number, &parsed),
            Some(_) => self.fault(format!("entry {number} is missing, or another stands in its place")),
            None => self.fault(format!("entry {number} cannot be read")),
        }
        self.frontier.push(sha256, leaf_hash(canonical), |_, _, _| {});
        if number == self.size {
            self.at_checkpoint = Some(TreeHead { size: number, root: self.frontier.root(sha256) });
        }
    }

    fn postings(&mut self, number: u64, entry: &[Value]) {
        let mut nets: BTreeMap<String, Option<Exact>> = BTreeMap::new();
        let postings = entry.last().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for posting in postings {
            let text = |position: usize| posting.get(position).and_then(Value::as_str).unwrap_or_default();
            let amount = Exact::parse(text(1)).ok();
            let signed = if text(0) == "C" { amount.and_then(|amount| Exact::ZERO.checked_sub(amount)) } else { amount };
            let net = nets.entry(text(2).to_owned()).or_insert(Some(Exact::ZERO));
            *net = (*net).zip(signed).and_then(|(net, signed)| net.checked_add(signed));
            if !self.digests.contains(text(3)) {
                self.fault(format!("a posting of entry {number} names a coding block that the file does not have"));
            }
        }
        let is_balanced = nets.values().all(|net| net.is_some_and(|net| net.mantissa() == 0));
        if postings.len() < 2 || !is_balanced {
            self.fault(format!("entry {number} does not balance"));
        }
    }
}
