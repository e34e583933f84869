//! Real programs of other ecosystems against the real thing: clients of the served API, and judges of exported journals.
//!
//! Run them with `scripts/test --test ecosystem`; `scripts/ecosystem` installs the programs. A new one is a line in `package.json`
//! or `requirements.in`, `scripts/ecosystem lock`, a script beside this file, and a module that runs it.
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
    reason = "a test that meets something unexpected fails there and then; it waits for processes in real time"
)]

#[macro_use]
#[path = "../it/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the builders of the behaviour tests, of which these tests need a part")]
mod harness;
#[path = "../crash/place.rs"]
mod place;
#[path = "../crash/program.rs"]
#[allow(dead_code, reason = "the program as a process, of which these tests need a part")]
mod program;

mod clients;
mod exports;
mod programs;
