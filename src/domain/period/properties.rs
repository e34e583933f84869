//! Properties of zones, fiscal years and the states of months.

use proptest::prelude::*;

use super::*;

fn day(text: &str) -> Day {
    Day::from_date(text.parse().unwrap())
}

fn moment(text: &str) -> Moment {
    Moment::from_instant(text.parse().unwrap())
}

#[test]
fn a_moment_falls_on_the_day_that_the_zone_shows() {
    let berlin = Zone::parse("Europe/Berlin").unwrap();
    assert_eq!(berlin.day_of(moment("2026-01-31T23:30:00Z")), day("2026-02-01"));
    assert_eq!(berlin.day_of(moment("2026-01-31T22:59:59Z")), day("2026-01-31"));
    // In summer the same midnight comes an hour earlier in UTC.
    assert_eq!(berlin.day_of(moment("2026-06-30T22:30:00Z")), day("2026-07-01"));
    assert_eq!(Zone::parse("America/Los_Angeles").unwrap().day_of(moment("2026-02-01T07:59:00Z")), day("2026-01-31"));
    assert_eq!(Zone::UTC.day_of(moment("2026-01-31T23:30:00Z")), day("2026-01-31"));
    assert_eq!(Zone::parse("Mars/Olympus").unwrap_err().code, Code::TimeZoneUnknown);
}

#[test]
fn a_day_begins_at_midnight_or_where_the_gap_ends() {
    let start = |zone: &str, date: &str| Zone::parse(zone).unwrap().start_of(day(date)).to_instant().to_rfc3339();
    assert_eq!(start("Europe/Berlin", "2026-02-01"), "2026-01-31T23:00:00+00:00");
    // Beirut put its clocks from 00:00 to 01:00 on this day.
    assert_eq!(start("Asia/Beirut", "2022-03-27"), "2022-03-26T22:00:00+00:00");
    assert_eq!(start("UTC", "2026-02-01"), "2026-02-01T00:00:00+00:00");
}

#[test]
fn fiscal_years_are_named_by_the_year_in_which_they_end() {
    let month = |text: &str| Month::parse(text).unwrap();
    let april = FiscalYearStart::new(4).unwrap();
    assert_eq!((april.year_of(month("2026-03")), april.year_of(month("2026-04"))), (2026, 2027));
    assert_eq!(april.first_month(2027), month("2026-04"));
    assert_eq!(FiscalYearStart::JANUARY.year_of(month("2026-12")), 2026);
    assert_eq!(FiscalYearStart::JANUARY.first_month(2026), month("2026-01"));
    assert!(FiscalYearStart::new(0).is_err() && FiscalYearStart::new(13).is_err());
}

#[test]
fn a_period_is_year_and_month() {
    assert_eq!(Month::parse("2026-01").unwrap().last_day(), day("2026-01-31"));
    assert_eq!(Month::parse("2024-02").unwrap().last_day(), day("2024-02-29"));
    for wrong in ["", "2026", "2026-13", "2026-1", "26-01", "2026-01-01", "2026/01", "1969-12", "+026-01", "2026-0\u{661}"] {
        assert_eq!(Month::parse(wrong).unwrap_err().code, Code::DateInvalid, "{wrong}");
    }
}

/// Zones with and without summer time, on both hemispheres, with gaps at midnight, half hours and both edges of the calendar.
const ZONES: [&str; 14] = [
    "UTC",
    "Europe/Berlin",
    "Europe/Lisbon",
    "America/New_York",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "America/Asuncion",
    "America/Havana",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
];

/// Days from 2015 to 2037, the range of charges and a little more.
fn days() -> impl Strategy<Value = i32> {
    16_436..24_800_i32
}

proptest! {
    #[test]
    fn a_day_begins_once_and_ends_where_the_next_begins(zone in 0..ZONES.len(), number in days(), part in 0_i64..1_000_000) {
        let zone = Zone::parse(ZONES[zone]).unwrap();
        let today = Day(number);
        let (start, end) = (zone.start_of(today), zone.start_of(today.next()));
        prop_assert!((20..=27).contains(&((end.0 - start.0) / 3_600_000_000)), "a day of {} hours", (end.0 - start.0) / 3_600_000_000);
        prop_assert_eq!(zone.day_of(start), today);
        prop_assert_eq!(zone.day_of(Moment(start.0 - 1)), today.previous());
        prop_assert_eq!(zone.day_of(Moment(start.0 + (end.0 - start.0) / 1_000_000 * part)), today);
        prop_assert_eq!(zone.day_of(Moment(end.0 - 1)), today);
    }

    #[test]
    fn days_never_run_backwards(zone in 0..ZONES.len(), number in days(), minutes in 0_i64..200) {
        let zone = Zone::parse(ZONES[zone]).unwrap();
        let at = Moment(i64::from(number) * 86_400_000_000);
        prop_assert!(zone.day_of(at) <= zone.day_of(Moment(at.0 + minutes * 60_000_000)));
    }

    #[test]
    fn months_and_fiscal_years_fit_together(number in 0_i32..2_400, start in 1_i64..=12) {
        let month = Month(number);
        prop_assert_eq!(Month::parse(&month.to_string()).unwrap(), month);
        prop_assert_eq!(month.first_day().month(), month);
        prop_assert_eq!(month.last_day().month(), month);
        prop_assert_eq!(month.last_day().next(), month.next().first_day());
        let fiscal = FiscalYearStart::new(start).unwrap();
        let first = fiscal.first_month(fiscal.year_of(month));
        prop_assert!(first <= month && month.0 < first.0 + 12);
        prop_assert_eq!(i64::from(first.0.rem_euclid(12)) + 1, start);
        // Named by the calendar year of its last month.
        prop_assert_eq!(fiscal.year_of(month), 1970 + (first.0 + 11).div_euclid(12));
    }
}

/// What somebody asks of a month.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Close(i32, PeriodStatus),
    Reopen(i32),
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let target = prop_oneof![Just(PeriodStatus::SoftClosed), Just(PeriodStatus::Closed), Just(PeriodStatus::Locked)];
    let close = (0_i32..8, target).prop_map(|(month, target)| Wish::Close(month, target));
    proptest::collection::vec(prop_oneof![3 => close, 1 => (0_i32..8).prop_map(Wish::Reopen)], 0..40)
}

proptest! {
    /// Six months have begun; some have entries. Whatever is asked, in whatever order, closing is monotone over time and over the months.
    #[test]
    fn closing_is_monotone(wishes in wishes(), entries in proptest::collection::vec(any::<bool>(), 8)) {
        let current = Month(5);
        let with_entries: Vec<Month> = (0..).map(Month).zip(&entries).filter(|pair| *pair.1).map(|pair| pair.0).collect();
        let mut rows = std::collections::BTreeMap::new();
        for wish in wishes {
            let before = Closings::new(rows.clone());
            let status = |closings: &Closings, month: i32| closings.status(Month(month), current);
            let (month, accepted) = match wish {
                Wish::Close(month, target) => {
                    let accepted = before.check_close(Month(month), current, target, with_entries.iter().copied());
                    if accepted.is_ok() {
                        rows.insert(Month(month), target);
                    }
                    (month, accepted)
                }
                Wish::Reopen(month) => {
                    let accepted = before.check_reopen(Month(month), current);
                    if accepted.is_ok() {
                        rows.insert(Month(month), PeriodStatus::Open);
                    }
                    (month, accepted)
                }
            };
            let after = Closings::new(rows.clone());
            for other in 0..8 {
                let (was, is) = (status(&before, other), status(&after, other));
                match wish {
                    Wish::Close(..) => prop_assert!(is >= was, "closing never opens: month {other} went from {was:?} to {is:?}"),
                    Wish::Reopen(_) => prop_assert!(is == was || other <= month, "reopening touches no later month"),
                }
                prop_assert!(was != PeriodStatus::Locked || is == PeriodStatus::Locked, "locked is for ever");
                prop_assert!(other == 0 || status(&after, other - 1) >= is || is <= PeriodStatus::Open, "no month is further closed than an earlier one");
                prop_assert_eq!(after.open_day(Month(other).first_day()) > Month(other).first_day(), is >= PeriodStatus::SoftClosed);
            }
            if accepted.is_ok() && let Wish::Close(month, target) = wish {
                prop_assert_eq!(status(&after, month), target);
                let is_open = |earlier: &&Month| earlier.0 < month && status(&before, earlier.0) < target;
                prop_assert!(with_entries.iter().find(is_open).is_none(), "months with entries close in their order");
            }
        }
    }
}
