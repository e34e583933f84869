//! The oracle's own months: what was done to each is written down, and how it stands is read from that anew each time.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate};

/// A month by year and number, 1 to 12.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(pub i32, pub u32);

impl Month {
    pub fn of(day: i32) -> Self {
        let date = DateTime::from_timestamp(i64::from(day) * 86_400, 0).unwrap();
        Self(date.year(), date.month())
    }

    pub fn next(self) -> Self {
        if self.1 == 12 { Self(self.0 + 1, 1) } else { Self(self.0, self.1 + 1) }
    }

    pub fn before(self) -> Self {
        if self.1 == 1 { Self(self.0 - 1, 12) } else { Self(self.0, self.1 - 1) }
    }

    pub fn first_day(self) -> i32 {
        let date = NaiveDate::from_ymd_opt(self.0, self.1, 1).unwrap();
        i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).unwrap()
    }

    pub fn last_day(self) -> i32 {
        self.next().first_day() - 1
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:04}-{:02}", self.0, self.1)
    }
}

/// How a month stands; later ones take less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    Future,
    Open,
    SoftClosed,
    Closed,
    Locked,
}

/// Who asks: the person of the token, and for whom it acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    pub name: &'static str,
    pub acts_for: Option<&'static str>,
}

impl Person {
    /// Whoever acts for somebody is both.
    fn shares_one_with(self, other: Self) -> bool {
        let both = |person: Self| [Some(person.name), person.acts_for];
        both(self).iter().flatten().any(|one| both(other).iter().flatten().any(|another| one == another))
    }
}

/// One change of a month, as an auditor reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub from: Standing,
    pub to: Standing,
    pub by: String,
    pub asked_by: Option<String>,
    pub reason: Option<String>,
    pub last_entry: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOff {
    pub figures: BTreeMap<&'static str, i128>,
    pub is_stale: bool,
}

/// What happened to one month.
#[derive(Debug, Clone, Default)]
pub struct History {
    pub changes: Vec<Change>,
    /// Who asked for it to be reopened since its latest change, and why.
    pub asked: Option<(Person, String)>,
    pub sign_offs: Vec<SignOff>,
    /// The last entry when it was closed.
    pub through: Option<i64>,
}

#[derive(Debug, Clone, Default)]
pub struct Months {
    /// Those to which something happened.
    pub histories: BTreeMap<Month, History>,
    /// Books what is late as though no month were closed, to show that the comparison notices.
    pub is_blind: bool,
}

impl Months {
    /// Closed as far as itself or any later month, because months close in their order and one without entries closes with the next.
    pub fn standing(&self, month: Month, today: Month) -> Standing {
        let begun = if month > today { Standing::Future } else { Standing::Open };
        let closed = self.histories.range(month..).filter_map(|(_, history)| history.changes.last()).map(|change| change.to);
        closed.filter(|to| *to > Standing::Open).max().unwrap_or(begun)
    }

    /// The day on which the program books what belongs to a day.
    pub fn booking_day(&self, day: i32, today: Month) -> i32 {
        let mut day = day;
        while !self.is_blind && self.standing(Month::of(day), today) > Standing::Open {
            day = Month::of(day).next().first_day();
        }
        day
    }

    /// Why a close is refused; none when the month is what is asked for or may become it.
    pub fn refuse_close(&self, month: Month, today: Month, to: Standing, with_figures: &[Month]) -> Option<&'static str> {
        let standing = self.standing(month, today);
        if standing == Standing::Future {
            return Some("PERIOD_FUTURE");
        }
        if standing > to {
            return Some(if standing == Standing::Locked { "PERIOD_LOCKED" } else { "PERIOD_CLOSED" });
        }
        let is_behind = |earlier: &Month| *earlier < month && self.standing(*earlier, today) < to;
        with_figures.iter().any(is_behind).then_some("EARLIER_PERIOD_OPEN")
    }

    fn refuse_reopening(&self, month: Month, today: Month) -> Option<&'static str> {
        match self.standing(month, today) {
            Standing::Locked => Some("PERIOD_LOCKED"),
            Standing::Future | Standing::Open => Some("NOTHING_TO_REOPEN"),
            _ if self.standing(month.next(), today) > Standing::Open => Some("LATER_PERIOD_CLOSED"),
            _ => None,
        }
    }

    fn change(&mut self, month: Month, change: Change) {
        let history = self.histories.entry(month).or_default();
        history.asked = None;
        history.changes.push(change);
    }

    pub fn close(&mut self, month: Month, today: Month, to: Standing, (by, reason): (Person, Option<String>), last_entry: i64) {
        let from = self.standing(month, today);
        if from == to {
            return;
        }
        let change = Change { from, to, by: by.name.to_owned(), asked_by: None, reason, last_entry };
        self.change(month, change);
        let history = self.histories.entry(month).or_default();
        if to >= Standing::Closed {
            history.through.get_or_insert(last_entry);
        }
    }

    pub fn ask(&mut self, month: Month, today: Month, person: Person, reason: &str) -> Result<(), &'static str> {
        if let Some(code) = self.refuse_reopening(month, today) {
            return Err(code);
        }
        let history = self.histories.entry(month).or_default();
        match &history.asked {
            Some((asked, _)) if asked.shares_one_with(person) => {}
            Some(_) => return Err("REOPENING_REQUESTED"),
            None => history.asked = Some((person, reason.to_owned())),
        }
        Ok(())
    }

    pub fn agree(&mut self, month: Month, today: Month, person: Person, reason: &str, last_entry: i64) -> Result<(), &'static str> {
        if let Some(code) = self.refuse_reopening(month, today) {
            return Err(code);
        }
        let from = self.standing(month, today);
        let history = self.histories.entry(month).or_default();
        let (asked, why) = history.asked.clone().ok_or("REOPENING_NOT_REQUESTED")?;
        if asked.shares_one_with(person) {
            return Err("SAME_PERSON");
        }
        history.through = None;
        history.sign_offs.iter_mut().for_each(|sign_off| sign_off.is_stale = true);
        let reason = Some(format!("asked: {why}; agreed: {reason}"));
        let asked_by = Some(asked.name.to_owned());
        self.change(month, Change { from, to: Standing::Open, by: person.name.to_owned(), asked_by, reason, last_entry });
        Ok(())
    }

    pub fn sign_off(&mut self, month: Month, today: Month, figures: BTreeMap<&'static str, i128>) -> Result<(), &'static str> {
        match self.standing(month, today) {
            Standing::Future => return Err("PERIOD_FUTURE"),
            Standing::Closed => return Err("PERIOD_CLOSED"),
            Standing::Locked => return Err("PERIOD_LOCKED"),
            Standing::Open | Standing::SoftClosed => {}
        }
        let history = self.histories.entry(month).or_default();
        history.sign_offs.iter_mut().for_each(|sign_off| sign_off.is_stale = false);
        history.sign_offs.push(SignOff { figures, is_stale: false });
        Ok(())
    }
}
