//! `tallybook serve` and the serving half of `tallybook demo`.

use std::net::SocketAddr;
use std::process::ExitCode;

use tokio::net::TcpListener;

use super::demo::DemoArgs;
use super::{local_admin, open};
use crate::app::auth::{AuthConfig, Authenticator, Role, Secret, TokenRequest, issue};
use crate::app::{App, ids};
use crate::config::Config;

/// Serves until the process is told to stop; then finishes what it acknowledged.
pub async fn serve(config: Config) -> Result<ExitCode, anyhow::Error> {
    let auth = Access::of(&config)?;
    let app = open(&config).await?;
    let listener = bind(config.listen).await?;
    let address = listener.local_addr()?;
    eprintln!("Tallybook serves the books `{}` at http://{address}/graphql", config.books);
    if let Some(token) = auth.token(&config, &app)? {
        eprintln!(
            "No TALLYBOOK_JWT_SECRET and no issuer is set, so only this machine is served, with a secret of this run. An admin token for 24 hours:\n{token}"
        );
    } else if auth.config.hs256_secret.is_some() {
        eprintln!("Make a token with `tallybook token --role admin --subject YOUR-NAME` and the same TALLYBOOK_JWT_SECRET");
    }
    run(app, auth.config, config, listener).await
}

/// Fills the demo books, tells how to look at them and serves them.
pub async fn demo(args: DemoArgs, mut config: Config) -> Result<ExitCode, anyhow::Error> {
    let auth = Access::of(&config)?;
    if args.fresh {
        super::demo::remove_database(&config)?;
    }
    let app = super::demo::open(&config).await?;
    let actor = local_admin(&config, &app);
    super::demo::fill_and_summarise(&app, &actor, args.charges, &mut std::io::stdout()).await?;
    if args.no_serve {
        return Ok(ExitCode::SUCCESS);
    }
    let listener = match bind(config.listen).await {
        Ok(listener) => listener,
        // The default port may be taken by another demo; an address that was asked for is not changed.
        Err(_) if args.listen.is_none() => bind(SocketAddr::new(config.listen.ip(), 0)).await?,
        Err(error) => return Err(error),
    };
    config.listen = listener.local_addr()?;
    let token = match auth.token(&config, &app)? {
        Some(token) => token,
        None => auth.demo_token(&config, &app)?,
    };
    println!("{}", super::demo::sample_queries(&config.listen.to_string(), &token));
    run(app, auth.config, config, listener).await
}

async fn bind(address: SocketAddr) -> Result<TcpListener, anyhow::Error> {
    TcpListener::bind(address)
        .await
        .map_err(|error| anyhow::anyhow!("cannot listen on {address}: {error}. Give another address with --listen"))
}

async fn run(app: App, auth: AuthConfig, config: Config, listener: TcpListener) -> Result<ExitCode, anyhow::Error> {
    let authenticator = Authenticator::new(auth)?;
    let schema = crate::graphql::schema(app.clone(), config.http.graphql_limits());
    let router = crate::http::router(app, authenticator, schema, &config.http);
    crate::http::serve(listener, router, stop_signal()).await?;
    Ok(ExitCode::SUCCESS)
}

/// Resolves when the process is asked to stop.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Who may come in. Deny by default: without a secret and without an issuer there is a secret of this run, and only on loopback.
struct Access {
    config: AuthConfig,
    /// The secret was made for this run.
    is_ephemeral: bool,
}

impl Access {
    fn of(config: &Config) -> Result<Self, anyhow::Error> {
        let mut auth = config.auth()?;
        let is_ephemeral = auth.hs256_secret.is_none() && auth.issuers.is_empty();
        if is_ephemeral {
            anyhow::ensure!(
                config.listen.ip().is_loopback(),
                "{} is open to other machines, and nothing says whose tokens to accept. Set TALLYBOOK_JWT_SECRET (at least 32 random characters) or an issuer with its keys, or listen on 127.0.0.1",
                config.listen
            );
            auth.hs256_secret = Some(Secret::new(ids::random_secret()?)?);
        }
        // Checked before anything is opened or announced.
        Authenticator::new(auth.clone())?;
        Ok(Self { config: auth, is_ephemeral })
    }

    /// A token for whoever started the process, when nobody else could make one.
    fn token(&self, config: &Config, app: &App) -> Result<Option<String>, anyhow::Error> {
        if self.is_ephemeral { self.demo_token(config, app).map(Some) } else { Ok(None) }
    }

    fn demo_token(&self, config: &Config, app: &App) -> Result<String, anyhow::Error> {
        let Some(secret) = &self.config.hs256_secret else {
            anyhow::bail!("tokens come from the configured issuers; set TALLYBOOK_JWT_SECRET to have one printed here");
        };
        let request = TokenRequest {
            books: config.books.clone(),
            roles: [Role::Admin].into_iter().collect(),
            subject: "local".to_owned(),
            scope: None,
            lifetime: chrono::TimeDelta::hours(24),
            audience: config.audience.clone(),
            token_id: ids::random_id(),
        };
        Ok(issue(secret, &request, app.clock().now())?)
    }
}
