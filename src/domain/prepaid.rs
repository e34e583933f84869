//! Lots of credits and how usage draws them down: the one that expires first goes first.
//!
//! Draw-down is not stored lot by lot; it is the same function of lots and postings every time, so it cannot disagree with the ledger.
//! What was booked as expired stays taken from its lot, also when usage of an earlier day arrives afterwards.

use std::collections::BTreeMap;

use crate::domain::period::Day;

/// Whether a lot was paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LotKind {
    Bought,
    Granted,
}

/// Where the money for a lot came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaidFrom {
    Payable,
    Cash,
}

/// What took credits from a lot, beside the draw-down that the postings tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UseKind {
    Applied,
    Expired,
}

/// Credits bought or granted at once, in ledger units of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// Gapless within the books, in the order in which they were recorded.
    pub number: i64,
    pub amount: i64,
    /// The first day on which they can be used.
    pub begins_on: Day,
    /// The last day on which they can be used; `None` never ends.
    pub expires_on: Option<Day>,
    /// What was booked as expired.
    pub expired: i64,
}

/// Where a lot stands. `drawn + expired + left` is what was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotState {
    pub lot: Lot,
    pub drawn: i128,
    pub left: i128,
}

impl LotState {
    /// What can no longer be used on this day and is not booked as expired yet.
    pub fn lapsed(&self, on: Day) -> i128 {
        if self.lot.expires_on.is_some_and(|last| last < on) { self.left } else { 0 }
    }
}

/// All lots of one provider and currency after the draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// In the order of their numbers.
    pub lots: Vec<LotState>,
    /// Drawn beyond every lot; below zero when more was given back than was ever drawn from lots.
    pub uncovered: i128,
}

impl Position {
    /// What the ledger's prepaid account holds: what is left in lots, less what no lot covers.
    pub fn balance(&self) -> i128 {
        self.lots.iter().map(|state| state.left).sum::<i128>() - self.uncovered
    }
}

/// Draws lots down day by day. `draws` are ledger units used on each day; below zero gives back to the lots drawn last.
pub fn draw_down(lots: &[Lot], draws: &BTreeMap<Day, i128>) -> Position {
    let mut states: Vec<LotState> =
        lots.iter().map(|lot| LotState { lot: *lot, drawn: 0, left: i128::from(lot.amount) - i128::from(lot.expired) }).collect();
    states.sort_by_key(|state| state.lot.number);
    let mut days: Vec<Day> = draws.keys().copied().chain(lots.iter().map(|lot| lot.begins_on)).collect();
    days.sort_unstable();
    days.dedup();
    let mut walk = Walk { order: order_of(&states), states, uncovered: 0, taken: Vec::new() };
    for day in days {
        walk.cover(day);
        match draws.get(&day) {
            Some(used) if *used > 0 => walk.draw(day, *used),
            Some(given_back) => walk.give_back(-given_back),
            None => {}
        }
    }
    Position { lots: walk.states, uncovered: walk.uncovered }
}

/// Positions of lots in the order in which they are drawn: first expiring first, then oldest, then first recorded.
fn order_of(states: &[LotState]) -> Vec<usize> {
    let mut order: Vec<(Day, Day, i64, usize)> = states
        .iter()
        .enumerate()
        .map(|(position, LotState { lot, .. })| (lot.expires_on.unwrap_or(Day(i32::MAX)), lot.begins_on, lot.number, position))
        .collect();
    order.sort_unstable();
    order.into_iter().map(|key| key.3).collect()
}

struct Walk {
    states: Vec<LotState>,
    order: Vec<usize>,
    uncovered: i128,
    /// What was drawn from which lot, the latest last.
    taken: Vec<(usize, i128)>,
}

impl Walk {
    /// Lots that begin on this day first cover what was drawn before there were any.
    fn cover(&mut self, day: Day) {
        if self.uncovered > 0 && self.states.iter().any(|state| state.lot.begins_on == day) {
            let open = self.uncovered;
            self.uncovered = 0;
            self.draw(day, open);
        }
    }

    fn draw(&mut self, day: Day, used: i128) {
        let surplus = (-self.uncovered).clamp(0, used);
        self.uncovered += surplus;
        let mut open = used - surplus;
        for position in &self.order {
            let Some(state) = self.states.get_mut(*position) else { continue };
            if open == 0 {
                return;
            }
            if state.lot.begins_on > day || state.lot.expires_on.is_some_and(|last| last < day) || state.left == 0 {
                continue;
            }
            let part = open.min(state.left);
            state.left -= part;
            state.drawn += part;
            open -= part;
            self.taken.push((*position, part));
        }
        self.uncovered += open;
    }

    fn give_back(&mut self, amount: i128) {
        let covered = self.uncovered.clamp(0, amount);
        self.uncovered -= covered;
        let mut open = amount - covered;
        while open > 0 {
            let Some((position, part)) = self.taken.pop() else { break };
            let back = open.min(part);
            open -= back;
            if let Some(state) = self.states.get_mut(position) {
                state.left += back;
                state.drawn -= back;
            }
            if part > back {
                self.taken.push((position, part - back));
            }
        }
        self.uncovered -= open;
    }
}

/// What moved credits over a range of days, in ledger units. The closing balance is the ledger's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RollForward {
    pub opening: i128,
    pub purchases: i128,
    /// What usage took, net of its corrections and of usage that granted credits paid for.
    pub draw_down: i128,
    /// Usage beyond every lot that was moved to what is owed, less what was moved back.
    pub accrued: i128,
    /// What expired unused.
    pub breakage: i128,
    /// Reversed purchases and breakage, and entries made by hand.
    pub adjustments: i128,
}

impl RollForward {
    pub fn closing(&self) -> i128 {
        self.opening + self.purchases - self.draw_down + self.accrued - self.breakage + self.adjustments
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lot(number: i64, amount: i64, begins_on: i32, expires_on: Option<i32>) -> Lot {
        Lot { number, amount, begins_on: Day(begins_on), expires_on: expires_on.map(Day), expired: 0 }
    }

    fn run(lots: &[Lot], draws: &[(i32, i128)]) -> (Vec<(i128, i128)>, i128) {
        let position = draw_down(lots, &draws.iter().map(|(day, used)| (Day(*day), *used)).collect());
        (position.lots.iter().map(|state| (state.drawn, state.left)).collect(), position.uncovered)
    }

    #[test]
    fn the_lot_that_expires_first_goes_first() {
        let lots = [lot(1, 100, 0, None), lot(2, 50, 0, Some(30)), lot(3, 50, 0, Some(10))];
        assert_eq!(run(&lots, &[(5, 70)]), (vec![(0, 100), (20, 30), (50, 0)], 0));
        assert_eq!(run(&lots, &[(11, 70)]), (vec![(20, 80), (50, 0), (0, 50)], 0), "what has expired is not drawn");
        let position = draw_down(&lots, &BTreeMap::from([(Day(11), 70)]));
        let lapsed: Vec<i128> = position.lots.iter().map(|state| state.lapsed(Day(11))).collect();
        assert_eq!(lapsed, [0, 0, 50]);
        assert_eq!(position.lots[2].lapsed(Day(10)), 0, "the last day still counts");
    }

    #[test]
    fn what_no_lot_covers_is_shown_and_covered_by_the_next_one() {
        assert_eq!(run(&[lot(1, 100, 10, None)], &[(5, 30)]), (vec![(30, 70)], 0));
        assert_eq!(run(&[lot(1, 100, 0, None)], &[(5, 130)]), (vec![(100, 0)], 30));
    }

    #[test]
    fn what_is_given_back_goes_to_the_lot_drawn_last() {
        let lots = [lot(1, 100, 0, Some(50)), lot(2, 100, 0, None)];
        assert_eq!(run(&lots, &[(1, 120), (2, -30)]), (vec![(90, 10), (0, 100)], 0));
        assert_eq!(run(&lots, &[(1, -30), (2, 40)]), (vec![(10, 90), (0, 100)], 0));
    }

    #[test]
    fn usage_that_arrives_late_does_not_take_back_what_was_booked_as_expired() {
        let mut expired = lot(1, 100, 0, Some(10));
        expired.expired = 60;
        assert_eq!(run(&[expired, lot(2, 100, 0, None)], &[(5, 40), (6, 25)]), (vec![(40, 0), (25, 75)], 0));
    }

    fn any_lot() -> impl Strategy<Value = Lot> {
        (1_i64..1_000, 0_i32..40, proptest::option::of(0_i32..30), 0_i64..1_000).prop_map(|(amount, begins, lasts, expired)| Lot {
            number: 0,
            amount,
            begins_on: Day(begins),
            expires_on: lasts.map(|days| Day(begins + days)),
            expired: expired.min(amount),
        })
    }

    proptest! {
        #[test]
        fn drawn_and_left_and_expired_are_what_was_bought(
            lots in proptest::collection::vec(any_lot(), 0..8),
            draws in proptest::collection::btree_map(0_i32..60, -300_i128..800, 0..20),
        ) {
            let lots: Vec<Lot> = (1..).zip(lots).map(|(number, lot)| Lot { number, ..lot }).collect();
            let draws: BTreeMap<Day, i128> = draws.into_iter().map(|(day, used)| (Day(day), used)).collect();
            let position = draw_down(&lots, &draws);
            for state in &position.lots {
                prop_assert!(state.drawn >= 0 && state.left >= 0);
                prop_assert_eq!(state.drawn + state.left + i128::from(state.lot.expired), i128::from(state.lot.amount));
            }
            let bought: i128 = lots.iter().map(|lot| i128::from(lot.amount - lot.expired)).sum();
            prop_assert_eq!(position.balance(), bought - draws.values().sum::<i128>());
        }

        #[test]
        fn booking_what_lapsed_leaves_the_other_lots_alone(
            lots in proptest::collection::vec(any_lot(), 0..8),
            draws in proptest::collection::btree_map(0_i32..60, 0_i128..800, 0..20),
        ) {
            let lots: Vec<Lot> = (1..).zip(lots).map(|(number, lot)| Lot { number, expired: 0, ..lot }).collect();
            let draws: BTreeMap<Day, i128> = draws.into_iter().map(|(day, used)| (Day(day), used)).collect();
            let before = draw_down(&lots, &draws);
            let booked: Vec<Lot> = before.lots.iter().map(|state| Lot { expired: i64::try_from(state.lapsed(Day(61))).unwrap(), ..state.lot }).collect();
            let after = draw_down(&booked, &draws);
            prop_assert_eq!(after.uncovered, before.uncovered);
            for (before, after) in before.lots.iter().zip(&after.lots) {
                prop_assert_eq!(before.drawn, after.drawn);
                prop_assert_eq!(after.lapsed(Day(61)), 0);
            }
        }
    }
}
