//! Fresh books with the words to work on them.

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tallybook::app::auth::{Actor, AuthConfig, Authenticator, Role, Scope, Secret, TokenRequest, issue};
use tallybook::app::{App, Clock};
use tallybook::http::HttpConfig;
use tallybook::store::{Store, StoreOptions};

use super::{Charge, Database, ndjson};

const SECRET: &str = "a secret of the tests, and of nothing else";

/// Books `main` with the default chart, the built-in prices, and a clock that stands still.
pub struct World {
    pub app: App,
    pub router: Router,
    pub clock: Clock,
    pub database: Database,
    /// An admin's token.
    pub admin: String,
}

/// Noon of 15 January 2026.
pub fn standing_clock() -> Clock {
    Clock::fixed("2026-01-15T12:00:00Z".parse().unwrap())
}

impl World {
    /// As `tallybook serve` starts: migrates, and creates the books when there are none.
    pub async fn open(database: Database) -> Self {
        let clock = standing_clock();
        let app = App::create(&database.url(), clock.clone(), "main").await.unwrap();
        Self::of(app, clock, database, &HttpConfig::default())
    }

    /// On books that are there.
    pub async fn on(database: Database) -> Self {
        let clock = standing_clock();
        let app = App::open(Store::connect(StoreOptions::new(database.url())).await.unwrap(), clock.clone()).await.unwrap();
        Self::of(app, clock, database, &HttpConfig::default())
    }

    /// Another process on the same database.
    pub async fn second_process(&self) -> Self {
        self.reopened(StoreOptions::new(self.database.url()), &HttpConfig::default()).await
    }

    /// The same books with other settings.
    pub async fn reopened(&self, options: StoreOptions, config: &HttpConfig) -> Self {
        let app = App::open(Store::connect(options).await.unwrap(), self.clock.clone()).await.unwrap();
        Self::of(app, self.clock.clone(), self.database.clone(), config)
    }

    fn of(app: App, clock: Clock, database: Database, config: &HttpConfig) -> Self {
        let auth = AuthConfig { hs256_secret: Some(Secret::new(SECRET).unwrap()), ..AuthConfig::default() };
        let schema = tallybook::graphql::schema(app.clone(), config.graphql_limits());
        let router = tallybook::http::router(app.clone(), Authenticator::new(auth).unwrap(), schema, config);
        let mut world = Self { app, router, clock, database, admin: String::new() };
        world.admin = world.token("main", Role::Admin, None);
        world
    }

    pub fn token(&self, books: &str, role: Role, scope: Option<Scope>) -> String {
        self.token_of("ana", books, role, scope)
    }

    /// The token of a person.
    pub fn token_of(&self, subject: &str, books: &str, role: Role, scope: Option<Scope>) -> String {
        let request = TokenRequest {
            books: books.to_owned(),
            roles: [role].into_iter().collect(),
            subject: subject.to_owned(),
            scope,
            lifetime: TimeDelta::days(31),
            audience: "tallybook".to_owned(),
            token_id: "t-1".to_owned(),
        };
        issue(&Secret::new(SECRET).unwrap(), &request, self.clock.now()).unwrap()
    }

    /// A delegated token (RFC 8693): `doing` acts for `person`.
    pub fn token_acting(&self, person: &str, doing: &str, role: Role) -> String {
        use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
        let mut validation = Validation::new(Algorithm::HS256);
        // The clock of the tests stands in the past.
        (validation.validate_exp, validation.validate_aud) = (false, false);
        let own = self.token_of(person, "main", role, None);
        let mut claims = decode::<Value>(&own, &DecodingKey::from_secret(SECRET.as_bytes()), &validation).unwrap().claims;
        claims["act"] = json!({ "sub": doing });
        encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
    }

    /// A person as use cases see them.
    pub fn actor(&self, subject: &str, role: Role) -> Actor {
        Actor {
            subject: subject.to_owned(),
            issuer: "tests".to_owned(),
            books: "main".to_owned(),
            roles: [role].into_iter().collect(),
            scope: None,
            expires_at: self.clock.now() + TimeDelta::days(1),
            token_id: None,
            acting_for: None,
            request_id: None,
        }
    }

    pub fn set_clock(&self, now: &str) {
        self.clock.set(now.parse::<DateTime<Utc>>().unwrap());
    }

    /// The receipts of charges sent to the stream, with the admin's token.
    pub async fn record(&self, charges: &[Charge]) -> Vec<Value> {
        let answer = self.post_charges(&self.admin, None, ndjson(charges)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.lines()
    }

    /// The receipt of one charge.
    pub async fn record_one(&self, charge: Charge) -> Value {
        self.record(&[charge]).await.remove(0)
    }

    /// Records charges of which every one must be booked now.
    pub async fn book(&self, charges: &[Charge]) {
        for receipt in self.record(charges).await {
            assert_eq!(receipt["status"], "RECORDED", "{receipt}");
        }
    }

    /// Saves a team, a project and a client with these codes.
    pub async fn save_centers(&self, team: &str, project: &str, client: &str) {
        let center = |kind: &str, code: &str| json!({ "kind": kind, "code": code, "name": code });
        let centers = json!([center("TEAM", team), center("PROJECT", project), center("CLIENT", client)]);
        self.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": centers })).await;
    }

    /// A price of the public list form: this many dollars for a million of the meter, from the start of 2026.
    pub async fn save_price(&self, provider: &str, model: &str, meter: &str, dollars: &str) {
        self.save_price_line(json!({
            "provider": provider, "model": model, "meter": meter, "per": "1000000", "amount": dollars, "currency": "USD",
            "effectiveFrom": "2026-01-01T00:00:00Z",
        }))
        .await;
    }

    pub async fn save_price_line(&self, price: Value) {
        self.save("savePrices", "SavePricesInput", json!({ "prices": [price] })).await;
    }

    /// A mutation of masters that must not be refused.
    pub async fn save(&self, mutation: &str, input_type: &str, input: Value) {
        let errors = self.refusals(mutation, input_type, input).await;
        assert_eq!(errors, json!([]), "{mutation}");
    }

    /// `userErrors` of a mutation.
    pub async fn refusals(&self, mutation: &str, input_type: &str, input: Value) -> Value {
        let query =
            format!("mutation Save($input: {input_type}!) {{ {mutation}(input: $input) {{ userErrors {{ code message path }} }} }}");
        self.graphql(&query, json!({ "input": input })).await[mutation]["userErrors"].take()
    }

    /// The charge of `gateway` with this external id, as an analyst reads it.
    pub async fn charge(&self, external_id: &str) -> Value {
        let query = "query C($id: String!) { charge(source: \"gateway\", externalId: $id) {
            number status occurredAt cost { amount currency } netCost { amount } exactCost reportedCost { amount } unpricedReason
            rating { meter quantity unitPrice per amount discountPercent }
            attribution { team project client feature ruleCode reason }
            journalEntry { number effectiveOn kind postings { side amount { amount currency } account { code } team { code } client { code } } }
            corrections { kind journalEntry { number kind effectiveOn corrects { number } postings { side amount { amount } account { code } team { code } } } }
        } }";
        self.graphql(query, json!({ "id": external_id })).await["charge"].take()
    }

    /// Debit and credit of one account at the end of January 2026, in its first currency; `None` without postings.
    pub async fn account(&self, code: &str) -> Option<(String, String)> {
        let query = "query T { trialBalance(asOf: \"2026-01-31\") { rows { account { code } debit credit } } }";
        let data = self.graphql(query, json!({})).await;
        let rows = data["trialBalance"]["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["account"]["code"] == code)?;
        let text = |side: &str| row[side].as_str().unwrap().to_owned();
        Some((text("debit"), text("credit")))
    }

    /// Every row of the trial balance as `code debit credit`.
    pub async fn trial_balance(&self) -> Vec<String> {
        let query = "query T { trialBalance(asOf: \"2026-01-31\") { rows { account { code } debit credit } } }";
        let data = self.graphql(query, json!({})).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let row = |row: &Value| format!("{} {} {}", text(&row["account"]["code"]), text(&row["debit"]), text(&row["credit"]));
        data["trialBalance"]["rows"].as_array().unwrap().iter().map(row).collect()
    }

    /// Faults that `verify` names.
    pub async fn faults(&self) -> Vec<String> {
        let report = tallybook::app::verify::verify(&self.app, "main").await.unwrap();
        let named =
            |check: &tallybook::app::verify::Check| check.faults.iter().map(|fault| format!("{}: {fault}", check.name)).collect::<Vec<_>>();
        report.checks.iter().flat_map(named).collect()
    }

    /// Everything that `verify` checks holds.
    pub async fn assert_verified(&self) {
        assert_eq!(self.faults().await, Vec::<String>::new());
    }
}
