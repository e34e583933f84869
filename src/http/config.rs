//! What an operator may set about the HTTP door.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// Settings of the HTTP door; every one has a default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Where the server listens; set by the program, since the address is a setting of its own. Decides whether `/metrics` is
    /// open when a router is used without [`serve`](super::serve), which knows the listener itself.
    #[serde(skip)]
    pub listen: SocketAddr,
    /// The largest body of a GraphQL request. Streams of charges have no such limit.
    pub max_body_bytes: usize,
    /// The longest a GraphQL request may take, reading its body included; written in seconds, as `request_timeout_seconds`.
    #[serde(rename = "request_timeout_seconds", deserialize_with = "seconds")]
    pub request_timeout: Duration,
    /// What one GraphQL document may ask for.
    pub graphql: GraphqlLimits,
    /// The longest line of `POST /v1/charges`; a longer one gets its refusal and is not kept in memory.
    pub max_line_bytes: usize,
    /// Whether `/metrics` answers without a token. It always does when the server listens on loopback only.
    pub metrics_public: bool,
}

/// Limits of one GraphQL document, fragments counted wherever they are spread. Above one, the document is not executed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GraphqlLimits {
    /// Levels of fields. Pages of postings with their accounts need eight; GraphiQL's introspection, which the schema counts
    /// too, needs 15.
    pub depth: usize,
    /// Sum of the schema's field costs; enforced by the schema itself, which is built with this number.
    pub complexity: usize,
    /// Renamed fields. Each can run the same resolver again.
    pub aliases: usize,
    /// Fields of the operation itself.
    pub root_fields: usize,
    /// Directives on fields and spreads.
    pub directives: usize,
    /// Words and signs of the document, counted before it is parsed.
    pub tokens: usize,
}

impl HttpConfig {
    /// The limits that the schema itself enforces.
    pub fn graphql_limits(&self) -> crate::graphql::Limits {
        crate::graphql::Limits { depth: self.graphql.depth, complexity: self.graphql.complexity }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            max_body_bytes: 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            graphql: GraphqlLimits::default(),
            // The longest texts of one charge together, escaped, take about half of this.
            max_line_bytes: 128 * 1024,
            metrics_public: false,
        }
    }
}

impl Default for GraphqlLimits {
    fn default() -> Self {
        Self { depth: 16, complexity: 100_000, aliases: 30, root_fields: 20, directives: 5, tokens: 2_000 }
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    match u64::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom("the time limit of a request is at least one second")),
        seconds => Ok(Duration::from_secs(seconds)),
    }
}
