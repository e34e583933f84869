//! What one request may ask for, and how a request that asks for more, or is no request at all, is told so.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

use crate::harness::{Answer, Engine, World, charge, run};

async fn raw(world: &World, content_type: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post("/graphql")
        .header(header::AUTHORIZATION, format!("Bearer {}", world.admin))
        .header(header::CONTENT_TYPE, content_type)
        .body(body.into())
        .unwrap();
    world.send(request).await
}

async fn code(world: &World, query: &str) -> String {
    let answer = world.post_graphql(&world.admin, &json!({ "query": query })).await;
    let message = answer.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.len() > 15, "a sentence that helps: {}", answer.text);
    answer.error_code()
}

#[test]
fn documents_that_ask_for_too_much_are_refused_by_name() {
    run(Engine::Sqlite, async |world| {
        let nested = format!(
            "{{ journalEntry(number: 1) {} }}",
            (0..17).fold("{ number }".to_owned(), |inner, _| format!("{{ corrects {inner} }}"))
        );
        assert_eq!(code(&world, &nested).await, "DEPTH_LIMIT");
        let page = "journalEntries(first: 1000) { nodes { number kind memo postings { line side amount { amount currency } account { code name } } } }";
        let costly = format!("{{ a: {page} b: {page} c: {page} d: {page} e: {page} f: {page} }}");
        assert_eq!(code(&world, &costly).await, "COMPLEXITY_LIMIT");
        let aliases: String = (0..31).map(|number| format!("a{number}: number ")).collect();
        assert_eq!(code(&world, &format!("{{ journalEntry(number: 1) {{ {aliases} }} }}")).await, "ALIAS_LIMIT");
        let fields = "features ".repeat(21);
        assert_eq!(code(&world, &format!("{{ {fields} }}")).await, "ROOT_FIELD_LIMIT");
        assert_eq!(code(&world, &format!("{{ features {} }}", "@include(if: true) ".repeat(6))).await, "DIRECTIVE_LIMIT");
        assert_eq!(code(&world, &format!("{{ {} }}", "features ".repeat(2_000))).await, "TOKEN_LIMIT");
        assert_eq!(code(&world, "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }").await, "GRAPHQL_VALIDATION_FAILED");
    });
}

#[test]
fn documents_that_are_wrong_are_told_where() {
    run(Engine::Sqlite, async |world| {
        assert_eq!(code(&world, "{ features").await, "GRAPHQL_PARSE_FAILED");
        assert_eq!(code(&world, "{ nothingLikeThis }").await, "BAD_USER_INPUT");
        assert_eq!(code(&world, "{ charges(first: 1001) { nodes { number } } }").await, "PAGE_TOO_LARGE");
        assert_eq!(code(&world, "{ costCenters(first: 501) { nodes { code } } }").await, "PAGE_TOO_LARGE");
        assert_eq!(code(&world, "{ charges(first: 0) { nodes { number } } }").await, "RANGE_INVALID");
        for list in ["charges", "journalEntries", "costCenters", "prices"] {
            assert_eq!(
                code(&world, &format!("{{ {list}(after: \"forged\") {{ pageInfo {{ endCursor }} }} }}")).await,
                "CURSOR_INVALID",
                "{list}"
            );
        }
        assert_eq!(code(&world, "{ trialBalance(asOf: \"31.01.2026\") { throughEntry } }").await, "DATE_INVALID");
        assert_eq!(
            code(&world, "{ spend(from: \"2026-02-01\", to: \"2026-01-01\", groupBy: []) { total { amount } } }").await,
            "RANGE_INVALID"
        );
        let unknown =
            "{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [], filter: { accounts: [\"9999\"] }) { total { amount } } }";
        assert_eq!(code(&world, unknown).await, "ACCOUNT_UNKNOWN");
        let literal = "mutation { saveDiscounts(input: { discounts: [{ provider: \"openai\", percent: 12.5, effectiveFrom: \"2026-01-01T00:00:00Z\" }] }) { userErrors { code } } }";
        assert!(code(&world, literal).await.len() > 5, "a number literal is no decimal");
    });
}

#[test]
fn requests_in_the_wrong_form_are_refused() {
    run(Engine::Sqlite, async |world| {
        let query = json!({ "query": "{ features }" }).to_string();
        let batch = raw(&world, "application/json", format!("[{query},{query}]")).await;
        assert_eq!((batch.status.as_u16(), batch.error_code().as_str()), (400, "BATCHING_REFUSED"));
        for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql"] {
            let answer = raw(&world, media, query.clone()).await;
            assert_eq!((answer.status.as_u16(), answer.error_code().as_str()), (415, "UNSUPPORTED_MEDIA_TYPE"), "{media}");
        }
        let large =
            raw(&world, "application/json", json!({ "query": "{ features }", "variables": { "x": "y".repeat(1024 * 1024) } }).to_string())
                .await;
        assert_eq!((large.status.as_u16(), large.error_code().as_str()), (413, "BODY_TOO_LARGE"));
        for body in ["", "{", "12", "{\"query\": 5}", "{\"variables\": {}}", "{\"query\": \"{ features }\", \"variables\": []}"] {
            let answer = raw(&world, "application/json", body).await;
            assert_eq!((answer.status.as_u16(), answer.error_code().as_str()), (400, "BAD_REQUEST"), "{body}");
        }
        let nowhere = world.get("/nowhere").await;
        assert_eq!((nowhere.status.as_u16(), nowhere.error_code().as_str()), (404, "NOT_FOUND"));
        let wrong_method = world.get("/v1/charges").await;
        assert_eq!((wrong_method.status.as_u16(), wrong_method.error_code().as_str()), (405, "METHOD_NOT_ALLOWED"));
        let answer = world.post_charges(&world.admin, Some("br"), "").await;
        assert_eq!((answer.status.as_u16(), answer.error_code().as_str()), (415, "ENCODING_UNSUPPORTED"));
    });
}

async fn get(world: &World, query: &str) -> Answer {
    let uri = format!("/graphql?{}", query.replace(' ', "%20").replace('{', "%7B").replace('}', "%7D").replace('"', "%22"));
    world.send(Request::get(uri).header(header::AUTHORIZATION, format!("Bearer {}", world.admin)).body(Body::empty()).unwrap()).await
}

#[test]
fn get_executes_queries_and_never_a_mutation() {
    run(Engine::Sqlite, async |world| {
        assert_eq!(get(&world, "query={ books { code } }").await.json()["data"]["books"]["code"], "main");
        let mutation = get(&world, "query=mutation { recordCharges(input: { charges: [] }) { recorded } }").await;
        assert_eq!((mutation.status.as_u16(), mutation.error_code().as_str()), (405, "METHOD_NOT_ALLOWED"));
        let hidden =
            get(&world, "query=query A { features } mutation B { recordCharges(input: { charges: [] }) { recorded } }&operationName=B")
                .await;
        assert_eq!(hidden.status.as_u16(), 405);
    });
}

#[test]
fn a_browser_gets_the_page_that_sends_queries() {
    run(Engine::Sqlite, async |world| {
        let page = world.send(Request::get("/graphql").header(header::ACCEPT, "text/html").body(Body::empty()).unwrap()).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("GraphiQL") && !page.text.contains(&world.admin));
    });
}

#[test]
fn variables_that_are_left_out_take_their_defaults() {
    run(Engine::Sqlite, async |world| {
        world.book(&[charge("c1")]).await;
        let query = "query P($first: Int, $after: String, $newest: Boolean = false) { charges(first: $first, after: $after, newestFirst: $newest) { nodes { externalId } } }";
        for variables in [json!({}), json!({ "first": null }), json!({ "first": 5, "newest": true })] {
            let data = world.graphql(query, variables).await;
            assert_eq!(data["charges"]["nodes"][0]["externalId"], "c1");
        }
    });
}

#[test]
fn of_a_file_of_operations_only_the_named_one_needs_its_variables() {
    run(Engine::Sqlite, async |world| {
        world.book(&[charge("c1")]).await;
        let file = "query Page($first: Int!) { charges(first: $first) { nodes { ...Key } } }
                    query One($id: String!) { charge(source: \"gateway\", externalId: $id) { ...Key } }
                    query Names { features }
                    fragment Key on Charge { externalId }";
        let send = async |name: Value, variables: Value| {
            world.post_graphql(&world.admin, &json!({ "query": file, "operationName": name, "variables": variables })).await
        };
        assert_eq!(send(json!("One"), json!({ "id": "c1" })).await.json()["data"]["charge"]["externalId"], "c1");
        assert_eq!(send(json!("Page"), json!({ "first": 1 })).await.json()["data"]["charges"]["nodes"][0]["externalId"], "c1");
        assert_eq!(send(json!("Names"), json!({})).await.json()["data"]["features"], json!([]));
        assert!(send(json!("Page"), json!({})).await.json()["errors"].is_array(), "a required variable is still required");
        assert!(send(json!("Nobody"), json!({})).await.json()["errors"].is_array());
        assert!(send(json!(null), json!({})).await.json()["errors"].is_array());
    });
}

#[test]
fn tools_can_read_the_schema() {
    run(Engine::Sqlite, async |world| {
        let viewer = world.token("main", tallybook::app::auth::Role::Viewer, None);
        let data = world.graphql_as(&viewer, "{ __schema { queryType { name } types { name fields { name } } } }", json!({})).await;
        assert_eq!(data["__schema"]["queryType"]["name"], "Query");
    });
}
