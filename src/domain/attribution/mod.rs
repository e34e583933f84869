//! Attribution: who owns a direct cost. Facts on the event win, then the first matching rule, then *unattributed* with the reason.

mod pattern;
mod rule;

pub use pattern::Pattern;
pub use rule::{AttributionRule, Condition, Match};

use crate::domain::chart::{CenterKind, UNATTRIBUTED};
use crate::domain::ids::{NameId, RuleId};
use crate::domain::period::{Day, Moment};
use crate::domain::usage::UsageEvent;

/// What attribution asks the masters: the cost center of a kind and code that takes cost on a day.
pub trait Centers {
    /// The accounting day of a call, on which its cost center must be valid.
    fn day_of(&self, moment: Moment) -> Day {
        moment.day()
    }
    /// The center's id, or why there is none.
    fn center(&self, kind: CenterKind, code: &str, day: Day) -> Result<NameId, &'static str>;
    /// The standing center of the kind for cost whose owner is not known.
    fn unattributed(&self, kind: CenterKind) -> NameId;
}

/// The decision for one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    pub team: NameId,
    pub project: NameId,
    pub client: NameId,
    /// The feature's name; features are known from their first appearance.
    pub feature: Option<String>,
    /// The rule that decided at least one dimension.
    pub rule: Option<RuleId>,
    /// Why a dimension went to *unattributed*.
    pub reason: Option<String>,
}

/// Decides the owner of an event's cost.
///
/// A code that is unknown, or not valid on the day, puts its own dimension on *unattributed* and says so; it never loses the charge.
/// An event for which neither facts nor rules name any cost center goes to the *unattributed* team.
pub fn attribute(event: &UsageEvent, rules: &[AttributionRule], centers: &impl Centers) -> Attribution {
    let mut decided = Attribution {
        team: NameId::NONE,
        project: NameId::NONE,
        client: NameId::NONE,
        feature: event.feature.clone(),
        rule: None,
        reason: None,
    };
    let facts = [event.team.as_deref(), event.project.as_deref(), event.client.as_deref()];
    let is_complete = facts.iter().all(Option::is_some) && event.feature.is_some();
    let rule = if is_complete { None } else { rules.iter().find(|rule| rule.matches(event)) };
    let ruled = rule.map_or([None; 3], |rule| [rule.team.as_deref(), rule.project.as_deref(), rule.client.as_deref()]);
    if let Some(rule) = rule {
        let decides_center = facts.iter().zip(&ruled).any(|(fact, ruled)| fact.is_none() && ruled.is_some());
        let decides_feature = decided.feature.is_none() && rule.feature.is_some();
        if decides_center || decides_feature {
            decided.rule = Some(rule.id);
        }
        if decides_feature {
            decided.feature.clone_from(&rule.feature);
        }
    }
    let day = centers.day_of(event.occurred_at);
    for (kind, (fact, ruled)) in CenterKind::ALL.into_iter().zip(facts.into_iter().zip(ruled)) {
        let Some(code) = fact.or(ruled) else { continue };
        let center = centers.center(kind, code, day).unwrap_or_else(|why| {
            let reason = format!("{} `{code}` {why}", kind.field());
            decided.reason = Some(decided.reason.take().map_or(reason.clone(), |before| format!("{before}; {reason}")));
            centers.unattributed(kind)
        });
        match kind {
            CenterKind::Team => decided.team = center,
            CenterKind::Project => decided.project = center,
            CenterKind::Client => decided.client = center,
        }
    }
    if [decided.team, decided.project, decided.client] == [NameId::NONE; 3] {
        decided.team = centers.unattributed(CenterKind::Team);
        decided.reason = Some("the event names no cost center and no rule matched".to_owned());
    }
    decided
}

/// Whether a cost-center code is the standing one for unknown owners.
pub fn is_unattributed(code: &str) -> bool {
    code == UNATTRIBUTED
}

#[cfg(test)]
mod tests;
