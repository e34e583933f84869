//! Measuring this machine: charges a second through the whole path beside a floor, reports, margins, what-if and verification at a size of history.

mod allocation;
mod database;
mod ingest;
mod lines;
mod margin;
mod reports;
mod sealing;
mod what_if;

pub use allocation::{AllocationMeasured, AllocationSizes, allocation};
pub use database::{Scratch, Target};
pub use ingest::{IngestSizes, Measured, ingest};
pub use lines::line_of;
pub use margin::{MarginMeasured, MarginSizes, margin_bench};
pub use reports::{Latency, Reports, reports};
pub use sealing::sealing;
pub use what_if::{WhatIfMeasured, what_if_bench};

use crate::app::auth::{Actor, Role};
use crate::app::{App, AppError, demo, masters};

/// The seed of every bench: the same charges every time.
pub const SEED: u64 = 42;
pub const BOOKS: &str = "bench";

/// Whoever runs a bench works as the administrator of its books.
pub fn actor(app: &App) -> Actor {
    Actor {
        subject: "bench".to_owned(),
        issuer: "local".to_owned(),
        books: BOOKS.to_owned(),
        roles: [Role::Admin].into_iter().collect(),
        scope: None,
        expires_at: app.clock().now() + chrono::TimeDelta::days(1),
        token_id: None,
        acting_for: None,
        request_id: None,
    }
}

/// Saves the masters of the demo company.
async fn save_masters(app: &App, actor: &Actor) -> Result<(), AppError> {
    let company = demo::company();
    masters::save_cost_centers(app, actor, company.cost_centers).await?;
    masters::save_attribution_rules(app, actor, company.attribution_rules).await?;
    masters::save_providers(app, actor, company.providers).await?;
    Ok(())
}

/// The largest resident size of this process so far in KiB, where the system tells.
pub fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
