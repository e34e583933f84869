//! A run held against an earlier one: which medians moved by more than they spread.

use std::path::Path;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::figures::Figures;

/// What was asked for: two lines are of the same bench where these agree. The number of pairs may differ: a median stays a median.
const INPUTS: [&str; 10] =
    ["engine", "charges", "batch", "history", "timeEntries", "pools", "receivers", "requests", "connections", "scenarios"];
/// Medians, in the order they are told.
const MEDIANS: [&str; 6] = ["ratio", "perSecond", "floorPerSecond", "p50Ms", "floorMs", "elapsedMs"];
/// On lines of a comparison, which are no figures.
const MARK: &str = "comparedWith";

/// The figures of an earlier run.
#[derive(Debug, Clone)]
pub struct EarlierRun {
    file: String,
    figures: Vec<Figures>,
}

/// One median in both runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub key: &'static str,
    pub then: Decimal,
    pub now: Decimal,
    /// Of the earlier value; `None` where that is zero.
    pub percent: Option<Decimal>,
    /// By more than the wider range of quartiles of the two runs.
    pub has_moved: bool,
    /// Times are better when they are less, all else when it is more.
    pub is_better: bool,
}

/// One bench in both runs.
#[derive(Debug, Clone)]
pub struct Comparison {
    pub name: String,
    /// What was asked for, in words.
    pub sizes: String,
    pub counterpart: Counterpart,
}

#[derive(Debug, Clone)]
pub enum Counterpart {
    Found(Vec<Change>),
    /// The earlier run did not measure it, or at other sizes.
    NotThen,
    /// Only the earlier run measured it.
    NotNow,
}

impl EarlierRun {
    /// Reads what `bench --json` printed.
    ///
    /// # Errors
    /// A sentence, when the file cannot be read or holds something else.
    pub fn read(path: &Path) -> Result<Self, String> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| format!("{file} cannot be read: {error}"))?;
        let mut figures = Vec::new();
        for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
            let found = serde_json::from_str(line).ok().and_then(Figures::of_json);
            let found = found.ok_or_else(|| format!("{file}, line {number}: not a line that `tallybook bench --json` printed"))?;
            if found.get(MARK).is_none() {
                figures.push(found);
            }
        }
        if figures.is_empty() {
            return Err(format!("{file} holds no figures: make it with `tallybook bench --json`"));
        }
        Ok(Self { file, figures })
    }

    /// Holds figures against this run. Of what only the earlier run measured, that of `wanted` names is told.
    pub fn compare(&self, now: &[Figures], wanted: impl Fn(&str) -> bool) -> Vec<Comparison> {
        let mut all = Vec::new();
        for figures in now {
            let counterpart = match self.figures.iter().find(|then| is_same(then, figures)) {
                Some(then) => Counterpart::Found(MEDIANS.iter().filter_map(|key| change(key, then, figures)).collect()),
                None => Counterpart::NotThen,
            };
            all.push(Comparison { name: figures.name().to_owned(), sizes: sizes(figures), counterpart });
        }
        let gone = self.figures.iter().filter(|then| wanted(then.name()) && !now.iter().any(|figures| is_same(then, figures)));
        all.extend(gone.map(|then| Comparison { name: then.name().to_owned(), sizes: sizes(then), counterpart: Counterpart::NotNow }));
        all
    }

    /// A comparison as one JSON object.
    pub fn to_json(&self, comparison: &Comparison) -> Value {
        let found = match &comparison.counterpart {
            Counterpart::Found(_) => "both",
            Counterpart::NotThen => "this run only",
            Counterpart::NotNow => "the earlier run only",
        };
        let changes: Vec<_> = match &comparison.counterpart {
            Counterpart::Found(changes) => changes.iter().map(Change::to_json).collect(),
            Counterpart::NotThen | Counterpart::NotNow => Vec::new(),
        };
        json!({ "name": comparison.name, "sizes": comparison.sizes, MARK: self.file, "measuredIn": found, "changes": changes })
    }
}

impl Change {
    fn to_json(&self) -> Value {
        let number = |decimal: &Decimal| serde_json::from_str(&decimal.to_string()).unwrap_or(Value::Null);
        let verdict = match (self.has_moved, self.is_better) {
            (false, _) => "within the spread",
            (true, true) => "better",
            (true, false) => "worse",
        };
        let percent = self.percent.as_ref().map(number);
        json!({ "key": self.key, "then": number(&self.then), "now": number(&self.now), "percent": percent, "moved": self.has_moved, "verdict": verdict })
    }
}

/// What was asked for, with the unit of each number behind it.
pub fn sizes(figures: &Figures) -> String {
    let said = INPUTS.into_iter().filter_map(|key| figures.get(key).map(|value| (key, value)));
    said.map(|(key, value)| value.as_str().map_or_else(|| format!("{key} {value}"), ToOwned::to_owned)).collect::<Vec<_>>().join(", ")
}

fn is_same(then: &Figures, now: &Figures) -> bool {
    then.name() == now.name() && INPUTS.iter().all(|key| then.get(key) == now.get(key))
}

fn decimal(value: &Value) -> Option<Decimal> {
    value.to_string().parse().ok()
}

fn change(key: &'static str, then: &Figures, now: &Figures) -> Option<Change> {
    let range = |figures: &Figures| {
        let [lower, upper] = figures.quartiles(key)?;
        decimal(upper)?.checked_sub(decimal(lower)?)
    };
    let widest = range(then)?.max(range(now)?);
    let (was, is) = (decimal(then.get(key)?)?, decimal(now.get(key)?)?);
    let difference = is.checked_sub(was)?;
    let percent = difference.checked_mul(Decimal::ONE_HUNDRED).and_then(|hundredfold| hundredfold.checked_div(was));
    let is_better = if key.ends_with("Ms") { difference < Decimal::ZERO } else { difference > Decimal::ZERO };
    Some(Change {
        key,
        then: was,
        now: is,
        percent: percent.map(|percent| percent.round_dp(1).normalize()),
        has_moved: difference.abs() > widest,
        is_better,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(lines: &[Value]) -> Vec<Figures> {
        lines.iter().cloned().filter_map(Figures::of_json).collect()
    }

    fn figures(ratio: &str, quartiles: [&str; 2], p50: &str) -> Value {
        serde_json::from_str(&format!(
            r#"{{"name":"a","engine":"sqlite","charges":1000,"pairs":10,"ratio":{ratio},"ratioQuartiles":[{},{}],"p50Ms":{p50},"p50MsQuartiles":[4.9,5.1]}}"#,
            quartiles[0], quartiles[1]
        ))
        .unwrap()
    }

    fn compared(then: Value, now: Value) -> Vec<Change> {
        let then = EarlierRun { file: "then".to_owned(), figures: run(&[then]) };
        let mut all = then.compare(&run(&[now]), |_| true);
        assert_eq!(all.len(), 1);
        match all.remove(0).counterpart {
            Counterpart::Found(changes) => changes,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_median_moves_when_it_differs_by_more_than_the_wider_range() {
        let changes = compared(figures("0.6", ["0.59", "0.61"], "5.0"), figures("0.63", ["0.62", "0.65"], "5.5"));
        let told: Vec<_> =
            changes.iter().map(|change| (change.key, change.percent.unwrap().to_string(), change.has_moved, change.is_better)).collect();
        // 0.03 is not more than the 0.03 between the later quartiles; half a millisecond is more than a fifth of one.
        assert_eq!(told, [("ratio", "5".to_owned(), false, true), ("p50Ms", "10".to_owned(), true, false)]);
        let changes = compared(figures("0.6", ["0.59", "0.61"], "5.0"), figures("0.5", ["0.49", "0.51"], "4.0"));
        assert!(changes[0].has_moved && !changes[0].is_better && changes[1].has_moved && changes[1].is_better, "{changes:?}");
    }

    #[test]
    fn a_ratio_that_was_not_told_is_not_compared() {
        let changes = compared(figures("null", ["0.3", "0.9"], "5.0"), figures("0.5", ["0.49", "0.51"], "5.0"));
        assert_eq!(changes.iter().map(|change| change.key).collect::<Vec<_>>(), ["p50Ms"]);
    }

    #[test]
    fn other_sizes_are_another_bench() {
        let mut larger = figures("0.6", ["0.59", "0.61"], "5.0");
        larger["charges"] = 2_000.into();
        larger["pairs"] = 20.into();
        let then = EarlierRun { file: "then".to_owned(), figures: run(&[larger.clone()]) };
        let all = then.compare(&run(&[figures("0.6", ["0.59", "0.61"], "5.0")]), |_| true);
        assert!(matches!(all[0].counterpart, Counterpart::NotThen) && matches!(all[1].counterpart, Counterpart::NotNow), "{all:?}");
        assert_eq!(then.compare(&[], |name| name == "b").len(), 0);
        // More pairs of the same sizes are the same bench.
        larger["pairs"] = 40.into();
        assert!(matches!(then.compare(&run(&[larger]), |_| true)[0].counterpart, Counterpart::Found(_)));
    }
}
