//! How a report's range of days is read: whole months from monthly balances where the interval allows it, the days left over from daily ones.

use crate::domain::period::{Day, DayRange, Month};
use crate::domain::report::{Grain, Interval};
use crate::store::balance::{Bucket, Slice};

/// A slice of balances, and the day that a bucket of it begins on.
pub(in crate::app) type DatedSlice = (Slice, Box<dyn Fn(i64) -> Day + Send>);

/// The range as slices of balances. Without an interval the day of a bucket has no meaning.
pub(in crate::app) fn dated_slices(
    range: DayRange,
    interval: Option<Interval>,
    (month_grain, day_grain): (Grain, Grain),
) -> Vec<DatedSlice> {
    let of_days =
        |range: DayRange, bucket| Slice { grain: day_grain, from: i64::from(range.from().0), to: i64::from(range.to().0), bucket };
    let day_of = |number: i64| Day(i32::try_from(number).unwrap_or(i32::MAX));
    match interval {
        // 1970-01-05 was a Monday: three days are added, so that weeks begin on Mondays.
        Some(Interval::Week) => {
            let slice = of_days(range, Some(Bucket { offset: 3, divisor: 7 }));
            vec![(slice, Box::new(move |bucket| day_of(bucket * 7 - 3)))]
        }
        Some(Interval::Day) => vec![(of_days(range, Some(Bucket { offset: 0, divisor: 1 })), Box::new(day_of))],
        Some(Interval::Month | Interval::Quarter) | None => {
            let (months, days) = range.in_months_and_days();
            let mut slices: Vec<DatedSlice> = Vec::new();
            if let Some((first, end)) = months {
                // January 1970 is month zero, so quarters are whole threes of months.
                let divisor = if interval == Some(Interval::Quarter) { 3 } else { 1 };
                let bucket = interval.map(|_| Bucket { offset: 0, divisor });
                let slice = Slice { grain: month_grain, from: i64::from(first.0), to: i64::from(end.0), bucket };
                slices.push((slice, Box::new(move |bucket| Month(i32::try_from(bucket * divisor).unwrap_or(i32::MAX)).first_day())));
            }
            for range in days.into_iter().flat_map(within_months) {
                let from = range.from();
                slices.push((of_days(range, None), Box::new(move |_| from)));
            }
            slices
        }
    }
}

/// A range cut at the ends of months, so that each part falls into one month.
fn within_months(range: DayRange) -> Vec<DayRange> {
    let mut parts = Vec::new();
    let mut from = range.from();
    while from < range.to() {
        let to = from.month().next().first_day().min(range.to());
        let Ok(part) = DayRange::new(from, to) else { break };
        parts.push(part);
        from = to;
    }
    parts
}
