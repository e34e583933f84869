//! Logs of the whole program: set up once, before anything else starts.
//!
//! Nothing here decides what is logged; that no log holds tokens, bodies or prompts is the duty of each span and event.

use std::io::IsTerminal;

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people at a terminal.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// What is logged when the filter cannot be read.
const FALLBACK_FILTER: &str = "info";

/// Sends the logs of this process to standard error, so that standard output stays for results.
///
/// `filter` is one of `tracing`, such as `info` or `tallybook=debug,sqlx=warn`. One that cannot be read is said so and replaced
/// by `info`: a server without logs would be worse. A second call in one process leaves the first as it is.
pub fn init(format: LogFormat, filter: &str) {
    let (filter, complaint) = match EnvFilter::try_new(filter) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new(FALLBACK_FILTER), Some(error)),
    };
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let installed = match format {
        LogFormat::Text => subscriber.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
    if let Err(error) = installed {
        tracing::debug!(%error, "logs were already set up");
    }
    if let Some(error) = complaint {
        tracing::warn!(%error, "the log filter cannot be read, so `{FALLBACK_FILTER}` is used; write it as `info` or `tallybook=debug,sqlx=warn`");
    }
}
