//! Days, months and half-open ranges; the zone in which books count days, and the states of their months.

mod status;
mod zone;

pub use status::{Closings, PeriodStatus};
pub use zone::{FiscalYearStart, Zone};

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};

use super::rejection::{Code, Rejection};

/// A calendar day as days since 1970-01-01: the form in which days are stored and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// A calendar month as months since January 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(pub i32);

const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// A moment in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

impl Moment {
    /// The moment of a chrono instant; precision below a microsecond is cut.
    pub fn from_instant(instant: DateTime<Utc>) -> Self {
        Self(instant.timestamp_micros())
    }

    /// The chrono instant. Moments are made from instants, so the conversion holds; outside its range it is the epoch.
    pub fn to_instant(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// Hours since the epoch, UTC.
    pub fn hour(self) -> i32 {
        i32::try_from(self.0.div_euclid(MICROS_PER_HOUR)).unwrap_or(i32::MAX)
    }

    /// The UTC day. The accounting day of a charge is [`Zone::day_of`].
    pub fn day(self) -> Day {
        Day(self.hour().div_euclid(24))
    }
}

impl Day {
    const EPOCH: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a valid date");

    pub fn from_date(date: NaiveDate) -> Self {
        Self(i32::try_from((date - Self::EPOCH).num_days()).unwrap_or(i32::MAX))
    }

    /// The calendar date; days before 1970 do not occur in books.
    pub fn to_date(self) -> NaiveDate {
        Self::EPOCH.checked_add_days(Days::new(u64::try_from(self.0).unwrap_or(0))).unwrap_or(NaiveDate::MAX)
    }

    pub fn month(self) -> Month {
        let date = self.to_date();
        Month((date.year() - 1970) * 12 + i32::try_from(date.month0()).unwrap_or(0))
    }

    /// The day before; saturates at the first day that can be stored.
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Month {
    /// Reads `YYYY-MM`, from 1970 on.
    ///
    /// # Errors
    /// `DATE_INVALID` at `period`.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let is_shaped = text.len() == "2026-01".len() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date = is_shaped.then(|| NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok()).flatten();
        date.filter(|date| date.year() >= 1970).map(|date| Day::from_date(date).month()).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            Rejection::at(Code::DateInvalid, "period", format!("`{shown}` is not a period such as \"2026-01\""))
        })
    }

    pub fn last_day(self) -> Day {
        self.next().first_day().previous()
    }

    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    pub fn first_day(self) -> Day {
        let (year, month0) = (1970 + self.0.div_euclid(12), self.0.rem_euclid(12));
        let month = u32::try_from(month0).unwrap_or(0) + 1;
        NaiveDate::from_ymd_opt(year, month, 1).map_or(Day(i32::MAX), Day::from_date)
    }

    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_date().fmt(formatter)
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:04}-{:02}", 1970 + self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

/// How a set of books counts time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Days are counted in it.
    pub zone: Zone,
    pub fiscal_year_start: FiscalYearStart,
    pub closings: Closings,
}

impl Calendar {
    /// The month that a moment falls into.
    pub fn month_of(&self, moment: Moment) -> Month {
        self.zone.day_of(moment).month()
    }
}

/// Days from `from` (included) to `to` (excluded).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayRange {
    from: Day,
    to: Day,
}

impl DayRange {
    /// # Errors
    /// `RANGE_INVALID` when `to` is not after `from`.
    pub fn new(from: Day, to: Day) -> Result<Self, Rejection> {
        if from < to {
            Ok(Self { from, to })
        } else {
            Err(Rejection::at(
                Code::RangeInvalid,
                "to",
                format!("`to` ({to}) must be later than `from` ({from}); it is the first day not included"),
            ))
        }
    }

    pub fn from(self) -> Day {
        self.from
    }

    pub fn to(self) -> Day {
        self.to
    }

    /// The range as whole months and the days left over, so that monthly balances can answer most of it.
    pub fn in_months_and_days(self) -> (Option<(Month, Month)>, Vec<DayRange>) {
        let first = if self.from.month().first_day() == self.from { self.from.month() } else { self.from.month().next() };
        let last = self.to.month();
        if first >= last {
            return (None, vec![self]);
        }
        let edges = [(self.from, first.first_day()), (last.first_day(), self.to)];
        let days = edges.into_iter().filter(|(from, to)| from < to).map(|(from, to)| DayRange { from, to }).collect();
        (Some((first, last)), days)
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::from_date(text.parse().unwrap())
    }

    #[test]
    fn a_range_falls_into_whole_months_and_days() {
        let range = DayRange::new(day("2026-01-15"), day("2026-04-03")).unwrap();
        let (months, days) = range.in_months_and_days();
        assert_eq!(months, Some((day("2026-02-01").month(), day("2026-04-01").month())));
        let edges: Vec<_> = days.iter().map(|range| (range.from.to_string(), range.to.to_string())).collect();
        assert_eq!(edges, [("2026-01-15".into(), "2026-02-01".into()), ("2026-04-01".into(), "2026-04-03".into())]);
        assert_eq!(day("2026-04-30").month().to_string(), "2026-04");
        let inside = DayRange::new(day("2026-01-15"), day("2026-01-20")).unwrap();
        assert_eq!(inside.in_months_and_days(), (None, vec![inside]));
    }
}
