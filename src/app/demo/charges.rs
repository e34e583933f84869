//! The charges of the demo, each made from the seed and its own number alone.
//!
//! What a charge holds depends on its number; when it happened, on the calendar: more calls later in the hundred days, on working days, in
//! office hours, and on a few busy days. So the amounts are the same whenever the demo runs, and the dates are always recent.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};

use crate::domain::money::{Amount, Currency};
use crate::domain::usage::ChargeDraft;

use super::company::{Model, Owner, WORKLOADS, Workload, models};
use super::split_mix::{SplitMix64, mix};

/// Days that the demo covers, the last one included.
pub const DAYS: u64 = 100;
const HOURS: u64 = DAYS * 24;
const HOUR_MICROS: u64 = 3_600_000_000;

/// Calls in each hour of a working day (UTC; the company is in Europe and serves some American clients).
const HOUR_WEIGHTS: [u64; 24] = [6, 5, 5, 5, 7, 12, 26, 58, 92, 108, 112, 104, 88, 98, 110, 106, 92, 70, 48, 36, 28, 20, 14, 9];
/// Busy days, counted from the first, with the percentage of a usual day's calls.
const SPIKES: [(u64, u64); 4] = [(41, 230), (42, 160), (77, 190), (93, 150)];
/// Calls in ten thousand that name no owner and match no rule.
const OWNERLESS: u64 = 270;
/// Calls in ten thousand whose client is misspelt.
const MISSPELT: u64 = 30;
/// One call in this many is on a model without a price, carries a reported cost.
const ONE_WITHOUT_PRICE_IN: u64 = 1_500;
const ONE_REPORTED_IN: u64 = 4_000;
/// One call in a hundred is sent again, this many later at most.
const RESENT: u64 = 100;
const RESENT_WITHIN: u64 = 40;
/// The calls, by their place in thousandths, in which an evaluation of new models runs beside the usual work.
const EVALUATION: std::ops::Range<u64> = 610..632;

/// The sequence of charges for one seed, last day and number.
#[derive(Debug, Clone)]
pub struct Charges {
    seed: u64,
    count: u64,
    first_hour: DateTime<Utc>,
    /// Sum of the weights of all hours before each hour, and of all at the end.
    weights: Vec<u64>,
    workload_weight: u64,
}

/// The demo's charges in the order of their time, resent ones near the first sending. `days_end` is the last day.
pub fn charges(seed: u64, days_end: NaiveDate, count: usize) -> impl Iterator<Item = ChargeDraft> {
    let charges = Charges::new(seed, days_end, count);
    (0..charges.len()).map(move |number| charges.charge(number))
}

impl Charges {
    /// `count` charges, resent ones included, on the hundred days that end with `days_end`.
    pub fn new(seed: u64, days_end: NaiveDate, count: usize) -> Self {
        let first_day = days_end.checked_sub_days(Days::new(DAYS.saturating_sub(1))).unwrap_or(days_end);
        let mut weights = Vec::with_capacity(usize::try_from(HOURS).unwrap_or(0).saturating_add(1));
        let mut sum = 0_u64;
        weights.push(sum);
        for (day, date) in (0..DAYS).zip(first_day.iter_days()) {
            let day_weight = day_weight(day, date.weekday());
            for hour_weight in HOUR_WEIGHTS {
                sum = sum.saturating_add(day_weight.saturating_mul(hour_weight));
                weights.push(sum);
            }
        }
        Self {
            seed,
            count: u64::try_from(count).unwrap_or(u64::MAX),
            first_hour: first_day.and_time(NaiveTime::MIN).and_utc(),
            weights,
            workload_weight: WORKLOADS.iter().map(|workload| workload.weight).sum(),
        }
    }

    pub fn len(&self) -> u64 {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The charge of this number, or the earlier one that is sent again in its place.
    pub fn charge(&self, number: u64) -> ChargeDraft {
        self.first_sending(self.sent(number))
    }

    /// The number whose charge is sent at this place.
    fn sent(&self, number: u64) -> u64 {
        let mut sent = number;
        loop {
            let mut random = SplitMix64::of_item(self.seed ^ u64::MAX, sent);
            if sent == 0 || !random.happens(RESENT) {
                return sent;
            }
            sent = sent.saturating_sub(random.below(RESENT_WITHIN).saturating_add(1));
        }
    }

    fn first_sending(&self, number: u64) -> ChargeDraft {
        let mut random = SplitMix64::of_item(self.seed, number);
        let mut draft = ChargeDraft {
            external_id: format!("req_{:016x}", mix(self.seed.rotate_left(32) ^ number)),
            occurred_at: Some(self.instant(number, &mut random)),
            ..ChargeDraft::default()
        };
        let workload = self.workload(number, &mut random);
        let [usual, other] = &workload.models;
        let has_price = random.below(ONE_WITHOUT_PRICE_IN) != 0;
        let model = match (has_price, random.below(6)) {
            (false, _) => &models::WITHOUT_PRICE,
            (true, 0) => other,
            (true, _) => usual,
        };
        name_model(&mut draft, model);
        name_owner(&mut draft, workload, &mut random);
        workload.shape.fill(&mut draft, model, &mut random);
        if random.below(ONE_REPORTED_IN) == 0 {
            // Between a tenth of a cent and twenty cents, in whole millionths of a dollar.
            let micros = i64::try_from(random.skewed(1_000, 200_000)).unwrap_or(0);
            draft.reported_cost = Some(Amount::from_units(micros.saturating_mul(1_000)).with(Currency::USD));
        }
        draft
    }

    /// The numbers are spread over the hours by their weights; within its hour each has a slot of its own, so time never runs back.
    fn instant(&self, number: u64, random: &mut SplitMix64) -> DateTime<Utc> {
        let total = self.weights.last().copied().unwrap_or(1).max(1);
        let count = u128::from(self.count.max(1));
        // The place of the number, and of the one after it, on the line of all weights, in parts of the count.
        let place = u128::from(number).saturating_mul(u128::from(total));
        let weight = u64::try_from(place / count).unwrap_or(u64::MAX);
        let hour = self.weights.partition_point(|before| *before <= weight).saturating_sub(1);
        let before = self.weights.get(hour).copied().unwrap_or(0);
        let hour_weight = self.weights.get(hour.saturating_add(1)).map_or(1, |after| after.saturating_sub(before)).max(1);
        let into_hour = place.saturating_sub(u128::from(before).saturating_mul(count));
        let scaled = |part: u128| part.saturating_mul(u128::from(HOUR_MICROS)) / count.saturating_mul(u128::from(hour_weight)).max(1);
        let slot = u64::try_from(scaled(u128::from(total))).unwrap_or(1);
        let begin = u64::try_from(scaled(into_hour)).unwrap_or(0);
        // Jitter within the slot, and never past the hour.
        let within = begin.saturating_add(random.below(slot)).min(HOUR_MICROS.saturating_sub(1));
        let hours = u64::try_from(hour).unwrap_or(0);
        let micros = hours.saturating_mul(HOUR_MICROS).saturating_add(within);
        let since = TimeDelta::microseconds(i64::try_from(micros).unwrap_or(0));
        self.first_hour.checked_add_signed(since).unwrap_or(self.first_hour)
    }

    fn workload(&self, number: u64, random: &mut SplitMix64) -> &'static Workload {
        let thousandth = u128::from(number).saturating_mul(1_000) / u128::from(self.count.max(1));
        let is_evaluating = EVALUATION.contains(&u64::try_from(thousandth).unwrap_or(0)) && random.happens(4_000);
        let evaluation = WORKLOADS.iter().find(|workload| workload.project == "evaluations");
        if let Some(evaluation) = evaluation
            && is_evaluating
        {
            return evaluation;
        }
        let mut rest = random.below(self.workload_weight);
        let drawn = WORKLOADS.iter().find(|workload| match rest.checked_sub(workload.weight) {
            Some(after) => {
                rest = after;
                false
            }
            None => true,
        });
        let [first, ..] = WORKLOADS;
        drawn.unwrap_or(first)
    }
}

/// Growth of six in ten over the hundred days, a quiet weekend, and the busy days.
fn day_weight(day: u64, weekday: Weekday) -> u64 {
    let growth = 100_u64.saturating_add(day.saturating_mul(60) / DAYS);
    let rhythm = match weekday {
        Weekday::Mon => 102,
        Weekday::Tue | Weekday::Wed | Weekday::Thu => 110,
        Weekday::Fri => 92,
        Weekday::Sat => 34,
        Weekday::Sun => 28,
    };
    let spike = SPIKES.iter().find(|spike| spike.0 == day).map_or(100, |spike| spike.1);
    growth.saturating_mul(rhythm).saturating_mul(spike) / 100
}

fn name_model(draft: &mut ChargeDraft, model: &Model) {
    model.provider.clone_into(&mut draft.provider);
    model.name.clone_into(&mut draft.model);
}

fn name_owner(draft: &mut ChargeDraft, workload: &Workload, random: &mut SplitMix64) {
    let environment = match random.below(100) {
        0..9 => "development",
        9..20 => "staging",
        _ => "production",
    };
    draft.environment = Some(environment.to_owned());
    if random.happens(OWNERLESS) {
        // Somebody tried something with a shared key.
        "notebook".clone_into(&mut draft.source);
        draft.api_key = Some("key-shared-sandbox".to_owned());
        return;
    }
    "gateway".clone_into(&mut draft.source);
    draft.api_key = Some(format!("key-{}-{environment}", workload.project));
    // Applications known by their tag leave the feature to the rule.
    if workload.owner != Owner::Tag {
        draft.feature = Some(workload.feature.to_owned());
    }
    match workload.owner {
        Owner::Facts => {
            draft.team = Some(workload.team.to_owned());
            draft.project = Some(workload.project.to_owned());
            draft.client = workload.client.map(str::to_owned);
            if let Some(client) = &mut draft.client
                && random.happens(MISSPELT)
            {
                client.push_str("-gmbh");
            }
        }
        Owner::ApiKey => {}
        Owner::Tag => draft.tags = vec![("app".to_owned(), workload.project.to_owned())],
        Owner::EndUser => {
            let host = workload.client.unwrap_or(workload.project);
            draft.end_user = Some(format!("customer{}@{host}.example", random.below(900)));
        }
    }
    if random.happens(1_500) {
        const RELEASES: [&str; 4] = ["2.9", "2.10", "3.0", "3.1"];
        let release = random.pick(&RELEASES).copied().unwrap_or("3.1");
        draft.tags.push(("release".to_owned(), release.to_owned()));
    }
}
