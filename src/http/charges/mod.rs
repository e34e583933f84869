//! `POST /v1/charges`: one charge a line in, one receipt a line out, in order, for streams of any length.
//!
//! The answer begins with the request's first bytes. A task of its own reads the request; the receipts reach the answer through
//! a spool, so a client may send everything before it reads anything. What limits memory: at most four batches at the
//! database, one being filled, and the spool's part in memory.
//!
//! A receipt is written only after the commit that made its charge durable. A stream that ends early says so in a last
//! line that has `error` and no `index`; sending everything again is safe, since each charge has its own key.

pub(super) mod decode;
mod ingest;
pub(super) mod lines;
pub(super) mod receipt;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tracing::Instrument;

use super::HttpState;
use super::authenticate::{authenticate, require};
use super::lifecycle::Lifecycle;
use super::negotiation::content_type;
use super::observe::RequestId;
use super::problem::Problem;
use super::receipt_spool::{MEMORY_LIMIT_BYTES, SpoolReader, spool};
use crate::app::auth::Permission;
use decode::{DecodedBody, Encoding};
use ingest::Ingest;

/// How long the answer's head waits for the first bytes of the request. A client that asked `expect: 100-continue` is
/// told to continue when we read, and that must come before the head; a client that sends late gets its head first.
const FIRST_BYTES_TIMEOUT: Duration = Duration::from_secs(1);

/// The media types a stream of JSON lines is sent as; a request without any is taken too.
const MEDIA_TYPES: [&str; 4] = ["application/x-ndjson", "application/jsonl", "application/json", "text/plain"];

/// Records every charge of the stream.
pub(super) async fn post_charges(
    State(state): State<HttpState>,
    Extension(request_id): Extension<RequestId>,
    lifecycle: Option<Extension<Lifecycle>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let actor = authenticate(&state, &parts.headers, &request_id).await?;
    require(&actor, Permission::RecordCharges)?;
    let encoding = check_form(&parts.headers)?;
    state.app.books(&actor).await.map_err(|error| Problem::of_app(&error, &request_id))?;

    let mut body = DecodedBody::new(body, encoding);
    // Cancelling the wait loses nothing: what arrives later is still in the body.
    let _ = tokio::time::timeout(FIRST_BYTES_TIMEOUT, body.fill()).await;
    let (writer, reader) = spool(MEMORY_LIMIT_BYTES);
    let ingest = Ingest::new(state, actor, request_id, lifecycle.map(|Extension(lifecycle)| lifecycle), writer);
    tokio::spawn(ingest.run(body).in_current_span());
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson; charset=utf-8"))];
    Ok((headers, Body::from_stream(stream::unfold(reader, next_receipts))).into_response())
}

async fn next_receipts(mut reader: SpoolReader) -> Option<(std::io::Result<bytes::Bytes>, SpoolReader)> {
    let bytes = reader.next().await.transpose()?;
    Some((bytes, reader))
}

fn check_form(headers: &HeaderMap) -> Result<Encoding, Problem> {
    if headers.contains_key(header::CONTENT_TYPE) {
        let is_known = content_type(headers).is_some_and(|(media, charset)| {
            MEDIA_TYPES.contains(&media.as_str()) && charset.is_none_or(|name| matches!(name.as_str(), "utf-8" | "us-ascii"))
        });
        if !is_known {
            let message = "send one JSON object a line as `content-type: application/x-ndjson`, in UTF-8";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message));
        }
    }
    Encoding::of(headers).ok_or_else(|| {
        let message = "the body's encoding is not supported: send it plain, or as gzip or zstd (one of them, once)";
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "ENCODING_UNSUPPORTED", message)
            .with_header(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd"))
    })
}
