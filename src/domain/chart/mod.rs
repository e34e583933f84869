//! What postings are recorded against: accounts, cost centers and the interned combinations of them.

mod account;
mod coding_block;
mod cost_center;
mod name_kind;

pub use account::{Account, AccountClass, DEFAULT_CHART, NormalSide, UNATTRIBUTED, well_known};
pub use coding_block::CodingBlock;
pub use cost_center::{CenterKind, CostCenter, refuse_parent_cycle};
pub use name_kind::{NameKind, NameLimits, OTHER_NAME};
