//! `tallybook periods`: lists months, says what is missing before a close, closes them and reopens them by two persons.
//!
//! The person is the user of the operating system, so the two persons of a reopening run their commands under their own users.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use crate::app::App;
use crate::app::auth::Actor;
use crate::app::periods::{
    CloseInput, ItemState, PeriodQuery, PeriodView, ReopenInput, approve_reopening, close_checklist, close_period, periods,
    request_reopening,
};
use crate::domain::period::PeriodStatus;

/// Periods read at a time.
const PAGE: usize = 500;

/// Something is open that a close asks for.
const OPEN_ITEMS: u8 = 3;

#[derive(Subcommand)]
pub enum PeriodsCommand {
    /// List the months with their status
    List(ListArgs),
    /// Say what must be settled before a month closes; exit code 3 while something is open
    Checklist(PeriodArgs),
    /// Close a month, or close it further
    Close(CloseArgs),
    /// Ask for a closed month to be reopened; another person agrees to it with approve-reopening
    Reopen(ReopenArgs),
    /// Agree to the reopening that another person asked for
    ApproveReopening(ReopenArgs),
}

#[derive(Args)]
pub struct ListArgs {
    /// Only the twelve months of the fiscal year that ends in this calendar year
    #[arg(long, value_name = "YEAR")]
    fiscal_year: Option<i32>,
}

#[derive(Args)]
pub struct PeriodArgs {
    /// The month, such as 2026-01
    #[arg(value_name = "MONTH")]
    period: String,
}

#[derive(Args)]
pub struct CloseArgs {
    #[command(flatten)]
    period: PeriodArgs,
    /// How far to close
    #[arg(long, value_enum, default_value_t = Target::Closed)]
    status: Target,
    /// Why open items of the checklist may stay open
    #[arg(long, value_name = "REASON")]
    accept_open_items: Option<String>,
}

#[derive(Args)]
pub struct ReopenArgs {
    #[command(flatten)]
    period: PeriodArgs,
    /// Why; it is kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// What a month can be closed to.
#[derive(Clone, Copy, ValueEnum)]
enum Target {
    /// Takes adjusting entries of those who close periods
    SoftClosed,
    /// Takes nothing, unless two persons reopen it
    Closed,
    /// Takes nothing, for ever
    Locked,
}

impl From<Target> for PeriodStatus {
    fn from(target: Target) -> Self {
        match target {
            Target::SoftClosed => Self::SoftClosed,
            Target::Closed => Self::Closed,
            Target::Locked => Self::Locked,
        }
    }
}

impl From<ReopenArgs> for ReopenInput {
    fn from(args: ReopenArgs) -> Self {
        Self { period: args.period.period, reason: args.reason }
    }
}

/// Runs one command and writes what it has to say.
///
/// # Errors
/// Refusals and database failures.
pub async fn run(command: PeriodsCommand, app: &App, actor: &Actor, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let period = match command {
        PeriodsCommand::List(args) => {
            list(args, app, actor, out).await?;
            return Ok(ExitCode::SUCCESS);
        }
        PeriodsCommand::Checklist(args) => return checklist(&args, app, actor, out).await,
        PeriodsCommand::Close(args) => {
            let CloseArgs { period, status, accept_open_items } = args;
            close_period(app, actor, CloseInput { period: period.period, status: status.into(), accept_open_items }).await?
        }
        PeriodsCommand::Reopen(args) => request_reopening(app, actor, args.into()).await?,
        PeriodsCommand::ApproveReopening(args) => approve_reopening(app, actor, args.into()).await?,
    };
    writeln!(out, "{}", line(&period))?;
    Ok(ExitCode::SUCCESS)
}

async fn list(args: ListArgs, app: &App, actor: &Actor, out: &mut impl Write) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let page = periods(app, actor, PeriodQuery { fiscal_year: args.fiscal_year, after, first: PAGE }).await?;
        for period in &page.items {
            writeln!(out, "{}", line(period))?;
            after = Some(period.month);
        }
        if !page.has_next {
            return Ok(());
        }
    }
}

/// Month, status, and what else is to be known of it.
fn line(period: &PeriodView) -> String {
    let mut text = format!("{} {}", period.month, period.status.as_str());
    if let Some(entry) = period.through_entry {
        text.push_str(&format!(", closed through entry {entry}"));
    }
    if let Some(request) = &period.reopening_request {
        text.push_str(&format!(", {} asks to reopen it: {}", request.subject, request.reason));
    }
    if !period.stale.is_empty() {
        text.push_str(&format!(", {} results on it are stale", period.stale.len()));
    }
    text
}

async fn checklist(args: &PeriodArgs, app: &App, actor: &Actor, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let checklist = close_checklist(app, actor, &args.period).await?;
    writeln!(out, "{} {}", checklist.month, checklist.status.as_str())?;
    for item in &checklist.items {
        let state = match item.state {
            ItemState::Ok => "ok",
            ItemState::Open => "OPEN",
            ItemState::NotApplicable => "none",
        };
        writeln!(out, "{state:<4} {:<17} {}", item.code.as_str(), item.message)?;
        for detail in &item.detail {
            writeln!(out, "       {detail}")?;
        }
    }
    let is_open = checklist.items.iter().any(|item| item.state == ItemState::Open);
    Ok(if is_open { ExitCode::from(OPEN_ITEMS) } else { ExitCode::SUCCESS })
}
