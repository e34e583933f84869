//! Entries and postings: numbering, balance, sealing, reversals.

use std::collections::{BTreeMap, HashMap};

use super::{Check, Verifier, currency, narrow};
use crate::domain::ids::BlockId;
use crate::domain::journal::{EntryKind, Side};
use crate::domain::money::{Amount, Currency};
use crate::domain::period::Day;
use crate::domain::report::Totals;
use crate::store::StoreError;
use crate::store::ledger::{RowExt, Value};

/// One entry with its postings, as read.
#[derive(Default)]
struct Entry {
    number: i64,
    kind: i64,
    effective_on: i32,
    corrects: Option<i64>,
    posting_count: i64,
    /// (line, side, amount, currency, block)
    postings: Vec<(i64, i64, i64, i64, i64)>,
}

struct Checks {
    gapless: Check,
    balanced: Check,
    coded: Check,
    reversals: Check,
    expected: i64,
    /// Postings of reversals, to be held against the entries they name.
    mirrors: HashMap<i64, Entry>,
    postings: u64,
}

impl Verifier<'_> {
    pub(super) fn check_journal(&mut self) -> Result<Vec<Check>, StoreError> {
        let mut checks = Checks {
            gapless: Check::new("entry numbers are gapless and end at the head"),
            balanced: Check::new("every entry has its postings and balances per currency"),
            coded: Check::new("every posting names a known coding block and account"),
            reversals: Check::new("every reversal mirrors its entry, once"),
            expected: 1,
            mirrors: HashMap::new(),
            postings: 0,
        };
        self.pass_over_entries(&mut checks)?;
        let last = checks.expected - 1;
        let head = self.last_entry;
        checks.gapless.expect(last == head, || format!("the last entry is {last}, the head says {head}"));
        self.check_reversals(&mut checks)?;
        let stored = self.ledger.rows("SELECT count(*) FROM posting WHERE books_id = $1", &self.key())?;
        let stored = stored.first().map_or(Ok(0), |row| row.int(0))?;
        let orphans = u64::try_from(stored).unwrap_or(0).saturating_sub(checks.postings);
        checks.balanced.expect(orphans == 0, || format!("{orphans} postings belong to no entry"));
        Ok(vec![checks.gapless, checks.balanced, checks.coded, checks.reversals])
    }

    fn pass_over_entries(&mut self, checks: &mut Checks) -> Result<(), StoreError> {
        let sql = "SELECT e.number, e.kind, e.effective_on, e.corrects, e.posting_count, p.line, p.side, p.amount, p.currency_id, p.block_id \
                   FROM journal_entry e LEFT JOIN posting p ON p.books_id = e.books_id AND p.entry_number = e.number \
                   WHERE e.books_id = $1 ORDER BY e.number, p.line";
        let mut current: Option<Entry> = None;
        let key = self.key();
        let (codings, masters, recomputed, days) = (&self.codings, &self.masters, &mut self.recomputed, &mut self.entry_days);
        let mut finish = |entry: Entry, checks: &mut Checks| -> Result<(), StoreError> {
            check_entry(&entry, checks);
            days.entry(Day(entry.effective_on)).or_insert((entry.number, entry.number)).1 = entry.number;
            for (line, side, amount, currency_id, block) in &entry.postings {
                let block = BlockId(narrow(*block)?);
                let account = codings.get(&block).and_then(|coding| masters.account_by_id(coding.account));
                checks.coded.expect(account.is_some(), || {
                    format!("entry {} line {line}: coding block {block} or its account is unknown", entry.number)
                });
                let side = i16::try_from(*side)
                    .ok()
                    .and_then(Side::from_id)
                    .ok_or_else(|| StoreError::corrupt(format!("entry {}: side {side}", entry.number)))?;
                let sum = recomputed.entry((block, Day(entry.effective_on), currency(*currency_id)?)).or_default();
                *sum = sum
                    .checked_add(Totals::of_posting(side, Amount::from_units(*amount)))
                    .ok_or_else(|| StoreError::corrupt("a recomputed balance overflows"))?;
            }
            if entry.kind == i64::from(EntryKind::Reversal.id()) {
                checks.mirrors.insert(entry.number, entry);
            }
            Ok(())
        };
        self.ledger.scan(sql, &key, |row| {
            let number = row.int(0)?;
            if current.as_ref().is_none_or(|entry| entry.number != number)
                && let Some(done) = current.replace(entry_of(row)?)
            {
                finish(done, checks)?;
            }
            if let (Some(entry), Some(line)) = (&mut current, row.int_or_none(5)?) {
                entry.postings.push((line, row.int(6)?, row.int(7)?, row.int(8)?, row.int(9)?));
            }
            Ok(())
        })?;
        current.map_or(Ok(()), |entry| finish(entry, checks))
    }

    fn check_reversals(&mut self, checks: &mut Checks) -> Result<(), StoreError> {
        let mut mirrors: Vec<Entry> = std::mem::take(&mut checks.mirrors).into_values().collect();
        mirrors.sort_by_key(|entry| entry.number);
        let mut reversed = BTreeMap::new();
        for mirror in mirrors {
            let Some(original) = mirror.corrects else {
                checks.reversals.expect(false, || format!("reversal {} names no entry", mirror.number));
                continue;
            };
            if let Some(earlier) = reversed.insert(original, mirror.number) {
                checks.reversals.fault(|| format!("entry {original} is reversed by {earlier} and again by {}", mirror.number));
            }
            let key = [self.key()[0], crate::store::ledger::Cell::Int(original)];
            let rows = self.ledger.rows(
                "SELECT line, side, amount, currency_id, block_id FROM posting WHERE books_id = $1 AND entry_number = $2 ORDER BY line",
                &key,
            )?;
            let expected: Vec<_> = rows
                .iter()
                .map(|row| Ok((row.int(0)?, 3 - row.int(1)?, row.int(2)?, row.int(3)?, row.int(4)?)))
                .collect::<Result<_, StoreError>>()?;
            checks
                .reversals
                .expect(expected == mirror.postings, || format!("reversal {} is not the mirror of entry {original}", mirror.number));
        }
        Ok(())
    }
}

fn entry_of(row: &[Value]) -> Result<Entry, StoreError> {
    Ok(Entry {
        number: row.int(0)?,
        kind: row.int(1)?,
        effective_on: narrow(row.int(2)?)?,
        corrects: row.int_or_none(3)?,
        posting_count: row.int(4)?,
        postings: Vec::with_capacity(2),
    })
}

fn check_entry(entry: &Entry, checks: &mut Checks) {
    let expected = checks.expected;
    checks.gapless.expect(entry.number == expected, || format!("entry {expected} is missing: the next one is {}", entry.number));
    checks.expected = entry.number + 1;
    checks.postings += u64::try_from(entry.postings.len()).unwrap_or(0);
    let is_whole = i64::try_from(entry.postings.len()) == Ok(entry.posting_count)
        && entry.postings.iter().zip(1..).all(|(posting, line)| posting.0 == line)
        && entry.posting_count >= 2;
    let mut net: BTreeMap<i64, i128> = BTreeMap::new();
    for (_, side, amount, currency, _) in &entry.postings {
        let signed = if *side == i64::from(Side::Debit.id()) { i128::from(*amount) } else { -i128::from(*amount) };
        *net.entry(*currency).or_default() += signed;
    }
    let off: Vec<String> = net
        .iter()
        .filter(|(_, net)| **net != 0)
        .map(|(id, net)| format!("{net} units of {}", i16::try_from(*id).ok().and_then(Currency::from_id).map_or("?", Currency::code)))
        .collect();
    checks.balanced.expect(is_whole && off.is_empty(), || {
        if off.is_empty() {
            format!("entry {} has {} postings, sealed with {}", entry.number, entry.postings.len(), entry.posting_count)
        } else {
            format!("entry {} is off by {}", entry.number, off.join(", "))
        }
    });
}
