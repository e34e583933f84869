//! The oracle: what the books must hold after each operation, kept in plain maps and computed apart from the program.

use std::collections::{BTreeMap, HashMap};

use super::call::{Call, Content, DAY, Money};
use super::checklist::Limits;
use super::months::{Month, Months};
use super::owner::{self, Centers, Owner, Rule};
use super::price_list::PriceList;

/// Where an amount is posted. The liability carries the provider alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Block {
    pub account: String,
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub environment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    pub is_debit: bool,
    pub block: Block,
    pub money: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Charge,
    Reversal,
    Rerating,
    Reclassification,
}

/// The entry of number `position + 1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    pub day: i32,
    /// The day that it belongs to, where that is not its own.
    pub service: Option<i32>,
    pub charge: Option<i64>,
    pub corrects: Option<i64>,
    pub postings: Vec<Posting>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Recorded,
    Unpriced,
    Reversed,
}

/// What the books carry for a charge now.
#[derive(Debug, Clone)]
pub struct State {
    pub owner: Owner,
    pub account: &'static str,
    pub status: Status,
    pub cost: Option<Money>,
    pub entry: Option<i64>,
    /// The day of the booking that stands: a correction goes there while that day is open.
    pub booked: i32,
}

/// A call that is counted on a day, or taken back from it.
#[derive(Debug, Clone)]
pub struct Count {
    pub day: i32,
    pub block: Block,
    pub currency: &'static str,
    pub sign: i128,
}

#[derive(Debug, Clone)]
pub struct Stored {
    pub source: String,
    pub id: String,
    pub content: Content,
    pub state: State,
    pub counts: Vec<Count>,
    /// The states that reversals go back to, under the entry that left them.
    pub undo: Vec<(i64, State)>,
    first: Receipt,
}

impl Stored {
    /// Counts the call where its state says, or takes it back from there.
    pub fn count(&mut self, sign: i128, state: &State, day: i32) {
        let block = block(&self.content, state);
        self.counts.extend(state.cost.map(|cost| Count { day, block, currency: cost.currency, sign }));
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    Recorded { charge: i64, entry: Option<i64>, cost: Money },
    Unpriced { charge: i64 },
    Replayed { charge: i64, entry: Option<i64>, cost: Option<Money> },
    Rejected(&'static str),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rerated {
    pub examined: u64,
    pub adjusted: u64,
    pub posted: u64,
    pub deltas: BTreeMap<&'static str, i128>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    pub examined: u64,
    pub moved: u64,
    pub entries: u64,
}

#[derive(Debug)]
pub struct Oracle {
    /// The moment at which everything happens.
    pub now: i64,
    pub months: Months,
    pub limits: Limits,
    pub prices: PriceList,
    pub rules: BTreeMap<String, Rule>,
    pub centers: Centers,
    pub prepaid: BTreeMap<String, bool>,
    pub has_lab_rule: bool,
    pub charges: Vec<Stored>,
    pub journal: Vec<Entry>,
    keys: HashMap<(String, String), usize>,
    pub commands: BTreeMap<String, ((i64, i32, String), i64)>,
}

impl Oracle {
    /// Books as they are created.
    pub fn new() -> Self {
        Self {
            now: super::world::NOW,
            months: Months::default(),
            limits: Limits::default(),
            prices: PriceList::default(),
            rules: BTreeMap::new(),
            centers: owner::KINDS.into_iter().map(|kind| ((kind, "unattributed".to_owned()), (None, None))).collect(),
            prepaid: BTreeMap::new(),
            has_lab_rule: false,
            charges: Vec::new(),
            journal: Vec::new(),
            keys: HashMap::new(),
            commands: BTreeMap::new(),
        }
    }

    /// The month of today.
    pub fn today(&self) -> Month {
        Month::of(i32::try_from(self.now.div_euclid(DAY)).unwrap())
    }

    /// Where the program books what belongs to a day.
    pub fn booking_day(&self, day: i32) -> i32 {
        self.months.booking_day(day, self.today())
    }

    fn key(&self, call: &Call) -> Option<usize> {
        self.keys.get(&(call.source.clone(), call.id.clone())).copied()
    }

    /// Why a line is refused before its key is looked at.
    fn refusal(&self, call: &Call) -> Option<&'static str> {
        if let Some(flaw) = call.flaw {
            return Some(flaw.code());
        }
        // No clock of a gateway runs ahead by more than two days.
        if call.at > self.now + 2 * DAY {
            return Some("DATE_OUT_OF_RANGE");
        }
        let cost = self.cost(&call.content())?;
        (cost.units > 10_i128.pow(16)).then_some("AMOUNT_TOO_LARGE")
    }

    fn cost(&self, content: &Content) -> Option<Money> {
        self.prices.cost(content).or(content.reported)
    }

    pub fn record(&mut self, calls: &[Call], atomic: bool) -> Vec<Receipt> {
        let refusals: Vec<_> = calls.iter().map(|call| self.refusal(call)).collect();
        if atomic {
            let own = if refusals.iter().all(Option::is_none) { self.conflicts(calls) } else { refusals.clone() };
            if own.iter().any(Option::is_some) {
                return own.into_iter().map(|code| Receipt::Rejected(code.unwrap_or("ATOMIC_REFUSED"))).collect();
            }
        }
        calls.iter().zip(refusals).map(|(call, refusal)| refusal.map_or_else(|| self.record_one(call), Receipt::Rejected)).collect()
    }

    fn conflicts(&self, calls: &[Call]) -> Vec<Option<&'static str>> {
        let mut within: HashMap<(&str, &str), Content> = HashMap::new();
        let mut conflicts = Vec::new();
        for call in calls {
            let content = call.content();
            let known = self.key(call).map(|at| self.charges[at].content.clone());
            let first = known.unwrap_or_else(|| within.entry((&call.source, &call.id)).or_insert(content.clone()).clone());
            conflicts.push((first != content).then_some("IDEMPOTENCY_CONFLICT"));
        }
        conflicts
    }

    fn record_one(&mut self, call: &Call) -> Receipt {
        let content = call.content();
        if let Some(at) = self.key(call) {
            let known = &self.charges[at];
            return match (known.content == content, &known.first) {
                (false, _) => Receipt::Rejected("IDEMPOTENCY_CONFLICT"),
                (true, Receipt::Recorded { charge, entry, cost }) => {
                    Receipt::Replayed { charge: *charge, entry: *entry, cost: Some(*cost) }
                }
                (true, Receipt::Unpriced { charge }) => Receipt::Replayed { charge: *charge, entry: None, cost: None },
                (true, other) => other.clone(),
            };
        }
        let number = i64::try_from(self.charges.len()).unwrap() + 1;
        let owner = owner::owner(&content, &self.rules, &self.centers);
        let account = owner::account(&content, &owner, self.has_lab_rule);
        let cost = self.cost(&content);
        // What waits for its price is booked nowhere yet.
        let booked = if cost.is_some() { self.booking_day(content.day()) } else { content.day() };
        let status = if cost.is_some() { Status::Recorded } else { Status::Unpriced };
        let state = State { owner, account, status, cost, entry: None, booked };
        let first = Receipt::Unpriced { charge: number };
        self.keys.insert((call.source.clone(), call.id.clone()), self.charges.len());
        let mut stored =
            Stored { source: call.source.clone(), id: call.id.clone(), content, state, counts: Vec::new(), undo: Vec::new(), first };
        stored.count(1, &stored.state.clone(), booked);
        if let Some(cost) = cost {
            stored.state.entry = self.post_cost(number, &stored, Kind::Charge, cost.units, cost.currency);
            stored.first = Receipt::Recorded { charge: number, entry: stored.state.entry, cost };
        }
        let receipt = stored.first.clone();
        self.charges.push(stored);
        receipt
    }

    fn post_cost(&mut self, number: i64, charge: &Stored, kind: Kind, units: i128, currency: &'static str) -> Option<i64> {
        let postings = self.postings(charge, units, currency);
        let corrects = if kind == Kind::Charge { None } else { charge.state.entry };
        self.post(Self::entry(kind, (number, charge), corrects, postings))
    }

    /// An entry on the day on which the charge is booked, with the day of the call where that is another.
    fn entry(kind: Kind, (number, charge): (i64, &Stored), corrects: Option<i64>, postings: Vec<Posting>) -> Entry {
        let (day, called) = (charge.state.booked, charge.content.day());
        Entry { kind, day, service: (day != called).then_some(called), charge: Some(number), corrects, postings }
    }

    /// Cost against what is owed; the other way round when negative.
    fn postings(&self, charge: &Stored, units: i128, currency: &'static str) -> Vec<Posting> {
        if units == 0 {
            return Vec::new();
        }
        let is_prepaid = self.prepaid.get(&charge.content.provider).copied().unwrap_or(false);
        let owed = Block {
            account: if is_prepaid { "1300" } else { "2100" }.to_owned(),
            provider: Some(charge.content.provider.clone()),
            ..Block::default()
        };
        let posting = |is_debit, block| Posting { is_debit, block, money: Money { currency, units: units.abs() } };
        let bears = block(&charge.content, &charge.state);
        if units > 0 { vec![posting(true, bears), posting(false, owed)] } else { vec![posting(true, owed), posting(false, bears)] }
    }

    pub fn post(&mut self, entry: Entry) -> Option<i64> {
        if entry.postings.is_empty() {
            return None;
        }
        self.journal.push(entry);
        Some(i64::try_from(self.journal.len()).unwrap())
    }

    /// Positions of the charges in the order in which a correction takes them.
    fn in_order(&self, wanted: impl Fn(&Stored) -> bool) -> Vec<usize> {
        let mut found: Vec<usize> =
            (0..self.charges.len()).filter(|at| self.charges[*at].state.status != Status::Reversed && wanted(&self.charges[*at])).collect();
        found.sort_by_key(|at| (self.charges[*at].content.at.div_euclid(super::call::HOUR), *at));
        found
    }

    pub fn rerate(&mut self, from: i64, to: i64, provider: Option<&str>, model: Option<&str>, dry_run: bool) -> Rerated {
        let wanted = self.in_order(|charge| {
            (from..to).contains(&charge.content.at)
                && provider.is_none_or(|provider| provider == charge.content.provider)
                && model.is_none_or(|model| model == charge.content.model)
        });
        let mut report = Rerated { examined: wanted.len() as u64, ..Rerated::default() };
        for at in wanted {
            let mut charge = self.charges[at].clone();
            let Some(new) = self.cost(&charge.content) else { continue };
            if charge.state.cost == Some(new) {
                continue;
            }
            if let Some(old) = charge.state.cost {
                *report.deltas.entry(old.currency).or_default() -= old.units;
            }
            *report.deltas.entry(new.currency).or_default() += new.units;
            *(if charge.state.cost.is_some() { &mut report.adjusted } else { &mut report.posted }) += 1;
            if !dry_run {
                self.rerate_one(i64::try_from(at).unwrap() + 1, &mut charge, new);
                self.charges[at] = charge;
            }
        }
        report
    }

    fn rerate_one(&mut self, number: i64, charge: &mut Stored, new: Money) {
        let before = charge.state.clone();
        charge.state.booked = self.booking_day(before.booked);
        let entry = match before.cost {
            None => self.post_cost(number, charge, Kind::Charge, new.units, new.currency),
            Some(old) if old.currency == new.currency => {
                self.post_cost(number, charge, Kind::Rerating, new.units - old.units, new.currency)
            }
            Some(old) => {
                let mut postings = self.postings(charge, -old.units, old.currency);
                postings.extend(self.postings(charge, new.units, new.currency));
                self.post(Self::entry(Kind::Rerating, (number, charge), before.entry, postings))
            }
        };
        charge.state.cost = Some(new);
        charge.state.status = Status::Recorded;
        if before.cost.is_none_or(|old| old.currency != new.currency) {
            let now = charge.state.clone();
            charge.count(-1, &before, now.booked);
            charge.count(1, &now, now.booked);
        }
        if let Some(entry) = entry {
            charge.state.entry = Some(entry);
            if before.cost.is_some() {
                charge.undo.push((entry, before));
            }
        }
    }

    pub fn reattribute(&mut self, from: i32, to: i32, dry_run: bool) -> Moved {
        let wanted = self.in_order(|charge| (from..to).contains(&charge.content.day()));
        let mut report = Moved { examined: wanted.len() as u64, ..Moved::default() };
        for at in wanted {
            let mut charge = self.charges[at].clone();
            let before = charge.state.clone();
            let old = block(&charge.content, &before);
            charge.state.owner = owner::owner(&charge.content, &self.rules, &self.centers);
            charge.state.account = owner::account(&charge.content, &charge.state.owner, self.has_lab_rule);
            let new = block(&charge.content, &charge.state);
            if new != old {
                report.moved += 1;
            } else if charge.state.owner.rule == before.owner.rule {
                // A reason that only reads differently is no move.
                continue;
            }
            if dry_run {
                continue;
            }
            if let Some(cost) = before.cost.filter(|_| new != old) {
                charge.state.booked = self.booking_day(before.booked);
                let now = charge.state.clone();
                charge.count(-1, &before, now.booked);
                charge.count(1, &now, now.booked);
                if cost.units > 0 {
                    let posting = |is_debit, block| Posting { is_debit, block, money: cost };
                    let postings = vec![posting(true, new), posting(false, old)];
                    let number = i64::try_from(at).unwrap() + 1;
                    charge.state.entry = self.post(Self::entry(Kind::Reclassification, (number, &charge), before.entry, postings));
                    charge.undo.push((charge.state.entry.unwrap(), before));
                    report.entries += 1;
                }
            }
            self.charges[at] = charge;
        }
        report
    }
}

/// The block that bears a charge's cost.
pub fn block(content: &Content, state: &State) -> Block {
    let Owner { team, project, client, feature, .. } = state.owner.clone();
    Block {
        account: state.account.to_owned(),
        team,
        project,
        client,
        feature,
        provider: Some(content.provider.clone()),
        model: Some(content.model.clone()),
        environment: content.environment().map(str::to_owned),
    }
}
