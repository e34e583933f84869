//! Balances from the oracle's journal, added up anew each time.

use std::collections::BTreeMap;

use super::call::{INPUT, OUTPUT};
use super::months::Month;
use super::oracle::{Block, Oracle, Status, block};

/// Debit and credit by account and currency, up to the end of a day.
pub type Trial = BTreeMap<(String, String), (i128, i128)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    pub cost: i128,
    pub charges: i128,
    pub input: i128,
    pub output: i128,
    pub cache_read: i128,
}

/// By month or day (when asked), keys and currency.
pub type Spend = BTreeMap<(Option<String>, Vec<Option<String>>, String), Figures>;

/// What a report of spend has a row for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Each {
    Range,
    Month,
    Day,
}

impl Each {
    fn name(self, day: i32) -> Option<String> {
        match self {
            Self::Range => None,
            Self::Month => Some(Month::of(day).to_string()),
            Self::Day => Some(super::books::date(day).to_string()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    Provider,
    Model,
    Team,
    Project,
    Client,
    Feature,
    Environment,
    Account,
}

impl Dimension {
    pub const ALL: [Self; 8] =
        [Self::Provider, Self::Model, Self::Team, Self::Project, Self::Client, Self::Feature, Self::Environment, Self::Account];

    pub fn of(self, block: &Block) -> Option<String> {
        match self {
            Self::Provider => block.provider.clone(),
            Self::Model => block.model.clone(),
            Self::Team => block.team.clone(),
            Self::Project => block.project.clone(),
            Self::Client => block.client.clone(),
            Self::Feature => block.feature.clone(),
            Self::Environment => block.environment.clone(),
            Self::Account => Some(block.account.clone()),
        }
    }
}

pub fn is_cost(block: &Block) -> bool {
    block.account.starts_with(['5', '6'])
}

pub fn trial(oracle: &Oracle, as_of: i32) -> Trial {
    let mut trial = Trial::new();
    for posting in oracle.journal.iter().filter(|entry| entry.day <= as_of).flat_map(|entry| &entry.postings) {
        let row = trial.entry((posting.block.account.clone(), posting.money.currency.to_owned())).or_default();
        *(if posting.is_debit { &mut row.0 } else { &mut row.1 }) += posting.money.units;
    }
    trial
}

/// Spend of the days from `from` until before `to`.
pub fn spend(oracle: &Oracle, from: i32, to: i32, by: &[Dimension], each: Each, only: impl Fn(&Block) -> bool) -> Spend {
    let mut spend = Spend::new();
    let keys = |day: i32, block: &Block, currency: &str| {
        (each.name(day), by.iter().map(|dimension| dimension.of(block)).collect(), currency.to_owned())
    };
    for entry in oracle.journal.iter().filter(|entry| (from..to).contains(&entry.day)) {
        for posting in entry.postings.iter().filter(|posting| is_cost(&posting.block) && only(&posting.block)) {
            let units = if posting.is_debit { posting.money.units } else { -posting.money.units };
            spend.entry(keys(entry.day, &posting.block, posting.money.currency)).or_default().cost += units;
        }
    }
    for charge in &oracle.charges {
        let tokens = |meters: &[&str]| meters.iter().map(|meter| i128::from(charge.content.quantity(meter) / 1_000_000)).sum::<i128>();
        for count in charge.counts.iter().filter(|count| (from..to).contains(&count.day) && only(&count.block)) {
            let row = spend.entry(keys(count.day, &count.block, count.currency)).or_default();
            row.charges += count.sign;
            row.input += count.sign * tokens(&INPUT);
            row.output += count.sign * tokens(&OUTPUT);
            row.cache_read += count.sign * tokens(&["cache_read_tokens"]);
        }
    }
    spend.retain(|_, figures| *figures != Figures::default());
    spend
}

pub fn unpriced(oracle: &Oracle, from: i32, to: i32, only: impl Fn(&Block) -> bool) -> i64 {
    let is_wanted = |charge: &&super::oracle::Stored| {
        charge.state.status == Status::Unpriced
            && (from..to).contains(&charge.content.day())
            && only(&block(&charge.content, &charge.state))
    };
    i64::try_from(oracle.charges.iter().filter(is_wanted).count()).unwrap()
}
