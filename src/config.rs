//! Configuration: a file, then the environment, then flags, the later over the earlier; checked once at the start.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::app::auth::{AuthConfig, IssuerConfig, Secret};
use crate::domain::chart::NameLimits;
use crate::http::HttpConfig;
use crate::telemetry::LogFormat;

/// Everything that can be set. Unknown names are refused, so that a typing error does not silently keep a default.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `sqlite://FILE` or `postgres://...`. Absent: a file in the user's data directory.
    pub database_url: Option<String>,
    /// Where `serve` listens.
    pub listen: SocketAddr,
    /// The books that commands work on, by code.
    pub books: String,
    /// The audience that tokens must name.
    pub audience: String,
    /// Issuers whose tokens are accepted, with their key sets.
    #[serde(default)]
    pub issuers: Vec<IssuerConfig>,
    #[serde(default)]
    pub http: HttpConfig,
    /// How many names of one kind the books take.
    #[serde(default)]
    pub names: NameLimits,
    pub log_format: LogFormat,
    /// A `tracing` filter, such as `info` or `tallybook=debug`.
    pub log_filter: String,
}

/// The settings that have a plain default.
#[derive(Serialize)]
struct Defaults {
    listen: &'static str,
    books: &'static str,
    audience: &'static str,
    log_format: &'static str,
    log_filter: &'static str,
}

const DEFAULTS: Defaults = Defaults {
    listen: "127.0.0.1:8080",
    books: "main",
    audience: crate::app::auth::DEFAULT_AUDIENCE,
    log_format: "text",
    log_filter: "info,sea_orm_migration=warn",
};

/// What the command line sets over file and environment.
#[derive(Debug, Default, Serialize)]
pub struct Overrides {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub books: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_filter: Option<String>,
}

/// Names of environment variables that are not settings of the file.
const SECRET_VARIABLE: &str = "TALLYBOOK_JWT_SECRET";

impl Config {
    /// Reads file, environment and flags.
    ///
    /// # Errors
    /// A sentence naming the setting that cannot be used.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, anyhow::Error> {
        let mut figment = Figment::from(Serialized::defaults(DEFAULTS));
        match file {
            Some(file) if !file.is_file() => anyhow::bail!("the configuration file {} is not there", file.display()),
            Some(file) => figment = figment.merge(Toml::file_exact(file)),
            None => figment = figment.merge(Toml::file("tallybook.toml")),
        }
        refuse_empty_variables()?;
        // TALLYBOOK_HTTP__REQUEST_TIMEOUT_SECONDS sets http.request_timeout_seconds. Secrets, and what the tests pass along, are not settings.
        let beside = ["JWT_SECRET", "CONFIG", "CHECKPOINT_KEY_FILE", "TEST_POSTGRES", "TEST_ECOSYSTEM"];
        let settings = Env::prefixed("TALLYBOOK_").ignore(&beside).split("__");
        let url = Env::raw().only(&["DATABASE_URL"]);
        figment = figment.merge(settings).merge(url).merge(Serialized::defaults(overrides));
        let config: Self = figment.extract().map_err(|error| explained(&error))?;
        config.names.check().map_err(anyhow::Error::msg)?;
        for (name, value) in [("database_url", config.database_url.as_deref()), ("books", Some(config.books.as_str()))] {
            anyhow::ensure!(
                value.is_none_or(|value| !value.trim().is_empty()),
                "`{name}` is set and empty: give it a value, or leave it out"
            );
        }
        Ok(config)
    }

    /// The database, or the embedded default `name` in the user's data directory.
    ///
    /// # Errors
    /// When there is no home directory to put the default in.
    pub fn database_url_or(&self, name: &str) -> Result<String, anyhow::Error> {
        if let Some(url) = &self.database_url {
            return Ok(url.clone());
        }
        let directory: PathBuf = match directories::ProjectDirs::from("", "", "tallybook") {
            Some(directories) => directories.data_dir().to_owned(),
            None => anyhow::bail!("there is no home directory for the database: give one with --database-url sqlite://FILE"),
        };
        Ok(format!("sqlite://{}", directory.join(name).display()))
    }

    /// What tokens are checked against. The secret comes only from the environment: it belongs neither in a file nor in a process list.
    ///
    /// # Errors
    /// A secret that is too short.
    pub fn auth(&self) -> Result<AuthConfig, anyhow::Error> {
        Ok(AuthConfig { hs256_secret: jwt_secret()?, issuers: self.issuers.clone(), audience: self.audience.clone() })
    }
}

/// A variable that is set and empty is what a failed command leaves behind, such as `export DATABASE_URL="$(start-database)"`. Taken for none, it
/// would have the program work on another database, or with another secret, than its caller meant.
fn refuse_empty_variables() -> Result<(), anyhow::Error> {
    // What the tests of this program are given beside their settings may be empty.
    let is_setting = |name: &str| name == "DATABASE_URL" || (name.starts_with("TALLYBOOK_") && !name.starts_with("TALLYBOOK_TEST_"));
    let is_empty = |value: &std::ffi::OsString| value.to_string_lossy().trim().is_empty();
    let mut empty: Vec<String> = std::env::vars_os()
        .filter(|(_, value)| is_empty(value))
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .filter(|name| is_setting(name))
        .collect();
    empty.sort();
    match empty.first() {
        None => Ok(()),
        Some(name) => anyhow::bail!("{name} is set and empty: give it a value, or take it away with `unset {name}`"),
    }
}

/// What is wrong with which setting, and where it was set.
fn explained(error: &figment::Error) -> anyhow::Error {
    use figment::error::Kind;
    let faults = error.clone().into_iter().map(|fault| {
        let is_variable = fault.metadata.as_ref().is_some_and(|metadata| metadata.name.contains("environment"));
        let name = fault.path.join(if is_variable { "__" } else { "." });
        let name = match is_variable.then(|| name.to_ascii_uppercase()) {
            Some(name) if name == "DATABASE_URL" => name,
            Some(name) => format!("TALLYBOOK_{name}"),
            None => name,
        };
        let place =
            fault.metadata.as_ref().and_then(|metadata| metadata.source.as_ref()).map_or(String::new(), |place| format!("{place}: "));
        match &fault.kind {
            Kind::UnknownField(_, known) => format!("{place}`{name}` is no setting; there are {}", known.join(", ")),
            // A file that is no TOML, or cannot be read, is no setting's fault.
            kind if name.is_empty() => format!("{place}{kind}"),
            kind => format!("{place}`{name}`: {kind}"),
        }
    });
    anyhow::Error::msg(faults.collect::<Vec<_>>().join("; "))
}

/// The HS256 secret that `serve` and `token` share.
///
/// # Errors
/// A secret that is too short.
pub fn jwt_secret() -> Result<Option<Secret>, anyhow::Error> {
    match std::env::var(SECRET_VARIABLE) {
        Ok(secret) => Ok(Some(Secret::new(secret).map_err(|error| anyhow::anyhow!("{SECRET_VARIABLE}: {error}"))?)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => anyhow::bail!("{SECRET_VARIABLE} is not text"),
    }
}
