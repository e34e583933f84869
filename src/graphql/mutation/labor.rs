//! Hours and labor rates.

use async_graphql::{Context, Error, InputObject, Object, SimpleObject};

use super::read_all;
use crate::app::App;
use crate::app::labor as app;
use crate::graphql::error::{UserError, actor, or_user_errors};
use crate::graphql::types::labor::{LaborRate, LaborRateInput, TimeEntryInput};

#[derive(Default)]
pub struct LaborMutations;

/// Hours to record.
#[derive(Debug, Clone, InputObject)]
pub struct RecordTimeEntriesInput {
    /// At most 1,000.
    entries: Vec<TimeEntryInput>,
}

/// What became of the hours.
#[derive(SimpleObject, Default)]
pub struct RecordTimeEntriesPayload {
    recorded: i32,
    /// The same key with the same content was recorded before.
    replayed: i32,
    /// Of the recorded ones, those that no rate is known for: they are booked when one is saved.
    waiting: i32,
    user_errors: Vec<UserError>,
}

/// Rates to save.
#[derive(Debug, Clone, InputObject)]
pub struct SaveLaborRatesInput {
    /// At most 1,000.
    rates: Vec<LaborRateInput>,
}

/// The rates as they stand now.
#[derive(SimpleObject, Default)]
pub struct SaveLaborRatesPayload {
    rates: Vec<LaborRate>,
    /// Entries of hours that were booked now, or booked otherwise.
    rebooked: i32,
    user_errors: Vec<UserError>,
}

fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[Object]
impl LaborMutations {
    /// Records hours, all or nothing, and books them at their rates: Dr 5020 / Cr 6790. A key is recorded once for ever: the same content
    /// again is a replay, other content is refused.
    async fn record_time_entries(&self, ctx: &Context<'_>, input: RecordTimeEntriesInput) -> Result<RecordTimeEntriesPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match read_all(input.entries, "entries", TimeEntryInput::read) {
            Ok(entries) => app::record_time_entries(ctx.data::<App>()?, actor, entries).await,
            Err(error) => Err(error),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(done) => RecordTimeEntriesPayload {
                recorded: count(done.recorded),
                replayed: count(done.replayed),
                waiting: count(done.waiting),
                user_errors: Vec::new(),
            },
            Err(user_errors) => RecordTimeEntriesPayload { user_errors, ..RecordTimeEntriesPayload::default() },
        })
    }

    /// Saves what an hour costs, all or nothing. Hours that waited for a rate are booked, and hours that were booked by another rate are
    /// corrected by the difference.
    async fn save_labor_rates(&self, ctx: &Context<'_>, input: SaveLaborRatesInput) -> Result<SaveLaborRatesPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match read_all(input.rates, "rates", LaborRateInput::read) {
            Ok(rates) => app::save_labor_rates(ctx.data::<App>()?, actor, rates).await,
            Err(error) => Err(error),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(saved) => SaveLaborRatesPayload {
                rates: saved.rates.into_iter().map(LaborRate::from).collect(),
                rebooked: count(saved.rebooked),
                user_errors: Vec::new(),
            },
            Err(user_errors) => SaveLaborRatesPayload { user_errors, ..SaveLaborRatesPayload::default() },
        })
    }
}
