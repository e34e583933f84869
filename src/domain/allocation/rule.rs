//! Rules: which cost is spread, over whom, by what, and on which accounts. A version never changes.

use serde::{Deserialize, Serialize};

use super::Center;
use crate::domain::chart::CenterKind;
use crate::domain::money::{Currency, Exact};
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};

/// Receivers of one rule: every center of a large company fits.
pub const MOST_RECEIVERS: usize = 10_000;
/// Service centers of one rule. Reciprocal ones are solved together, in the fourth power of their number (docs/PERFORMANCE.md).
pub const MOST_SERVICE_CENTERS: usize = 500;
/// Tiers of one rule: published price lists have fewer than ten.
pub const MOST_TIERS: usize = 50;

/// One version of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocationRule {
    pub code: String,
    /// From 1; the latest version that began by the posting date governs.
    pub version: i64,
    pub name: String,
    /// Rules run in this order, ties by code; later ones see what earlier ones moved.
    pub order: i64,
    /// First day on which it governs.
    pub valid_from: Day,
    /// First day on which it no longer does; open when absent.
    pub valid_to: Option<Day>,
    pub terms: RuleTerms,
}

/// What a version says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleTerms {
    pub pool: PoolFilter,
    pub method: Method,
    /// In the order of kind and code, each once. Empty: whoever has a value of the driver.
    pub receivers: Vec<Receiver>,
    /// Without named receivers, only centers of this kind receive.
    #[serde(with = "kind_name")]
    pub receiver_kind: Option<CenterKind>,
    pub residual: Residual,
    pub posting: PostingMode,
    pub when_zero: WhenZero,
    pub when_missing: WhenMissing,
    pub when_negative: WhenNegative,
    /// The currency of fixed amounts and rates; with it, the rule spreads the pool in that currency alone.
    #[serde(with = "currency_code")]
    pub currency: Option<Currency>,
}

/// Which cost is in the pool: that on any of the accounts and on every dimension that is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolFilter {
    /// Codes of accounts; when empty, every cost account but those on which centers charge each other.
    pub accounts: Vec<String>,
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
    pub model: Option<String>,
    pub environment: Option<String>,
}

/// By what the pool is spread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// All of it to one receiver.
    Direct,
    /// The same to each receiver.
    Even,
    /// Weights are percent of the pool.
    FixedPercent,
    /// Weights are portions of the pool.
    FixedPortion,
    /// Weights are amounts.
    FixedAmount,
    /// In proportion to a driver.
    Driver { driver: String },
    /// In proportion to each receiver's own AI cost, shared cost left out.
    CostWeighted,
    /// Each receiver's quantity of the driver at rates that depend on the quantity.
    Tiered { driver: String, tiers: Vec<Tier>, mode: TierMode },
    /// Each receiver's quantity of the driver at one rate.
    StandardRate { driver: String, rate: Exact },
    /// Service centers close one after the other; a closed one receives nothing.
    StepDown { centers: Vec<ServiceCenter>, order: ServiceOrder },
    /// Service centers serve each other; solved together, exactly.
    Reciprocal { centers: Vec<ServiceCenter> },
    /// The pool stays with its centers and goes to another account: what is cost of revenue, and what is not. The share is percent.
    Reclassify { percent: Exact },
}

/// Who receives, and how much where the method says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    pub center: Center,
    pub weight: Option<Exact>,
}

/// A center whose own cost in the period is a pool, spread by its own driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceCenter {
    pub center: Center,
    pub driver: String,
}

/// Quantities up to `up_to` (included) are at `rate`; the last tier has no end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    pub up_to: Option<Exact>,
    pub rate: Exact,
}

/// How tiers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TierMode {
    /// Each tier's rate counts for the quantity within it.
    Graduated,
    /// The rate of the tier reached counts for all of the quantity.
    Volume,
}

/// In which order service centers close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceOrder {
    Given,
    /// First whoever gives the largest share of its output to other service centers, then the larger cost, then the code.
    Automatic,
}

/// Who bears what fixed shares, amounts and rates leave of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Residual {
    Receivers,
    Sender,
}

/// On which accounts the cost moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostingMode {
    /// The receiver is debited and the sender credited in the account that the cost is in.
    KeepAccount,
    /// The receiver is debited in one account, the sender credited in another, by code.
    Accounts { debit: String, credit: String },
}

/// When all drivers of a pool that is not empty are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenZero {
    Refuse,
    /// The sender keeps its cost.
    Retain,
    /// The same to each receiver, because the rule says so.
    Even,
}

/// When a receiver that the rule names has no recorded value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenMissing {
    Refuse,
    Zero,
}

/// When a receiver's value is below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenNegative {
    Refuse,
    Zero,
}

/// Drivers that the books themselves compute: what a center of the period had. Revenue and cost are those in the pool's currency.
const STANDING: [&str; 8] = ["charges", "tokens", "input_tokens", "output_tokens", "cache_read_tokens", "direct_cost", "revenue", "hours"];

/// Before the code of a unit it names what a center produced of the unit: `outputs:ticket_resolved`. Units are not added up with each other.
const OUTPUTS: &str = "outputs:";

/// The driver of this name, if the books compute it; values of it are not recorded.
pub fn standing_driver(name: &str) -> Option<&str> {
    let is_standing = STANDING.contains(&name) || unit_of_driver(name).is_some();
    is_standing.then_some(name)
}

/// The unit whose outputs a driver counts.
pub fn unit_of_driver(name: &str) -> Option<&str> {
    name.strip_prefix(OUTPUTS)
}

impl Method {
    /// The service centers, where the method has any.
    pub fn service_centers(&self) -> &[ServiceCenter] {
        match self {
            Self::StepDown { centers, .. } | Self::Reciprocal { centers } => centers,
            Self::Direct
            | Self::Even
            | Self::FixedPercent
            | Self::FixedPortion
            | Self::FixedAmount
            | Self::Driver { .. }
            | Self::CostWeighted
            | Self::Tiered { .. }
            | Self::StandardRate { .. }
            | Self::Reclassify { .. } => &[],
        }
    }

    /// The drivers it reads, in no order.
    pub fn drivers(&self) -> Vec<&str> {
        match self {
            Self::Driver { driver } | Self::Tiered { driver, .. } | Self::StandardRate { driver, .. } => vec![driver],
            Self::CostWeighted => vec!["direct_cost"],
            Self::StepDown { centers, .. } | Self::Reciprocal { centers } => centers.iter().map(|center| center.driver.as_str()).collect(),
            Self::Direct | Self::Even | Self::FixedPercent | Self::FixedPortion | Self::FixedAmount | Self::Reclassify { .. } => Vec::new(),
        }
    }

    /// Whether amounts come from rates, so that the pool is absorbed more or less than fully.
    pub fn is_by_rate(&self) -> bool {
        matches!(self, Self::Tiered { .. } | Self::StandardRate { .. })
    }
}

impl RuleTerms {
    /// Holds everything that can be said of a rule by itself.
    ///
    /// # Errors
    /// `ALLOCATION_RULE_INVALID`, `ALLOCATION_PERCENT_INVALID`, `TOO_MANY_ITEMS`, `AMOUNT_NEGATIVE` at their fields.
    pub fn check(&self) -> Result<(), Rejection> {
        if self.receivers.len() > MOST_RECEIVERS {
            return Err(too_many("receivers", MOST_RECEIVERS));
        }
        self.check_receivers()?;
        self.check_method()?;
        let standing = self.method.drivers().into_iter().find_map(standing_driver);
        if let Some(driver) = standing.filter(|_| self.receivers.is_empty() && self.receiver_kind.is_none()) {
            let message = format!("every team, project and client has {driver}: name the receivers, or their kind with receiverKind");
            return Err(invalid("receivers", message));
        }
        if self.method.is_by_rate() && self.posting == PostingMode::KeepAccount {
            return Err(invalid("posting", "rates may charge more than the pool holds: name the debit and the credit account"));
        }
        if self.posting == PostingMode::KeepAccount && matches!(self.method, Method::Reclassify { .. }) {
            return Err(invalid("posting", "a reclassification goes to another account: name debitAccount and creditAccount"));
        }
        Ok(())
    }

    fn check_receivers(&self) -> Result<(), Rejection> {
        for (position, pair) in self.receivers.windows(2).enumerate() {
            if let [first, second] = pair
                && first.center >= second.center
            {
                let message = format!("{} receives twice: name it once", second.center);
                return Err(invalid("costCenter", message).under((position + 1).to_string()).under("receivers"));
            }
        }
        for (position, receiver) in self.receivers.iter().enumerate() {
            if receiver.weight.is_some_and(|weight| weight.mantissa() < 0) {
                let rejection = Rejection::at(Code::AmountNegative, "weight", "a weight is not below zero");
                return Err(rejection.under(position.to_string()).under("receivers"));
            }
        }
        Ok(())
    }

    fn check_method(&self) -> Result<(), Rejection> {
        let has_receivers = !self.receivers.is_empty();
        match &self.method {
            Method::Direct if self.receivers.len() != 1 => Err(invalid("receivers", "DIRECT has exactly one receiver")),
            Method::Even | Method::FixedPercent | Method::FixedPortion | Method::FixedAmount if !has_receivers => {
                Err(invalid("receivers", "the method spreads over the receivers that the rule names: name at least one"))
            }
            Method::FixedPercent => self.check_percent(),
            Method::FixedPortion => self.check_weights(),
            Method::FixedAmount if self.residual == Residual::Sender => self.check_weights(),
            Method::Tiered { tiers, .. } => check_tiers(tiers),
            Method::StandardRate { rate, .. } if rate.mantissa() < 0 => {
                Err(Rejection::at(Code::AmountNegative, "rate", "a rate is not below zero"))
            }
            Method::StepDown { centers, .. } | Method::Reciprocal { centers } => self.check_service_centers(centers),
            Method::Reclassify { .. } if has_receivers => {
                Err(invalid("receivers", "a reclassification keeps the cost where it is: leave receivers out"))
            }
            Method::Reclassify { percent } if percent.mantissa() <= 0 || is_above_hundred(*percent) => Err(percent_invalid("percent")),
            Method::Direct
            | Method::Even
            | Method::FixedAmount
            | Method::Driver { .. }
            | Method::CostWeighted
            | Method::StandardRate { .. }
            | Method::Reclassify { .. } => Ok(()),
        }
    }

    fn check_weights(&self) -> Result<(), Rejection> {
        match self.receivers.iter().position(|receiver| receiver.weight.is_none()) {
            Some(position) => {
                Err(invalid("weight", "the method needs a weight of each receiver").under(position.to_string()).under("receivers"))
            }
            None => Ok(()),
        }
    }

    fn check_percent(&self) -> Result<(), Rejection> {
        self.check_weights()?;
        let sum = self.receivers.iter().filter_map(|receiver| receiver.weight).try_fold(Exact::ZERO, Exact::checked_add);
        let Some(sum) = sum else { return Err(percent_invalid("receivers")) };
        let is_hundred = sum.checked_sub(Exact::new(100, 0)).is_some_and(|rest| rest.mantissa() == 0);
        if is_above_hundred(sum) || (!is_hundred && self.residual == Residual::Receivers) {
            let message = format!("the percentages total {}; they total 100, or less with residual SENDER", sum.normalized());
            return Err(Rejection::at(Code::AllocationPercentInvalid, "receivers", message));
        }
        Ok(())
    }

    fn check_service_centers(&self, centers: &[ServiceCenter]) -> Result<(), Rejection> {
        if centers.is_empty() {
            return Err(invalid("serviceCenters", "the method closes service centers: name at least one"));
        }
        if centers.len() > MOST_SERVICE_CENTERS {
            return Err(too_many("serviceCenters", MOST_SERVICE_CENTERS));
        }
        if self.pool.team.is_some() || self.pool.project.is_some() || self.pool.client.is_some() {
            return Err(invalid("pool", "the pool of each service center is its own cost: leave team, project and client out"));
        }
        for (position, center) in centers.iter().enumerate() {
            let is_twice = centers.iter().take(position).any(|earlier| earlier.center == center.center);
            let receives = self.receivers.iter().any(|receiver| receiver.center == center.center);
            if is_twice || receives {
                let message = format!("{} is a service center once, and not a receiver", center.center);
                return Err(invalid("costCenter", message).under(position.to_string()).under("serviceCenters"));
            }
        }
        Ok(())
    }
}

fn check_tiers(tiers: &[Tier]) -> Result<(), Rejection> {
    if tiers.len() > MOST_TIERS {
        return Err(too_many("tiers", MOST_TIERS));
    }
    let Some((last, earlier)) = tiers.split_last() else { return Err(invalid("tiers", "name at least one tier")) };
    if last.up_to.is_some() {
        return Err(invalid("tiers", "the last tier has no upTo, so that every quantity has a rate"));
    }
    let mut reached = Exact::ZERO;
    for (position, tier) in earlier.iter().enumerate() {
        let above = tier.up_to.and_then(|up_to| up_to.checked_sub(reached)).is_some_and(|step| step.mantissa() > 0);
        if !above {
            return Err(invalid("upTo", "tiers go up, from above zero").under(position.to_string()).under("tiers"));
        }
        reached = tier.up_to.unwrap_or(reached);
    }
    match tiers.iter().position(|tier| tier.rate.mantissa() < 0) {
        Some(position) => {
            Err(Rejection::at(Code::AmountNegative, "rate", "a rate is not below zero").under(position.to_string()).under("tiers"))
        }
        None => Ok(()),
    }
}

fn is_above_hundred(percent: Exact) -> bool {
    percent.checked_sub(Exact::new(100, 0)).is_none_or(|rest| rest.mantissa() > 0)
}

fn percent_invalid(field: &'static str) -> Rejection {
    Rejection::at(Code::AllocationPercentInvalid, field, Code::AllocationPercentInvalid.help())
}

fn invalid(field: &'static str, message: impl Into<String>) -> Rejection {
    Rejection::at(Code::AllocationRuleInvalid, field, message)
}

fn too_many(field: &'static str, most: usize) -> Rejection {
    Rejection::at(Code::TooManyItems, field, format!("a rule takes at most {most} of them"))
}

/// Closed sets of other rooms in a rule's stored form: their own words.
macro_rules! stored_as_text {
    ($module:ident, $type:ty, $write:expr, $read:expr) => {
        mod $module {
            use serde::{Deserialize, Deserializer, Serialize, Serializer};

            pub fn serialize<S: Serializer>(value: &Option<$type>, serializer: S) -> Result<S::Ok, S::Error> {
                let write: fn($type) -> &'static str = $write;
                value.map(write).serialize(serializer)
            }

            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
                let read: fn(&str) -> Option<$type> = $read;
                let text = Option::<String>::deserialize(deserializer)?;
                let unknown = |text: &String| serde::de::Error::custom(format!("`{text}` is unknown"));
                text.map(|text| read(&text).ok_or_else(|| unknown(&text))).transpose()
            }
        }
    };
}
stored_as_text!(kind_name, crate::domain::chart::CenterKind, |kind| kind.field(), crate::domain::chart::CenterKind::parse);
stored_as_text!(currency_code, crate::domain::money::Currency, |currency| currency.code(), |code| {
    crate::domain::money::Currency::parse(code).ok()
});
