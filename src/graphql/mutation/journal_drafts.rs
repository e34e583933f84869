//! Entries made by hand. Preparing and approving are for different persons; the last approval needed posts.

use async_graphql::{Context, Error, InputObject, Object, SimpleObject};

use crate::app::manual_journals as app;
use crate::app::{App, AppError, duties};
use crate::graphql::error::{UserError, actor, or_user_errors};
use crate::graphql::types::journal_drafts::{
    ApproveJournalDraftInput, DutyMode, EditJournalDraftInput, JournalDraft, JournalDraftReasonInput, JournalLimits, PostJournalEntryInput,
    SubmitJournalDraftInput, WriteOffInput,
};

#[derive(Default)]
pub struct JournalDraftMutations;

/// The draft after the change; absent when it was refused.
#[derive(SimpleObject)]
pub struct JournalDraftPayload {
    /// Its `number` is null until it is posted.
    entry: Option<JournalDraft>,
    user_errors: Vec<UserError>,
}

/// The limits after the change; absent when it was refused.
#[derive(SimpleObject)]
pub struct SaveJournalLimitsPayload {
    limits: Option<JournalLimits>,
    user_errors: Vec<UserError>,
}

/// Whether duties exclude each other.
#[derive(Debug, Clone, InputObject)]
pub struct SaveDutiesInput {
    duties: DutyMode,
}

/// The setting after the change; absent when it was refused.
#[derive(SimpleObject)]
pub struct SaveDutiesPayload {
    duties: Option<DutyMode>,
    user_errors: Vec<UserError>,
}

#[Object]
impl JournalDraftMutations {
    /// Prepares an entry and submits it. It is posted, and gets its number, when another person approves it.
    async fn post_journal_entry(&self, ctx: &Context<'_>, input: PostJournalEntryInput) -> Result<JournalDraftPayload, Error> {
        let actor = actor(ctx)?;
        payload(
            ctx,
            match input.read() {
                Ok(input) => app::post_journal_entry(ctx.data::<App>()?, actor, input).await,
                Err(rejection) => Err(rejection.into()),
            },
        )
    }

    /// Prepares and submits a write-off of an entry: an amount off an asset or a liability, borne by another account, with its reason.
    async fn write_off(&self, ctx: &Context<'_>, input: WriteOffInput) -> Result<JournalDraftPayload, Error> {
        let actor = actor(ctx)?;
        payload(
            ctx,
            match input.read() {
                Ok(input) => app::write_off(ctx.data::<App>()?, actor, input).await,
                Err(rejection) => Err(rejection.into()),
            },
        )
    }

    /// Gives a draft of one's own new content. Approvals of the earlier content are void.
    async fn edit_journal_draft(&self, ctx: &Context<'_>, input: EditJournalDraftInput) -> Result<JournalDraftPayload, Error> {
        let actor = actor(ctx)?;
        payload(
            ctx,
            match input.read() {
                Ok(input) => app::edit_journal_draft(ctx.data::<App>()?, actor, input).await,
                Err(rejection) => Err(rejection.into()),
            },
        )
    }

    /// Submits a draft of one's own for approval.
    async fn submit_journal_draft(&self, ctx: &Context<'_>, input: SubmitJournalDraftInput) -> Result<JournalDraftPayload, Error> {
        let actor = actor(ctx)?;
        payload(
            ctx,
            match input.id.to_i64("id") {
                Ok(id) => app::submit_journal_draft(ctx.data::<App>()?, actor, id).await,
                Err(rejection) => Err(rejection.into()),
            },
        )
    }

    /// Takes a draft of one's own back, for good.
    async fn withdraw_journal_draft(&self, ctx: &Context<'_>, input: JournalDraftReasonInput) -> Result<JournalDraftPayload, Error> {
        let actor = actor(ctx)?;
        payload(
            ctx,
            match input.id.to_i64("id") {
                Ok(id) => app::withdraw_journal_draft(ctx.data::<App>()?, actor, id, input.reason).await,
                Err(rejection) => Err(rejection.into()),
            },
        )
    }

    /// Approves what another person prepared. The last approval needed posts the entry in the same transaction.
    async fn approve_journal_draft(&self, ctx: &Context<'_>, input: ApproveJournalDraftInput) -> Result<JournalDraftPayload, Error> {
        let actor = actor(ctx)?;
        payload(
            ctx,
            match input.id.to_i64("id") {
                Ok(id) => {
                    app::approve_journal_draft(ctx.data::<App>()?, actor, app::ApproveInput { id, content_hash: input.content_hash }).await
                }
                Err(rejection) => Err(rejection.into()),
            },
        )
    }

    /// Gives what another person prepared back, with a reason.
    async fn reject_journal_draft(&self, ctx: &Context<'_>, input: JournalDraftReasonInput) -> Result<JournalDraftPayload, Error> {
        let actor = actor(ctx)?;
        payload(
            ctx,
            match input.id.to_i64("id") {
                Ok(id) => app::reject_journal_draft(ctx.data::<App>()?, actor, id, input.reason).await,
                Err(rejection) => Err(rejection.into()),
            },
        )
    }

    /// Replaces all limits on entries made by hand.
    async fn save_journal_limits(&self, ctx: &Context<'_>, input: JournalLimits) -> Result<SaveJournalLimitsPayload, Error> {
        let answer = app::save_journal_limits(ctx.data::<App>()?, actor(ctx)?, input.into()).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(limits) => SaveJournalLimitsPayload { limits: Some(limits.into()), user_errors: Vec::new() },
            Err(user_errors) => SaveJournalLimitsPayload { limits: None, user_errors },
        })
    }

    /// Says whether duties that exclude each other are held by different persons. What was done before is not judged.
    async fn save_duties(&self, ctx: &Context<'_>, input: SaveDutiesInput) -> Result<SaveDutiesPayload, Error> {
        let answer = duties::save_duty_mode(ctx.data::<App>()?, actor(ctx)?, input.duties.into()).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(duties) => SaveDutiesPayload { duties: Some(duties.into()), user_errors: Vec::new() },
            Err(user_errors) => SaveDutiesPayload { duties: None, user_errors },
        })
    }
}

fn payload(ctx: &Context<'_>, answer: Result<app::DraftView, AppError>) -> Result<JournalDraftPayload, Error> {
    Ok(match or_user_errors(ctx, answer)? {
        Ok(draft) => JournalDraftPayload { entry: Some(JournalDraft(draft)), user_errors: Vec::new() },
        Err(user_errors) => JournalDraftPayload { entry: None, user_errors },
    })
}
