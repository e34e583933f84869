//! Dimensions and intervals of spend reports.

use crate::domain::chart::CodingBlock;
use crate::domain::period::Day;
use chrono::{Datelike, Days};

/// What spend can be grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpendDimension {
    Provider,
    Model,
    Team,
    Project,
    Client,
    Feature,
    Environment,
    Account,
}

impl SpendDimension {
    /// The id of the dimension on a coding block; zero for none.
    pub fn id_on(self, coding: &CodingBlock) -> i64 {
        let name = match self {
            Self::Account => return i64::from(coding.account.0),
            Self::Provider => coding.provider,
            Self::Model => coding.model,
            Self::Team => coding.team,
            Self::Project => coding.project,
            Self::Client => coding.client,
            Self::Feature => coding.feature,
            Self::Environment => coding.environment,
        };
        i64::from(name.0)
    }
}

/// What only a charge knows, and no balance: rows by it are read from the charges of the range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChargeDimension {
    /// The name of the key that made the call.
    ApiKey,
    EndUser,
    /// The value of one tag, whose key the question names.
    Tag,
    /// The system that sent the charge.
    Source,
    Region,
    Processing,
    ServiceTier,
}

/// One of the keys that a row of spend is grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpendKey {
    /// A dimension of coding blocks, which balances are kept by.
    Block(SpendDimension),
    Charge(ChargeDimension),
}

impl SpendKey {
    pub fn block(self) -> Option<SpendDimension> {
        match self {
            Self::Block(dimension) => Some(dimension),
            Self::Charge(_) => None,
        }
    }
}

/// The periods a report is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interval {
    Day,
    /// ISO weeks, Monday first, named `2026-W02`.
    Week,
    /// Named `2026-01`.
    Month,
    /// Named `2026-Q1`.
    Quarter,
}

impl Interval {
    /// The name of the period a day falls into.
    pub fn period_of(self, day: Day) -> String {
        let date = day.to_date();
        match self {
            Self::Day => day.to_string(),
            Self::Week => {
                let week = date.iso_week();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
            Self::Month => day.month().to_string(),
            Self::Quarter => format!("{:04}-Q{}", date.year(), date.month0() / 3 + 1),
        }
    }

    /// Whether whole months fall into one period, so that monthly balances can answer.
    pub fn holds_months(self) -> bool {
        matches!(self, Self::Month | Self::Quarter)
    }

    /// First day of the period after the one a day falls into.
    pub fn next_day(self, day: Day) -> Day {
        let first = self.first_day(day);
        match self {
            Self::Day => first.next(),
            Self::Week => Day(first.0.saturating_add(7)),
            Self::Month => first.month().next().first_day(),
            Self::Quarter => first.month().next().next().next().first_day(),
        }
    }

    /// First day of the period a day falls into.
    pub fn first_day(self, day: Day) -> Day {
        let date = day.to_date();
        match self {
            Self::Day => day,
            Self::Week => {
                Day::from_date(date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday()))).unwrap_or(date))
            }
            Self::Month => day.month().first_day(),
            Self::Quarter => {
                let month = day.month();
                crate::domain::period::Month(month.0 - month.0.rem_euclid(3)).first_day()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_named_and_begin() {
        let day = Day::from_date("2026-01-01".parse().unwrap());
        let named: Vec<_> = [Interval::Day, Interval::Week, Interval::Month, Interval::Quarter]
            .map(|interval| (interval.period_of(day), interval.first_day(day).to_string()))
            .into();
        assert_eq!(
            named,
            [
                ("2026-01-01".into(), "2026-01-01".into()),
                ("2026-W01".into(), "2025-12-29".into()),
                ("2026-01".into(), "2026-01-01".into()),
                ("2026-Q1".into(), "2026-01-01".to_string())
            ]
        );
    }
}
