//! Hours, what an hour costs, and which rate counts for whom. Pure arithmetic: a cost is exact and rounded once.

use super::money::{Exact, Money};
use super::period::Day;
use super::rejection::{Code, Rejection};

/// Decimals that hours are kept with: a second is 0.000278 hours.
const HOUR_DECIMALS: u32 = 6;

/// Hours in millionths. Below zero they take earlier hours back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hours(i64);

impl Hours {
    /// The hours of a day.
    pub const DAY: Self = Self(24_000_000);
    pub const ZERO: Self = Self(0);

    pub fn from_millionths(millionths: i64) -> Self {
        Self(millionths)
    }

    pub fn millionths(self) -> i64 {
        self.0
    }

    /// Reads the hours of one entry: a decimal, not zero, at most a day either way.
    ///
    /// # Errors
    /// `HOURS_INVALID` at `hours`.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let shown: String = text.chars().take(40).collect();
        let invalid = || Rejection::at(Code::HoursInvalid, "hours", format!("`{shown}`: {}", Code::HoursInvalid.help()));
        let exact = Exact::parse(text).map_err(|_| invalid())?.normalized();
        let millionths = (exact.scale() <= HOUR_DECIMALS).then(|| exact.round_half_even(HOUR_DECIMALS)).flatten().ok_or_else(invalid)?;
        let is_within_a_day = millionths.unsigned_abs() <= Self::DAY.0.unsigned_abs();
        if millionths != 0 && is_within_a_day { Ok(Self(millionths)) } else { Err(invalid()) }
    }

    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Whether one person can have worked them on one day.
    pub fn fit_a_day(self) -> bool {
        self >= Self::ZERO && self <= Self::DAY
    }

    pub fn exact(self) -> Exact {
        Exact::new(i128::from(self.0), HOUR_DECIMALS).normalized()
    }

    /// What they cost, to the unit of the ledger; halves go to the even neighbour.
    ///
    /// # Errors
    /// `AMOUNT_TOO_LARGE`.
    pub fn cost(self, per_hour: Money) -> Result<Money, Rejection> {
        let exact = self.exact().checked_mul(per_hour.exact());
        let units = exact.and_then(|exact| exact.round_half_even(per_hour.currency.ledger_scale()));
        Money::computed(units, per_hour.currency).map_err(|rejection| rejection.under("hours"))
    }
}

/// Persons behind a sum of hours that everyone may see: of fewer, hours and cost together tell what a person costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeastPersons(i64);

impl LeastPersons {
    const FEWEST: i64 = 2;
    const MOST: i64 = 100;

    /// # Errors
    /// `THRESHOLD_INVALID` at `leastPersons`: of one person, hours and cost are the rate; of more than a hundred, no team would ever show.
    pub fn new(persons: i64) -> Result<Self, Rejection> {
        if (Self::FEWEST..=Self::MOST).contains(&persons) {
            return Ok(Self(persons));
        }
        let message = format!("`leastPersons` is {persons}; it goes from {} to {}", Self::FEWEST, Self::MOST);
        Err(Rejection::at(Code::ThresholdInvalid, "leastPersons", message))
    }

    pub fn get(self) -> i64 {
        self.0
    }

    /// Whether so many persons are enough to show what they worked.
    pub fn are_reached_by(self, persons: i64) -> bool {
        persons >= self.0
    }
}

impl Default for LeastPersons {
    fn default() -> Self {
        Self(3)
    }
}

/// Hours of one person on one day, as they are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeInput {
    pub source: String,
    pub external_id: String,
    pub worked_on: Day,
    pub person: String,
    pub role: Option<String>,
    pub hours: Hours,
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
    pub is_billable: bool,
}

/// What an hour costs, from a day on. It is of a person, of a role, or of a person in a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaborRate {
    /// In the order of recording.
    pub number: i64,
    pub person: Option<String>,
    pub role: Option<String>,
    pub cost_per_hour: Money,
    pub from: Day,
    /// The first day on which it holds no longer.
    pub to: Option<Day>,
}

impl LaborRate {
    pub fn covers(&self, day: Day) -> bool {
        self.from <= day && self.to.is_none_or(|to| day < to)
    }

    fn is_of(&self, person: &str, role: Option<&str>) -> bool {
        self.person.as_deref().is_none_or(|of| of == person) && self.role.as_deref().is_none_or(|of| Some(of) == role)
    }

    /// Whether it is the same statement, whatever its cost.
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        (&self.person, &self.role, self.from, self.to) == (&other.person, &other.role, other.from, other.to)
    }
}

/// The rate that counts: a person's own stands above that of a role, then the one that began last, then the one recorded last.
pub fn rate_for<'a>(rates: &'a [LaborRate], person: &str, role: Option<&str>, day: Day) -> Option<&'a LaborRate> {
    let fitting = rates.iter().filter(|rate| rate.covers(day) && rate.is_of(person, role));
    fitting.max_by_key(|rate| (rate.person.is_some(), rate.role.is_some(), rate.from, rate.number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::money::{Amount, Currency};

    fn rate(number: i64, person: Option<&str>, role: Option<&str>, from: i32, to: Option<i32>) -> LaborRate {
        let cost_per_hour = Amount::from_units(number).with(Currency::USD);
        LaborRate {
            number,
            person: person.map(str::to_owned),
            role: role.map(str::to_owned),
            cost_per_hour,
            from: Day(from),
            to: to.map(Day),
        }
    }

    #[test]
    fn hours_of_one_person_are_never_for_everyone() {
        for persons in [-1, 0, 1, 101] {
            let refused = LeastPersons::new(persons).unwrap_err();
            assert_eq!((refused.code, refused.path[0].as_ref()), (Code::ThresholdInvalid, "leastPersons"), "{persons}");
        }
        let two = LeastPersons::new(2).unwrap();
        assert_eq!([two.are_reached_by(1), two.are_reached_by(2)], [false, true]);
        assert_eq!((LeastPersons::default().get(), LeastPersons::new(100).unwrap().get()), (3, 100));
    }

    #[test]
    fn hours_are_read_strictly() {
        for text in ["0", "24.000001", "-24.5", "1.0000001", "1e1", "", "eight"] {
            assert_eq!(Hours::parse(text).unwrap_err().code, Code::HoursInvalid, "{text}");
        }
        assert_eq!(Hours::parse("7.75").unwrap().millionths(), 7_750_000);
        assert_eq!(Hours::parse("-24").unwrap().exact().to_string(), "-24");
    }

    /// 0.333333 hours at 100.000000001: 33.333300000333333 rounds to 33.333300000.
    #[test]
    fn a_cost_is_rounded_once() {
        let per_hour = Money::parse("100.000000001", Currency::USD).unwrap();
        assert_eq!(Hours::parse("0.333333").unwrap().cost(per_hour).unwrap().to_string(), "33.3333 USD");
        assert_eq!(Hours::parse("0.5").unwrap().cost(Money::parse("0.000000001", Currency::USD).unwrap()).unwrap().amount.units(), 0);
    }

    #[test]
    fn a_persons_own_rate_wins_then_the_later_one() {
        let rates = [
            rate(1, None, Some("engineer"), 0, None),
            rate(2, Some("mia"), None, 0, Some(10)),
            rate(3, None, Some("engineer"), 5, None),
            rate(4, Some("mia"), Some("lead"), 0, None),
            rate(5, None, Some("engineer"), 5, None),
        ];
        let number = |person, role, day| rate_for(&rates, person, role, Day(day)).map(|rate| rate.number);
        assert_eq!(number("mia", Some("engineer"), 9), Some(2));
        assert_eq!(number("mia", Some("lead"), 9), Some(4), "a person in a role is the closest");
        assert_eq!(number("mia", Some("engineer"), 10), Some(5), "her own has ended");
        assert_eq!(number("leo", Some("engineer"), 4), Some(1));
        assert_eq!(number("leo", Some("engineer"), 5), Some(5), "of two that begin alike the later recorded one");
        assert_eq!(number("leo", None, 5), None);
        assert_eq!(number("mia", Some("engineer"), -1), None);
    }

    proptest! {
        #[test]
        fn hours_taken_back_cost_as_much_as_they_did(millionths in 1_i64..=24_000_000, units in 0_i64..1_000_000_000_000) {
            let per_hour = Amount::from_units(units).with(Currency::USD);
            let there = Hours(millionths).cost(per_hour).unwrap().amount.units();
            let back = Hours(-millionths).cost(per_hour).unwrap().amount.units();
            prop_assert_eq!(there, -back);
        }
    }
}
