//! Spend from the charges of a range: by what no balance is kept by. The sums are those of the balances.
//!
//! A reading transaction streams the charges, what became of them, and the entries beside them; memory holds the rows.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::query::ChargeTest;
use super::{Figures, Fold, Ground, MOST_ROWS, Read, SpendQuery};
use crate::app::masters::Masters;
use crate::app::reports::reading::in_reading;
use crate::app::verify::counts_of;
use crate::app::{App, AppError};
use crate::domain::chart::{CenterKind, CodingBlock, UNATTRIBUTED};
use crate::domain::ids::{AccountId, BlockId, BooksId, NameId};
use crate::domain::money::Currency;
use crate::domain::period::{Day, DayRange};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{ChargeDimension, CostPart, Interval, SpendKey, SpendMeasure};
use crate::domain::usage::Processing;
use crate::store::ledger::{Cell, Ledger, RowExt};
use crate::store::{ChargeFacts, CountedOn, MoveSpan, StateChange, StoreError};

/// Charges and entries that one report reads: about what one core adds up within the time limit of a request.
pub const MOST_CHARGES_READ: u64 = 2_000_000;

/// Reads every range in one transaction.
pub(super) async fn read(app: &App, ground: &Ground<'_>) -> Result<Read, AppError> {
    let (query, asked, measure) = (ground.query.clone(), ground.asked.clone(), ground.measured.measure);
    let ranges = ground.ranges.clone();
    in_reading(app, &ground.access.books, move |ledger, books, masters| {
        let spans: Vec<_> = ranges.iter().map(|(days, interval)| (span(books, masters, *days), *interval)).collect();
        let mut to_read = 0_u64;
        for (span, _) in &spans {
            to_read = to_read.saturating_add(ledger.moves_to_read(*span)?);
        }
        if to_read > MOST_CHARGES_READ {
            let message = format!(
                "the range has about {to_read} charges and entries; rows by what only charges know are read from at most {MOST_CHARGES_READ}: narrow the dates"
            );
            return Err(Rejection::at(Code::RangeTooLarge, "to", message).into());
        }
        let mut names = Names { variants: variants(ledger, books)?, texts: Texts::default() };
        let mut codings = HashMap::new();
        ledger.coding_blocks(books, 0, |id, coding| {
            codings.insert(id, coding);
        })?;
        let allowed = ledger.blocks_of(books, &asked)?;
        let parts = masters.accounts.iter().filter_map(|account| Some((account.id, masters.part_of(account)?))).collect();
        let tests = tests(ledger, books, &query)?;
        let facts = Ledgers { query: &query, masters, measure, parts, codings: &codings, allowed: &allowed, tests };
        let (mut folds, mut unattributed, mut unpriced_charges) = (Vec::new(), BTreeMap::new(), 0);
        for (position, (span, interval)) in spans.into_iter().enumerate() {
            let mut scan = Scan { facts: &facts, names: &mut names, days: span.days, interval, fold: Fold::new(), unattributed: BTreeMap::new() };
            scan.read(ledger, span)?;
            if position == 0 {
                unpriced_charges = scan.waiting(ledger, span)?;
                unattributed = std::mem::take(&mut scan.unattributed);
            }
            folds.push(scan.fold);
        }
        Ok(Read { folds, unattributed, unpriced_charges, texts: names.texts.list })
    })
    .await
}

fn span(books: BooksId, masters: &Masters, days: DayRange) -> MoveSpan {
    let (from, to) = (masters.zone().start_of(days.from()), masters.zone().start_of(days.to()));
    MoveSpan { books, days, hours: (from.hour(), to.hour()) }
}

/// Processing, service tier and region by the id of a variant.
fn variants(ledger: &mut Ledger, books: BooksId) -> Result<HashMap<i64, [Option<String>; 3]>, AppError> {
    let mut variants = HashMap::new();
    let sql = "SELECT id, name FROM interned_name WHERE books_id = $1 AND kind = 10";
    ledger.scan(sql, &[Cell::Int(i64::from(books.0))], |row| {
        let mut parts = row.text(1)?.splitn(3, '|').map(|part| (!part.is_empty()).then(|| part.to_owned()));
        let [processing, tier, region] = std::array::from_fn(|_| parts.next().flatten());
        variants.insert(row.int(0)?, [processing, tier, region]);
        Ok(())
    })?;
    Ok(variants)
}

/// A test with names as ids, where charges hold ids.
struct Test<'a> {
    test: &'a ChargeTest,
    ids: Option<Vec<i64>>,
}

fn tests<'a>(ledger: &mut Ledger, books: BooksId, query: &'a SpendQuery) -> Result<Vec<Test<'a>>, AppError> {
    let mut tests = Vec::with_capacity(query.charges.len());
    for test in &query.charges {
        let kind = match test.dimension {
            ChargeDimension::ApiKey => Some(crate::domain::chart::NameKind::ApiKey),
            ChargeDimension::Source => Some(crate::domain::chart::NameKind::Source),
            _ => None,
        };
        let ids = match kind {
            None => None,
            Some(kind) => {
                let mut ids = Vec::with_capacity(test.values.len());
                for value in &test.values {
                    let Some(name) = value else {
                        ids.push(0);
                        continue;
                    };
                    let sql = "SELECT id FROM interned_name WHERE books_id = $1 AND kind = $2 AND name = $3";
                    let key = [Cell::Int(i64::from(books.0)), Cell::Int(i64::from(kind.id())), Cell::Text(name)];
                    // A name that never appeared matches nothing.
                    ids.extend(ledger.rows(sql, &key)?.first().map(|row| row.int(0)).transpose()?);
                }
                Some(ids)
            }
        };
        tests.push(Test { test, ids });
    }
    Ok(tests)
}

/// Texts that are keys of rows, by position from 1.
#[derive(Default)]
struct Texts {
    ids: HashMap<String, i64>,
    list: Vec<String>,
}

impl Texts {
    fn id(&mut self, text: Option<&str>) -> i64 {
        let Some(text) = text else { return 0 };
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        self.list.push(text.to_owned());
        let id = i64::try_from(self.list.len()).unwrap_or(i64::MAX);
        self.ids.insert(text.to_owned(), id);
        id
    }
}

struct Names {
    variants: HashMap<i64, [Option<String>; 3]>,
    texts: Texts,
}

impl Names {
    /// Processing, service tier or region of a charge. Without a variant, processing is the standard one.
    fn variant(&self, facts: &ChargeFacts<'_>, dimension: ChargeDimension) -> Option<&str> {
        let [processing, tier, region] = match self.variants.get(&facts.variant) {
            Some(parts) => parts.each_ref().map(Option::as_deref),
            None => [None; 3],
        };
        match dimension {
            ChargeDimension::Processing => Some(processing.unwrap_or_else(|| Processing::Standard.as_str())),
            ChargeDimension::ServiceTier => tier,
            ChargeDimension::Region => region,
            _ => None,
        }
    }
}

/// The value of a tag of a charge.
fn tag(facts: &ChargeFacts<'_>, key: Option<&str>) -> Result<Option<String>, StoreError> {
    let Some(tags) = facts.tags else { return Ok(None) };
    let tags: Vec<(String, String)> = serde_json::from_str(tags).map_err(|error| StoreError::corrupt(error.to_string()))?;
    Ok(tags.into_iter().find(|(of, _)| key == Some(of.as_str())).map(|(_, value)| value))
}

/// What does not change while charges are read.
struct Ledgers<'a> {
    query: &'a SpendQuery,
    masters: &'a Masters,
    measure: SpendMeasure,
    /// Of every account of cost.
    parts: HashMap<AccountId, CostPart>,
    codings: &'a HashMap<BlockId, CodingBlock>,
    allowed: &'a HashSet<BlockId>,
    tests: Vec<Test<'a>>,
}

impl Ledgers<'_> {
    /// The coding of a block whose cost is asked for: by the kind of the entry, or else by the account.
    fn coding(&self, block: BlockId, by_kind: Option<CostPart>) -> Option<&CodingBlock> {
        let coding = self.codings.get(&block).filter(|_| self.allowed.contains(&block))?;
        let part = self.parts.get(&coding.account)?;
        self.measure.holds(by_kind.unwrap_or(*part)).then_some(coding)
    }

    fn matches(&self, names: &Names, facts: Option<&ChargeFacts<'_>>) -> Result<bool, StoreError> {
        for Test { test, ids } in &self.tests {
            let Some(facts) = facts else {
                // What is of no charge is without all that charges know.
                if test.values.contains(&None) {
                    continue;
                }
                return Ok(false);
            };
            let has = |value: Option<&str>| test.values.iter().any(|wanted| wanted.as_deref() == value);
            let holds = match test.dimension {
                ChargeDimension::ApiKey => ids.iter().flatten().any(|id| *id == facts.api_key),
                ChargeDimension::Source => ids.iter().flatten().any(|id| *id == facts.source),
                ChargeDimension::EndUser => has(facts.end_user),
                ChargeDimension::Tag => has(tag(facts, test.tag_key.as_deref())?.as_deref()),
                variant => has(names.variant(facts, variant)),
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// One range.
struct Scan<'a, 'b> {
    facts: &'a Ledgers<'a>,
    names: &'b mut Names,
    days: DayRange,
    interval: Option<Interval>,
    fold: Fold,
    unattributed: BTreeMap<Currency, i128>,
}

impl Scan<'_, '_> {
    fn read(&mut self, ledger: &mut Ledger, span: MoveSpan) -> Result<(), AppError> {
        for counted in [CountedOn::Call, CountedOn::Later] {
            ledger.first_states(span, counted, |facts, change| self.change(&facts, &change))?;
            ledger.later_states(span, counted, |facts, change| self.change(&facts, &change))?;
        }
        let left_out: Vec<_> = CostPart::KINDS
            .into_iter()
            .filter(|kind| CostPart::of_entry(*kind).is_some_and(|part| !self.facts.measure.holds(part)))
            .collect();
        ledger.later_postings(span, &left_out, |facts, posting| {
            let figures = Figures::of_cost(i128::from(posting.net));
            let place = (posting.block, posting.currency);
            self.add(facts.as_ref(), posting.effective_on, place, CostPart::of_entry(posting.kind), figures)
        })?;
        if self.fold.len() > MOST_ROWS { Err(Rejection::of(Code::RangeTooLarge).into()) } else { Ok(()) }
    }

    /// Counts leave the place before and come to the one of now; the money of a first booking comes with them.
    fn change(&mut self, facts: &ChargeFacts<'_>, change: &StateChange<'_>) -> Result<(), StoreError> {
        let day = change.late_on.unwrap_or_else(|| self.facts.masters.zone().day_of(change.occurred_at));
        if day < self.days.from() || day >= self.days.to() {
            return Ok(());
        }
        if change.before != change.now {
            let counts = counts_of(change.meter_lines)?;
            for (place, times) in [(change.before, -1), (change.now, 1)] {
                let Some(place) = place else { continue };
                let figures = Figures {
                    charges: times * i128::from(counts.charges),
                    input_tokens: times * i128::from(counts.input_tokens),
                    output_tokens: times * i128::from(counts.output_tokens),
                    cache_read_tokens: times * i128::from(counts.cache_read_tokens),
                    ..Figures::default()
                };
                self.add(Some(facts), day, place, None, figures)?;
            }
        }
        match change.now.filter(|_| change.booked != 0) {
            Some(place) => self.add(Some(facts), day, place, None, Figures::of_cost(i128::from(change.booked))),
            None => Ok(()),
        }
    }

    fn add(
        &mut self,
        facts: Option<&ChargeFacts<'_>>,
        day: Day,
        (block, currency): (BlockId, Currency),
        by_kind: Option<CostPart>,
        figures: Figures,
    ) -> Result<(), StoreError> {
        // One row more tells that there are too many; the report is refused, and no more of them are held.
        if self.fold.len() > MOST_ROWS {
            return Ok(());
        }
        let Some(coding) = self.facts.coding(block, by_kind) else { return Ok(()) };
        if !self.facts.matches(self.names, facts)? {
            return Ok(());
        }
        let mut keys = Vec::with_capacity(self.facts.query.group_by.len());
        for key in &self.facts.query.group_by {
            keys.push(match (key, facts) {
                (SpendKey::Block(dimension), _) => dimension.id_on(coding),
                (SpendKey::Charge(_), None) => 0,
                (SpendKey::Charge(dimension), Some(facts)) => self.charge_key(*dimension, facts)?,
            });
        }
        if figures.cost != 0 && self.is_unattributed(coding) {
            *self.unattributed.entry(currency).or_default() += figures.cost;
        }
        let day = self.interval.map(|interval| interval.first_day(day));
        self.fold.entry((day, keys, currency)).or_default().add(&figures);
        Ok(())
    }

    fn charge_key(&mut self, dimension: ChargeDimension, facts: &ChargeFacts<'_>) -> Result<i64, StoreError> {
        let text = match dimension {
            ChargeDimension::ApiKey => return Ok(facts.api_key),
            ChargeDimension::Source => return Ok(facts.source),
            ChargeDimension::EndUser => facts.end_user.map(str::to_owned),
            ChargeDimension::Tag => tag(facts, self.facts.query.tag_key.as_deref())?,
            variant => self.names.variant(facts, variant).map(str::to_owned),
        };
        Ok(self.names.texts.id(text.as_deref()))
    }

    fn is_unattributed(&self, coding: &CodingBlock) -> bool {
        let centers = [(CenterKind::Team, coding.team), (CenterKind::Project, coding.project), (CenterKind::Client, coding.client)];
        let is_standing = |(kind, id): (CenterKind, NameId)| {
            self.facts.masters.center_by_code(kind, UNATTRIBUTED).is_some_and(|standing| standing.id == id)
        };
        centers.into_iter().any(is_standing)
    }

    /// Charges of the range that wait for a price.
    fn waiting(&mut self, ledger: &mut Ledger, span: MoveSpan) -> Result<i64, AppError> {
        let mut count = 0;
        let (zone, days) = (self.facts.masters.zone(), self.days);
        ledger.waiting_states(span, |facts, moment, block| {
            let day = zone.day_of(moment);
            let is_in = days.from() <= day && day < days.to() && self.facts.allowed.contains(&block);
            if is_in && self.facts.matches(self.names, Some(&facts))? {
                count += 1;
            }
            Ok(())
        })?;
        Ok(count)
    }
}
