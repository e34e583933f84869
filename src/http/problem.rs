//! The one form of every refusal: a status, a stable code, a sentence, shaped like a GraphQL answer without data.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

use super::observe::RequestId;
use crate::app::AppError;
use crate::app::auth::AuthError;

/// A refusal or failure of a whole request.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: Cow<'static, str>,
    extensions: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    content_type: &'static str,
}

/// The form of one error, in the order in which people read it.
#[derive(Serialize)]
pub(super) struct ErrorMember<'a> {
    pub message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locations: Option<[Location; 1]>,
    pub extensions: Map<String, Value>,
}

/// A place in a GraphQL document, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Location {
    pub line: usize,
    pub column: usize,
}

/// A body that has errors only.
#[derive(Serialize)]
pub(super) struct ErrorBody<'a> {
    pub errors: [ErrorMember<'a>; 1],
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            extensions: Map::new(),
            headers: Vec::new(),
            content_type: "application/json; charset=utf-8",
        }
    }

    pub fn bad_request(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// Our fault: the caller gets the id under which the cause was logged.
    pub fn internal(request_id: &RequestId) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "an internal error occurred; its cause is in the log under this requestId")
            .with_extension("requestId", request_id.as_str())
    }

    pub fn of_auth(error: AuthError) -> Self {
        if error.is_temporary() {
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", error.to_string())
                .with_extension("reason", error.code())
                .with_header(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        // RFC 6750 section 3.1: without any token the challenge carries no error.
        let challenge = if error == AuthError::Missing { "Bearer" } else { "Bearer error=\"invalid_token\"" };
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", error.to_string())
            .with_extension("reason", error.code())
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    /// Logs our own faults, once.
    pub fn of_app(error: &AppError, request_id: &RequestId) -> Self {
        let status = match error {
            AppError::Rejected(_) => StatusCode::UNPROCESSABLE_ENTITY,
            AppError::Forbidden(_) => StatusCode::FORBIDDEN,
            AppError::NotFound(_) => StatusCode::NOT_FOUND,
            AppError::Unavailable(cause) => {
                tracing::warn!(request_id = request_id.as_str(), error = %cause, "the database is unavailable");
                StatusCode::SERVICE_UNAVAILABLE
            }
            AppError::Internal(cause) => {
                tracing::error!(request_id = request_id.as_str(), error = %cause, "internal error");
                return Self::internal(request_id);
            }
        };
        Self::new(status, error.code(), error.to_string())
    }

    #[must_use]
    pub fn with_extension(mut self, name: &str, value: &str) -> Self {
        self.extensions.insert(name.to_owned(), Value::from(value));
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same refusal, as the media type that the caller asked for.
    #[must_use]
    pub fn with_content_type(mut self, content_type: &'static str) -> Self {
        self.content_type = content_type;
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut extensions = self.extensions;
        extensions.insert("code".to_owned(), Value::from(self.code));
        let body = ErrorBody { errors: [ErrorMember { message: &self.message, locations: None, extensions }] };
        let mut response = (self.status, Json(body)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        response.headers_mut().extend(self.headers);
        response
    }
}
