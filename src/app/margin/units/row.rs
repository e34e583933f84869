//! One row of unit economics, and what is divided in it.

use super::UnitDimension;
use crate::domain::margin::{MarginFigures, ratio, ratio_of_units};
use crate::domain::money::{Currency, Exact};
use crate::domain::rejection::{Code, Rejection};

/// Decimals of counts for each unit, and of the efficiency ratio.
const RATIO_DECIMALS: u32 = 4;

/// One combination of keys in one period and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRow {
    pub period: Option<String>,
    /// In the order asked for; `None` for what is without that dimension.
    pub keys: Vec<(UnitDimension, Option<String>)>,
    pub currency: Currency,
    /// In millionths, of all outputs whatever the currency of their value.
    pub units: i128,
    /// In ledger units, of the outputs whose value is in the currency; none when none has one.
    pub value: Option<i128>,
    pub figures: MarginFigures,
    pub charges: i128,
    pub input_tokens: i128,
    pub output_tokens: i128,
    /// Clients with revenue or cost in the row.
    pub active_clients: i128,
    /// By the code of the model; `None` for cost without one.
    pub models: Vec<ModelUse>,
    /// The cost of a unit in the period before, of the rows of the same keys and currency.
    pub cost_per_unit_before: Option<Exact>,
}

/// One model's part of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelUse {
    pub model: Option<String>,
    pub ai_cost: i128,
    pub charges: i128,
    pub input_tokens: i128,
    pub output_tokens: i128,
}

impl UnitRow {
    /// The feature, where rows are split by it.
    pub fn feature(&self) -> Option<&str> {
        self.keys.iter().find(|(dimension, _)| *dimension == UnitDimension::Feature).and_then(|(_, code)| code.as_deref())
    }

    /// AI of cost of revenue and of operating expense: a unit takes both.
    pub fn ai_cost(&self) -> i128 {
        self.figures.direct_ai + self.figures.operating_ai
    }

    /// AI, labor, other direct and allocated cost.
    pub fn full_cost(&self) -> i128 {
        self.ai_cost() + self.figures.applied_labor + self.figures.other_cost + self.figures.allocated
    }

    /// Units of money for each unit of output, to the ledger scale; none without units.
    pub fn per_unit(&self, units_of_money: i128) -> Option<Exact> {
        ratio_of_units(units_of_money, self.currency, self.units)
    }

    /// Value for each unit of cost; none without a value or a cost.
    pub fn efficiency_ratio(&self) -> Option<Exact> {
        ratio(self.value?, self.full_cost(), RATIO_DECIMALS)
    }

    /// A count for each unit of output.
    pub fn count_per_unit(&self, count: i128) -> Option<Exact> {
        ratio(count.checked_mul(1_000_000)?, self.units, RATIO_DECIMALS)
    }

    /// The price of a unit at which a margin of so many percent is left: full cost / units / (1 - percent / 100). None without units.
    ///
    /// # Errors
    /// `MARGIN_TARGET_INVALID` at 100 percent and above, which no price leaves.
    pub fn price_for_margin(&self, percent: Exact) -> Result<Option<Exact>, Rejection> {
        let rest = Exact::new(100, 0).checked_sub(percent).filter(|rest| rest.mantissa() > 0).ok_or_else(|| Rejection {
            code: Code::MarginTargetInvalid,
            path: Vec::new(),
            message: format!("no price leaves a margin of {percent} percent: ask for less than 100"),
        })?;
        // full / (units / 10^6) / (rest / 100), in one division.
        let price = || {
            let denominator = self.units.checked_mul(rest.mantissa())?;
            let numerator = self.full_cost().checked_mul(100)?.checked_mul(10_i128.checked_pow(rest.scale())?)?;
            ratio_of_units(numerator, self.currency, denominator)
        };
        Ok(price())
    }

    /// Revenue less AI, labor and other direct cost.
    pub fn contribution(&self) -> i128 {
        self.figures.contribution_margin() - self.figures.operating_ai
    }
}
