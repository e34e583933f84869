//! Floor 3: the HTTP door. Routes, authentication, limits, streaming and the answers' form; no business rule.
//!
//! Invariants:
//! - nothing of a request is read before its token was accepted (but `/healthz`, `/readyz` and the GraphiQL page, which hold no data);
//! - every refusal is JSON, `{"errors":[{"message", "extensions":{"code"}}]}`, whatever the route;
//! - logs and metrics carry method, route, status and time, never query strings, bodies, headers or tokens.
//!
//! It does not terminate TLS and does not limit rates: a reverse proxy in front does both.

mod authenticate;
mod chargebacks;
mod charges;
mod config;
mod export_batches;
mod graphql;
mod health;
mod lifecycle;
mod metrics;
mod negotiation;
mod observe;
mod problem;
mod receipt_spool;
mod serve;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::routing::{get, post};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;

use crate::app::App;
use crate::app::auth::Authenticator;
use crate::graphql::TallybookSchema;

pub use config::{GraphqlLimits, HttpConfig};
pub use serve::serve;

use problem::Problem;

/// The addresses, as logs and metrics name them.
const ROUTES: [&str; 7] =
    ["/graphql", "/v1/charges", "/v1/chargebacks/{number}", "/v1/export-batches/{id}/file", "/healthz", "/readyz", "/metrics"];

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
struct HttpState {
    app: App,
    authenticator: Authenticator,
    schema: TallybookSchema,
    config: Arc<HttpConfig>,
    documents: graphql::Documents,
}

/// All routes with their middleware. [`serve`] adds what ends with the process.
pub fn router(app: App, authenticator: Authenticator, schema: TallybookSchema, config: &HttpConfig) -> Router {
    metrics::install();
    let state = HttpState { app, authenticator, schema, config: Arc::new(config.clone()), documents: graphql::Documents::default() };
    let [graphql_route, charges_route, chargebacks_route, batch_file_route, healthz, readyz, metrics_route] = ROUTES;
    Router::new()
        .route(graphql_route, get(graphql::get_graphql).post(graphql::post_graphql))
        .route(charges_route, post(charges::post_charges))
        .route(chargebacks_route, get(chargebacks::get_chargeback))
        .route(healthz, get(health::healthz))
        .route(readyz, get(health::readyz))
        .route(metrics_route, get(metrics::get_metrics))
        .route(batch_file_route, get(export_batches::get_batch_file))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(state)
        // Each handler has its own limit; axum's general one would cut streams of charges.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(observe::observe))
        .layer(SetSensitiveRequestHeadersLayer::new([header::AUTHORIZATION, header::COOKIE]))
}

async fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        "there is nothing at this address; the addresses are /graphql, /v1/charges, /v1/chargebacks/{number}, \
         /v1/export-batches/{id}/file, /healthz, /readyz and /metrics",
    )
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "this address does not take the method; the header `allow` names those it takes",
    )
}
