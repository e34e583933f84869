//! Saves on a SQLite file, and on PostgreSQL when `TALLYBOOK_TEST_POSTGRES` names a server: the same cases on both.

mod prices;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, NaiveDate, Utc};

use super::*;
use crate::app::auth::{Actor, Role, Scope};
use crate::app::{App, AppError, Clock};
use crate::domain::attribution::Centers;
use crate::domain::chart::{AccountClass, CenterKind, UNATTRIBUTED};
use crate::domain::period::Day;
use crate::domain::posting_rules::{Settlement, Subject, cost_account};
use crate::domain::rating::{Precedence, Rating, rate};
use crate::domain::rejection::Code;
use crate::domain::usage::{ChargeDraft, Meter, Quantity, UsageEvent};
use crate::store::{Store, StoreOptions};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// One set of books; a SQLite file is removed with it.
struct Fixture {
    app: App,
    actor: Actor,
    url: String,
    directory: Option<PathBuf>,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

fn at(text: &str) -> DateTime<Utc> {
    read_instant(text).unwrap()
}

fn clock() -> Clock {
    Clock::fixed(at("2026-11-23T10:00:00Z"))
}

fn actor(books: &str, roles: &[Role], scope: Option<Scope>) -> Actor {
    Actor {
        subject: "ana".into(),
        issuer: "local".into(),
        books: books.into(),
        roles: roles.iter().copied().collect(),
        scope,
        expires_at: at("2036-01-01"),
        token_id: None,
        acting_for: None,
        request_id: None,
    }
}

/// Fresh books on every engine that is there.
async fn fixtures() -> Vec<Fixture> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let code = format!("masters-{}-{number}", std::process::id());
    let directory = std::env::temp_dir().join(format!("tallybook-{code}"));
    let mut urls = vec![(format!("sqlite://{}", directory.join("books.db").display()), Some(directory))];
    urls.extend(std::env::var("TALLYBOOK_TEST_POSTGRES").ok().map(|url| (url, None)));
    let mut fixtures = Vec::new();
    for (url, directory) in urls {
        let store = Store::connect(StoreOptions::new(&url)).await.unwrap();
        store.migrate().await.unwrap();
        create_books(&store, &clock(), &code, "Books of a test").await.unwrap();
        let app = App::open(store, clock()).await.unwrap();
        fixtures.push(Fixture { app, actor: actor(&code, &[Role::Admin], None), url, directory });
    }
    fixtures
}

fn center(kind: CenterKind, code: &str, parent: Option<&str>) -> CostCenterInput {
    CostCenterInput { kind, code: code.into(), name: String::new(), parent: parent.map(Into::into), valid_from: None, valid_to: None }
}

/// Code and path of every refusal.
fn refusals<T: std::fmt::Debug>(answer: Result<T, AppError>) -> Vec<(Code, String)> {
    match answer {
        Err(AppError::Rejected(rejections)) => rejections.into_iter().map(|rejection| (rejection.code, rejection.path.join("."))).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

async fn version(fixture: &Fixture) -> i64 {
    masters(&fixture.app, &fixture.actor).await.unwrap().version
}

#[tokio::test(flavor = "multi_thread")]
async fn new_books_hold_what_charges_need_and_are_created_once() {
    for fixture in fixtures().await {
        let held = masters(&fixture.app, &fixture.actor).await.unwrap();
        assert_eq!((held.version, held.accounts.len(), held.centers.len()), (1, crate::domain::chart::DEFAULT_CHART.len(), 3));
        assert!(CenterKind::ALL.into_iter().all(|kind| held.unattributed(kind).some().is_some()));
        let codes: Vec<_> = held.posting_rules.iter().map(|rule| rule.code.as_str()).collect();
        assert_eq!(codes, ["development", "test", "staging", "unknown-client", "client-work"]);
        assert_eq!(cost_account(&held.posting_rules, &Subject { client: Some("gearpeak"), ..Subject::default() }), "5000");
        let store = fixture.app.store();
        let again = create_books(store, &clock(), &fixture.actor.books, "another name").await.unwrap();
        assert_eq!(again, fixture.app.books(&fixture.actor).await.unwrap().id());
        assert_eq!(sync_builtin_prices(store, &clock(), again).await.unwrap(), 0);
        assert_eq!(version(&fixture).await, 1);
        assert_eq!(refusals(create_books(store, &clock(), " ", "x").await), [(Code::MissingField, "code".into())]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_create_the_same_books_at_once_get_the_same() {
    for fixture in fixtures().await {
        let code = format!("{}-race", fixture.actor.books);
        let mut tasks = Vec::new();
        for _ in 0..4 {
            let (url, code) = (fixture.url.clone(), code.clone());
            tasks.push(tokio::spawn(async move {
                let store = Store::connect(StoreOptions::new(url)).await.unwrap();
                create_books(&store, &clock(), &code, "Race").await.unwrap()
            }));
        }
        let mut ids = Vec::new();
        for task in tasks {
            ids.push(task.await.unwrap());
        }
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_list_prices_a_charge() {
    for fixture in fixtures().await {
        let held = masters(&fixture.app, &fixture.actor).await.unwrap();
        let draft = ChargeDraft {
            source: "gateway".into(),
            external_id: "1".into(),
            occurred_at: Some(at("2026-01-05")),
            provider: "openai".into(),
            model: "gpt-4o-2024-08-06".into(),
            quantities: vec![(Meter::INPUT, Quantity::from_units(1_000).unwrap()), (Meter::OUTPUT, Quantity::from_units(100).unwrap())],
            ..ChargeDraft::default()
        };
        let event = UsageEvent::new(draft, at("2026-11-23")).unwrap();
        // 1,000 x 2.50 + 100 x 10.00 for a million = 0.0035 dollars.
        let Rating::Rated(rated) = rate(&event, &held.price_book) else { panic!("unpriced") };
        assert_eq!(rated.exact.to_string(), "0.0035");
        // The newest line of a built-in upgrade would be the only one added.
        let all = prices(&fixture.app, &fixture.actor, PriceFilter::default()).await.unwrap();
        assert!(all.len() > 1_500 && all.iter().all(|price| price.terms.precedence == Precedence::BuiltIn));
        assert!(all.iter().all(|price| price.terms.source.ends_with(')')), "each built-in price names its source and date");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cost_centers_are_saved_and_changed() {
    for fixture in fixtures().await {
        let (app, actor) = (&fixture.app, &fixture.actor);
        let claims = center(CenterKind::Team, " claims ", Some("operations"));
        let saved = save_cost_centers(app, actor, vec![claims, center(CenterKind::Team, "operations", None)]).await.unwrap();
        assert_eq!((saved[0].code.as_str(), saved[0].name.as_str(), saved[0].parent.as_deref()), ("claims", "claims", Some("operations")));
        assert_eq!(version(&fixture).await, 2);
        let mut named = center(CenterKind::Team, "claims", None);
        named.name = "Claims handling".into();
        named.valid_to = NaiveDate::from_ymd_opt(2026, 6, 1);
        let changed = save_cost_centers(app, actor, vec![named.clone()]).await.unwrap();
        assert_eq!((changed[0].id, changed[0].name.as_str()), (saved[0].id, "Claims handling"));
        save_cost_centers(app, actor, vec![named]).await.unwrap();
        assert_eq!(version(&fixture).await, 3, "saving the same again changes nothing");
        let held = masters(app, actor).await.unwrap();
        assert_eq!(held.center(CenterKind::Team, "claims", Day::from_date(at("2026-05-31").date_naive())), Ok(saved[0].id));
        assert!(held.center(CenterKind::Team, "claims", Day::from_date(at("2026-06-01").date_naive())).is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cost_centers_that_do_not_fit_are_all_named_and_none_is_saved() {
    for fixture in fixtures().await {
        let (app, actor) = (&fixture.app, &fixture.actor);
        let mut ended = center(CenterKind::Client, UNATTRIBUTED, None);
        ended.valid_to = NaiveDate::from_ymd_opt(2027, 1, 1);
        let mut empty = center(CenterKind::Team, "empty", None);
        (empty.valid_from, empty.valid_to) = (NaiveDate::from_ymd_opt(2026, 1, 1), NaiveDate::from_ymd_opt(2026, 1, 1));
        let wrong = vec![center(CenterKind::Team, "", None), ended, empty, center(CenterKind::Team, "a\nb", None)];
        let expected = [
            (Code::MissingField, "costCenters.0.code".to_owned()),
            (Code::RangeInvalid, "costCenters.1.validTo".to_owned()),
            (Code::RangeInvalid, "costCenters.2.validTo".to_owned()),
            (Code::TextInvalid, "costCenters.3.code".to_owned()),
        ];
        assert_eq!(refusals(save_cost_centers(app, actor, wrong).await), expected);
        let circle =
            vec![center(CenterKind::Team, "a", Some("b")), center(CenterKind::Team, "b", Some("a")), center(CenterKind::Team, "c", None)];
        let parents = [(Code::ParentInvalid, "costCenters.0.parent".to_owned()), (Code::ParentInvalid, "costCenters.1.parent".to_owned())];
        assert_eq!(refusals(save_cost_centers(app, actor, circle).await), parents);
        let other_kind = vec![center(CenterKind::Project, "p", None), center(CenterKind::Team, "t", Some("p"))];
        assert_eq!(refusals(save_cost_centers(app, actor, other_kind).await), [(Code::ParentInvalid, "costCenters.1.parent".to_owned())]);
        let many = vec![center(CenterKind::Team, "t", None); MOST_ITEMS + 1];
        assert_eq!(refusals(save_cost_centers(app, actor, many).await), [(Code::TooManyItems, "costCenters".to_owned())]);
        assert_eq!(version(&fixture).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_keep_their_class_where_the_program_books_to_them() {
    for fixture in fixtures().await {
        let (app, actor) = (&fixture.app, &fixture.actor);
        let account = |code: &str, class, parent: Option<&str>| AccountInput {
            code: code.into(),
            name: "An account".into(),
            class,
            parent: parent.map(Into::into),
            is_contra: false,
        };
        let new =
            vec![account("5100", AccountClass::CostOfRevenue, Some("5000")), account("5110", AccountClass::CostOfRevenue, Some("5100"))];
        let saved = save_accounts(app, actor, new).await.unwrap();
        assert_eq!(
            saved.iter().map(|account| account.id.0).collect::<Vec<_>>(),
            [1, 2].map(|more| i32::try_from(crate::domain::chart::DEFAULT_CHART.len()).unwrap() + more)
        );
        let wrong = vec![
            account("2100", AccountClass::Asset, None),
            account("5120", AccountClass::OperatingExpense, Some("5000")),
            account("5130", AccountClass::CostOfRevenue, Some("nowhere")),
            account("5100", AccountClass::OperatingExpense, None),
        ];
        let expected = [
            (Code::AccountClassFixed, "accounts.0.class".to_owned()),
            (Code::ParentInvalid, "accounts.1.parent".to_owned()),
            (Code::ParentInvalid, "accounts.2.parent".to_owned()),
            (Code::ParentInvalid, "accounts.3.class".to_owned()),
        ];
        assert_eq!(refusals(save_accounts(app, actor, wrong).await), expected);
        let both =
            vec![account("5100", AccountClass::OperatingExpense, None), account("5110", AccountClass::OperatingExpense, Some("5100"))];
        save_accounts(app, actor, both).await.unwrap();
        assert_eq!(masters(app, actor).await.unwrap().account("5110").unwrap().class, AccountClass::OperatingExpense);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attribution_rules_are_versioned() {
    for fixture in fixtures().await {
        let (app, actor) = (&fixture.app, &fixture.actor);
        save_cost_centers(app, actor, vec![center(CenterKind::Team, "claims", None)]).await.unwrap();
        let tagged = ConditionInput { on: "TAG".into(), tag: Some("service".into()), pattern: "claims-*".into() };
        let rule = |code: &str, order: i32| AttributionRuleInput {
            code: code.into(),
            order,
            conditions: vec![tagged.clone(), ConditionInput { on: "API_KEY".into(), tag: None, pattern: "*".into() }],
            team: Some("claims".into()),
            project: None,
            client: None,
            feature: None,
            is_active: true,
        };
        let saved = save_attribution_rules(app, actor, vec![rule("b", 1), rule("a", 1), rule("z", 0)]).await.unwrap();
        let same = save_attribution_rules(app, actor, vec![rule("b", 1)]).await.unwrap();
        assert_eq!(same[0], saved[0]);
        let codes = async || masters(app, actor).await.unwrap().attribution_rules.iter().map(|rule| rule.code.clone()).collect::<Vec<_>>();
        assert_eq!(codes().await, ["z", "a", "b"]);
        let moved = save_attribution_rules(app, actor, vec![rule("z", 9)]).await.unwrap();
        assert!(moved[0].id > saved[2].id);
        save_attribution_rules(app, actor, vec![AttributionRuleInput { is_active: false, ..rule("a", 1) }]).await.unwrap();
        assert_eq!(codes().await, ["b", "z"]);
        let mut without_key = rule("c", 1);
        without_key.conditions[0].tag = None;
        let mut unknown = rule("d", 1);
        unknown.conditions[1].on = "WEATHER".into();
        let nothing = AttributionRuleInput { team: None, ..rule("e", 1) };
        let expected = [
            (Code::MissingField, "attributionRules.0.conditions.0.tag"),
            (Code::TextInvalid, "attributionRules.1.conditions.1.on"),
            (Code::MissingField, "attributionRules.2.team"),
        ];
        let refused = refusals(save_attribution_rules(app, actor, vec![without_key, unknown, nothing]).await);
        assert_eq!(refused, expected.map(|(code, path)| (code, path.to_owned())));
        let stray = AttributionRuleInput { client: Some("nobody".into()), ..rule("f", 1) };
        assert_eq!(
            refusals(save_attribution_rules(app, actor, vec![stray]).await),
            [(Code::CostCenterUnknown, "attributionRules.0.client".to_owned())]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn posting_rules_and_providers_are_replaced() {
    for fixture in fixtures().await {
        let (app, actor) = (&fixture.app, &fixture.actor);
        let rule = |account: &str| PostingRuleInput {
            code: "research".into(),
            order: 5,
            team: Some("research*".into()),
            account: account.into(),
            ..PostingRuleInput::default()
        };
        save_posting_rules(app, actor, vec![rule("6000")]).await.unwrap();
        save_posting_rules(app, actor, vec![rule("6500")]).await.unwrap();
        let held = masters(app, actor).await.unwrap();
        assert_eq!((held.posting_rules.len(), held.posting_rules[0].account.as_str()), (6, "6500"));
        let refused = refusals(save_posting_rules(app, actor, vec![rule("9999"), rule("2100")]).await);
        assert_eq!(
            refused,
            [(Code::AccountUnknown, "postingRules.0.account".to_owned()), (Code::AccountUnknown, "postingRules.1.account".to_owned())]
        );
        let removed = delete_posting_rules(app, actor, vec!["research".into(), "never".into()]).await.unwrap();
        assert_eq!(removed, ["research"]);
        let prepaid = ProviderInput { provider: "openai".into(), settlement: Settlement::Prepaid, grants: None, overdraw: None };
        save_providers(app, actor, vec![prepaid]).await.unwrap();
        let held = masters(app, actor).await.unwrap();
        assert_eq!((held.settlement("openai"), held.settlement("anthropic")), (Settlement::Prepaid, Settlement::Accrual));
        assert_eq!(held.posting_rules.len(), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_and_a_limited_token_sees_its_own_centers() {
    for fixture in fixtures().await {
        let app = &fixture.app;
        let both = vec![center(CenterKind::Team, "operations", None), center(CenterKind::Team, "claims", Some("operations"))];
        save_cost_centers(app, &fixture.actor, both).await.unwrap();
        let viewer = actor(&fixture.actor.books, &[Role::Viewer], None);
        assert!(matches!(save_cost_centers(app, &viewer, Vec::new()).await, Err(AppError::Forbidden(_))));
        assert!(matches!(prices(app, &viewer, PriceFilter::default()).await, Err(AppError::Forbidden(_))));
        assert!(matches!(masters(app, &actor("elsewhere", &[Role::Admin], None)).await, Err(AppError::NotFound(_))));
        let scope = Scope { teams: ["claims".to_owned()].into(), ..Scope::default() };
        let limited = actor(&fixture.actor.books, &[Role::Admin], Some(scope));
        assert!(matches!(masters(app, &limited).await, Err(AppError::Forbidden(_))));
        assert!(matches!(save_prices(app, &limited, Vec::new()).await, Err(AppError::Forbidden(_))));
        let seen = cost_centers(app, &limited).await.unwrap();
        assert_eq!(seen.iter().map(|center| (center.code.as_str(), center.parent.as_deref())).collect::<Vec<_>>(), [("claims", None)]);
        assert_eq!(accounts(app, &limited).await.unwrap().len(), crate::domain::chart::DEFAULT_CHART.len());
        assert!(names(app, &limited, crate::domain::chart::NameKind::Feature).await.unwrap().is_empty());
        assert!(names(app, &viewer, crate::domain::chart::NameKind::Provider).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn saves_of_two_processes_take_turns() {
    for fixture in fixtures().await {
        let mut tasks = Vec::new();
        for process in 0..2 {
            let (url, actor) = (fixture.url.clone(), fixture.actor.clone());
            tasks.push(tokio::spawn(async move {
                let store = Store::connect(StoreOptions::new(url)).await.unwrap();
                let app = App::open(store, clock()).await.unwrap();
                for number in 0..10 {
                    let code = format!("team-{process}-{number}");
                    save_cost_centers(&app, &actor, vec![center(CenterKind::Team, &code, None), center(CenterKind::Team, "shared", None)])
                        .await
                        .unwrap();
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let held = masters(&fixture.app, &fixture.actor).await.unwrap();
        assert_eq!((held.version, held.centers.len()), (21, 3 + 20 + 1));
        let ids: std::collections::BTreeSet<_> = held.centers.iter().map(|center| center.id).collect();
        assert_eq!(ids.len(), held.centers.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_postings_keeps_its_class_and_names_are_met() {
    use crate::app::ingest::{IncomingCharge, record_charges};
    use crate::domain::chart::NameKind;
    for fixture in fixtures().await {
        let (app, actor_of_all) = (&fixture.app, &fixture.actor);
        let account = |class| AccountInput { code: "5100".into(), name: "Claims".into(), class, parent: None, is_contra: false };
        save_accounts(app, actor_of_all, vec![account(AccountClass::CostOfRevenue)]).await.unwrap();
        save_cost_centers(app, actor_of_all, vec![center(CenterKind::Team, "claims", None), center(CenterKind::Team, "sales", None)])
            .await
            .unwrap();
        let rule =
            PostingRuleInput { code: "claims".into(), team: Some("claims".into()), account: "5100".into(), ..PostingRuleInput::default() };
        save_posting_rules(app, actor_of_all, vec![rule]).await.unwrap();
        let charge = |team: &str, feature: &str| IncomingCharge {
            external_id: Some(feature.to_owned()),
            draft: Ok(ChargeDraft {
                source: "gateway".into(),
                external_id: feature.into(),
                occurred_at: Some(at("2026-11-20")),
                provider: "openai".into(),
                model: "gpt-4o".into(),
                team: Some(team.into()),
                feature: Some(feature.into()),
                quantities: vec![(Meter::INPUT, Quantity::from_units(1_000).unwrap())],
                ..ChargeDraft::default()
            }),
        };
        record_charges(app, actor_of_all, vec![charge("claims", "triage"), charge("sales", "pitch")], false).await.unwrap();
        let refused = refusals(save_accounts(app, actor_of_all, vec![account(AccountClass::OperatingExpense)]).await);
        assert_eq!(refused, [(Code::AccountClassFixed, "accounts.0.class".to_owned())]);
        assert_eq!(names(app, actor_of_all, NameKind::Feature).await.unwrap(), ["pitch", "triage"]);
        let scope = Scope { teams: ["claims".to_owned()].into(), ..Scope::default() };
        let limited = actor(&actor_of_all.books, &[Role::Viewer], Some(scope));
        assert_eq!(names(app, &limited, NameKind::Feature).await.unwrap(), ["triage"]);
        assert!(names(app, &limited, NameKind::Source).await.unwrap().is_empty());
    }
}

/// Use cases run in servers that move tasks between threads.
#[test]
fn use_cases_can_move_between_threads() {
    fn is_send<T: Send>(_: impl Fn(&'static App, &'static Actor) -> T) {}
    is_send(|app, actor| save_cost_centers(app, actor, Vec::new()));
    is_send(|app, actor| save_accounts(app, actor, Vec::new()));
    is_send(|app, actor| save_prices(app, actor, Vec::new()));
    is_send(|app, actor| import_prices(app, actor, Vec::new()));
    is_send(|app, actor| save_discounts(app, actor, Vec::new()));
    is_send(|app, actor| save_model_aliases(app, actor, Vec::new()));
    is_send(|app, actor| save_attribution_rules(app, actor, Vec::new()));
    is_send(|app, actor| save_posting_rules(app, actor, Vec::new()));
    is_send(|app, actor| save_providers(app, actor, Vec::new()));
    is_send(|app, actor| names(app, actor, crate::domain::chart::NameKind::Feature));
}
