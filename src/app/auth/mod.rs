//! Authentication: from an `Authorization` header to an [`Actor`].
//!
//! Two kinds of issuer exist. Our own (`iss` = `tallybook`) signs with a shared HS256 secret and is meant for development
//! and small installations; [`issue`] writes its tokens. Any other issuer signs with a private key and publishes the
//! public ones as a JWKS, read from a file or an https address.
//!
//! Invariants (RFC 8725, RFC 7519, RFC 9068):
//! - the unverified `iss` only chooses which issuer's rules and keys apply; nothing else is believed before the signature;
//! - each issuer has a fixed list of algorithms; a shared secret never meets RS/ES/EdDSA, a published key never HS, and
//!   `none` meets nothing;
//! - keys come from configuration only: `jku`, `x5u`, `jwk` and `x5c` of a token are not read, `kid` is a map key;
//! - books, roles and limits come from the verified claims or the issuer's configuration, never from anything else;
//! - what is not understood (role, critical header, kind of cost center, JSON member given twice) is refused.
//!
//! How a limited token is written: a claim beside the usual ones,
//! `"cost_centers": {"team": ["claims"], "project": [], "client": ["gearpeak"]}`. Kinds left out are empty. Without the
//! claim the token is not limited; with it the actor sees only rows of the listed centers (see [`Scope`]).
//!
//! What it does not do: decide what a use case requires (that is [`Actor::may`]), revoke single tokens, or open sessions.

mod actor;
mod claims;
mod issue;
mod keys;
#[cfg(test)]
mod tests;
mod verify;

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

pub use actor::{Actor, CenterKind, Permission, Role, RoleSet, Scope};
pub use issue::{IssueError, TokenRequest, issue};
pub use verify::{AuthError, Authenticator};

/// `iss` of the tokens we issue ourselves.
pub const OWN_ISSUER: &str = "tallybook";

/// `aud` that a token must contain unless configured otherwise.
pub const DEFAULT_AUDIENCE: &str = "tallybook";

/// The longest life of a token signed with the shared secret: 31 days, so that a forgotten one ends within a month.
/// Such a token cannot be revoked alone, only by changing the secret.
pub const OWN_TOKEN_MAX_LIFETIME_SECONDS: u32 = 31 * 24 * 3600;

/// The longest life accepted from another issuer unless configured: 24 hours, the usual ceiling of access tokens.
pub const ISSUER_TOKEN_MAX_LIFETIME_SECONDS: u32 = 24 * 3600;

/// Ceiling of what may be configured as a token's longest life: 366 days; beyond it `exp` protects nothing.
const CONFIGURABLE_MAX_LIFETIME_SECONDS: u32 = 366 * 24 * 3600;

/// RFC 7518 section 3.2: an HS256 key has at least the 256 bits of its hash.
const SECRET_MIN_BYTES: usize = 32;

/// The shared HS256 secret. Never shown: `Debug` prints `***`, and there is no `Display` or `Serialize`.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the secret's bytes as they are (no base64), at least 32 of them.
    ///
    /// # Errors
    /// [`AuthConfigError::SecretTooShort`].
    pub fn new(secret: impl Into<Vec<u8>>) -> Result<Self, AuthConfigError> {
        let bytes = secret.into();
        if bytes.len() < SECRET_MIN_BYTES {
            return Err(AuthConfigError::SecretTooShort { length_bytes: bytes.len() });
        }
        Ok(Self(bytes))
    }

    fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// An algorithm that an issuer with published keys may sign with. HS* and `none` cannot be named here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519, under its old name `EdDSA` or the one of RFC 9864.
    EdDsa,
}

impl SigningAlgorithm {
    /// Every algorithm, in declaration order.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// The algorithm with this `alg` name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for SigningAlgorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?)
            .ok_or_else(|| serde::de::Error::custom("expected one of RS256, PS256, ES256, EdDSA"))
    }
}

/// Where an issuer's public keys are read from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JwksSource {
    /// A JWKS file, read again after a minute, so that a replaced file takes effect without a restart.
    File(PathBuf),
    /// An https address (http only for a loopback host).
    Url(String),
}

/// One issuer with published keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// Compared with `iss` byte by byte: a trailing slash matters.
    pub issuer: String,
    /// What `aud` must contain.
    #[serde(default = "default_audience")]
    pub audience: String,
    /// The public keys.
    pub jwks: JwksSource,
    /// What it may sign with.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<SigningAlgorithm>,
    /// The claim that names the books; a member name, or a path such as `tallybook.books`.
    #[serde(default = "default_books_claim")]
    pub books_claim: String,
    /// The books of everyone from this issuer. When given, the claim is not read.
    #[serde(default)]
    pub books: Option<String>,
    /// The claim that lists the roles: an array of our role names and nothing else; a member name or a path.
    #[serde(default = "default_roles_claim")]
    pub roles_claim: String,
    /// Whether `typ` must be `at+jwt` (RFC 9068), which keeps ID tokens out; then `client_id` is required too.
    #[serde(default)]
    pub require_at_jwt_typ: bool,
    /// The most that `exp - iat` may be.
    #[serde(default = "default_max_lifetime_seconds")]
    pub max_lifetime_seconds: u32,
}

impl IssuerConfig {
    /// An issuer with every default: audience `tallybook`, all four algorithms, claims `books` and `roles`, 24 hours.
    #[must_use]
    pub fn new(issuer: impl Into<String>, jwks: JwksSource) -> Self {
        Self {
            issuer: issuer.into(),
            audience: default_audience(),
            jwks,
            algorithms: default_algorithms(),
            books_claim: default_books_claim(),
            books: None,
            roles_claim: default_roles_claim(),
            require_at_jwt_typ: false,
            max_lifetime_seconds: default_max_lifetime_seconds(),
        }
    }
}

/// Everything [`Authenticator::new`] needs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// The secret of our own tokens; without it none of them is accepted.
    #[serde(default)]
    pub hs256_secret: Option<Secret>,
    /// Issuers with published keys.
    #[serde(default)]
    pub issuers: Vec<IssuerConfig>,
    /// What `aud` of our own tokens must contain.
    #[serde(default = "default_audience")]
    pub audience: String,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { hs256_secret: None, issuers: Vec::new(), audience: default_audience() }
    }
}

fn default_audience() -> String {
    DEFAULT_AUDIENCE.to_owned()
}

fn default_algorithms() -> Vec<SigningAlgorithm> {
    SigningAlgorithm::ALL.to_vec()
}

fn default_books_claim() -> String {
    "books".to_owned()
}

fn default_roles_claim() -> String {
    "roles".to_owned()
}

const fn default_max_lifetime_seconds() -> u32 {
    ISSUER_TOKEN_MAX_LIFETIME_SECONDS
}

/// Why a configuration cannot be used; found at start, before the first request.
#[derive(Debug, thiserror::Error)]
pub enum AuthConfigError {
    /// The shared secret could be guessed.
    #[error(
        "the JWT secret has {length_bytes} bytes but needs at least 32; make one with `openssl rand -hex 32` and set it as TALLYBOOK_JWT_SECRET"
    )]
    SecretTooShort {
        /// Its length.
        length_bytes: usize,
    },
    /// Nobody could ever sign in.
    #[error("no token could be accepted: set TALLYBOOK_JWT_SECRET or configure at least one issuer")]
    NoIssuer,
    /// An issuer's settings contradict themselves.
    #[error("issuer `{issuer}`: {reason}")]
    Issuer {
        /// Its name as configured.
        issuer: String,
        /// What to change.
        reason: &'static str,
    },
    /// The audience of our own tokens is empty.
    #[error("the audience is empty; leave it out for `tallybook`")]
    AudienceEmpty,
    /// TLS could not be set up.
    #[error("the HTTP client for published keys cannot be built")]
    HttpClient(#[source] reqwest::Error),
}
