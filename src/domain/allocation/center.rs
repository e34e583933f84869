//! A cost center as rules name it.

use std::sync::Arc;

use crate::domain::chart::{CenterKind, CodingBlock};
use crate::domain::ids::NameId;

/// A cost center by kind and code. The order of kind and code is the one in which ties are broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Center {
    pub kind: CenterKind,
    pub code: Arc<str>,
}

impl Center {
    pub fn new(kind: CenterKind, code: &str) -> Self {
        Self { kind, code: code.into() }
    }
}

impl std::fmt::Display for Center {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.kind.field(), self.code)
    }
}

/// The center of a kind on a block.
pub fn center_of(block: &CodingBlock, kind: CenterKind) -> NameId {
    match kind {
        CenterKind::Team => block.team,
        CenterKind::Project => block.project,
        CenterKind::Client => block.client,
    }
}

/// A block that names an account and one center.
pub fn block_of(account: crate::domain::ids::AccountId, kind: CenterKind, center: NameId) -> CodingBlock {
    let none = NameId::NONE;
    let mut block = CodingBlock {
        account,
        team: none,
        project: none,
        client: none,
        feature: none,
        provider: none,
        model: none,
        environment: none,
    };
    match kind {
        CenterKind::Team => block.team = center,
        CenterKind::Project => block.project = center,
        CenterKind::Client => block.client = center,
    }
    block
}
