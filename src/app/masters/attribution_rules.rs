//! Attribution rules. A save is a new version under the rule's code; charges name the version that decided them.

use super::save::{permitted, save};
use super::{Masters, check};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::attribution::{AttributionRule, Condition, Match, Pattern};
use crate::domain::chart::CenterKind;
use crate::domain::ids::RuleId;
use crate::domain::period::Moment;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::usage::limits;
use crate::store::masters::{MastersChange, Numbers, RuleVersion};

const LIST: &str = "attributionRules";
/// Conditions of one rule: each is tried on every charge, and nobody reads a longer list.
const MOST_CONDITIONS: usize = 16;

/// A rule as it is given. All conditions must hold; without any it matches every charge.
#[derive(Debug, Clone)]
pub struct AttributionRuleInput {
    pub code: String,
    /// Rules are tried in ascending order, ties by code; the first that matches decides alone.
    pub order: i32,
    pub conditions: Vec<ConditionInput>,
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
    /// An inactive rule is kept for the charges it decided, and decides no more.
    pub is_active: bool,
}

/// One condition as it is given.
#[derive(Debug, Clone)]
pub struct ConditionInput {
    /// `API_KEY`, `TAG`, `END_USER`, `PROVIDER`, `MODEL`, `ENVIRONMENT` or `SOURCE`.
    pub on: String,
    /// The tag's key, with `TAG` only.
    pub tag: Option<String>,
    /// Literal text, with `*` for any run of characters.
    pub pattern: String,
}

/// Saves rules as new versions. A rule that is active with the same content keeps its version.
///
/// # Errors
/// Refusals by item, `COST_CENTER_UNKNOWN` for a center that is not saved; [`AppError::Forbidden`]; any database failure.
pub async fn save_attribution_rules(app: &App, actor: &Actor, inputs: Vec<AttributionRuleInput>) -> Result<Vec<AttributionRule>, AppError> {
    let books = permitted(app, actor, Permission::SaveMasters).await?;
    let now = Moment::from_instant(app.clock().now());
    let given = check::items(LIST, &inputs, |input| checked(input, now))?;
    save(app, actor, &books, |masters, numbers| decide(masters, numbers, &given)).await
}

/// The version without its number.
fn checked(input: &AttributionRuleInput, now: Moment) -> Result<RuleVersion, Rejection> {
    let code = check::code("code", &input.code)?;
    if input.conditions.len() > MOST_CONDITIONS {
        let message = format!("a rule has at most {MOST_CONDITIONS} conditions");
        return Err(Rejection::at(Code::TooManyItems, "conditions", message));
    }
    let conditions = input.conditions.iter().enumerate();
    let conditions =
        conditions.map(|(position, input)| condition(input).map_err(|rejection| check::item("conditions", position, rejection)));
    let rule = AttributionRule {
        id: RuleId::default(),
        code,
        order: input.order,
        conditions: conditions.collect::<Result<_, _>>()?,
        team: check::optional_code("team", input.team.as_deref())?,
        project: check::optional_code("project", input.project.as_deref())?,
        client: check::optional_code("client", input.client.as_deref())?,
        feature: check::optional_code("feature", input.feature.as_deref())?,
    };
    if [&rule.team, &rule.project, &rule.client, &rule.feature].iter().all(|named| named.is_none()) {
        let message = "the rule decides nothing: name a team, project, client or feature";
        return Err(Rejection::at(Code::MissingField, "team", message));
    }
    Ok(RuleVersion { rule, is_active: input.is_active, recorded_at: now })
}

fn condition(input: &ConditionInput) -> Result<Condition, Rejection> {
    let tag = check::optional("tag", input.tag.as_deref(), limits::TAG_KEY)?;
    let on = match (input.on.as_str(), tag) {
        ("TAG", Some(key)) => Match::Tag(key),
        ("TAG", None) => {
            return Err(Rejection::at(Code::MissingField, "tag", "a condition on TAG names the tag's key in `tag`"));
        }
        (_, Some(_)) => return Err(Rejection::at(Code::TextInvalid, "tag", "only a condition on TAG has a `tag`")),
        ("API_KEY", None) => Match::ApiKey,
        ("END_USER", None) => Match::EndUser,
        ("PROVIDER", None) => Match::Provider,
        ("MODEL", None) => Match::Model,
        ("ENVIRONMENT", None) => Match::Environment,
        ("SOURCE", None) => Match::Source,
        (other, None) => {
            let shown: String = other.chars().take(40).collect();
            let message = format!("`{shown}` is none of API_KEY, TAG, END_USER, PROVIDER, MODEL, ENVIRONMENT and SOURCE");
            return Err(Rejection::at(Code::TextInvalid, "on", message));
        }
    };
    let pattern = Pattern::parse(&input.pattern).map_err(|rejection| rejection.under("pattern"))?;
    Ok(Condition { on, pattern })
}

fn decide(masters: &Masters, numbers: &mut Numbers, given: &[RuleVersion]) -> Result<(MastersChange, Vec<AttributionRule>), AppError> {
    let unknown = given.iter().enumerate().filter(|(_, version)| version.is_active).filter_map(|(position, version)| {
        let rejection = unknown_center(masters, &version.rule)?;
        Some(check::item(LIST, position, rejection))
    });
    check::accepted(unknown.collect())?;
    let mut change = MastersChange::default();
    let mut answer = Vec::with_capacity(given.len());
    for version in given {
        let same_code = |rule: &&AttributionRule| rule.code == version.rule.code;
        let saved_now = change.rule_versions.iter().any(|saved: &RuleVersion| saved.rule.code == version.rule.code);
        let active = masters.attribution_rules.iter().find(same_code).filter(|_| !saved_now && version.is_active);
        if let Some(active) = active.filter(|active| AttributionRule { id: active.id, ..version.rule.clone() } == **active) {
            answer.push(active.clone());
            continue;
        }
        let rule = AttributionRule { id: numbers.next_rule()?, ..version.rule.clone() };
        answer.push(rule.clone());
        change.rule_versions.push(RuleVersion { rule, ..version.clone() });
    }
    Ok((change, answer))
}

fn unknown_center(masters: &Masters, rule: &AttributionRule) -> Option<Rejection> {
    let named = [(CenterKind::Team, &rule.team), (CenterKind::Project, &rule.project), (CenterKind::Client, &rule.client)];
    let unknown = |(kind, code): (CenterKind, &Option<String>)| {
        let code = code.as_deref().filter(|code| masters.center_by_code(kind, code).is_none())?;
        let message = format!("there is no {} `{code}`; save the cost center first", kind.field());
        Some(Rejection::at(Code::CostCenterUnknown, kind.field(), message))
    };
    named.into_iter().find_map(unknown)
}
