//! Running it: health, readiness, metrics, and what leaves the house with every answer.

use serde_json::json;
use tallybook::app::auth::Role;
use tallybook::http::HttpConfig;
use tallybook::store::StoreOptions;

use crate::harness::{World, charge};

on_both_engines!(health_readiness_and_metrics_answer, metrics_need_a_token_on_an_open_address, money_is_never_a_json_number);

async fn health_readiness_and_metrics_answer(world: World) {
    assert_eq!(world.get("/healthz").await.json(), json!({ "status": "alive" }));
    assert_eq!(world.get("/readyz").await.json(), json!({ "status": "ready" }));
    world.book(&[charge("c1")]).await;
    let metrics = world.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    for name in ["tallybook_charges_total", "outcome=\"recorded\"", "route=\"/v1/charges\""] {
        assert!(metrics.text.contains(name), "{name} in\n{}", metrics.text);
    }
    assert!(!metrics.text.contains("gpt-4o") && !metrics.text.contains("c1\""), "metrics name no charge");
}

async fn metrics_need_a_token_on_an_open_address(world: World) {
    let open = HttpConfig { listen: "0.0.0.0:8080".parse().unwrap(), ..HttpConfig::default() };
    let world = world.reopened(StoreOptions::new(world.database.url()), &open).await;
    assert_eq!((world.get("/metrics").await.status.as_u16(), world.get("/healthz").await.status.as_u16()), (401, 200));
    let auditor = world.token("main", Role::Auditor, None);
    let request = axum::http::Request::get("/metrics").header("authorization", format!("Bearer {auditor}"));
    assert_eq!(world.send(request.body(axum::body::Body::empty()).unwrap()).await.status, 200);
}

async fn money_is_never_a_json_number(world: World) {
    world.book(&[charge("c1")]).await;
    let query = "{ charges { nodes { number cost { amount } exactCost rating { quantity unitPrice per amount } } }
        trialBalance(asOf: \"2026-01-31\") { throughEntry rows { debit credit balance } }
        spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: []) { total { amount } rows { cost { amount } charges inputTokens } } }";
    let data = world.graphql(query, json!({})).await.to_string();
    let outside_text: String = data.split('"').step_by(2).collect();
    assert!(!outside_text.contains(|letter: char| letter.is_ascii_digit()), "{data}");
}
