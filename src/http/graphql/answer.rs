//! The form of GraphQL answers: status, media type, and a code on every error.

use std::collections::BTreeMap;

use async_graphql::{ErrorExtensionValues, Response as Executed, ServerError, Value};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Map;

use super::limits::DocumentRefusal;
use crate::http::negotiation::AnswerType;
use crate::http::observe::RequestId;
use crate::http::problem::{ErrorBody, ErrorMember};

/// The answer for a document that is not executed.
pub(super) fn refused_document(refusal: &DocumentRefusal, answer_type: AnswerType) -> Response {
    let extensions = Map::from_iter([("code".to_owned(), refusal.code.into())]);
    let error = ErrorMember { message: &refusal.message, locations: refusal.location.map(|location| [location]), extensions };
    respond(request_error_status(answer_type), &ErrorBody { errors: [error] }, answer_type)
}

/// The answer for an execution, or for what the schema's validation refused.
///
/// A request error (no error has a path: nothing was executed) has no `data` at all; a field error leaves what it did not
/// take away, and is a success for HTTP.
pub(super) fn of_execution(mut executed: Executed, request_id: &RequestId, answer_type: AnswerType) -> Response {
    let is_request_error =
        !executed.errors.is_empty() && executed.data == Value::Null && executed.errors.iter().all(|error| error.path.is_empty());
    for error in &mut executed.errors {
        add_code(error, request_id, is_request_error);
    }
    let status = if is_request_error { request_error_status(answer_type) } else { StatusCode::OK };
    let body = Answer {
        errors: &executed.errors,
        data: (!is_request_error).then_some(&executed.data),
        extensions: (!executed.extensions.is_empty()).then_some(&executed.extensions),
    };
    let mut response = respond(status, &body, answer_type);
    response.headers_mut().extend(executed.http_headers);
    response
}

/// Errors first, as the specification advises; the members of `data` stay in the order of the document.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<&'a BTreeMap<String, Value>>,
}

/// Under the old media type a well-formed request is answered with 200 whatever its document is (section 6.4.1); under
/// the new one the status says that nothing was executed (section 6.4.2).
fn request_error_status(answer_type: AnswerType) -> StatusCode {
    match answer_type {
        AnswerType::GraphqlResponse => StatusCode::BAD_REQUEST,
        AnswerType::Json | AnswerType::Html => StatusCode::OK,
    }
}

/// Resolvers give their errors a code; this is for those of the library.
fn add_code(error: &mut ServerError, request_id: &RequestId, is_request_error: bool) {
    let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
    if extensions.get("code").is_some() {
        return;
    }
    let code = match error.message.as_str() {
        "Query is too complex." => {
            "the operation costs more than allowed: ask for smaller pages (`first`) or fewer fields".clone_into(&mut error.message);
            "COMPLEXITY_LIMIT"
        }
        "Query is nested too deep." => "DEPTH_LIMIT",
        message if message.starts_with("The recursion depth of the query") => "DEPTH_LIMIT",
        message if message.starts_with("Failed to parse") || message.starts_with("Invalid value for argument") => "BAD_USER_INPUT",
        _ if is_request_error => "GRAPHQL_VALIDATION_FAILED",
        _ => {
            extensions.set("requestId", request_id.as_str());
            "INTERNAL"
        }
    };
    extensions.set("code", code);
}

fn respond(status: StatusCode, body: &impl Serialize, answer_type: AnswerType) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(answer_type.content_type()));
    response
}
