//! The oracle's own attribution: facts, then the first fitting rule, then *unattributed*.

use std::collections::BTreeMap;

use super::call::Content;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Owner {
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
    pub rule: Option<String>,
    pub has_reason: bool,
}

#[derive(Debug, Clone)]
pub struct Rule {
    pub order: i32,
    /// (what it looks at, pattern); a tag's key is written `TAG:key`.
    pub conditions: Vec<(String, String)>,
    /// Team, project, client, feature.
    pub names: [Option<String>; 4],
    pub is_active: bool,
}

/// Days from and until which a center takes cost, by (kind, code).
pub type Centers = BTreeMap<(&'static str, String), (Option<i32>, Option<i32>)>;

pub const KINDS: [&str; 3] = ["team", "project", "client"];

pub fn owner(call: &Content, rules: &BTreeMap<String, Rule>, centers: &Centers) -> Owner {
    let mut ordered: Vec<(&String, &Rule)> = rules.iter().filter(|rule| rule.1.is_active).collect();
    ordered.sort_by_key(|(code, rule)| (rule.order, (*code).clone()));
    let fitting = ordered.into_iter().find(|(_, rule)| rule.conditions.iter().all(|(on, pattern)| holds(call, on, pattern)));
    let mut named: [Option<String>; 4] = std::array::from_fn(|position| call.facts[position].clone());
    let mut decided_by = None;
    if let Some((code, rule)) = fitting {
        for (fact, ruled) in named.iter_mut().zip(&rule.names) {
            if fact.is_none() && ruled.is_some() {
                fact.clone_from(ruled);
                decided_by = Some(code.clone());
            }
        }
    }
    let mut has_reason = false;
    for (kind, name) in KINDS.into_iter().zip(&mut named) {
        let Some(code) = name else { continue };
        let takes_cost = centers
            .get(&(kind, code.clone()))
            .is_some_and(|(from, to)| from.is_none_or(|from| from <= call.day()) && to.is_none_or(|to| call.day() < to));
        if !takes_cost {
            has_reason = true;
            *code = "unattributed".to_owned();
        }
    }
    let [mut team, project, client, feature] = named;
    if team.is_none() && project.is_none() && client.is_none() {
        team = Some("unattributed".to_owned());
        has_reason = true;
    }
    Owner { team, project, client, feature, rule: decided_by, has_reason }
}

fn holds(call: &Content, on: &str, pattern: &str) -> bool {
    let subject = match on {
        "API_KEY" => call.facts[5].as_deref(),
        "END_USER" => call.facts[6].as_deref(),
        "ENVIRONMENT" => call.environment(),
        "PROVIDER" => Some(call.provider.as_str()),
        "MODEL" => Some(call.model.as_str()),
        tag => tag.strip_prefix("TAG:").and_then(|key| call.tags.get(key)).map(String::as_str),
    };
    subject.is_some_and(|subject| glob(pattern.as_bytes(), subject.as_bytes()))
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((b'*', after)), _) => glob(after, text) || text.split_first().is_some_and(|(_, text)| glob(pattern, text)),
        (Some((letter, pattern)), Some((other, text))) => letter == other && glob(pattern, text),
        (Some(_), None) => false,
    }
}

/// The account that bears the cost.
pub fn account(call: &Content, owner: &Owner, lab_rule: bool) -> &'static str {
    let is_trial = |name: &str| ["dev", "test", "stag"].iter().any(|prefix| name.starts_with(prefix));
    if lab_rule && owner.feature.as_ref().is_some_and(|feature| feature.starts_with("lab")) {
        "6500"
    } else if call.environment().is_some_and(is_trial) || owner.client.as_ref().is_none_or(|client| client == "unattributed") {
        "6000"
    } else {
        "5000"
    }
}
