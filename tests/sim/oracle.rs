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

    /// Why a line is refused before anything is known of the books.
    fn malformed(&self, call: &Call) -> Option<&'static str> {
        if let Some(flaw) = call.flaw {
            return Some(flaw.code());
        }
        // No clock of a gateway runs ahead by more than two days.
        (call.at > self.now + 2 * DAY).then_some("DATE_OUT_OF_RANGE")
    }

    /// Why a line is refused before its key is looked at.
    fn refusal(&self, call: &Call) -> Option<&'static str> {
        if let Some(code) = self.malformed(call) {
            return Some(code);
        }
        let cost = self.cost(&call.content())?;
        (cost.units > 10_i128.pow(16)).then_some("AMOUNT_TOO_LARGE")
    }

    pub fn cost(&self, content: &Content) -> Option<Money> {
        self.prices.cost(content).or(content.reported)
    }

    pub fn record(&mut self, calls: &[Call], atomic: bool) -> Vec<Receipt> {
        let refusals: Vec<_> = calls.iter().map(|call| self.refusal(call)).collect();
        if atomic {
            // Keys are looked at once every line can be read; what is wrong with a key comes before what is wrong with a cost.
            let is_readable = calls.iter().all(|call| self.malformed(call).is_none());
            let conflicts = if is_readable { self.conflicts(calls) } else { vec![None; calls.len()] };
            let own: Vec<_> = conflicts.into_iter().zip(&refusals).map(|(conflict, refusal)| conflict.or(*refusal)).collect();
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

    pub fn post_cost(&mut self, number: i64, charge: &Stored, kind: Kind, units: i128, currency: &'static str) -> Option<i64> {
        let postings = self.postings(charge, units, currency);
        let corrects = if kind == Kind::Charge { None } else { charge.state.entry };
        self.post(Self::entry(kind, (number, charge), corrects, postings))
    }

    /// An entry on the day on which the charge is booked, with the day of the call where that is another.
    pub fn entry(kind: Kind, (number, charge): (i64, &Stored), corrects: Option<i64>, postings: Vec<Posting>) -> Entry {
        let (day, called) = (charge.state.booked, charge.content.day());
        Entry { kind, day, service: (day != called).then_some(called), charge: Some(number), corrects, postings }
    }

    /// Cost against what is owed; the other way round when negative.
    pub fn postings(&self, charge: &Stored, units: i128, currency: &'static str) -> Vec<Posting> {
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
