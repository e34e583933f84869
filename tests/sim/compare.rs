//! The books beside the oracle: journal, balances, charges, and the program's own verification.

use tallybook::app::charges::{self, ChargeQuery, ChargeStatus};
use tallybook::app::reports::{DimensionFilter, SpendQuery, spend, trial_balance};
use tallybook::app::{journal, verify};
use tallybook::domain::ids::{ChargeNumber, EntryNumber};
use tallybook::domain::journal::{EntryKind, Side};
use tallybook::domain::period::{Day, DayRange};
use tallybook::domain::report::{Interval, SpendDimension, SpendKey, SpendMeasure};

use super::balances::{self, Dimension, Each, Figures, Spend, Trial};
use super::books::{Books, money};
use super::oracle::{Block, Entry, Kind, Oracle, Posting, Status};
use super::rng::SplitMix64;

const PAGE: usize = 500;

pub type Outcome = Result<(), String>;

pub fn equal<T: PartialEq + std::fmt::Debug>(what: &str, books: &T, oracle: &T) -> Outcome {
    if books == oracle { Ok(()) } else { Err(format!("{what} differs\n  books:  {books:?}\n  oracle: {oracle:?}")) }
}

/// Every entry above `after`, in number order and without gaps.
pub async fn journal(books: &Books, oracle: &Oracle, after: usize) -> Outcome {
    let mut seen = after;
    loop {
        let page = journal::entries(&books.app, &books.actor, EntryNumber(i64::try_from(seen).unwrap()), PAGE).await.unwrap();
        let numbers: Vec<_> = page.items.iter().map(|entry| entry.number).collect();
        let mut postings = journal::postings(&books.app, &books.actor, &numbers).await.unwrap();
        for entry in page.items {
            seen += 1;
            equal("the entry's number", &entry.number.0, &i64::try_from(seen).unwrap())?;
            let read = Entry {
                kind: kind(entry.kind),
                day: entry.effective_on.0,
                service: entry.service_on.map(|day| day.0),
                charge: entry.charge.map(|charge| charge.0),
                corrects: entry.corrects.map(|entry| entry.0),
                postings: postings.remove(&entry.number).unwrap_or_default().into_iter().map(posting).collect(),
            };
            let expected = oracle.journal.get(seen - 1).ok_or_else(|| format!("entry {seen} is one too many: {read:?}"))?;
            equal(&format!("entry {seen}"), &read, expected)?;
        }
        if !page.has_next {
            return equal("the number of entries", &seen, &oracle.journal.len());
        }
    }
}

fn kind(kind: EntryKind) -> Kind {
    match kind {
        EntryKind::Charge => Kind::Charge,
        EntryKind::Reversal => Kind::Reversal,
        EntryKind::Rerating => Kind::Rerating,
        EntryKind::Reclassification => Kind::Reclassification,
        other => panic!("the swarm makes no entry of kind {other:?}"),
    }
}

fn posting(view: journal::PostingView) -> Posting {
    let block = Block {
        account: view.account.code,
        team: view.team.map(|center| center.code),
        project: view.project.map(|center| center.code),
        client: view.client.map(|center| center.code),
        feature: view.feature,
        provider: view.provider,
        model: view.model,
        environment: view.environment,
    };
    Posting { is_debit: view.side == Side::Debit, block, money: money(view.money) }
}

pub async fn trial(books: &Books, as_of: i32) -> Trial {
    let report = trial_balance(&books.app, &books.actor, Day(as_of)).await.unwrap();
    for total in &report.balance.totals {
        assert_eq!(total.debit, total.credit, "the trial balance foots in {}", total.currency);
    }
    let rows = report.balance.rows.into_iter().filter(|row| (row.debit, row.credit) != (0, 0));
    rows.map(|row| ((row.account.code, row.currency.code().to_owned()), (row.debit, row.credit))).collect()
}

fn dimension(dimension: Dimension) -> SpendDimension {
    match dimension {
        Dimension::Provider => SpendDimension::Provider,
        Dimension::Model => SpendDimension::Model,
        Dimension::Team => SpendDimension::Team,
        Dimension::Project => SpendDimension::Project,
        Dimension::Client => SpendDimension::Client,
        Dimension::Feature => SpendDimension::Feature,
        Dimension::Environment => SpendDimension::Environment,
        Dimension::Account => SpendDimension::Account,
    }
}

/// One question about spend.
#[derive(Debug)]
pub struct Question {
    pub from: i32,
    pub to: i32,
    pub by: Vec<Dimension>,
    pub each: Each,
    pub only: Option<(Dimension, Option<String>)>,
}

/// Compares one spend report with the oracle's, its unpriced count and its unattributed part included.
pub async fn one_spend(books: &Books, oracle: &Oracle, question: &Question) -> Outcome {
    let Question { from, to, by, each, only } = question;
    let filter = only.iter().map(|(of, code)| (dimension(*of), vec![code.clone()])).collect();
    let query = SpendQuery {
        group_by: by.iter().copied().map(dimension).map(SpendKey::Block).collect(),
        interval: match each {
            Each::Range => None,
            Each::Month => Some(Interval::Month),
            Each::Day => Some(Interval::Day),
        },
        filter: DimensionFilter(filter),
        measure: Some(SpendMeasure::FullyLoaded),
        ..SpendQuery::of(DayRange::new(Day(*from), Day(*to)).unwrap())
    };
    let report = spend(&books.app, &books.actor, query).await.unwrap();
    let mut read = Spend::new();
    for row in report.rows {
        let keys = row.keys.into_iter().map(|key| key.1).collect();
        let figures = Figures {
            cost: row.cost,
            charges: row.charges,
            input: row.input_tokens,
            output: row.output_tokens,
            cache_read: row.cache_read_tokens,
        };
        if figures != Figures::default() {
            read.insert((row.period, keys, row.currency.code().to_owned()), figures);
        }
    }
    let fits = |block: &Block| only.as_ref().is_none_or(|(of, code)| of.of(block) == *code);
    equal(&format!("spend {question:?}"), &read, &balances::spend(oracle, *from, *to, by, *each, fits))?;
    // Whether cost was ever on an account does not matter to a charge that waits for its price.
    let unpriced = balances::unpriced(oracle, *from, *to, fits);
    if only.as_ref().is_none_or(|(of, _)| *of != Dimension::Account) {
        equal(&format!("unpriced charges {question:?}"), &report.unpriced_charges, &unpriced)?;
    }
    let standing = |block: &Block| fits(block) && [&block.team, &block.project, &block.client].contains(&&Some("unattributed".to_owned()));
    let mut expected = std::collections::BTreeMap::new();
    for ((_, _, currency), figures) in balances::spend(oracle, *from, *to, &[], Each::Range, standing) {
        if figures.cost != 0 {
            expected.insert(currency, figures.cost);
        }
    }
    let read = report.unattributed.into_iter().filter(|row| row.1 != 0).map(|(currency, cost)| (currency.code().to_owned(), cost));
    equal(&format!("unattributed {question:?}"), &read.collect(), &expected)
}

/// Trial balances and spend from several sides, the last days chosen by chance.
pub async fn reports(books: &Books, oracle: &Oracle, days: (i32, i32), rng: &mut SplitMix64) -> Outcome {
    let (first, end) = days;
    let draw = |rng: &mut SplitMix64| i32::try_from(rng.between(i64::from(first), i64::from(end))).unwrap();
    for as_of in [end + 400, draw(rng)] {
        equal(&format!("the trial balance of day {as_of}"), &trial(books, as_of).await, &balances::trial(oracle, as_of))?;
    }
    let mut questions: Vec<Question> = Dimension::ALL
        .iter()
        .map(|dimension| Question { from: first, to: end + 400, by: vec![*dimension], each: Each::Range, only: None })
        .collect();
    questions.push(Question { from: first, to: end + 400, by: Vec::new(), each: Each::Month, only: None });
    questions.push(Question { from: first, to: end + 400, by: Vec::new(), each: Each::Day, only: None });
    for _ in 0..4 {
        let from = draw(rng);
        let by = (0..rng.below(4)).map(|_| *rng.pick(&Dimension::ALL)).fold(Vec::new(), |mut by, dimension| {
            if !by.contains(&dimension) {
                by.push(dimension);
            }
            by
        });
        let only = rng.pick(&Dimension::ALL).to_owned();
        let codes: Vec<Option<String>> =
            oracle.charges.iter().map(|charge| only.of(&super::oracle::block(&charge.content, &charge.state))).collect();
        let only = (!codes.is_empty() && rng.chance(60)).then(|| (only, rng.pick(&codes).clone()));
        questions.push(Question {
            from,
            to: from + 1 + i32::try_from(rng.below(60)).unwrap(),
            by,
            each: if rng.chance(50) { Each::Month } else { Each::Range },
            only,
        });
    }
    for question in &questions {
        one_spend(books, oracle, question).await?;
    }
    Ok(())
}

/// Every charge, by its number.
pub async fn charges(books: &Books, oracle: &Oracle) -> Outcome {
    let mut after = None;
    let mut seen = 0;
    let mut corrections: Vec<Vec<(i64, Kind)>> = vec![Vec::new(); oracle.charges.len()];
    for (entry, number) in oracle.journal.iter().zip(1..) {
        let charge = usize::try_from(entry.charge.unwrap() - 1).unwrap();
        corrections[charge].push((number, entry.kind));
    }
    loop {
        let page = charges::charges(&books.app, &books.actor, &ChargeQuery::default(), after, PAGE).await.unwrap();
        for charge in page.items {
            let expected = oracle.charges.get(seen).ok_or("one charge too many")?;
            let mut corrections = std::mem::take(&mut corrections[seen]);
            seen += 1;
            after = Some(charge.number);
            equal("the charge's number", &charge.number, &ChargeNumber(i64::try_from(seen).unwrap()))?;
            let what = |what: &str| format!("{what} of charge {seen}");
            equal(&what("the key"), &(&charge.source, &charge.external_id), &(&expected.source, &expected.id))?;
            let status = match charge.status {
                ChargeStatus::Recorded => Status::Recorded,
                ChargeStatus::Unpriced => Status::Unpriced,
                ChargeStatus::Reversed => Status::Reversed,
            };
            equal(&what("the status"), &status, &expected.state.status)?;
            equal(&what("the net cost"), &charge.net_cost.map(money), &expected.state.cost)?;
            equal(&what("the reason"), &charge.unpriced_reason.is_some(), &(status == Status::Unpriced))?;
            let usage: Vec<_> = charge.usage.iter().map(|(meter, quantity)| (meter.code(), quantity.micros())).collect();
            equal(&what("the usage"), &usage.into_iter().collect(), &expected.content.usage)?;
            let owner = &expected.state.owner;
            let attribution = &charge.attribution;
            let read = [&attribution.team, &attribution.project, &attribution.client, &attribution.feature, &attribution.rule];
            equal(&what("the owner"), &read, &[&owner.team, &owner.project, &owner.client, &owner.feature, &owner.rule])?;
            let booked = corrections.first().filter(|first| first.1 == Kind::Charge).map(|first| first.0);
            equal(&what("the entry"), &charge.entry.map(|entry| entry.0), &booked)?;
            corrections.retain(|correction| Some(correction.0) != booked);
            let read: Vec<_> = charge.corrections.iter().map(|correction| (correction.entry.0, kind(correction.kind))).collect();
            equal(&what("the corrections"), &read, &corrections)?;
        }
        if !page.has_next {
            return equal("the number of charges", &seen, &oracle.charges.len());
        }
    }
}

pub async fn verified(books: &Books) -> Outcome {
    let report = verify::verify(&books.app, "main").await.unwrap();
    let faults: Vec<_> = report.checks.into_iter().filter(|check| !check.faults.is_empty()).collect();
    if faults.is_empty() { Ok(()) } else { Err(format!("verify: {faults:?}")) }
}
