//! Closing and reopening periods, and the settings that go with them. Each is told to the audit log.

use async_graphql::{Context, Error, Object, SimpleObject};

use crate::app::periods as app;
use crate::app::{App, AppError};
use crate::domain::rejection::Rejection;
use crate::graphql::error::{UserError, actor, or_user_errors};
use crate::graphql::types::masters::Books;
use crate::graphql::types::periods::{
    ClosePeriodInput, CloseThresholds, Period, ReopeningInput, ReviewAccrualsInput, SaveBooksSettingsInput, SaveCloseThresholdsInput,
};

#[derive(Default)]
pub struct PeriodMutations;

/// The period after the change; absent when it was refused.
#[derive(SimpleObject)]
pub struct PeriodPayload {
    period: Option<Period>,
    user_errors: Vec<UserError>,
}

/// The thresholds after the change; absent when it was refused.
#[derive(SimpleObject)]
pub struct SaveCloseThresholdsPayload {
    thresholds: Option<CloseThresholds>,
    user_errors: Vec<UserError>,
}

/// The books after the change; absent when it was refused.
#[derive(SimpleObject)]
pub struct SaveBooksSettingsPayload {
    books: Option<Books>,
    user_errors: Vec<UserError>,
}

#[Object]
impl PeriodMutations {
    /// Closes a period, or closes it further. Months close in their order; every open item of the checklist is settled first, or accepted
    /// with a reason. A period that has the status already stays as it is.
    async fn close_period(&self, ctx: &Context<'_>, input: ClosePeriodInput) -> Result<PeriodPayload, Error> {
        payload(ctx, app::close_period(ctx.data::<App>()?, actor(ctx)?, input.into()).await)
    }

    /// Asks for a closed period to be reopened; another person agrees with `approveReopening`. The last closed period is reopened first.
    async fn request_reopening(&self, ctx: &Context<'_>, input: ReopeningInput) -> Result<PeriodPayload, Error> {
        payload(ctx, app::request_reopening(ctx.data::<App>()?, actor(ctx)?, input.into()).await)
    }

    /// Agrees to the reopening that another person asked for: the period is open again, and what was computed on it is stale.
    async fn approve_reopening(&self, ctx: &Context<'_>, input: ReopeningInput) -> Result<PeriodPayload, Error> {
        payload(ctx, app::approve_reopening(ctx.data::<App>()?, actor(ctx)?, input.into()).await)
    }

    /// Signs the accruals of a period off, as its close checklist asks.
    async fn review_accruals(&self, ctx: &Context<'_>, input: ReviewAccrualsInput) -> Result<PeriodPayload, Error> {
        payload(ctx, app::review_accruals(ctx.data::<App>()?, actor(ctx)?, input.into()).await)
    }

    /// Saves what the close checklist lets pass.
    async fn save_close_thresholds(&self, ctx: &Context<'_>, input: SaveCloseThresholdsInput) -> Result<SaveCloseThresholdsPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match input.read() {
            Ok(input) => app::save_close_thresholds(ctx.data::<App>()?, actor, input).await,
            Err(rejection) => Err(rejection.into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(thresholds) => SaveCloseThresholdsPayload { thresholds: Some(thresholds.into()), user_errors: Vec::new() },
            Err(user_errors) => SaveCloseThresholdsPayload { thresholds: None, user_errors },
        })
    }

    /// Saves the time zone of the books, while they hold no charge, and the month in which their fiscal year begins.
    async fn save_books_settings(&self, ctx: &Context<'_>, input: SaveBooksSettingsInput) -> Result<SaveBooksSettingsPayload, Error> {
        let answer = app::save_books_settings(ctx.data::<App>()?, actor(ctx)?, input.into()).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(books) => SaveBooksSettingsPayload { books: Some(books.into()), user_errors: Vec::new() },
            Err(user_errors) => SaveBooksSettingsPayload { books: None, user_errors },
        })
    }
}

fn payload(ctx: &Context<'_>, answer: Result<app::PeriodView, AppError>) -> Result<PeriodPayload, Error> {
    Ok(match or_user_errors(ctx, answer)? {
        Ok(period) => PeriodPayload { period: Some(period.into()), user_errors: Vec::new() },
        Err(user_errors) => PeriodPayload { period: None, user_errors },
    })
}

impl SaveCloseThresholdsInput {
    fn read(self) -> Result<app::ThresholdsInput, Rejection> {
        Ok(app::ThresholdsInput {
            unpriced_charges: self.unpriced_charges.map(|count| count.to_i64("unpricedCharges")).transpose()?,
            unattributed_percent: self.unattributed_percent.map(|percent| percent.0),
            feed_gap_days: self.feed_gap_days.map(i64::from),
        })
    }
}
