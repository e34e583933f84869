//! Figures as of an entry: the balances of now, less what was posted after that entry. The same number gives the same figures for ever.

use std::collections::BTreeMap;

use crate::app::AppError;
use crate::domain::ids::EntryNumber;
use crate::domain::money::Currency;
use crate::domain::period::{Day, DayRange};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{Grain, SpendDimension};
use crate::store::balance::{BlockFilter, Bucket, PostedBetween, Slice, Snapshot, Sum};

/// Nothing in the books is dated before it.
pub(in crate::app) const FIRST_DAY: Day = Day(0);

/// Rows are keys times currencies, or days: a report with more of them is read by nobody.
const MOST_SUMS: usize = 1_000_000;

/// Day (0 unless asked for), ids of the keys, currency; to debit and credit in ledger units.
pub(in crate::app) type Sums = BTreeMap<(i64, Vec<i64>, Currency), (i128, i128)>;

/// The entry that a report is taken as of: the one that was asked for, else the last one.
///
/// # Errors
/// `AS_OF_ENTRY_UNKNOWN` for a number that is not given out yet.
pub(in crate::app) fn as_of_entry(asked: Option<EntryNumber>, last: EntryNumber) -> Result<EntryNumber, Rejection> {
    let through = asked.unwrap_or(last);
    if through > last || through.0 < 0 {
        let message = format!("there is no entry {through}: the last one is {last}");
        return Err(Rejection::at(Code::AsOfEntryUnknown, "asOfEntry", message));
    }
    Ok(through)
}

/// A snapshot that is read up to an entry.
pub(in crate::app) struct AsOf {
    pub snapshot: Snapshot,
    /// The last entry that the figures contain.
    pub through: EntryNumber,
    last: EntryNumber,
}

impl AsOf {
    /// # Errors
    /// `AS_OF_ENTRY_UNKNOWN` for a number that is not given out yet, or a database failure.
    pub async fn begin(snapshot: Snapshot, asked: Option<EntryNumber>) -> Result<Self, AppError> {
        let last = snapshot.last_entry().await?;
        Ok(Self { snapshot, through: as_of_entry(asked, last)?, last })
    }

    /// Debits and credits of a range of days by dimensions. `by` with the account alone, and no filter, reads the narrow roll-up of accounts.
    ///
    /// # Errors
    /// `RANGE_TOO_LARGE`, or a database failure.
    pub async fn sums(&self, days: DayRange, by: &[SpendDimension], by_day: bool, filter: &BlockFilter) -> Result<Sums, AppError> {
        let by_account = by == [SpendDimension::Account] && !by_day && filter.is_open();
        let (month_grain, day_grain) =
            if by_account { (Grain::AccountMonth, Grain::AccountDay) } else { (Grain::BlockMonth, Grain::BlockDay) };
        let bucket = by_day.then_some(Bucket { offset: 0, divisor: 1 });
        let of_days = |range: DayRange| Slice { grain: day_grain, from: i64::from(range.from().0), to: i64::from(range.to().0), bucket };
        let slices = if by_day {
            vec![of_days(days)]
        } else {
            let (months, rest) = days.in_months_and_days();
            let months =
                months.map(|(first, end)| Slice { grain: month_grain, from: i64::from(first.0), to: i64::from(end.0), bucket: None });
            months.into_iter().chain(rest.into_iter().map(of_days)).collect()
        };
        let mut sums = Sums::new();
        for slice in slices {
            let found = if by_account {
                self.snapshot.key_sums(slice, true, None, MOST_SUMS + 1).await?
            } else {
                self.snapshot.block_sums(slice, by, filter, MOST_SUMS + 1).await?
            };
            if found.len() > MOST_SUMS {
                return Err(Rejection::of(Code::RangeTooLarge).into());
            }
            add(&mut sums, found, 1);
        }
        add(&mut sums, self.posted_later(days, by, by_day, filter).await?, -1);
        // A balance also counts charges that cost nothing; they have no postings.
        sums.retain(|_, (debit, credit)| *debit != 0 || *credit != 0);
        Ok(sums)
    }

    /// What was posted after the entry on days of a range; it is in the balances of now.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn posted_later(
        &self,
        days: DayRange,
        by: &[SpendDimension],
        by_day: bool,
        filter: &BlockFilter,
    ) -> Result<Vec<Sum>, AppError> {
        if self.through >= self.last {
            return Ok(Vec::new());
        }
        let later = PostedBetween { days, after: self.through, through: self.last };
        Ok(self.snapshot.posted_sums(later, by, by_day, filter).await?)
    }
}

fn add(sums: &mut Sums, found: Vec<Sum>, sign: i128) {
    for sum in found {
        let total = sums.entry((sum.bucket, sum.keys, sum.currency)).or_default();
        total.0 += sign * sum.totals.debit;
        total.1 += sign * sum.totals.credit;
    }
}

/// A report's total beside the same total from the trial balance of the same day and entry; their difference must be zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    pub currency: Currency,
    /// In ledger units, debits above zero.
    pub report: i128,
    pub trial_balance: i128,
}

/// One control a currency that either side has.
pub(in crate::app) fn controls(report: &BTreeMap<Currency, i128>, trial_balance: &BTreeMap<Currency, i128>) -> Vec<Control> {
    let currencies: std::collections::BTreeSet<_> = report.keys().chain(trial_balance.keys()).copied().collect();
    let of = |totals: &BTreeMap<Currency, i128>, currency| totals.get(&currency).copied().unwrap_or_default();
    let mut controls: Vec<_> = currencies
        .into_iter()
        .map(|currency| Control { currency, report: of(report, currency), trial_balance: of(trial_balance, currency) })
        .collect();
    controls.sort_by_key(|control| control.currency.code());
    controls
}

/// Debits less credits by currency.
pub(in crate::app) fn nets(sums: &Sums) -> BTreeMap<Currency, i128> {
    let mut nets = BTreeMap::new();
    for ((_, _, currency), (debit, credit)) in sums {
        *nets.entry(*currency).or_default() += debit - credit;
    }
    nets
}
