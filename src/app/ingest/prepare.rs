//! Everything about a charge that needs only the masters: attribution, rating, accounts. Done before the books are locked.

use super::fingerprint;
use crate::app::masters::Masters;
use crate::app::posting::{Note, OtherNames};
use crate::domain::attribution::{Attribution, attribute};
use crate::domain::ids::{AccountId, NameId};
use crate::domain::money::limits::LARGEST_CHARGE;
use crate::domain::money::{Amount, Money};
use crate::domain::posting_rules::{Subject, cost_account};
use crate::domain::rating::{Rating, meter_lines, rate};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::Totals;
use crate::domain::usage::{InputShare, Meter, UsageEvent};

/// What a charge costs, or why that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cost {
    Rated(Money),
    /// No price, but the caller reported a cost.
    Reported(Money),
    Unpriced(String),
}

impl Cost {
    pub fn money(&self) -> Option<Money> {
        match self {
            Self::Rated(money) | Self::Reported(money) => Some(*money),
            Self::Unpriced(_) => None,
        }
    }
}

/// A charge ready to be booked under one version of the masters.
pub struct Prepared {
    pub event: UsageEvent,
    pub key_hash: i64,
    pub content_hash: i64,
    pub attribution: Attribution,
    pub cost: Cost,
    pub meter_lines: String,
    pub note: Option<String>,
    pub tags: Option<String>,
    pub debit_account: AccountId,
    pub credit_account: AccountId,
    pub masters_version: i64,
}

impl Prepared {
    /// Why a charge with a new key is not booked. A key that is known is answered first, whatever the charge would cost today.
    pub fn refusal(&self) -> Option<Rejection> {
        too_costly(&self.cost)
    }
}

/// The refusal of a cost that no single charge has.
pub fn too_costly(cost: &Cost) -> Option<Rejection> {
    let (money, field) = match cost {
        Cost::Rated(money) => (*money, "usage"),
        Cost::Reported(money) => (*money, "reportedCost"),
        Cost::Unpriced(_) => return None,
    };
    let largest = || Amount::from_units(LARGEST_CHARGE).with(money.currency);
    let message = || format!("the charge would cost {money}, more than {}: check the quantities and the price", largest());
    let is_absurd = money.amount.units() > LARGEST_CHARGE;
    is_absurd.then(|| Rejection::at(Code::AmountTooLarge, field, message()))
}

/// Attributes and rates an event and finds its accounts.
pub fn prepare(event: UsageEvent, masters: &Masters) -> Prepared {
    let attribution = attribute(&event, &masters.attribution_rules, masters);
    let (cost, meter_lines) = cost_of(&event, masters);
    let debit_account = debit_account(&event, &attribution, masters);
    let credit_account = masters.account(masters.settlement(&event.provider).account()).map_or(AccountId(0), |account| account.id);
    Prepared {
        key_hash: fingerprint::key_hash(&event.source, &event.external_id),
        content_hash: fingerprint::content_hash(&event),
        note: Note::text(&event, &attribution, &OtherNames::default()),
        // A list of pairs keeps the order; serialising it cannot fail.
        tags: if event.tags.is_empty() { None } else { serde_json::to_string(&event.tags).ok() },
        attribution,
        cost,
        meter_lines,
        debit_account,
        credit_account,
        masters_version: masters.version,
        event,
    }
}

/// The rated cost, else the reported one, with the meter lines as stored.
pub fn cost_of(event: &UsageEvent, masters: &Masters) -> (Cost, String) {
    match rate(event, &masters.price_book) {
        Rating::Rated(rated) => (Cost::Rated(rated.money()), meter_lines::encode(&rated.lines, &event.quantities)),
        Rating::Unpriced(reason) => {
            let cost = event.reported_cost.map_or(Cost::Unpriced(reason), Cost::Reported);
            (cost, meter_lines::encode_unrated(&event.quantities))
        }
    }
}

/// The account that bears the cost of an event attributed like this. Zero when a rule names an account that is gone: the gate refuses it.
pub fn debit_account(event: &UsageEvent, attribution: &Attribution, masters: &Masters) -> AccountId {
    let code = |id: NameId| masters.center_by_id(id).map(|center| center.code.as_str());
    let subject = Subject {
        environment: event.environment.as_deref(),
        team: code(attribution.team),
        project: code(attribution.project),
        client: code(attribution.client),
        feature: attribution.feature.as_deref(),
    };
    masters.account(cost_account(&masters.posting_rules, &subject)).map_or(AccountId(0), |account| account.id)
}

/// What the charge adds to the counts of the block that bears it.
pub fn counts(event: &UsageEvent) -> Totals {
    let sum = |share: InputShare| {
        event
            .quantities
            .iter()
            .filter(|line| line.0.input_share() == share && line.0 != Meter::REASONING)
            .fold(0_i64, |sum, line| sum.saturating_add(line.1.whole_units()))
    };
    Totals {
        charges: 1,
        input_tokens: sum(InputShare::Input),
        output_tokens: sum(InputShare::Output),
        cache_read_tokens: event.quantity(&Meter::CACHE_READ).whole_units(),
        ..Totals::default()
    }
}
