//! Conformance with RFC 7519, 8725 and 9068, and the attacks they name. Keys are made when the tests run; the clock is
//! fixed; the only network is a listener on loopback.

mod settings;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
    RsaPublicKeyComponents,
};
use aws_lc_rs::{encoding::AsDer as _, encoding::PublicKeyX509Der, hmac, rsa::KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

const SECRET: &str = "correct-horse-battery-staple-0123456789";
const IDP: &str = "https://idp.example/realm";
const NOW: i64 = 1_790_000_000;

static RSA: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
static EC: LazyLock<EcdsaKeyPair> = LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
static ED: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::generate().unwrap());

enum Sign<'a> {
    Hmac(&'a [u8]),
    Rsa(&'static dyn RsaEncoding),
    Ec(&'a EcdsaKeyPair),
    Ed,
    Raw(&'a [u8]),
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

fn after(seconds: i64) -> DateTime<Utc> {
    now().checked_add_signed(TimeDelta::seconds(seconds)).unwrap()
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn raw_token(header: &str, payload: &str, sign: &Sign<'_>) -> String {
    let signed = format!("{}.{}", b64(header), b64(payload));
    let random = SystemRandom::new();
    let signature = match sign {
        Sign::Hmac(secret) => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes()).as_ref().to_vec(),
        Sign::Rsa(encoding) => {
            let mut signature = vec![0; RSA.public_modulus_len()];
            RSA.sign(*encoding, &random, signed.as_bytes(), &mut signature).unwrap();
            signature
        }
        Sign::Ec(key) => key.sign(&random, signed.as_bytes()).unwrap().as_ref().to_vec(),
        Sign::Ed => ED.sign(signed.as_bytes()).as_ref().to_vec(),
        Sign::Raw(bytes) => bytes.to_vec(),
    };
    format!("{signed}.{}", b64(signature))
}

/// Own claims, valid for an hour; `changes` replaces members, and null removes one.
fn claims(changes: Value) -> Value {
    merged(
        json!({"iss": "tallybook", "aud": "tallybook", "sub": "ana", "iat": NOW, "nbf": NOW, "exp": NOW + 3600,
               "books": "main", "roles": ["analyst"]}),
        changes,
    )
}

fn merged(mut base: Value, changes: Value) -> Value {
    let members = base.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        let _ = if value.is_null() { members.remove(name) } else { members.insert(name.clone(), value.clone()) };
    }
    base
}

fn own_token(header: Value, changes: Value) -> String {
    let header = merged(json!({"alg": "HS256", "typ": "JWT"}), header);
    raw_token(&header.to_string(), &claims(changes).to_string(), &Sign::Hmac(SECRET.as_bytes()))
}

fn idp_token(header: Value, changes: Value, sign: &Sign<'_>) -> String {
    raw_token(&header.to_string(), &merged(claims(json!({"iss": IDP})), changes).to_string(), sign)
}

fn rsa_jwk(kid: &str) -> Value {
    let public = RsaPublicKeyComponents::<Vec<u8>>::from(RSA.public_key());
    json!({"kty": "RSA", "kid": kid, "use": "sig", "n": b64(public.n), "e": b64(public.e)})
}

fn ec_jwk(kid: &str, key: &EcdsaKeyPair) -> Value {
    let (x, y) = key.public_key().as_ref().split_first().unwrap().1.split_at(32);
    json!({"kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256", "x": b64(x), "y": b64(y)})
}

fn ed_jwk(kid: &str) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(ED.public_key().as_ref())})
}

fn standard_keys() -> Value {
    json!({"keys": [rsa_jwk("r1"), ec_jwk("e1", &EC), ed_jwk("d1"),
        {"kty": "oct", "kid": "o1", "k": b64(SECRET)},
        {"kty": "RSA", "kid": "enc1", "use": "enc", "n": "AQAB", "e": "AQAB"}]})
}

/// A file that goes when the test ends.
struct KeyFile(PathBuf);

impl KeyFile {
    fn new(keys: &Value) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("tallybook-jwks-{}-{}.json", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let file = Self(std::env::temp_dir().join(name));
        file.write(keys);
        file
    }

    fn write(&self, keys: &Value) {
        std::fs::write(&self.0, keys.to_string()).unwrap();
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn authenticator(issuers: Vec<IssuerConfig>) -> Authenticator {
    let hs256_secret = Some(Secret::new(SECRET).unwrap());
    Authenticator::new(AuthConfig { hs256_secret, issuers, ..AuthConfig::default() }).unwrap()
}

async fn outcome(authenticator: &Authenticator, token: &str, now: DateTime<Utc>) -> Result<Actor, &'static str> {
    authenticator.authenticate(Some(&format!("Bearer {token}")), now).await.map_err(|error| {
        assert!(!error.to_string().contains(token), "the message must not repeat the token");
        error.code()
    })
}

/// Expects one code for a token, `OK` for acceptance.
async fn check(authenticator: &Authenticator, name: &str, token: &str, expected: &str) {
    let code = outcome(authenticator, token, now()).await.map_or_else(|code| code, |_| "OK");
    assert_eq!(code, expected, "{name}");
}

#[tokio::test]
async fn own_token_is_issued_and_read_back() {
    let list = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
    let scope = Scope { teams: list(&["claims"]), clients: list(&["gearpeak"]), ..Scope::default() };
    let request = TokenRequest {
        books: "main".into(),
        roles: [Role::Preparer, Role::Ingest].into_iter().collect(),
        subject: "ana".into(),
        scope: Some(scope.clone()),
        lifetime: TimeDelta::hours(8),
        audience: DEFAULT_AUDIENCE.into(),
        token_id: "t-1".into(),
    };
    let secret = Secret::new(SECRET).unwrap();
    let token = issue(&secret, &request, now()).unwrap();
    assert_eq!(token, issue(&secret, &request, now()).unwrap(), "equal input, equal bytes");
    let actor = outcome(&authenticator(vec![]), &token, now()).await.unwrap();
    assert_eq!((actor.subject.as_str(), actor.books.as_str(), actor.issuer.as_str()), ("ana", "main", "tallybook"));
    assert_eq!(actor.scope, Some(scope));
    assert_eq!(actor.token_id.as_deref(), Some("t-1"));
    assert_eq!(actor.expires_at, after(8 * 3600));
    assert!(actor.may(Permission::RecordCharges) && !actor.may(Permission::AdminBooks));
    assert!(!actor.may(Permission::SavePrices), "a limited token changes nothing that reaches beyond its limit");

    let code = |request: &TokenRequest| issue(&secret, request, now()).unwrap_err().code();
    assert_eq!(code(&TokenRequest { lifetime: TimeDelta::days(32), ..request.clone() }), "TOKEN_LIFETIME_OUT_OF_RANGE");
    assert_eq!(code(&TokenRequest { roles: RoleSet::default(), ..request.clone() }), "TOKEN_ROLES_EMPTY");
    assert_eq!(code(&TokenRequest { books: String::new(), ..request.clone() }), "TOKEN_TEXT_INVALID");
    let many = Scope { teams: (0..2000).map(|number| format!("team-{number}")).collect(), ..Scope::default() };
    assert_eq!(code(&TokenRequest { scope: Some(many), ..request }), "TOKEN_TOO_LARGE");
}

#[tokio::test]
async fn times_have_one_minute_of_leeway() {
    let own = authenticator(vec![]);
    let month = 31 * 24 * 3600;
    for (name, changes, expected) in [
        ("expired 59 s ago", json!({"exp": NOW - 59, "iat": NOW - 100, "nbf": null}), "OK"),
        ("expired 60 s ago", json!({"exp": NOW - 60, "iat": NOW - 100, "nbf": null}), "TOKEN_EXPIRED"),
        ("expired 61 s ago", json!({"exp": NOW - 61, "iat": NOW - 100, "nbf": null}), "TOKEN_EXPIRED"),
        ("starts in 60 s", json!({"nbf": NOW + 60}), "OK"),
        ("starts in 61 s", json!({"nbf": NOW + 61}), "TOKEN_NOT_YET_VALID"),
        ("issued in 61 s", json!({"iat": NOW + 61, "nbf": null}), "TOKEN_NOT_YET_VALID"),
        ("31 days", json!({"exp": NOW + month}), "OK"),
        ("31 days and a second", json!({"exp": NOW + month + 1}), "TOKEN_LIFETIME_TOO_LONG"),
        ("exp before iat", json!({"exp": NOW - 10}), "TOKEN_CLAIMS_INVALID"),
        ("exp as text", json!({"exp": "1790003600"}), "TOKEN_CLAIMS_INVALID"),
        ("exp beyond the calendar", json!({"exp": i64::MAX}), "TOKEN_CLAIMS_INVALID"),
    ] {
        check(&own, name, &own_token(json!({}), changes), expected).await;
    }
    let payload = claims(json!({})).to_string().replace(&format!("{}", NOW + 3600), &format!("{}.75", NOW + 3600));
    let token = raw_token(r#"{"alg":"HS256"}"#, &payload, &Sign::Hmac(SECRET.as_bytes()));
    check(&own, "exp with a fraction", &token, "OK").await;
}

#[tokio::test]
async fn who_acts_for_another_is_told_apart() {
    let own = authenticator(vec![]);
    let read = async |act: Value| outcome(&own, &own_token(json!({}), json!({ "sub": "ana", "act": act })), now()).await;
    let agent = read(json!({ "sub": "agent-7" })).await.unwrap();
    assert_eq!((agent.subject.as_str(), agent.acting_for.as_deref()), ("agent-7", Some("ana")));
    let herself = read(json!({ "sub": "ana" })).await.unwrap();
    assert_eq!((herself.subject.as_str(), herself.acting_for), ("ana", None));
    for wrong in [json!("agent-7"), json!({ "sub": 7 }), json!({ "sub": "a\nb" })] {
        assert_eq!(read(wrong.clone()).await.unwrap_err(), "TOKEN_CLAIMS_INVALID", "{wrong}");
    }
}

#[tokio::test]
async fn claims_are_required_and_exact() {
    let own = authenticator(vec![]);
    for (name, changes, expected) in [
        ("aud array with ours", json!({"aud": ["other", "tallybook"]}), "OK"),
        ("aud array without ours", json!({"aud": ["other"]}), "TOKEN_WRONG_AUDIENCE"),
        ("aud wrong", json!({"aud": "tallybook2"}), "TOKEN_WRONG_AUDIENCE"),
        ("aud missing", json!({"aud": null}), "TOKEN_CLAIMS_MISSING"),
        ("iss with trailing slash", json!({"iss": "tallybook/"}), "TOKEN_WRONG_ISSUER"),
        ("iss missing", json!({"iss": null}), "TOKEN_CLAIMS_MISSING"),
        ("iss not a text", json!({"iss": ["tallybook"]}), "TOKEN_CLAIMS_INVALID"),
        ("exp missing", json!({"exp": null}), "TOKEN_CLAIMS_MISSING"),
        ("iat missing", json!({"iat": null}), "TOKEN_CLAIMS_MISSING"),
        ("nbf missing", json!({"nbf": null}), "OK"),
        ("sub missing", json!({"sub": null}), "TOKEN_CLAIMS_MISSING"),
        ("sub with a newline", json!({"sub": "ana\nadmin"}), "TOKEN_CLAIMS_INVALID"),
        ("books missing", json!({"books": null}), "TOKEN_CLAIMS_MISSING"),
        ("books list", json!({"books": ["main", "other"]}), "TOKEN_CLAIMS_INVALID"),
        ("no role", json!({"roles": []}), "TOKEN_CLAIMS_MISSING"),
        ("unknown role", json!({"roles": ["viewer", "root"]}), "TOKEN_ROLE_UNKNOWN"),
        ("role in capitals", json!({"roles": ["Admin"]}), "TOKEN_ROLE_UNKNOWN"),
        ("limit of an unknown kind", json!({"cost_centers": {"entity": ["x"]}}), "TOKEN_CLAIMS_INVALID"),
        ("limit not an object", json!({"cost_centers": []}), "TOKEN_CLAIMS_INVALID"),
        ("limit to nothing", json!({"cost_centers": {}}), "OK"),
    ] {
        check(&own, name, &own_token(json!({}), changes), expected).await;
    }
    let null_limit = claims(json!({})).to_string().replacen('{', r#"{"cost_centers":null,"#, 1);
    let token = raw_token(r#"{"alg":"HS256"}"#, &null_limit, &Sign::Hmac(SECRET.as_bytes()));
    check(&own, "a null limit is not no limit", &token, "TOKEN_CLAIMS_INVALID").await;
}

#[tokio::test]
async fn shape_and_header() {
    let own = authenticator(vec![]);
    let good = own_token(json!({}), json!({}));
    for (name, header, expected) in [
        ("crit", json!({"crit": ["exp2"], "exp2": 1}), "TOKEN_CRITICAL_HEADER"),
        ("crit b64", json!({"crit": ["b64"], "b64": false}), "TOKEN_CRITICAL_HEADER"),
        ("jku is not followed", json!({"jku": "http://127.0.0.1:1/", "x5u": "http://127.0.0.1:1/"}), "OK"),
        ("typ at+jwt", json!({"typ": "application/AT+JWT"}), "OK"),
        ("typ of another purpose", json!({"typ": "logout+jwt"}), "TOKEN_WRONG_TYPE"),
        ("nested", json!({"cty": "JWT"}), "TOKEN_MALFORMED"),
        ("kid not a text", json!({"kid": 7}), "TOKEN_MALFORMED"),
        ("no alg", json!({"alg": null}), "TOKEN_ALGORITHM_REFUSED"),
        ("HS512 named", json!({"alg": "HS512"}), "TOKEN_ALGORITHM_REFUSED"),
        ("RS256 named", json!({"alg": "RS256"}), "TOKEN_ALGORITHM_REFUSED"),
        ("too long", json!({"pad": "x".repeat(8192)}), "TOKEN_TOO_LARGE"),
    ] {
        check(&own, name, &own_token(header, json!({})), expected).await;
    }
    for alg in ["none", "None", "NONE", ""] {
        let header = json!({"alg": alg}).to_string();
        let token = raw_token(&header, &claims(json!({})).to_string(), &Sign::Raw(b""));
        check(&own, "alg none", &token, "TOKEN_ALGORITHM_REFUSED").await;
    }
    let twice = claims(json!({})).to_string().replacen('{', r#"{"books":"other","#, 1);
    let deep = claims(json!({})).to_string().replacen('{', r#"{"x":[{"a":1,"\u0061":2.5}],"#, 1);
    for payload in [&twice, &deep] {
        let token = raw_token(r#"{"alg":"HS256"}"#, payload, &Sign::Hmac(SECRET.as_bytes()));
        check(&own, "member given twice", &token, "TOKEN_MALFORMED").await;
    }
    let other_secret = raw_token(r#"{"alg":"HS256"}"#, &claims(json!({})).to_string(), &Sign::Hmac(&[b'x'; 32]));
    check(&own, "other secret", &other_secret, "TOKEN_BAD_SIGNATURE").await;
    check(&own, "signature cut", good.rsplit_once('.').unwrap().0, "TOKEN_MALFORMED").await;
    check(&own, "signature empty", &format!("{}.", good.rsplit_once('.').unwrap().0), "TOKEN_BAD_SIGNATURE").await;
    check(&own, "five parts", &format!("{good}.a.b"), "TOKEN_MALFORMED").await;
    check(&own, "padding", &format!("{good}="), "TOKEN_BAD_SIGNATURE").await;
    for (header, expected) in [
        (None, "TOKEN_MISSING"),
        (Some("Bearer "), "TOKEN_MISSING"),
        (Some("Basic YTpi"), "TOKEN_MALFORMED"),
        (Some("Bearer abc"), "TOKEN_MALFORMED"),
    ] {
        assert_eq!(own.authenticate(header, now()).await.unwrap_err().code(), expected, "{header:?}");
    }
    assert!(own.authenticate(Some(&format!("bearer  {good}")), now()).await.is_ok(), "scheme in any case");
}

#[tokio::test]
async fn published_keys_and_key_confusion() {
    let file = KeyFile::new(&standard_keys());
    let idp = authenticator(vec![IssuerConfig::new(IDP, JwksSource::File(file.0.clone()))]);
    let public_der: PublicKeyX509Der<'_> = RSA.public_key().as_der().unwrap();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(public_der.as_ref()));
    let stranger = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let rs256 = Sign::Rsa(&RSA_PKCS1_SHA256);
    for (name, header, sign, expected) in [
        ("RS256", json!({"alg": "RS256", "kid": "r1"}), &rs256, "OK"),
        ("PS256", json!({"alg": "PS256", "kid": "r1"}), &Sign::Rsa(&RSA_PSS_SHA256), "OK"),
        ("ES256", json!({"alg": "ES256", "kid": "e1"}), &Sign::Ec(&EC), "OK"),
        ("EdDSA", json!({"alg": "EdDSA", "kid": "d1"}), &Sign::Ed, "OK"),
        ("jku beside a known kid", json!({"alg": "EdDSA", "kid": "d1", "jku": "http://127.0.0.1:1/"}), &Sign::Ed, "OK"),
        ("HS256 with the public PEM", json!({"alg": "HS256", "kid": "r1"}), &Sign::Hmac(pem.as_bytes()), "TOKEN_ALGORITHM_REFUSED"),
        ("HS256 with a published oct key", json!({"alg": "HS256", "kid": "o1"}), &Sign::Hmac(SECRET.as_bytes()), "TOKEN_ALGORITHM_REFUSED"),
        ("none", json!({"alg": "none", "kid": "r1"}), &Sign::Raw(b""), "TOKEN_ALGORITHM_REFUSED"),
        ("kid of another key type", json!({"alg": "RS256", "kid": "e1"}), &rs256, "TOKEN_ALGORITHM_REFUSED"),
        ("kid of another key", json!({"alg": "ES256", "kid": "e1"}), &Sign::Ec(&stranger), "TOKEN_BAD_SIGNATURE"),
        ("unknown kid", json!({"alg": "RS256", "kid": "../r1"}), &rs256, "TOKEN_UNKNOWN_KEY"),
        ("kid of an encryption key", json!({"alg": "RS256", "kid": "enc1"}), &rs256, "TOKEN_UNKNOWN_KEY"),
        ("kid of a symmetric key", json!({"alg": "RS256", "kid": "o1"}), &rs256, "TOKEN_UNKNOWN_KEY"),
        ("no kid among several", json!({"alg": "RS256"}), &rs256, "TOKEN_UNKNOWN_KEY"),
        (
            "own key in the header",
            json!({"alg": "ES256", "kid": "e1", "jwk": ec_jwk("e1", &stranger)}),
            &Sign::Ec(&stranger),
            "TOKEN_BAD_SIGNATURE",
        ),
        ("r = s = 0", json!({"alg": "ES256", "kid": "e1"}), &Sign::Raw(&[0; 64]), "TOKEN_BAD_SIGNATURE"),
        ("RS256 signature sold as PS256", json!({"alg": "PS256", "kid": "r1"}), &rs256, "TOKEN_BAD_SIGNATURE"),
    ] {
        check(&idp, name, &idp_token(header, json!({}), sign), expected).await;
    }
    let slash = idp_token(json!({"alg": "EdDSA", "kid": "d1"}), json!({"iss": format!("{IDP}/")}), &Sign::Ed);
    check(&idp, "iss with trailing slash", &slash, "TOKEN_WRONG_ISSUER").await;
    let claims_to_be_us = idp_token(json!({"alg": "EdDSA", "kid": "d1"}), json!({"iss": "tallybook"}), &Sign::Ed);
    check(&idp, "issuer signing as tallybook", &claims_to_be_us, "TOKEN_ALGORITHM_REFUSED").await;
    let day = idp_token(json!({"alg": "EdDSA", "kid": "d1"}), json!({"exp": NOW + 86_401}), &Sign::Ed);
    check(&idp, "longer than 24 hours", &day, "TOKEN_LIFETIME_TOO_LONG").await;
}

#[tokio::test]
async fn issuer_settings_are_kept() {
    let file = KeyFile::new(&json!({"keys": [ed_jwk("d1"), rsa_jwk("r1")]}));
    let strict = authenticator(vec![IssuerConfig {
        algorithms: vec![SigningAlgorithm::EdDsa],
        books: Some("acme".into()),
        roles_claim: "realm_access.roles".into(),
        require_at_jwt_typ: true,
        ..IssuerConfig::new(IDP, JwksSource::File(file.0.clone()))
    }]);
    let nested = json!({"realm_access": {"roles": ["auditor"]}, "client_id": "gateway"});
    let at_jwt = json!({"alg": "EdDSA", "kid": "d1", "typ": "at+jwt"});
    let token = idp_token(at_jwt.clone(), nested.clone(), &Sign::Ed);
    let actor = outcome(&strict, &token, now()).await.unwrap();
    assert_eq!(actor.books, "acme", "the operator's word goes before the claim");
    assert!(actor.may(Permission::ReadAudit) && !actor.may(Permission::RecordCharges));
    let id_token = idp_token(json!({"alg": "EdDSA", "kid": "d1", "typ": "JWT"}), nested.clone(), &Sign::Ed);
    check(&strict, "ID token", &id_token, "TOKEN_WRONG_TYPE").await;
    let without_client = idp_token(at_jwt, merged(nested.clone(), json!({"client_id": 1})), &Sign::Ed);
    check(&strict, "client_id", &without_client, "TOKEN_CLAIMS_INVALID").await;
    let rs256 = idp_token(json!({"alg": "RS256", "kid": "r1", "typ": "at+jwt"}), nested, &Sign::Rsa(&RSA_PKCS1_SHA256));
    check(&strict, "outside the issuer's list", &rs256, "TOKEN_ALGORITHM_REFUSED").await;
}

#[tokio::test]
async fn a_replaced_file_is_read_again() {
    let file = KeyFile::new(&json!({"keys": [ec_jwk("old", &EC)]}));
    let idp = authenticator(vec![IssuerConfig::new(IDP, JwksSource::File(file.0.clone()))]);
    let old = idp_token(json!({"alg": "ES256", "kid": "old"}), json!({}), &Sign::Ec(&EC));
    let new = idp_token(json!({"alg": "EdDSA", "kid": "new"}), json!({}), &Sign::Ed);
    assert!(outcome(&idp, &old, now()).await.is_ok());
    file.write(&json!({"keys": [ed_jwk("new")]}));
    assert_eq!(outcome(&idp, &new, after(59)).await, Err("TOKEN_UNKNOWN_KEY"), "one look a minute");
    assert!(outcome(&idp, &new, after(60)).await.is_ok());
    assert_eq!(outcome(&idp, &old, after(61)).await, Err("TOKEN_UNKNOWN_KEY"), "withdrawn");
    file.write(&json!({"keys": [ed_jwk("new"), ec_jwk("twin", &EC), rsa_jwk("twin")]}));
    let twin = idp_token(json!({"alg": "ES256", "kid": "twin"}), json!({}), &Sign::Ec(&EC));
    assert_eq!(outcome(&idp, &twin, after(120)).await, Err("ISSUER_KEYS_UNAVAILABLE"), "a set with a repeated kid");
    assert!(outcome(&idp, &new, after(120)).await.is_ok(), "the former set stays");
}

/// An issuer on loopback; the answer can be changed, and requests are counted.
struct Issuer {
    url: String,
    answer: Arc<Mutex<String>>,
    requests: Arc<AtomicUsize>,
}

impl Issuer {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let (answer, requests) = (Arc::new(Mutex::new(String::new())), Arc::new(AtomicUsize::new(0)));
        let (shared, counter) = (Arc::clone(&answer), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 2048];
                let _ = stream.read(&mut request).await;
                let answer = shared.lock().unwrap().clone();
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, answer, requests }
    }

    fn answer(&self, status_and_headers: &str, body: &str) {
        *self.answer.lock().unwrap() =
            format!("HTTP/1.1 {status_and_headers}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn an_address_is_cached_refreshed_and_outlived() {
    let issuer = Issuer::start().await;
    issuer.answer("200 OK\r\ncache-control: public, max-age=600", &json!({"keys": [ec_jwk("old", &EC)]}).to_string());
    let idp = authenticator(vec![IssuerConfig::new(IDP, JwksSource::Url(issuer.url.clone()))]);
    let lasting = |seconds: i64| json!({"iat": NOW + seconds, "nbf": null, "exp": NOW + seconds + 3600});
    let old = |seconds| idp_token(json!({"alg": "ES256", "kid": "old"}), lasting(seconds), &Sign::Ec(&EC));
    let new = |seconds| idp_token(json!({"alg": "EdDSA", "kid": "new"}), lasting(seconds), &Sign::Ed);

    let token = old(0);
    let (first, second) = tokio::join!(outcome(&idp, &token, now()), outcome(&idp, &token, now()));
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(issuer.requests(), 1, "single flight");
    issuer.answer("200 OK", &json!({"keys": [ec_jwk("old", &EC), ed_jwk("new")]}).to_string());
    for _ in 0..50 {
        assert_eq!(outcome(&idp, &new(0), after(30)).await, Err("TOKEN_UNKNOWN_KEY"));
    }
    assert_eq!(issuer.requests(), 1, "unknown ids cost the issuer nothing within the minute");
    assert!(outcome(&idp, &new(60), after(60)).await.is_ok(), "rotated key");
    assert_eq!(issuer.requests(), 2);
    assert!(outcome(&idp, &old(3600), after(3600)).await.is_ok());
    assert_eq!(issuer.requests(), 2, "fresh for an hour without Cache-Control");

    issuer.answer("503 Service Unavailable", "");
    assert!(outcome(&idp, &old(3700), after(3700)).await.is_ok(), "stale while the issuer is down");
    assert_eq!(issuer.requests(), 3);
    let last = 60 + 3600 + 24 * 3600 - 1;
    assert!(outcome(&idp, &old(last), after(last)).await.is_ok());
    assert_eq!(outcome(&idp, &old(last + 120), after(last + 120)).await, Err("ISSUER_KEYS_UNAVAILABLE"), "not for ever");
    let (elsewhere, good) = (Issuer::start().await, json!({"keys": [ec_jwk("old", &EC)]}).to_string());
    elsewhere.answer("200 OK", &good);
    issuer.answer(&format!("302 Found\r\nlocation: {}", elsewhere.url), "");
    assert_eq!(outcome(&idp, &old(last + 180), after(last + 180)).await, Err("ISSUER_KEYS_UNAVAILABLE"), "redirect");
    issuer.answer("200 OK", &format!("{}{good}", " ".repeat(1024 * 1024)));
    assert_eq!(outcome(&idp, &old(last + 240), after(last + 240)).await, Err("ISSUER_KEYS_UNAVAILABLE"), "too large");
    issuer.answer("200 OK", &good);
    assert!(outcome(&idp, &old(last + 250), after(last + 250)).await.is_ok(), "back after ten seconds");
}
