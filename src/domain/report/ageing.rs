//! Ageing: how old the open part of a balance is. What lowers the balance settles the oldest increase first.

use std::collections::VecDeque;

use crate::domain::period::Day;

/// What raised and lowered a balance on one day, in ledger units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgedDay {
    pub day: Day,
    pub increase: i128,
    pub decrease: i128,
}

/// The open balance by age in days at the end of a day, in ledger units. The buckets less `unapplied` are the balance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Aged {
    pub days_0_30: i128,
    pub days_31_60: i128,
    pub days_61_90: i128,
    pub days_over_90: i128,
    /// What was lowered beyond everything there was: a payment ahead of what it pays.
    pub unapplied: i128,
}

impl Aged {
    pub fn balance(&self) -> i128 {
        self.days_0_30 + self.days_31_60 + self.days_61_90 + self.days_over_90 - self.unapplied
    }

    fn bucket(&mut self, age: i32) -> &mut i128 {
        match age {
            ..=30 => &mut self.days_0_30,
            31..=60 => &mut self.days_31_60,
            61..=90 => &mut self.days_61_90,
            _ => &mut self.days_over_90,
        }
    }
}

/// Ages a balance at the end of `as_of`. `days` are in their order; of one day, the increase counts before the decrease. A decrease that finds
/// nothing open waits for the next increase.
pub fn aged(days: impl IntoIterator<Item = AgedDay>, as_of: Day) -> Aged {
    let mut open: VecDeque<(Day, i128)> = VecDeque::new();
    let mut unapplied = 0;
    for AgedDay { day, increase, decrease } in days {
        let settled = increase.min(unapplied);
        unapplied -= settled;
        if increase > settled {
            open.push_back((day, increase - settled));
        }
        unapplied += decrease;
        while let Some((_, oldest)) = open.front_mut().filter(|_| unapplied > 0) {
            let settled = unapplied.min(*oldest);
            unapplied -= settled;
            *oldest -= settled;
            if *oldest == 0 {
                open.pop_front();
            }
        }
    }
    let mut aged = Aged { unapplied, ..Aged::default() };
    for (day, units) in open {
        *aged.bucket(as_of.0.saturating_sub(day.0)) += units;
    }
    aged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn on(day: i32, increase: i128, decrease: i128) -> AgedDay {
        AgedDay { day: Day(day), increase, decrease }
    }

    #[test]
    fn the_oldest_is_settled_first() {
        let days = [on(0, 100, 0), on(50, 40, 0), on(65, 0, 120), on(90, 7, 0)];
        assert_eq!(aged(days, Day(100)), Aged { days_0_30: 7, days_31_60: 20, ..Aged::default() });
        assert_eq!(aged(days.into_iter().take(2), Day(100)), Aged { days_over_90: 100, days_31_60: 40, ..Aged::default() });
    }

    #[test]
    fn ages_fall_into_their_buckets() {
        let at = |age: i32| aged([on(100 - age, 1, 0)], Day(100));
        assert_eq!([at(0).days_0_30, at(30).days_0_30, at(31).days_31_60, at(60).days_31_60], [1; 4]);
        assert_eq!([at(61).days_61_90, at(90).days_61_90, at(91).days_over_90], [1; 3]);
    }

    #[test]
    fn what_is_paid_ahead_waits_for_what_it_pays() {
        assert_eq!(aged([on(0, 0, 10)], Day(5)), Aged { unapplied: 10, ..Aged::default() });
        assert_eq!(aged([on(0, 0, 10), on(1, 25, 0)], Day(5)), Aged { days_0_30: 15, ..Aged::default() });
    }

    proptest! {
        #[test]
        fn buckets_less_what_is_unapplied_are_the_balance(moves in prop::collection::vec((0_i32..200, 0_i128..1_000, 0_i128..1_000), 0..40)) {
            let mut days: Vec<_> = moves.into_iter().map(|(day, increase, decrease)| on(day, increase, decrease)).collect();
            days.sort_by_key(|moved| moved.day);
            let balance: i128 = days.iter().map(|moved| moved.increase - moved.decrease).sum();
            let result = aged(days, Day(200));
            prop_assert_eq!(result.balance(), balance);
            prop_assert!(result.unapplied == 0 || result.unapplied == -balance, "nothing is open while something is unapplied");
        }
    }
}
