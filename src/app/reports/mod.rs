//! Reports: folds over balances, independent of the number of charges.

pub(in crate::app) mod access;
mod filter;
pub(in crate::app) mod reading;
mod spend;
mod trial_balance;

pub use filter::DimensionFilter;
pub use spend::{MOST_ROWS, SpendQuery, SpendReport, SpendRow, spend};
pub use trial_balance::{TrialBalanceReport, trial_balance};
