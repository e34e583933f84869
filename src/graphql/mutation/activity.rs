//! Revenue, outputs and payroll.

use async_graphql::{Context, Error, InputObject, Object, SimpleObject};

use super::read_all;
use crate::app::{App, outputs, payroll, revenue};
use crate::graphql::error::{UserError, actor, or_user_errors};
use crate::graphql::scalars::Date;
use crate::graphql::types::outputs::{OutputInput, OutputUnit, OutputUnitInput};
use crate::graphql::types::payroll::PayrollEntryInput;
use crate::graphql::types::revenue::{RevenueEntryInput, WaitingRevenue};

#[derive(Default)]
pub struct ActivityMutations;

/// Revenue to record.
#[derive(Debug, Clone, InputObject)]
pub struct RecordRevenueInput {
    /// At most 1,000.
    entries: Vec<RevenueEntryInput>,
}

/// What became of the revenue.
#[derive(SimpleObject, Default)]
pub struct RecordRevenuePayload {
    recorded: i32,
    /// The same key with the same content was recorded before.
    replayed: i32,
    /// Parts of the recorded ones whose day has not come: `recognizeRevenue` books them then.
    waiting: i32,
    user_errors: Vec<UserError>,
}

/// Up to which day revenue is recognised.
#[derive(Debug, Clone, InputObject)]
pub struct RecognizeRevenueInput {
    /// The last day (included); not after today.
    through: Date,
}

/// What was recognised.
#[derive(SimpleObject, Default)]
pub struct RecognizeRevenuePayload {
    /// Parts that were booked now.
    recognized: i32,
    /// What waits on; null when refused.
    waiting: Option<WaitingRevenue>,
    user_errors: Vec<UserError>,
}

/// Outputs to record.
#[derive(Debug, Clone, InputObject)]
pub struct RecordOutputsInput {
    /// At most 1,000.
    outputs: Vec<OutputInput>,
}

/// What became of the outputs.
#[derive(SimpleObject, Default)]
pub struct RecordOutputsPayload {
    recorded: i32,
    /// The same key with the same content was recorded before.
    replayed: i32,
    user_errors: Vec<UserError>,
}

/// Units to save.
#[derive(Debug, Clone, InputObject)]
pub struct SaveOutputUnitsInput {
    /// At most 1,000.
    units: Vec<OutputUnitInput>,
}

/// All units that the books know now.
#[derive(SimpleObject, Default)]
pub struct SaveOutputUnitsPayload {
    units: Vec<OutputUnit>,
    user_errors: Vec<UserError>,
}

/// Payroll to record.
#[derive(Debug, Clone, InputObject)]
pub struct RecordPayrollInput {
    /// At most 1,000.
    entries: Vec<PayrollEntryInput>,
}

/// What became of the payroll.
#[derive(SimpleObject, Default)]
pub struct RecordPayrollPayload {
    recorded: i32,
    /// The same key with the same content was recorded before.
    replayed: i32,
    user_errors: Vec<UserError>,
}

/// The month whose labor is trued up.
#[derive(Debug, Clone, InputObject)]
pub struct TrueUpLaborInput {
    /// Such as `2026-01`.
    period: String,
}

/// What the true-up did.
#[derive(SimpleObject, Default)]
pub struct TrueUpLaborPayload {
    /// Entries that were posted: one for each team and currency whose variances changed.
    posted: i32,
    user_errors: Vec<UserError>,
}

fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[Object]
impl ActivityMutations {
    /// Records revenue, all or nothing, and books what is earned of it: Dr 1150 / Cr 4000. A key is recorded once for ever: the same content
    /// again is a replay, other content is refused.
    async fn record_revenue(&self, ctx: &Context<'_>, input: RecordRevenueInput) -> Result<RecordRevenuePayload, Error> {
        let actor = actor(ctx)?;
        let answer = match read_all(input.entries, "entries", RevenueEntryInput::read) {
            Ok(entries) => revenue::record_revenue(ctx.data::<App>()?, actor, entries).await,
            Err(error) => Err(error),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(done) => RecordRevenuePayload {
                recorded: count(done.recorded),
                replayed: count(done.replayed),
                waiting: count(done.waiting),
                user_errors: Vec::new(),
            },
            Err(user_errors) => RecordRevenuePayload { user_errors, ..RecordRevenuePayload::default() },
        })
    }

    /// Books the parts of revenue whose day has come, up to a day. Run again, it finds nothing left to do.
    async fn recognize_revenue(&self, ctx: &Context<'_>, input: RecognizeRevenueInput) -> Result<RecognizeRevenuePayload, Error> {
        let actor = actor(ctx)?;
        let answer = match input.through.to_day("through") {
            Ok(through) => revenue::recognize_revenue(ctx.data::<App>()?, actor, through).await,
            Err(rejection) => Err(rejection.into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(done) => {
                RecognizeRevenuePayload { recognized: count(done.recognized), waiting: Some(done.waiting.into()), user_errors: Vec::new() }
            }
            Err(user_errors) => RecognizeRevenuePayload { user_errors, ..RecognizeRevenuePayload::default() },
        })
    }

    /// Records what was produced, all or nothing. Nothing is posted: outputs are what cost and revenue are divided by. A key is recorded once
    /// for ever: the same content again is a replay, other content is refused.
    async fn record_outputs(&self, ctx: &Context<'_>, input: RecordOutputsInput) -> Result<RecordOutputsPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match read_all(input.outputs, "outputs", OutputInput::read) {
            Ok(given) => outputs::record_outputs(ctx.data::<App>()?, actor, given).await,
            Err(error) => Err(error),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(done) => RecordOutputsPayload { recorded: count(done.recorded), replayed: count(done.replayed), user_errors: Vec::new() },
            Err(user_errors) => RecordOutputsPayload { user_errors, ..RecordOutputsPayload::default() },
        })
    }

    /// Saves units of outputs beside the standard ones, all or nothing. One of the same code gets the new name.
    async fn save_output_units(&self, ctx: &Context<'_>, input: SaveOutputUnitsInput) -> Result<SaveOutputUnitsPayload, Error> {
        let units = input.units.into_iter().map(outputs::OutputUnit::from).collect();
        let answer = outputs::save_output_units(ctx.data::<App>()?, actor(ctx)?, units).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(units) => SaveOutputUnitsPayload { units: units.into_iter().map(OutputUnit::from).collect(), user_errors: Vec::new() },
            Err(user_errors) => SaveOutputUnitsPayload { user_errors, ..SaveOutputUnitsPayload::default() },
        })
    }

    /// Records what payroll cost teams, all or nothing: Dr 6700 / Cr 2400 on the last day of the period. A key is recorded once for ever.
    async fn record_payroll(&self, ctx: &Context<'_>, input: RecordPayrollInput) -> Result<RecordPayrollPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match read_all(input.entries, "entries", PayrollEntryInput::read) {
            Ok(entries) => payroll::record_payroll(ctx.data::<App>()?, actor, entries).await,
            Err(error) => Err(error),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(done) => RecordPayrollPayload { recorded: count(done.recorded), replayed: count(done.replayed), user_errors: Vec::new() },
            Err(user_errors) => RecordPayrollPayload { user_errors, ..RecordPayrollPayload::default() },
        })
    }

    /// Posts what payroll cost beside the labor that was applied: 6795, by rate and by utilization, against 6790. Run again, it posts only
    /// what changed. Teams without payroll in the period are left alone.
    async fn true_up_labor(&self, ctx: &Context<'_>, input: TrueUpLaborInput) -> Result<TrueUpLaborPayload, Error> {
        let answer = payroll::true_up_labor(ctx.data::<App>()?, actor(ctx)?, &input.period).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(done) => TrueUpLaborPayload { posted: count(done.posted), user_errors: Vec::new() },
            Err(user_errors) => TrueUpLaborPayload { user_errors, ..TrueUpLaborPayload::default() },
        })
    }
}
