//! From stored entries to the leaves of the tree: canonical text, hash, mark.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use foldhash::HashMap;
use sha2::{Digest, Sha256};

use crate::domain::ids::{BooksId, ChargeNumber, EntryNumber};
use crate::domain::integrity::{Hash, LEAF_PREFIX};
use crate::domain::journal::{BlockNames, EntryHead, EntryKind, EntryLine, Side, write_block, write_entry};
use crate::domain::money::{Amount, Currency};
use crate::domain::period::{Day, Moment};
use crate::store::StoreError;
use crate::store::ledger::{Cell, Ledger, RowExt, Value};

/// SHA-256, as the tree's functions take it.
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

/// The hash of an entry's leaf.
pub fn leaf_hash(canonical: &str) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([LEAF_PREFIX]);
    hasher.update(canonical);
    Hash(hasher.finalize().into())
}

/// The digest under which an entry's canonical text names a coding block.
pub fn block_digest(canonical: &str) -> String {
    STANDARD.encode(Sha256::digest(canonical))
}

/// Coding blocks by their id: the canonical text and its digest.
#[derive(Default)]
pub struct Blocks {
    known: HashMap<i64, (String, String)>,
    through: i64,
}

/// An id that names nothing of its kind is not the same as none. Each name is looked up by its key alone: with a condition on the kind, PostgreSQL
/// without statistics takes the index of names by kind and goes through all of them for each block.
const BLOCKS: &str = "SELECT b.id, \
    (SELECT a.code FROM account a WHERE a.books_id = b.books_id AND a.id = b.account_id), \
    COALESCE((SELECT CASE x.kind WHEN 1 THEN x.code END FROM cost_center x WHERE x.books_id = b.books_id AND x.id = b.team_id), \
             CASE b.team_id WHEN 0 THEN NULL ELSE '(unknown)' END), \
    COALESCE((SELECT CASE x.kind WHEN 2 THEN x.code END FROM cost_center x WHERE x.books_id = b.books_id AND x.id = b.project_id), \
             CASE b.project_id WHEN 0 THEN NULL ELSE '(unknown)' END), \
    COALESCE((SELECT CASE x.kind WHEN 3 THEN x.code END FROM cost_center x WHERE x.books_id = b.books_id AND x.id = b.client_id), \
             CASE b.client_id WHEN 0 THEN NULL ELSE '(unknown)' END), \
    COALESCE((SELECT CASE x.kind WHEN 4 THEN x.name END FROM interned_name x WHERE x.books_id = b.books_id AND x.id = b.feature_id), \
             CASE b.feature_id WHEN 0 THEN NULL ELSE '(unknown)' END), \
    COALESCE((SELECT CASE x.kind WHEN 5 THEN x.name END FROM interned_name x WHERE x.books_id = b.books_id AND x.id = b.provider_id), \
             CASE b.provider_id WHEN 0 THEN NULL ELSE '(unknown)' END), \
    COALESCE((SELECT CASE x.kind WHEN 6 THEN x.name END FROM interned_name x WHERE x.books_id = b.books_id AND x.id = b.model_id), \
             CASE b.model_id WHEN 0 THEN NULL ELSE '(unknown)' END), \
    COALESCE((SELECT CASE x.kind WHEN 7 THEN x.name END FROM interned_name x WHERE x.books_id = b.books_id AND x.id = b.environment_id), \
             CASE b.environment_id WHEN 0 THEN NULL ELSE '(unknown)' END) \
    FROM coding_block b WHERE b.books_id = $1 AND b.id > $2";

impl Blocks {
    /// Reads the blocks that were interned since the last time.
    ///
    /// # Errors
    /// Any database failure.
    pub fn catch_up(&mut self, ledger: &mut Ledger, books: BooksId) -> Result<(), StoreError> {
        let (known, through) = (&mut self.known, &mut self.through);
        let parameters = [Cell::Int(i64::from(books.0)), Cell::Int(*through)];
        ledger.scan(BLOCKS, &parameters, |row| {
            let mut dimensions: [Option<&str>; 7] = [None; 7];
            for (dimension, column) in dimensions.iter_mut().zip(2..) {
                *dimension = row.text_or_none(column)?;
            }
            // An account that is gone is a fault of the books; it gives another digest than the one that was sealed.
            let names = BlockNames { account: row.text_or_none(1)?.unwrap_or_default(), dimensions };
            let mut canonical = String::new();
            write_block(&mut canonical, &names);
            let digest = block_digest(&canonical);
            let id = row.int(0)?;
            known.insert(id, (canonical, digest));
            *through = id.max(*through);
            Ok(())
        })
    }

    /// The last block that is known.
    pub fn through(&self) -> i64 {
        self.through
    }

    /// The digest of a block; of none that is known, no digest at all.
    pub fn digest(&self, block: i64) -> &str {
        self.known.get(&block).map_or("", |known| known.1.as_str())
    }

    /// The canonical text of a block.
    pub fn canonical(&self, block: i64) -> Option<&str> {
        self.known.get(&block).map(|known| known.0.as_str())
    }
}

/// A stored entry as the tree sees it.
pub struct Leaf<'a> {
    pub number: i64,
    pub canonical: &'a str,
    pub hash: Hash,
    /// What was stored beside it when it was sealed.
    pub mark: Option<i64>,
    /// The coding blocks of its postings.
    pub blocks: &'a [i64],
}

const ENTRIES: &str = "SELECT e.number, e.kind, e.effective_on, e.service_on, e.recorded_at, e.charge_id, e.corrects, e.memo, e.mark, \
    p.side, p.amount, p.currency_id, p.block_id FROM journal_entry e \
    LEFT JOIN posting p ON p.books_id = e.books_id AND p.entry_number = e.number \
    WHERE e.books_id = $1 AND e.number >= $2 AND e.number <= $3 ORDER BY e.number, p.line";

/// Gives the entries of these numbers to `each`, in their order.
///
/// # Errors
/// Any database failure, and what `each` returns. What no entry can hold gives a leaf of its own, which no tree has.
pub fn scan_leaves(
    ledger: &mut Ledger,
    books: BooksId,
    blocks: &Blocks,
    numbers: std::ops::RangeInclusive<i64>,
    mut each: impl FnMut(Leaf<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let parameters = [Cell::Int(i64::from(books.0)), Cell::Int(*numbers.start()), Cell::Int(*numbers.end())];
    let mut gathered: Vec<Vec<Value>> = Vec::new();
    let mut text = String::new();
    ledger.scan(ENTRIES, &parameters, |row| {
        let begins = gathered.first().is_some_and(|first| first.first() != row.first());
        if begins {
            finish(&gathered, blocks, &mut text, &mut each)?;
            gathered.clear();
        }
        gathered.push(row.to_vec());
        Ok(())
    })?;
    if gathered.is_empty() { Ok(()) } else { finish(&gathered, blocks, &mut text, &mut each) }
}

fn finish(
    rows: &[Vec<Value>],
    blocks: &Blocks,
    text: &mut String,
    each: &mut impl FnMut(Leaf<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let Some(head) = rows.first() else { return Ok(()) };
    text.clear();
    let number = head.int(0)?;
    if write_rows(rows, blocks, text).is_none() {
        text.clear();
        text.push_str("not an entry");
    }
    let ids = rows.iter().filter_map(|row| row.int_or_none(12).ok().flatten()).collect::<Vec<_>>();
    each(Leaf { number, canonical: text, hash: leaf_hash(text), mark: head.int_or_none(8)?, blocks: &ids })
}

fn write_rows(rows: &[Vec<Value>], blocks: &Blocks, text: &mut String) -> Option<()> {
    let small = |value: i64| i16::try_from(value).ok();
    let day = |value: i64| i32::try_from(value).ok().map(Day);
    let first = rows.first()?;
    let head = EntryHead {
        number: EntryNumber(first.int(0).ok()?),
        kind: EntryKind::from_id(small(first.int(1).ok()?)?)?.as_str(),
        effective_on: day(first.int(2).ok()?)?,
        service_on: match first.int_or_none(3).ok()? {
            Some(value) => Some(day(value)?),
            None => None,
        },
        recorded_at: Moment(first.int(4).ok()?),
        charge: first.int_or_none(5).ok()?.map(ChargeNumber),
        corrects: first.int_or_none(6).ok()?.map(EntryNumber),
        memo: first.text_or_none(7).ok()?,
    };
    let line = |row: &Vec<Value>| {
        Some(EntryLine {
            side: Side::from_id(small(row.int(9).ok()?)?)?,
            amount: Amount::from_units(row.int(10).ok()?),
            currency: Currency::from_id(small(row.int(11).ok()?)?)?,
            block: blocks.digest(row.int(12).ok()?),
        })
    };
    let lines = rows.iter().map(line).collect::<Option<Vec<_>>>()?;
    write_entry(text, &head, lines.into_iter());
    Some(())
}
