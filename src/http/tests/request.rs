use axum::body::Body;
use axum::http::Request;

use crate::http::config::HttpConfig;
use crate::http::graphql::request::GraphqlRequest;

async fn post(content_type: &str, body: &str) -> Result<GraphqlRequest, String> {
    let request = Request::post("/graphql").header("content-type", content_type).body(Body::from(body.to_owned())).unwrap();
    GraphqlRequest::from_body(request, &HttpConfig::default())
        .await
        .map_err(|problem| format!("{} {}", problem.status.as_u16(), problem.code))
}

#[tokio::test]
async fn the_form_of_a_post_is_checked() {
    let json = "application/json";
    let cases = [
        ("application/x-www-form-urlencoded", "query={name}", "415 UNSUPPORTED_MEDIA_TYPE"),
        ("application/json; charset=latin1", "{\"query\":\"{a}\"}", "415 UNSUPPORTED_MEDIA_TYPE"),
        (json, "[{\"query\":\"{a}\"}]", "400 BATCHING_REFUSED"),
        (json, "{", "400 BAD_REQUEST"),
        (json, "7", "400 BAD_REQUEST"),
        (json, "{}", "400 BAD_REQUEST"),
        (json, "{\"query\":null}", "400 BAD_REQUEST"),
        (json, "{\"query\":{}}", "400 BAD_REQUEST"),
        (json, "{\"query\":\"{a}\",\"variables\":[]}", "400 BAD_REQUEST"),
        (json, "{\"query\":\"{a}\",\"operationName\":1}", "400 BAD_REQUEST"),
        (json, "{\"query\":\"{a}\",\"extensions\":\"x\"}", "400 BAD_REQUEST"),
        (json, "{\"extensions\":{\"persistedQuery\":{\"version\":1}}}", "200 PERSISTED_QUERY_NOT_SUPPORTED"),
    ];
    for (content_type, body, expected) in cases {
        assert_eq!(post(content_type, body).await.unwrap_err(), expected, "{content_type} {body}");
    }
    let large = format!("{{\"query\":\"{}\"}}", " ".repeat(1024 * 1024));
    assert_eq!(post(json, &large).await.unwrap_err(), "413 BODY_TOO_LARGE");
    let nulls =
        post("application/json; charset=UTF-8", "{\"query\":\"{a}\",\"variables\":null,\"operationName\":null,\"extensions\":null}").await;
    assert_eq!(nulls.unwrap().query, "{a}");
}

#[tokio::test]
async fn numbers_in_variables_keep_every_digit() {
    let request = post("application/json", "{\"query\":\"{a}\",\"variables\":{\"n\":12345678901234567890123.5,\"list\":[1,{\"x\":-2}]}}")
        .await
        .unwrap();
    let expected = "{\"list\":[1,{\"x\":-2}],\"n\":12345678901234567890123.5}";
    let written: serde_json::Value = serde_json::from_str(&serde_json::to_string(&request.variables).unwrap()).unwrap();
    assert_eq!(written.to_string(), expected);
}

#[test]
fn a_get_carries_the_same_members() {
    let read = |text: &str| GraphqlRequest::from_query_string(text).map_err(|problem| problem.code);
    let request = read("query=query+A%28%24n%3AInt%29%7Ba%28n%3A%24n%29%7D&operationName=A&variables=%7B%22n%22%3A3%7D").unwrap();
    assert_eq!((request.query.as_str(), request.operation_name.as_deref()), ("query A($n:Int){a(n:$n)}", Some("A")));
    assert_eq!(serde_json::to_string(&request.variables).unwrap(), "{\"n\":3}");
    assert_eq!(read("query=%7Ba%7D&operationName=&variables=").unwrap().operation_name, None);
    for wrong in ["", "query=%7Ba%7D&variables=%7B", "query=%7Ba%7D&variables=%5B%5D", "query=a&query=b"] {
        assert_eq!(read(wrong).unwrap_err(), "BAD_REQUEST", "{wrong}");
    }
    assert_eq!(read("extensions=%7B%22persistedQuery%22%3A%7B%7D%7D").unwrap_err(), "PERSISTED_QUERY_NOT_SUPPORTED");
}

#[test]
fn settings_have_defaults_and_no_unknown_names() {
    let read = |json: &str| serde_json::from_str::<HttpConfig>(json);
    assert_eq!(read("{}").unwrap(), HttpConfig::default());
    let set = read("{\"metrics_public\":true,\"request_timeout_seconds\":5,\"graphql\":{\"depth\":4}}").unwrap();
    assert_eq!((set.metrics_public, set.request_timeout.as_secs(), set.graphql.depth, set.graphql.aliases), (true, 5, 4, 30));
    for wrong in ["{\"listen\":\"0.0.0.0:9\"}", "{\"graphql\":{\"alias\":1}}", "{\"request_timeout_seconds\":0}"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
