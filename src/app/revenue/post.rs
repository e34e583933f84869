//! Books parts of revenue.

use crate::app::AppError;
use crate::app::posting::Session;
use crate::app::posting::command::Lines;
use crate::domain::ids::EntryNumber;
use crate::domain::journal::{EntryDraft, EntryKind};
use crate::domain::rejection::Code;
use crate::store::revenue::DuePart;

/// Posts a part: Dr 1150 on the client / Cr 4000, the other way round below zero. Dated on the part's day, or on the first open day when its
/// period is closed.
pub(super) fn post(session: &mut Session, due: &DuePart) -> Result<(i64, i64, EntryNumber), AppError> {
    let mut lines = Lines::default();
    lines.pair(due.receivable_block, due.block, due.money)?;
    let effective_on = session.booking_day(due.earned_on);
    let draft = EntryDraft {
        kind: EntryKind::Revenue,
        effective_on,
        service_on: (effective_on != due.earned_on).then_some(due.earned_on),
        postings: lines.postings(),
        charge: None,
        corrects: None,
        memo: due.memo.as_deref(),
    };
    // What is taken back names no entry: it corrects what was recorded before.
    let entry = if due.money.amount.is_positive() { session.post(&draft) } else { session.correct(&draft) };
    let entry = entry.map_err(|error| error.placed(Code::LedgerOverflow, "amount"))?;
    Ok((due.revenue, due.part, entry))
}
