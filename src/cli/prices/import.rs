//! `tallybook prices import`: public price maps and our own CSV.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::PathBuf;

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};

use super::{SHOWN_REFUSALS, explained};
use crate::app::App;
use crate::app::auth::Actor;
use crate::app::masters::{self, ImportPriceMapError, SkippedPrice, read_instant, read_price_list};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// LiteLLM's public price map, model_prices_and_context_window.json
    Litellm,
    /// The columns of `prices export`
    Csv,
}

#[derive(Args)]
pub struct ImportArgs {
    #[arg(long, value_enum)]
    format: Format,
    /// The price list
    file: PathBuf,
    /// First day on which a list without dates applies [default: today for changed prices, 2015-01-01 for what had no price]
    #[arg(long, value_name = "DATE", value_parser = read_instant)]
    from: Option<DateTime<Utc>>,
    /// Name every line that was not taken, with the reason
    #[arg(long)]
    verbose: bool,
}

pub(super) async fn import(args: ImportArgs, app: &App, actor: &Actor, out: &mut impl Write) -> anyhow::Result<()> {
    let path = &args.file;
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let (imported, skipped) = match args.format {
        Format::Csv if args.from.is_some() => {
            anyhow::bail!("--from is for lists without dates; a CSV list has its dates in `effective_from`")
        }
        Format::Csv => {
            let inputs = read_price_list(BufReader::new(file)).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
            let imported = masters::import_prices(app, actor, inputs).await.map_err(explained);
            let imported = imported.with_context(|| format!("{}, where prices.0 is the first line below the header", path.display()))?;
            (imported, Vec::new())
        }
        Format::Litellm => {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let imported = masters::import_price_map(app, actor, BufReader::new(file), &name, args.from).await;
            let imported = match imported {
                // Its sentence has the cause in it.
                Err(ImportPriceMapError::Unreadable(error)) => anyhow::bail!("{}: {error}", path.display()),
                imported => imported.with_context(|| format!("{} cannot be imported", path.display()))?,
            };
            (imported.prices, imported.skipped)
        }
    };
    writeln!(out, "{} prices added, {} unchanged, {} skipped.", imported.added, imported.unchanged, skipped.len())?;
    write_skipped(&skipped, args.verbose, out)
}

fn write_skipped(skipped: &[SkippedPrice], is_verbose: bool, out: &mut impl Write) -> anyhow::Result<()> {
    if is_verbose {
        for SkippedPrice { model, reason } in skipped {
            writeln!(out, "  {model}: {reason}")?;
        }
        return Ok(());
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for SkippedPrice { reason, .. } in skipped {
        // The part that does not name the single price, so that equal reasons are counted together.
        let general = reason.rsplit_once(": ").map_or(reason.as_str(), |(_, general)| general);
        let count = counts.entry(general).or_default();
        *count = count.saturating_add(1);
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
    for (reason, count) in counts.iter().take(SHOWN_REFUSALS) {
        writeln!(out, "  {count:>6}  {reason}")?;
    }
    if let Some(more) = counts.len().checked_sub(SHOWN_REFUSALS).filter(|more| *more > 0) {
        writeln!(out, "          and {more} other reasons")?;
    }
    if !skipped.is_empty() {
        writeln!(out, "--verbose names each line that was not taken.")?;
    }
    Ok(())
}
