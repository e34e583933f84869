//! `tallybook audit`: takes the audit log out.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use crate::app::App;
use crate::app::audit::{self, EventFilter};
use crate::app::auth::Actor;
use crate::app::masters::read_instant;
use crate::domain::period::Moment;

/// Events read at a time.
const PAGE: usize = 1_000;

#[derive(Subcommand)]
pub enum AuditCommand {
    /// Write the audit log as JSON lines, one event a line in the order of their numbers
    Export(ExportArgs),
}

#[derive(Args)]
pub struct ExportArgs {
    /// File to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// First day (00:00 UTC) or instant (RFC 3339) of the events
    #[arg(long, value_name = "DATE", value_parser = read_instant)]
    from: Option<DateTime<Utc>>,
    /// First day or instant that is not included
    #[arg(long, value_name = "DATE", value_parser = read_instant)]
    to: Option<DateTime<Utc>>,
}

pub async fn run(command: AuditCommand, app: &App, actor: &Actor) -> anyhow::Result<()> {
    let AuditCommand::Export(args) = command;
    let filter = EventFilter { from: args.from.map(Moment::from_instant), to: args.to.map(Moment::from_instant), ..EventFilter::default() };
    let unwritable = || format!("{} cannot be written", args.output.display());
    let mut file = BufWriter::new(File::create(&args.output).with_context(unwritable)?);
    let (mut last, mut written) = (0, 0_u64);
    loop {
        let page = audit::events(app, actor, &filter, last, PAGE).await?;
        for event in &page.items {
            writeln!(file, "{}", audit::line(event)).with_context(unwritable)?;
            (last, written) = (event.number, written.saturating_add(1));
        }
        if !page.has_next {
            break;
        }
    }
    file.flush().with_context(unwritable)?;
    println!("{written} events written to {}.", args.output.display());
    Ok(())
}
