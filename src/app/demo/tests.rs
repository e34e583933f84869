use std::collections::{BTreeMap, BTreeSet};

use super::company::{WORKLOADS, models};
use chrono::NaiveDate;

use super::*;
use crate::app::auth::{Actor, Role};
use crate::app::{App, Clock};
use crate::domain::attribution::{AttributionRule, Condition, Match, Pattern};
use crate::domain::chart::CenterKind;
use crate::domain::ids::RuleId;
use crate::domain::period::Day;
use crate::domain::usage::{ChargeDraft, Meter, Processing, UsageEvent};

const COUNT: usize = 20_000;

fn end() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()
}

fn drafts() -> Vec<ChargeDraft> {
    charges(DEFAULT_SEED, end(), COUNT).collect()
}

#[test]
fn every_charge_is_a_valid_event_within_the_hundred_days() {
    let now = "2026-11-23T00:00:00Z".parse().unwrap();
    let mut days = BTreeSet::new();
    for draft in drafts() {
        let event = UsageEvent::new(draft, now).unwrap();
        days.insert(event.occurred_at.day());
    }
    assert_eq!(days.len(), 100);
    assert_eq!(charges(1, end(), 7).count(), 7);
    assert_eq!(charges(1, end(), 0).count(), 0);
}

#[test]
fn the_same_seed_gives_the_same_amounts_on_any_day() {
    let strip = |mut draft: ChargeDraft| {
        draft.occurred_at = None;
        format!("{draft:?}")
    };
    let later: Vec<String> = charges(DEFAULT_SEED, end() + chrono::Days::new(3), 2_000).map(strip).collect();
    let first: Vec<String> = charges(DEFAULT_SEED, end(), 2_000).map(strip).collect();
    assert_eq!(first, later);
    assert_ne!(first, charges(2, end(), 2_000).map(strip).collect::<Vec<_>>());
}

#[test]
fn time_never_runs_back_but_for_what_is_resent() {
    let mut latest = chrono::DateTime::<chrono::Utc>::MIN_UTC;
    let mut seen = BTreeMap::new();
    let mut resent = 0;
    for draft in drafts() {
        let at = draft.occurred_at.unwrap();
        let shown = format!("{draft:?}");
        if let Some(first) = seen.insert(draft.external_id.clone(), shown.clone()) {
            assert_eq!(first, shown, "the same key has the same content");
            resent += 1;
        } else if at < latest {
            // The first sending of a charge whose own place was taken by a resend is a little late.
            assert!(latest - at < chrono::TimeDelta::hours(24));
        }
        latest = latest.max(at);
    }
    assert!((COUNT / 200..COUNT / 50).contains(&resent), "{resent} resent");
}

#[test]
fn the_company_is_as_wide_as_promised() {
    let drafts = drafts();
    let names = |of: fn(&ChargeDraft) -> Option<&str>| drafts.iter().filter_map(of).map(str::to_owned).collect::<BTreeSet<_>>().len();
    assert!(names(|draft| Some(&draft.provider)) >= 5);
    assert!(names(|draft| Some(&draft.model)) >= 12);
    assert!(names(|draft| draft.feature.as_deref()) >= 10);
    assert_eq!(names(|draft| draft.environment.as_deref()), 3);
    let company = company();
    let centers = |kind| company.cost_centers.iter().filter(|center| center.kind == kind).count();
    assert!(centers(CenterKind::Team) >= 8);
    assert_eq!((centers(CenterKind::Project), centers(CenterKind::Client)), (14, 12));
    let has = |meter: &Meter| drafts.iter().any(|draft| draft.quantities.iter().any(|line| line.0 == *meter));
    for meter in [Meter::CACHE_READ, Meter::CACHE_WRITE_5M, Meter::CACHE_WRITE_1H, Meter::REASONING, shape::images(), shape::web_searches()]
    {
        assert!(has(&meter), "{meter}");
    }
    assert_eq!((shape::images().code(), shape::web_searches().code()), ("images", "web_searches"));
    let count = |of: fn(&ChargeDraft) -> bool| drafts.iter().filter(|draft| of(draft)).count();
    assert!(count(|draft| draft.processing == Some(Processing::Batch)) > 100);
    assert!(count(|draft| draft.processing == Some(Processing::Flex)) > 10);
    assert!(count(|draft| draft.reported_cost.is_some()) > 0);
    assert!((1..50).contains(&count(|draft| draft.model == models::WITHOUT_PRICE.name)));
    assert!(count(|draft| draft.quantities.iter().any(|line| line.0 == Meter::INPUT && line.1.whole_units() > 200_000)) > 3);
}

/// The rules of the company as the books would hold them.
fn rules() -> Vec<AttributionRule> {
    let rule = |input: crate::app::masters::AttributionRuleInput| AttributionRule {
        id: RuleId(1),
        order: input.order,
        conditions: input
            .conditions
            .iter()
            .map(|condition| Condition {
                on: match condition.on.as_str() {
                    "API_KEY" => Match::ApiKey,
                    "TAG" => Match::Tag(condition.tag.clone().unwrap()),
                    "END_USER" => Match::EndUser,
                    other => panic!("{other}"),
                },
                pattern: Pattern::parse(&condition.pattern).unwrap(),
            })
            .collect(),
        code: input.code,
        team: input.team,
        project: input.project,
        client: input.client,
        feature: input.feature,
    };
    company().attribution_rules.into_iter().map(rule).collect()
}

#[test]
fn rules_decide_what_the_events_leave_open_and_a_few_stay_without_owner() {
    let rules = rules();
    let codes: BTreeSet<_> = rules.iter().map(|rule| rule.code.clone()).collect();
    assert_eq!(codes.len(), rules.len());
    let now = "2026-11-23T00:00:00Z".parse().unwrap();
    let (mut ruled, mut ownerless) = (0, 0);
    for draft in drafts() {
        let event = UsageEvent::new(draft, now).unwrap();
        let rule = rules.iter().find(|rule| rule.matches(&event));
        if event.team.is_none() {
            match rule {
                Some(rule) => {
                    let feature = event.feature.clone().or(rule.feature.clone());
                    let is_its = |workload: &company::Workload| {
                        Some(workload.project) == rule.project.as_deref()
                            && workload.client == rule.client.as_deref()
                            && Some(workload.feature) == feature.as_deref()
                    };
                    assert!(WORKLOADS.iter().any(is_its), "{} decided {:?}", rule.code, event.feature);
                    ruled += 1;
                }
                None => ownerless += 1,
            }
        }
    }
    assert!(ruled > COUNT / 10, "{ruled}");
    assert!((COUNT / 50..COUNT / 25).contains(&ownerless), "{ownerless}");
}

#[test]
fn every_priced_model_is_in_the_builtin_list_with_its_abilities() {
    let prices: BTreeSet<(&str, &str, &str, &str)> = crate::domain::rating::BUILTIN_PRICES
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            Some((*cells.first()?, *cells.get(1)?, *cells.get(2)?, *cells.get(8)?))
        })
        .collect();
    for model in WORKLOADS.iter().flat_map(|workload| &workload.models) {
        let has = |meter, processing| prices.contains(&(model.provider, model.name, meter, processing));
        let first = if model.name.starts_with("imagen") { "images" } else { "input_tokens" };
        assert!(has(first, "STANDARD"), "{}", model.name);
        assert!(!model.has_cache_read || has("cache_read_tokens", "STANDARD"), "{}", model.name);
        assert!(!model.has_cache_write || has("cache_write_1h_tokens", "STANDARD"), "{}", model.name);
        assert!(!model.has_batch || has("input_tokens", "BATCH"), "{}", model.name);
        assert!(!model.has_flex || has("input_tokens", "FLEX"), "{}", model.name);
    }
    assert!(!prices.iter().any(|price| price.1 == models::WITHOUT_PRICE.name));
}

fn admin() -> Actor {
    Actor {
        subject: "ana".into(),
        issuer: "local".into(),
        books: "main".into(),
        roles: [Role::Admin].into_iter().collect(),
        scope: None,
        expires_at: chrono::DateTime::<chrono::Utc>::MAX_UTC,
        token_id: None,
        acting_for: None,
        request_id: None,
    }
}

#[tokio::test]
async fn the_books_are_filled_once_and_completed_after_an_interruption() {
    let clock = Clock::fixed("2026-11-23T10:00:00Z".parse().unwrap());
    let directory = std::env::temp_dir().join(format!("tallybook-demo-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let url = format!("sqlite://{}", directory.join("books.db").display());
    let app = App::create(&url, clock.clone(), "main").await.unwrap();
    let options = |charges| DemoOptions { seed: DEFAULT_SEED, charges, days_end: None };
    // A demo that was interrupted after its first forty charges.
    let begun = Charges::new(DEFAULT_SEED, end(), 6_000);
    let items =
        (0..40).map(|number| begun.charge(number)).map(|draft| crate::app::ingest::IncomingCharge { external_id: None, draft: Ok(draft) });
    crate::app::ingest::record_charges(&app, &admin(), items.collect(), false).await.unwrap();

    let last = std::sync::Mutex::new((0, 0));
    let summary = fill(&app, &admin(), options(6_000), |done, of| *last.lock().unwrap() = (done, of)).await.unwrap();
    assert_eq!(*last.lock().unwrap(), (6_000, 6_000));
    assert!(!summary.was_there && summary.rejected == 0 && summary.unpriced > 0, "{summary:?}");
    assert!((40..200).contains(&summary.replayed), "{summary:?}");
    assert_eq!(summary.recorded + summary.replayed + summary.unpriced, 6_000);
    assert_eq!((summary.entries, summary.last_day), (summary.recorded, end()));

    assert!(fill(&app, &admin(), options(6_000), |_, _| {}).await.unwrap().was_there);
    // One purchase for each of August to November, and more than was used.
    let lots = crate::app::prepaid::prepaid_lots(&app, &admin(), "mistral".into(), Day::from_date(end()), None).await.unwrap();
    assert_eq!((lots.lots.len(), lots.uncovered), (4, vec![]));
    clock.set("2026-12-02T10:00:00Z".parse().unwrap());
    let summary = fill(&app, &admin(), options(6_000), |_, _| {}).await.unwrap();
    assert!(summary.was_there, "{summary:?}");
    std::fs::remove_dir_all(directory).unwrap();
}
