//! `tallybook activity`: hours, revenue and outputs from files, and revenue whose day has come.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::import::{MOST_SHOWN, delimiter, error_list, grouped, print_refused, write_error};
use crate::app::App;
use crate::app::auth::Actor;
use crate::app::import_activity::{ActivityCounts, ActivityImport, ActivityKind, import_activity};
use crate::app::import_file::{ImportError, RejectedLine};
use crate::app::revenue::recognize_revenue;
use crate::domain::period::{Day, Moment};

#[derive(Subcommand)]
pub enum ActivityCommand {
    /// Record hours, revenue or outputs from a CSV file; running it again records nothing twice
    Import(ImportArgs),
    /// Book the parts of revenue whose day has come
    Recognize(RecognizeArgs),
}

#[derive(Args)]
pub struct ImportArgs {
    /// What the file holds
    #[arg(value_enum)]
    kind: KindName,
    /// The file, plain or packed with gzip or Zstandard; `-` reads the standard input
    file: PathBuf,
    /// What separates the cells, such as `;` or `tab`; found from the header when not given
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    separator: Option<u8>,
    /// Write every refused line to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum KindName {
    /// Columns of TimeEntryInput: source, externalId, workedOn, person, hours, ...
    Time,
    /// Columns of RevenueEntryInput: source, externalId, earnedOn, amount, currency, ...
    Revenue,
    /// Columns of OutputInput: source, externalId, producedOn, unit, quantity, ...
    Outputs,
}

#[derive(Args)]
pub struct RecognizeArgs {
    /// The last day (included) [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    through: Option<chrono::NaiveDate>,
}

/// Runs one command and writes what it has to say.
///
/// # Errors
/// Refusals, database failures, and a file that cannot be read.
pub async fn run(command: ActivityCommand, app: &App, actor: &Actor, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    match command {
        ActivityCommand::Import(args) => import(args, app, actor, out).await,
        ActivityCommand::Recognize(args) => {
            let today = Moment::from_instant(app.clock().now()).day();
            let done = recognize_revenue(app, actor, args.through.map_or(today, Day::from_date)).await?;
            writeln!(out, "{} parts of revenue recognized, {} wait.", grouped(done.recognized), grouped(done.waiting.parts))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn import(args: ImportArgs, app: &App, actor: &Actor, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let kind = match args.kind {
        KindName::Time => ActivityKind::Time,
        KindName::Revenue => ActivityKind::Revenue,
        KindName::Outputs => ActivityKind::Outputs,
    };
    let file = (args.file != Path::new("-")).then(|| args.file.clone());
    let request = ActivityImport { kind, file, delimiter: args.separator };
    let mut errors: Option<BufWriter<_>> = args.errors.as_deref().map(|path| error_list(path, false)).transpose()?;
    let (mut shown, mut durable): (Vec<RejectedLine>, _) = (Vec::new(), ActivityCounts::default());
    let imported = import_activity(app, actor, &request, |counts, rejected| {
        durable = counts;
        shown.extend(rejected.iter().take(MOST_SHOWN.saturating_sub(shown.len())).cloned());
        if let Some(errors) = &mut errors {
            rejected.iter().try_for_each(|line| write_error(errors, line))?;
            errors.flush()?;
        }
        Ok(())
    })
    .await;
    let counts = imported.map_err(|error| failure(error, durable))?;
    for (name, count) in
        [("recorded", counts.recorded), ("replayed", counts.replayed), ("waiting", counts.waiting), ("rejected", counts.rejected)]
    {
        writeln!(out, "  {name:<10}{:>14}", grouped(count))?;
    }
    print_refused(out, &shown, counts.rejected, &args.file)?;
    Ok(if counts.rejected > 0 { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

/// What failed, and that trying again is safe once something was recorded.
fn failure(error: ImportError, durable: ActivityCounts) -> anyhow::Error {
    if durable.recorded == 0 {
        return error.into();
    }
    let again = format!(
        "stopped after {} lines, which are durable; run the same command again, nothing is recorded twice",
        grouped(durable.recorded)
    );
    anyhow::Error::new(error).context(again)
}
