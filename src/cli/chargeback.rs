//! `tallybook chargeback`: statements listed, shown, taken out and taken back.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};

use crate::app::App;
use crate::app::auth::Actor;
use crate::app::chargeback::{
    Audience, FileFormat, FileQuery, StatementView, StatementsQuery, chargeback, chargebacks, statement_file, withdraw_chargeback,
};
use crate::domain::period::Month;

/// Statements read at a time.
const PAGE: usize = 500;

#[derive(Subcommand)]
pub enum ChargebackCommand {
    /// List statements in the order of their numbers
    List(ListArgs),
    /// Show one statement with its lines
    Show(ShowArgs),
    /// Write one statement to a file for a spreadsheet
    Export(ExportArgs),
    /// Take back a statement that is not posted; it keeps its number
    Withdraw(WithdrawArgs),
}

#[derive(Args)]
pub struct ListArgs {
    /// Only of this month, such as 2026-01
    #[arg(long, value_name = "MONTH", value_parser = read_month)]
    period: Option<Month>,
}

#[derive(Args)]
pub struct ShowArgs {
    /// Such as CB-000001
    number: String,
}

#[derive(Args)]
pub struct ExportArgs {
    /// Such as CB-000001
    number: String,
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// Of a client's statement: cost, markup and rules too, which the client is not told
    #[arg(long)]
    internal: bool,
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Args)]
pub struct WithdrawArgs {
    /// Such as CB-000001
    number: String,
    /// Why; it is kept with the statement and in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Csv,
    Xlsx,
}

fn read_month(text: &str) -> Result<Month, String> {
    Month::parse(text).map_err(|rejection| rejection.message)
}

/// # Errors
/// Database failures, statements that are not there, and files that cannot be written.
pub async fn run(command: ChargebackCommand, app: &App, actor: &Actor, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    match command {
        ChargebackCommand::List(args) => list(args, app, actor, out).await,
        ChargebackCommand::Show(ShowArgs { number }) => {
            let view = chargeback(app, actor, &number).await?;
            show(&view.with_context(|| format!("there is no statement {number}"))?, out)
        }
        ChargebackCommand::Export(args) => export(args, app, actor, out).await,
        ChargebackCommand::Withdraw(WithdrawArgs { number, reason }) => {
            let view = withdraw_chargeback(app, actor, number, reason).await?;
            Ok(writeln!(out, "{} is {}.", view.statement.number, view.statement.status.as_str())?)
        }
    }
}

async fn list(args: ListArgs, app: &App, actor: &Actor, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let mut query = StatementsQuery { period: args.period, ..StatementsQuery::default() };
    loop {
        let page = chargebacks(app, actor, query.clone(), PAGE).await?;
        for view in &page.items {
            let statement = &view.statement;
            let (period, status) = (statement.content.terms.period, statement.status.as_str());
            let kind = statement.content.kind.field();
            writeln!(out, "{}  {period}  {kind} {}  {status}  {}", statement.number, view.center.code, statement.total)?;
            query.after = statement.number.0;
        }
        if !page.has_next {
            return Ok(());
        }
    }
}

fn show(view: &StatementView, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let statement = &view.statement;
    let content = &statement.content;
    writeln!(out, "{} {} of {} {}", statement.number, content.terms.period, content.kind.field(), view.center.code)?;
    writeln!(out, "status {}, as of entry {}", statement.status.as_str(), statement.through_entry)?;
    for line in &content.lines {
        let quantity = line.quantity.map(|quantity| format!("  {quantity} {}", line.unit.unwrap_or_default())).unwrap_or_default();
        writeln!(out, "  {}{quantity}  {}", line.description, line.amount.with(content.currency))?;
    }
    writeln!(out, "total {}", statement.total)?;
    if let Some(entry) = statement.entry {
        writeln!(out, "entry {entry}")?;
    }
    writeln!(out, "content {}", statement.content_hash)?;
    Ok(())
}

async fn export(args: ExportArgs, app: &App, actor: &Actor, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let format = match args.format {
        Format::Csv => FileFormat::Csv,
        Format::Xlsx => FileFormat::Xlsx,
    };
    let audience = if args.internal { Audience::Provider } else { Audience::Client };
    let file = statement_file(app, actor, FileQuery { number: &args.number, format, audience }).await?;
    let file = file.with_context(|| format!("there is no statement {}", args.number))?;
    match args.output {
        None => out.write_all(&file.bytes)?,
        Some(path) => {
            std::fs::write(&path, &file.bytes).with_context(|| format!("{} cannot be written", path.display()))?;
            writeln!(out, "{} written to {}.", args.number, path.display())?;
        }
    }
    Ok(())
}
