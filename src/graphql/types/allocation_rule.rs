//! What an allocation rule is given as.

use async_graphql::{Enum, InputObject, InputValueError, InputValueResult, Scalar, ScalarType, Value};

use super::enums::CostCenterKind;
use crate::app::allocation::{RuleInput, terms};
use crate::domain::money::{Currency, Exact};
use crate::domain::rejection::{Code, Rejection};
use crate::graphql::scalars::{CurrencyCode, Date, Decimal};

/// By what a pool is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum AllocationMethod {
    /// All of it to one receiver.
    Direct,
    /// The same to each receiver.
    Even,
    /// `weight` is percent of the pool; they total 100, or less with residual `SENDER`.
    FixedPercent,
    /// `weight` is a portion.
    FixedPortion,
    /// `weight` is an amount; residual says who bears the rest. With `RECEIVERS` those without a weight share it, else all by their amounts.
    FixedAmount,
    /// In proportion to `driver`.
    Driver,
    /// In proportion to each receiver's own AI cost, shared cost left out.
    CostWeighted,
    /// Each receiver's quantity of `driver` at `tiers`.
    Tiered,
    /// Each receiver's quantity of `driver` at `rate`.
    StandardRate,
    /// `serviceCenters` close one after the other, each by its own driver; a closed one receives nothing.
    StepDown,
    /// `serviceCenters` serve each other and are solved together, exactly.
    Reciprocal,
    /// `percent` of the pool goes to another account and stays with its centers: what is cost of revenue, and what is not.
    Reclassify,
}

impl AllocationMethod {
    pub fn of(method: &terms::Method) -> Self {
        use terms::Method;
        match method {
            Method::Direct => Self::Direct,
            Method::Even => Self::Even,
            Method::FixedPercent => Self::FixedPercent,
            Method::FixedPortion => Self::FixedPortion,
            Method::FixedAmount => Self::FixedAmount,
            Method::Driver { .. } => Self::Driver,
            Method::CostWeighted => Self::CostWeighted,
            Method::Tiered { .. } => Self::Tiered,
            Method::StandardRate { .. } => Self::StandardRate,
            Method::StepDown { .. } => Self::StepDown,
            Method::Reciprocal { .. } => Self::Reciprocal,
            Method::Reclassify { .. } => Self::Reclassify,
        }
    }
}

/// Who bears what fixed shares, amounts and rates leave of the pool. With `RECEIVERS`, rates are weights of the whole pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::allocation::terms::Residual")]
pub enum AllocationResidual {
    Receivers,
    Sender,
}

/// When all drivers of a pool that is not empty are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::allocation::terms::WhenZero")]
pub enum WhenZero {
    Refuse,
    /// The sender keeps its cost.
    Retain,
    /// The same to each receiver, because the rule says so.
    Even,
}

/// When a receiver that the rule names has no recorded value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::allocation::terms::WhenMissing")]
pub enum WhenMissing {
    Refuse,
    Zero,
}

/// When a receiver's value is below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::allocation::terms::WhenNegative")]
pub enum WhenNegative {
    Refuse,
    Zero,
}

/// In which order service centers close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::allocation::terms::ServiceOrder")]
pub enum ServiceOrder {
    Given,
    /// First whoever gives the largest share of its output to other service centers, then the larger cost, then the code.
    Automatic,
}

/// How tiers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::allocation::terms::TierMode")]
pub enum TierMode {
    /// Each tier's rate counts for the quantity within it.
    Graduated,
    /// The rate of the tier reached counts for all of the quantity.
    Volume,
}

/// On which accounts cost moves: `KEEP_ACCOUNT`, or an object with `debitAccount` (of the receiver) and `creditAccount` (of the sender).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocationPosting(terms::PostingMode);

/// On which accounts cost moves: `KEEP_ACCOUNT`, or an object with `debitAccount` (of the receiver) and `creditAccount` (of the sender).
#[Scalar]
impl ScalarType for AllocationPosting {
    fn parse(value: Value) -> InputValueResult<Self> {
        let refused =
            || InputValueError::custom("AllocationPosting is KEEP_ACCOUNT or { debitAccount: \"5050\", creditAccount: \"6590\" }");
        match &value {
            Value::String(word) if word == "KEEP_ACCOUNT" => Ok(Self(terms::PostingMode::KeepAccount)),
            Value::Enum(word) if word == "KEEP_ACCOUNT" => Ok(Self(terms::PostingMode::KeepAccount)),
            Value::Object(fields) if fields.len() == 2 => {
                let account = |name: &str| match fields.get(name) {
                    Some(Value::String(code)) => Ok(code.clone()),
                    _ => Err(refused()),
                };
                Ok(Self(terms::PostingMode::Accounts { debit: account("debitAccount")?, credit: account("creditAccount")? }))
            }
            _ => Err(refused()),
        }
    }

    fn to_value(&self) -> Value {
        match &self.0 {
            terms::PostingMode::KeepAccount => Value::String("KEEP_ACCOUNT".to_owned()),
            terms::PostingMode::Accounts { debit, credit } => {
                let field = |name: &str, code: &String| (async_graphql::Name::new(name), Value::String(code.clone()));
                Value::Object([field("debitAccount", debit), field("creditAccount", credit)].into_iter().collect())
            }
        }
    }
}

/// Which cost is spread: that on any of the accounts (every cost account when none is named) and on every dimension that is named. What was
/// allocated out on the rule's credit account before is taken off.
#[derive(Debug, Clone, Default, InputObject)]
pub struct AllocationPoolInput {
    #[graphql(default)]
    accounts: Vec<String>,
    team: Option<String>,
    project: Option<String>,
    client: Option<String>,
    feature: Option<String>,
    model: Option<String>,
    environment: Option<String>,
}

/// Who receives.
#[derive(Debug, Clone, InputObject)]
pub struct AllocationReceiverInput {
    kind: CostCenterKind,
    cost_center: String,
    /// Percent, portion or amount, by the method.
    weight: Option<Decimal>,
}

/// A center whose own cost in the period is a pool, spread by its own driver over whoever has values of it.
#[derive(Debug, Clone, InputObject)]
pub struct ServiceCenterInput {
    kind: CostCenterKind,
    cost_center: String,
    driver: String,
}

/// A tier of quantities.
#[derive(Debug, Clone, InputObject)]
pub struct AllocationTierInput {
    /// The last quantity in it; the last tier has none.
    up_to: Option<Decimal>,
    /// Money for one unit.
    rate: Decimal,
}

/// An allocation rule. The same as its latest version changes nothing; anything else is the next version.
#[derive(Debug, Clone, InputObject)]
pub struct SaveAllocationRuleInput {
    /// Unique in the books.
    code: String,
    /// The code when absent.
    name: Option<String>,
    /// First day on which it governs, by the last day of the period.
    valid_from: Date,
    /// First day on which it no longer does.
    valid_to: Option<Date>,
    /// Rules run in this order, ties by code; later ones see what earlier ones moved.
    #[graphql(default)]
    order: i32,
    pool: Option<AllocationPoolInput>,
    method: AllocationMethod,
    /// Recorded with `recordDriverValues`, or one that the books compute: charges, tokens, input_tokens, output_tokens, cache_read_tokens,
    /// direct_cost, revenue, hours.
    driver: Option<String>,
    /// For `DRIVER` and its kin, whoever has a value when none is named.
    #[graphql(default)]
    receivers: Vec<AllocationReceiverInput>,
    /// Without named receivers, only centers of this kind receive. Needed with drivers that the books compute.
    receiver_kind: Option<CostCenterKind>,
    #[graphql(default_with = "AllocationResidual::Receivers")]
    residual: AllocationResidual,
    #[graphql(default)]
    service_centers: Vec<ServiceCenterInput>,
    #[graphql(default_with = "ServiceOrder::Given")]
    service_order: ServiceOrder,
    #[graphql(default)]
    tiers: Vec<AllocationTierInput>,
    #[graphql(default_with = "TierMode::Graduated")]
    tier_mode: TierMode,
    /// Money for one unit of the driver.
    rate: Option<Decimal>,
    /// Of a reclassification; 100 when absent.
    percent: Option<Decimal>,
    /// Of fixed amounts and rates: the pool in this currency alone is spread.
    currency: Option<CurrencyCode>,
    /// Debit 5050 and credit 6590 when absent.
    posting: Option<AllocationPosting>,
    #[graphql(default_with = "WhenZero::Refuse")]
    when_zero: WhenZero,
    #[graphql(default_with = "WhenMissing::Refuse")]
    when_missing: WhenMissing,
    #[graphql(default_with = "WhenNegative::Refuse")]
    when_negative: WhenNegative,
}

fn exact(decimal: &Decimal, field: &'static str) -> Result<Exact, Rejection> {
    Exact::parse(&decimal.0).map(Exact::normalized).map_err(|rejection| rejection.under(field))
}

fn invalid(field: &'static str, message: &str) -> Rejection {
    Rejection::at(Code::AllocationRuleInvalid, field, message)
}

impl SaveAllocationRuleInput {
    /// # Errors
    /// `DATE_INVALID`, `AMOUNT_*`, `CURRENCY_UNKNOWN`, `ALLOCATION_RULE_INVALID` at their fields.
    pub fn read(self) -> Result<RuleInput, Rejection> {
        let method = self.method()?;
        let mut receivers = Vec::with_capacity(self.receivers.len());
        for (position, receiver) in self.receivers.iter().enumerate() {
            let weight = receiver.weight.as_ref().map(|weight| exact(weight, "weight")).transpose();
            let weight = weight.map_err(|rejection| rejection.under(position.to_string()).under("receivers"))?;
            receivers.push(terms::Receiver { center: terms::Center::new(receiver.kind.into(), &receiver.cost_center), weight });
        }
        receivers.sort_by(|left, right| left.center.cmp(&right.center));
        let pool = self.pool.unwrap_or_default();
        let currency = self.currency.map(|code| Currency::parse(&code.0).map_err(|rejection| rejection.under("currency"))).transpose()?;
        let accounts = || terms::PostingMode::Accounts { debit: "5050".to_owned(), credit: "6590".to_owned() };
        Ok(RuleInput {
            name: self.name.unwrap_or_else(|| self.code.clone()),
            code: self.code,
            valid_from: self.valid_from.to_day("validFrom")?,
            valid_to: self.valid_to.map(|day| day.to_day("validTo")).transpose()?,
            order: self.order.into(),
            terms: terms::RuleTerms {
                pool: terms::PoolFilter {
                    accounts: pool.accounts,
                    team: pool.team,
                    project: pool.project,
                    client: pool.client,
                    feature: pool.feature,
                    model: pool.model,
                    environment: pool.environment,
                },
                method,
                receivers,
                receiver_kind: self.receiver_kind.map(Into::into),
                residual: self.residual.into(),
                posting: self.posting.map_or_else(accounts, |posting| posting.0),
                when_zero: self.when_zero.into(),
                when_missing: self.when_missing.into(),
                when_negative: self.when_negative.into(),
                currency,
            },
        })
    }

    fn method(&self) -> Result<terms::Method, Rejection> {
        use terms::Method;
        let driver = || self.driver.clone().ok_or_else(|| invalid("driver", "the method spreads by a driver: name it"));
        let rate = || self.rate.as_ref().ok_or_else(|| invalid("rate", "the method charges at a rate: give it"));
        let centers = || {
            self.service_centers.iter().map(|service| terms::ServiceCenter {
                center: terms::Center::new(service.kind.into(), &service.cost_center),
                driver: service.driver.clone(),
            })
        };
        Ok(match self.method {
            AllocationMethod::Direct => Method::Direct,
            AllocationMethod::Even => Method::Even,
            AllocationMethod::FixedPercent => Method::FixedPercent,
            AllocationMethod::FixedPortion => Method::FixedPortion,
            AllocationMethod::FixedAmount => Method::FixedAmount,
            AllocationMethod::Driver => Method::Driver { driver: driver()? },
            AllocationMethod::CostWeighted => Method::CostWeighted,
            AllocationMethod::Tiered => Method::Tiered { driver: driver()?, tiers: self.tiers()?, mode: self.tier_mode.into() },
            AllocationMethod::StandardRate => Method::StandardRate { driver: driver()?, rate: exact(rate()?, "rate")? },
            AllocationMethod::StepDown => Method::StepDown { centers: centers().collect(), order: self.service_order.into() },
            AllocationMethod::Reciprocal => Method::Reciprocal { centers: centers().collect() },
            AllocationMethod::Reclassify => {
                let percent = self.percent.as_ref().map_or(Ok(Exact::new(100, 0)), |percent| exact(percent, "percent"));
                Method::Reclassify { percent: percent? }
            }
        })
    }

    fn tiers(&self) -> Result<Vec<terms::Tier>, Rejection> {
        let tier = |(position, tier): (usize, &AllocationTierInput)| {
            let place = |rejection: Rejection| rejection.under(position.to_string()).under("tiers");
            let up_to = tier.up_to.as_ref().map(|up_to| exact(up_to, "upTo")).transpose().map_err(place)?;
            Ok(terms::Tier { up_to, rate: exact(&tier.rate, "rate").map_err(place)? })
        };
        self.tiers.iter().enumerate().map(tier).collect()
    }
}
