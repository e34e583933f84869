//! The one gate: every entry, whatever made it, is accepted or refused here, inside the transaction that stores it.

use super::{EntryDraft, MOST_POSTINGS, Posting, Side};
use crate::domain::ids::{BlockId, EntryNumber};
use crate::domain::money::Currency;
use crate::domain::money::limits::LARGEST_BALANCE;
use crate::domain::period::{Day, PeriodStatus};
use crate::domain::rejection::{Code, Rejection};

/// What the gate sees of the books, read under their lock.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// The last number given out.
    pub last_entry: EntryNumber,
    /// The last coding block interned.
    pub last_block: BlockId,
    /// The state of the period that the entry is dated in.
    pub period: PeriodStatus,
    /// The first day that takes every entry: where a refused one may go.
    pub first_open_day: Day,
    /// Whether the person behind the entry closes periods.
    pub is_closer: bool,
}

/// Accepts an entry and gives it the next number, or says the first reason why not.
///
/// Checks run in the fixed order structural, context, references, limits. Idempotency was decided before the draft was made, under the same lock.
///
/// # Errors
/// `ENTRY_TOO_FEW_POSTINGS`, `POSTING_NOT_POSITIVE`, `ENTRY_UNBALANCED`, `PERIOD_CLOSED`, `PERIOD_LOCKED`, `PERIOD_SOFT_CLOSED`,
/// `PERIOD_FUTURE`, `ACCOUNT_UNKNOWN`, `TOO_MANY_POSTINGS`, `LEDGER_OVERFLOW`.
pub fn decide(view: &View, draft: &EntryDraft<'_>) -> Result<EntryNumber, Rejection> {
    if draft.postings.len() < 2 {
        return Err(Rejection::of(Code::EntryTooFewPostings).under("postings"));
    }
    if let Some(position) = draft.postings.iter().position(|posting| !posting.amount.is_positive()) {
        return Err(Rejection::of(Code::PostingNotPositive).under("amount").under(position.to_string()).under("postings"));
    }
    if let Some(currency) = unbalanced_currency(draft.postings) {
        return Err(Rejection::at(Code::EntryUnbalanced, "postings", format!("debits and credits differ in {currency}")));
    }
    check_period(view, draft)?;
    if let Some(position) = draft.postings.iter().position(|posting| posting.block.0 <= 0 || posting.block > view.last_block) {
        return Err(Rejection::of(Code::AccountUnknown).under("account").under(position.to_string()).under("postings"));
    }
    if draft.postings.len() > MOST_POSTINGS {
        return Err(Rejection::of(Code::TooManyPostings).under("postings"));
    }
    if draft.postings.len() > 2 && debits(draft.postings) > i128::from(LARGEST_BALANCE) {
        let message = "the debits of the entry are more than the ledger holds together: split the entry";
        return Err(Rejection::at(Code::LedgerOverflow, "postings", message));
    }
    view.last_entry.0.checked_add(1).map(EntryNumber).ok_or_else(|| Rejection::of(Code::LedgerOverflow))
}

/// The debits of all currencies together: the database adds an entry up without telling them apart before it looks closer.
fn debits(postings: &[Posting]) -> i128 {
    postings.iter().filter(|posting| posting.side == Side::Debit).map(|posting| i128::from(posting.amount.units())).sum()
}

/// Whether the period takes the entry. Charges and corrections that the program dates itself never come here with a closed day.
fn check_period(view: &View, draft: &EntryDraft<'_>) -> Result<(), Rejection> {
    let code = match view.period {
        PeriodStatus::Open => return Ok(()),
        // A charge may be dated two days ahead of our clock; a month that begins meanwhile takes it.
        PeriodStatus::Future if draft.kind.is_automatic() => return Ok(()),
        PeriodStatus::SoftClosed if view.is_closer && draft.kind.is_adjusting() => return Ok(()),
        PeriodStatus::Future => Code::PeriodFuture,
        PeriodStatus::SoftClosed => Code::PeriodSoftClosed,
        PeriodStatus::Closed => Code::PeriodClosed,
        PeriodStatus::Locked => Code::PeriodLocked,
    };
    let (month, status) = (draft.effective_on.month(), view.period.as_str());
    let message = match view.period {
        PeriodStatus::Future => format!("{month} is {status}: it has not begun"),
        _ => format!("{month} is {status}: the first open day is {}", view.first_open_day),
    };
    Err(Rejection::at(code, "effectiveOn", message))
}

/// The first currency in which debits and credits differ. Sums are 128 bits wide, so they cannot overflow.
fn unbalanced_currency(postings: &[Posting]) -> Option<Currency> {
    let net = |currency: Currency| {
        postings.iter().filter(|posting| posting.currency == currency).fold(0_i128, |net, posting| match posting.side {
            Side::Debit => net + i128::from(posting.amount.units()),
            Side::Credit => net - i128::from(posting.amount.units()),
        })
    };
    let first = postings.first()?.currency;
    if postings.iter().all(|posting| posting.currency == first) {
        return (net(first) != 0).then_some(first);
    }
    let currencies: std::collections::BTreeSet<Currency> = postings.iter().map(|posting| posting.currency).collect();
    currencies.into_iter().find(|currency| net(*currency) != 0)
}
