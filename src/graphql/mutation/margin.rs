//! Targets for margins and the cost of units.

use async_graphql::{Context, Error, InputObject, Object, SimpleObject};

use super::read_all;
use crate::app::App;
use crate::app::margin as app;
use crate::graphql::error::{UserError, actor, or_user_errors};
use crate::graphql::types::margin::{MarginTarget, MarginTargetInput};

#[derive(Default)]
pub struct MarginMutations;

/// Targets to save.
#[derive(Debug, Clone, InputObject)]
pub struct SaveMarginTargetsInput {
    /// At most 1,000.
    targets: Vec<MarginTargetInput>,
}

/// The targets as they were saved.
#[derive(SimpleObject, Default)]
pub struct SaveMarginTargetsPayload {
    targets: Vec<MarginTarget>,
    user_errors: Vec<UserError>,
}

#[Object]
impl MarginMutations {
    /// Saves targets, all or nothing. A target is never changed: the same with another value is recorded again, and the later one counts.
    async fn save_margin_targets(&self, ctx: &Context<'_>, input: SaveMarginTargetsInput) -> Result<SaveMarginTargetsPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match read_all(input.targets, "targets", MarginTargetInput::read) {
            Ok(targets) => app::save_margin_targets(ctx.data::<App>()?, actor, targets).await,
            Err(error) => Err(error),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(saved) => SaveMarginTargetsPayload { targets: saved.into_iter().map(MarginTarget::from).collect(), user_errors: Vec::new() },
            Err(user_errors) => SaveMarginTargetsPayload { user_errors, ..SaveMarginTargetsPayload::default() },
        })
    }
}
