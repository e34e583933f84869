//! `tallybook prices`: reads and keeps the price book.

mod import;
mod list;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;
use chrono::{DateTime, NaiveTime, Utc};
use clap::{Args, Subcommand};

use self::import::{ImportArgs, import};
use self::list::{ListArgs, list};
use crate::app::auth::Actor;
use crate::app::masters::{
    self, AliasName, DiscountInput, ModelAlias, PriceFilter, PriceInput, read_instant, write_instant, write_price_list,
};
use crate::app::{App, AppError};
use crate::domain::money::Exact;
use crate::domain::usage::{Meter, Processing};

/// Refusals shown of a file; the others are counted.
const SHOWN_REFUSALS: usize = 20;

#[derive(Subcommand)]
pub enum PricesCommand {
    /// List the price book
    List(ListArgs),
    /// Set a price, which stands above imported and built-in ones
    Set(SetArgs),
    /// Write the price book as CSV, in the columns that `import --format csv` reads
    Export(ExportArgs),
    /// Import a price list, which stands above the built-in one and below prices that were set
    Import(ImportArgs),
    /// Save a contracted discount on the list prices of a provider or one of its models
    Discount(DiscountArgs),
    /// Save another name of a priced model
    Alias(AliasArgs),
}

#[derive(Args)]
pub struct SetArgs {
    /// Provider as charges name it, such as openai
    provider: String,
    /// Model, such as gpt-4o
    model: String,
    /// What is counted, such as input_tokens or output_tokens
    meter: String,
    /// Price for `--per` units, such as 2.50
    #[arg(allow_negative_numbers = true)]
    amount: String,
    /// Units that the amount is for
    #[arg(long, default_value = "1000000")]
    per: String,
    /// ISO 4217 code
    #[arg(long, default_value = "USD")]
    currency: String,
    /// First day (00:00 UTC) or instant (RFC 3339) at which the price applies [default: today]
    #[arg(long, value_name = "DATE", value_parser = read_instant)]
    from: Option<DateTime<Utc>>,
    /// First day or instant at which it no longer does
    #[arg(long, value_name = "DATE", value_parser = read_instant)]
    to: Option<DateTime<Utc>>,
    /// standard, batch, flex or priority
    #[arg(long, value_parser = read_processing)]
    processing: Option<Processing>,
    /// Service tier with a price of its own
    #[arg(long)]
    service_tier: Option<String>,
    /// Region with a price of its own
    #[arg(long)]
    region: Option<String>,
    /// The price of requests with more input tokens than this
    #[arg(long, value_name = "TOKENS")]
    above_input_tokens: Option<i64>,
    /// Where the price was read: an address or a contract
    #[arg(long)]
    source: Option<String>,
}

#[derive(Args)]
pub struct ExportArgs {
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Args)]
pub struct DiscountArgs {
    /// Provider as charges name it
    provider: String,
    /// Percent taken off the list price, above 0 and at most 100
    percent: String,
    /// Only this model [default: every model without a discount of its own]
    #[arg(long)]
    model: Option<String>,
    /// First day or instant at which the discount applies [default: today]
    #[arg(long, value_name = "DATE", value_parser = read_instant)]
    from: Option<DateTime<Utc>>,
    /// First day or instant at which it no longer does
    #[arg(long, value_name = "DATE", value_parser = read_instant)]
    to: Option<DateTime<Utc>>,
    /// The contract
    #[arg(long)]
    source: Option<String>,
}

#[derive(Args)]
pub struct AliasArgs {
    /// Provider as charges name it
    provider: String,
    /// The other name
    alias: String,
    /// The model whose prices count
    #[arg(required_unless_present = "remove")]
    model: Option<String>,
    /// Take the alias back: the name is priced as itself again
    #[arg(long, conflicts_with = "model")]
    remove: bool,
}

/// Runs one command and writes what it has to say to standard output.
///
/// # Errors
/// Refusals, database failures, and files that cannot be read or written; a closed pipe is an [`io::Error`] of kind `BrokenPipe`.
pub async fn run(command: PricesCommand, app: &App, actor: &Actor) -> anyhow::Result<()> {
    // Collected first: no lock on standard output is held while the database works.
    let mut out = Vec::new();
    match command {
        PricesCommand::List(args) => list(args, app, actor, &mut out).await?,
        PricesCommand::Set(args) => set(args, app, actor, &mut out).await?,
        PricesCommand::Export(args) => export(args, app, actor, &mut out).await?,
        PricesCommand::Import(args) => import(args, app, actor, &mut out).await?,
        PricesCommand::Discount(args) => discount(args, app, actor, &mut out).await?,
        PricesCommand::Alias(args) => alias(args, app, actor, &mut out).await?,
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(&out)?;
    stdout.flush()?;
    Ok(())
}

fn read_processing(word: &str) -> Result<Processing, String> {
    Processing::parse(word).ok_or_else(|| format!("`{word}` is none of standard, batch, flex and priority"))
}

fn today(app: &App) -> DateTime<Utc> {
    app.clock().now().date_naive().and_time(NaiveTime::MIN).and_utc()
}

async fn set(args: SetArgs, app: &App, actor: &Actor, out: &mut impl Write) -> anyhow::Result<()> {
    let input = PriceInput {
        provider: args.provider,
        model: args.model,
        meter: args.meter,
        per: args.per,
        amount: args.amount,
        currency: args.currency,
        effective_from: args.from.unwrap_or_else(|| today(app)),
        effective_to: args.to,
        processing: args.processing,
        service_tier: args.service_tier,
        region: args.region,
        above_input_tokens: args.above_input_tokens,
        source: args.source,
    };
    let saved = masters::save_prices(app, actor, vec![input]).await.map_err(explained)?;
    for price in &saved {
        let (terms, key) = (&price.terms, &price.terms.key);
        let (unit, from) = (&terms.unit_price, write_instant(terms.effective_from.to_instant()));
        let until = terms.effective_to.map(|moment| format!(" until {}", write_instant(moment.to_instant()))).unwrap_or_default();
        writeln!(
            out,
            "Price {}: {} {} costs {} {} per {} {}, from {from}{until}.",
            price.id,
            key.provider,
            key.model,
            unit.amount(),
            unit.currency(),
            unit.per(),
            key.meter
        )?;
        if matches!(key.meter, Meter::Other(_)) {
            writeln!(out, "`{}` is no standard meter: only charges that count it under this name are rated with it.", key.meter)?;
        }
    }
    writeln!(out, "Charges that are booked or wait keep their state until `rerateCharges` covers them.")?;
    Ok(())
}

async fn export(args: ExportArgs, app: &App, actor: &Actor, out: &mut Vec<u8>) -> anyhow::Result<()> {
    let prices = masters::prices(app, actor, PriceFilter::default()).await?;
    let Some(path) = args.output else { return Ok(write_price_list(out, &prices)?) };
    let file = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    write_price_list(BufWriter::new(file), &prices).with_context(|| format!("{} cannot be written", path.display()))?;
    writeln!(out, "{} prices written to {}.", prices.len(), path.display())?;
    Ok(())
}

async fn discount(args: DiscountArgs, app: &App, actor: &Actor, out: &mut impl Write) -> anyhow::Result<()> {
    let input = DiscountInput {
        provider: args.provider,
        model: args.model,
        percent: args.percent,
        effective_from: args.from.unwrap_or_else(|| today(app)),
        effective_to: args.to,
        source: args.source,
    };
    for discount in masters::save_discounts(app, actor, vec![input]).await.map_err(explained)? {
        let of = discount.model.as_deref().unwrap_or("every model without a discount of its own");
        let (id, from) = (discount.id, write_instant(discount.effective_from.to_instant()));
        writeln!(
            out,
            "Discount {id}: {} percent off the list price of {}, {of}, from {from}.",
            percent(discount.percent),
            discount.provider
        )?;
    }
    Ok(())
}

fn percent(percent: Exact) -> String {
    percent.normalized().to_string()
}

async fn alias(args: AliasArgs, app: &App, actor: &Actor, out: &mut impl Write) -> anyhow::Result<()> {
    let AliasArgs { provider, alias, model, .. } = args;
    let Some(model) = model else {
        let removed = masters::delete_model_aliases(app, actor, vec![AliasName { provider, alias }]).await.map_err(explained)?;
        if removed.is_empty() {
            writeln!(out, "The alias was taken back before.")?;
        }
        for removed in removed {
            writeln!(out, "{} `{}` is priced as itself, no longer as `{}`.", removed.provider, removed.alias, removed.model)?;
        }
        return Ok(());
    };
    let input = ModelAlias { provider, alias, model };
    for alias in masters::save_model_aliases(app, actor, vec![input]).await.map_err(explained)? {
        writeln!(out, "{} `{}` is priced as `{}`.", alias.provider, alias.alias, alias.model)?;
        let filter = PriceFilter { provider: Some(alias.provider), model: Some(alias.model.clone()), at: None };
        if masters::prices(app, actor, filter).await?.is_empty() {
            writeln!(out, "`{}` has no price yet: `tallybook prices set` gives it one.", alias.model)?;
        }
    }
    Ok(())
}

/// Refusals as sentences, the first of many.
fn explained(error: AppError) -> anyhow::Error {
    let AppError::Rejected(rejections) = error else { return error.into() };
    let mut text = String::from("nothing was saved");
    for rejection in rejections.iter().take(SHOWN_REFUSALS) {
        text.push_str(&format!("\n  {rejection}"));
    }
    if let Some(more) = rejections.len().checked_sub(SHOWN_REFUSALS).filter(|more| *more > 0) {
        text.push_str(&format!("\n  and {more} more"));
    }
    anyhow::Error::msg(text)
}
