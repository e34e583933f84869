//! What can be asked of `tallybook bench`.

use std::path::PathBuf;

use clap::Args;

use crate::app::bench::{PAIRS, Target};

/// Every bench, as `--only` names it.
const NAMES: [&str; 11] = [
    "ingest-sqlite",
    "ingest-postgres",
    "import-ndjson",
    "import-csv",
    "single-graphql",
    "report",
    "verify",
    "margin",
    "allocation",
    "what-if",
    "sealing",
];
const MOST_PAIRS: u64 = 1_000;
const CHARGES: u64 = 600_000;
const BATCH: usize = 2_000;
const REPORT_HISTORY: [u64; 2] = [1_000_000, 5_000_000];
const TIME_ENTRIES: u64 = 50_000;
const ALLOCATION_SIZES: [u64; 3] = [500, 100, 5_000];
const REQUESTS: u64 = 100_000;

#[derive(Args)]
pub struct BenchArgs {
    /// One JSON object a line
    #[arg(long)]
    pub(super) json: bool,
    /// The table at the head of docs/PERFORMANCE.md
    #[arg(long, conflicts_with_all = ["json", "compare"])]
    pub(super) markdown: bool,
    /// Hold this run against an earlier one: the file that `bench --json` of then wrote
    #[arg(long, value_name = "FILE")]
    pub(super) compare: Option<PathBuf>,
    /// Only the benches whose name begins like this: ingest-sqlite, ingest-postgres, import-ndjson, import-csv, single-graphql, report, verify,
    /// margin, allocation, what-if, sealing
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Pairs of a slice of what is measured and a slice of its baseline. A ratio that spreads by more than 5 % is printed only with more than 10
    #[arg(long, default_value_t = PAIRS, value_parser = pairs)]
    pub(super) pairs: u64,
    /// Charges measured by the ingest and import benches and by what-if, all pairs together; charges beneath the margins
    #[arg(long, default_value_t = CHARGES, value_parser = clap::value_parser!(u64).range(1_000..))]
    pub(super) charges: u64,
    /// Charges handed in together
    #[arg(long, default_value_t = BATCH)]
    pub(super) batch: usize,
    /// Charges the books, and the floor, hold before ingest and import are measured
    #[arg(long, default_value_t = 0)]
    pub(super) history: u64,
    /// Requests of single-graphql, all pairs together
    #[arg(long, default_value_t = REQUESTS, value_parser = clap::value_parser!(u64).range(1_000..))]
    pub(super) requests: u64,
    /// Sizes of history at which reports are measured; verify is measured at the first
    #[arg(long, num_args = 2, default_values_t = REPORT_HISTORY, value_names = ["SMALL", "LARGE"], value_parser = clap::value_parser!(u64).range(1_000..))]
    pub(super) report_history: Vec<u64>,
    /// Time entries beneath the margins
    #[arg(long, default_value_t = TIME_ENTRIES)]
    pub(super) time_entries: u64,
    /// Pools, mutual service centers and receivers of the allocation benches
    #[arg(long, num_args = 3, default_values_t = ALLOCATION_SIZES, value_names = ["POOLS", "MUTUAL", "RECEIVERS"])]
    pub(super) allocation_sizes: Vec<u64>,
    /// A PostgreSQL server on which databases may be created [default: DATABASE_URL, else TALLYBOOK_TEST_POSTGRES, else none]
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Where the SQLite files and the files to be imported go while measuring [default: the directory for temporary files]
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
}

fn pairs(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(pairs) if pairs < PAIRS => Err(format!("a median and its quartiles need at least {PAIRS} pairs; ask for {PAIRS} or more")),
        Ok(pairs) if pairs <= MOST_PAIRS => Ok(pairs),
        _ => Err(format!("pairs are a number from {PAIRS} to {MOST_PAIRS}")),
    }
}

impl BenchArgs {
    pub(super) fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.starts_with(only.as_str()) || only.starts_with(name))
    }

    pub(super) fn postgres(&self) -> Option<Target> {
        let named = ["DATABASE_URL", "TALLYBOOK_TEST_POSTGRES"].into_iter().filter_map(|name| std::env::var(name).ok());
        let url = self.postgres.iter().cloned().chain(named).find(|url| url.starts_with("postgres"));
        url.map(Target::Postgres)
    }

    pub(super) fn directory(&self) -> PathBuf {
        self.directory.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// What would otherwise come to nothing, or to a failure after minutes.
    pub(super) fn check(&self) -> Result<(), anyhow::Error> {
        anyhow::ensure!(NAMES.into_iter().any(|name| self.wants(name)), "--only names no bench; they are {}", NAMES.join(", "));
        anyhow::ensure!(
            !self.wants("allocation") || !self.allocation_sizes.contains(&0),
            "--allocation-sizes are numbers of pools, mutual service centers and receivers: give at least one of each"
        );
        Ok(())
    }

    /// The command that measures one bench again as this run did.
    pub(super) fn command(&self, name: &str, engine: Option<&str>) -> String {
        let joined = |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
        let all: [(&str, bool, String, &[&str]); 8] = [
            (
                "pairs",
                self.pairs != PAIRS,
                self.pairs.to_string(),
                &["ingest", "import", "single", "report", "verify", "margin", "what-if"],
            ),
            ("charges", self.charges != CHARGES, self.charges.to_string(), &["ingest", "import", "margin", "what-if", "sealing"]),
            ("batch", self.batch != BATCH, self.batch.to_string(), &["ingest", "import"]),
            ("history", self.history != 0, self.history.to_string(), &["ingest", "import", "allocation"]),
            ("requests", self.requests != REQUESTS, self.requests.to_string(), &["single"]),
            ("report-history", self.report_history != REPORT_HISTORY, joined(&self.report_history), &["report", "verify"]),
            ("time-entries", self.time_entries != TIME_ENTRIES, self.time_entries.to_string(), &["margin"]),
            ("allocation-sizes", self.allocation_sizes != ALLOCATION_SIZES, joined(&self.allocation_sizes), &["allocation"]),
        ];
        let given = all.into_iter().filter(|(_, is_given, _, of)| *is_given && of.iter().any(|of| name.starts_with(of)));
        let given: String = given.map(|(option, _, value, _)| format!(" --{option} {value}")).collect();
        let server = if engine == Some("postgres") { " --postgres URL" } else { "" };
        format!("bench --only {name}{given}{server}")
    }
}
