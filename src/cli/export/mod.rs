//! `tallybook export`: the complete journal for other programs, one file a format.

mod batch;
mod beancount;
mod csv;
mod hledger;
mod jsonl;
mod output;

use clap::Subcommand;

use self::output::OutputArgs;
use crate::app::App;
use crate::app::auth::Actor;

#[derive(Subcommand)]
pub enum ExportCommand {
    /// One export batch, in the format of the finance system that takes it
    Batch(batch::BatchArgs),
    /// For Beancount: `bean-check` accepts it with tolerances switched off
    Beancount(OutputArgs),
    /// For hledger: `hledger check --strict` accepts it
    Hledger(OutputArgs),
    /// One row a posting, with a header
    Csv(OutputArgs),
    /// JSON Lines with the canonical text of every entry, which `verify-export` checks without a database
    Jsonl(OutputArgs),
}

/// # Errors
/// Database failures, and files that cannot be written.
pub async fn run(command: ExportCommand, app: &App, actor: &Actor) -> anyhow::Result<()> {
    match command {
        ExportCommand::Batch(args) => batch::run(args, app, actor).await,
        ExportCommand::Beancount(args) => beancount::run(args, app, actor).await,
        ExportCommand::Hledger(args) => hledger::run(args, app, actor).await,
        ExportCommand::Csv(args) => csv::run(args, app, actor).await,
        ExportCommand::Jsonl(args) => jsonl::run(args, app, actor).await,
    }
}
