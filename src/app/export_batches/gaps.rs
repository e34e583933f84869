//! What of a month no other finance system has: entries that no live batch took, and batches that nobody took out.

use std::collections::BTreeMap;

use crate::domain::export_batch::{BatchStatus, windows};
use crate::domain::ids::BooksId;
use crate::domain::journal::EntryKind;
use crate::domain::period::Month;
use crate::store::StoreError;
use crate::store::export_batch::{
    BatchFilter, EntryRange, TargetRow, batch_list, entries_exist, entry_numbers_of_month, kinds_taken, target_list, window_list,
};
use crate::store::ledger::Ledger;

/// What one target lacks of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGap {
    pub target: String,
    pub has_untaken_entries: bool,
    /// Numbers of batches that are frozen, and neither delivered nor answered.
    pub undelivered: Vec<String>,
}

/// How many targets the books have, saved or used, and which of them lack something of the month. A target that only ever took some kinds of
/// entries is asked for those.
///
/// # Errors
/// Any database failure.
pub fn target_gaps(ledger: &mut Ledger, books: BooksId, month: Month) -> Result<(usize, Vec<TargetGap>), StoreError> {
    let targets = target_list(ledger, books)?;
    let mut undelivered: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for batch in batch_list(ledger, books, BatchFilter::Month(month))? {
        if batch.status() == BatchStatus::Frozen {
            undelivered.entry(batch.target_id).or_default().push(batch.external_number);
        }
    }
    let mut gaps = Vec::new();
    for target in &targets {
        let gap = TargetGap {
            target: target.code.clone(),
            has_untaken_entries: has_untaken_entries(ledger, books, target, month)?,
            undelivered: undelivered.remove(&target.id).unwrap_or_default(),
        };
        if gap.has_untaken_entries || !gap.undelivered.is_empty() {
            gaps.push(gap);
        }
    }
    Ok((targets.len(), gaps))
}

fn has_untaken_entries(ledger: &mut Ledger, books: BooksId, target: &TargetRow, month: Month) -> Result<bool, StoreError> {
    let Some((first, last)) = entry_numbers_of_month(ledger, books, month)? else { return Ok(false) };
    let mut live: BTreeMap<EntryKind, Vec<(i64, i64)>> = BTreeMap::new();
    for window in window_list(ledger, books, target.id, month)? {
        live.entry(window.kind).or_default().push((window.after, window.through));
    }
    let mut ranges: BTreeMap<(i64, i64), Vec<EntryKind>> = BTreeMap::new();
    for kind in kinds_taken(ledger, books, target.id)?.unwrap_or_else(|| EntryKind::ALL.to_vec()) {
        for (after, through) in windows::free(live.get(&kind).map_or(&[], Vec::as_slice), last) {
            ranges.entry((after.max(first.saturating_sub(1)), through)).or_default().push(kind);
        }
    }
    for ((after, through), kinds) in ranges.into_iter().filter(|((after, through), _)| after < through) {
        if entries_exist(ledger, books, EntryRange { month, kinds: &kinds, after, through })? {
            return Ok(true);
        }
    }
    Ok(false)
}
