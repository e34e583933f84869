//! `tallybook demo`: fills an embedded database with a believable company, sums it up, and shows what to ask it.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::import::grouped;
use crate::app::auth::Actor;
use crate::app::demo::{Charges, DEFAULT_CHARGES, DEFAULT_SEED, DemoOptions, DemoSummary, Opened, fill, open_demo};
use crate::app::reports::{SpendQuery, SpendReport, spend, trial_balance};
use crate::app::{App, Clock};
use crate::config::Config;
use crate::domain::money::Currency;
use crate::domain::period::{Day, DayRange};
use crate::domain::report::{SpendDimension, SpendKey, TrialBalance};

/// The demo's own database in the user's data directory, so that it never meets real books.
pub(super) const DATABASE_FILE: &str = "demo.db";
/// Clients that the summary shows.
const TOP_CLIENTS: usize = 10;

#[derive(Args)]
pub struct DemoArgs {
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT", value_parser = super::read_address)]
    pub(super) listen: Option<SocketAddr>,
    /// Charges to fill in; about one in a hundred is a resent one
    #[arg(long, value_name = "CHARGES", default_value_t = DEFAULT_CHARGES)]
    pub(super) charges: usize,
    /// Fill and sum up, and do not serve
    #[arg(long)]
    pub(super) no_serve: bool,
    /// Begin with a new database: removes the demo's file of an earlier run
    #[arg(long)]
    pub(super) fresh: bool,
}

/// The configuration of a demo: whatever database the environment or a file names is somebody's, and invented charges do not belong there. Only
/// `--database-url` names another one than the demo's own.
pub(super) fn own_config(mut config: Config, named: Option<String>) -> Config {
    if named.is_none() && config.database_url.is_some() {
        eprintln!("The demo has a database of its own; the one that DATABASE_URL or a file names is left alone.");
    }
    config.database_url = named;
    config
}

/// Opens the demo's books, and nobody else's.
///
/// # Errors
/// A database that holds something else, and database failures.
pub(super) async fn open(config: &Config) -> anyhow::Result<App> {
    let url = config.database_url_or(DATABASE_FILE)?;
    match open_demo(&url, Clock::System, &config.books).await {
        Ok(Opened::Demo(app)) => Ok(app),
        Ok(Opened::Others(others)) => anyhow::bail!(
            "the demo does not write into {}: {others}. Leave --database-url out, or name a database that is empty",
            shown_url(&url)
        ),
        Err(error) => Err(super::explained(error, &url, config).await),
    }
}

/// Removes the demo's database file of an earlier run. A database that was named is somebody's: it is left alone, unless it is not there.
///
/// # Errors
/// A named database that exists, or a file that cannot be removed.
pub(super) fn remove_database(config: &Config) -> anyhow::Result<()> {
    let url = config.database_url_or(DATABASE_FILE)?;
    let file = database_file(&url);
    if config.database_url.is_some() {
        let exists = file.as_deref().is_none_or(Path::exists);
        anyhow::ensure!(
            !exists,
            "--fresh removes only the demo's own database, not {}; remove that yourself, or leave --fresh out",
            shown_url(&url)
        );
        return Ok(());
    }
    let Some(file) = file else { return Ok(()) };
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut path = file.clone().into_os_string();
        path.push(suffix);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", Path::new(&path).display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The file of an embedded database.
pub(super) fn database_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"))?;
    Some(PathBuf::from(path.split('?').next().unwrap_or(path)))
}

/// A database address without the password it may hold.
pub(super) fn shown_url(url: &str) -> &str {
    url.rsplit_once('@').map_or(url, |(_, server)| server)
}

/// Fills the demo in, unless the books have it, and prints what they then say of themselves.
///
/// # Errors
/// What the use cases answer, or an output that cannot be written.
pub async fn fill_and_summarise(app: &App, actor: &Actor, charges: usize, out: &mut impl Write) -> anyhow::Result<()> {
    let begun = app.clock().now();
    let bar = io::stderr().is_terminal().then(|| ProgressBar::new(0));
    if let Some(bar) = &bar {
        let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} charges, {per_sec}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    }
    let options = DemoOptions { seed: DEFAULT_SEED, charges, days_end: None };
    let filled = fill(app, actor, options, |done, of| {
        if let Some(bar) = &bar {
            bar.set_length(of);
            bar.set_position(done);
        }
    })
    .await;
    bar.iter().for_each(ProgressBar::finish_and_clear);
    let summary = filled?;
    let millis = app.clock().now().signed_duration_since(begun).num_milliseconds();
    print_filled(out, &summary, millis)?;
    let today = Day::from_date(app.clock().now().date_naive());
    let report = trial_balance(app, actor, today).await?;
    print_trial_balance(out, &report.balance, today)?;
    // Spend since the demo of any earlier day began, so that a demo filled before is shown whole.
    let range = DayRange::new(Day::from_date(chrono::NaiveDate::default()), today.next())?;
    let query = SpendQuery { group_by: vec![SpendKey::Block(SpendDimension::Client)], ..SpendQuery::of(range) };
    print_spend(out, &spend(app, actor, query).await?)?;
    Ok(())
}

fn print_filled(out: &mut impl Write, summary: &DemoSummary, millis: i64) -> io::Result<()> {
    if summary.was_there {
        return writeln!(out, "The books hold the demo already; nothing was sent. (--fresh begins anew)\n");
    }
    let seconds = format!("{}.{}", millis / 1_000, millis % 1_000 / 100);
    writeln!(out, "Brightwater, {} to {}, filled in {seconds} s:", summary.first_day, summary.last_day)?;
    let figures = [
        ("charges recorded", summary.recorded),
        ("replayed (sent twice)", summary.replayed),
        ("unpriced (no price yet)", summary.unpriced),
        ("rejected", summary.rejected),
        ("journal entries", summary.entries),
    ];
    for (name, figure) in figures {
        writeln!(out, "  {name:<26}{:>12}", grouped(figure))?;
    }
    if let Some(rejection) = &summary.first_rejection {
        writeln!(out, "  the first refusal: {rejection}")?;
    }
    writeln!(out)
}

fn print_trial_balance(out: &mut impl Write, balance: &TrialBalance, as_of: Day) -> io::Result<()> {
    writeln!(out, "Trial balance as of {}", as_of.to_date())?;
    writeln!(out, "  {:<6}{:<34}{:>24}{:>24}", "", "", "debit", "credit")?;
    for row in &balance.rows {
        let (debit, credit) = (amount(row.debit, row.currency), amount(row.credit, row.currency));
        writeln!(out, "  {:<6}{:<34}{debit:>24}{credit:>24} {}", row.account.code, row.account.name, row.currency)?;
    }
    for total in &balance.totals {
        let (debit, credit) = (amount(total.debit, total.currency), amount(total.credit, total.currency));
        let verdict = if total.debit == total.credit { "they are equal" } else { "THEY DIFFER: run `tallybook verify`" };
        writeln!(out, "  {:<40}{debit:>24}{credit:>24} {}  {verdict}", "total", total.currency)?;
    }
    writeln!(out)
}

fn print_spend(out: &mut impl Write, report: &SpendReport) -> io::Result<()> {
    for (currency, total) in &report.totals {
        let currency = *currency;
        let mut rows: Vec<_> = report.rows.iter().filter(|row| row.currency == currency).collect();
        rows.sort_by(|left, right| right.cost.cmp(&left.cost).then_with(|| left.keys.cmp(&right.keys)));
        let unattributed = report.unattributed.get(&currency).copied().unwrap_or(0);
        writeln!(out, "Spend by client, {} {currency} in all", amount(*total, currency))?;
        for row in rows.iter().take(TOP_CLIENTS) {
            let client = row.keys.first().and_then(|key| key.1.as_deref()).unwrap_or("(no client)");
            writeln!(
                out,
                "  {client:<40}{:>24}{:>9}{:>12} charges",
                amount(row.cost, currency),
                percent(row.cost, *total),
                grouped(row.charges)
            )?;
        }
        if rows.len() > TOP_CLIENTS {
            let rest: i128 = rows.iter().skip(TOP_CLIENTS).map(|row| row.cost).sum();
            writeln!(out, "  {:<40}{:>24}{:>9}", "others", amount(rest, currency), percent(rest, *total))?;
        }
        writeln!(out, "  {:<40}{:>24}{:>9}", "of it unattributed", amount(unattributed, currency), percent(unattributed, *total))?;
    }
    writeln!(out, "{} charges wait for a price.\n", grouped(report.unpriced_charges))
}

/// Ledger units as text with every decimal the ledger keeps, so that columns foot to the eye.
fn amount(units: i128, currency: Currency) -> String {
    let scale = usize::try_from(currency.ledger_scale()).unwrap_or(0);
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale.saturating_add(1));
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(scale));
    let sign = if units < 0 { "-" } else { "" };
    format!("{sign}{}.{fraction}", grouped(whole))
}

/// A share in percent with two decimals, rounded down.
fn percent(part: i128, whole: i128) -> String {
    let hundredths = part.saturating_mul(10_000).checked_div(whole).unwrap_or(0);
    let sign = if hundredths < 0 { "-" } else { "" };
    let hundredths = hundredths.unsigned_abs();
    format!("{sign}{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// Three questions to the served demo, ready to paste into a shell.
pub fn sample_queries(address: &str, token: &str) -> String {
    // The key of a demo's first charge depends on the seed alone.
    let first = Charges::new(DEFAULT_SEED, chrono::NaiveDate::default(), DEFAULT_CHARGES).charge(0);
    let trial_balance = "query ($asOf: Date!) { trialBalance(asOf: $asOf) { rows { account { code name } currency debit credit balance } totals { currency debit credit } } }";
    let spend = "query ($from: Date!, $to: Date!) { spend(from: $from, to: $to, groupBy: [TEAM, PROJECT], interval: MONTH) { rows { period keys { dimension code } cost { amount currency } charges } unattributed { amount currency } } }";
    let charge = "query ($source: String!, $externalId: String!) { charge(source: $source, externalId: $externalId) { status occurredAt exactCost rating { meter quantity unitPrice per amount } attribution { team project client feature ruleCode } journalEntry { number postings { side amount { amount currency } account { code name } } } } }";
    let curl = |about: &str, query: &str, variables: &str| {
        format!(
            "# {about}\ncurl -s http://{address}/graphql -w '\\n' -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\\n  -d '{{\"query\":\"{query}\",\"variables\":{variables}}}'\n"
        )
    };
    // The shell fills today's date in, outside the quotes.
    let today = "'$(date -u +%F)'";
    let quarter = "'$(date -u -d -100days +%F)'";
    [
        format!("Serving GraphQL, and GraphiQL for a browser, at http://{address}/graphql (Ctrl-C ends it). A token for 24 hours:\n\nTOKEN={token}\n"),
        curl("The trial balance of today: debits and credits are equal", trial_balance, &format!("{{\"asOf\":\"{today}\"}}")),
        curl("Spend by team and project, month by month", spend, &format!("{{\"from\":\"{quarter}\",\"to\":\"{today}\"}}")),
        curl(
            "One charge, from its rating to its journal entry",
            charge,
            &format!("{{\"source\":\"{}\",\"externalId\":\"{}\"}}", first.source, first.external_id),
        ),
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_show_every_decimal_of_the_ledger() {
        for (units, shown) in
            [(0, "0.000000000"), (1, "0.000000001"), (1_234_500_000_000, "1,234.500000000"), (-2_000_000_000, "-2.000000000")]
        {
            assert_eq!(amount(units, Currency::USD), shown);
        }
        assert_eq!((percent(1, 3), percent(-1, 200), percent(1, 0)), ("33.33 %".into(), "-0.50 %".into(), "0.00 %".into()));
    }

    #[test]
    fn the_sample_queries_are_three_with_the_token_and_no_stray_quote() {
        let text = sample_queries("127.0.0.1:8080", "abc.def.ghi");
        assert_eq!(text.matches("curl -s http://127.0.0.1:8080/graphql").count(), 3);
        assert!(text.contains("TOKEN=abc.def.ghi"));
        for body in text.split("-d '").skip(1) {
            // What the shell makes of it is JSON.
            let body = body
                .split("'\n")
                .next()
                .unwrap()
                .replace("'$(date -u +%F)'", "2026-11-23")
                .replace("'$(date -u -d -100days +%F)'", "2026-08-15");
            let json: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert!(json["query"].as_str().unwrap().starts_with("query ("));
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(shown_url("postgres://ana:secret@db/books"), "db/books");
        assert_eq!(shown_url("sqlite://books.db"), "sqlite://books.db");
    }
}
