//! Credits: bought in advance, granted, drawn down, expired, rolled forward; and what usage is accrued.

mod accruals;
mod apply;
mod expire;
mod facts;
mod grant;
mod overdraw;
mod purchase;
mod report;

pub use crate::app::posting::command::Done;
pub use crate::domain::prepaid::{LotKind, PaidFrom};
pub use accruals::{AccrualRow, Accruals, accruals};
pub use apply::{AppliedCredits, ApplyInput, apply_credits};
pub use expire::{ExpireInput, ExpiredCredits, expire_credits};
pub use grant::{GrantInput, grant_credits};
pub use overdraw::{MovedOverdraw, OverdrawInput, accrue_overdraw};
pub use purchase::{PurchaseInput, RecordedLot, purchase_credits};
pub use report::{
    CreditLots, GrantRollForwardRow, LotView, PrepaidRollForwardRow, RollForwardReport, grant_roll_forward, granted_lots, prepaid_lots,
    prepaid_roll_forward,
};
