//! What a margin is split by, and the codes of its keys.

use std::collections::{BTreeSet, HashMap};

use crate::app::AppError;
use crate::app::reports::access::Access;
use crate::domain::chart::CenterKind;
use crate::domain::ids::NameId;
use crate::domain::report::SpendDimension;
use crate::store::journal::names;

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

/// Turns the stored ids of a key into those of the dimensions asked for.
pub(super) fn key_of(access: &Access<'_>, by: &[MarginDimension], stored: &[i64]) -> Vec<i64> {
    by.iter().zip(stored).map(|(dimension, id)| if *dimension == MarginDimension::Service { service(access, *id) } else { *id }).collect()
}

/// The topmost project above one.
fn service(access: &Access<'_>, project: i64) -> i64 {
    let Some(mut at) = i32::try_from(project).ok().and_then(|id| access.masters.center_by_id(NameId(id))) else { return project };
    // Parents form no circle, since saving one is refused; the bound holds whatever is stored.
    for _ in 0..64 {
        match at.parent.as_deref().and_then(|code| access.masters.center_by_code(CenterKind::Project, code)) {
            Some(parent) => at = parent,
            None => break,
        }
    }
    i64::from(at.id.0)
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
