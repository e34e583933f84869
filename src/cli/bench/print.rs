//! Figures as JSON lines, as lines for people, and as the table of docs/PERFORMANCE.md.

use serde_json::Value;

use super::args::BenchArgs;
use crate::app::bench::{Change, Comparison, Counterpart, EarlierRun, Figures, sizes};

pub(super) struct Printer<'a> {
    args: &'a BenchArgs,
    printed: Vec<Figures>,
}

impl<'a> Printer<'a> {
    pub(super) fn new(args: &'a BenchArgs) -> Self {
        if args.markdown {
            println!("| Name | Command | Median | Floor | Ratio | Pairs | Spread |\n|---|---|---|---|---|---|---|");
        }
        Self { args, printed: Vec::new() }
    }

    pub(super) fn print(&mut self, figures: Figures) {
        if self.args.json {
            println!("{}", figures.to_json());
        } else if self.args.markdown {
            println!("{}", row(self.args, &figures));
        } else {
            println!("{}", human(&figures));
        }
        self.printed.push(figures);
    }

    pub(super) fn print_all(&mut self, all: Vec<Figures>) {
        all.into_iter().for_each(|figures| self.print(figures));
    }

    pub(super) fn compare(&self, earlier: &EarlierRun) {
        for comparison in earlier.compare(&self.printed, |name| self.args.wants(name)) {
            if self.args.json {
                println!("{}", earlier.to_json(&comparison));
            } else {
                println!("{}", compared(&comparison));
            }
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// A median with its quartiles in brackets.
fn human(figures: &Figures) -> String {
    let said = figures.entries().map(|(key, value)| match figures.quartiles(key) {
        Some([lower, upper]) => format!("{key} {} ({lower} to {upper})", plain(value)),
        None => format!("{key} {}", plain(value)),
    });
    let line = format!("{:<34}{}", figures.name(), said.collect::<Vec<_>>().join("   "));
    match figures.too_wide() {
        Some(spread) => format!("{line}\n{:<34}no ratio: its spread is {spread} %, ask for more pairs with --pairs", ""),
        None => line,
    }
}

/// A row of the table.
fn row(args: &BenchArgs, figures: &Figures) -> String {
    let (name, engine) = (figures.name(), figures.get("engine").and_then(Value::as_str));
    let of_time = |key: &str| figures.get(key).map(|value| format!("{} ms", grouped(&plain(value))));
    let of_rate = |key: &str| figures.get(key).map(|value| format!("{}/s", grouped(&plain(value))));
    let p50 = of_time("p50Ms").map(|p50| of_time("p99Ms").map_or_else(|| p50.clone(), |p99| format!("p50 {p50}, p99 {p99}")));
    let told = [of_rate("perSecond"), p50, of_time("elapsedMs")].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let floor = of_rate("floorPerSecond").or_else(|| of_time("floorMs")).unwrap_or_default();
    let ratio = figures.get("ratio").map(plain).unwrap_or_default();
    let pairs = figures.get("pairs").map(plain).or_else(|| figures.get("runs").map(|runs| format!("{runs} runs"))).unwrap_or_default();
    let spread = figures.get("spread").map(|spread| format!("{spread} %")).unwrap_or_default();
    let sizes = sizes(figures);
    let of = if sizes.is_empty() { String::new() } else { format!(" ({sizes})") };
    format!("| {name}{of} | `{}` | {told} | {floor} | {ratio} | {pairs} | {spread} |", args.command(name, engine))
}

/// Commas between the thousands.
fn grouped(number: &str) -> String {
    let (whole, decimals) = number.split_once('.').map_or((number, String::new()), |(whole, decimals)| (whole, format!(".{decimals}")));
    let mut grouped = String::new();
    for (digit, left) in whole.chars().zip((0..whole.len()).rev()) {
        grouped.push(digit);
        if left > 0 && left % 3 == 0 {
            grouped.push(',');
        }
    }
    grouped + &decimals
}

fn compared(comparison: &Comparison) -> String {
    let head = format!("{} ({}): ", comparison.name, comparison.sizes);
    match &comparison.counterpart {
        Counterpart::NotThen => head + "no counterpart in the earlier run",
        Counterpart::NotNow => head + "no counterpart in this run",
        Counterpart::Found(changes) if changes.is_empty() => head + "no median that both runs have",
        Counterpart::Found(changes) => head + &changes.iter().map(told).collect::<Vec<_>>().join("; "),
    }
}

fn told(change: &Change) -> String {
    let percent = change.percent.map_or_else(|| "from nothing".to_owned(), |percent| format!("{percent:+} %"));
    let verdict = match (change.has_moved, change.is_better) {
        (false, _) => "within the spread",
        (true, true) => "better",
        (true, false) => "worse",
    };
    format!("{} was {}, is {}: {percent}, {verdict}", change.key, change.then, change.now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(["7", "123", "1234", "1234567.5"].map(grouped), ["7", "123", "1,234", "1,234,567.5"]);
    }
}
