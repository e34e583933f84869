//! Revenue: what clients owe for work done, at once or over time: Dr 1150 / Cr 4000.
//!
//! Each part is booked when its day has come; parts of later days wait in sight. Nothing is edited: revenue is taken back below zero, with a
//! reason. It writes no invoices.

mod list;
mod post;
mod recognize;
mod record;

pub use crate::domain::revenue::{Completion, RevenueInput, RevenueKind, Stated};
pub use list::{RevenueEntry, RevenueFilter, revenue_entries};
pub use recognize::{Recognized, WaitingRevenue, recognize_revenue, waiting_revenue};
pub use record::{RecordedRevenue, record_revenue};
