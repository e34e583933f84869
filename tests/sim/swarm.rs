//! One run: operations drawn from a seed, each done to the books and to the oracle, and compared.

use tallybook::app::Clock;

use super::books::{Books, instant};
use super::call::{Call, DAY};
use super::closing::{self, PeriodStep};
use super::closing_books;
use super::compare::{self, Outcome, equal};
use super::oracle::{Kind, Oracle};
use super::rng::SplitMix64;
use super::world::{self, END_DAY, FIRST_DAY};

/// Steps between two comparisons of everything.
const FULL_EVERY: usize = 30;

#[derive(Debug, Clone, Copy)]
enum Step {
    Record,
    Center,
    Prices,
    Discount,
    Rule,
    Settlement,
    LabRule,
    Reverse,
    Rerate,
    Reattribute,
    Reopen,
    Period(PeriodStep),
}

const STEPS: [(Step, u64); 11] = [
    (Step::Record, 40),
    (Step::Center, 6),
    (Step::Prices, 9),
    (Step::Discount, 3),
    (Step::Rule, 6),
    (Step::Settlement, 2),
    (Step::LabRule, 2),
    (Step::Reverse, 14),
    (Step::Rerate, 7),
    (Step::Reattribute, 6),
    (Step::Reopen, 2),
];

pub struct Swarm {
    pub rng: SplitMix64,
    pub oracle: Oracle,
    /// Two processes of one database, as far as the program can tell.
    pub books: Vec<Books>,
    weights: Vec<(Step, u64)>,
    url: String,
    pub clock: Clock,
    /// Whether months are closed and days pass on this walk.
    has_periods: bool,
    sent: Vec<Call>,
    numbers: u64,
    compared: usize,
    reversals: Vec<(String, i64, i32)>,
    /// What happened, for the reader of a failure.
    pub last: String,
}

impl Swarm {
    pub async fn new(seed: u64, url: &str) -> Self {
        let mut rng = SplitMix64::new(seed);
        let clock = Clock::fixed(instant(world::NOW));
        let books = vec![Books::open(url, &clock).await, Books::open(url, &clock).await];
        // Each seed likes some operations more and leaves others out.
        let mut weights = STEPS.iter().map(|(step, weight)| (*step, weight * *rng.pick(&[0, 1, 1, 2, 4]))).collect::<Vec<_>>();
        weights[0].1 = weights[0].1.max(40);
        let mut oracle = Oracle::new();
        for (meter, amount) in [("input_tokens", 2_500_000), ("output_tokens", 10_000_000), ("cache_read_tokens", 1_250_000)] {
            oracle.prices.prices.push(built_in(meter, amount, false));
            oracle.prices.prices.push(built_in(meter, amount / 2, true));
        }
        let batch_cache = oracle.prices.prices.last_mut().unwrap();
        batch_cache.amount = 1_250_000;
        Self {
            rng,
            oracle,
            books,
            weights,
            url: url.to_owned(),
            clock,
            has_periods: false,
            sent: Vec::new(),
            numbers: 0,
            compared: 0,
            reversals: Vec::new(),
            last: String::new(),
        }
    }

    /// A walk on which months are closed and reopened, and which has seeds of its own.
    pub async fn with_periods(seed: u64, url: &str) -> Self {
        let mut swarm = Self::new(seed, url).await;
        for (step, weight) in &mut swarm.weights {
            // What closed months do to corrections needs corrections, and fewer calls than make the walk slow.
            match step {
                Step::Record => *weight = 40,
                Step::Prices | Step::Reverse | Step::Rerate | Step::Reattribute => *weight = (*weight).clamp(12, 20),
                _ => {}
            }
        }
        for (step, weight, often) in closing::STEPS {
            swarm.weights.push((Step::Period(step), weight * *swarm.rng.pick(often)));
        }
        swarm.has_periods = true;
        swarm.oracle.now = closing::first_now(&mut swarm.rng);
        swarm.clock.set(instant(swarm.oracle.now));
        swarm
    }

    /// Runs `steps` operations.
    ///
    /// # Errors
    /// The first difference, with the step it was seen at.
    pub async fn run(&mut self, steps: usize) -> Outcome {
        for number in 1..=steps {
            let step = if number <= 6 { Step::Prices } else { self.draw() };
            let outcome = match self.step(step).await {
                Ok(()) => self.compare(number.is_multiple_of(FULL_EVERY) || number == steps).await,
                Err(difference) => Err(difference),
            };
            outcome.map_err(|difference| format!("step {number}, {}: {difference}", self.last))?;
        }
        Ok(())
    }

    fn draw(&mut self) -> Step {
        let total: u64 = self.weights.iter().map(|weight| weight.1).sum();
        let mut drawn = self.rng.below(total.max(1));
        for (step, weight) in &self.weights {
            if drawn < *weight {
                return *step;
            }
            drawn -= weight;
        }
        Step::Record
    }

    fn any(&mut self) -> usize {
        usize::try_from(self.rng.below(self.books.len() as u64)).unwrap()
    }

    async fn compare(&mut self, everything: bool) -> Outcome {
        let at = self.any();
        let books = &self.books[at];
        compare::journal(books, &self.oracle, self.compared).await?;
        self.compared = self.oracle.journal.len();
        if everything {
            compare::journal(books, &self.oracle, 0).await?;
            compare::charges(books, &self.oracle).await?;
            compare::reports(books, &self.oracle, (FIRST_DAY, END_DAY), &mut self.rng).await?;
            if self.has_periods {
                closing_books::months(books, &self.oracle).await?;
                closing_books::checklists(books, &self.oracle).await?;
            }
            compare::verified(books).await?;
        }
        Ok(())
    }

    async fn step(&mut self, step: Step) -> Outcome {
        let at = self.any();
        match step {
            Step::Record => return self.record(at).await,
            Step::Center => return self.center(at).await,
            Step::Prices => return self.prices(at).await,
            Step::Reverse if self.has_periods => return self.reverse_some(at).await,
            Step::Reverse => return self.reverse(at).await,
            Step::Rerate => return self.rerate(at).await,
            Step::Reattribute => return self.reattribute(at).await,
            Step::Rule => return self.rule(at).await,
            Step::Period(step) => return self.period_step(step, at).await,
            Step::Discount => {
                let line = world::discount(&mut self.rng);
                self.last = format!("{line:?}");
                self.books[at].save_discounts(std::slice::from_ref(&line)).await?;
                self.oracle.prices.discounts.push(line);
            }
            Step::Settlement => {
                let (provider, is_prepaid) = ((*self.rng.pick(&world::PROVIDERS)).to_owned(), self.rng.chance(50));
                self.last = format!("{provider} prepaid {is_prepaid}");
                self.books[at].save_settlement(&provider, is_prepaid).await;
                self.oracle.prepaid.insert(provider, is_prepaid);
            }
            Step::LabRule => {
                self.oracle.has_lab_rule = self.rng.chance(60);
                self.last = format!("lab rule {}", self.oracle.has_lab_rule);
                self.books[at].save_lab_rule(self.oracle.has_lab_rule).await;
            }
            Step::Reopen => {
                self.last = format!("reopen {at}");
                self.books[at] = Books::open(&self.url, &self.clock).await;
            }
        }
        Ok(())
    }

    async fn record(&mut self, at: usize) -> Outcome {
        let count = if self.rng.chance(30) { 1 } else { self.rng.below(50) + 1 };
        let mut calls: Vec<Call> = Vec::new();
        let mutations = *self.rng.pick(&[0, 10, 30]);
        for _ in 0..count {
            let mut call = self.one_call(&calls, mutations);
            if self.has_periods {
                call = self.dated(call);
            }
            calls.push(call);
        }
        let atomic = self.rng.chance(20);
        self.last = format!("record {count}, atomic {atomic}");
        let expected = self.oracle.record(&calls, atomic);
        let receipts = self.books[at].record(&calls, atomic).await;
        for (number, (read, expected)) in receipts.iter().zip(&expected).enumerate() {
            equal(&format!("receipt {number} of {}", calls[number].line()), read, expected)?;
        }
        self.sent.extend(calls.into_iter().filter(|call| call.flaw.is_none()));
        equal("the number of receipts", &receipts.len(), &expected.len())
    }

    fn one_call(&mut self, batch: &[Call], mutations: u64) -> Call {
        let rng = &mut self.rng;
        let is_twice =
            |calls: &[Call], call: &Call| calls.iter().filter(|other| (&other.source, &other.id) == (&call.source, &call.id)).count() > 1;
        if rng.chance(mutations) {
            let from = if rng.chance(30) && !batch.is_empty() { batch } else { &self.sent };
            match rng.below(4) {
                0 => {}
                _ if from.is_empty() => {}
                kind => {
                    let original = rng.pick(from).clone();
                    if original.flaw.is_none() && !is_twice(batch, &original) {
                        return match kind {
                            1 => original,
                            2 => original.reworded(),
                            _ => world::altered(rng, &original),
                        };
                    }
                }
            }
            if rng.chance(50) {
                self.numbers += 1;
                return world::flawed(rng, self.numbers);
            }
        }
        self.numbers += 1;
        world::call(rng, self.numbers)
    }

    async fn reverse_some(&mut self, at: usize) -> Outcome {
        for _ in 0..=self.rng.below(4) {
            self.reverse(at).await?;
        }
        Ok(())
    }

    async fn reverse(&mut self, at: usize) -> Outcome {
        let rng = &mut self.rng;
        let entries = i64::try_from(self.oracle.journal.len()).unwrap();
        let latest: Vec<i64> = self.oracle.charges.iter().filter_map(|charge| charge.state.entry).collect();
        let corrections =
            (1..).zip(&self.oracle.journal).filter(|entry| entry.1.kind != Kind::Charge).map(|entry| entry.0).collect::<Vec<i64>>();
        let number = match rng.below(5) {
            0 | 1 if !latest.is_empty() => *rng.pick(&latest),
            2 | 3 if !corrections.is_empty() => *rng.pick(&corrections),
            _ => rng.between(0, entries + 2),
        };
        let mut day = usize::try_from(number - 1).ok().and_then(|at| self.oracle.journal.get(at)).map_or(END_DAY, |entry| entry.day);
        day += i32::try_from(rng.below(40)).unwrap() - if rng.chance(10) { 45 } else { 0 };
        self.numbers += 1;
        let (mut number, mut is_closer) = (number, true);
        if self.has_periods {
            (number, day, is_closer) = closing::reversal(rng, &self.oracle, number, day);
        }
        let (key, number, day) = match self.reversals.last().cloned() {
            Some((key, number, day)) if rng.chance(10) => (key, number, day),
            Some((key, _, _)) if rng.chance(5) => (key, number, day),
            _ => (format!("r{}", self.numbers), number, day),
        };
        self.last = format!("reverse {number} on {day} as {key}, closer {is_closer}");
        let expected = self.oracle.reverse(&key, number, day, "sim", is_closer).map_err(str::to_owned);
        equal("the outcome", &self.books[at].reverse(&key, number, day, "sim", is_closer).await, &expected)?;
        if expected.is_ok() {
            self.reversals.push((key, number, day));
        }
        Ok(())
    }

    async fn rerate(&mut self, at: usize) -> Outcome {
        let rng = &mut self.rng;
        let (from, to) = (world::moment(rng), world::moment(rng));
        let (from, to) =
            if rng.chance(50) { (i64::from(FIRST_DAY) * DAY, i64::from(END_DAY) * DAY) } else { (from.min(to), from.max(to) + 1) };
        let (provider, model) = (rng.maybe(25, &world::PROVIDERS), rng.maybe(15, &world::MODELS));
        let dry_run = rng.chance(20);
        self.last = format!("rerate {from}..{to} {provider:?} {model:?} dry run {dry_run}");
        let expected = self.oracle.rerate(from, to, provider.as_deref(), model.as_deref(), dry_run);
        let report = self.books[at].rerate(from, to, provider.as_deref(), model.as_deref(), dry_run).await;
        equal("the report", &report, &Ok(expected))
    }

    async fn reattribute(&mut self, at: usize) -> Outcome {
        let rng = &mut self.rng;
        let draw = |rng: &mut SplitMix64| i32::try_from(rng.between(i64::from(FIRST_DAY), i64::from(END_DAY))).unwrap();
        let (from, to) = (draw(rng), draw(rng));
        let (from, to) = if rng.chance(40) { (FIRST_DAY, END_DAY) } else { (from.min(to), from.max(to) + 1) };
        let dry_run = rng.chance(20);
        self.last = format!("reattribute {from}..{to} dry run {dry_run}");
        let expected = self.oracle.reattribute(from, to, dry_run);
        equal("the report", &self.books[at].reattribute(from, to, dry_run).await, &Ok(expected))
    }
}

fn built_in(meter: &'static str, amount: i128, batch: bool) -> super::price_list::PriceLine {
    super::price_list::PriceLine {
        provider: "openai".to_owned(),
        model: "gpt-4o".to_owned(),
        meter,
        batch,
        region: None,
        above: None,
        from: 0,
        to: None,
        per: 1_000_000,
        amount,
        currency: "USD",
        is_builtin: true,
    }
}
