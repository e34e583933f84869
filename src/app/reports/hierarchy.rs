//! Cost centers have parents: a filter by a center takes what is below it too, and rows may be added up at a level of the hierarchy.
//!
//! A center has one parent, that of now: a report of an earlier month follows it as well, as the service of a margin does.

use std::collections::BTreeSet;

use super::access::Access;
use crate::app::masters::Masters;
use crate::domain::chart::{CenterKind, CostCenter};
use crate::domain::ids::NameId;
use crate::domain::report::SpendDimension;
use crate::store::journal::Visible;

/// Parents form no circle, since saving one is refused; the bound holds whatever is stored.
const DEEPEST: usize = 64;

/// The kind of cost center that a dimension is.
pub(in crate::app) fn kind_of(dimension: SpendDimension) -> Option<CenterKind> {
    match dimension {
        SpendDimension::Team => Some(CenterKind::Team),
        SpendDimension::Project => Some(CenterKind::Project),
        SpendDimension::Client => Some(CenterKind::Client),
        _ => None,
    }
}

/// A center and those above it, from the lowest to the topmost.
fn line<'a>(masters: &'a Masters, center: &'a CostCenter) -> impl Iterator<Item = &'a CostCenter> {
    let above = move |at: &&'a CostCenter| at.parent.as_deref().and_then(|code| masters.center_by_code(at.kind, code));
    std::iter::successors(Some(center), above).take(DEEPEST)
}

/// The ids of centers of a kind and of all below them.
pub(in crate::app) fn with_descendants(masters: &Masters, kind: CenterKind, ids: &BTreeSet<i64>) -> BTreeSet<i64> {
    let is_below = |center: &&CostCenter| line(masters, center).any(|above| ids.contains(&i64::from(above.id.0)));
    let below = masters.centers.iter().filter(|center| center.kind == kind).filter(is_below);
    ids.iter().copied().chain(below.map(|center| i64::from(center.id.0))).collect()
}

/// The center at a level above one, or itself where it is not deeper. The first level is the topmost. A limited reader is led through no parent
/// that it does not see. Zero, and what is no center, stays.
pub(in crate::app) fn at_level(access: &Access<'_>, kind: CenterKind, id: i64, level: u32) -> i64 {
    let Some(center) = i32::try_from(id).ok().and_then(|id| access.masters.center_by_id(NameId(id))) else { return id };
    let sees = |center: &CostCenter| access.visible.as_ref().is_none_or(|visible| seen(visible, kind).contains(&center.id));
    let mut line: Vec<&CostCenter> = Vec::new();
    for at in self::line(&access.masters, center) {
        if !line.is_empty() && !sees(at) {
            break;
        }
        line.push(at);
    }
    let depth = usize::try_from(level.max(1)).unwrap_or(usize::MAX);
    let above = line.len().checked_sub(depth).and_then(|position| line.get(position)).unwrap_or(&center);
    i64::from(above.id.0)
}

/// The centers of a kind that a limited reader sees.
fn seen(visible: &Visible, kind: CenterKind) -> &[NameId] {
    match kind {
        CenterKind::Team => &visible.teams,
        CenterKind::Project => &visible.projects,
        CenterKind::Client => &visible.clients,
    }
}
