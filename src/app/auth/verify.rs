//! The authenticator: one `Authorization` header in, one [`Actor`] or one [`AuthError`] out.
//!
//! Order of checks: shape, size, header; issuer by `iss`; algorithm against that issuer's list; key; signature; only
//! then the claims. One token, one refusal. No refusal repeats any part of the token.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey};
use quick_cache::sync::Cache;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::actor::Actor;
use super::claims::{self, BOOKS_CLAIM, ClaimRules, ROLES_CLAIM, SplitToken};
use super::keys::PublishedKeys;
use super::{
    AuthConfig, AuthConfigError, CONFIGURABLE_MAX_LIFETIME_SECONDS, IssuerConfig, OWN_ISSUER, OWN_TOKEN_MAX_LIFETIME_SECONDS,
    SigningAlgorithm,
};

/// Why a token was not accepted. Messages help the caller and never contain the token or parts of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No `Authorization` header, or an empty one.
    #[error("an access token is required: send `Authorization: Bearer <token>`")]
    Missing,
    /// Not a bearer token, or not a JWT.
    #[error("the access token cannot be read: {reason}")]
    Malformed {
        /// What was expected.
        reason: &'static str,
    },
    /// More than 8 KiB.
    #[error("the access token is longer than 8 KiB")]
    TooLarge,
    /// `exp` has passed.
    #[error("the access token has expired; get a new one")]
    Expired,
    /// `nbf` or `iat` lies ahead.
    #[error("the access token is not valid yet; check the clocks of this server and of the issuer")]
    NotYetValid,
    /// `exp - iat` exceeds the issuer's limit.
    #[error("the access token lives longer than its issuer's tokens may; get a shorter one")]
    LifetimeTooLong,
    /// `aud` does not contain ours.
    #[error("the access token is for another audience")]
    WrongAudience,
    /// `iss` is none of the configured issuers, byte by byte.
    #[error("the access token comes from an issuer that is not configured here (the name must match exactly)")]
    WrongIssuer,
    /// `typ` is another kind of token.
    #[error("this kind of token (`typ`) is not an access token accepted from its issuer")]
    WrongType,
    /// `none`, an algorithm outside the issuer's list, or one that the key is not made for.
    #[error("the access token's algorithm is not allowed for its issuer and key")]
    AlgorithmRefused,
    /// `crit` lists an extension; we know none.
    #[error("the access token requires an extension (`crit`) that is not supported")]
    CriticalHeader,
    /// No published key has this `kid`.
    #[error("the access token is signed with a key that its issuer does not publish")]
    UnknownKey,
    /// The signature does not verify.
    #[error("the access token's signature is wrong")]
    BadSignature,
    /// A required claim is absent or empty.
    #[error("the access token lacks the claim `{claim}`")]
    ClaimsMissing {
        /// Its usual name.
        claim: &'static str,
    },
    /// A claim has the wrong type or form.
    #[error("the access token's claim `{claim}` has the wrong form")]
    ClaimsInvalid {
        /// Its usual name.
        claim: &'static str,
    },
    /// A role we do not know: refused, not ignored.
    #[error("the access token names an unknown role; roles are viewer, analyst, ingest, preparer, approver, closer, admin, auditor")]
    RoleUnknown,
    /// Our side: the issuer's keys could not be read, so nothing can be said about the token.
    #[error("the issuer's keys cannot be read at the moment; try again")]
    KeysUnavailable,
}

impl AuthError {
    /// Stable name for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "TOKEN_MISSING",
            Self::Malformed { .. } => "TOKEN_MALFORMED",
            Self::TooLarge => "TOKEN_TOO_LARGE",
            Self::Expired => "TOKEN_EXPIRED",
            Self::NotYetValid => "TOKEN_NOT_YET_VALID",
            Self::LifetimeTooLong => "TOKEN_LIFETIME_TOO_LONG",
            Self::WrongAudience => "TOKEN_WRONG_AUDIENCE",
            Self::WrongIssuer => "TOKEN_WRONG_ISSUER",
            Self::WrongType => "TOKEN_WRONG_TYPE",
            Self::AlgorithmRefused => "TOKEN_ALGORITHM_REFUSED",
            Self::CriticalHeader => "TOKEN_CRITICAL_HEADER",
            Self::UnknownKey => "TOKEN_UNKNOWN_KEY",
            Self::BadSignature => "TOKEN_BAD_SIGNATURE",
            Self::ClaimsMissing { .. } => "TOKEN_CLAIMS_MISSING",
            Self::ClaimsInvalid { .. } => "TOKEN_CLAIMS_INVALID",
            Self::RoleUnknown => "TOKEN_ROLE_UNKNOWN",
            Self::KeysUnavailable => "ISSUER_KEYS_UNAVAILABLE",
        }
    }

    /// Whether the fault is not the caller's: answer 503 and let them retry, instead of 401.
    #[must_use]
    pub const fn is_temporary(self) -> bool {
        matches!(self, Self::KeysUnavailable)
    }
}

/// Verifies access tokens. Cheap to clone; all clones share one cache of keys.
#[derive(Clone)]
pub struct Authenticator {
    issuers: Arc<BTreeMap<String, TrustedIssuer>>,
    accepted: Arc<Cache<[u8; 32], Accepted>>,
}

/// A token that was verified a moment ago, under the digest of its header: callers send the same one many times a second.
#[derive(Clone)]
struct Accepted {
    actor: Actor,
    until: DateTime<Utc>,
}

/// Tokens remembered; more are verified anew.
const ACCEPTED_TOKENS: usize = 4_096;
/// How long a token is believed without its issuer's keys: as long as a withdrawn key may go on working.
const ACCEPTED_FOR: TimeDelta = TimeDelta::seconds(30);

struct TrustedIssuer {
    rules: ClaimRules,
    keys: IssuerKeys,
}

/// The two kinds of key are two variants, so no path leads from one's algorithms to the other's keys.
enum IssuerKeys {
    Shared(DecodingKey),
    Published { keys: Arc<PublishedKeys>, algorithms: BTreeSet<SigningAlgorithm> },
}

impl Authenticator {
    /// Checks the configuration. Reads no keys yet: an issuer that is down does not keep the service from starting.
    ///
    /// # Errors
    /// [`AuthConfigError`] with what to change.
    pub fn new(config: AuthConfig) -> Result<Self, AuthConfigError> {
        let mut issuers = BTreeMap::new();
        if config.audience.is_empty() {
            return Err(AuthConfigError::AudienceEmpty);
        }
        if let Some(secret) = &config.hs256_secret {
            let key = DecodingKey::from_secret(secret.expose());
            let own = TrustedIssuer { rules: own_rules(config.audience), keys: IssuerKeys::Shared(key) };
            issuers.insert(OWN_ISSUER.to_owned(), own);
        }
        for issuer in config.issuers {
            let name = issuer.issuer.clone();
            if issuers.insert(name.clone(), TrustedIssuer::new(issuer)?).is_some() {
                return Err(AuthConfigError::Issuer { issuer: name, reason: "is configured twice" });
            }
        }
        if issuers.is_empty() {
            return Err(AuthConfigError::NoIssuer);
        }
        Ok(Self { issuers: Arc::new(issuers), accepted: Arc::new(Cache::new(ACCEPTED_TOKENS)) })
    }

    /// Verifies the value of an `Authorization` header.
    ///
    /// May read the issuer's keys over the network (at most 5 s); so never call it inside a database transaction.
    ///
    /// # Errors
    /// [`AuthError`]; all are the caller's fault but the one that [`AuthError::is_temporary`].
    #[tracing::instrument(name = "auth.verify", level = "debug", skip_all)]
    pub async fn authenticate(&self, authorization_header: Option<&str>, now: DateTime<Utc>) -> Result<Actor, AuthError> {
        let digest: [u8; 32] = Sha256::digest(authorization_header.unwrap_or_default()).into();
        if let Some(accepted) = self.accepted.get(&digest).filter(|accepted| now < accepted.until) {
            return Ok(accepted.actor);
        }
        let actor = self.verify(authorization_header, now).await?;
        let until = actor.expires_at.min(now + ACCEPTED_FOR);
        self.accepted.insert(digest, Accepted { actor: actor.clone(), until });
        Ok(actor)
    }

    async fn verify(&self, authorization_header: Option<&str>, now: DateTime<Utc>) -> Result<Actor, AuthError> {
        let token = claims::split(bearer_token(authorization_header)?)?;
        // Unverified here; only chooses the rules. `actor_from` compares it again behind the signature.
        let issuer = match token.claims.get("iss") {
            None => return Err(AuthError::ClaimsMissing { claim: "iss" }),
            Some(Value::String(name)) => self.issuers.get(name).ok_or(AuthError::WrongIssuer)?,
            Some(_) => return Err(AuthError::ClaimsInvalid { claim: "iss" }),
        };
        issuer.verify_signature(&token, now).await?;
        claims::actor_from(&token.header, &token.claims, &issuer.rules, now)
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authenticator").field("issuers", &self.issuers.keys()).finish_non_exhaustive()
    }
}

impl TrustedIssuer {
    fn new(config: IssuerConfig) -> Result<Self, AuthConfigError> {
        if let Some(reason) = config_fault(&config) {
            return Err(AuthConfigError::Issuer { issuer: config.issuer, reason });
        }
        let keys = PublishedKeys::new(&config.issuer, &config.jwks)?;
        Ok(Self {
            rules: ClaimRules {
                issuer: config.issuer,
                audience: config.audience,
                books_claim: config.books_claim,
                books: config.books,
                roles_claim: config.roles_claim,
                require_at_jwt_typ: config.require_at_jwt_typ,
                max_lifetime: TimeDelta::seconds(config.max_lifetime_seconds.into()),
            },
            keys: IssuerKeys::Published { keys: Arc::new(keys), algorithms: config.algorithms.into_iter().collect() },
        })
    }

    async fn verify_signature(&self, token: &SplitToken<'_>, now: DateTime<Utc>) -> Result<(), AuthError> {
        match &self.keys {
            IssuerKeys::Shared(key) => {
                if token.header.algorithm != "HS256" {
                    return Err(AuthError::AlgorithmRefused);
                }
                check_signature(token, key, Algorithm::HS256)
            }
            IssuerKeys::Published { keys, algorithms } => {
                let algorithm = SigningAlgorithm::parse(&token.header.algorithm)
                    .filter(|algorithm| algorithms.contains(algorithm))
                    .ok_or(AuthError::AlgorithmRefused)?;
                let key = keys.find(token.header.key_id.as_deref(), now).await?;
                if !key.fits(algorithm) {
                    return Err(AuthError::AlgorithmRefused);
                }
                check_signature(token, &key.key, library_algorithm(algorithm))
            }
        }
    }
}

const fn library_algorithm(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::Rs256 => Algorithm::RS256,
        SigningAlgorithm::Ps256 => Algorithm::PS256,
        SigningAlgorithm::Es256 => Algorithm::ES256,
        SigningAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

/// The library refuses a key of another family than the algorithm's, so this holds even if the checks above did not.
fn check_signature(token: &SplitToken<'_>, key: &DecodingKey, algorithm: Algorithm) -> Result<(), AuthError> {
    match jsonwebtoken::crypto::verify(token.signature, token.signed.as_bytes(), key, algorithm) {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(AuthError::BadSignature),
    }
}

fn bearer_token(header: Option<&str>) -> Result<&str, AuthError> {
    let header = header.unwrap_or_default().trim();
    if header.is_empty() {
        return Err(AuthError::Missing);
    }
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AuthError::Malformed { reason: "send it as `Authorization: Bearer <token>`" });
    }
    let token = token.trim_start();
    if token.is_empty() { Err(AuthError::Missing) } else { Ok(token) }
}

fn own_rules(audience: String) -> ClaimRules {
    ClaimRules {
        issuer: OWN_ISSUER.to_owned(),
        audience,
        books_claim: BOOKS_CLAIM.to_owned(),
        books: None,
        roles_claim: ROLES_CLAIM.to_owned(),
        require_at_jwt_typ: false,
        max_lifetime: TimeDelta::seconds(OWN_TOKEN_MAX_LIFETIME_SECONDS.into()),
    }
}

fn config_fault(config: &IssuerConfig) -> Option<&'static str> {
    let is_dirty = |text: &str| !claims::is_clean_text(text);
    if is_dirty(&config.issuer) {
        return Some("its name must have 1 to 255 bytes and no control characters");
    }
    if config.issuer == OWN_ISSUER {
        return Some("the name `tallybook` is kept for tokens signed with the shared secret");
    }
    if config.audience.is_empty() || config.roles_claim.is_empty() || config.books_claim.is_empty() {
        return Some("`audience`, `roles_claim` and `books_claim` must not be empty; leave them out for the defaults");
    }
    if config.books.as_deref().is_some_and(is_dirty) {
        return Some("`books` must have 1 to 255 bytes and no control characters");
    }
    if config.algorithms.is_empty() {
        return Some("`algorithms` must name at least one of RS256, PS256, ES256, EdDSA");
    }
    if !(1..=CONFIGURABLE_MAX_LIFETIME_SECONDS).contains(&config.max_lifetime_seconds) {
        return Some("`max_lifetime_seconds` must lie between 1 and 31622400 (366 days)");
    }
    None
}
