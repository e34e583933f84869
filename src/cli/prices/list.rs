//! `tallybook prices list`: a table for people, JSON lines for scripts.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::json;

use crate::app::App;
use crate::app::auth::Actor;
use crate::app::masters::{self, PriceFilter, read_instant, write_instant};
use crate::domain::rating::{Precedence, Price};

#[derive(Args)]
pub struct ListArgs {
    /// Only this provider, such as openai
    #[arg(long)]
    provider: Option<String>,
    /// Only this model, such as gpt-4o
    #[arg(long)]
    model: Option<String>,
    /// Only the prices that count at this day (00:00 UTC) or instant (RFC 3339)
    #[arg(long, value_name = "DATE", value_parser = read_instant)]
    at: Option<DateTime<Utc>>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn list(args: ListArgs, app: &App, actor: &Actor, out: &mut impl Write) -> anyhow::Result<()> {
    let filter = PriceFilter { provider: args.provider, model: args.model, at: args.at };
    let prices = masters::prices(app, actor, filter).await?;
    if args.json {
        prices.iter().try_for_each(|price| writeln!(out, "{}", as_json(price)))?;
        return Ok(());
    }
    if prices.is_empty() {
        writeln!(out, "No price fits. `tallybook prices list` without options lists all of them.")?;
        return Ok(());
    }
    write_table(&prices, out)?;
    Ok(())
}

fn as_json(price: &Price) -> serde_json::Value {
    let (terms, key) = (&price.terms, &price.terms.key);
    json!({
        "id": price.id.0,
        "provider": key.provider,
        "model": key.model,
        "meter": key.meter.code(),
        "per": terms.unit_price.per().to_string(),
        "amount": terms.unit_price.amount().to_string(),
        "currency": terms.unit_price.currency().code(),
        "effectiveFrom": terms.effective_from.to_instant().to_rfc3339(),
        "effectiveTo": terms.effective_to.map(|moment| moment.to_instant().to_rfc3339()),
        "processing": key.processing.as_str(),
        "serviceTier": key.service_tier,
        "region": key.region,
        "aboveInputTokens": key.above_input_tokens,
        "precedence": precedence(terms.precedence),
        "source": terms.source,
        "recordedAt": price.recorded_at.to_instant().to_rfc3339(),
    })
}

fn precedence(precedence: Precedence) -> &'static str {
    match precedence {
        Precedence::BuiltIn => "BUILT_IN",
        Precedence::Imported => "IMPORTED",
        Precedence::Set => "SET",
    }
}

fn write_table(prices: &[Price], out: &mut impl Write) -> io::Result<()> {
    let header =
        ["PROVIDER", "MODEL", "METER", "AMOUNT", "PER", "CUR", "FROM", "TO", "PROCESSING", "TIER", "REGION", "ABOVE", "ORIGIN", "SOURCE"];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(prices.iter().map(row));
    let mut widths = [0_usize; 14];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in &rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            // Figures stand under each other at their last digit.
            let padded = if matches!(column, 3 | 4 | 11) { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
            line.push_str(&padded);
            line.push_str("  ");
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn row(price: &Price) -> [String; 14] {
    let (terms, key) = (&price.terms, &price.terms.key);
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    [
        key.provider.clone(),
        key.model.clone(),
        key.meter.code().to_owned(),
        terms.unit_price.amount().to_string(),
        terms.unit_price.per().to_string(),
        terms.unit_price.currency().code().to_owned(),
        write_instant(terms.effective_from.to_instant()),
        terms.effective_to.map_or_else(|| "-".to_owned(), |moment| write_instant(moment.to_instant())),
        key.processing.as_str().to_owned(),
        or_dash(&key.service_tier),
        or_dash(&key.region),
        key.above_input_tokens.map_or_else(|| "-".to_owned(), |above| above.to_string()),
        precedence(terms.precedence).to_owned(),
        terms.source.clone(),
    ]
}
