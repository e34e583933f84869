//! `tallybook token`: prints just the token, so that a script can use it as it is.

use std::process::ExitCode;

use clap::Args;

use crate::app::Clock;
use crate::app::auth::{Role, Scope, TokenRequest, issue};
use crate::config::{Config, jwt_secret};

#[derive(Args)]
pub struct TokenArgs {
    /// viewer, analyst, ingest, preparer, approver, closer, admin, auditor, integrator or client; may be given more than once
    #[arg(long = "role", value_name = "ROLE", required = true, value_parser = parse_role)]
    roles: Vec<Role>,
    /// Who the token is for
    #[arg(long)]
    subject: String,
    /// Limit the token to this team; may be given more than once
    #[arg(long)]
    team: Vec<String>,
    /// Limit the token to this project; may be given more than once
    #[arg(long)]
    project: Vec<String>,
    /// Limit the token to this client; may be given more than once
    #[arg(long)]
    client: Vec<String>,
    /// Hours until it expires, 744 at most
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(i64).range(1..=744))]
    hours: i64,
}

fn parse_role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| format!("`{text}` is no role: use {}", Role::ALL.map(Role::as_str).join(", ")))
}

pub fn run(args: &TokenArgs, config: &Config) -> Result<ExitCode, anyhow::Error> {
    let Some(secret) = jwt_secret()? else {
        anyhow::bail!("TALLYBOOK_JWT_SECRET is not set: set it to at least 32 random characters, the same for `serve` and `token`");
    };
    let is_limited = !(args.team.is_empty() && args.project.is_empty() && args.client.is_empty());
    let set = |codes: &[String]| codes.iter().cloned().collect();
    let request = TokenRequest {
        books: config.books.clone(),
        roles: args.roles.iter().copied().collect(),
        subject: args.subject.clone(),
        scope: is_limited.then(|| Scope { teams: set(&args.team), projects: set(&args.project), clients: set(&args.client) }),
        lifetime: chrono::TimeDelta::hours(args.hours),
        audience: config.audience.clone(),
        token_id: crate::app::ids::random_id(),
    };
    println!("{}", issue(&secret, &request, Clock::System.now())?);
    Ok(ExitCode::SUCCESS)
}
