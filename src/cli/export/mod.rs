//! `tallybook export`: the journal as a file, one file of this folder a format.

mod jsonl;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::app::App;
use crate::app::auth::Actor;

#[derive(Subcommand)]
pub enum ExportCommand {
    /// JSON Lines with the canonical text of every entry, which `verify-export` checks without a database
    Jsonl(ExportArgs),
}

#[derive(Args)]
pub struct ExportArgs {
    /// Where to write; without it, to the standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub async fn run(command: ExportCommand, app: &App, actor: &Actor) -> Result<(), anyhow::Error> {
    match command {
        ExportCommand::Jsonl(args) => jsonl::run(&args, app, actor).await,
    }
}

/// The file to write, or the standard output.
fn writer(output: Option<&Path>) -> Result<Box<dyn Write + Send>, anyhow::Error> {
    Ok(match output {
        Some(path) => {
            let file = File::create(path).map_err(|error| anyhow::anyhow!("{} cannot be written: {error}", path.display()))?;
            Box::new(BufWriter::new(file))
        }
        None => Box::new(BufWriter::new(io::stdout())),
    })
}

/// Says on the standard error what was written: the standard output may be the file.
fn report(entries: u64, output: Option<&Path>) {
    match output {
        Some(path) => eprintln!("{entries} entries written to {}", path.display()),
        None => eprintln!("{entries} entries written"),
    }
}
