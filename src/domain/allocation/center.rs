//! A cost center as rules name it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::chart::{CenterKind, CodingBlock};
use crate::domain::ids::NameId;

/// A cost center by kind and code. The order of kind and code is the one in which ties are broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Center {
    pub kind: CenterKind,
    pub code: Arc<str>,
}

impl Center {
    pub fn new(kind: CenterKind, code: &str) -> Self {
        Self { kind, code: code.into() }
    }
}

/// The stored form: the kind, a blank, the code.
impl TryFrom<String> for Center {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (kind, code) = text.split_once(' ').ok_or("a center is a kind and a code")?;
        Ok(Self::new(CenterKind::parse(kind).ok_or("a center is of kind team, project or client")?, code))
    }
}

impl From<Center> for String {
    fn from(center: Center) -> Self {
        center.to_string()
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
    let mut block =
        CodingBlock { account, team: none, project: none, client: none, feature: none, provider: none, model: none, environment: none };
    match kind {
        CenterKind::Team => block.team = center,
        CenterKind::Project => block.project = center,
        CenterKind::Client => block.client = center,
    }
    block
}

/// The one center that a receiving block names.
pub fn only_center(block: &CodingBlock) -> Option<(CenterKind, NameId)> {
    let centers = CenterKind::ALL.map(|kind| (kind, center_of(block, kind)));
    centers.into_iter().find(|(_, id)| *id != NameId::NONE)
}
