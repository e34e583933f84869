//! Ingest: charges in, receipts out, after the commit that made them durable.

mod book;
mod file;
mod fingerprint;
mod prepare;
mod receipt;
mod record;

pub use crate::domain::usage::IncomingCharge;
pub use crate::import::ndjson::{MAX_LINE_BYTES, is_blank, read_charge};
pub use book::{Submission, book, post_cost};
pub use file::{ChargeBlocks, credit_block};
pub use fingerprint::key_hash;
pub use prepare::{Cost, Prepared, cost_of, counts, debit_account, prepare, too_costly};
pub use receipt::{Outcome, Receipt};
pub use record::record_charges;
