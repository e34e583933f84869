//! Posting: the one way into the journal. One writer a set of books numbers, gates and stores everything, in transactions shared by
//! whoever waits; corrections run on the same writer.

pub(in crate::app) mod command;
mod desk;
mod intern;
mod key_filter;
mod names;
mod post;
mod reattribute;
mod rerate;
mod reverse;
mod room;
mod savepoint;
mod seal;
mod session;
mod stored_charge;
mod write_batch;

pub use desk::{Desk, DeskSetup};
pub use reattribute::{ReattributeInput, ReattributeReport, reattribute_charges};
pub use rerate::{RerateInput, RerateReport, rerate_charges};
pub use reverse::{Posted, ReverseInput, reverse_journal_entry};
pub use room::Movement;
pub use session::{Head, KnownCharge, NewCharge, Session};
pub use stored_charge::{Note, OtherNames};
pub(in crate::app) use stored_charge::{basis, variant_text};
pub(in crate::app) use write_batch::{ChargeNames, Command};
