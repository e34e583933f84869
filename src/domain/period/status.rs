//! The states of a period, and how far the months of a set of books are closed.
//!
//! Closing runs in the order of the months, so a month is never further closed than an earlier one that has entries. How far books are closed
//! is therefore three marks, whatever their age, and a month that was skipped because it had no entries counts as closed with its successor.

use super::{Day, Month};
use crate::domain::rejection::{Code, Rejection};

/// The state of a month. Later states take fewer entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodStatus {
    /// Not begun: takes charges whose clock runs ahead, and no entry that a person dates.
    Future,
    /// Takes every entry.
    Open,
    /// Takes adjusting entries of those who close periods.
    SoftClosed,
    /// Takes nothing, unless two persons reopen it.
    Closed,
    /// Takes nothing, for ever.
    Locked,
}

impl PeriodStatus {
    pub const ALL: [Self; 5] = [Self::Future, Self::Open, Self::SoftClosed, Self::Closed, Self::Locked];

    pub fn id(self) -> i16 {
        match self {
            Self::Future => 0,
            Self::Open => 1,
            Self::SoftClosed => 2,
            Self::Closed => 3,
            Self::Locked => 4,
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.id() == id)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Future => "FUTURE",
            Self::Open => "OPEN",
            Self::SoftClosed => "SOFT_CLOSED",
            Self::Closed => "CLOSED",
            Self::Locked => "LOCKED",
        }
    }

    /// Whether a month of this state may be closed to `target`: only ever forward, and only once it has begun.
    ///
    /// # Errors
    /// `PERIOD_FUTURE` for a month that has not begun; `PERIOD_CLOSED` or `PERIOD_LOCKED` for one that is further closed already.
    pub fn check_close(self, month: Month, target: Self) -> Result<(), Rejection> {
        match self {
            Self::Future => Err(Rejection::at(Code::PeriodFuture, "period", format!("{month} has not begun"))),
            Self::Open | Self::SoftClosed if self <= target => Ok(()),
            Self::Closed if self <= target => Ok(()),
            Self::Locked if target == Self::Locked => Ok(()),
            Self::Locked => Err(Rejection::at(Code::PeriodLocked, "period", format!("{month} is LOCKED, which is for ever"))),
            Self::Open | Self::SoftClosed | Self::Closed => {
                let message = format!("{month} is {}: only a reopening by two persons takes it back", self.as_str());
                Err(Rejection::at(Code::PeriodClosed, "period", message))
            }
        }
    }

    /// Whether a month of this state may be reopened.
    ///
    /// # Errors
    /// `PERIOD_LOCKED`, `NOTHING_TO_REOPEN`.
    pub fn check_reopen(self, month: Month) -> Result<(), Rejection> {
        match self {
            Self::SoftClosed | Self::Closed => Ok(()),
            Self::Locked => Err(Rejection::at(Code::PeriodLocked, "period", format!("{month} is LOCKED and is never reopened"))),
            Self::Future | Self::Open => {
                Err(Rejection::at(Code::NothingToReopen, "period", format!("{month} is {}, not closed", self.as_str())))
            }
        }
    }
}

/// How far the months of a set of books are closed: the last month of each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closings {
    soft_closed: Month,
    closed: Month,
    locked: Month,
    /// The first day that takes every entry, kept because each charge is compared with it.
    first_open: Day,
}

/// Before every month of any books.
const NEVER: Month = Month(i32::MIN);

impl Default for Closings {
    fn default() -> Self {
        Self::new([])
    }
}

impl Closings {
    /// From the months that were closed, in any order.
    pub fn new(months: impl IntoIterator<Item = (Month, PeriodStatus)>) -> Self {
        let mut closings = Self { soft_closed: NEVER, closed: NEVER, locked: NEVER, first_open: Day(i32::MIN) };
        for (month, status) in months {
            if status >= PeriodStatus::SoftClosed {
                closings.soft_closed = closings.soft_closed.max(month);
            }
            if status >= PeriodStatus::Closed {
                closings.closed = closings.closed.max(month);
            }
            if status >= PeriodStatus::Locked {
                closings.locked = closings.locked.max(month);
            }
        }
        if closings.soft_closed != NEVER {
            closings.first_open = closings.soft_closed.next().first_day();
        }
        closings
    }

    /// The first day after every month that is closed in any way.
    pub fn first_open_day(&self) -> Day {
        self.first_open
    }

    /// The day on which what belongs to `day` is booked: the day itself, or the first open day when its month is closed.
    pub fn open_day(&self, day: Day) -> Day {
        day.max(self.first_open)
    }

    /// The state of a month, seen from a month that has begun.
    pub fn status(&self, month: Month, current: Month) -> PeriodStatus {
        if month <= self.locked {
            PeriodStatus::Locked
        } else if month <= self.closed {
            PeriodStatus::Closed
        } else if month <= self.soft_closed {
            PeriodStatus::SoftClosed
        } else if month <= current {
            PeriodStatus::Open
        } else {
            PeriodStatus::Future
        }
    }

    /// Whether a month may be closed to `target`, given the earlier months that have entries.
    ///
    /// # Errors
    /// `EARLIER_PERIOD_OPEN`, and what [`PeriodStatus::check_close`] refuses.
    pub fn check_close(
        &self,
        month: Month,
        current: Month,
        target: PeriodStatus,
        with_entries: impl IntoIterator<Item = Month>,
    ) -> Result<(), Rejection> {
        self.status(month, current).check_close(month, target)?;
        let mut earlier = with_entries.into_iter().filter(|earlier| *earlier < month);
        match earlier.find(|earlier| self.status(*earlier, current) < target) {
            None => Ok(()),
            Some(earlier) => {
                let status = self.status(earlier, current).as_str();
                let message = format!("{earlier} has entries and is {status}: bring it to {} first", target.as_str());
                Err(Rejection::at(Code::EarlierPeriodOpen, "period", message))
            }
        }
    }

    /// Whether a month may be reopened: the last closed one first, because later months begin with what it ends with.
    ///
    /// # Errors
    /// `LATER_PERIOD_CLOSED`, and what [`PeriodStatus::check_reopen`] refuses.
    pub fn check_reopen(&self, month: Month, current: Month) -> Result<(), Rejection> {
        self.status(month, current).check_reopen(month)?;
        if self.soft_closed > month {
            let (last, status) = (self.soft_closed, self.status(self.soft_closed, current).as_str());
            let message = format!("{last} is {status} and begins with what {month} ends with: reopen {last} first");
            return Err(Rejection::at(Code::LaterPeriodClosed, "period", message));
        }
        Ok(())
    }
}
