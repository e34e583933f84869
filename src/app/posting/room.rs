//! Room: whether the balances take what an entry moves, decided under the books' lock before anything of it is in the batch.
//!
//! What all accounts moved in a month, debits and credits together, is the most that any balance of the month can hold. It is read once and kept
//! up to date in memory; only when it no longer fits into 64 bits are the balances looked at one by one.

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use super::session::Session;
use crate::app::AppError;
use crate::domain::chart::CodingBlock;
use crate::domain::ids::{AccountId, BlockId};
use crate::domain::money::limits::LARGEST_BALANCE;
use crate::domain::money::{Amount, Currency};
use crate::domain::period::{Day, Month};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{Full, Grain, SpendDimension, Totals, Weight, grains_of};
use crate::store::StoreError;
use crate::store::balance_row::{RowKey, balance_row, month_gross};

/// What an entry adds to a block on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    pub block: BlockId,
    pub day: Day,
    pub currency: Currency,
    pub totals: Totals,
}

impl Movement {
    /// Whether both are of one balance.
    pub fn is_beside(&self, other: &Self) -> bool {
        (self.block, self.day, self.currency) == (other.block, other.day, other.currency)
    }
}

/// What is known of the balances.
pub struct Room {
    months: HashSet<Month>,
    /// Debits and credits of all accounts of a month, what the open transaction adds included.
    gross: HashMap<(Month, Currency), i128>,
    /// The month of the day that was asked for last: neighbours mostly share it, and a month takes a calendar to find.
    last: (Day, Month),
    /// Balances that were looked at in the open transaction, as they are stored.
    stored: HashMap<RowKey, Totals>,
}

impl Default for Room {
    fn default() -> Self {
        Self { months: HashSet::new(), gross: HashMap::new(), last: (Day(0), Day(0).month()), stored: HashMap::new() }
    }
}

impl Room {
    /// Begins a transaction. What other processes posted since makes what is known of months too little.
    pub fn begin(&mut self, others_posted: bool) {
        self.stored.clear();
        if others_posted {
            self.forget();
        }
    }

    pub fn forget(&mut self) {
        self.months.clear();
        self.gross.clear();
        self.stored.clear();
    }

    fn month_of(&mut self, day: Day) -> Month {
        if self.last.0 != day {
            self.last = (day, day.month());
        }
        self.last.1
    }

    /// Adds what is moved to the month, or takes it off again when it is below zero. Answers whether all balances of the month certainly hold it.
    pub fn add(&mut self, day: Day, currency: Currency, moved: i128) -> bool {
        let month = self.month_of(day);
        let gross = self.gross.entry((month, currency)).or_default();
        *gross += moved;
        *gross <= i128::from(LARGEST_BALANCE)
    }
}

/// What one balance would be moved by, and what it is a balance of.
struct Moved {
    totals: Totals,
    account: AccountId,
    grain: Grain,
    day: Day,
    currency: Currency,
}

impl Session {
    /// Makes sure that every balance holds what the changes move.
    ///
    /// # Errors
    /// `LEDGER_OVERFLOW`; nothing is then changed. Any database failure.
    pub(super) fn make_room(&mut self, changes: &[Movement], weight: Weight) -> Result<(), AppError> {
        let mut is_certain = true;
        for change in changes {
            let month = self.room.month_of(change.day);
            if !self.room.months.contains(&month) {
                self.read_month(month)?;
            }
        }
        for change in changes {
            is_certain &= self.room.add(change.day, change.currency, change.totals.gross()) && !change.totals.has_unusual_counts();
        }
        if is_certain {
            return Ok(());
        }
        self.look_at_balances(changes, weight).inspect_err(|_| {
            for change in changes {
                self.room.add(change.day, change.currency, -change.totals.gross());
            }
        })
    }

    fn read_month(&mut self, month: Month) -> Result<(), StoreError> {
        for (currency, gross) in month_gross(&mut self.ledger, self.books, month)? {
            self.room.gross.insert((month, currency), gross);
        }
        self.room.months.insert(month);
        Ok(())
    }

    /// Looks at every balance that the changes move.
    fn look_at_balances(&mut self, changes: &[Movement], weight: Weight) -> Result<(), AppError> {
        let mut moved: std::collections::BTreeMap<RowKey, Moved> = std::collections::BTreeMap::new();
        for Movement { block, day, currency, totals } in changes.iter().copied() {
            let Some((coding, is_cost)) = self.coding_of(block) else { continue };
            for (grain, period, key) in grains_of(block, &coding, is_cost, day) {
                let row = moved.entry([grain.id(), period, key, i64::from(currency.id())]);
                let row = row.or_insert(Moved { totals: Totals::default(), account: coding.account, grain, day, currency });
                row.totals = row
                    .totals
                    .checked_add(totals)
                    .ok_or_else(|| self.overflow(row_of(grain, coding.account, day, currency), Full::Money))?;
            }
        }
        for (key, row) in moved {
            let held = self.held(key)?;
            let full = match held {
                Some(held) => held.full_after(row.totals, weight),
                None => Some(Full::Money),
            };
            if let Some(full) = full {
                return Err(self.overflow(row, full).into());
            }
        }
        Ok(())
    }

    /// A balance with what the open transaction added to it; `None` when that alone is too much, which earlier looks prevent.
    fn held(&mut self, key: RowKey) -> Result<Option<Totals>, StoreError> {
        let stored = match self.room.stored.get(&key) {
            Some(stored) => *stored,
            None => {
                let stored = balance_row(&mut self.ledger, self.books, key)?;
                self.room.stored.insert(key, stored);
                stored
            }
        };
        Ok(stored.checked_add(self.batch.added_to(key)?))
    }

    /// The block's coding, and whether its account bears cost.
    pub(super) fn coding_of(&self, block: BlockId) -> Option<(CodingBlock, bool)> {
        let coding = *self.names.coding(block)?;
        let is_cost = self.masters().account_by_id(coding.account).is_some_and(|account| account.class.is_cost());
        Some((coding, is_cost))
    }

    fn overflow(&self, row: Moved, full: Full) -> Rejection {
        let account = self.masters().account_by_id(row.account).map_or_else(String::new, |account| format!(" {}", account.code));
        let what = match row.grain {
            Grain::BlockDay | Grain::BlockMonth | Grain::AccountDay | Grain::AccountMonth => format!("account{account}"),
            Grain::DimensionDay(dimension) | Grain::DimensionMonth(dimension) => format!("the cost of one {}", word(dimension)),
        };
        let when = match row.grain {
            Grain::BlockDay | Grain::AccountDay | Grain::DimensionDay(_) => format!("on {}", row.day),
            Grain::BlockMonth | Grain::AccountMonth | Grain::DimensionMonth(_) => format!("in {}", row.day.month()),
        };
        let message = match full {
            Full::Money => format!(
                "{what} would move more than {} {when}, debits and credits together, which no balance holds: check the amount and its unit",
                Amount::from_units(LARGEST_BALANCE).with(row.currency)
            ),
            Full::Count => format!("{what} would count more tokens {when} than a balance holds: check the quantities and their unit"),
        };
        Rejection { code: Code::LedgerOverflow, path: Vec::new(), message }
    }
}

fn row_of(grain: Grain, account: AccountId, day: Day, currency: Currency) -> Moved {
    Moved { totals: Totals::default(), account, grain, day, currency }
}

fn word(dimension: SpendDimension) -> &'static str {
    match dimension {
        SpendDimension::Provider => "provider",
        SpendDimension::Model => "model",
        SpendDimension::Team => "team",
        SpendDimension::Project => "project",
        SpendDimension::Client => "client",
        SpendDimension::Feature => "feature",
        SpendDimension::Environment => "environment",
        SpendDimension::Account => "account",
    }
}
