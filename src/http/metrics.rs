//! Operational figures in Prometheus' text form.
//!
//! Labels are closed sets (routes as declared, methods, status codes, outcomes), so no caller can grow the number of series.

use std::sync::OnceLock;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::HttpState;
use super::authenticate::{authenticate, require};
use super::lifecycle::Lifecycle;
use super::observe::RequestId;
use super::problem::Problem;
use crate::app::auth::Permission;
use crate::app::ingest::Outcome;

const REQUESTS: &str = "tallybook_http_requests_total";
const LATENCY: &str = "tallybook_http_request_duration_seconds";
const IN_FLIGHT: &str = "tallybook_http_requests_in_flight";
const CHARGES: &str = "tallybook_charges_total";
const BATCH: &str = "tallybook_ingest_batch_charges";
const STREAMS: &str = "tallybook_ingest_streams_open";

/// The recorder is one for the process, as the `metrics` crate wants it.
static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Installs the recorder on the first call; later calls do nothing.
pub(super) fn install() {
    HANDLE.get_or_init(|| {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(
                Matcher::Full(LATENCY.to_owned()),
                &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0],
            )
            .and_then(|builder| {
                builder.set_buckets_for_metric(Matcher::Full(BATCH.to_owned()), &[1.0, 10.0, 100.0, 500.0, 1_000.0, 2_000.0])
            });
        let handle = match recorder.and_then(PrometheusBuilder::install_recorder) {
            Ok(handle) => handle,
            Err(error) => {
                tracing::warn!(%error, "metrics are not recorded");
                return None;
            }
        };
        describe_counter!(REQUESTS, "HTTP requests by route, method and status");
        describe_histogram!(LATENCY, Unit::Seconds, "Time until the answer's head was ready");
        describe_gauge!(IN_FLIGHT, "HTTP requests whose answer's head is not ready yet");
        describe_counter!(CHARGES, "Charges received by POST /v1/charges, by outcome");
        describe_histogram!(BATCH, "Charges handed over in one batch");
        describe_gauge!(STREAMS, "Streams of charges being read");
        Some(handle)
    });
}

/// Folds the samples since the last time, so that they do not pile up between two scrapes.
pub(super) fn upkeep() {
    if let Some(Some(handle)) = HANDLE.get() {
        handle.run_upkeep();
    }
}

/// `GET /metrics`: open on loopback listeners or when configured so, otherwise for actors that may read metrics.
pub(super) async fn get_metrics(
    State(state): State<HttpState>,
    Extension(request_id): Extension<RequestId>,
    lifecycle: Option<Extension<Lifecycle>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // The listener's own address where there is one: the setting may be a default that nobody listens on.
    let is_loopback = lifecycle.map_or(state.config.listen.ip().is_loopback(), |Extension(lifecycle)| lifecycle.is_loopback);
    if !state.config.metrics_public && !is_loopback {
        let actor = authenticate(&state, &headers, &request_id).await?;
        require(&actor, Permission::ReadMetrics)?;
    }
    let Some(Some(handle)) = HANDLE.get() else {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "another recorder keeps this process' metrics"));
    };
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, content_type)], handle.render()).into_response())
}

/// One answered request.
pub(super) fn record_request(route: &'static str, method: &Method, status: StatusCode, latency: Duration) {
    let labels = [("route", route), ("method", method_label(method))];
    histogram!(LATENCY, &labels).record(latency.as_secs_f64());
    counter!(REQUESTS, "route" => route, "method" => method_label(method), "status" => status.as_u16().to_string()).increment(1);
}

/// The outcome of one charge.
pub(super) fn record_outcome(outcome: &Outcome) {
    let label = match outcome {
        Outcome::Recorded { .. } => "recorded",
        Outcome::Unpriced { .. } => "unpriced",
        Outcome::Replayed { .. } => "replayed",
        Outcome::Rejected(_) => "rejected",
    };
    counter!(CHARGES, "outcome" => label).increment(1);
}

/// Charges whose batch failed as a whole.
pub(super) fn record_failed_charges(count: u64) {
    counter!(CHARGES, "outcome" => "failed").increment(count);
}

pub(super) fn record_batch(charges: usize) {
    histogram!(BATCH).record(u32::try_from(charges).unwrap_or(u32::MAX));
}

/// Counts as long as it lives.
pub(super) struct Gauge(&'static str);

impl Gauge {
    pub fn request_in_flight() -> Self {
        Self::up(IN_FLIGHT)
    }

    pub fn stream_open() -> Self {
        Self::up(STREAMS)
    }

    fn up(name: &'static str) -> Self {
        gauge!(name).increment(1);
        Self(name)
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        gauge!(self.0).decrement(1);
    }
}

fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "OTHER",
    }
}
