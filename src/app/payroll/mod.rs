//! Payroll beside applied labor: Dr 6700 / Cr 2400, and month by month the difference moved to 6795, by what caused it.
//!
//! It computes no pay and no taxes: what payroll cost is handed in.

mod record;
mod true_up;

pub use crate::domain::payroll::PayrollInput;
pub use record::{RecordedPayroll, record_payroll};
pub use true_up::{LaborVarianceRow, TrueUpDone, labor_variance, true_up_labor};
pub(in crate::app) use true_up::{STALE_KIND, TrueUpGap, stale_objects, true_up_gaps};

use crate::app::posting::{Session, command};
use crate::domain::chart::CodingBlock;
use crate::domain::ids::{BlockId, NameId};
use crate::domain::rejection::Rejection;

/// The block of an account under a team alone.
fn team_block(session: &mut Session, code: &str, team: NameId) -> Result<BlockId, Rejection> {
    let (account, none) = (command::account(session, code)?, NameId::NONE);
    let block = CodingBlock { account, team, project: none, client: none, feature: none, provider: none, model: none, environment: none };
    Ok(session.block(block))
}
