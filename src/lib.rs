//! Tallybook: the general ledger for AI spend. See `docs/ARCHITECTURE.md` for the map.

pub mod domain;
