//! `tallybook bench`: figures of this machine, each beside a floor measured in the same run.

mod single;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::app::bench::{
    AllocationSizes, IngestSizes, MarginSizes, Measured, Target, allocation, ingest, margin_bench, peak_memory_kib, reports, sealing,
    what_if_bench,
};

#[derive(Args)]
pub struct BenchArgs {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Only the benches whose name begins like this: ingest-sqlite, ingest-postgres, single-graphql, report, verify, margin, allocation, what-if, sealing
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Charges measured by the ingest benches and by what-if; charges beneath the margins
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    charges: u64,
    /// Lines handed in together
    #[arg(long, default_value_t = 2_000)]
    batch: usize,
    /// Charges the books hold before ingest is measured
    #[arg(long, default_value_t = 0)]
    history: u64,
    /// Sizes of history at which reports and verify are measured
    #[arg(long, num_args = 2, default_values_t = [1_000_000, 5_000_000], value_names = ["SMALL", "LARGE"])]
    report_history: Vec<u64>,
    /// Time entries beneath the margins
    #[arg(long, default_value_t = 50_000)]
    time_entries: u64,
    /// Pools, mutual service centers and receivers of the allocation benches
    #[arg(long, num_args = 3, default_values_t = [500, 100, 5_000], value_names = ["POOLS", "MUTUAL", "RECEIVERS"])]
    allocation_sizes: Vec<u64>,
    /// A PostgreSQL server on which databases may be created [default: DATABASE_URL, else TALLYBOOK_TEST_POSTGRES, else none]
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Where the SQLite files go while measuring [default: the directory for temporary files]
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
}

impl BenchArgs {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.starts_with(only.as_str()) || only.starts_with(name))
    }

    fn postgres(&self) -> Option<Target> {
        let named = ["DATABASE_URL", "TALLYBOOK_TEST_POSTGRES"].into_iter().filter_map(|name| std::env::var(name).ok());
        let url = self.postgres.iter().cloned().chain(named).find(|url| url.starts_with("postgres"));
        url.map(Target::Postgres)
    }
}

pub async fn run(args: BenchArgs) -> Result<ExitCode, anyhow::Error> {
    if cfg!(debug_assertions) {
        eprintln!("This is a debug build: figures count only with `cargo run --release -- bench`.");
    }
    if args.wants("allocation") && args.allocation_sizes.contains(&0) {
        anyhow::bail!("--allocation-sizes are numbers of pools, mutual service centers and receivers: give at least one of each");
    }
    let sqlite = Target::Sqlite(args.directory.clone().unwrap_or_else(std::env::temp_dir));
    let sizes = IngestSizes { charges: args.charges, batch: args.batch, history: args.history };
    if args.wants("ingest-sqlite") {
        print(&args, ingest_figures("ingest-sqlite", sizes, &ingest(&sqlite, sizes, &progress).await?));
    }
    if args.wants("sealing") {
        print(&args, json!({ "name": "sealing", "entries": args.charges, "perSecond": per_second(args.charges, sealing(args.charges)) }));
    }
    if args.wants("ingest-postgres") {
        match args.postgres() {
            Some(target) => print(&args, ingest_figures("ingest-postgres", sizes, &ingest(&target, sizes, &progress).await?)),
            None => eprintln!("ingest-postgres is left out: give a server with --postgres or DATABASE_URL"),
        }
    }
    if args.wants("single-graphql") {
        print(&args, single::measure(&sqlite).await?);
    }
    if args.wants("report") || args.wants("verify") {
        report_figures(&args, &sqlite, "sqlite").await?;
        if let Some(target) = args.postgres() {
            report_figures(&args, &target, "postgres").await?;
        }
    }
    if args.wants("allocation") {
        allocation_figures(&args, &sqlite, "sqlite").await?;
    }
    if args.wants("margin") {
        margin_figures(&args, &sqlite, "sqlite").await?;
        if let Some(target) = args.postgres() {
            margin_figures(&args, &target, "postgres").await?;
        }
    }
    if args.wants("what-if") {
        what_if_figures(&args, &sqlite, "sqlite").await?;
        if let Some(target) = args.postgres() {
            what_if_figures(&args, &target, "postgres").await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn allocation_figures(args: &BenchArgs, target: &Target, engine: &str) -> Result<(), anyhow::Error> {
    let [pools, mutual, receivers] = args.allocation_sizes.as_slice() else { anyhow::bail!("--allocation-sizes takes three sizes") };
    let sizes = AllocationSizes { pools: *pools, mutual: *mutual, receivers: *receivers, history: args.history };
    for measured in allocation(target, sizes, &progress).await? {
        print(
            args,
            json!({ "name": measured.name, "engine": engine, "history": args.history, "pools": measured.pools, "receivers": measured.receivers,
                "lines": measured.lines, "elapsedMs": milliseconds(measured.elapsed), "peakMemoryMiB": peak_memory_kib().map(|kib| kib / 1024) }),
        );
    }
    Ok(())
}

async fn margin_figures(args: &BenchArgs, target: &Target, engine: &str) -> Result<(), anyhow::Error> {
    let sizes = MarginSizes { charges: args.charges, time_entries: args.time_entries };
    let measured = margin_bench(target, sizes, &progress).await?;
    print(
        args,
        json!({ "name": "margin-time-entries", "engine": engine, "timeEntries": sizes.time_entries,
            "perSecond": per_second(sizes.time_entries, measured.recording) }),
    );
    for latency in &measured.latencies {
        let (p50, p99) = (latency.percentile(50), latency.percentile(99));
        print(
            args,
            json!({ "name": latency.report, "engine": engine, "charges": sizes.charges, "timeEntries": sizes.time_entries, "rows": measured.rows,
                "p50Ms": milliseconds(p50), "p99Ms": milliseconds(p99) }),
        );
    }
    Ok(())
}

async fn what_if_figures(args: &BenchArgs, target: &Target, engine: &str) -> Result<(), anyhow::Error> {
    for measured in what_if_bench(target, args.charges, &progress).await? {
        print(
            args,
            json!({ "name": measured.name, "engine": engine, "charges": measured.charges, "scenarios": measured.scenarios, "changed": measured.changed,
                "elapsedMs": milliseconds(measured.elapsed), "perSecond": per_second(measured.charges, measured.elapsed),
                "floorPerSecond": per_second(measured.charges, measured.floor), "peakMemoryMiB": peak_memory_kib().map(|kib| kib / 1024) }),
        );
    }
    Ok(())
}

async fn report_figures(args: &BenchArgs, target: &Target, engine: &str) -> Result<(), anyhow::Error> {
    let [small, large] = args.report_history.as_slice() else { anyhow::bail!("--report-history takes two sizes") };
    let measured = reports(target, [*small, (*large).max(*small)], &progress).await?;
    for latency in &measured.latencies {
        if args.wants(latency.report) {
            let (p50, p99) = (latency.percentile(50), latency.percentile(99));
            print(
                args,
                json!({ "name": latency.report, "engine": engine, "history": latency.history, "p50Ms": milliseconds(p50), "p99Ms": milliseconds(p99) }),
            );
        }
    }
    if let Some((entries, elapsed)) = measured.verified.filter(|_| args.wants("verify")) {
        print(
            args,
            json!({ "name": "verify", "engine": engine, "entries": entries, "perSecond": per_second(entries, elapsed), "peakMemoryMiB": peak_memory_kib().map(|kib| kib / 1024) }),
        );
    }
    Ok(())
}

fn ingest_figures(name: &str, sizes: IngestSizes, measured: &Measured) -> Value {
    let (path, floor) = (per_second(measured.charges, measured.path), per_second(measured.charges, measured.floor));
    json!({
        "name": name,
        "charges": sizes.charges,
        "batch": sizes.batch,
        "history": sizes.history,
        "perSecond": path,
        "floorPerSecond": floor,
        "ratio": decimal(path.saturating_mul(100) / floor.max(1), 2),
        "bytesPerCharge": measured.bytes_per_charge,
        "peakMemoryMiB": peak_memory_kib().map(|kib| kib / 1024),
    })
}

fn per_second(count: u64, elapsed: Duration) -> u64 {
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX).max(1);
    u64::try_from(u128::from(count) * 1_000_000 / u128::from(micros)).unwrap_or(u64::MAX)
}

fn milliseconds(elapsed: Duration) -> Value {
    decimal(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX), 3)
}

/// A JSON number with this many decimals.
fn decimal(units: u64, decimals: u32) -> Value {
    let scale = 10_u64.pow(decimals);
    let text = format!("{}.{:0width$}", units / scale, units % scale, width = usize::try_from(decimals).unwrap_or(0));
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

fn print(args: &BenchArgs, figures: Value) {
    if args.json {
        println!("{figures}");
        return;
    }
    let Value::Object(figures) = figures else { return };
    println!("{}", human(&figures));
}

fn human(figures: &Map<String, Value>) -> String {
    let name = figures.get("name").and_then(Value::as_str).unwrap_or_default();
    let rest = figures.iter().filter(|(key, value)| *key != "name" && !value.is_null());
    let rest: Vec<String> =
        rest.map(|(key, value)| format!("{key} {}", value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))).collect();
    format!("{name:<34}{}", rest.join("   "))
}

fn progress(what: &str, done: u64, total: u64) {
    use std::io::IsTerminal;
    if std::io::stderr().is_terminal() && total > 0 {
        eprint!("\r{what}: {done} of {total}        \r");
    }
}
