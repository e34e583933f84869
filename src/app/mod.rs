//! Floor 2: use cases. One file each, one database transaction each; authorisation, clock and errors live here.
//!
//! Every use case takes the [`App`] and the [`Actor`](auth::Actor) first, checks what the actor may, and works only on the actor's books.

pub mod activity;
pub mod allocation;
pub mod audit;
pub mod auth;
pub mod bench;
pub mod chargeback;
pub mod charges;
pub mod clock;
pub mod demo;
pub mod duties;
pub mod error;
pub mod exchange;
pub mod export;
pub mod export_batches;
pub mod ids;
pub mod import_activity;
pub mod import_file;
pub mod ingest;
pub mod integrity;
pub mod journal;
pub mod labor;
pub mod manual_journals;
pub mod margin;
pub mod masters;
pub mod outputs;
pub mod payroll;
pub mod periods;
pub mod posting;
pub mod prepaid;
pub mod reports;
pub mod revenue;
pub mod verify;
pub mod what_if;

mod books;

pub use books::{App, Books};
pub use clock::{Clock, Stopwatch};
pub use error::AppError;
