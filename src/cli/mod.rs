//! Floor 3: the command line. Each command parses its arguments, opens the application and calls use cases.
//!
//! Exit codes: 0 done; 1 failed; 2 wrong usage; 3 finished, but lines were refused (`import`, `activity import`), something
//! does not hold (`verify`) or is still open (`periods checklist`).

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the command line is where the program prints")]

mod activity;
mod audit;
mod bench;
mod chargeback;
mod demo;
mod export;
mod import;
mod integrity;
mod periods;
mod prices;
mod rates;
mod serve;
mod token;
mod verify;
mod what_if;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::app::auth::{Actor, Role};
use crate::app::{App, AppError, Clock};
use crate::config::{Config, Overrides};

/// The general ledger for AI spend: every AI charge a balanced, immutable journal entry.
#[derive(Parser)]
#[command(name = "tallybook", version, propagate_version = true)]
struct CommandLine {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
#[command(next_help_heading = "Settings")]
struct Settings {
    /// Configuration file (TOML); ./tallybook.toml is read when it is there
    #[arg(long, global = true, env = "TALLYBOOK_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// sqlite://FILE or postgres://USER@HOST/DATABASE [default: a file in the user's data directory] [env: DATABASE_URL=]
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// The books to work on, by code [default: main]
    #[arg(long, global = true, value_name = "CODE")]
    books: Option<String>,
    /// Log lines as text or json [default: text]
    #[arg(long, global = true, value_name = "FORMAT", value_parser = ["text", "json"])]
    log_format: Option<String>,
    /// What to log, such as info or tallybook=debug [default: info for serve, warn for other commands]
    #[arg(long, global = true, value_name = "FILTER")]
    log_filter: Option<String>,
}

/// The embedded database in the user's data directory.
const DATABASE_FILE: &str = "tallybook.db";

#[derive(Subcommand)]
enum Command {
    /// Fill an embedded database with a believable company and serve it
    Demo(demo::DemoArgs),
    /// Serve GraphQL and the charge stream
    Serve(ServeArgs),
    /// Create the schema or bring it up to date, and create the books when there are none
    Migrate,
    /// Record charges from a file, with progress and resume
    Import(import::ImportArgs),
    /// Record hours, revenue and outputs from files, and book revenue whose day has come
    #[command(subcommand)]
    Activity(activity::ActivityCommand),
    /// Read and keep the price book
    #[command(subcommand)]
    Prices(prices::PricesCommand),
    /// List, show and take out chargeback statements
    #[command(subcommand)]
    Chargeback(chargeback::ChargebackCommand),
    /// Take the audit log out
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// List, close and reopen months
    #[command(subcommand)]
    Periods(periods::PeriodsCommand),
    /// Keep the exchange rates
    #[command(subcommand)]
    Rates(rates::RatesCommand),
    /// What the same usage would cost with other models, prices, caches, batches or people
    WhatIf(what_if::WhatIfArgs),
    /// Print an access token signed with TALLYBOOK_JWT_SECRET
    Token(token::TokenArgs),
    /// Recompute every balance and invariant from the postings
    Verify(verify::VerifyArgs),
    /// Write the journal to a file that other programs read
    #[command(subcommand)]
    Export(export::ExportCommand),
    /// Sign the tree over the journal, so that nobody can change it unseen
    #[command(subcommand)]
    Checkpoint(integrity::CheckpointCommand),
    /// Prove that an entry is in the tree, or that a tree begins with an earlier one
    #[command(subcommand)]
    Proof(integrity::ProofCommand),
    /// Check an exported journal against a checkpoint, without any database
    VerifyExport(integrity::VerifyExportArgs),
    /// Print the GraphQL schema
    Schema,
    /// Measure this machine: charges, reports and verification a second, beside a floor
    Bench(bench::BenchArgs),
}

#[derive(Args)]
struct ServeArgs {
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT", value_parser = read_address)]
    listen: Option<SocketAddr>,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = CommandLine::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(arguments)) {
        Ok(code) => code,
        // A reader that closed the pipe, such as `head`, has all it wanted.
        Err(error) if error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: CommandLine) -> Result<ExitCode, anyhow::Error> {
    let CommandLine { settings, command } = arguments;
    let listen = match &command {
        Command::Serve(serve) => serve.listen,
        Command::Demo(demo) => demo.listen,
        _ => None,
    };
    let demo_url = settings.database_url.clone().filter(|_| matches!(command, Command::Demo(_)));
    let is_server = matches!(command, Command::Serve(_));
    let log_filter =
        settings.log_filter.or_else(|| (!is_server && std::env::var_os("TALLYBOOK_LOG_FILTER").is_none()).then(|| "warn".to_owned()));
    let overrides =
        Overrides { database_url: settings.database_url, listen, books: settings.books, log_format: settings.log_format, log_filter };
    let config = Config::load(settings.config.as_deref(), &overrides)?;
    crate::telemetry::init(config.log_format, &config.log_filter);
    match command {
        Command::Demo(args) => serve::demo(args, demo::own_config(config, demo_url)).await,
        Command::Serve(_) => serve::serve(config).await,
        Command::Migrate => migrate(&config).await,
        Command::Import(args) => import_command(args, &config).await,
        Command::Activity(command) => {
            let app = open_books(&config).await?;
            activity::run(command, &app, &local_admin(&config, &app), &mut std::io::stdout()).await
        }
        Command::Prices(command) => {
            let app = open_books(&config).await?;
            prices::run(command, &app, &local_admin(&config, &app)).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Chargeback(command) => {
            let app = open_existing(&config).await?;
            chargeback::run(command, &app, &local_admin(&config, &app), &mut std::io::stdout()).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Audit(command) => {
            let app = open_existing(&config).await?;
            audit::run(command, &app, &local_admin(&config, &app)).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Periods(command) => {
            let app = open_existing(&config).await?;
            periods::run(command, &app, &local_admin(&config, &app), &mut std::io::stdout()).await
        }
        Command::Rates(command) => {
            let app = open_books(&config).await?;
            rates::run(command, &app, &local_admin(&config, &app), &mut std::io::stdout()).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::WhatIf(args) => {
            let app = open_existing(&config).await?;
            what_if::run(args, &app, &local_admin(&config, &app), &mut std::io::stdout()).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Token(args) => token::run(&args, &config),
        Command::Verify(args) => verify::run(&args, &open_existing(&config).await?, &config.books).await,
        Command::Export(_) | Command::Checkpoint(_) | Command::Proof(_) | Command::VerifyExport(_) => audit_command(command, &config).await,
        Command::Schema => {
            print!("{}", crate::graphql::sdl());
            Ok(ExitCode::SUCCESS)
        }
        Command::Bench(args) => bench::run(args).await,
    }
}

async fn migrate(config: &Config) -> Result<ExitCode, anyhow::Error> {
    open(config).await?;
    println!("The schema is up to date and the books `{}` are there.", config.books);
    Ok(ExitCode::SUCCESS)
}

/// Commands of auditors. They work on books that are there.
async fn audit_command(command: Command, config: &Config) -> Result<ExitCode, anyhow::Error> {
    match &command {
        Command::VerifyExport(args) => return integrity::verify_export(args),
        Command::Checkpoint(integrity::CheckpointCommand::Keygen { name, output }) => {
            integrity::keygen(name, output)?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let app = open_existing(config).await?;
    let actor = local_admin(config, &app);
    match command {
        Command::Export(command) => export::run(command, &app, &actor).await?,
        Command::Proof(command) => integrity::prove(command, &app, &actor).await?,
        Command::Checkpoint(integrity::CheckpointCommand::Sign { key_file }) => integrity::sign(&key_file, &app, &actor).await?,
        _ => integrity::show(&app, &actor).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn import_command(args: import::ImportArgs, config: &Config) -> Result<ExitCode, anyhow::Error> {
    let app = open_books(config).await?;
    let actor = local_admin(config, &app);
    Ok(import::run(args, &app, &actor).await?.exit_code())
}

/// Connects, migrates and makes sure of the books: for `serve` and `migrate`, which alone may create some.
async fn open(config: &Config) -> Result<App, anyhow::Error> {
    let url = config.database_url_or(DATABASE_FILE)?;
    match App::create_holding(&url, config.names, Clock::System, &config.books).await {
        Ok(app) => Ok(app),
        Err(error) => Err(explained(error, &url, config).await),
    }
}

/// Connects to books that are there and migrates them, for commands that write. A mistyped name records nothing anywhere.
async fn open_books(config: &Config) -> Result<App, anyhow::Error> {
    let url = existing(config)?;
    match App::upgrade(&url, config.names, Clock::System, &config.books).await {
        Ok(app) => Ok(app),
        Err(error) => Err(explained(error, &url, config).await),
    }
}

/// Connects to books that are there, for commands that only look.
async fn open_existing(config: &Config) -> Result<App, anyhow::Error> {
    let url = existing(config)?;
    match App::connect(&url, Clock::System, &config.books).await {
        Ok(app) => Ok(app),
        Err(error) => Err(explained(error, &url, config).await),
    }
}

/// The address of a database that is there, as far as that can be seen from here: of a server, the server says so itself.
fn existing(config: &Config) -> Result<String, anyhow::Error> {
    let url = config.database_url_or(DATABASE_FILE)?;
    let is_there = demo::database_file(&url).is_none_or(|file| file.exists());
    anyhow::ensure!(
        is_there,
        "there is no database at {}: `tallybook migrate` makes one, with the books `{}`",
        demo::shown_url(&url),
        config.books
    );
    Ok(url)
}

/// What is wrong with the database of a command, which had nothing to lose yet.
async fn explained(error: AppError, url: &str, config: &Config) -> anyhow::Error {
    match error {
        AppError::NotFound(_) => {
            let (shown, books) = (demo::shown_url(url), &config.books);
            let known = App::codes_at(url).await.unwrap_or_default().iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", ");
            let others = if known.is_empty() { String::new() } else { format!(" It has {known}, which --books names.") };
            anyhow::anyhow!("{shown} has no books `{books}`.{others} `tallybook migrate --books {books}` creates them")
        }
        // Nothing was begun, so nothing is to be tried again: what is wrong with the address is all there is to say.
        AppError::Unavailable(cause) if url.starts_with("postgres") => {
            anyhow::anyhow!("{}: {cause}. See that the server is running there and lets this user in", demo::shown_url(url))
        }
        AppError::Unavailable(cause) | AppError::Internal(cause) => anyhow::anyhow!("{}: {cause}", demo::shown_url(url)),
        error => error.into(),
    }
}

fn read_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "give an IP address and a port, such as 127.0.0.1:8080".to_owned())
}

/// Whoever runs a command beside the database has all of its books already.
fn local_admin(config: &Config, app: &App) -> Actor {
    let subject =
        std::env::var("USER").ok().filter(|user| !user.is_empty()).map_or_else(|| "local".to_owned(), |user| format!("local:{user}"));
    Actor {
        subject,
        issuer: "local".to_owned(),
        books: config.books.clone(),
        roles: [Role::Admin].into_iter().collect(),
        scope: None,
        expires_at: app.clock().now() + chrono::TimeDelta::days(3650),
        token_id: None,
        acting_for: None,
        request_id: None,
    }
}
