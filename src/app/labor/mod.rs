//! Labor: hours come in, rates say what they cost, and entries book it: Dr 5020 / Cr 6790.
//!
//! Hours without a rate wait in sight and are booked when the rate arrives. A later rate posts the difference; nothing is edited.
//! It does not run payroll, and tells nobody what a person costs who may not know it.

mod book;
mod rates;
mod record;
mod report;

pub use crate::domain::labor::{LaborRate, TimeInput};
pub use rates::{RateInput, SavedRates, labor_rates, save_labor_rates};
pub use record::{RecordedTime, record_time_entries};
pub use report::{LaborFigures, LaborQuery, LaborReport, LaborRow, labor};

/// Longest name of a person or a role in bytes.
const LONGEST_NAME: usize = 200;
