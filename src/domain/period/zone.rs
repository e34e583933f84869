//! The time zone in which books count their days, and the months of their fiscal year.

use chrono::{Duration, NaiveDateTime, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;

use super::{Day, Moment, Month};
use crate::domain::rejection::{Code, Rejection};

/// An IANA time zone, such as `Europe/Berlin`. UTC, which most books keep, costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl Zone {
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone of this name, in the spelling of the IANA database.
    ///
    /// # Errors
    /// `TIME_ZONE_UNKNOWN` at `timeZone`.
    pub fn parse(name: &str) -> Result<Self, Rejection> {
        name.parse().map(Self).map_err(|_| {
            let shown: String = name.chars().take(40).collect();
            Rejection::at(Code::TimeZoneUnknown, "timeZone", format!("`{shown}` is not an IANA time zone such as `Europe/Berlin` or `UTC`"))
        })
    }

    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The day on the zone's calendar on which the moment falls.
    pub fn day_of(self, moment: Moment) -> Day {
        if self.0 == Tz::UTC {
            return moment.day();
        }
        let instant = moment.to_instant();
        let offset = self.0.offset_from_utc_datetime(&instant.naive_utc()).fix();
        Moment(moment.0.saturating_add(i64::from(offset.local_minus_utc()).saturating_mul(1_000_000))).day()
    }

    /// The first moment of the day in the zone. A day that begins inside a gap of summer time begins where the gap ends.
    pub fn start_of(self, day: Day) -> Moment {
        let midnight = day.to_date().and_time(NaiveTime::MIN);
        if self.0 == Tz::UTC {
            return Moment::from_instant(midnight.and_utc());
        }
        (0..=GAP_STEPS).find_map(|step| self.first_at(midnight + Duration::minutes(GAP_STEP_MINUTES * step))).unwrap_or_else(|| {
            // No zone has a gap of a whole day since 2011; the day would then begin at its midnight in UTC.
            Moment::from_instant(midnight.and_utc())
        })
    }

    /// The first moment at which the zone's clocks show this; none inside a gap.
    fn first_at(self, local: NaiveDateTime) -> Option<Moment> {
        self.0.from_local_datetime(&local).earliest().map(|instant| Moment::from_instant(instant.to_utc()))
    }
}

/// Clocks are put forward by multiples of this.
const GAP_STEP_MINUTES: i64 = 15;
/// A day in such steps.
const GAP_STEPS: i64 = 96;

/// The calendar month, 1 to 12, in which the fiscal year begins. A fiscal year is named by the calendar year in which it ends, so that
/// one that begins in January has the year's own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FiscalYearStart(u8);

impl Default for FiscalYearStart {
    fn default() -> Self {
        Self::JANUARY
    }
}

impl FiscalYearStart {
    pub const JANUARY: Self = Self(1);

    /// # Errors
    /// `FISCAL_YEAR_START_INVALID` at `fiscalYearStart`.
    pub fn new(month: i64) -> Result<Self, Rejection> {
        u8::try_from(month).ok().filter(|month| (1..=12).contains(month)).map(Self).ok_or_else(|| {
            Rejection::at(Code::FiscalYearStartInvalid, "fiscalYearStart", format!("{month} is not a month: January is 1, December 12"))
        })
    }

    /// 1 to 12.
    pub fn month(self) -> u8 {
        self.0
    }

    /// The name of the fiscal year that has this month.
    pub fn year_of(self, month: Month) -> i32 {
        // Shifted so that the year's first month is month zero of the year in which it ends.
        1970 + month.0.saturating_add(self.shift()).div_euclid(12)
    }

    /// The first month of a fiscal year.
    pub fn first_month(self, year: i32) -> Month {
        Month(year.saturating_sub(1970).saturating_mul(12).saturating_sub(self.shift()))
    }

    fn shift(self) -> i32 {
        (13 - i32::from(self.0)).rem_euclid(12)
    }
}
