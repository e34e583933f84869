//! From a request's headers to an [`Actor`], and to what the actor may.

use axum::http::{HeaderMap, StatusCode, header};

use super::HttpState;
use super::observe::RequestId;
use super::problem::Problem;
use crate::app::auth::{Actor, AuthError, Permission};

/// The actor of this request. Two `Authorization` headers are refused: a proxy and we might choose different ones.
/// It carries the request's id into the audit log.
pub(super) async fn authenticate(state: &HttpState, headers: &HeaderMap, request_id: &RequestId) -> Result<Actor, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(Problem::of_auth(AuthError::Malformed { reason: "send one `Authorization` header" }));
    }
    let text = match value.map(|value| value.to_str()) {
        None => None,
        Some(Ok(text)) => Some(text),
        Some(Err(_)) => return Err(Problem::of_auth(AuthError::Malformed { reason: "a token has only ASCII characters" })),
    };
    let actor = state.authenticator.authenticate(text, state.app.clock().now()).await.map_err(Problem::of_auth)?;
    Ok(Actor { request_id: Some(request_id.as_str().to_owned()), ..actor })
}

pub(super) fn require(actor: &Actor, permission: Permission) -> Result<(), Problem> {
    if actor.may(permission) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", format!("this needs the permission {permission}")))
}
