//! Reading a token: its three parts, its header, its claims.
//!
//! [`split`] turns text into JSON and believes nothing. [`actor_from`] is called after the signature was verified and
//! turns claims into an [`Actor`], or says which rule they break. No keys and no cryptography here.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::actor::{Actor, CenterKind, Role, RoleSet, Scope};
use super::verify::AuthError;

/// The longest token read, 8 KiB: what common servers allow for one request header.
pub(super) const TOKEN_MAX_BYTES: usize = 8 * 1024;

/// How far apart clocks may be. RFC 8725 and OIDC profiles allow up to a few minutes; one is enough with NTP.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// The longest text claim, as `OpenID` Connect limits `sub`.
const TEXT_MAX_BYTES: usize = 255;

/// The claim with the books in our own tokens.
pub(super) const BOOKS_CLAIM: &str = "books";
/// The claim with the roles in our own tokens.
pub(super) const ROLES_CLAIM: &str = "roles";
/// The claim that limits a token, from any issuer.
pub(super) const COST_CENTERS_CLAIM: &str = "cost_centers";

/// The rules one issuer's claims are held to.
pub(super) struct ClaimRules {
    pub issuer: String,
    pub audience: String,
    pub books_claim: String,
    pub books: Option<String>,
    pub roles_claim: String,
    pub require_at_jwt_typ: bool,
    pub max_lifetime: TimeDelta,
}

/// A token taken apart, nothing of it verified.
pub(super) struct SplitToken<'a> {
    /// Header and payload as they were signed.
    pub signed: &'a str,
    /// The signature, still in base64url.
    pub signature: &'a str,
    pub header: TokenHeader,
    pub claims: Map<String, Value>,
}

/// The header members we use. `jku`, `x5u`, `jwk` and `x5c` are left out on purpose: a token does not bring its own key.
pub(super) struct TokenHeader {
    pub algorithm: String,
    pub key_id: Option<String>,
    token_type: Option<String>,
}

/// Takes a compact JWS apart.
pub(super) fn split(token: &str) -> Result<SplitToken<'_>, AuthError> {
    if token.len() > TOKEN_MAX_BYTES {
        return Err(AuthError::TooLarge);
    }
    let malformed = AuthError::Malformed { reason: "expected three parts separated by dots" };
    let (signed, signature) = token.rsplit_once('.').ok_or(malformed)?;
    let (header, payload) = signed
        .split_once('.')
        .filter(|(_, payload)| !payload.contains('.'))
        .ok_or(AuthError::Malformed { reason: "expected three parts separated by dots; encrypted tokens are not read" })?;
    let header = TokenHeader::read(&json_object(header)?)?;
    Ok(SplitToken { signed, signature, header, claims: json_object(payload)? })
}

impl TokenHeader {
    fn read(members: &Map<String, Value>) -> Result<Self, AuthError> {
        let text = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(AuthError::Malformed { reason: "`alg`, `kid`, `typ` and `cty` of the header must be texts" }),
        };
        // RFC 7515 section 4.1.11: what is listed must be understood. We understand no extension.
        if members.contains_key("crit") {
            return Err(AuthError::CriticalHeader);
        }
        if text("cty")?.is_some() || members.contains_key("zip") {
            return Err(AuthError::Malformed { reason: "nested and compressed tokens are not read" });
        }
        Ok(Self { algorithm: text("alg")?.ok_or(AuthError::AlgorithmRefused)?, key_id: text("kid")?, token_type: text("typ")? })
    }

    /// A type made for another purpose (`logout+jwt`, `dpop+jwt`) is never an access token.
    fn check_type(&self, require_at_jwt: bool) -> Result<(), AuthError> {
        let lower = self.token_type.as_deref().map(str::to_ascii_lowercase);
        match lower.as_deref().map(|name| name.strip_prefix("application/").unwrap_or(name)) {
            Some("at+jwt") => Ok(()),
            None | Some("jwt") if !require_at_jwt => Ok(()),
            _ => Err(AuthError::WrongType),
        }
    }
}

/// Turns verified claims into an actor.
pub(super) fn actor_from(
    header: &TokenHeader,
    claims: &Map<String, Value>,
    rules: &ClaimRules,
    now: DateTime<Utc>,
) -> Result<Actor, AuthError> {
    header.check_type(rules.require_at_jwt_typ)?;
    if text(claims, "iss")? != rules.issuer {
        return Err(AuthError::WrongIssuer);
    }
    check_audience(claims, &rules.audience)?;
    let expires_at = check_times(claims, rules.max_lifetime, now)?;
    let subject = text(claims, "sub")?.to_owned();
    if rules.require_at_jwt_typ {
        text(claims, "client_id")?;
    }
    let token_id = match claims.get("jti") {
        None => None,
        Some(_) => Some(text(claims, "jti")?.to_owned()),
    };
    let books = match &rules.books {
        Some(books) => books.clone(),
        None => clean(lookup(claims, &rules.books_claim), "books")?.to_owned(),
    };
    // RFC 8693: `sub` is the person for whom it is done, `act.sub` the one who does it, such as an agent with a delegated token.
    let (subject, acting_for) = match claims.get("act") {
        None => (subject, None),
        Some(Value::Object(act)) => {
            let doing = clean(act.get("sub"), "act")?.to_owned();
            if doing == subject { (doing, None) } else { (doing, Some(subject)) }
        }
        Some(_) => return Err(AuthError::ClaimsInvalid { claim: "act" }),
    };
    Ok(Actor {
        subject,
        issuer: rules.issuer.clone(),
        books,
        roles: roles(lookup(claims, &rules.roles_claim))?,
        scope: claims.get(COST_CENTERS_CLAIM).map(scope).transpose()?,
        expires_at,
        token_id,
        acting_for,
        request_id: None,
    })
}

/// A text that may go into logs and tables: not empty, not long, no control characters.
pub(super) fn is_clean_text(text: &str) -> bool {
    !text.is_empty() && text.len() <= TEXT_MAX_BYTES && !text.chars().any(char::is_control)
}

fn check_audience(claims: &Map<String, Value>, expected: &str) -> Result<(), AuthError> {
    let contains = match claims.get("aud") {
        None => return Err(AuthError::ClaimsMissing { claim: "aud" }),
        Some(Value::String(audience)) => audience == expected,
        Some(Value::Array(audiences)) => audiences.iter().any(|audience| audience.as_str() == Some(expected)),
        Some(_) => return Err(AuthError::ClaimsInvalid { claim: "aud" }),
    };
    if contains { Ok(()) } else { Err(AuthError::WrongAudience) }
}

/// Checks `exp`, `nbf` and `iat` and returns `exp`.
fn check_times(claims: &Map<String, Value>, max_lifetime: TimeDelta, now: DateTime<Utc>) -> Result<DateTime<Utc>, AuthError> {
    let expires_at = time(claims, "exp")?.ok_or(AuthError::ClaimsMissing { claim: "exp" })?;
    let issued_at = time(claims, "iat")?.ok_or(AuthError::ClaimsMissing { claim: "iat" })?;
    let not_before = time(claims, "nbf")?;
    if now.signed_duration_since(expires_at) >= LEEWAY {
        return Err(AuthError::Expired);
    }
    let starts_at = not_before.map_or(issued_at, |not_before| not_before.max(issued_at));
    if starts_at.signed_duration_since(now) > LEEWAY {
        return Err(AuthError::NotYetValid);
    }
    let lifetime = expires_at.signed_duration_since(issued_at);
    if lifetime < TimeDelta::zero() {
        return Err(AuthError::ClaimsInvalid { claim: "exp" });
    }
    if lifetime > max_lifetime {
        return Err(AuthError::LifetimeTooLong);
    }
    Ok(expires_at)
}

/// A `NumericDate` in whole seconds. RFC 7519 allows a fraction, and some issuers write one; it is cut off.
fn time(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<DateTime<Utc>>, AuthError> {
    let Some(value) = claims.get(claim) else { return Ok(None) };
    let invalid = AuthError::ClaimsInvalid { claim };
    let Value::Number(number) = value else { return Err(invalid) };
    let digits = number.to_string();
    let whole = match digits.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit()) => whole,
        Some(_) => return Err(invalid),
        None => &digits,
    };
    let seconds: i64 = whole.parse().map_err(|_| AuthError::ClaimsInvalid { claim })?;
    DateTime::from_timestamp(seconds, 0).map(Some).ok_or(invalid)
}

fn text<'a>(claims: &'a Map<String, Value>, claim: &'static str) -> Result<&'a str, AuthError> {
    clean(claims.get(claim), claim)
}

fn clean<'a>(value: Option<&'a Value>, claim: &'static str) -> Result<&'a str, AuthError> {
    let value = value.ok_or(AuthError::ClaimsMissing { claim })?;
    value.as_str().filter(|text| is_clean_text(text)).ok_or(AuthError::ClaimsInvalid { claim })
}

/// A member by its exact name, or else by a dotted path: `realm_access.roles`, but also `https://example.com/roles`.
fn lookup<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    lookup(claims.get(first)?.as_object()?, rest)
}

fn roles(value: Option<&Value>) -> Result<RoleSet, AuthError> {
    let names = value.ok_or(AuthError::ClaimsMissing { claim: "roles" })?;
    let names = names.as_array().ok_or(AuthError::ClaimsInvalid { claim: "roles" })?;
    let parse = |name: &Value| name.as_str().and_then(Role::parse).ok_or(AuthError::RoleUnknown);
    let roles: RoleSet = names.iter().map(parse).collect::<Result<_, _>>()?;
    if roles.is_empty() {
        return Err(AuthError::ClaimsMissing { claim: "roles" });
    }
    Ok(roles)
}

fn scope(value: &Value) -> Result<Scope, AuthError> {
    let invalid = || AuthError::ClaimsInvalid { claim: COST_CENTERS_CLAIM };
    let mut scope = Scope::default();
    for (kind, codes) in value.as_object().ok_or_else(invalid)? {
        let kind = CenterKind::parse(kind).ok_or_else(invalid)?;
        for code in codes.as_array().ok_or_else(invalid)? {
            let code = clean(Some(code), COST_CENTERS_CLAIM)?;
            scope.codes_mut(kind).insert(code.to_owned());
        }
    }
    Ok(scope)
}

fn json_object(part: &str) -> Result<Map<String, Value>, AuthError> {
    let malformed = AuthError::Malformed { reason: "header and payload must be JSON objects in base64url without padding" };
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(part) else { return Err(malformed) };
    let Ok(Value::Object(members)) = serde_json::from_slice(&bytes) else { return Err(malformed) };
    serde_json::from_slice::<UniqueMembers>(&bytes).map_err(|_| AuthError::Malformed { reason: "a JSON member is given twice" })?;
    Ok(members)
}

/// Reads any JSON and keeps nothing, but fails when an object, however deep, names a member twice: of two readers one
/// would take the first value and one the last.
struct UniqueMembers;

impl<'de> Deserialize<'de> for UniqueMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

// No `visit_f64`: with serde_json's `arbitrary_precision` a number arrives as a map of one text. Without that feature a
// fractional number would be refused, which is the safe side.
impl<'de> Visitor<'de> for UniqueMembers {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON without repeated members")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a member is given twice"));
            }
            members.next_value::<Self>()?;
        }
        Ok(self)
    }
}
