//! Reports: folds over balances, independent of the number of charges.

pub(in crate::app) mod access;
mod aged_items;
pub(in crate::app) mod as_of;
pub(in crate::app) mod filter;
mod flux;
mod general_ledger;
pub(in crate::app) mod hierarchy;
mod later_tokens;
pub(in crate::app) mod measured;
mod profit_and_loss;
pub(in crate::app) mod reading;
mod register;
pub(in crate::app) mod slices;
mod spend;
mod trial_balance;

pub use aged_items::{AgedGroup, AgedItems, AgedKind, AgedRow, aged_items};
pub use as_of::Control;
pub use filter::DimensionFilter;
pub use flux::{Flux, FluxQuery, FluxRow, flux};
pub use general_ledger::{GeneralLedger, GeneralLedgerQuery, LedgerLine, general_ledger};
pub use profit_and_loss::{ProfitAndLoss, ProfitAndLossQuery, ProfitAndLossRow, profit_and_loss};
pub use register::{Register, RegisterKind, register};
pub use spend::{ChargeTest, MOST_CHARGES_READ, MOST_ROWS, SpendQuery, SpendReport, SpendRow, spend};
pub use trial_balance::{TrialBalanceQuery, TrialBalanceReport, trial_balance};
