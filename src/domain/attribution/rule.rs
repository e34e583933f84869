//! Ordered rules that decide what the event's own facts leave open.

use super::Pattern;
use crate::domain::ids::RuleId;
use crate::domain::usage::UsageEvent;

/// What part of the event a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Match {
    ApiKey,
    /// The value of the tag with this key.
    Tag(String),
    EndUser,
    Provider,
    Model,
    Environment,
    Source,
}

/// One condition: the named part of the event matches the pattern. An absent part matches nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition {
    pub on: Match,
    pub pattern: Pattern,
}

/// One immutable version of a rule. All conditions must hold; what it names is decided where the event is silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributionRule {
    pub id: RuleId,
    pub code: String,
    /// Rules are tried in ascending order, ties by code; the first that matches decides alone.
    pub order: i32,
    pub conditions: Vec<Condition>,
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
}

impl AttributionRule {
    pub fn matches(&self, event: &UsageEvent) -> bool {
        self.conditions.iter().all(|condition| condition.subject(event).is_some_and(|subject| condition.pattern.matches(subject)))
    }
}

impl Condition {
    fn subject<'a>(&self, event: &'a UsageEvent) -> Option<&'a str> {
        match &self.on {
            Match::ApiKey => event.api_key.as_deref(),
            Match::Tag(key) => event.tags.iter().find(|tag| tag.0 == *key).map(|tag| tag.1.as_str()),
            Match::EndUser => event.end_user.as_deref(),
            Match::Provider => Some(&event.provider),
            Match::Model => Some(&event.model),
            Match::Environment => event.environment.as_deref(),
            Match::Source => Some(&event.source),
        }
    }
}
