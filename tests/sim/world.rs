//! The simulated company: what its gateways and its finance people send, drawn from a seed.

use std::collections::BTreeMap;

use super::call::{Call, DAY, FLAWS, Flaw, Money};
use super::owner::Rule;
use super::price_list::{DiscountLine, PriceLine};
use super::rng::SplitMix64;

/// 2026-01-05 and 2026-03-10, as days.
pub const FIRST_DAY: i32 = 20_458;
pub const END_DAY: i32 = 20_522;
/// Where the clock stands: 2026-03-15.
pub const NOW: i64 = 20_527 * DAY;

pub const PROVIDERS: [&str; 3] = ["acme", "borealis", "openai"];
pub const MODELS: [&str; 6] = ["swift", "deep", "Swift-2025-01-31", "free", "sealed", "gpt-4o"];
const SERVED: [(&str, &str); 12] = [
    ("acme", "swift"),
    ("acme", "swift"),
    ("acme", "swift"),
    ("acme", "deep"),
    ("acme", "deep"),
    ("acme", "Swift-2025-01-31"),
    ("acme", "deep-2025-06-30"),
    ("acme", "free"),
    ("borealis", "swift"),
    ("borealis", "free"),
    ("openai", "gpt-4o"),
    ("openai", "sealed"),
];
pub const TEAMS: [&str; 4] = ["claims", "search", "growth", "unattributed"];
pub const PROJECTS: [&str; 3] = ["intake", "ranking", "unattributed"];
pub const CLIENTS: [&str; 4] = ["gearpeak", "nordwind", "lumen", "unattributed"];
const FEATURES: [&str; 4] = ["summary", "lab-notes", "lab-draft", "chat"];
const ENVIRONMENTS: [&str; 4] = ["production", "dev", "staging-eu", "development"];
const KEYS: [&str; 4] = ["key-claims-1", "key-claims-2", "key-search", "svc"];
const METERS: [&str; 7] =
    ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens", "reasoning_tokens", "images", "web_searches"];

pub fn moment(rng: &mut SplitMix64) -> i64 {
    let day = rng.between(i64::from(FIRST_DAY), i64::from(END_DAY) - 1);
    // Some on the border of days and hours.
    let within = match rng.below(5) {
        0 => 0,
        1 => DAY - 1,
        2 => rng.between(0, 23) * 3_600_000_000,
        _ => rng.between(0, DAY - 1),
    };
    day * DAY + within
}

fn quantity(rng: &mut SplitMix64) -> i64 {
    let units = match rng.below(8) {
        0 => 0,
        1 => rng.between(1, 9),
        2 => rng.between(90_000, 300_000),
        _ => rng.between(10, 20_000),
    };
    units * 1_000_000
}

pub fn call(rng: &mut SplitMix64, number: u64) -> Call {
    let mut usage = BTreeMap::new();
    usage.insert("output_tokens", quantity(rng));
    for (meter, percent) in METERS.into_iter().zip([95, 0, 30, 10, 0, 8, 6]) {
        if rng.chance(percent) {
            usage.insert(meter, quantity(rng) / if meter == "images" { 10_000 } else { 1 });
        }
    }
    if rng.chance(3) {
        usage.insert("seconds", rng.between(1, 90_000_000));
    }
    if rng.chance(20) {
        let reasoning = rng.between(0, usage["output_tokens"] / 1_000_000) * 1_000_000;
        usage.insert("reasoning_tokens", reasoning);
    }
    let mut total_input = None;
    if rng.chance(15) {
        usage.remove("input_tokens");
        let classes: i64 = usage.iter().filter(|line| super::call::INPUT.contains(line.0)).map(|line| line.1).sum();
        total_input = Some(classes + quantity(rng));
    }
    let is_empty = total_input.unwrap_or(0) == 0 && usage.values().all(|quantity| *quantity == 0);
    let reported = (is_empty || rng.chance(12)).then(|| reported(rng));
    let mut tags = BTreeMap::new();
    if rng.chance(30) {
        tags.insert("app".to_owned(), (*rng.pick(&["intake-web", "intake-api", "other"])).to_owned());
    }
    if rng.chance(10) {
        tags.insert("trace".to_owned(), format!("t{}", rng.below(1_000)));
    }
    let (provider, model) = *rng.pick(&SERVED);
    Call {
        source: (*rng.pick(&["gateway", "gateway", "batch"])).to_owned(),
        id: format!("c{number}"),
        at: moment(rng),
        provider: provider.to_owned(),
        model: model.to_owned(),
        team: rng.maybe(45, &["claims", "search", "growth", "mars", "unattributed", ""]),
        project: rng.maybe(30, &["intake", "ranking", "lost"]),
        client: rng.maybe(40, &["gearpeak", "nordwind", "lumen", "gearpeek"]),
        feature: rng.maybe(35, &FEATURES),
        environment: rng.maybe(60, &ENVIRONMENTS),
        api_key: rng.maybe(50, &KEYS),
        end_user: rng.maybe(20, &["u1", "u2"]),
        processing: rng.chance(10).then(|| *rng.pick(&["BATCH", "STANDARD"])),
        service_tier: rng.chance(5).then_some("default"),
        region: rng.maybe(15, &["eu", "us"]),
        tags,
        usage,
        total_input,
        reported,
        flaw: None,
    }
}

fn reported(rng: &mut SplitMix64) -> Money {
    let currency = *rng.pick(&["USD", "USD", "EUR", "JPY"]);
    let units = if rng.chance(25) { 0 } else { i128::from(rng.between(1, 5_000_000_000)) };
    Money { currency, units }
}

/// A call that is refused, or one that would cost more than any call can.
pub fn flawed(rng: &mut SplitMix64, number: u64) -> Call {
    let mut flawed = call(rng, number);
    if rng.chance(15) {
        flawed.reported = Some(Money { currency: "USD", units: i128::from(rng.between(9_999_999, 10_000_002)) * 1_000_000_000 });
        return flawed;
    }
    flawed.flaw = Some(*rng.pick(&FLAWS));
    if flawed.flaw == Some(Flaw::NegativeQuantity) || flawed.flaw == Some(Flaw::AbsurdQuantity) {
        flawed.total_input = None;
    }
    flawed
}

/// The same key with something else in it.
pub fn altered(rng: &mut SplitMix64, original: &Call) -> Call {
    let mut altered = original.clone();
    match rng.below(6) {
        0 => *altered.usage.entry("output_tokens").or_insert(0) += 1_000_000,
        1 => altered.team = if altered.team.as_deref() == Some("claims") { None } else { Some("claims".to_owned()) },
        2 => altered.model.push('x'),
        3 => drop(altered.tags.insert("again".to_owned(), "yes".to_owned())),
        4 => altered.end_user = Some("someone-else".to_owned()),
        // Another moment of the same day, or another day altogether.
        _ => altered.at = if rng.chance(50) { altered.at ^ 1 } else { FIRST_DAY as i64 * DAY + (altered.at + 3 * DAY) % (60 * DAY) },
    }
    altered
}

pub fn prices(rng: &mut SplitMix64) -> Vec<PriceLine> {
    let provider = (*rng.pick(&["acme", "acme", "acme", "borealis"])).to_owned();
    let model = (*rng.pick(&["swift", "deep", "swift", "deep", "free", "free", "swift-2025-01-31"])).to_owned();
    let from =
        if rng.chance(50) { i64::from(FIRST_DAY) * DAY - 30 * DAY } else { rng.between(i64::from(FIRST_DAY), i64::from(END_DAY)) * DAY };
    let (batch, above) = (rng.chance(12), rng.chance(15).then_some(100_000));
    let region = rng.maybe(10, &["eu"]);
    let currency = if rng.chance(5) { "EUR" } else { "USD" };
    let mut lines = Vec::new();
    let all = rng.chance(60);
    for meter in METERS.into_iter().chain(["seconds"]) {
        let usual = all
            && ![if above.is_none() && model != "free" { "reasoning_tokens" } else { "" }, "images", "web_searches", "seconds"]
                .contains(&meter);
        if usual || rng.chance(20) {
            lines.push(PriceLine {
                provider: provider.clone(),
                model: model.clone(),
                meter,
                batch,
                region: region.clone(),
                above,
                from,
                to: rng.chance(10).then(|| from + rng.between(1, 40) * DAY),
                per: *rng.pick(&[1_000_000, 1_000_000, 1_000_000, 1_000, 500, 1]),
                amount: if model == "free" { 0 } else { i128::from(rng.between(0, 30_000_000)) },
                currency,
                is_builtin: false,
            });
        }
    }
    // A price for a single unit is a small one.
    lines.iter_mut().filter(|line| line.per < 1_000_000).for_each(|line| line.amount /= i128::from(1_000_000 / line.per));
    if rng.chance(10) && !lines.is_empty() {
        let mut twice = rng.pick(&lines).clone();
        twice.amount += i128::from(rng.below(2));
        lines.push(twice);
    }
    lines
}

/// Spoils one line; answers the code it is refused with.
pub fn spoil(rng: &mut SplitMix64, line: &mut PriceLine) -> &'static str {
    match rng.below(3) {
        0 => {
            line.amount = -1;
            "AMOUNT_NEGATIVE"
        }
        1 => {
            (line.per, line.amount) = (7, 1_000_000);
            "PER_NOT_EXACT"
        }
        _ => {
            line.to = Some(line.from);
            "RANGE_INVALID"
        }
    }
}

pub fn discount(rng: &mut SplitMix64) -> DiscountLine {
    let from = rng.between(i64::from(FIRST_DAY) - 10, i64::from(END_DAY)) * DAY;
    DiscountLine {
        provider: (*rng.pick(&PROVIDERS)).to_owned(),
        model: rng.maybe(50, &["swift", "deep", "gpt-4o"]),
        percent: i128::from(if rng.chance(10) { 10_000 } else { rng.between(1, 6_000) }),
        from,
        to: rng.chance(50).then(|| from + rng.between(1, 30) * DAY),
    }
}

pub fn rule(rng: &mut SplitMix64) -> Rule {
    let condition = |rng: &mut SplitMix64| {
        let (on, pattern) = *rng.pick(&[
            ("API_KEY", "key-claims-*"),
            ("API_KEY", "*search"),
            ("API_KEY", "svc"),
            ("TAG:app", "intake*"),
            ("TAG:app", "*-*"),
            ("END_USER", "u*"),
            ("PROVIDER", "acme"),
            ("MODEL", "*e*p*"),
            ("ENVIRONMENT", "dev*"),
        ]);
        (on.to_owned(), pattern.to_owned())
    };
    let conditions = (0..=rng.below(2)).map(|_| condition(rng)).collect();
    let mut names = [rng.maybe(50, &TEAMS), rng.maybe(30, &PROJECTS), rng.maybe(40, &CLIENTS), rng.maybe(30, &FEATURES)];
    if names.iter().all(Option::is_none) {
        names[0] = Some("claims".to_owned());
    }
    Rule { order: i32::try_from(rng.below(4)).unwrap(), conditions, names, is_active: rng.chance(85) }
}
