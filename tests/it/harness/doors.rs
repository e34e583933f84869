//! The doors: the real router, in this process.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::World;

/// One HTTP answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    /// One JSON value a line.
    pub fn lines(&self) -> Vec<Value> {
        self.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The code of the first of `errors`; an answer without one fails the test.
    pub fn error_code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no error in {}", self.text)).to_owned()
    }
}

impl World {
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status, headers: head.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// A GraphQL request as a client sends it.
    pub async fn post_graphql(&self, token: &str, body: &Value) -> Answer {
        let request = Request::post("/graphql")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(request).await
    }

    /// `data` of an operation that must succeed; with the admin's token.
    pub async fn graphql(&self, query: &str, variables: Value) -> Value {
        self.graphql_as(&self.admin, query, variables).await
    }

    /// `data` of an operation that must succeed.
    pub async fn graphql_as(&self, token: &str, query: &str, variables: Value) -> Value {
        let answer = self.post_graphql(token, &json!({ "query": query, "variables": variables })).await;
        let mut body = answer.json();
        assert!(body.get("errors").is_none(), "{query}\n{body:#}");
        body["data"].take()
    }

    /// The code of an operation that must fail as a whole.
    pub async fn graphql_error(&self, token: &str, query: &str, variables: Value) -> String {
        self.post_graphql(token, &json!({ "query": query, "variables": variables })).await.error_code()
    }

    /// The stream of charges.
    pub async fn post_charges(&self, token: &str, encoding: Option<&str>, body: impl Into<Body>) -> Answer {
        let mut request = Request::post("/v1/charges")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/x-ndjson");
        if let Some(encoding) = encoding {
            request = request.header(header::CONTENT_ENCODING, encoding);
        }
        self.send(request.body(body.into()).unwrap()).await
    }
}
