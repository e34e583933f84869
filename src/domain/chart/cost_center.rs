//! Cost centers: units that carry cost and have an owner.

use crate::domain::ids::NameId;
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};

/// The three kinds of cost center a charge is recorded across.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CenterKind {
    Team,
    Project,
    Client,
}

impl CenterKind {
    pub const ALL: [Self; 3] = [Self::Team, Self::Project, Self::Client];

    pub fn id(self) -> i16 {
        match self {
            Self::Team => 1,
            Self::Project => 2,
            Self::Client => 3,
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// The kind with exactly this lower-case name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.field() == name)
    }

    /// The field name that gives a center of this kind on a charge, and its name in a token's claim.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Project => "project",
            Self::Client => "client",
        }
    }
}

/// A cost center with the days on which it takes cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostCenter {
    pub id: NameId,
    pub kind: CenterKind,
    pub code: String,
    pub name: String,
    /// Code of the center of the same kind above this one.
    pub parent: Option<String>,
    /// First day on which the center takes cost; open when absent.
    pub valid_from: Option<Day>,
    /// First day on which it no longer does; open when absent.
    pub valid_to: Option<Day>,
}

impl CostCenter {
    pub fn is_valid_on(&self, day: Day) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day < to)
    }
}

/// Refuses a parent chain that runs in a circle. `parent_of` gives the parent's code of a code.
///
/// # Errors
/// `PARENT_INVALID`.
pub fn refuse_parent_cycle<'a>(code: &'a str, parent_of: impl Fn(&'a str) -> Option<&'a str>) -> Result<(), Rejection> {
    const DEEPEST_HIERARCHY: usize = 32;
    let mut above = parent_of(code);
    for _ in 0..DEEPEST_HIERARCHY {
        match above {
            None => return Ok(()),
            Some(parent) if parent == code => break,
            Some(parent) => above = parent_of(parent),
        }
    }
    Err(Rejection::at(
        Code::ParentInvalid,
        "parent",
        format!("`{code}` would be below itself, or more than {DEEPEST_HIERARCHY} levels deep"),
    ))
}
