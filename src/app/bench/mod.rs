//! Measuring this machine: charges through the whole path, imports, reports, margins, what-if and verification, each in turns with a baseline
//! (`pairs`), and what has no baseline a few times.

mod allocation;
mod bare;
mod compare;
mod database;
mod door;
mod figures;
mod ingest;
mod lines;
mod margin;
mod pairs;
mod reports;
mod sealing;
mod statistics;
mod what_if;

pub use allocation::{AllocationSizes, allocation};
pub use compare::{Change, Comparison, Counterpart, EarlierRun, sizes};
pub use database::{Scratch, Target};
pub use door::Door;
pub use figures::Figures;
pub use ingest::{IngestSizes, ingest};
pub use lines::line_of;
pub use margin::{MarginSizes, margin_bench};
pub use pairs::{PAIRS, Paired, Sides, alternate, slice_of};
pub use reports::{ReportSizes, reports};
pub use sealing::sealing;
pub use statistics::percentile;
pub use what_if::what_if_bench;

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

/// The largest resident size of this process so far in MiB, where the system tells.
pub fn peak_memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
}
