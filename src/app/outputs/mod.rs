//! Outputs: what was produced, counted in units. Facts of the statistical ledger: they are divided by, and never posted.

mod record;
mod units;

pub use crate::domain::outputs::{OutputInput, OutputUnit};
pub use record::{RecordedOutputs, record_outputs};
pub(in crate::app) use units::Units;
pub use units::{KnownUnit, output_units, save_output_units};
