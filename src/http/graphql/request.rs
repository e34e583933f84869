//! Reads a GraphQL request from a body or a query string: form and size only, not the document.

use async_graphql::{Name, Value as GraphqlValue, Variables};
use axum::body::Body;
use axum::extract::{Query, Request};
use axum::http::{StatusCode, Uri};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::http::config::HttpConfig;
use crate::http::negotiation::content_type;
use crate::http::problem::Problem;

/// A well-formed request; its document has not been looked at.
#[derive(Debug)]
pub(in crate::http) struct GraphqlRequest {
    pub query: String,
    pub operation_name: Option<String>,
    pub variables: Variables,
}

impl GraphqlRequest {
    /// Reads a POST: one JSON object of at most `max_body_bytes`, sent as `application/json`.
    pub async fn from_body(request: Request, config: &HttpConfig) -> Result<Self, Problem> {
        // Checked first: a form post from another site never has this type, so it never gets further.
        match content_type(request.headers()) {
            Some((media, charset)) if media == "application/json" && charset.as_deref().is_none_or(|name| name == "utf-8") => {}
            _ => return Err(unsupported_media_type()),
        }
        let reading = read_body(request.into_body(), config.max_body_bytes);
        let bytes = tokio::time::timeout(config.request_timeout, reading).await.map_err(|_| {
            Problem::new(StatusCode::REQUEST_TIMEOUT, "TIMEOUT", "the request's body did not arrive in time; nothing was executed")
        })??;
        let text = std::str::from_utf8(&bytes).map_err(|_| malformed("the body is not UTF-8"))?;
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Self::from_members(members),
            Ok(Value::Array(_)) => Err(Problem::bad_request(
                "BATCHING_REFUSED",
                "batches of requests are not executed: send one object, with several root fields if need be",
            )),
            Ok(_) => Err(malformed("the body is not a JSON object with `query`")),
            Err(error) => Err(malformed(format!("the body is not JSON: line {} column {}", error.line(), error.column()))),
        }
    }

    /// Reads a GET: `query`, `operationName`, and `variables` and `extensions` as JSON text.
    pub fn from_query_string(text: &str) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Parameters {
            query: Option<String>,
            operation_name: Option<String>,
            variables: Option<String>,
            extensions: Option<String>,
        }
        let uri: Uri = format!("/?{text}").parse().map_err(|_| malformed("the query string cannot be read"))?;
        let Query(parameters) = Query::<Parameters>::try_from_uri(&uri)
            .map_err(|_| malformed("the query string cannot be read, or names a parameter twice"))?;
        let mut members = Map::new();
        members.extend(parameters.query.map(|query| ("query".to_owned(), Value::from(query))));
        members
            .extend(parameters.operation_name.filter(|name| !name.is_empty()).map(|name| ("operationName".to_owned(), Value::from(name))));
        for (name, json) in [("variables", parameters.variables), ("extensions", parameters.extensions)] {
            if let Some(json) = json.filter(|json| !json.is_empty()) {
                let value = serde_json::from_str(&json).map_err(|_| malformed(format!("the parameter `{name}` is not JSON")))?;
                members.insert(name.to_owned(), value);
            }
        }
        Self::from_members(members)
    }

    fn from_members(mut members: Map<String, Value>) -> Result<Self, Problem> {
        let extensions = match members.remove("extensions") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(extensions)) => extensions,
            Some(_) => return Err(malformed("`extensions` is not an object")),
        };
        let query = match members.remove("query") {
            Some(Value::String(query)) => query,
            None | Some(Value::Null) if extensions.contains_key("persistedQuery") => return Err(persisted_query_not_supported()),
            None | Some(Value::Null) => return Err(malformed("`query` is missing: send the document there")),
            Some(_) => return Err(malformed("`query` is not a string")),
        };
        let operation_name = match members.remove("operationName") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name),
            Some(_) => return Err(malformed("`operationName` is not a string")),
        };
        let variables = match members.remove("variables") {
            None | Some(Value::Null) => Variables::default(),
            Some(variables @ Value::Object(_)) => Variables::from_value(to_graphql(variables)),
            Some(_) => return Err(malformed("`variables` is not an object")),
        };
        Ok(Self { query, operation_name, variables })
    }
}

/// By hand, because through serde a number that keeps all its digits would arrive as an object.
fn to_graphql(value: Value) -> GraphqlValue {
    match value {
        Value::Null => GraphqlValue::Null,
        Value::Bool(flag) => GraphqlValue::Boolean(flag),
        Value::Number(number) => GraphqlValue::Number(number),
        Value::String(text) => GraphqlValue::String(text),
        Value::Array(items) => GraphqlValue::List(items.into_iter().map(to_graphql).collect()),
        Value::Object(members) => {
            GraphqlValue::Object(members.into_iter().map(|(name, value)| (Name::new(name), to_graphql(value))).collect())
        }
    }
}

async fn read_body(body: Body, max_body_bytes: usize) -> Result<bytes::Bytes, Problem> {
    match Limited::new(body, max_body_bytes).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let message =
                format!("the body is longer than {max_body_bytes} bytes: send many charges to /v1/charges, which takes any length");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message))
        }
        Err(_) => Err(malformed("the body broke off")),
    }
}

fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::bad_request("BAD_REQUEST", message)
}

fn unsupported_media_type() -> Problem {
    let message = "send the request as `content-type: application/json`, in UTF-8";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message)
}

/// Clients of automatic persisted queries know this message, and then send the whole document.
fn persisted_query_not_supported() -> Problem {
    Problem::new(StatusCode::OK, "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
}
