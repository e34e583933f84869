//! What is configured: freshness of keys, faults found at start, roles.

use super::*;

#[test]
fn freshness_stays_within_bounds() {
    for (header, seconds) in [
        (None, 3600),
        (Some("max-age=1"), 300),
        (Some("no-store, max-age=900"), 300),
        (Some("public, Max-Age=\"7200\", must-revalidate"), 7200),
        (Some("max-age=99999999"), 86_400),
        (Some("s-maxage=10"), 3600),
    ] {
        assert_eq!(keys::freshness(header), TimeDelta::seconds(seconds), "{header:?}");
    }
}

#[test]
fn configuration_faults_are_found_at_start() {
    let secret = Secret::new("short").unwrap_err().to_string();
    assert!(secret.contains("5 bytes") && secret.contains("openssl rand"), "{secret}");
    assert_eq!(format!("{:?}", Secret::new(SECRET).unwrap()), "***");
    let new = |issuers| Authenticator::new(AuthConfig { issuers, ..AuthConfig::default() });
    assert!(matches!(new(vec![]), Err(AuthConfigError::NoIssuer)));
    let with_url = |url: &str| IssuerConfig::new(IDP, JwksSource::Url(url.to_owned()));
    for url in ["http://idp.example/jwks", "http://127.0.0.1.evil.example/", "file:///etc/passwd", "https://u:p@idp.example/", "x"] {
        assert!(new(vec![with_url(url)]).is_err(), "{url}");
    }
    for url in ["https://idp.example/jwks", "http://localhost:8080/", "http://127.0.0.2/", "http://[::1]:1/"] {
        assert!(new(vec![with_url(url)]).is_ok(), "{url}");
    }
    let good = with_url("https://idp.example/jwks");
    for bad in [
        IssuerConfig { algorithms: vec![], ..good.clone() },
        IssuerConfig { issuer: OWN_ISSUER.into(), ..good.clone() },
        IssuerConfig { max_lifetime_seconds: 0, ..good.clone() },
    ] {
        assert!(new(vec![bad]).is_err());
    }
    assert!(new(vec![good.clone(), good]).is_err(), "configured twice");
    let text = r#"{"issuer": "a", "jwks": {"file": "k.json"}, "algorithms": ["HS256"]}"#;
    assert!(serde_json::from_str::<IssuerConfig>(text).is_err(), "HS256 cannot be named");
}

#[test]
fn roles_and_permissions() {
    for role in Role::ALL {
        assert_eq!(Role::parse(role.as_str()), Some(role));
        assert!(!role.permissions().is_empty());
    }
    let may_post = |role: Role| role.permissions().contains(&Permission::PostCorrections);
    let posting: Vec<_> = Role::ALL.into_iter().filter(|role| may_post(*role)).collect();
    assert_eq!(posting, [Role::Preparer, Role::Closer, Role::Admin]);
    assert_eq!(Role::Ingest.permissions(), [Permission::RecordCharges]);
}
