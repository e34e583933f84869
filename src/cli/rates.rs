//! `tallybook rates`: keeps the exchange rates.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::app::auth::Actor;
use crate::app::exchange::{import_exchange_rates, read_rate_file};
use crate::app::{App, AppError};

/// Refusals shown of a file; the others are counted.
const SHOWN_REFUSALS: usize = 20;

#[derive(Subcommand)]
pub enum RatesCommand {
    /// Import a CSV file with the columns date,from,to,rate,source: all of it or nothing
    Import(ImportArgs),
}

#[derive(Args)]
pub struct ImportArgs {
    /// The file
    file: PathBuf,
}

/// Runs one command and writes what it has to say.
///
/// # Errors
/// Refusals, database failures, and a file that cannot be read.
pub async fn run(command: RatesCommand, app: &App, actor: &Actor, out: &mut impl Write) -> anyhow::Result<()> {
    let RatesCommand::Import(ImportArgs { file: path }) = command;
    let file = File::open(&path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let rates = read_rate_file(BufReader::new(file)).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    let saved = match import_exchange_rates(app, actor, rates).await {
        Err(AppError::Rejected(refused)) => {
            let mut text = format!("{}: nothing was saved; rates.0 is the first line below the header", path.display());
            for rejection in refused.iter().take(SHOWN_REFUSALS) {
                text.push_str(&format!("\n  {rejection}"));
            }
            if let Some(more) = refused.len().checked_sub(SHOWN_REFUSALS).filter(|more| *more > 0) {
                text.push_str(&format!("\n  and {more} more"));
            }
            anyhow::bail!(text)
        }
        saved => saved?,
    };
    writeln!(out, "{} rates added, {} unchanged.", saved.added, saved.unchanged)?;
    Ok(())
}
