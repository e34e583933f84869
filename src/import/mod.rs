//! Floor 1: bytes to domain. Pure functions over readers: nothing here opens a file or a socket, stores or decides.

pub mod activity;
pub mod csv;
pub mod litellm;
pub mod ndjson;
pub mod rates;

mod fields;
mod rows;
mod scalars;

pub use rows::{Position, Row};
