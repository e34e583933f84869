//! Public keys of other issuers: parsing a JWKS (RFC 7517), reading it from a file or an address, keeping it.
//!
//! Invariants: only keys made for RS256, PS256, ES256 or `EdDSA` signatures are kept; a set with a repeated `kid` is
//! refused whole and the former set stays; one refresh runs at a time per issuer, and an unknown `kid` causes at most one
//! a minute, so a flood of invented ids costs the issuer nothing. Keys never come from a token.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::DecodingKey;
use reqwest::{StatusCode, Url, header};
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::verify::AuthError;
use super::{AuthConfigError, JwksSource, SigningAlgorithm};

/// Shortest and longest time a fetched set is fresh, whatever `Cache-Control` says: below, every request could fetch;
/// above, a withdrawn key would live on.
const FRESH_MIN_SECONDS: i64 = 5 * 60;
const FRESH_MAX_SECONDS: i64 = 24 * 3600;
/// Freshness when the issuer says nothing.
const FRESH_DEFAULT_SECONDS: i64 = 3600;
/// A file costs nothing to read, so a replaced one is seen within a minute.
const FILE_FRESH: TimeDelta = TimeDelta::seconds(60);
/// How long a set that is no longer fresh still serves while the issuer is down.
const STALE: TimeDelta = TimeDelta::hours(24);
/// The least time between two reads of the same issuer's keys.
const REFRESH_INTERVAL: TimeDelta = TimeDelta::seconds(60);
/// The same while we hold no usable keys at all: nobody of this issuer can sign in, so try sooner.
const RETRY_INTERVAL: TimeDelta = TimeDelta::seconds(10);
/// A caller waits for the fetch; five seconds is the most they should.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest published sets have tens of keys, some 100 KiB with certificates.
const JWKS_MAX_BYTES: u64 = 1024 * 1024;

/// One public key and what it may verify.
#[derive(Clone)]
pub(super) struct VerifyingKey {
    family: KeyFamily,
    /// The `alg` of the JWK: when the issuer names one, the key serves no other.
    algorithm: Option<SigningAlgorithm>,
    pub key: DecodingKey,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyFamily {
    Rsa,
    P256,
    Ed25519,
}

impl VerifyingKey {
    /// Whether this key is made for this algorithm.
    pub fn fits(&self, algorithm: SigningAlgorithm) -> bool {
        let family = match algorithm {
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => KeyFamily::Rsa,
            SigningAlgorithm::Es256 => KeyFamily::P256,
            SigningAlgorithm::EdDsa => KeyFamily::Ed25519,
        };
        self.family == family && self.algorithm.is_none_or(|own| own == algorithm)
    }
}

/// The usable keys of one set.
pub(super) struct KeySet {
    by_id: BTreeMap<String, VerifyingKey>,
    without_id: Vec<VerifyingKey>,
}

/// Why a document is not a usable set.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeySetError {
    #[error("it is not a JWKS document")]
    NotJwks(#[from] serde_json::Error),
    #[error("two keys have the same `kid`")]
    DuplicateKeyId,
}

#[derive(Deserialize)]
struct JwksDocument {
    keys: Vec<Jwk>,
}

/// The members of a JWK we use; private members and certificates are not read.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    fn is_for_signatures(&self) -> bool {
        self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|name| name == "verify"))
    }

    /// `None` for a key of another type, as RFC 7517 section 5 asks; symmetric keys (`oct`) are among those.
    fn verifying_key(&self) -> Option<VerifyingKey> {
        let (family, key) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => (KeyFamily::Rsa, DecodingKey::from_rsa_components(self.n.as_deref()?, self.e.as_deref()?)),
            ("EC", Some("P-256")) => (KeyFamily::P256, DecodingKey::from_ec_components(self.x.as_deref()?, self.y.as_deref()?)),
            ("OKP", Some("Ed25519")) => (KeyFamily::Ed25519, DecodingKey::from_ed_components(self.x.as_deref()?)),
            _ => return None,
        };
        let algorithm = match self.alg.as_deref() {
            None => None,
            Some(name) => Some(SigningAlgorithm::parse(name)?),
        };
        Some(VerifyingKey { family, algorithm, key: key.ok()? })
    }
}

impl KeySet {
    /// Reads a JWKS document. One without any usable key is a set too: its issuer has withdrawn them all.
    pub fn parse(document: &[u8]) -> Result<Self, KeySetError> {
        let document: JwksDocument = serde_json::from_slice(document)?;
        let mut set = Self { by_id: BTreeMap::new(), without_id: Vec::new() };
        let mut seen = BTreeSet::new();
        for jwk in document.keys.iter().filter(|jwk| jwk.is_for_signatures()) {
            if jwk.kid.as_ref().is_some_and(|key_id| !seen.insert(key_id)) {
                return Err(KeySetError::DuplicateKeyId);
            }
            match (&jwk.kid, jwk.verifying_key()) {
                (_, None) => {}
                (Some(key_id), Some(key)) => drop(set.by_id.insert(key_id.clone(), key)),
                (None, Some(key)) => set.without_id.push(key),
            }
        }
        Ok(set)
    }

    fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.without_id.is_empty()
    }

    /// The key of this id. A token without `kid` is accepted only when there is nothing to choose from.
    fn find(&self, key_id: Option<&str>) -> Option<&VerifyingKey> {
        match key_id {
            Some(key_id) => self.by_id.get(key_id),
            None => {
                let mut all = self.by_id.values().chain(&self.without_id);
                all.next().filter(|_| all.next().is_none())
            }
        }
    }
}

/// The keys of one issuer, fetched when needed and kept.
pub(super) struct PublishedKeys {
    issuer: String,
    source: Source,
    held: RwLock<Held>,
    /// Held during a refresh: single flight.
    refreshing: Arc<Mutex<()>>,
}

enum Source {
    File(PathBuf),
    Url { url: Url, client: reqwest::Client },
}

#[derive(Clone, Default)]
struct Held {
    set: Option<Arc<KeySet>>,
    fresh_until: DateTime<Utc>,
    usable_until: DateTime<Utc>,
    next_attempt_at: DateTime<Utc>,
    has_failed: bool,
}

impl Held {
    fn find(&self, key_id: Option<&str>, now: DateTime<Utc>) -> Option<VerifyingKey> {
        self.set.as_ref().filter(|_| now < self.usable_until)?.find(key_id).cloned()
    }
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("cannot read the file")]
    File(#[from] std::io::Error),
    #[error("the request failed")]
    Request(#[source] reqwest::Error),
    #[error("the server answered {0}; redirects are not followed")]
    Status(StatusCode),
    #[error("the document is larger than 1 MiB")]
    TooLarge,
    #[error(transparent)]
    Set(#[from] KeySetError),
}

impl PublishedKeys {
    /// Checks the source without reading it.
    pub fn new(issuer: &str, source: &JwksSource) -> Result<Self, AuthConfigError> {
        let source = match source {
            JwksSource::File(path) => Source::File(path.clone()),
            JwksSource::Url(url) => {
                let url = checked_url(url).map_err(|reason| AuthConfigError::Issuer { issuer: issuer.to_owned(), reason })?;
                Source::Url { client: client(&url).map_err(AuthConfigError::HttpClient)?, url }
            }
        };
        let held = RwLock::new(Held::default());
        Ok(Self { issuer: issuer.to_owned(), source, held, refreshing: Arc::new(Mutex::new(())) })
    }

    /// The key with this id, refreshing the set when it is no longer fresh or does not know the id.
    pub async fn find(self: &Arc<Self>, key_id: Option<&str>, now: DateTime<Utc>) -> Result<VerifyingKey, AuthError> {
        let held = self.held();
        let known = held.find(key_id, now);
        let is_due = now >= held.next_attempt_at;
        let key = match known {
            Some(key) if now < held.fresh_until || !is_due => return Ok(key),
            Some(key) => {
                // Somebody else's refresh is no reason to wait: the key at hand still serves.
                let Ok(turn) = Arc::clone(&self.refreshing).try_lock_owned() else { return Ok(key) };
                self.refresh(turn, now).await;
                self.held().find(key_id, now)
            }
            None if !is_due => None,
            None => {
                let turn = Arc::clone(&self.refreshing).lock_owned().await;
                self.refresh(turn, now).await;
                self.held().find(key_id, now)
            }
        };
        key.ok_or_else(|| if self.held().has_failed { AuthError::KeysUnavailable } else { AuthError::UnknownKey })
    }

    /// Reads the source unless somebody has just done so. Runs as a task of its own: a caller who hangs up must not
    /// leave the minute's only attempt half done.
    async fn refresh(self: &Arc<Self>, turn: OwnedMutexGuard<()>, now: DateTime<Utc>) {
        if now < self.held().next_attempt_at {
            return;
        }
        let keys = Arc::clone(self);
        let task = tokio::spawn(async move {
            let outcome = keys.fetch().await;
            keys.record(outcome, now);
            drop(turn);
        });
        if let Err(error) = task.await {
            tracing::error!(issuer = self.issuer, %error, "reading the issuer's keys was interrupted");
        }
    }

    fn record(&self, outcome: Result<(KeySet, TimeDelta), FetchError>, now: DateTime<Utc>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.has_failed = outcome.is_err();
        match outcome {
            Ok((set, fresh)) => {
                if set.is_empty() {
                    tracing::warn!(issuer = self.issuer, "the issuer publishes no key for RS256, PS256, ES256 or EdDSA");
                }
                held.set = Some(Arc::new(set));
                held.fresh_until = later(now, fresh);
                held.usable_until = later(held.fresh_until, STALE);
                held.next_attempt_at = later(now, REFRESH_INTERVAL);
            }
            Err(error) => {
                let is_usable = held.set.is_some() && now < held.usable_until;
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(issuer = self.issuer, %error, cause, is_usable, "the issuer's keys cannot be read");
                held.next_attempt_at = later(now, if is_usable { REFRESH_INTERVAL } else { RETRY_INTERVAL });
            }
        }
    }

    fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn fetch(&self) -> Result<(KeySet, TimeDelta), FetchError> {
        match &self.source {
            Source::File(path) => {
                let mut document = Vec::new();
                let file = tokio::fs::File::open(path).await?;
                file.take(JWKS_MAX_BYTES.saturating_add(1)).read_to_end(&mut document).await?;
                check_size(document.len())?;
                Ok((KeySet::parse(&document)?, FILE_FRESH))
            }
            Source::Url { url, client } => {
                let request = client.get(url.clone()).header(header::ACCEPT, "application/json");
                let mut response = request.send().await.map_err(without_url)?;
                if response.status() != StatusCode::OK {
                    return Err(FetchError::Status(response.status()));
                }
                let cache_control = response.headers().get(header::CACHE_CONTROL);
                let fresh = freshness(cache_control.and_then(|value| value.to_str().ok()));
                let mut document = Vec::new();
                while let Some(chunk) = response.chunk().await.map_err(without_url)? {
                    check_size(document.len().saturating_add(chunk.len()))?;
                    document.extend_from_slice(&chunk);
                }
                Ok((KeySet::parse(&document)?, fresh))
            }
        }
    }
}

/// How long a set is fresh by this `Cache-Control`, within our bounds.
pub(super) fn freshness(cache_control: Option<&str>) -> TimeDelta {
    let max_age = |directive: &str| {
        let (name, seconds) = directive.split_once('=')?;
        let seconds = seconds.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("max-age").then(|| seconds.parse::<i64>().ok()).flatten()
    };
    let is_unwanted = |directive: &str| ["no-store", "no-cache"].iter().any(|name| directive.trim().eq_ignore_ascii_case(name));
    let directives = || cache_control.unwrap_or_default().split(',');
    let seconds = if directives().any(is_unwanted) { Some(0) } else { directives().find_map(max_age) };
    TimeDelta::seconds(seconds.unwrap_or(FRESH_DEFAULT_SECONDS).clamp(FRESH_MIN_SECONDS, FRESH_MAX_SECONDS))
}

fn check_size(length_bytes: usize) -> Result<(), FetchError> {
    match u64::try_from(length_bytes) {
        Ok(length_bytes) if length_bytes <= JWKS_MAX_BYTES => Ok(()),
        _ => Err(FetchError::TooLarge),
    }
}

/// The address may carry a tenant's name in its query; the log already names the issuer.
fn without_url(error: reqwest::Error) -> FetchError {
    FetchError::Request(error.without_url())
}

fn later(time: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    time.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn checked_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "the JWKS address is not a URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the JWKS address must not contain a user name or password");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err("the JWKS address must use https (http only for localhost, 127.0.0.1 or [::1])"),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn client(url: &Url) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(FETCH_TIMEOUT);
    // A proxy would carry a loopback address elsewhere.
    if is_loopback(url) { builder.no_proxy().build() } else { builder.build() }
}
