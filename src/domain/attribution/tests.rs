use super::*;
use crate::domain::usage::{ChargeDraft, Meter, Quantity};

struct Masters;

impl Centers for Masters {
    fn center(&self, kind: CenterKind, code: &str, _: Day) -> Result<NameId, &'static str> {
        match (kind, code) {
            (CenterKind::Team, "claims") => Ok(NameId(11)),
            (CenterKind::Project, "intake") => Ok(NameId(21)),
            (CenterKind::Client, "gearpeak") => Ok(NameId(31)),
            _ => Err("is not a saved cost center"),
        }
    }

    fn unattributed(&self, kind: CenterKind) -> NameId {
        NameId(i32::from(kind.id()))
    }
}

fn event(change: impl FnOnce(&mut ChargeDraft)) -> UsageEvent {
    let mut draft = ChargeDraft {
        source: "gateway".into(),
        external_id: "1".into(),
        occurred_at: Some("2026-01-05T00:00:00Z".parse().unwrap()),
        provider: "openai".into(),
        model: "gpt-4o".into(),
        quantities: vec![(Meter::INPUT, Quantity::from_units(1).unwrap())],
        ..ChargeDraft::default()
    };
    change(&mut draft);
    UsageEvent::new(draft, "2026-02-01T00:00:00Z".parse().unwrap()).unwrap()
}

fn rule(id: i32, on: Match, pattern: &str) -> AttributionRule {
    let conditions = vec![Condition { on, pattern: Pattern::parse(pattern).unwrap() }];
    AttributionRule {
        id: RuleId(id),
        code: format!("rule-{id}"),
        order: id,
        conditions,
        team: Some("claims".into()),
        project: None,
        client: Some("gearpeak".into()),
        feature: Some("summary".into()),
    }
}

#[test]
fn facts_win_and_the_first_rule_fills_what_is_left() {
    let rules = [rule(1, Match::ApiKey, "other-*"), rule(2, Match::Tag("app".into()), "intake*"), rule(3, Match::Source, "*")];
    let decided = attribute(
        &event(|draft| {
            draft.project = Some("intake".into());
            draft.tags = vec![("app".into(), "intake-web".into())];
        }),
        &rules,
        &Masters,
    );
    assert_eq!((decided.team, decided.project, decided.client), (NameId(11), NameId(21), NameId(31)));
    assert_eq!((decided.rule, decided.feature.as_deref(), decided.reason), (Some(RuleId(2)), Some("summary"), None));
}

#[test]
fn an_unknown_code_keeps_the_charge_and_says_why() {
    let decided = attribute(
        &event(|draft| {
            draft.team = Some("claims".into());
            draft.client = Some("gearpeek".into());
        }),
        &[],
        &Masters,
    );
    assert_eq!((decided.team, decided.client), (NameId(11), NameId(3)));
    assert_eq!(decided.reason.as_deref(), Some("client `gearpeek` is not a saved cost center"));
}

#[test]
fn an_ownerless_charge_goes_to_the_unattributed_team() {
    let decided = attribute(&event(|_| {}), &[rule(1, Match::EndUser, "*")], &Masters);
    assert_eq!((decided.team, decided.project, decided.client, decided.rule), (NameId(1), NameId::NONE, NameId::NONE, None));
    assert!(decided.reason.is_some());
}
