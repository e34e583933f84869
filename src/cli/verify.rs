//! `tallybook verify`: says what it checked, names what does not hold, and exits 0 only when everything does.

use std::process::ExitCode;

use clap::Args;

use crate::app::App;

#[derive(Args)]
pub struct VerifyArgs {
    /// One JSON object a check
    #[arg(long)]
    json: bool,
}

pub async fn run(args: &VerifyArgs, app: &App, books: &str) -> Result<ExitCode, anyhow::Error> {
    let report = crate::app::verify::verify(app, books).await?;
    for check in &report.checks {
        if args.json {
            println!("{}", serde_json::json!({ "check": check.name, "examined": check.examined, "faults": check.faults }));
            continue;
        }
        let verdict = if check.faults.is_empty() { "holds" } else { "DOES NOT HOLD" };
        println!("{:<58} {:>12} examined   {verdict}", check.name, check.examined);
        check.faults.iter().for_each(|fault| println!("    {fault}"));
    }
    let faults: usize = report.checks.iter().map(|check| check.faults.len()).sum();
    if !args.json {
        println!("{} entries, {} faults", report.entries, faults);
    }
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
