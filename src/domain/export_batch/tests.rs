use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::ids::AccountId;
use crate::domain::period::Month;

const CENT: i128 = 10_000_000;

fn sums(values: &[i128]) -> BTreeMap<usize, i128> {
    values.iter().copied().enumerate().collect()
}

fn key(account: i32) -> Key {
    let none = NameId::NONE;
    let block = CodingBlock {
        account: AccountId(account),
        team: none,
        project: none,
        client: none,
        feature: none,
        provider: none,
        model: none,
        environment: none,
    };
    (Currency::USD, block)
}

/// 0.333, 0.333, 0.334 against 1.00; and the tie of two halves goes to the smaller key.
#[test]
fn golden_roundings() {
    let thirds = with_carry(CENT, &sums(&[3_333_333, 3_333_333, 3_333_334, -10_000_000])).unwrap();
    assert_eq!(thirds.into_values().collect::<Vec<_>>(), [0, 0, 1, -1]);
    let halves = with_carry(CENT, &sums(&[5_000_000, 5_000_000, -10_000_000])).unwrap();
    assert_eq!(halves.into_values().collect::<Vec<_>>(), [1, 0, -1]);
    assert_eq!(with_carry(CENT, &sums(&[1, 2])), Err(Unbalanced));
    assert_eq!(with_carry(CENT, &BTreeMap::<usize, i128>::new()), Ok(BTreeMap::new()));
    assert_eq!([5, 15, -5, -15, 6, -6, 4].map(|sum| half_even(10, sum)), [0, 2, 0, -2, 1, -1, 0]);
}

/// Every world of four keys with sums from -7 to 7 thirds of a unit, both of whose edges are reached.
#[test]
fn every_small_world_is_balanced_and_off_by_less_than_one_unit() {
    let range = -7_i128..=7;
    for first in range.clone() {
        for second in range.clone() {
            for third in range.clone() {
                let sums = sums(&[first, second, third, -first - second - third]);
                let rounded = with_carry(3, &sums).unwrap();
                assert_eq!(rounded.values().sum::<i128>(), 0, "{sums:?}");
                let carries: Vec<i128> = sums.iter().map(|(key, sum)| sum - rounded[key] * 3).collect();
                assert!(carries.iter().all(|carry| carry.abs() < 3), "{sums:?} leave {carries:?}");
                assert_eq!(carries.iter().sum::<i128>(), 0);
                assert!(sums.iter().all(|(key, sum)| sum % 3 != 0 || rounded[key] == sum / 3), "a whole sum stays what it is");
            }
        }
    }
}

/// Ten years of months over sixty keys, pseudo-random movements (SplitMix64) of up to a thousand dollars: nothing drifts.
#[test]
fn in_120_months_nothing_drifts() {
    let mut state = 2_026_u64;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    let (mut carry, mut ledger, mut exported) = (sums(&[0; 60]), sums(&[0; 60]), sums(&[0; 60]));
    let mut worst = 0;
    for month in 0..120 {
        let mut movements: Vec<i128> = (0..59).map(|_| i128::from(next() % 2_000_000_000_000) - 1_000_000_000_000).collect();
        movements.push(-movements.iter().sum::<i128>());
        let due = (0..60).map(|key| (key, carry[&key] + movements[key])).collect();
        let rounded = with_carry(CENT, &due).unwrap();
        assert_eq!(rounded.values().sum::<i128>(), 0, "month {month} balances");
        for (key, minor) in rounded {
            carry.insert(key, due[&key] - minor * CENT);
            *ledger.entry(key).or_default() += movements[key];
            *exported.entry(key).or_default() += minor * CENT;
            let drift = (ledger[&key] - exported[&key]).abs();
            assert!(drift < CENT, "month {month}, key {key} drifts by {drift}");
            assert_eq!(ledger[&key] - exported[&key], carry[&key]);
            worst = worst.max(drift);
        }
        assert_eq!(carry.values().sum::<i128>(), 0, "month {month} carries nothing in all");
    }
    assert!(worst > CENT / 2, "the movements were not even: {worst}");
}

#[test]
fn names_fit_sixteen_characters() {
    let month = Month::parse("2026-01").unwrap();
    let named = |prefix: &str, number: i64| batch_number(&Prefix::parse(prefix).unwrap(), month, number);
    assert_eq!(named("AL", 123).unwrap(), "AL2601-000123", "as all numbers were before targets had prefixes");
    assert_eq!(named("EMEA", 123).unwrap(), "EMEA2601-0123");
    let name = named("USA", 99_999).unwrap();
    assert_eq!(document_number(&name, 1, 1), "USA2601-99999");
    assert_eq!(document_number(&name, MOST_DOCUMENTS, MOST_DOCUMENTS), "USA2601-99999-99");
    for (prefix, largest) in [("AL", 999_999), ("USA", 99_999), ("EMEA", 9_999)] {
        assert_eq!(document_number(&named(prefix, largest).unwrap(), 7, 99).len(), 16);
        assert_eq!(named(prefix, largest + 1).unwrap_err().code, crate::domain::rejection::Code::ExportTooLarge);
    }
    assert!(named("AL", 0).is_err());
    for refused in ["", "A", "al", "ABCDE", "A1", "Ä", "AB "] {
        assert!(Prefix::parse(refused).is_err(), "{refused}");
    }
}

/// Every prefix with every month and number: two targets never give one name, whatever the lengths of their prefixes.
#[test]
fn names_of_other_prefixes_differ() {
    let mut names = std::collections::BTreeSet::new();
    let prefixes = ["AL", "ALA", "ALAL", "AB", "ABA"].map(|prefix| Prefix::parse(prefix).unwrap());
    let derived = [0, 1, 19, 20, 255].map(|byte| Prefix::of_hash([byte; 32]));
    assert_eq!(derived.each_ref().map(Prefix::as_str), ["BBBB", "CCCC", "ZZZZ", "BBBB", "TTTT"]);
    let all: Vec<&Prefix> = prefixes.iter().chain(derived.iter().take(3)).collect();
    for month in ["2026-01", "2026-11", "2101-12"].map(|month| Month::parse(month).unwrap()) {
        for number in [1, 11, 111, 1_111] {
            names.extend(all.iter().map(|prefix| batch_number(prefix, month, number).unwrap()));
        }
    }
    assert_eq!(names.len(), all.len() * 3 * 4);
}

#[test]
fn a_batch_of_too_many_documents_is_refused() {
    let mut rounded: BTreeMap<Key, i128> = (1..=100).map(|account| (key(account), 1)).collect();
    rounded.insert(key(1_000), -100);
    assert_eq!(cut(&rounded, 102).unwrap().len(), 1);
    assert_eq!(cut(&rounded, 2).unwrap_err().code, crate::domain::rejection::Code::ExportTooLarge);
}

proptest! {
    #[test]
    fn rounding_carries_what_it_leaves(values in proptest::collection::vec(-1_000_000_000_000_000_i128..1_000_000_000_000_000, 1..60), unit in 1_i128..100_000_000) {
        let mut values = values;
        values.push(-values.iter().sum::<i128>());
        let sums = sums(&values);
        let rounded = with_carry(unit, &sums).unwrap();
        prop_assert_eq!(rounded.values().sum::<i128>(), 0);
        for (key, sum) in &sums {
            prop_assert!((sum - rounded[key] * unit).abs() < unit);
            prop_assert!((sum - half_even(unit, *sum) * unit).abs() * 2 <= unit);
        }
        // Rounded again, what was carried alone stays carried or comes out, and still balances.
        let carries = sums.iter().map(|(key, sum)| (*key, sum - rounded[key] * unit)).collect();
        let again = with_carry(unit, &carries).unwrap();
        prop_assert!(again.values().all(|minor| minor.abs() <= 1));
    }

    #[test]
    fn every_document_balances(amounts in proptest::collection::vec(-1_000_000_i128..1_000_000, 1..40), most in 2_usize..20) {
        let mut rounded: BTreeMap<Key, i128> = (1..).map(key).zip(amounts.iter().copied()).collect();
        rounded.insert(key(0), -amounts.iter().sum::<i128>());
        if let Ok(documents) = cut(&rounded, most) {
            let mut cut_sums: BTreeMap<Key, i128> = BTreeMap::new();
            for document in &documents {
                prop_assert!(document.lines.len() <= most);
                prop_assert_eq!(document.lines.iter().map(|line| line.minor).sum::<i64>(), 0);
                prop_assert!(document.lines.iter().all(|line| line.minor != 0));
                document.lines.iter().for_each(|line| *cut_sums.entry(line.key).or_default() += i128::from(line.minor));
            }
            rounded.retain(|_, minor| *minor != 0);
            cut_sums.retain(|_, minor| *minor != 0);
            prop_assert_eq!(cut_sums, rounded);
        }
    }
}
