//! `tallybook activity`: hours, revenue and outputs from files, and revenue whose day has come.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};

use super::import::delimiter;
use crate::app::App;
use crate::app::activity_import::{ActivityKind, RefusedRow, import_activity};
use crate::app::auth::Actor;
use crate::app::revenue::recognize_revenue;
use crate::domain::period::Day;

/// Refused rows that are shown at the end; `--errors` writes them all.
const MOST_SHOWN: usize = 20;

#[derive(Subcommand)]
pub enum ActivityCommand {
    /// Record hours, revenue or outputs from a CSV file; running it again records nothing twice
    Import(ImportArgs),
    /// Recognise revenue whose day has come
    Recognize(RecognizeArgs),
}

#[derive(Args)]
pub struct ImportArgs {
    /// What the file holds
    #[arg(value_enum)]
    kind: KindName,
    /// The file; `-` reads the standard input. Its columns are named as the fields of the mutation
    file: PathBuf,
    /// What separates the cells, such as `;` or `tab`; found from the header when not given
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    separator: Option<u8>,
    /// Write every refused row to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
}

#[derive(Args)]
pub struct RecognizeArgs {
    /// The last day that is recognised, such as 2026-01-31 [default: today]
    #[arg(long, value_name = "DAY")]
    through: Option<chrono::NaiveDate>,
}

#[derive(Clone, Copy, ValueEnum)]
enum KindName {
    /// source, externalId, workedOn, person, hours; role, team, project, client, feature, billable
    Time,
    /// source, externalId, earnedOn, currency; amount or another way to state it, and the owner
    Revenue,
    /// source, externalId, producedOn, unit, quantity; value, currency, and the owner
    Outputs,
}

/// Runs one command and writes what it has to say.
///
/// # Errors
/// A file that cannot be read, and what the use cases answer but refusals of single rows.
pub async fn run(command: ActivityCommand, app: &App, actor: &Actor, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    match command {
        ActivityCommand::Import(args) => import(args, app, actor, out).await,
        ActivityCommand::Recognize(args) => {
            let through = Day::from_date(args.through.unwrap_or_else(|| app.clock().now().date_naive()));
            let done = recognize_revenue(app, actor, through).await?;
            writeln!(out, "{} parts of revenue recognised through {through}.", done.recognized)?;
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
    let reader: Box<dyn BufRead> = if args.file == Path::new("-") {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(&args.file).with_context(|| format!("{} cannot be opened", args.file.display()))?))
    };
    let mut refused: Vec<RefusedRow> = Vec::new();
    let counts = import_activity(app, actor, kind, (reader, args.separator), |row| refused.push(row)).await;
    let counts = counts.with_context(|| format!("{}", args.file.display()))?;
    refused.sort_by_key(|row| row.line);
    if let Some(path) = &args.errors {
        let mut file = std::io::BufWriter::new(File::create(path).with_context(|| format!("{} cannot be written", path.display()))?);
        for RefusedRow { line, rejection } in &refused {
            let error = serde_json::json!({ "line": line, "code": rejection.code.as_str(), "column": rejection.path.join("."), "message": rejection.message });
            writeln!(file, "{error}")?;
        }
        file.flush()?;
    }
    for RefusedRow { line, rejection } in refused.iter().take(MOST_SHOWN) {
        writeln!(out, "  line {line}: {rejection}")?;
    }
    if let Some(more) = refused.len().checked_sub(MOST_SHOWN).filter(|more| *more > 0) {
        writeln!(out, "  and {more} more; --errors FILE writes them all")?;
    }
    writeln!(out, "{} recorded, {} known before, {} refused.", counts.recorded, counts.replayed, counts.refused)?;
    Ok(if counts.refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
