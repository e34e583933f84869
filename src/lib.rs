//! Tallybook: the general ledger for AI spend. See `docs/ARCHITECTURE.md` for the map.

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod export;
pub mod graphql;
pub mod http;
pub mod import;
pub mod store;
pub mod telemetry;
pub mod web;
