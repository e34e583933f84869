//! The range that a range is compared with: the one before it.

use super::Interval;
use crate::domain::period::{Day, DayRange, Month};

/// The parts of a range by interval, each with the first day of its period (not before the range's own where the range cuts it). One part without an
/// interval.
pub fn parts(range: DayRange, interval: Option<Interval>) -> Vec<(Option<Day>, DayRange)> {
    let Some(interval) = interval else { return vec![(None, range)] };
    let mut parts = Vec::new();
    let mut from = range.from();
    while let Ok(part) = DayRange::new(from, interval.next_day(from).min(range.to())) {
        parts.push((Some(interval.first_day(from)), part));
        from = part.to();
    }
    parts
}

/// What a part is compared with. Without an interval: as many whole months before, of whole months; else as many days before. With one: the same days
/// of the period before, so that a period that the range cuts is compared with as much of the one before it.
pub fn before(part: DayRange, interval: Option<Interval>) -> DayRange {
    let (from, to) = (part.from(), part.to());
    let of_days = |days: i32| shifted(part, |day| Day(day.0.saturating_sub(days)));
    match interval {
        None if is_first(from) && is_first(to) => {
            let months = to.month().0 - from.month().0;
            shifted(part, |day| back(day.month(), months).first_day())
        }
        None => of_days(to.0 - from.0),
        Some(Interval::Day) => of_days(1),
        Some(Interval::Week) => of_days(7),
        Some(Interval::Month) => of_months(part, 1),
        Some(Interval::Quarter) => of_months(part, 3),
    }
}

fn is_first(day: Day) -> bool {
    day.month().first_day() == day
}

fn back(month: Month, months: i32) -> Month {
    Month(month.0 - months)
}

/// The same days of a month before; days that it does not have are its last one.
fn of_months(part: DayRange, months: i32) -> DayRange {
    let same = |day: Day| {
        let before = back(day.month(), months);
        Day(before.first_day().0 + (day.0 - day.month().first_day().0)).min(before.last_day())
    };
    shifted(part, |day| {
        // The end is the day after the last one: of whole months it stays the end of a month.
        if day == part.from() || is_first(day) { same(day) } else { same(day.previous()).next() }
    })
}

fn shifted(part: DayRange, day: impl Fn(Day) -> Day) -> DayRange {
    // A shift keeps the order of days.
    DayRange::new(day(part.from()), day(part.to())).unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: &str) -> DayRange {
        let day = |text: &str| Day::from_date(text.parse().unwrap());
        DayRange::new(day(from), day(to)).unwrap()
    }

    #[test]
    fn a_range_is_compared_with_the_one_before_it() {
        for (part, interval, expected) in [
            (("2026-03-01", "2026-04-01"), None, ("2026-02-01", "2026-03-01")),
            (("2026-01-01", "2026-04-01"), None, ("2025-10-01", "2026-01-01")),
            (("2026-03-01", "2026-03-15"), None, ("2026-02-15", "2026-03-01")),
            (("2026-03-05", "2026-03-06"), Some(Interval::Day), ("2026-03-04", "2026-03-05")),
            (("2026-03-02", "2026-03-09"), Some(Interval::Week), ("2026-02-23", "2026-03-02")),
            (("2026-03-01", "2026-04-01"), Some(Interval::Month), ("2026-02-01", "2026-03-01")),
            (("2026-03-01", "2026-03-15"), Some(Interval::Month), ("2026-02-01", "2026-02-15")),
            (("2026-03-20", "2026-04-01"), Some(Interval::Month), ("2026-02-20", "2026-03-01")),
            (("2026-03-31", "2026-04-01"), Some(Interval::Month), ("2026-02-28", "2026-03-01")),
            (("2026-03-01", "2026-03-31"), Some(Interval::Month), ("2026-02-01", "2026-03-01")),
            (("2026-04-01", "2026-07-01"), Some(Interval::Quarter), ("2026-01-01", "2026-04-01")),
        ] {
            assert_eq!(before(range(part.0, part.1), interval), range(expected.0, expected.1), "{part:?} {interval:?}");
        }
    }

    #[test]
    fn the_parts_of_a_range_follow_each_other() {
        let whole = range("2026-01-15", "2026-03-10");
        let of: Vec<_> = parts(whole, Some(Interval::Month)).into_iter().map(|(_, part)| part).collect();
        assert_eq!(of, [range("2026-01-15", "2026-02-01"), range("2026-02-01", "2026-03-01"), range("2026-03-01", "2026-03-10")]);
        assert_eq!(parts(whole, None), [(None, whole)]);
        assert_eq!(parts(whole, Some(Interval::Day)).len(), 54);
    }
}
