//! What surrounds every request: its id, its span, its figures, the net under a panic, and the headers of every answer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tracing::Instrument;
use tracing::field::Empty;

use super::ROUTES;
use super::metrics::{Gauge, record_request};
use super::problem::Problem;
use crate::app::ids::random_id;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id taken over from a caller.
const REQUEST_ID_MAX_BYTES: usize = 64;

/// The name of one request in logs and answers.
#[derive(Debug, Clone)]
pub(super) struct RequestId(Arc<str>);

impl RequestId {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The caller's id when it is harmless in logs and headers, otherwise one of our own.
    fn of(headers: &HeaderMap) -> Self {
        headers
            .get(X_REQUEST_ID)
            .and_then(|value| value.to_str().ok())
            .filter(|text| is_sane(text))
            .map_or_else(|| Self(random_id().into()), |text| Self(text.into()))
    }
}

fn is_sane(text: &str) -> bool {
    (1..=REQUEST_ID_MAX_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Whether a path is of a declared route, whose last segment may be a parameter.
fn is_of(route: &str, path: &str) -> bool {
    match route.split_once('{') {
        None => route == path,
        Some((before, _)) => path.strip_prefix(before).is_some_and(|rest| !rest.is_empty() && !rest.contains('/')),
    }
}

/// The middleware around everything. Handlers take the [`RequestId`] as an extension.
pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    let request_id = RequestId::of(request.headers());
    let method = request.method().clone();
    // The declared route, never the path as sent: a path may hold anything and would make endless series.
    let route = ROUTES.into_iter().find(|route| is_of(route, request.uri().path())).unwrap_or("unmatched");
    request.extensions_mut().insert(request_id.clone());
    let span = tracing::info_span!("http.request", request_id = request_id.as_str(), %method, route, status = Empty, latency_ms = Empty);
    let in_flight = Gauge::request_in_flight();
    #[expect(clippy::disallowed_methods, reason = "the latency of a request is measured here, at the edge, and reaches no use case")]
    let started = std::time::Instant::now();
    let answered = AssertUnwindSafe(next.run(request).instrument(span.clone())).catch_unwind().await;
    let latency = started.elapsed();
    drop(in_flight);
    let mut response = answered.unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        span.in_scope(|| tracing::error!(panic = message.unwrap_or("of unknown type"), "a handler panicked"));
        Problem::internal(&request_id).into_response()
    });
    let status = response.status();
    record_request(route, &method, status, latency);
    let latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    span.record("status", status.as_u16()).record("latency_ms", latency_ms);
    span.in_scope(|| match status.is_server_error() {
        true => tracing::warn!("answered"),
        false => tracing::info!("answered"),
    });
    secure(response.headers_mut());
    if let Ok(value) = HeaderValue::from_str(request_id.as_str()) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

/// Books are private: nothing may keep, frame, sniff or name them. A handler's own value stays.
fn secure(headers: &mut HeaderMap) {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
