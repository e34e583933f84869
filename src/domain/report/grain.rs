//! Grains: the levels at which balances are kept, so that reports do not depend on the number of charges.

use crate::domain::chart::CodingBlock;
use crate::domain::ids::{AccountId, BlockId};
use crate::domain::journal::Side;
use crate::domain::money::Amount;
use crate::domain::period::Day;

use super::SpendDimension;

/// What a balance row adds up: a key (block, account, or one dimension's value) over a day or a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    BlockDay,
    BlockMonth,
    AccountDay,
    AccountMonth,
    /// Cost accounts only, by one dimension.
    DimensionDay(SpendDimension),
    DimensionMonth(SpendDimension),
}

/// The dimensions with roll-ups of their own, in the order of their stored numbers. Accounts have [`Grain::AccountDay`].
const DIMENSIONS: [SpendDimension; 7] = [
    SpendDimension::Team,
    SpendDimension::Project,
    SpendDimension::Client,
    SpendDimension::Feature,
    SpendDimension::Provider,
    SpendDimension::Model,
    SpendDimension::Environment,
];

fn dimension_number(dimension: SpendDimension) -> i64 {
    match dimension {
        SpendDimension::Team => 1,
        SpendDimension::Project => 2,
        SpendDimension::Client => 3,
        SpendDimension::Feature => 4,
        SpendDimension::Provider => 5,
        SpendDimension::Model => 6,
        SpendDimension::Environment => 7,
        // Accounts are a grain of their own and never stored as a dimension.
        SpendDimension::Account => 0,
    }
}

impl Grain {
    /// The number under which the grain is stored.
    pub fn id(self) -> i64 {
        match self {
            Self::BlockDay => 1,
            Self::BlockMonth => 2,
            Self::AccountDay => 3,
            Self::AccountMonth => 4,
            Self::DimensionDay(dimension) => 10 + dimension_number(dimension),
            Self::DimensionMonth(dimension) => 20 + dimension_number(dimension),
        }
    }
}

/// What one balance row adds up. Money in ledger units of the row's currency; counts of booked charges on their cost block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub debit: i64,
    pub credit: i64,
    pub charges: i64,
    /// All input classes.
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub cache_read_tokens: i64,
}

impl Totals {
    /// Only money.
    pub fn of_posting(side: Side, amount: Amount) -> Self {
        match side {
            Side::Debit => Self { debit: amount.units(), ..Self::default() },
            Side::Credit => Self { credit: amount.units(), ..Self::default() },
        }
    }

    /// The counts of the one and the money of the other.
    #[must_use]
    pub fn with_money(self, money: Self) -> Self {
        Self { debit: money.debit, credit: money.credit, ..self }
    }

    /// The sum; `None` when a column would exceed what the ledger holds.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            debit: self.debit.checked_add(other.debit)?,
            credit: self.credit.checked_add(other.credit)?,
            charges: self.charges.checked_add(other.charges)?,
            input_tokens: self.input_tokens.checked_add(other.input_tokens)?,
            output_tokens: self.output_tokens.checked_add(other.output_tokens)?,
            cache_read_tokens: self.cache_read_tokens.checked_add(other.cache_read_tokens)?,
        })
    }

    /// Without what was added before: the undoing of a sum.
    #[must_use]
    pub fn less(self, added: Self) -> Self {
        Self {
            debit: self.debit.wrapping_sub(added.debit),
            credit: self.credit.wrapping_sub(added.credit),
            charges: self.charges.wrapping_sub(added.charges),
            input_tokens: self.input_tokens.wrapping_sub(added.input_tokens),
            output_tokens: self.output_tokens.wrapping_sub(added.output_tokens),
            cache_read_tokens: self.cache_read_tokens.wrapping_sub(added.cache_read_tokens),
        }
    }

    /// The counts with the other sign, and no money: a charge that leaves a block.
    #[must_use]
    pub fn counts_negated(self) -> Self {
        Self {
            debit: 0,
            credit: 0,
            charges: -self.charges,
            input_tokens: -self.input_tokens,
            output_tokens: -self.output_tokens,
            cache_read_tokens: -self.cache_read_tokens,
        }
    }
}

/// Every grain that a day's total on a block is part of: (grain, period, key).
pub fn grains_of(block: BlockId, coding: &CodingBlock, is_cost: bool, day: Day) -> Vec<(Grain, i64, i64)> {
    let (day_number, month) = (i64::from(day.0), i64::from(day.month().0));
    let AccountId(account) = coding.account;
    let mut grains = vec![
        (Grain::BlockDay, day_number, i64::from(block.0)),
        (Grain::BlockMonth, month, i64::from(block.0)),
        (Grain::AccountDay, day_number, i64::from(account)),
        (Grain::AccountMonth, month, i64::from(account)),
    ];
    if is_cost {
        let keys = [coding.team, coding.project, coding.client, coding.feature, coding.provider, coding.model, coding.environment];
        for (dimension, key) in DIMENSIONS.into_iter().zip(keys) {
            grains.push((Grain::DimensionDay(dimension), day_number, i64::from(key.0)));
            grains.push((Grain::DimensionMonth(dimension), month, i64::from(key.0)));
        }
    }
    grains
}
