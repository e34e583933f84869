//! Export batches: every entry is in one live batch of a target at most, and a batch is what its entries sum to, rounded, and frozen.

use std::collections::{BTreeMap, HashMap};

use super::{Check, Verifier, currency, narrow};
use crate::app::export_batches::content_hash;
use crate::domain::chart::{CodingBlock, well_known};
use crate::domain::export_batch::{Key, RoundingPolicy, masked, units_per_minor};
use crate::domain::ids::BlockId;
use crate::domain::period::Day;
use crate::domain::report::SpendDimension;
use crate::store::StoreError;
use crate::store::export_batch::{BatchFilter, BatchRow, Sums, batch_list, batch_sums, carry_list, line_list, target_at};
use crate::store::ledger::RowExt;

/// A window of a batch, live or released.
struct Taken {
    batch: i64,
    after: i64,
    through: i64,
}

/// By period and kind.
type Windows = HashMap<(i64, i64), Vec<Taken>>;

struct Checks {
    windows: Check,
    sums: Check,
    rounding: Check,
    lines: Check,
    carry: Check,
    numbers: Check,
}

impl Verifier<'_> {
    pub(super) fn check_exports(&mut self) -> Result<Vec<Check>, StoreError> {
        let mut checks = Checks {
            windows: Check::new("every entry is in one live export batch of a target at most"),
            sums: Check::new("every export batch took what its entries sum to"),
            rounding: Check::new("every export batch is rounded by less than a minor unit"),
            lines: Check::new("every export batch is what was frozen, and its documents balance"),
            carry: Check::new("what is carried to the next export batch is what live ones left"),
            numbers: Check::new("export batches are numbered without gaps"),
        };
        let everything = BatchFilter::Page { target: "", after: 0, limit: i64::MAX };
        let batches = batch_list(self.ledger, self.books, everything)?;
        if !batches.is_empty() {
            let windows = self.export_windows(&mut checks.windows)?;
            let mut taken = self.entries_of_batches(&batches, &windows)?;
            let mut carries: BTreeMap<(i64, Key), i128> = BTreeMap::new();
            let mut numbers: BTreeMap<i64, i64> = BTreeMap::new();
            for batch in &batches {
                let expected = numbers.entry(batch.target_id).or_default();
                *expected = expected.saturating_add(1);
                checks
                    .numbers
                    .expect(batch.number == *expected, || format!("batch {} {} follows {}", batch.target, batch.number, *expected - 1));
                self.check_batch(batch, taken.remove(&batch.id).unwrap_or_default(), &mut checks, &mut carries)?;
            }
            for target in numbers.into_keys() {
                for (key, units) in carry_list(self.ledger, self.books, target)? {
                    let due = carries.remove(&(target, key)).unwrap_or_default();
                    checks
                        .carry
                        .expect(due == i128::from(units), || format!("target {target} carries {units} units for {key:?}, not {due}"));
                }
            }
            carries.retain(|_, due| *due != 0);
            checks.carry.expect(carries.is_empty(), || format!("{} keys should carry something and do not", carries.len()));
        }
        let Checks { windows, sums, rounding, lines, carry, numbers } = checks;
        Ok(vec![windows, sums, rounding, lines, carry, numbers])
    }

    fn export_windows(&mut self, check: &mut Check) -> Result<Windows, StoreError> {
        let sql = "SELECT period, kind, target_id, batch_id, after_entry, through_entry, released FROM export_window WHERE books_id = $1 \
                   ORDER BY target_id, period, kind, after_entry";
        let mut windows = Windows::new();
        let mut last: Option<((i64, i64, i64), i64)> = None;
        let key = self.key();
        self.ledger.scan(sql, &key, |row| {
            let lane = (row.int(2)?, row.int(0)?, row.int(1)?);
            let (target, period, kind) = lane;
            let taken = Taken { batch: row.int(3)?, after: row.int(4)?, through: row.int(5)? };
            if row.int(6)? == 0 {
                let overlaps = last.is_some_and(|(before, through)| before == lane && taken.after < through);
                let after = taken.after;
                check.expect(!overlaps, || {
                    format!("target {target}, period {period}, kind {kind}: entries after {after} are in two live batches")
                });
                last = Some((lane, taken.through));
            }
            windows.entry((period, kind)).or_default().push(taken);
            Ok(())
        })?;
        Ok(windows)
    }

    /// The sums of the entries in the windows of each batch, from the postings.
    fn entries_of_batches(&mut self, batches: &[BatchRow], windows: &Windows) -> Result<HashMap<i64, Sums>, StoreError> {
        let mut dimensions: HashMap<i64, Vec<SpendDimension>> = HashMap::new();
        for batch in batches {
            let target = target_at(self.ledger, self.books, batch.target_id, batch.target_version)?.target;
            dimensions.insert(batch.id, target.dimensions());
        }
        let sql = "SELECT e.number, e.kind, e.effective_on, p.block_id, p.currency_id, p.side, p.amount FROM journal_entry e \
                   JOIN posting p ON p.books_id = e.books_id AND p.entry_number = e.number WHERE e.books_id = $1";
        let (key, codings) = (self.key(), &self.codings);
        let mut taken: HashMap<i64, Sums> = HashMap::new();
        self.ledger.scan(sql, &key, |row| {
            let (number, month) = (row.int(0)?, Day(narrow(row.int(2)?)?).month());
            let Some(windows) = windows.get(&(i64::from(month.0), row.int(1)?)) else { return Ok(()) };
            let block = BlockId(narrow(row.int(3)?)?);
            let coding: &CodingBlock = codings.get(&block).ok_or_else(|| StoreError::corrupt(format!("coding block {block}")))?;
            let (currency, amount) = (currency(row.int(4)?)?, row.int(6)?);
            for window in windows.iter().filter(|window| window.after < number && number <= window.through) {
                let exported = dimensions.get(&window.batch).map_or(&[][..], Vec::as_slice);
                let sum = taken.entry(window.batch).or_default().entry((currency, masked(*coding, exported))).or_default();
                let side = if row.int(5)? == 1 { &mut sum.0 } else { &mut sum.1 };
                *side = side.checked_add(amount).ok_or_else(|| StoreError::corrupt("an export batch exceeds what the ledger holds"))?;
            }
            Ok(())
        })?;
        Ok(taken)
    }

    fn check_batch(
        &mut self,
        batch: &BatchRow,
        entries: Sums,
        checks: &mut Checks,
        carries: &mut BTreeMap<(i64, Key), i128>,
    ) -> Result<(), StoreError> {
        let name = || format!("batch {} {}", batch.target, batch.number);
        let (mut sums, rounded) = batch_sums(self.ledger, self.books, batch.id)?;
        sums.retain(|_, sum| *sum != (0, 0));
        checks.sums.expect(sums == entries, || format!("{} took other amounts than the entries of its windows", name()));
        let rounding_account = self.masters.account(well_known::ROUNDING).map(|account| account.id);
        let is_live = batch.answer.as_ref().is_none_or(|answer| !answer.is_rejected);
        let mut left_sums = BTreeMap::<_, i128>::new();
        for (key, (carried, exported)) in &rounded {
            let (debit, credit) = sums.get(key).copied().unwrap_or_default();
            let movement = i128::from(debit) - i128::from(credit);
            let unit = units_per_minor(key.0);
            let added = movement - i128::from(*exported) * unit;
            let left = i128::from(*carried) + added;
            *left_sums.entry(key.0).or_default() += left;
            let takes_differences = batch.rounding == RoundingPolicy::RoundingLine && rounding_account == Some(key.1.account);
            if !takes_differences {
                checks.rounding.expect(left.abs() < unit, || format!("{} leaves {left} units of {key:?}", name()));
            }
            if is_live && batch.rounding == RoundingPolicy::Carry {
                *carries.entry((batch.target_id, *key)).or_default() += added;
            }
        }
        checks.rounding.expect(left_sums.values().all(|left| *left == 0), || format!("{} leaves an unbalanced carry", name()));
        self.check_lines(batch, &rounded, &mut checks.lines)
    }

    fn check_lines(&mut self, batch: &BatchRow, rounded: &BTreeMap<Key, (i64, i64)>, check: &mut Check) -> Result<(), StoreError> {
        let name = || format!("batch {} {}", batch.target, batch.number);
        let lines = line_list(self.ledger, self.books, batch.id)?;
        let mut documents: BTreeMap<_, i128> = BTreeMap::new();
        let mut by_key: BTreeMap<Key, i128> = BTreeMap::new();
        for line in &lines {
            *documents.entry((line.document, line.key.0)).or_default() += i128::from(line.minor);
            *by_key.entry(line.key).or_default() += i128::from(line.minor);
        }
        check.expect(documents.values().all(|sum| *sum == 0), || format!("a document of {} does not balance", name()));
        let are_sums = rounded.iter().all(|(key, (_, exported))| by_key.get(key).copied().unwrap_or_default() == i128::from(*exported));
        check.expect(are_sums, || format!("the lines of {} are not its sums", name()));
        let hash = content_hash(&self.masters, batch, &lines)?;
        check.expect(hash == batch.content_hash, || format!("{} was changed after it was frozen", name()));
        Ok(())
    }
}
