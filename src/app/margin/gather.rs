//! Adds balances and hours up by the lines of the statement, period by period and key by key.

use std::collections::{BTreeMap, HashMap};

use crate::app::AppError;
use crate::app::exchange::Rates;
use crate::app::masters::Masters;
use crate::app::reports::MOST_ROWS;
use crate::app::reports::slices::dated_slices;
use crate::domain::chart::AccountClass;
use crate::domain::ids::AccountId;
use crate::domain::labor::LeastPersons;
use crate::domain::margin::{MarginFigures, MarginLine};
use crate::domain::money::Currency;
use crate::domain::period::{Day, DayRange};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{Grain, Interval, SpendDimension};
use crate::store::balance::{BlockFilter, Snapshot};

/// Accounts of revenue and cost with their lines.
pub(super) struct Lines(HashMap<AccountId, (MarginLine, AccountClass)>);

impl Lines {
    pub fn of(masters: &Masters) -> Self {
        let line = |account| MarginLine::of(account, |code| masters.account(code), masters.bears_charges(account));
        Self(masters.accounts.iter().filter_map(|account| Some((account.id, (line(account)?, account.class)))).collect())
    }

    pub fn of_key(&self, id: Option<&i64>) -> Option<(MarginLine, AccountClass)> {
        let id = id.and_then(|id| i32::try_from(*id).ok())?;
        self.0.get(&AccountId(id)).copied()
    }

    /// The accounts of some lines.
    pub fn accounts(&self, wanted: impl Fn(MarginLine) -> bool) -> Vec<AccountId> {
        let mut accounts: Vec<_> = self.0.iter().filter(|(_, (line, _))| wanted(*line)).map(|(id, _)| *id).collect();
        accounts.sort_unstable();
        accounts
    }
}

/// First day of the period (none without an interval), stored ids of the keys, currency.
pub(super) type Key = (Option<Day>, Vec<i64>, Currency);

/// One key in one period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Gathered {
    pub figures: MarginFigures,
    pub charges: i128,
    pub input_tokens: i128,
    pub output_tokens: i128,
}

impl Gathered {
    pub fn add(&mut self, other: &Self) {
        self.figures = self.figures.plus(&other.figures);
        self.charges += other.charges;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
    }
}

/// Hours of a key, in millionths, and at least how many persons worked them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Worked {
    pub hours: i128,
    pub persons: i64,
}

impl Worked {
    /// Of the persons of several parts only the most of one part are certain to differ.
    pub fn add(&mut self, other: Self) {
        self.hours += other.hours;
        self.persons = self.persons.max(other.persons);
    }

    /// Whether a reader may know them: of too few persons, hours and cost together tell a person's rate.
    pub fn is_shown(self, sees_persons: bool, least: LeastPersons) -> bool {
        sees_persons || least.are_reached_by(self.persons) || self == Self::default()
    }
}

/// What is read.
pub(super) struct Gatherer<'a> {
    pub snapshot: &'a Snapshot,
    pub lines: &'a Lines,
    pub days: DayRange,
    pub interval: Option<Interval>,
    /// Its accounts are those of the lines looked at.
    pub filter: &'a BlockFilter,
    /// Turns every amount into the reporting currency at the rate of its day.
    pub rates: Option<&'a Rates>,
}

impl Gatherer<'_> {
    fn period(&self, day: Day) -> Option<Day> {
        self.interval.map(|interval| interval.first_day(day))
    }

    /// Money and counts by dimensions. With rates, every day's amount of an account and key is converted and rounded once, half to even.
    ///
    /// # Errors
    /// `RANGE_TOO_LARGE`, `RATE_MISSING`, or a database failure.
    pub async fn money(&self, by: &[SpendDimension]) -> Result<BTreeMap<Key, Gathered>, AppError> {
        let keys: Vec<_> = std::iter::once(SpendDimension::Account).chain(by.iter().copied()).collect();
        let read_by = if self.rates.is_some() { Some(Interval::Day) } else { self.interval };
        let mut gathered: BTreeMap<Key, Gathered> = BTreeMap::new();
        let limit = if self.rates.is_some() { MOST_ROWS * 31 } else { MOST_ROWS };
        for (slice, first_day) in dated_slices(self.days, read_by, (Grain::BlockMonth, Grain::BlockDay)) {
            let sums = self.snapshot.block_sums(slice, &keys, self.filter, limit + 1).await?;
            if sums.len() > limit {
                return Err(Rejection::of(Code::RangeTooLarge).into());
            }
            for sum in sums {
                let Some((line, _)) = self.lines.of_key(sum.keys.first()) else { continue };
                let day = first_day(sum.bucket);
                let (net, currency) = self.converted(sum.totals.debit - sum.totals.credit, sum.currency, day)?;
                let key = (self.period(day), sum.keys.get(1..).unwrap_or_default().to_vec(), currency);
                let row = gathered.entry(key).or_default();
                row.figures.add(line, net);
                row.charges += sum.totals.charges;
                row.input_tokens += sum.totals.input_tokens;
                row.output_tokens += sum.totals.output_tokens;
            }
        }
        for sum in self.snapshot.kept_allocations(self.days, &keys, self.filter).await? {
            let Some((line @ (MarginLine::DirectAi | MarginLine::AppliedLabor | MarginLine::OtherCost), _)) =
                self.lines.of_key(sum.keys.first())
            else {
                continue;
            };
            let (net, currency) = self.converted(sum.net, sum.currency, sum.day)?;
            let key = (self.period(sum.day), sum.keys.get(1..).unwrap_or_default().to_vec(), currency);
            gathered.entry(key).or_default().figures.show_as_allocated(line, net);
        }
        Ok(gathered)
    }

    fn converted(&self, units: i128, currency: Currency, day: Day) -> Result<(i128, Currency), Rejection> {
        let Some(rates) = self.rates.filter(|rates| rates.reporting != currency) else { return Ok((units, currency)) };
        Ok((rates.value_of_sum(units, currency, day)?, rates.reporting))
    }

    /// Hours by dimensions.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn hours(&self, by: &[SpendDimension], with_persons: bool) -> Result<BTreeMap<(Option<Day>, Vec<i64>), Worked>, AppError> {
        let mut worked: BTreeMap<(Option<Day>, Vec<i64>), Worked> = BTreeMap::new();
        for (slice, first_day) in dated_slices(self.days, self.interval, (Grain::BlockMonth, Grain::BlockDay)) {
            for sum in self.snapshot.hours(slice, by, self.filter, with_persons).await? {
                let found = Worked { hours: i128::from(sum.hours), persons: sum.persons };
                worked.entry((self.period(first_day(sum.bucket)), sum.keys)).or_default().add(found);
            }
        }
        Ok(worked)
    }
}
