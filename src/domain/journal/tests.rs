use proptest::prelude::*;

use super::*;
use crate::domain::ids::{BlockId, EntryNumber};
use crate::domain::money::{Amount, Currency};
use crate::domain::period::{Day, PeriodStatus};
use crate::domain::rejection::Code;

const VIEW: View =
    View { last_entry: EntryNumber(41), last_block: BlockId(9), period: PeriodStatus::Open, first_open_day: Day(19_000), is_closer: false };

fn posting(side: Side, units: i64, currency: &str, block: i32) -> Posting {
    Posting { side, amount: Amount::from_units(units), currency: Currency::parse(currency).unwrap(), block: BlockId(block) }
}

fn gate(postings: &[Posting]) -> Result<EntryNumber, Code> {
    let draft = EntryDraft {
        kind: EntryKind::Charge,
        effective_on: Day(20_000),
        service_on: None,
        postings,
        charge: None,
        corrects: None,
        memo: None,
    };
    decide(&VIEW, &draft).map_err(|rejection| rejection.code)
}

#[test]
fn a_balanced_entry_gets_the_next_number() {
    use Side::{Credit, Debit};
    assert_eq!(gate(&[posting(Debit, 5, "USD", 1), posting(Credit, 5, "USD", 2)]), Ok(EntryNumber(42)));
    let two_currencies =
        [posting(Debit, 5, "USD", 1), posting(Credit, 5, "USD", 2), posting(Debit, 7, "EUR", 1), posting(Credit, 7, "EUR", 2)];
    assert_eq!(gate(&two_currencies), Ok(EntryNumber(42)));
}

#[test]
fn the_gate_names_the_first_reason() {
    use Side::{Credit, Debit};
    assert_eq!(gate(&[posting(Debit, 5, "USD", 1)]), Err(Code::EntryTooFewPostings));
    assert_eq!(gate(&[posting(Debit, 0, "USD", 1), posting(Credit, 0, "USD", 2)]), Err(Code::PostingNotPositive));
    assert_eq!(gate(&[posting(Debit, 5, "USD", 1), posting(Credit, 4, "USD", 2)]), Err(Code::EntryUnbalanced));
    assert_eq!(gate(&[posting(Debit, 5, "USD", 1), posting(Credit, 5, "EUR", 2)]), Err(Code::EntryUnbalanced));
    assert_eq!(gate(&[posting(Debit, 5, "USD", 1), posting(Credit, 5, "USD", 10)]), Err(Code::AccountUnknown));
    let many: Vec<_> = (0..=MOST_POSTINGS / 2).flat_map(|_| [posting(Debit, 1, "USD", 1), posting(Credit, 1, "USD", 2)]).collect();
    assert_eq!(gate(&many), Err(Code::TooManyPostings));
}

#[test]
fn the_gate_asks_the_period() {
    use PeriodStatus::{Closed, Future, Locked, Open, SoftClosed};
    let postings = [posting(Side::Debit, 5, "USD", 1), posting(Side::Credit, 5, "USD", 2)];
    let gate = |kind: EntryKind, period: PeriodStatus, is_closer: bool| {
        let draft =
            EntryDraft { kind, effective_on: Day(20_000), service_on: None, postings: &postings, charge: None, corrects: None, memo: None };
        decide(&View { period, is_closer, ..VIEW }, &draft).map_err(|rejection| rejection.code).err()
    };
    for kind in EntryKind::ALL {
        for is_closer in [false, true] {
            assert_eq!(gate(kind, Open, is_closer), None);
            assert_eq!(gate(kind, Closed, is_closer), Some(Code::PeriodClosed));
            assert_eq!(gate(kind, Locked, is_closer), Some(Code::PeriodLocked));
            let is_automatic = matches!(kind, EntryKind::Charge | EntryKind::Rerating | EntryKind::Reclassification);
            assert_eq!(gate(kind, Future, is_closer), (!is_automatic).then_some(Code::PeriodFuture), "{kind:?}");
        }
        let is_new = matches!(kind, EntryKind::Charge | EntryKind::PrepaidPurchase | EntryKind::Labor | EntryKind::Revenue);
        assert_eq!(gate(kind, SoftClosed, false), Some(Code::PeriodSoftClosed));
        assert_eq!(gate(kind, SoftClosed, true), is_new.then_some(Code::PeriodSoftClosed), "{kind:?}");
    }
}

fn entries() -> impl Strategy<Value = Vec<Posting>> {
    let debit = (1_i64..1_000_000_000, 0_usize..2, 1_i32..9);
    proptest::collection::vec(debit, 1..20).prop_map(|debits| {
        let both = debits.into_iter().flat_map(|(units, currency, block)| {
            let currency = ["USD", "JPY"][currency];
            [posting(Side::Debit, units, currency, block), posting(Side::Credit, units, currency, block + 1)]
        });
        both.collect()
    })
}

proptest! {
    #[test]
    fn an_entry_with_one_amount_changed_is_refused(mut postings in entries(), at in 0_usize..1000, by in 1_i64..1000) {
        prop_assert_eq!(gate(&postings), Ok(EntryNumber(42)));
        let at = at % postings.len();
        postings[at].amount = Amount::from_units(postings[at].amount.units() + by);
        prop_assert_eq!(gate(&postings), Err(Code::EntryUnbalanced));
    }

    #[test]
    fn a_reversal_undoes_its_entry_and_passes_the_gate(postings in entries()) {
        let original = JournalEntry { number: EntryNumber(7), kind: EntryKind::Charge, effective_on: Day(20_000), service_on: None, postings: postings.clone(), charge: None, corrects: None, memo: None };
        let view = ReversalView { original: &original, reversed_by: None };
        let mirror = reverse(&view, Day(20_001)).unwrap();
        prop_assert_eq!(gate(&mirror), Ok(EntryNumber(42)));
        for (posting, mirrored) in postings.iter().zip(&mirror) {
            prop_assert_eq!((posting.side.opposite(), posting.amount, posting.currency, posting.block), (mirrored.side, mirrored.amount, mirrored.currency, mirrored.block));
        }
        prop_assert_eq!(reverse(&view, Day(19_999)).unwrap_err().code, Code::ReversalBeforeEntry);
        let again = ReversalView { original: &original, reversed_by: Some(EntryNumber(8)) };
        prop_assert_eq!(reverse(&again, Day(20_001)).unwrap_err().code, Code::AlreadyReversed);
    }
}
