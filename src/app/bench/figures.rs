//! What one bench found, as one JSON object. A key with a sibling `...Quartiles` is a median.

use std::time::Duration;

use serde_json::{Map, Value};

use super::statistics::Quartiles;

pub(super) const QUARTILES: &str = "Quartiles";

#[derive(Debug, Clone)]
pub struct Figures(Map<String, Value>);

impl Figures {
    pub fn new(name: &str) -> Self {
        Self(Map::new()).with("name", name)
    }

    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// A median of whole numbers, and its quartiles.
    #[must_use]
    pub fn with_quartiles(self, key: &str, quartiles: Option<Quartiles>) -> Self {
        let figures = self.with(key, quartiles.map(|quartiles| quartiles.median));
        figures.with(&format!("{key}{QUARTILES}"), quartiles.map(|quartiles| vec![quartiles.lower, quartiles.upper]))
    }

    /// A time in milliseconds.
    #[must_use]
    pub fn with_time(self, key: &str, time: Option<Duration>) -> Self {
        self.with(key, time.map_or(Value::Null, |time| milliseconds(microseconds(time))))
    }

    /// The median of times in milliseconds, and its quartiles.
    #[must_use]
    pub fn with_times(self, key: &str, times: impl IntoIterator<Item = Duration>) -> Self {
        let times: Vec<_> = times.into_iter().collect();
        let median = Quartiles::of(times.iter().copied().map(microseconds)).map(|quartiles| Duration::from_micros(quartiles.median));
        self.with_time(key, median).with_quartiles_of_times(key, times)
    }

    /// The quartiles of times in milliseconds.
    #[must_use]
    pub fn with_quartiles_of_times(self, key: &str, times: impl IntoIterator<Item = Duration>) -> Self {
        let quartiles = Quartiles::of(times.into_iter().map(microseconds));
        self.with(
            &format!("{key}{QUARTILES}"),
            quartiles.map(|quartiles| vec![milliseconds(quartiles.lower), milliseconds(quartiles.upper)]),
        )
    }

    /// Times of runs without a baseline: their number, their median, and how they spread.
    #[must_use]
    pub fn with_repeats(self, key: &str, times: &[Duration]) -> Self {
        let spread = Quartiles::of(times.iter().copied().map(microseconds)).and_then(Quartiles::spread);
        self.with("runs", times.len()).with_times(key, times.iter().copied()).with_spread(spread)
    }

    /// A spread that is in tenths of a percent, in percent.
    #[must_use]
    pub fn with_spread(self, spread: Option<u64>) -> Self {
        self.with("spread", spread.map_or(Value::Null, |spread| decimal(spread, 1)))
    }

    /// A ratio that is in millionths.
    #[must_use]
    pub(super) fn with_ratio(self, ratio: Option<Quartiles>, is_told: bool) -> Self {
        let number = |millionths: u64| decimal(millionths / 100, 4);
        let figures = self.with("ratio", ratio.filter(|_| is_told).map_or(Value::Null, |ratio| number(ratio.median)));
        figures.with(&format!("ratio{QUARTILES}"), ratio.map(|ratio| vec![number(ratio.lower), number(ratio.upper)]))
    }

    pub fn name(&self) -> &str {
        self.0.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// Lower and upper quartile of a median.
    pub fn quartiles(&self, key: &str) -> Option<[&Value; 2]> {
        match self.get(&format!("{key}{QUARTILES}"))?.as_array()?.as_slice() {
            [lower, upper] => Some([lower, upper]),
            _ => None,
        }
    }

    /// The spread, where there is no ratio because of it.
    pub fn too_wide(&self) -> Option<&Value> {
        self.get("spread").filter(|_| self.0.get("ratio").is_some_and(Value::is_null))
    }

    /// Keys and values without the quartiles, which [`Self::quartiles`] gives, and without name and what is unknown.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        let all = self.0.iter().filter(|(key, value)| *key != "name" && !key.ends_with(QUARTILES) && !value.is_null());
        all.map(|(key, value)| (key.as_str(), value))
    }

    pub fn to_json(&self) -> Value {
        Value::Object(self.0.clone())
    }

    pub(super) fn of_json(value: Value) -> Option<Self> {
        match value {
            Value::Object(map) if map.get("name").is_some_and(Value::is_string) => Some(Self(map)),
            _ => None,
        }
    }
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn milliseconds(micros: u64) -> Value {
    decimal(micros, 3)
}

/// A JSON number with this many decimals.
fn decimal(units: u64, decimals: u32) -> Value {
    let scale = 10_u64.pow(decimals);
    let text = format!("{}.{:0width$}", units / scale, units % scale, width = usize::try_from(decimals).unwrap_or(0));
    serde_json::from_str(&text).unwrap_or(Value::Null)
}
