//! Usage: the immutable fact of one AI call. Who, which model, when, how much; no money but what the caller reports.

mod event;
mod meter;
mod quantity;

pub use event::{ChargeDraft, IncomingCharge, Processing, UsageEvent, limits};
pub use meter::{InputShare, Meter};
pub use quantity::Quantity;
