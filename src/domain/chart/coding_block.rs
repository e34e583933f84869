//! The interned combination that a posting carries.

use crate::domain::ids::{AccountId, NameId};

/// Account and dimensions of a posting. Absent dimensions are [`NameId::NONE`]. Postings carry the interned id of a block, so they stay narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodingBlock {
    pub account: AccountId,
    pub team: NameId,
    pub project: NameId,
    pub client: NameId,
    pub feature: NameId,
    pub provider: NameId,
    pub model: NameId,
    pub environment: NameId,
}
