//! What a margin is split by, and the codes of its keys.

use std::collections::{BTreeSet, HashMap};

use crate::app::AppError;
use crate::app::reports::access::Access;
use crate::app::reports::hierarchy::{at_level, kind_of};
use crate::domain::ids::NameId;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::SpendDimension;
use crate::store::journal::names;

/// The level of what has no parent.
const TOPMOST: u32 = 1;

/// What rows of the statement are split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarginDimension {
    Client,
    Project,
    Team,
    /// The topmost project above a project, or the project itself: what is sold again and again is a parent of the projects that deliver it.
    Service,
    Feature,
}

impl MarginDimension {
    /// The dimension of coding blocks that it is read from.
    pub fn stored(self) -> SpendDimension {
        match self {
            Self::Client => SpendDimension::Client,
            Self::Project | Self::Service => SpendDimension::Project,
            Self::Team => SpendDimension::Team,
            Self::Feature => SpendDimension::Feature,
        }
    }
}

/// What the rows of a statement are split by.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub access: &'a Access<'a>,
    pub by: &'a [MarginDimension],
    /// Clients, projects and teams are added up at this level of their hierarchy.
    pub level: Option<u32>,
}

impl Keys<'_> {
    /// The dimensions of coding blocks that are read.
    pub fn stored(&self) -> Vec<SpendDimension> {
        self.by.iter().map(|dimension| dimension.stored()).collect()
    }

    /// Turns the stored ids of a key into those of the dimensions asked for.
    pub fn of(&self, stored: &[i64]) -> Vec<i64> {
        let id = |(dimension, id): (&MarginDimension, &i64)| {
            let level = if *dimension == MarginDimension::Service { Some(TOPMOST) } else { self.level };
            let kind = kind_of(dimension.stored());
            kind.zip(level).map_or(*id, |(kind, level)| at_level(self.access, kind, *id, level))
        };
        self.by.iter().zip(stored).map(id).collect()
    }
}

/// Holds that a level is one.
///
/// # Errors
/// `RANGE_INVALID` at `level`.
pub(super) fn check_level(level: Option<u32>) -> Result<(), Rejection> {
    if level == Some(0) { Err(Rejection::at(Code::RangeInvalid, "level", "a level is from 1, the topmost")) } else { Ok(()) }
}

/// Codes of ids by dimension.
pub(super) struct Codes {
    centers: HashMap<i64, String>,
    names: HashMap<NameId, String>,
}

impl Codes {
    /// # Errors
    /// Any database failure.
    pub async fn load(access: &Access<'_>, ids: impl Iterator<Item = i64>) -> Result<Self, AppError> {
        let (mut centers, mut unknown) = (HashMap::new(), BTreeSet::new());
        for id in ids.filter_map(|id| i32::try_from(id).ok()).filter(|id| *id != 0).map(NameId) {
            match access.masters.center_by_id(id) {
                Some(center) => {
                    centers.insert(i64::from(id.0), center.code.clone());
                }
                None => {
                    unknown.insert(id);
                }
            }
        }
        let names = if unknown.is_empty() { HashMap::new() } else { names(access.store, access.books_id(), unknown).await? };
        Ok(Self { centers, names })
    }

    /// `None` for what is without the dimension.
    pub fn code(&self, id: i64) -> Option<String> {
        let name = || i32::try_from(id).ok().and_then(|id| self.names.get(&NameId(id)));
        self.centers.get(&id).or_else(name).cloned()
    }
}
