//! Targets: what a margin or the cost of a unit should be, and whether it is.

use std::cmp::Ordering;

use crate::domain::ids::NameId;
use crate::domain::money::{Currency, Exact};
use crate::domain::period::Day;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetMeasure {
    /// At least so many percent.
    GrossMarginPercent,
    /// At least so many percent.
    ContributionMarginPercent,
    /// The full cost of a unit, at most so much.
    CostPerUnit,
}

impl TargetMeasure {
    pub const ALL: [Self; 3] = [Self::GrossMarginPercent, Self::ContributionMarginPercent, Self::CostPerUnit];

    /// The number under which it is stored.
    pub fn id(self) -> i64 {
        match self {
            Self::GrossMarginPercent => 1,
            Self::ContributionMarginPercent => 2,
            Self::CostPerUnit => 3,
        }
    }

    pub fn from_id(id: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.id() == id)
    }

    /// A margin is wanted at least, a cost at most.
    pub fn is_floor(self) -> bool {
        match self {
            Self::GrossMarginPercent | Self::ContributionMarginPercent => true,
            Self::CostPerUnit => false,
        }
    }
}

/// Whose target it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetScope {
    Client,
    Project,
    Team,
    Feature,
}

impl TargetScope {
    pub const ALL: [Self; 4] = [Self::Client, Self::Project, Self::Team, Self::Feature];

    /// The number under which it is stored.
    pub fn id(self) -> i64 {
        match self {
            Self::Client => 1,
            Self::Project => 2,
            Self::Team => 3,
            Self::Feature => 4,
        }
    }

    pub fn from_id(id: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.id() == id)
    }
}

/// One statement of a target. It is never changed; the same with another value is recorded again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarginTarget {
    /// In the order of recording.
    pub number: i64,
    pub measure: TargetMeasure,
    pub scope: TargetScope,
    pub name: NameId,
    /// The unit of output, for the cost of a unit.
    pub unit: Option<String>,
    /// Percent, or money in `currency`.
    pub value: Exact,
    /// For the cost of a unit.
    pub currency: Option<Currency>,
    pub from: Day,
    /// The first day on which it holds no longer.
    pub to: Option<Day>,
}

impl MarginTarget {
    /// Whether it is the same statement, whatever its value.
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        let about = |target: &Self| (target.scope, target.name, target.measure, target.currency, target.from, target.to);
        about(self) == about(other) && self.unit == other.unit
    }
}

/// Whether a target is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetStatus {
    Met,
    Missed,
    /// There is nothing to measure: no revenue, or no units.
    NoData,
}

/// Whether what is measured meets the target: at least a margin, at most a cost.
pub fn status(target: &MarginTarget, actual: Option<Exact>) -> TargetStatus {
    let Some(difference) = actual.and_then(|actual| actual.checked_sub(target.value)) else { return TargetStatus::NoData };
    let is_met = match difference.mantissa().cmp(&0) {
        Ordering::Equal => true,
        Ordering::Greater => target.measure.is_floor(),
        Ordering::Less => !target.measure.is_floor(),
    };
    if is_met { TargetStatus::Met } else { TargetStatus::Missed }
}

/// The targets that hold on a day: of those about the same thing, the one that began last, then the one recorded last.
pub fn in_force(targets: Vec<MarginTarget>, day: Day) -> Vec<MarginTarget> {
    let mut held: std::collections::BTreeMap<_, MarginTarget> = std::collections::BTreeMap::new();
    for target in targets.into_iter().filter(|target| target.from <= day && target.to.is_none_or(|to| day < to)) {
        let about = (target.scope, target.name, target.measure, target.unit.clone(), target.currency.map(Currency::id));
        match held.get(&about) {
            Some(other) if (other.from, other.number) > (target.from, target.number) => {}
            _ => {
                held.insert(about, target);
            }
        }
    }
    held.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(number: i64, measure: TargetMeasure, value: i128, from: i32, to: Option<i32>) -> MarginTarget {
        MarginTarget {
            number,
            measure,
            scope: TargetScope::Client,
            name: NameId(7),
            unit: None,
            value: Exact::new(value, 0),
            currency: None,
            from: Day(from),
            to: to.map(Day),
        }
    }

    #[test]
    fn a_margin_is_wanted_at_least_and_a_cost_at_most() {
        let margin = target(1, TargetMeasure::GrossMarginPercent, 40, 0, None);
        let cost = target(2, TargetMeasure::CostPerUnit, 40, 0, None);
        let of = |actual: i128| (status(&margin, Some(Exact::new(actual, 2))), status(&cost, Some(Exact::new(actual, 2))));
        assert_eq!(of(4_000), (TargetStatus::Met, TargetStatus::Met));
        assert_eq!(of(4_001), (TargetStatus::Met, TargetStatus::Missed));
        assert_eq!(of(3_999), (TargetStatus::Missed, TargetStatus::Met));
        assert_eq!(status(&margin, None), TargetStatus::NoData);
    }

    #[test]
    fn the_one_that_began_last_holds() {
        let targets = vec![
            target(1, TargetMeasure::GrossMarginPercent, 40, 0, None),
            target(2, TargetMeasure::GrossMarginPercent, 45, 10, None),
            target(3, TargetMeasure::GrossMarginPercent, 50, 10, Some(20)),
            target(4, TargetMeasure::CostPerUnit, 1, 30, None),
        ];
        let numbers = |day| in_force(targets.clone(), Day(day)).iter().map(|target| target.number).collect::<Vec<_>>();
        assert_eq!(numbers(9), [1]);
        assert_eq!(numbers(10), [3], "recorded later");
        assert_eq!(numbers(20), [2], "the other has ended");
        assert_eq!(numbers(30), [2, 4]);
    }
}
