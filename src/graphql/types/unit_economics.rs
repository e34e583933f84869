//! What a unit of output costs and is worth.

use async_graphql::{ComplexObject, Context, Enum, Error, InputObject, SimpleObject};

use super::finance::ReportBasis;
use crate::app::App;
use crate::app::margin as app;
use crate::app::reports::DimensionFilter;
use crate::domain::money::Exact;
use crate::domain::period::DayRange;
use crate::domain::rejection::Rejection;
use crate::domain::report::SpendDimension;
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::{BigInt, CurrencyCode, Decimal};

/// What rows of unit economics can be split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "app::UnitDimension")]
pub enum UnitDimension {
    Feature,
    Client,
    Project,
    Team,
    /// AI cost by model. Outputs, labor and revenue carry no model: they are in the row of what has none.
    Model,
}

/// Every list given must match; any of its codes does. A client, project or team matches with every one below it. `null` in a list stands for what
/// is without that dimension. Outputs, cost, revenue and counts follow the same filter.
#[derive(Debug, Clone, Default, InputObject)]
pub struct UnitFilter {
    clients: Option<Vec<Option<String>>>,
    projects: Option<Vec<Option<String>>>,
    teams: Option<Vec<Option<String>>>,
    features: Option<Vec<Option<String>>>,
    models: Option<Vec<Option<String>>>,
}

impl UnitFilter {
    /// With the one feature that the field names beside the filter.
    pub fn with_feature(self, feature: Option<String>) -> DimensionFilter {
        let lists = [
            (SpendDimension::Client, self.clients),
            (SpendDimension::Project, self.projects),
            (SpendDimension::Team, self.teams),
            (SpendDimension::Feature, self.features),
            (SpendDimension::Model, self.models),
            (SpendDimension::Feature, feature.map(|feature| vec![Some(feature)])),
        ];
        DimensionFilter(lists.into_iter().filter_map(|(dimension, codes)| Some((dimension, codes?))).collect())
    }
}

/// One value that a row is split by.
#[derive(Debug, SimpleObject)]
pub struct UnitKey {
    dimension: UnitDimension,
    /// Absent for what is without the dimension.
    code: Option<String>,
}

/// The economics of one unit of output.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct UnitEconomics {
    basis: ReportBasis,
    unit: String,
    /// The last entry that is in the figures.
    through_entry: BigInt,
    /// In the order of period and keys; one row for each currency.
    rows: Vec<UnitEconomicsRow>,
    #[graphql(skip)]
    days: DayRange,
    #[graphql(skip)]
    filter: DimensionFilter,
}

impl UnitEconomics {
    pub fn new(query: app::UnitQuery, (through_entry, rows): (crate::domain::ids::EntryNumber, Vec<app::UnitRow>)) -> Self {
        Self {
            basis: ReportBasis::Accrual,
            unit: query.unit,
            through_entry: through_entry.0.into(),
            rows: rows.into_iter().map(UnitEconomicsRow).collect(),
            days: query.days,
            filter: query.filter,
        }
    }
}

#[ComplexObject]
impl UnitEconomics {
    /// The cost of single charges of the range that match the filter, in the currency of most charges. Reads every charge;
    /// null when there is none.
    #[graphql(complexity = "200 + child_complexity")]
    async fn charge_cost(&self, ctx: &Context<'_>) -> Result<Option<ChargeCost>, Error> {
        Ok(self.costs(ctx).await?.into_iter().next())
    }

    /// The same in every currency that charges were made in.
    #[graphql(complexity = "200 + child_complexity")]
    async fn charge_costs(&self, ctx: &Context<'_>) -> Result<Vec<ChargeCost>, Error> {
        self.costs(ctx).await
    }
}

impl UnitEconomics {
    async fn costs(&self, ctx: &Context<'_>) -> Result<Vec<ChargeCost>, Error> {
        let costs = app::charge_costs(ctx.data::<App>()?, actor(ctx)?, self.days, &self.filter).await.or_failure(ctx)?;
        Ok(costs.into_iter().map(ChargeCost::from).collect())
    }
}

/// Percentiles of the cost of a charge: the smallest cost that so many percent of the charges do not exceed.
#[derive(Debug, SimpleObject)]
pub struct ChargeCost {
    currency: CurrencyCode,
    charges: BigInt,
    p50: Decimal,
    p90: Decimal,
    p95: Decimal,
    p99: Decimal,
    max: Decimal,
}

impl From<app::ChargeCosts> for ChargeCost {
    fn from(costs: app::ChargeCosts) -> Self {
        let money = |units| Decimal::of_units(i128::from(units), costs.currency);
        Self {
            currency: costs.currency.into(),
            charges: i64::try_from(costs.charges).unwrap_or(i64::MAX).into(),
            p50: money(costs.p50),
            p90: money(costs.p90),
            p95: money(costs.p95),
            p99: money(costs.p99),
            max: money(costs.max),
        }
    }
}

/// One combination of keys in one period and currency. What is for each unit is rounded to the ledger scale, half to even, and null without units.
#[derive(Debug)]
pub struct UnitEconomicsRow(app::UnitRow);

fn decimal(exact: Option<Exact>) -> Option<Decimal> {
    exact.map(Decimal::from)
}

impl UnitEconomicsRow {
    fn money(&self, units: i128) -> Decimal {
        Decimal::of_units(units, self.0.currency)
    }
}

/// One combination of keys in one period and currency. What is for each unit is rounded to the ledger scale, half to even, and null without units.
#[async_graphql::Object]
impl UnitEconomicsRow {
    /// The name of the period; absent without an interval.
    async fn period(&self) -> Option<&String> {
        self.0.period.as_ref()
    }

    /// The feature, where rows are split by it.
    async fn feature(&self) -> Option<&str> {
        self.0.feature()
    }

    /// In the order of `groupBy`.
    async fn keys(&self) -> Vec<UnitKey> {
        self.0.keys.iter().map(|(dimension, code)| UnitKey { dimension: (*dimension).into(), code: code.clone() }).collect()
    }

    async fn currency(&self) -> CurrencyCode {
        self.0.currency.into()
    }

    /// Units produced, whatever the currency of their value.
    async fn units(&self) -> Decimal {
        Exact::new(self.0.units, 6).into()
    }

    /// What the outputs are worth, of those whose value is in the currency.
    async fn value(&self) -> Option<Decimal> {
        self.0.value.map(|value| self.money(value))
    }

    async fn revenue(&self) -> Decimal {
        self.money(self.0.figures.revenue)
    }

    async fn charges(&self) -> BigInt {
        self.0.charges.into()
    }

    /// AI of cost of revenue and of operating expense: a unit takes both.
    async fn ai_cost(&self) -> Decimal {
        self.money(self.0.ai_cost())
    }

    /// Applied labor.
    async fn labor_cost(&self) -> Decimal {
        self.money(self.0.figures.applied_labor)
    }

    /// Any other direct cost of revenue.
    async fn other_cost(&self) -> Decimal {
        self.money(self.0.figures.other_cost)
    }

    async fn allocated_cost(&self) -> Decimal {
        self.money(self.0.figures.allocated)
    }

    /// AI, labor, other and allocated cost.
    async fn full_cost(&self) -> Decimal {
        self.money(self.0.full_cost())
    }

    async fn ai_cost_per_unit(&self) -> Option<Decimal> {
        decimal(self.0.per_unit(self.0.ai_cost()))
    }

    async fn labor_cost_per_unit(&self) -> Option<Decimal> {
        decimal(self.0.per_unit(self.0.figures.applied_labor))
    }

    async fn allocated_cost_per_unit(&self) -> Option<Decimal> {
        decimal(self.0.per_unit(self.0.figures.allocated))
    }

    /// Full cost for each unit.
    async fn cost_per_unit(&self) -> Option<Decimal> {
        decimal(self.0.per_unit(self.0.full_cost()))
    }

    /// The cost of a unit in the period before among the rows of the keys and currency.
    async fn cost_per_unit_before(&self) -> Option<Decimal> {
        decimal(self.0.cost_per_unit_before)
    }

    /// Value for each unit, of the outputs whose value is in the currency.
    async fn value_per_unit(&self) -> Option<Decimal> {
        self.0.value.and_then(|value| decimal(self.0.per_unit(value)))
    }

    /// Value for each unit of full cost, with four decimals.
    async fn efficiency_ratio(&self) -> Option<Decimal> {
        decimal(self.0.efficiency_ratio())
    }

    /// With four decimals.
    async fn charges_per_unit(&self) -> Option<Decimal> {
        decimal(self.0.count_per_unit(self.0.charges))
    }

    async fn input_tokens_per_unit(&self) -> Option<Decimal> {
        decimal(self.0.count_per_unit(self.0.input_tokens))
    }

    async fn output_tokens_per_unit(&self) -> Option<Decimal> {
        decimal(self.0.count_per_unit(self.0.output_tokens))
    }

    /// The price of a unit that covers its full cost and leaves this margin; without one, the price at which nothing is lost.
    async fn break_even_price(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In percent, below 100.")] margin_percent: Option<Decimal>,
    ) -> Result<Option<Decimal>, Error> {
        let at = |rejection: Rejection| rejection.under("marginPercent");
        let percent = margin_percent.map_or(Ok(Exact::ZERO), |percent| Exact::parse(&percent.0).map_err(at)).or_failure(ctx)?;
        Ok(decimal(self.0.price_for_margin(percent).map_err(at).or_failure(ctx)?))
    }

    /// Clients with revenue or cost in the row.
    async fn active_clients(&self) -> BigInt {
        self.0.active_clients.into()
    }

    /// Revenue less AI, labor and other direct cost, for each active client.
    async fn contribution_per_active_client(&self) -> Option<Decimal> {
        let clients = self.0.active_clients.checked_mul(1_000_000)?;
        decimal(crate::domain::margin::ratio_of_units(self.0.contribution(), self.0.currency, clients))
    }

    /// By model, in the order of their names.
    async fn models(&self) -> Vec<UnitModel> {
        let model = |used: &app::ModelUse| UnitModel {
            model: used.model.clone(),
            ai_cost: self.money(used.ai_cost),
            ai_cost_per_unit: decimal(self.0.per_unit(used.ai_cost)),
            charges_per_unit: decimal(self.0.count_per_unit(used.charges)),
            input_tokens_per_unit: decimal(self.0.count_per_unit(used.input_tokens)),
            output_tokens_per_unit: decimal(self.0.count_per_unit(used.output_tokens)),
        };
        self.0.models.iter().map(model).collect()
    }
}

/// One model's part of a unit.
#[derive(Debug, SimpleObject)]
pub struct UnitModel {
    /// Absent for AI cost without a model.
    model: Option<String>,
    ai_cost: Decimal,
    ai_cost_per_unit: Option<Decimal>,
    charges_per_unit: Option<Decimal>,
    input_tokens_per_unit: Option<Decimal>,
    output_tokens_per_unit: Option<Decimal>,
}
