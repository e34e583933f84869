//! The trial balance: debit and credit totals of every account; the totals must be equal in each currency.

use std::collections::BTreeMap;

use crate::domain::chart::{Account, NormalSide};
use crate::domain::money::Currency;

/// Gross totals of one account in one currency, in ledger units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialBalanceRow {
    pub account: Account,
    pub currency: Currency,
    pub debit: i128,
    pub credit: i128,
    /// The part of `debit` before the movement begins; the rest is the movement.
    pub opening_debit: i128,
    pub opening_credit: i128,
}

impl TrialBalanceRow {
    /// The balance before the movement, on the account's normal side.
    pub fn opening(&self) -> i128 {
        match self.account.normal_side() {
            NormalSide::Debit => self.opening_debit - self.opening_credit,
            NormalSide::Credit => self.opening_credit - self.opening_debit,
        }
    }

    /// What the movement adds on the account's normal side: opening and movement are the balance.
    pub fn movement(&self) -> i128 {
        self.balance() - self.opening()
    }

    /// The difference on the account's normal side.
    pub fn balance(&self) -> i128 {
        match self.account.normal_side() {
            NormalSide::Debit => self.debit - self.credit,
            NormalSide::Credit => self.credit - self.debit,
        }
    }
}

/// Sum of all rows in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialBalanceTotal {
    pub currency: Currency,
    pub debit: i128,
    pub credit: i128,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialBalance {
    pub rows: Vec<TrialBalanceRow>,
    pub totals: Vec<TrialBalanceTotal>,
}

/// Folds gross totals per account into a trial balance, rows in the order of account code and currency.
pub fn trial_balance(mut rows: Vec<TrialBalanceRow>) -> TrialBalance {
    rows.sort_by(|a, b| (&a.account.code, a.currency.code()).cmp(&(&b.account.code, b.currency.code())));
    let mut totals: BTreeMap<&str, TrialBalanceTotal> = BTreeMap::new();
    for row in &rows {
        let total = totals.entry(row.currency.code()).or_insert(TrialBalanceTotal { currency: row.currency, debit: 0, credit: 0 });
        total.debit += row.debit;
        total.credit += row.credit;
    }
    TrialBalance { totals: totals.into_values().collect(), rows }
}
