//! Minting of our own HS256 tokens, for `tallybook token`, `demo` and a `serve` without configuration.
//!
//! What is issued here is accepted by an [`Authenticator`](super::Authenticator) with the same secret and audience: the
//! same checks apply at both ends, so a token that would be refused is not written.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};

use super::actor::{CenterKind, RoleSet, Scope};
use super::claims::{BOOKS_CLAIM, COST_CENTERS_CLAIM, ROLES_CLAIM, TOKEN_MAX_BYTES, is_clean_text};
use super::{OWN_ISSUER, OWN_TOKEN_MAX_LIFETIME_SECONDS, Secret};

/// What a new token says.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// Code of the set of books.
    pub books: String,
    /// At least one role.
    pub roles: RoleSet,
    /// Who will use it.
    pub subject: String,
    /// The cost centers it is limited to; `None` for all.
    pub scope: Option<Scope>,
    /// From one second to 31 days.
    pub lifetime: TimeDelta,
    /// Our audience, as in [`AuthConfig::audience`](super::AuthConfig).
    pub audience: String,
    /// `jti`: made by the caller, because ids are not made here.
    pub token_id: String,
}

/// Why no token was written.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// A text is empty, longer than 255 bytes or holds control characters.
    #[error("`{field}` must have 1 to 255 bytes and no control characters")]
    Text {
        /// Which one.
        field: &'static str,
    },
    /// It could do nothing and would be refused.
    #[error("a token needs at least one role")]
    RolesEmpty,
    /// It would be refused as expired or as living too long.
    #[error("a token may live from 1 second to 31 days")]
    Lifetime,
    /// The list of cost centers does not fit.
    #[error("the token would be longer than 8 KiB; limit it to fewer cost centers")]
    TooLong,
    /// The signing library refused.
    #[error("the token cannot be signed")]
    Signing(#[source] jsonwebtoken::errors::Error),
}

impl IssueError {
    /// Stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Text { .. } => "TOKEN_TEXT_INVALID",
            Self::RolesEmpty => "TOKEN_ROLES_EMPTY",
            Self::Lifetime => "TOKEN_LIFETIME_OUT_OF_RANGE",
            Self::TooLong => "TOKEN_TOO_LARGE",
            Self::Signing(_) => "TOKEN_SIGNING_FAILED",
        }
    }
}

/// Writes a token that is valid from `now` (whole seconds, UTC) for the lifetime asked for.
///
/// # Errors
/// [`IssueError`] when the token would be refused later.
pub fn issue(secret: &Secret, request: &TokenRequest, now: DateTime<Utc>) -> Result<String, IssueError> {
    let claims = claims(request, now)?;
    let key = EncodingKey::from_secret(secret.expose());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(IssueError::Signing)?;
    if token.len() > TOKEN_MAX_BYTES {
        return Err(IssueError::TooLong);
    }
    Ok(token)
}

fn claims(request: &TokenRequest, now: DateTime<Utc>) -> Result<Map<String, Value>, IssueError> {
    let texts =
        [("books", &request.books), ("subject", &request.subject), ("audience", &request.audience), ("token_id", &request.token_id)];
    if let Some((field, _)) = texts.into_iter().find(|(_, text)| !is_clean_text(text)) {
        return Err(IssueError::Text { field });
    }
    if request.roles.is_empty() {
        return Err(IssueError::RolesEmpty);
    }
    let lifetime_seconds = request.lifetime.num_seconds();
    if !(1..=i64::from(OWN_TOKEN_MAX_LIFETIME_SECONDS)).contains(&lifetime_seconds) {
        return Err(IssueError::Lifetime);
    }
    let issued_at = now.timestamp();
    let expires_at = issued_at.checked_add(lifetime_seconds).ok_or(IssueError::Lifetime)?;

    let mut claims = Map::new();
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    set("iss", json!(OWN_ISSUER));
    set("aud", json!(request.audience));
    set("sub", json!(request.subject));
    set("jti", json!(request.token_id));
    set("iat", json!(issued_at));
    set("nbf", json!(issued_at));
    set("exp", json!(expires_at));
    set(BOOKS_CLAIM, json!(request.books));
    set(ROLES_CLAIM, request.roles.iter().map(|role| json!(role.as_str())).collect());
    if let Some(scope) = &request.scope {
        set(COST_CENTERS_CLAIM, scope_claim(scope)?);
    }
    Ok(claims)
}

fn scope_claim(scope: &Scope) -> Result<Value, IssueError> {
    let mut centers = Map::new();
    for kind in CenterKind::ALL {
        let codes = scope.codes(kind);
        if codes.iter().any(|code| !is_clean_text(code)) {
            return Err(IssueError::Text { field: "scope" });
        }
        centers.insert(kind.field().to_owned(), json!(codes));
    }
    Ok(Value::Object(centers))
}
