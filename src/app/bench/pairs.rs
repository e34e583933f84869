//! Path and baseline in turns: slices of both, one after the other, in an order that changes from pair to pair. What disturbs the machine
//! for a while disturbs both sides of a pair; what disturbs one side alone is one pair of many, and a median passes over it.

use std::future::Future;
use std::time::Duration;

use super::figures::Figures;
use super::statistics::{Quartiles, per_second, percentile, ratio};
use crate::app::{AppError, Stopwatch};

/// Pairs that are measured when nobody asks for more, and the fewest.
pub const PAIRS: u64 = 10;
/// Tenths of a percent: a ratio that spreads more is printed only where more pairs were asked for.
const WIDE: u64 = 50;
/// Runs of what has no baseline: at least so many, and more of them while they are quick.
const FEWEST_REPEATS: usize = 5;
const MOST_REPEATS: usize = 20;
const LONG_ENOUGH: Duration = Duration::from_secs(3);

/// What is measured, and what it is held against.
pub trait Sides {
    type Error;

    /// Makes the slice of a pair ready, unmeasured. Answers how much both sides work on.
    fn prepare(&mut self, pair: u64) -> impl Future<Output = Result<u64, Self::Error>>;
    /// The slice through the path, and the time it took.
    fn path(&mut self) -> impl Future<Output = Result<Duration, Self::Error>>;
    /// The slice through the baseline, and the time it took.
    fn floor(&mut self) -> impl Future<Output = Result<Duration, Self::Error>>;
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    count: u64,
    path: Duration,
    floor: Duration,
}

/// What pairs of slices took.
#[derive(Debug, Clone, Default)]
pub struct Paired(Vec<Pair>);

/// Measures pairs of slices.
///
/// # Errors
/// What either side answers.
pub async fn alternate<S: Sides>(sides: &mut S, pairs: u64) -> Result<Paired, S::Error> {
    let mut measured = Paired::default();
    for pair in 0..pairs {
        let count = sides.prepare(pair).await?;
        let (path, floor) = if pair % 2 == 0 {
            let path = sides.path().await?;
            (path, sides.floor().await?)
        } else {
            let floor = sides.floor().await?;
            (sides.path().await?, floor)
        };
        measured.0.push(Pair { count, path, floor });
    }
    Ok(measured)
}

/// The numbers of one slice of many.
pub fn slice_of(total: u64, pair: u64, pairs: u64) -> std::ops::Range<u64> {
    let at = |pair: u64| u64::try_from(u128::from(total) * u128::from(pair) / u128::from(pairs.max(1))).unwrap_or(total);
    at(pair)..at(pair + 1)
}

impl Paired {
    /// Adds the rates of both sides, and what [`Self::ratio_into`] adds.
    pub fn rates_into(&self, figures: Figures) -> Figures {
        let path = Quartiles::of(self.0.iter().map(|pair| per_second(pair.count, pair.path)));
        let floor = Quartiles::of(self.0.iter().map(|pair| per_second(pair.count, pair.floor)));
        self.ratio_into(figures.with_quartiles("perSecond", path).with_quartiles("floorPerSecond", floor))
    }

    /// Adds the time of a slice of the path.
    pub fn elapsed_into(&self, figures: Figures) -> Figures {
        figures.with_times("elapsedMs", self.0.iter().map(|pair| pair.path))
    }

    /// Adds `pairs`, `spread` in percent, and `ratio` with its quartiles. There is no ratio where it spreads too much to say anything,
    /// unless more pairs than usual were asked for.
    pub fn ratio_into(&self, figures: Figures) -> Figures {
        let ratio = Quartiles::of(self.0.iter().map(|pair| ratio(pair.path, pair.floor)));
        let spread = ratio.and_then(Quartiles::spread);
        let pairs = u64::try_from(self.0.len()).unwrap_or(u64::MAX);
        let is_told = pairs > PAIRS || spread.is_some_and(|spread| spread <= WIDE);
        figures.with("pairs", pairs).with_spread(spread).with_ratio(ratio, is_told)
    }
}

/// Runs of one reading in slices, beside as many runs of its baseline.
pub struct Readings {
    paired: Paired,
    runs: usize,
    path: Vec<Duration>,
    floor: Vec<Duration>,
}

struct Runs<P, F> {
    runs: usize,
    path: (P, Vec<Duration>),
    floor: (F, Vec<Duration>),
}

impl<P: AsyncFnMut() -> Result<(), AppError>, F: AsyncFnMut() -> Result<(), AppError>> Sides for Runs<P, F> {
    type Error = AppError;

    async fn prepare(&mut self, _pair: u64) -> Result<u64, AppError> {
        Ok(1)
    }

    async fn path(&mut self) -> Result<Duration, AppError> {
        run(&mut self.path, self.runs).await
    }

    async fn floor(&mut self) -> Result<Duration, AppError> {
        run(&mut self.floor, self.runs).await
    }
}

/// The median of some runs: a slice of a few milliseconds, one of which met something else, would otherwise say nothing.
async fn run((read, times): &mut (impl AsyncFnMut() -> Result<(), AppError>, Vec<Duration>), runs: usize) -> Result<Duration, AppError> {
    let before = times.len();
    for _ in 0..runs {
        let watch = Stopwatch::start();
        read().await?;
        times.push(watch.elapsed());
    }
    Ok(times.get(before..).and_then(|slice| percentile(slice, 50)).unwrap_or_default())
}

/// Reads at least `runs` times, in `pairs` slices, and its baseline as often.
///
/// # Errors
/// What either side answers.
pub async fn readings(
    pairs: u64,
    runs: u64,
    path: impl AsyncFnMut() -> Result<(), AppError>,
    floor: impl AsyncFnMut() -> Result<(), AppError>,
) -> Result<Readings, AppError> {
    let runs = usize::try_from(runs.div_ceil(pairs.max(1))).unwrap_or(1);
    let mut sides = Runs { runs, path: (path, Vec::new()), floor: (floor, Vec::new()) };
    let paired = alternate(&mut sides, pairs).await?;
    Ok(Readings { paired, runs, path: sides.path.1, floor: sides.floor.1 })
}

impl Readings {
    /// Adds `p50Ms` and `p99Ms` over all runs, `floorMs`, and the ratio. Quartiles of times are those of the medians of the slices.
    pub fn into_figures(self, figures: Figures) -> Figures {
        let figures = figures.with_time("p50Ms", percentile(&self.path, 50)).with_time("p99Ms", percentile(&self.path, 99));
        let figures = figures.with_time("floorMs", percentile(&self.floor, 50));
        let medians = |times: &[Duration]| times.chunks(self.runs.max(1)).filter_map(|slice| percentile(slice, 50)).collect::<Vec<_>>();
        let figures =
            figures.with_quartiles_of_times("p50Ms", medians(&self.path)).with_quartiles_of_times("floorMs", medians(&self.floor));
        self.paired.ratio_into(figures)
    }
}

/// Runs what has no natural baseline a few times.
///
/// # Errors
/// What it answers.
pub async fn repeat(mut run: impl AsyncFnMut() -> Result<(), AppError>) -> Result<Vec<Duration>, AppError> {
    let (mut times, whole) = (Vec::new(), Stopwatch::start());
    while times.len() < FEWEST_REPEATS || (times.len() < MOST_REPEATS && whole.elapsed() < LONG_ENOUGH) {
        let watch = Stopwatch::start();
        run().await?;
        times.push(watch.elapsed());
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Writes down who ran, and takes the times it is given.
    struct Told {
        order: String,
        ratios: Vec<u64>,
        pair: usize,
    }

    impl Sides for Told {
        type Error = AppError;

        async fn prepare(&mut self, pair: u64) -> Result<u64, AppError> {
            self.pair = usize::try_from(pair).unwrap();
            self.order.push('-');
            Ok(1_000)
        }

        async fn path(&mut self) -> Result<Duration, AppError> {
            self.order.push('p');
            Ok(Duration::from_millis(1_000))
        }

        async fn floor(&mut self) -> Result<Duration, AppError> {
            self.order.push('f');
            Ok(Duration::from_millis(self.ratios[self.pair % self.ratios.len()]))
        }
    }

    async fn measured(ratios: &[u64], pairs: u64) -> (String, Value) {
        let mut told = Told { order: String::new(), ratios: ratios.to_vec(), pair: 0 };
        let paired = alternate(&mut told, pairs).await.unwrap();
        (told.order, paired.rates_into(Figures::new("told")).to_json())
    }

    #[tokio::test]
    async fn the_order_is_swapped_from_pair_to_pair() {
        let (order, figures) = measured(&[500], 10).await;
        assert_eq!(order, "-pf-fp".repeat(5));
        assert_eq!(
            (&figures["pairs"], figures["spread"].to_string(), figures["ratio"].to_string()),
            (&json!(10), "0.0".to_owned(), "0.5000".to_owned())
        );
        assert_eq!((&figures["perSecond"], &figures["floorPerSecond"]), (&json!(1_000), &json!(2_000)));
    }

    #[tokio::test]
    async fn a_ratio_that_spreads_is_not_told_unless_more_pairs_were_asked_for() {
        let ratios = [500, 600, 700, 800, 900];
        let (_, few) = measured(&ratios, PAIRS).await;
        assert_eq!((&few["ratio"], few["spread"].to_string()), (&Value::Null, "28.5".to_owned()));
        let (_, more) = measured(&ratios, PAIRS + 5).await;
        assert_eq!((more["ratio"].to_string(), &more["pairs"]), ("0.7000".to_owned(), &json!(15)));
    }

    #[test]
    fn slices_hold_everything_once() {
        let slices: Vec<_> = (0..7).map(|pair| slice_of(1_000, pair, 7)).collect();
        assert_eq!((slices[0].start, slices[6].end), (0, 1_000));
        assert!(slices.windows(2).all(|two| two[0].end == two[1].start && two[1].end > two[1].start));
    }
}
