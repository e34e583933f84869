//! Steps of a walk that close months and reopen them, sign accruals off, and let days pass.

use super::books::instant;
use super::call::{Call, DAY};
use super::checklist::Limits;
use super::closing_books;
use super::compare::{Outcome, equal};
use super::months::{Month, Person, Standing};
use super::oracle::{Kind, Oracle};
use super::rng::SplitMix64;
use super::swarm::Swarm;
use super::world;

#[derive(Debug, Clone, Copy)]
pub enum PeriodStep {
    Close,
    Ask,
    Agree,
    SignOff,
    Limits,
    Days,
}

/// A walk without closes or without days that pass would show nothing; the rest may be left out.
pub const STEPS: [(PeriodStep, u64, &[u64]); 6] = [
    (PeriodStep::Close, 24, &[1, 1, 2]),
    (PeriodStep::Days, 7, &[1, 1, 2]),
    (PeriodStep::Ask, 5, &[0, 1, 2]),
    (PeriodStep::Agree, 18, &[1, 1, 2]),
    (PeriodStep::SignOff, 4, &[0, 1, 1, 2]),
    (PeriodStep::Limits, 2, &[0, 1, 1, 2]),
];

const PERSONS: [Person; 5] = [
    Person { name: "cleo", acts_for: None },
    Person { name: "otto", acts_for: None },
    Person { name: "mia", acts_for: None },
    Person { name: "agent", acts_for: Some("cleo") },
    Person { name: "agent", acts_for: Some("otto") },
];

const MONTHS: [Month; 5] = [Month(2025, 12), Month(2026, 1), Month(2026, 2), Month(2026, 3), Month(2026, 4)];

/// The day on which a walk with months begins: 2026-01-25 to 2026-02-25.
pub fn first_now(rng: &mut SplitMix64) -> i64 {
    rng.between(20_478, 20_509) * DAY + rng.between(0, DAY - 1)
}

/// The call at a moment that has come, or that a hasty clock may show; a few are too far ahead.
fn dated(rng: &mut SplitMix64, mut call: Call, now: i64) -> Call {
    if call.flaw.is_none() && rng.chance(12) {
        let ahead = [2 * DAY, 2 * DAY + 1, rng.between(0, 2 * DAY), rng.between(0, 2 * DAY), rng.between(2 * DAY, 9 * DAY)];
        call.at = now + *rng.pick(&ahead);
    }
    let latest = now + if call.flaw.is_none() && rng.chance(5) { 9 * DAY } else { 2 * DAY };
    while call.at > latest {
        call.at -= 7 * DAY;
    }
    call
}

/// What is reversed, on which day, and whether by one who closes months: often a correction that stands, on a day that is open.
pub fn reversal(rng: &mut SplitMix64, oracle: &Oracle, number: i64, day: i32) -> (i64, i32, bool) {
    let entry = |number: i64| usize::try_from(number - 1).ok().and_then(|at| oracle.journal.get(at));
    let is_correction = |number: &i64| entry(*number).is_some_and(|entry| matches!(entry.kind, Kind::Rerating | Kind::Reclassification));
    let standing: Vec<i64> = oracle.charges.iter().filter_map(|charge| charge.state.entry).filter(is_correction).collect();
    let number = if !standing.is_empty() && rng.chance(60) { *rng.pick(&standing) } else { number };
    let own = entry(number).map_or(day, |entry| entry.day);
    let day = if rng.chance(75) { oracle.booking_day(own) + i32::try_from(rng.below(6)).unwrap() } else { day };
    (number, day, rng.chance(50))
}

impl Swarm {
    pub fn dated(&mut self, call: Call) -> Call {
        dated(&mut self.rng, call, self.oracle.now)
    }

    pub async fn period_step(&mut self, step: PeriodStep, at: usize) -> Outcome {
        match step {
            PeriodStep::Close => self.close(at).await?,
            PeriodStep::Ask => self.ask(at).await?,
            PeriodStep::Agree => self.agree(at).await?,
            PeriodStep::SignOff => self.sign_off(at).await?,
            PeriodStep::Limits => {
                let (unpriced, unattributed) = (*self.rng.pick(&[0, 2, 1_000]), *self.rng.pick(&[0, 100, 4_000, 10_000]));
                self.oracle.limits = Limits { unpriced, unattributed, feed_gap: *self.rng.pick(&[0, 2, 9, 31]) };
                self.last = format!("limits {:?}", self.oracle.limits);
                self.books[at].save_limits(self.oracle.limits).await;
            }
            PeriodStep::Days => self.pass_days(),
        }
        closing_books::months(&self.books[at], &self.oracle).await
    }

    /// To the next days, and often to the end of a month, when what is ahead of the clock is of the next one.
    fn pass_days(&mut self) {
        let now = self.oracle.now;
        let end = i64::from(self.oracle.today().last_day()) * DAY;
        let next = if self.rng.chance(40) && now < end { end + self.rng.between(0, DAY - 1) } else { now + self.rng.between(1, 9 * DAY) };
        self.oracle.now = next.min(world::NOW + 20 * DAY).max(now);
        self.clock.set(instant(self.oracle.now));
        self.last = format!("now it is {}", instant(self.oracle.now));
    }

    /// The first month that is not closed, or any.
    fn month_to_close(&mut self) -> Month {
        let today = self.oracle.today();
        let first = MONTHS[1..].iter().find(|month| self.oracle.months.standing(**month, today) < Standing::Closed);
        let any = *self.rng.pick(&MONTHS);
        first.copied().filter(|_| self.rng.chance(60)).unwrap_or(any)
    }

    /// The last month that is closed in any way, or any.
    fn month_to_reopen(&mut self) -> Month {
        let today = self.oracle.today();
        let last = MONTHS.iter().rfind(|month| self.oracle.months.standing(**month, today) > Standing::Open);
        let any = *self.rng.pick(&MONTHS);
        last.copied().filter(|_| self.rng.chance(75)).unwrap_or(any)
    }

    async fn close(&mut self, at: usize) -> Outcome {
        let (month, person) = (self.month_to_close(), *self.rng.pick(&PERSONS));
        let rng = &mut self.rng;
        let to = *rng.pick(&[Standing::SoftClosed, Standing::SoftClosed, Standing::Closed, Standing::Closed, Standing::Closed]);
        let to = if rng.chance(4) { Standing::Locked } else { to };
        let reason = rng.chance(75).then_some("it has to be closed");
        let today = self.oracle.today();
        let oracle = &mut self.oracle;
        let is_checked = to >= Standing::Closed && oracle.months.standing(month, today) < Standing::Closed;
        let refusal = oracle.months.refuse_close(month, today, to, &oracle.months_with_figures());
        let is_open = || is_checked && reason.is_none() && !oracle.open_items(month).is_empty();
        let refusal = refusal.or_else(|| is_open().then_some("CHECKLIST_OPEN"));
        self.last = format!("close {month} to {to:?} by {person:?}, reason {reason:?}");
        equal("the outcome", &self.books[at].close(person, month, to, reason).await, &refusal.map_or(Ok(()), |code| Err(code.to_owned())))?;
        if refusal.is_none() {
            let last_entry = i64::try_from(oracle.journal.len()).unwrap();
            oracle.months.close(month, today, to, (person, reason.map(str::to_owned)), last_entry);
        }
        Ok(())
    }

    async fn ask(&mut self, at: usize) -> Outcome {
        let (month, person) = (self.month_to_reopen(), *self.rng.pick(&PERSONS));
        self.ask_as(at, month, person).await
    }

    async fn ask_as(&mut self, at: usize, month: Month, person: Person) -> Outcome {
        self.last = format!("{person:?} asks to reopen {month}");
        let reason = format!("{} found an error", person.name);
        let expected = self.oracle.months.ask(month, self.oracle.today(), person, &reason).map_err(str::to_owned);
        equal("the outcome", &self.books[at].ask_reopening(person, month, &reason).await, &expected)
    }

    async fn agree(&mut self, at: usize) -> Outcome {
        let (month, person) = (self.month_to_reopen(), *self.rng.pick(&PERSONS));
        // Most were asked for, so that months are reopened even where few ask.
        if self.rng.chance(60) {
            let asking = *self.rng.pick(&PERSONS);
            self.ask_as(at, month, asking).await?;
        }
        self.last = format!("{person:?} agrees to reopen {month}");
        let (today, last_entry) = (self.oracle.today(), i64::try_from(self.oracle.journal.len()).unwrap());
        let expected = self.oracle.months.agree(month, today, person, "so be it", last_entry).map_err(str::to_owned);
        equal("the outcome", &self.books[at].agree_reopening(person, month, "so be it").await, &expected)
    }

    async fn sign_off(&mut self, at: usize) -> Outcome {
        let (month, person) = (self.month_to_close(), *self.rng.pick(&PERSONS));
        self.last = format!("{person:?} signs the accruals of {month} off");
        let figures = self.oracle.accruals(month);
        let expected = self.oracle.months.sign_off(month, self.oracle.today(), figures).map_err(str::to_owned);
        equal("the outcome", &self.books[at].sign_off(person, month).await, &expected)
    }
}
