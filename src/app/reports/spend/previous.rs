//! The period before each period: taken from the report's own rows where they hold it, else read as a range of its own.

use std::collections::BTreeMap;

use super::{Fold, RowKey};
use crate::domain::period::{Day, DayRange};
use crate::domain::report::{Interval, before, parts};

/// Where the figures of a period before are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The period of the report that begins on this day.
    Own(Option<Day>),
    /// The range at this position of the extra ones.
    Extra(usize),
}

/// What each period of a report is compared with.
#[derive(Debug)]
pub(super) struct Comparison {
    /// By the first day of the period.
    sources: Vec<(Option<Day>, Source)>,
    /// Ranges to read beside the report's own: at most three, since a range cuts only its first and its last period.
    pub extra: Vec<DayRange>,
}

impl Comparison {
    pub fn of(range: DayRange, interval: Option<Interval>) -> Self {
        let parts = parts(range, interval);
        let own: BTreeMap<(Day, Day), Option<Day>> = parts.iter().map(|(day, part)| ((part.from(), part.to()), *day)).collect();
        let mut comparison = Self { sources: Vec::with_capacity(parts.len()), extra: Vec::new() };
        for (day, part) in parts {
            let before = before(part, interval);
            let source = match own.get(&(before.from(), before.to())) {
                Some(day) => Source::Own(*day),
                None => {
                    comparison.extra.push(before);
                    Source::Extra(comparison.extra.len() - 1)
                }
            };
            comparison.sources.push((day, source));
        }
        comparison
    }

    /// Cost of the period before by the row it is compared with. The first fold is the report's own, the others are those of the extra ranges.
    pub fn costs(&self, folds: &[Fold]) -> BTreeMap<RowKey, i128> {
        let Some((own, extra)) = folds.split_first() else { return BTreeMap::new() };
        let mut by_day: BTreeMap<Option<Day>, Vec<(&RowKey, i128)>> = BTreeMap::new();
        for (key, figures) in own {
            by_day.entry(key.0).or_default().push((key, figures.cost));
        }
        let mut costs = BTreeMap::new();
        for (day, source) in &self.sources {
            let before: Vec<(&RowKey, i128)> = match source {
                Source::Own(day) => by_day.get(day).cloned().unwrap_or_default(),
                Source::Extra(position) => extra.get(*position).into_iter().flatten().map(|(key, figures)| (key, figures.cost)).collect(),
            };
            costs.extend(before.into_iter().map(|((_, keys, currency), cost)| ((*day, keys.clone(), *currency), cost)));
        }
        costs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_edges_of_a_range_are_read_beside_it() {
        let day = |text: &str| Day::from_date(text.parse().unwrap());
        let range = |from: &str, to: &str| DayRange::new(day(from), day(to)).unwrap();
        let months = Comparison::of(range("2026-01-01", "2027-01-01"), Some(Interval::Month));
        assert_eq!(months.extra, [range("2025-12-01", "2026-01-01")]);
        let cut = Comparison::of(range("2026-01-10", "2026-04-15"), Some(Interval::Month));
        assert_eq!(cut.extra, [range("2025-12-10", "2026-01-01"), range("2026-01-01", "2026-02-01"), range("2026-03-01", "2026-03-15")]);
        let days = Comparison::of(range("2026-01-01", "2027-01-01"), Some(Interval::Day));
        assert_eq!((days.sources.len(), days.extra.len()), (365, 1));
    }
}
