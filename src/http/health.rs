//! Whether the process lives, and whether it can serve: for orchestrators and load balancers.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::HttpState;
use super::lifecycle::Lifecycle;
use super::problem::Problem;

/// The process answers. Says nothing about the database, so that a database outage does not restart every process.
pub(super) async fn healthz() -> Json<serde_json::Value> {
    Json(json!({ "status": "alive" }))
}

/// Requests may be sent here: the database answers, its schema is up to date, and we are not shutting down.
pub(super) async fn readyz(State(state): State<HttpState>, lifecycle: Option<Extension<Lifecycle>>) -> Response {
    if lifecycle.is_some_and(|Extension(lifecycle)| lifecycle.is_shutting_down()) {
        return not_ready("SHUTTING_DOWN", "the server is shutting down");
    }
    match tokio::time::timeout(READY_TIMEOUT, state.app.check_ready()).await {
        Ok(Ok(())) => Json(json!({ "status": "ready" })).into_response(),
        Ok(Err(error)) => {
            tracing::warn!(error = %error, cause = ?std::error::Error::source(&error).map(ToString::to_string), "not ready");
            not_ready(
                "UNAVAILABLE",
                "the database does not answer, or its schema is not up to date: see the log, and run `tallybook migrate`",
            )
        }
        Err(_) => not_ready("TIMEOUT", "the database did not answer in time"),
    }
}

/// Probes commonly give up after a second or more; ours gives its own answer shortly before that of Kubernetes' longer ones.
const READY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(3);

fn not_ready(code: &'static str, message: &'static str) -> Response {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, message).into_response()
}
