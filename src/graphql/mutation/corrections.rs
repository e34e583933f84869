//! Corrections: reversal, re-rating, re-attribution. Each posts new entries; none edits.

use async_graphql::{Context, Error, InputObject, Object, SimpleObject};

use crate::app::App;
use crate::app::posting as app;
use crate::domain::money::Currency;
use crate::domain::rejection::Rejection;
use crate::graphql::error::{UserError, actor, or_user_errors};
use crate::graphql::scalars::{BigInt, Date, DateTime};
use crate::graphql::types::journal::JournalEntry;
use crate::graphql::types::money::Money;

#[derive(Default)]
pub struct CorrectionMutations;

/// Which entry to mirror.
#[derive(Debug, Clone, InputObject)]
pub struct ReverseJournalEntryInput {
    /// The same key with the same content is answered with the first reversal.
    idempotency_key: String,
    number: BigInt,
    /// The accounting day of the reversal; not before that of the entry.
    effective_on: Date,
    reason: String,
}

/// The reversal.
#[derive(SimpleObject)]
pub struct ReverseJournalEntryPayload {
    entry: Option<JournalEntry>,
    /// Whether the key was used before, so that nothing was posted now.
    replayed: bool,
    user_errors: Vec<UserError>,
}

/// Which charges to rate again.
#[derive(Debug, Clone, InputObject)]
pub struct RerateChargesInput {
    /// Occurred from this instant on.
    from: DateTime,
    /// Occurred before this instant.
    to: DateTime,
    provider: Option<String>,
    model: Option<String>,
    /// Only says what would be posted.
    #[graphql(default)]
    dry_run: bool,
}

/// What re-rating changed.
#[derive(SimpleObject, Default)]
pub struct RerateChargesPayload {
    /// Charges looked at.
    examined: i32,
    /// Booked charges whose cost changed.
    adjusted: i32,
    /// Charges that were unpriced and are booked now.
    posted: i32,
    /// The change of cost in the books' currency; the first currency where there are several, and then see `deltas`.
    delta: Option<Money>,
    /// The change of cost in each currency.
    deltas: Vec<Money>,
    /// Charges that stay as they are, because what they would cost now cannot be booked.
    refused: i32,
    /// Why the call was refused; or, beside the figures, why the first twenty of the refused charges were, with their numbers as paths.
    user_errors: Vec<UserError>,
}

/// Which charges to attribute again.
#[derive(Debug, Clone, InputObject)]
pub struct ReattributeChargesInput {
    from: Date,
    /// Excluded.
    to: Date,
    /// Only says what would be posted.
    #[graphql(default)]
    dry_run: bool,
}

/// What re-attribution changed.
#[derive(SimpleObject, Default)]
pub struct ReattributeChargesPayload {
    /// Charges looked at.
    examined: i32,
    /// Charges that have another owner now.
    moved: i32,
    /// Reclassification entries posted.
    entries: i32,
    /// Charges that stay where they are, because a balance does not hold the move.
    refused: i32,
    user_errors: Vec<UserError>,
}

#[Object]
impl CorrectionMutations {
    /// Posts the exact mirror of an entry, once.
    async fn reverse_journal_entry(&self, ctx: &Context<'_>, input: ReverseJournalEntryInput) -> Result<ReverseJournalEntryPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match input.read() {
            Ok(input) => app::reverse_journal_entry(ctx.data::<App>()?, actor, input).await,
            Err(rejection) => Err(rejection.into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(posted) => ReverseJournalEntryPayload {
                entry: Some(JournalEntry::of_number(posted.number)),
                replayed: posted.replayed,
                user_errors: Vec::new(),
            },
            Err(user_errors) => ReverseJournalEntryPayload { entry: None, replayed: false, user_errors },
        })
    }

    /// Rates the charges of a range again under the prices of now. Posts only differences, each linked to the entry it corrects, and books
    /// what was unpriced and has a price now.
    async fn rerate_charges(&self, ctx: &Context<'_>, input: RerateChargesInput) -> Result<RerateChargesPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match input.read() {
            Ok(input) => app::rerate_charges(ctx.data::<App>()?, actor, input).await,
            Err(rejection) => Err(rejection.into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(report) => RerateChargesPayload {
                examined: count(report.examined),
                adjusted: count(report.adjusted),
                posted: count(report.posted),
                // Nothing changed in any currency: zero dollars says as much as zero of another.
                delta: Some(
                    report
                        .deltas
                        .first_key_value()
                        .map_or_else(|| Money::of_units(0, Currency::USD), |(currency, units)| Money::of_units(*units, *currency)),
                ),
                deltas: report.deltas.into_iter().map(|(currency, units)| Money::of_units(units, currency)).collect(),
                refused: count(report.refused),
                user_errors: report.refusals.into_iter().map(UserError::from).collect(),
            },
            Err(user_errors) => RerateChargesPayload { user_errors, ..RerateChargesPayload::default() },
        })
    }

    /// Attributes the charges of a range again under the rules of now, and posts a reclassification for each that has another owner.
    async fn reattribute_charges(&self, ctx: &Context<'_>, input: ReattributeChargesInput) -> Result<ReattributeChargesPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match input.read() {
            Ok(input) => app::reattribute_charges(ctx.data::<App>()?, actor, input).await,
            Err(rejection) => Err(rejection.into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(report) => ReattributeChargesPayload {
                examined: count(report.examined),
                moved: count(report.moved),
                entries: count(report.entries),
                refused: count(report.refused),
                user_errors: Vec::new(),
            },
            Err(user_errors) => ReattributeChargesPayload { user_errors, ..ReattributeChargesPayload::default() },
        })
    }
}

impl ReverseJournalEntryInput {
    fn read(self) -> Result<app::ReverseInput, Rejection> {
        Ok(app::ReverseInput {
            idempotency_key: self.idempotency_key,
            number: self.number.to_i64("number")?,
            effective_on: self.effective_on.to_date("effectiveOn")?,
            reason: self.reason,
        })
    }
}

impl RerateChargesInput {
    fn read(self) -> Result<app::RerateInput, Rejection> {
        Ok(app::RerateInput {
            from: self.from.to_instant("from")?,
            to: self.to.to_instant("to")?,
            provider: self.provider,
            model: self.model,
            dry_run: self.dry_run,
        })
    }
}

impl ReattributeChargesInput {
    fn read(self) -> Result<app::ReattributeInput, Rejection> {
        Ok(app::ReattributeInput { from: self.from.to_date("from")?, to: self.to.to_date("to")?, dry_run: self.dry_run })
    }
}

/// A count of charges as an `Int`; books with more than two thousand million charges in one range show that many.
fn count(value: u64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
