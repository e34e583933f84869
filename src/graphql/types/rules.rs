//! Attribution rules and posting rules.

use async_graphql::{InputObject, SimpleObject};

use super::enums::ConditionSubject;
use crate::app::masters as app;
use crate::domain::attribution::{self, Match, Pattern};
use crate::domain::posting_rules;

/// A rule that decides what a charge's own facts leave open. All its conditions must hold.
#[derive(Debug, Clone, SimpleObject)]
pub struct AttributionRule {
    code: String,
    /// Rules are tried in ascending order, ties by code; the first that matches decides alone.
    order: i32,
    conditions: Vec<Condition>,
    team: Option<String>,
    project: Option<String>,
    client: Option<String>,
    feature: Option<String>,
}

/// The named part of the charge matches the pattern: literal text with `*` for any run of characters.
#[derive(Debug, Clone, SimpleObject)]
pub struct Condition {
    on: ConditionSubject,
    /// The key of the tag looked at.
    tag: Option<String>,
    pattern: String,
}

impl From<attribution::AttributionRule> for AttributionRule {
    fn from(rule: attribution::AttributionRule) -> Self {
        let attribution::AttributionRule { code, order, conditions, team, project, client, feature, .. } = rule;
        Self { code, order, conditions: conditions.into_iter().map(Condition::from).collect(), team, project, client, feature }
    }
}

impl From<attribution::Condition> for Condition {
    fn from(condition: attribution::Condition) -> Self {
        let (on, tag) = match condition.on {
            Match::ApiKey => (ConditionSubject::ApiKey, None),
            Match::Tag(key) => (ConditionSubject::Tag, Some(key)),
            Match::EndUser => (ConditionSubject::EndUser, None),
            Match::Provider => (ConditionSubject::Provider, None),
            Match::Model => (ConditionSubject::Model, None),
            Match::Environment => (ConditionSubject::Environment, None),
            Match::Source => (ConditionSubject::Source, None),
        };
        Self { on, tag, pattern: condition.pattern.as_str().to_owned() }
    }
}

/// A rule to save: a new version of the rule of that code.
#[derive(Debug, Clone, InputObject)]
pub struct AttributionRuleInput {
    code: String,
    order: i32,
    conditions: Vec<ConditionInput>,
    team: Option<String>,
    project: Option<String>,
    client: Option<String>,
    feature: Option<String>,
    /// An inactive rule decides nothing; save it so to retire it.
    #[graphql(default = true)]
    is_active: bool,
}

/// One condition of a rule.
#[derive(Debug, Clone, InputObject)]
pub struct ConditionInput {
    on: ConditionSubject,
    /// The key of the tag; only with `TAG`.
    tag: Option<String>,
    pattern: String,
}

impl From<AttributionRuleInput> for app::AttributionRuleInput {
    fn from(input: AttributionRuleInput) -> Self {
        let condition = |condition: ConditionInput| app::ConditionInput {
            on: condition.on.as_str().to_owned(),
            tag: condition.tag,
            pattern: condition.pattern,
        };
        Self {
            code: input.code,
            order: input.order,
            conditions: input.conditions.into_iter().map(condition).collect(),
            team: input.team,
            project: input.project,
            client: input.client,
            feature: input.feature,
            is_active: input.is_active,
        }
    }
}

/// A rule that says which account bears a charge's cost. Every pattern given must match.
#[derive(Debug, Clone, SimpleObject)]
pub struct PostingRule {
    code: String,
    /// Rules are tried in ascending order, ties by code; the first that matches decides.
    order: i32,
    environment: Option<String>,
    team: Option<String>,
    project: Option<String>,
    client: Option<String>,
    feature: Option<String>,
    /// Code of the account debited.
    account: String,
}

impl From<posting_rules::PostingRule> for PostingRule {
    fn from(rule: posting_rules::PostingRule) -> Self {
        let text = |pattern: Option<Pattern>| pattern.map(|pattern| pattern.as_str().to_owned());
        Self {
            code: rule.code,
            order: rule.order,
            environment: text(rule.environment),
            team: text(rule.team),
            project: text(rule.project),
            client: text(rule.client),
            feature: text(rule.feature),
            account: rule.account,
        }
    }
}

/// A posting rule to save; one with the same code is replaced. Patterns are literal text with `*` for any run of characters.
#[derive(Debug, Clone, InputObject)]
pub struct PostingRuleInput {
    code: String,
    order: i32,
    environment: Option<String>,
    team: Option<String>,
    project: Option<String>,
    client: Option<String>,
    feature: Option<String>,
    /// Code of the account debited.
    account: String,
}

impl From<PostingRuleInput> for app::PostingRuleInput {
    fn from(input: PostingRuleInput) -> Self {
        let PostingRuleInput { code, order, environment, team, project, client, feature, account } = input;
        Self { code, order, environment, team, project, client, feature, account }
    }
}
