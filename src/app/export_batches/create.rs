//! Making a batch: which entries it takes, and the command around it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::freeze::{Taken, freeze};
use super::read::BatchView;
use super::targets::{by_code, versioned};
use super::{Done, KIND};
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::periods::renew;
use crate::app::posting::Session;
use crate::app::posting::command::{self, Once};
use crate::app::{App, AppError};
use crate::domain::duties::Duty;
use crate::domain::export_batch::{MOST_KEYS, windows};
use crate::domain::journal::EntryKind;
use crate::domain::period::Month;
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::export_batch::{
    EntryRange, Sums, TargetRow, Window, entry_sums, month_sums, rejected_list, supersede, taken_sums, target_at, version_list, window_list,
};

/// Which entries are exported to whom.
#[derive(Debug, Clone)]
pub struct CreateInput {
    pub idempotency_key: String,
    pub target: String,
    pub period: Month,
    /// All when empty.
    pub kinds: Vec<EntryKind>,
}

/// What a creation is remembered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Created {
    batch: i64,
}

/// Takes every entry of the period that no live batch of the target has, sums them by account and exported dimensions, and freezes the result.
///
/// # Errors
/// `Forbidden`; `EXPORT_TARGET_UNKNOWN`, `NOTHING_TO_EXPORT`, `DUTIES_EXCLUDED`, `IDEMPOTENCY_CONFLICT`, `EXPORT_TOO_LARGE`, and what the format
/// refuses; any database failure.
pub async fn create_export_batch(app: &App, actor: &Actor, input: CreateInput) -> Result<Done<BatchView>, AppError> {
    let mut kinds = input.kinds.clone();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.len() == EntryKind::ALL.len() {
        kinds.clear();
    }
    let names: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let content = json!([input.target, input.period.0, names]);
    let once = Once { operation: "createExportBatch", key: input.idempotency_key.clone(), content, checked: Ok(()) };
    let who = actor.clone();
    let work = move |session: &mut Session| create_in_tx(session, &who, &input.target, input.period, kinds);
    let done = command::once_as(app, actor, Permission::DeliverExports, once, work).await?;
    let batch = super::read::must(app, actor, done.receipt.batch).await?;
    Ok(Done { receipt: batch, is_replayed: done.is_replayed })
}

fn create_in_tx(session: &mut Session, actor: &Actor, target: &str, month: Month, kinds: Vec<EntryKind>) -> Result<Created, AppError> {
    session.check_duty(actor, Duty::Exporting, None)?;
    let target = by_code(&mut session.ledger, session.books, target)?;
    let asked = if kinds.is_empty() { EntryKind::ALL.to_vec() } else { kinds.clone() };
    let windows = free_windows(session, &target, month, &asked)?;
    let sums = taken(session, &target, month, kinds.is_empty(), &windows)?;
    if sums.values().all(|(debit, credit)| *debit == 0 && *credit == 0) {
        let message = format!("every entry of {month} is in a live batch of `{}` already", target.code);
        return Err(Rejection::at(Code::NothingToExport, "period", message).into());
    }
    if sums.len() > MOST_KEYS {
        let message = format!("the batch would have more than {MOST_KEYS} sums: export fewer dimensions, or fewer kinds at a time");
        return Err(Rejection::at(Code::ExportTooLarge, "target", message).into());
    }
    let target = versioned(session, target, &actor.subject)?;
    let superseded = rejected_list(&mut session.ledger, session.books, target.id, month, &asked)?;
    let batch = freeze(session, actor, Taken { target: &target, month, kinds, windows: &windows, sums: &sums })?;
    supersede(&mut session.ledger, session.books, &superseded, batch.id)?;
    renew(session, month, KIND)?;
    let after = json!({
        "id": batch.id, "externalNumber": batch.external_number, "throughEntry": batch.through_entry.0, "contentHash": batch.content_hash,
        "supersedes": superseded,
    });
    let object = format!("export batch {} {}", target.code, batch.number);
    session.audit(audit::event(actor, Change { action: "exportBatch.create", object, after: Some(after), ..Change::default() }));
    Ok(Created { batch: batch.id })
}

/// The ranges of entry numbers of each kind that no live batch took.
fn free_windows(session: &mut Session, target: &TargetRow, month: Month, kinds: &[EntryKind]) -> Result<Vec<Window>, StoreError> {
    let mut live: BTreeMap<EntryKind, Vec<(i64, i64)>> = BTreeMap::new();
    for window in window_list(&mut session.ledger, session.books, target.id, month)? {
        live.entry(window.kind).or_default().push((window.after, window.through));
    }
    let last = session.head.last_entry;
    let of_kind = |kind: &EntryKind| {
        let free = windows::free(live.get(kind).map_or(&[], Vec::as_slice), last);
        free.into_iter().map(|(after, through)| Window { kind: *kind, after, through }).collect::<Vec<_>>()
    };
    Ok(kinds.iter().flat_map(of_kind).collect())
}

/// The sums of the entries in the windows.
///
/// A batch of all kinds completes the month, so what it takes is what the balances have less what live batches took; no entry is read. That
/// holds while the same dimensions are exported as before; otherwise, and for some kinds alone, the entries are summed in one pass.
fn taken(session: &mut Session, target: &TargetRow, month: Month, is_all: bool, windows: &[Window]) -> Result<Sums, AppError> {
    let dimensions = target.target.dimensions();
    let limit = MOST_KEYS.saturating_add(1);
    let mut same_dimensions = true;
    for version in version_list(&mut session.ledger, session.books, target.id, month)? {
        let version = target_at(&mut session.ledger, session.books, target.id, version)?;
        same_dimensions &= version.target.dimensions() == dimensions;
    }
    if is_all && same_dimensions {
        let mut sums = month_sums(&mut session.ledger, session.books, month, &dimensions, limit)?;
        for (key, (debit, credit)) in taken_sums(&mut session.ledger, session.books, target.id, month, &dimensions)? {
            let sum = sums.entry(key).or_default();
            let left = sum.0.checked_sub(debit).zip(sum.1.checked_sub(credit)).filter(|left| left.0 >= 0 && left.1 >= 0);
            *sum = left.ok_or_else(|| StoreError::corrupt("a batch took more than the month has: run `tallybook verify`"))?;
        }
        sums.retain(|_, sum| *sum != (0, 0));
        return Ok(sums);
    }
    let mut ranges: BTreeMap<(i64, i64), Vec<EntryKind>> = BTreeMap::new();
    for window in windows {
        ranges.entry((window.after, window.through)).or_default().push(window.kind);
    }
    let mut sums = Sums::new();
    for ((after, through), kinds) in ranges {
        let range = EntryRange { month, kinds: &kinds, after, through };
        for (key, (debit, credit)) in entry_sums(&mut session.ledger, session.books, range, &dimensions, limit)? {
            let sum = sums.entry(key).or_default();
            let added = sum.0.checked_add(debit).zip(sum.1.checked_add(credit));
            *sum = added.ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
        }
    }
    Ok(sums)
}
