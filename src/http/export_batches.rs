//! `GET /v1/export-batches/{id}/file`: a batch as the file that its system takes.

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::HttpState;
use super::authenticate::{authenticate, require};
use super::observe::RequestId;
use super::problem::Problem;
use crate::app::auth::Permission;
use crate::app::export_batches::export_batch_file;

pub(super) async fn get_batch_file(
    State(state): State<HttpState>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let actor = authenticate(&state, &headers, &request_id).await?;
    require(&actor, Permission::Export)?;
    let id =
        id.parse().map_err(|_| Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "the export batch was not found: its id is a number"))?;
    let file = export_batch_file(&state.app, &actor, id).await.map_err(|error| Problem::of_app(&error, &request_id))?;
    // The name is made of the target's code and the batch's number: letters, digits and hyphens.
    let disposition =
        HeaderValue::from_str(&format!("attachment; filename=\"{}\"", file.name)).map_err(|_| Problem::internal(&request_id))?;
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type)), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, file.bytes).into_response())
}
