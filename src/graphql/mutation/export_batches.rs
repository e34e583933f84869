//! Batches for other finance systems: made, delivered, answered; and the targets they go to.

use async_graphql::{Context, Error, InputObject, Object, SimpleObject};

use crate::app::export_batches as app;
use crate::app::{App, AppError};
use crate::domain::period::Month;
use crate::domain::rejection::Rejection;
use crate::graphql::error::{UserError, actor, or_user_errors};
use crate::graphql::scalars::{BigInt, Date};
use crate::graphql::types::enums::EntryKind;
use crate::graphql::types::export_batches::{ExportBatch, ExportTarget, ExportTargetInput};

#[derive(Default)]
pub struct ExportBatchMutations;

/// Which entries are exported, and to whom.
#[derive(Debug, Clone, InputObject)]
pub struct CreateExportBatchInput {
    /// The same key with the same content is answered with the first batch.
    idempotency_key: String,
    /// Code of the target.
    target: String,
    /// The month of the entries, such as `2026-01`.
    period: String,
    /// Only entries of these kinds; all when absent.
    kinds: Option<Vec<EntryKind>>,
}

/// The batch.
#[derive(SimpleObject, Default)]
pub struct CreateExportBatchPayload {
    batch: Option<ExportBatch>,
    /// Whether the key was used before, so that nothing was made now.
    replayed: bool,
    user_errors: Vec<UserError>,
}

/// Either `documentNumber` and `postedOn`, or `rejected`.
#[derive(Debug, Clone, InputObject)]
pub struct AcknowledgeExportBatchInput {
    id: BigInt,
    /// The other system's own number of what it booked.
    document_number: Option<String>,
    /// The day on which it booked it.
    posted_on: Option<Date>,
    /// The lines it refused; the whole batch is then rejected.
    rejected: Option<Vec<RejectedExportLineInput>>,
}

/// A line that was refused.
#[derive(Debug, Clone, InputObject)]
pub struct RejectedExportLineInput {
    /// Its number within the batch.
    line: BigInt,
    reason: String,
}

/// A delivery, or an attempt at one.
#[derive(Debug, Clone, InputObject)]
pub struct DeliverExportBatchInput {
    id: BigInt,
    /// How it went over, such as `rest`.
    channel: String,
    /// Whether it arrived.
    #[graphql(default = true)]
    delivered: bool,
    note: Option<String>,
}

/// The batch as it stands.
#[derive(SimpleObject, Default)]
pub struct ExportBatchPayload {
    batch: Option<ExportBatch>,
    user_errors: Vec<UserError>,
}

/// Targets to save.
#[derive(InputObject)]
pub struct SaveExportTargetsInput {
    targets: Vec<ExportTargetInput>,
}

/// The targets as they stand.
#[derive(SimpleObject, Default)]
pub struct SaveExportTargetsPayload {
    targets: Vec<ExportTarget>,
    user_errors: Vec<UserError>,
}

#[Object]
impl ExportBatchMutations {
    /// Takes every entry of a period that no live batch of the target has, sums them by account and exported dimensions, rounds them to the
    /// smallest unit of their currency and freezes the result. Every document of it balances.
    async fn create_export_batch(&self, ctx: &Context<'_>, input: CreateExportBatchInput) -> Result<CreateExportBatchPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match Month::parse(&input.period) {
            Ok(period) => {
                let kinds = input.kinds.unwrap_or_default().into_iter().map(Into::into).collect();
                let input = app::CreateInput { idempotency_key: input.idempotency_key, target: input.target, period, kinds };
                app::create_export_batch(ctx.data::<App>()?, actor, input).await
            }
            Err(rejection) => Err(rejection.into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(done) => CreateExportBatchPayload {
                batch: Some(ExportBatch(done.receipt.batch)),
                replayed: done.is_replayed,
                user_errors: Vec::new(),
            },
            Err(user_errors) => CreateExportBatchPayload { user_errors, ..CreateExportBatchPayload::default() },
        })
    }

    /// Takes the other system's answer: what it booked, or the lines it refused. The same answer once more changes nothing.
    async fn acknowledge_export_batch(&self, ctx: &Context<'_>, input: AcknowledgeExportBatchInput) -> Result<ExportBatchPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match input.read() {
            Ok(input) => app::acknowledge_export_batch(ctx.data::<App>()?, actor, input).await,
            Err(rejection) => Err(rejection.into()),
        };
        Ok(or_user_errors(ctx, answer)?.map_or_else(ExportBatchPayload::refused, ExportBatchPayload::from))
    }

    /// Writes a delivery of a batch down, or a failed attempt at one. Taking its file is written down by itself.
    async fn deliver_export_batch(&self, ctx: &Context<'_>, input: DeliverExportBatchInput) -> Result<ExportBatchPayload, Error> {
        let actor = actor(ctx)?;
        let DeliverExportBatchInput { id, channel, delivered, note } = input;
        let answer = match id.to_i64("id") {
            Ok(id) => {
                let input = app::DeliverInput { id, channel, is_delivered: delivered, note };
                app::deliver_export_batch(ctx.data::<App>()?, actor, input).await
            }
            Err(rejection) => Err(rejection.into()),
        };
        Ok(or_user_errors(ctx, answer)?.map_or_else(ExportBatchPayload::refused, ExportBatchPayload::from))
    }

    /// Saves targets. Batches that were made keep the version of their target.
    async fn save_export_targets(&self, ctx: &Context<'_>, input: SaveExportTargetsInput) -> Result<SaveExportTargetsPayload, Error> {
        let actor = actor(ctx)?;
        let read = |(position, target): (usize, ExportTargetInput)| {
            target.read().map_err(|rejection| rejection.under(position.to_string()).under("targets"))
        };
        let answer = match input.targets.into_iter().enumerate().map(read).collect::<Result<Vec<_>, _>>() {
            Ok(targets) => app::save_export_targets(ctx.data::<App>()?, actor, targets).await,
            Err(rejection) => Err(AppError::from(rejection)),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(targets) => {
                SaveExportTargetsPayload { targets: targets.into_iter().map(ExportTarget::from).collect(), user_errors: Vec::new() }
            }
            Err(user_errors) => SaveExportTargetsPayload { user_errors, ..SaveExportTargetsPayload::default() },
        })
    }
}

impl ExportBatchPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl From<app::BatchView> for ExportBatchPayload {
    fn from(view: app::BatchView) -> Self {
        Self { batch: Some(ExportBatch(view.batch)), user_errors: Vec::new() }
    }
}

impl AcknowledgeExportBatchInput {
    fn read(self) -> Result<app::AnswerInput, Rejection> {
        let read = |(position, line): (usize, RejectedExportLineInput)| {
            let number = line.line.to_i64("line").map_err(|rejection| rejection.under(position.to_string()).under("rejected"))?;
            Ok(app::RejectedLine { line: number, reason: line.reason })
        };
        let rejected = self.rejected.map(|lines| lines.into_iter().enumerate().map(read).collect::<Result<Vec<_>, Rejection>>());
        Ok(app::AnswerInput {
            id: self.id.to_i64("id")?,
            document_number: self.document_number,
            posted_on: self.posted_on.map(|day| day.to_day("postedOn")).transpose()?,
            rejected: rejected.transpose()?,
        })
    }
}
