//! Saving attribution rules and posting rules. Each call saves all or nothing; booked charges change only by `reattributeCharges`.

use async_graphql::{Context, Error, InputObject, Object, SimpleObject};

use crate::app::App;
use crate::app::masters as app;
use crate::graphql::error::{UserError, actor, or_user_errors};
use crate::graphql::types::rules::{AttributionRule, AttributionRuleInput, PostingRule, PostingRuleInput};

#[derive(Default)]
pub struct RuleMutations;

/// Attribution rules to save.
#[derive(Debug, Clone, InputObject)]
pub struct SaveAttributionRulesInput {
    attribution_rules: Vec<AttributionRuleInput>,
}

/// The saved attribution rules, in the order of the input.
#[derive(SimpleObject, Default)]
pub struct SaveAttributionRulesPayload {
    attribution_rules: Vec<AttributionRule>,
    user_errors: Vec<UserError>,
}

/// Posting rules to save.
#[derive(Debug, Clone, InputObject)]
pub struct SavePostingRulesInput {
    posting_rules: Vec<PostingRuleInput>,
}

/// The saved posting rules, in the order of the input.
#[derive(SimpleObject, Default)]
pub struct SavePostingRulesPayload {
    posting_rules: Vec<PostingRule>,
    user_errors: Vec<UserError>,
}

/// Posting rules to delete.
#[derive(Debug, Clone, InputObject)]
pub struct DeletePostingRulesInput {
    codes: Vec<String>,
}

/// Codes of the posting rules that were deleted.
#[derive(SimpleObject, Default)]
pub struct DeletePostingRulesPayload {
    deleted: Vec<String>,
    user_errors: Vec<UserError>,
}

#[Object]
impl RuleMutations {
    /// Adds attribution rules, or new versions of those with the same code. Charges keep naming the version that decided them.
    async fn save_attribution_rules(
        &self,
        ctx: &Context<'_>,
        input: SaveAttributionRulesInput,
    ) -> Result<SaveAttributionRulesPayload, Error> {
        let rules = input.attribution_rules.into_iter().map(Into::into).collect();
        let answer = app::save_attribution_rules(ctx.data::<App>()?, actor(ctx)?, rules).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(saved) => SaveAttributionRulesPayload {
                attribution_rules: saved.into_iter().map(AttributionRule::from).collect(),
                user_errors: Vec::new(),
            },
            Err(user_errors) => SaveAttributionRulesPayload { user_errors, ..SaveAttributionRulesPayload::default() },
        })
    }

    /// Adds posting rules, or replaces those with the same code.
    async fn save_posting_rules(&self, ctx: &Context<'_>, input: SavePostingRulesInput) -> Result<SavePostingRulesPayload, Error> {
        let rules = input.posting_rules.into_iter().map(Into::into).collect();
        let answer = app::save_posting_rules(ctx.data::<App>()?, actor(ctx)?, rules).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(saved) => {
                SavePostingRulesPayload { posting_rules: saved.into_iter().map(PostingRule::from).collect(), user_errors: Vec::new() }
            }
            Err(user_errors) => SavePostingRulesPayload { user_errors, ..SavePostingRulesPayload::default() },
        })
    }

    /// Deletes posting rules.
    async fn delete_posting_rules(&self, ctx: &Context<'_>, input: DeletePostingRulesInput) -> Result<DeletePostingRulesPayload, Error> {
        let answer = app::delete_posting_rules(ctx.data::<App>()?, actor(ctx)?, input.codes).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(deleted) => DeletePostingRulesPayload { deleted, user_errors: Vec::new() },
            Err(user_errors) => DeletePostingRulesPayload { user_errors, ..DeletePostingRulesPayload::default() },
        })
    }
}
