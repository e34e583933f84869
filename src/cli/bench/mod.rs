//! `tallybook bench`: figures of this machine, each beside a baseline measured in turns with it.

mod args;
mod print;
mod single;

use std::process::ExitCode;

pub use args::BenchArgs;
use print::Printer;

use crate::app::bench::{
    AllocationSizes, Door, EarlierRun, IngestSizes, MarginSizes, ReportSizes, Target, allocation, ingest, margin_bench, reports, sealing,
    what_if_bench,
};
use crate::app::import_file::FileFormat;

pub async fn run(args: BenchArgs) -> Result<ExitCode, anyhow::Error> {
    args.check()?;
    let earlier = args.compare.as_deref().map(EarlierRun::read).transpose().map_err(anyhow::Error::msg)?;
    if cfg!(debug_assertions) {
        eprintln!("This is a debug build: figures count only with `cargo run --release -- bench`.");
    }
    let mut printer = Printer::new(&args);
    let sqlite = Target::Sqlite(args.directory());
    let mut targets = vec![&sqlite];
    let postgres = args.postgres();
    targets.extend(&postgres);
    measure_ingest(&args, &targets, &mut printer).await?;
    if args.wants("sealing") {
        printer.print(sealing(args.charges).await?);
    }
    if args.wants("single-graphql") {
        printer.print(single::measure(&sqlite, args.requests, args.pairs).await?);
    }
    for target in targets {
        measure_reading(&args, target, &mut printer).await?;
    }
    if args.wants("allocation") {
        let [pools, mutual, receivers] = args.allocation_sizes.as_slice() else { anyhow::bail!("--allocation-sizes takes three sizes") };
        let sizes = AllocationSizes { pools: *pools, mutual: *mutual, receivers: *receivers, history: args.history };
        printer.print_all(allocation(&sqlite, sizes, &progress).await?);
    }
    if let Some(earlier) = earlier {
        printer.compare(&earlier);
    }
    Ok(ExitCode::SUCCESS)
}

/// The charge stream and the imports of files.
async fn measure_ingest(args: &BenchArgs, targets: &[&Target], printer: &mut Printer<'_>) -> Result<(), anyhow::Error> {
    let sizes = IngestSizes { charges: args.charges, batch: args.batch, history: args.history, pairs: args.pairs };
    for target in targets {
        let name = format!("ingest-{}", target.engine());
        if args.wants(&name) {
            printer.print(ingest(&name, target, sizes, Door::Stream, &progress).await?);
        }
    }
    if args.wants("ingest-postgres") && targets.len() < 2 {
        eprintln!("ingest-postgres is left out: give a server with --postgres or DATABASE_URL");
    }
    for (name, format) in [("import-ndjson", FileFormat::Ndjson), ("import-csv", FileFormat::Csv { delimiter: None })] {
        for target in targets.iter().filter(|_| args.wants(name)) {
            printer.print(ingest(name, target, sizes, Door::File(format, args.directory()), &progress).await?);
        }
    }
    Ok(())
}

/// What reads the books.
async fn measure_reading(args: &BenchArgs, target: &Target, printer: &mut Printer<'_>) -> Result<(), anyhow::Error> {
    if args.wants("report") || args.wants("verify") {
        let [small, large] = args.report_history.as_slice() else { anyhow::bail!("--report-history takes two sizes") };
        let sizes = ReportSizes { history: [*small, (*large).max(*small)], pairs: args.pairs };
        printer.print_all(reports(target, sizes, &|name| args.wants(name), &progress).await?);
    }
    if args.wants("margin") {
        let sizes = MarginSizes { charges: args.charges, time_entries: args.time_entries, pairs: args.pairs };
        printer.print_all(margin_bench(target, sizes, &progress).await?);
    }
    if args.wants("what-if") {
        printer.print_all(what_if_bench(target, (args.charges, args.pairs), &progress).await?);
    }
    Ok(())
}

fn progress(what: &str, done: u64, total: u64) {
    use std::io::IsTerminal;
    if std::io::stderr().is_terminal() && total > 0 {
        eprint!("\r{what}: {done} of {total}        \r");
    }
}
