//! What is refused, what is not seen, and what the database itself does not let happen.

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use super::{DRAFT, approve, approved, centers, charged, dollars, drafted, input, refusal};
use crate::harness::{Engine, World, run};

on_both_engines!(
    wrong_inputs_are_refused_at_their_field,
    terms_and_rates_are_checked,
    a_limited_token_sees_the_statements_of_its_centers,
    statements_of_other_books_are_not_found,
    what_a_statement_says_never_changes,
);

async fn wrong_inputs_are_refused_at_their_field(world: World) {
    centers(&world).await;
    let wrong = |field: &str, value: Value| {
        let mut input = input("TEAM");
        input[field] = value;
        input
    };
    for (input, code, path) in [
        (wrong("period", json!("2026-13")), "DATE_INVALID", "period"),
        (wrong("provider", json!("nobody")), "COST_CENTER_UNKNOWN", "provider"),
        (wrong("provider", Value::Null), "MISSING_FIELD", "provider"),
        (wrong("markupPercent", json!("-1")), "MARKUP_INVALID", "markupPercent"),
        (wrong("markupPercent", json!("1.0000001")), "MARKUP_INVALID", "markupPercent"),
    ] {
        let answer = world.graphql(DRAFT, json!({ "input": input })).await["draftChargebacks"].take();
        assert_eq!(refusal(&answer), (code.to_owned(), json!([path])), "{input}");
    }
    for number in ["CB-000001", "1", "CB-1", "'; DROP TABLE chargeback; --"] {
        assert_eq!(refusal(&approve(&world, "otto", number).await), ("STATEMENT_NOT_FOUND".to_owned(), json!(["number"])));
    }
    let post = |key: &str, period: &str| json!({ "idempotencyKey": key, "period": period });
    for (input, code, path) in [
        (post("", "2026-01"), "MISSING_FIELD", "idempotencyKey"),
        (post("k", "January"), "DATE_INVALID", "period"),
        (post("k", "2026-01"), "NOTHING_TO_POST", "period"),
    ] {
        let refused = world.refusals("postChargebacks", "PostChargebacksInput", input).await;
        assert_eq!([&refused[0]["code"], &refused[0]["path"]], [&json!(code), &json!([path])]);
    }
    assert_eq!(world.database.number("SELECT count(*) FROM chargeback").await, 0);
}

async fn terms_and_rates_are_checked(world: World) {
    centers(&world).await;
    let terms = |client: &str, account: &str, markup: &str| json!({ "client": client, "treatment": "AGENT", "receivableAccount": account, "markupPercent": markup });
    let list = json!([
        terms("nobody", "1100", "1"),
        terms("gearpeak", "0000", "1"),
        terms("gearpeak", "2000", "1"),
        terms("gearpeak", "1100", "x")
    ]);
    let refused = world.refusals("saveRebillTerms", "SaveRebillTermsInput", json!({ "terms": list })).await;
    let seen: Vec<_> = refused.as_array().unwrap().iter().map(|error| format!("{} {}", error["code"], error["path"])).collect();
    assert_eq!(
        seen,
        [
            r#""COST_CENTER_UNKNOWN" ["terms","0","client"]"#,
            r#""ACCOUNT_UNKNOWN" ["terms","1","receivableAccount"]"#,
            r#""REBILL_TERMS_INVALID" ["terms","2","receivableAccount"]"#,
            r#""MARKUP_INVALID" ["terms","3","markupPercent"]"#
        ]
    );
    let rate = |field: &str, value: Value| {
        let mut rate = json!({ "meter": "tokens", "per": "1000", "amount": "1", "currency": "USD", "validFrom": "2026-01-01" });
        rate[field] = value;
        rate
    };
    let list = json!([
        rate("meter", json!("pages")),
        rate("meter", Value::Null),
        rate("per", json!("7")),
        rate("amount", json!("-1")),
        rate("currency", json!("AAA")),
        rate("validTo", json!("2026-01-01")),
        rate("model", json!(" ")),
    ]);
    let refused = world.refusals("saveStandardRates", "SaveStandardRatesInput", json!({ "rates": list })).await;
    let seen: Vec<_> = refused.as_array().unwrap().iter().map(|error| format!("{} {}", error["code"], error["path"])).collect();
    assert_eq!(
        seen,
        [
            r#""STANDARD_RATE_INVALID" ["rates","0","meter"]"#,
            r#""STANDARD_RATE_INVALID" ["rates","1","meter"]"#,
            r#""PER_NOT_EXACT" ["rates","2","per"]"#,
            r#""STANDARD_RATE_INVALID" ["rates","3","amount"]"#,
            r#""CURRENCY_UNKNOWN" ["rates","4","currency"]"#,
            r#""STANDARD_RATE_INVALID" ["rates","5","validTo"]"#,
            r#""MISSING_FIELD" ["rates","6","model"]"#
        ]
    );
    world.save("saveStandardRates", "SaveStandardRatesInput", json!({ "rates": [rate("model", json!("gpt-4o"))] })).await;
    world.save("saveStandardRates", "SaveStandardRatesInput", json!({ "rates": [rate("model", json!("gpt-4o"))] })).await;
    let data = world.graphql("{ standardRates { number model meter per amount validTo } rebillTerms { treatment } }", json!({})).await;
    let saved = json!({ "number": "1", "model": "gpt-4o", "meter": "tokens", "per": "1000", "amount": "1", "validTo": null });
    assert_eq!(data, json!({ "standardRates": [saved], "rebillTerms": [] }), "the same rate again is not saved again");
}

async fn a_limited_token_sees_the_statements_of_its_centers(world: World) {
    centers(&world).await;
    world.book(&[dollars("c1", 10, "2026-01-05").team("search"), dollars("c2", 2, "2026-01-06").team("support")]).await;
    drafted(&world, input("TEAM")).await;
    let scope = || Some(Scope { teams: ["support".to_owned()].into(), ..Scope::default() });
    let token = world.token("main", Role::Viewer, scope());
    let seen = "{ chargebacks { nodes { number costCenter { code } } } hidden: chargeback(number: \"CB-000001\") { number } shown: chargeback(number: \"CB-000002\") { number } }";
    let data = world.graphql_as(&token, seen, json!({})).await;
    assert_eq!(
        data,
        json!({ "chargebacks": { "nodes": [{ "number": "CB-000002", "costCenter": { "code": "support" } }] }, "hidden": null, "shown": { "number": "CB-000002" } })
    );
    for (path, status) in [("CB-000001", 404), ("CB-000001.csv", 404), ("CB-000002", 200), ("CB-000002.csv", 200)] {
        assert_eq!(super::files::get(&world, &token, path).await.0, status, "{path}");
    }
    let draft = "mutation { draftChargebacks(input: { period: \"2026-01\", kind: TEAM, provider: \"platform\" }) { userErrors { code } } }";
    let limited = world.token("main", Role::Admin, scope());
    assert_eq!(world.graphql_error(&limited, draft, json!({})).await, "FORBIDDEN", "who sees one center does not charge the others");
}

async fn statements_of_other_books_are_not_found(world: World) {
    centers(&world).await;
    world.book(&[dollars("c1", 10, "2026-01-05").team("search")]).await;
    drafted(&world, input("TEAM")).await;
    tallybook::app::masters::create_books(world.app.store(), &world.clock, "other", "Other").await.unwrap();
    let other = world.token_of("otto", "other", Role::Admin, None);
    let data =
        world.graphql_as(&other, "{ chargeback(number: \"CB-000001\") { number } chargebacks { nodes { number } } }", json!({})).await;
    assert_eq!(data, json!({ "chargeback": null, "chargebacks": { "nodes": [] } }));
    assert_eq!(super::files::get(&world, &other, "CB-000001").await.0, 404);
    let approve = "mutation { approveChargeback(input: { number: \"CB-000001\" }) { userErrors { code } } }";
    let refused = world.graphql_as(&other, approve, json!({})).await;
    assert_eq!(refused["approveChargeback"]["userErrors"][0]["code"], "STATEMENT_NOT_FOUND");
}

async fn what_a_statement_says_never_changes(world: World) {
    centers(&world).await;
    world.book(&[dollars("c1", 10, "2026-01-05").team("search")]).await;
    world.set_clock("2026-02-03T09:00:00Z");
    charged(&world, input("TEAM")).await;
    for statement in [
        "UPDATE chargeback SET total = 1",
        "UPDATE chargeback SET status = 1, entry_number = NULL",
        "UPDATE chargeback SET approved_by = 'ana'",
        "DELETE FROM chargeback",
        "UPDATE chargeback_line SET amount = 1",
        "DELETE FROM chargeback_line",
    ] {
        assert!(world.database.execute(statement).await.is_err(), "{statement}");
    }
    world.assert_verified().await;
}

#[test]
fn verify_names_a_statement_that_was_tampered_with() {
    run(Engine::Sqlite, async |world| {
        centers(&world).await;
        world.book(&[dollars("c1", 10, "2026-01-05").team("search")]).await;
        world.set_clock("2026-02-03T09:00:00Z");
        charged(&world, input("TEAM")).await;
        drafted(&world, input("TEAM")).await;
        world.database.execute("DROP TRIGGER chargeback_is_guarded; UPDATE chargeback SET total = total + 1").await.unwrap();
        let faults = world.faults().await;
        assert!(faults.iter().any(|fault| fault.contains("do not add up")), "{faults:?}");
        assert!(
            faults.iter().any(|fault| fault.contains("entry 2 charges Some(10000000000), statement CB-000001 10000000001")),
            "{faults:?}"
        );
    });
}

#[test]
fn approvers_are_other_persons_in_the_database_too() {
    run(Engine::Sqlite, async |world| {
        centers(&world).await;
        world.book(&[dollars("c1", 10, "2026-01-05").team("search")]).await;
        drafted(&world, input("TEAM")).await;
        assert!(world.database.execute("UPDATE chargeback SET status = 2, approved_by = 'ana', approved_at = 1").await.is_err());
        approved(&world, "CB-000001").await;
    });
}
