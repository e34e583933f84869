//! `kill -9` while charges stream in: what was acknowledged is there exactly once, nothing is half written, and sending
//! everything again changes nothing. The real program, on both engines.
//!
//! Old database files are not tried yet: there is only one version of the schema.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test: what does not hold ends it, and it measures real time"
)]

mod client;
mod full;
mod import;
mod place;
mod program;
mod stream;
