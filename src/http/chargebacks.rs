//! `GET /v1/chargebacks/{number}`: a statement as a page to print, and with `.csv` or `.xlsx` behind its number as a file.
//!
//! That of a client is what the client may read; `?audience=provider` asks for everything.

use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use serde::Deserialize;

use super::HttpState;
use super::authenticate::authenticate;
use super::observe::RequestId;
use super::problem::Problem;
use crate::app::AppError;
use crate::app::chargeback::{Audience, FileFormat, FileQuery, chargeback_document, statement_file};
use crate::web::{content_security_policy, statement_page};

#[derive(Debug, Deserialize)]
pub(super) struct DocumentQuery {
    audience: Option<String>,
}

pub(super) async fn get_chargeback(
    State(state): State<HttpState>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    Path(file): Path<String>,
    Query(query): Query<DocumentQuery>,
) -> Result<Response, Problem> {
    let actor = authenticate(&state, &headers, &request_id).await?;
    let audience = match query.audience.as_deref() {
        None | Some("client") => Audience::Client,
        Some("provider") => Audience::Provider,
        Some(_) => return Err(Problem::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", "`audience` is client or provider")),
    };
    let failed = |error: AppError| Problem::of_app(&error, &request_id);
    let (number, format) = match file.rsplit_once('.') {
        None => {
            let view = chargeback_document(&state.app, &actor, &file, audience).await.map_err(failed)?.ok_or_else(not_found)?;
            let policy = HeaderValue::from_str(&content_security_policy()).map_err(|_| Problem::internal(&request_id))?;
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            return Ok(([(header::CONTENT_TYPE, html), (header::CONTENT_SECURITY_POLICY, policy)], statement_page(&view)).into_response());
        }
        Some((number, "csv")) => (number, FileFormat::Csv),
        Some((number, "xlsx")) => (number, FileFormat::Xlsx),
        Some(_) => return Err(not_found()),
    };
    let query = FileQuery { number, format, audience };
    let file = statement_file(&state.app, &actor, query).await.map_err(failed)?.ok_or_else(not_found)?;
    let disposition =
        HeaderValue::from_str(&format!("attachment; filename=\"{}\"", file.name)).map_err(|_| Problem::internal(&request_id))?;
    let content_type = HeaderValue::from_static(file.content_type);
    Ok(([(header::CONTENT_TYPE, content_type), (header::CONTENT_DISPOSITION, disposition)], file.bytes).into_response())
}

fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        "there is no such statement; the address is /v1/chargebacks/ and a number such as CB-000001, with .csv or .xlsx for a file",
    )
}
