//! Reports are folds over balances.

mod spend;
mod trial_balance;

pub use spend::{Interval, SpendDimension};
pub use trial_balance::{TrialBalance, TrialBalanceRow, TrialBalanceTotal, trial_balance};
