//! Drivers, allocation rules and runs.

use async_graphql::{Context, Enum, Error, ID, InputObject, Object, SimpleObject};

use crate::app::App;
use crate::app::allocation as app;
use crate::domain::period::Month;
use crate::graphql::error::{UserError, actor, or_user_errors};
use crate::graphql::query::allocation::run_number;
use crate::graphql::scalars::Decimal;
use crate::graphql::types::allocation::AllocationRule;
use crate::graphql::types::allocation_rule::SaveAllocationRuleInput;
use crate::graphql::types::allocation_run::AllocationRun;
use crate::graphql::types::enums::CostCenterKind;

#[derive(Default)]
pub struct AllocationMutations;

/// Upon what a run runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::allocation::RunMode")]
pub enum AllocationMode {
    /// No rule has a run in force in the period.
    New,
    /// The runs in force are reversed, and the rules run again over everything.
    Rerun,
    /// The run in force stays, and what came since is added by its rules in the versions that ran.
    Increment,
}

/// A quantity of a driver in a period.
#[derive(Debug, Clone, InputObject)]
pub struct DriverValueInput {
    /// Any name but those of the drivers that the books compute.
    driver: String,
    /// Such as `2026-01`.
    period: String,
    kind: CostCenterKind,
    cost_center: String,
    quantity: Decimal,
}

/// Quantities of drivers, at most 10,000.
#[derive(Debug, Clone, InputObject)]
pub struct RecordDriverValuesInput {
    values: Vec<DriverValueInput>,
}

/// What was recorded.
#[derive(SimpleObject, Default)]
pub struct RecordDriverValuesPayload {
    recorded: usize,
    user_errors: Vec<UserError>,
}

/// A version of a rule.
#[derive(SimpleObject, Default)]
pub struct AllocationRulePayload {
    rule: Option<AllocationRule>,
    user_errors: Vec<UserError>,
}

/// Which version to approve.
#[derive(Debug, Clone, InputObject)]
pub struct ApproveAllocationRuleInput {
    code: String,
    version: i64,
}

/// Which rules to run.
#[derive(Debug, Clone, InputObject)]
pub struct RunAllocationInput {
    /// The same key with the same content is answered with the first run.
    idempotency_key: String,
    /// Such as `2026-01`.
    period: String,
    /// Codes; every rule that governs the period when absent.
    rules: Option<Vec<String>>,
    #[graphql(default_with = "AllocationMode::New")]
    mode: AllocationMode,
}

/// Which run to reverse.
#[derive(Debug, Clone, InputObject)]
pub struct ReverseAllocationRunInput {
    /// A run is reversed once, so that its id serves when absent.
    idempotency_key: Option<String>,
    id: ID,
    reason: Option<String>,
}

/// A run.
#[derive(SimpleObject, Default)]
pub struct AllocationRunPayload {
    run: Option<AllocationRun>,
    /// Whether the key was used before, so that nothing was posted now.
    replayed: bool,
    user_errors: Vec<UserError>,
}

#[Object]
impl AllocationMutations {
    /// Records quantities of drivers. One recorded before stays on record, and the later one counts.
    async fn record_driver_values(&self, ctx: &Context<'_>, input: RecordDriverValuesInput) -> Result<RecordDriverValuesPayload, Error> {
        let value = |value: DriverValueInput| app::DriverValueInput {
            driver: value.driver,
            period: value.period,
            kind: value.kind.into(),
            center: value.cost_center,
            quantity: value.quantity.0,
        };
        let values = input.values.into_iter().map(value).collect();
        let answer = app::record_driver_values(ctx.data::<App>()?, actor(ctx)?, values).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(recorded) => RecordDriverValuesPayload { recorded, user_errors: Vec::new() },
            Err(user_errors) => RecordDriverValuesPayload { recorded: 0, user_errors },
        })
    }

    /// Saves an allocation rule as a new version. Where duties are held apart, another person approves it before it runs.
    async fn save_allocation_rule(&self, ctx: &Context<'_>, input: SaveAllocationRuleInput) -> Result<AllocationRulePayload, Error> {
        let actor = actor(ctx)?;
        let answer = match input.read() {
            Ok(input) => app::save_allocation_rule(ctx.data::<App>()?, actor, input).await,
            Err(rejection) => Err(rejection.into()),
        };
        Ok(or_user_errors(ctx, answer)?.map_or_else(AllocationRulePayload::refused, AllocationRulePayload::from))
    }

    /// Approves a version that another person wrote.
    async fn approve_allocation_rule(&self, ctx: &Context<'_>, input: ApproveAllocationRuleInput) -> Result<AllocationRulePayload, Error> {
        let answer = app::approve_allocation_rule(ctx.data::<App>()?, actor(ctx)?, input.code, input.version).await;
        Ok(or_user_errors(ctx, answer)?.map_or_else(AllocationRulePayload::refused, AllocationRulePayload::from))
    }

    /// Spreads the shared cost of a period by rules, in one transaction.
    async fn run_allocation(&self, ctx: &Context<'_>, input: RunAllocationInput) -> Result<AllocationRunPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match Month::parse(&input.period) {
            Ok(month) => {
                let RunAllocationInput { idempotency_key, rules, mode, .. } = input;
                app::run_allocation(ctx.data::<App>()?, actor, app::RunInput { idempotency_key, month, rules, mode: mode.into() }).await
            }
            Err(rejection) => Err(rejection.into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(done) => AllocationRunPayload {
                run: Some(AllocationRun::of_number(done.receipt)),
                replayed: done.is_replayed,
                user_errors: Vec::new(),
            },
            Err(user_errors) => AllocationRunPayload { user_errors, ..AllocationRunPayload::default() },
        })
    }

    /// Reverses a run: every entry is mirrored, and its lines are told again with the other sign.
    async fn reverse_allocation_run(&self, ctx: &Context<'_>, input: ReverseAllocationRunInput) -> Result<AllocationRunPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match run_number(&input.id) {
            Ok(number) => {
                let ReverseAllocationRunInput { idempotency_key, reason, .. } = input;
                app::reverse_allocation_run(ctx.data::<App>()?, actor, app::ReverseRunInput { idempotency_key, number, reason }).await
            }
            Err(rejection) => Err(rejection.into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(number) => AllocationRunPayload { run: Some(AllocationRun::of_number(number)), replayed: false, user_errors: Vec::new() },
            Err(user_errors) => AllocationRunPayload { user_errors, ..AllocationRunPayload::default() },
        })
    }
}

impl AllocationRulePayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { rule: None, user_errors }
    }
}

impl From<app::RuleVersion> for AllocationRulePayload {
    fn from(version: app::RuleVersion) -> Self {
        Self { rule: Some(version.into()), user_errors: Vec::new() }
    }
}
