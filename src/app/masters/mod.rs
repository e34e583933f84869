//! Masters: the chart, cost centers, prices and rules that charges are attributed, rated and booked by.
//!
//! Ingest works on a [`Masters`] snapshot. Every save bumps `books_head.masters_version` in its transaction; a writer that finds
//! another version under the books' lock loads the snapshot again before it decides anything.

mod snapshot;

pub use snapshot::Masters;
