//! Saving prices, discounts and model aliases. Each call saves all or nothing.

use async_graphql::{Context, Error, InputObject, Object, SimpleObject};

use super::read_all;
use crate::app::App;
use crate::app::masters as app;
use crate::graphql::error::{UserError, actor, or_user_errors};
use crate::graphql::types::prices::{Discount, DiscountInput, ModelAlias, ModelAliasInput, ModelAliasName, Price, PriceInput};

#[derive(Default)]
pub struct PriceMutations;

/// Prices to save.
#[derive(Debug, Clone, InputObject)]
pub struct SavePricesInput {
    prices: Vec<PriceInput>,
}

/// The saved prices, in the order of the input.
#[derive(SimpleObject, Default)]
pub struct SavePricesPayload {
    prices: Vec<Price>,
    user_errors: Vec<UserError>,
}

/// Discounts to save.
#[derive(Debug, Clone, InputObject)]
pub struct SaveDiscountsInput {
    discounts: Vec<DiscountInput>,
}

/// The saved discounts, in the order of the input.
#[derive(SimpleObject, Default)]
pub struct SaveDiscountsPayload {
    discounts: Vec<Discount>,
    user_errors: Vec<UserError>,
}

/// Aliases to save.
#[derive(Debug, Clone, InputObject)]
pub struct SaveModelAliasesInput {
    model_aliases: Vec<ModelAliasInput>,
}

/// The saved aliases, in the order of the input.
#[derive(SimpleObject, Default)]
pub struct SaveModelAliasesPayload {
    model_aliases: Vec<ModelAlias>,
    user_errors: Vec<UserError>,
}

/// Aliases to take back.
#[derive(Debug, Clone, InputObject)]
pub struct DeleteModelAliasesInput {
    model_aliases: Vec<ModelAliasName>,
}

/// The aliases that were taken back, in the order of the input.
#[derive(SimpleObject, Default)]
pub struct DeleteModelAliasesPayload {
    model_aliases: Vec<ModelAlias>,
    user_errors: Vec<UserError>,
}

#[Object]
impl PriceMutations {
    /// Adds lines to the price book. A saved price stands above an imported and a built-in one; booked charges change only by `rerateCharges`.
    async fn save_prices(&self, ctx: &Context<'_>, input: SavePricesInput) -> Result<SavePricesPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match read_all(input.prices, "prices", PriceInput::read) {
            Ok(prices) => app::save_prices(ctx.data::<App>()?, actor, prices).await,
            Err(refused) => Err(refused),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(saved) => SavePricesPayload { prices: saved.into_iter().map(Price::from).collect(), user_errors: Vec::new() },
            Err(user_errors) => SavePricesPayload { user_errors, ..SavePricesPayload::default() },
        })
    }

    /// Adds contracted discounts on list prices.
    async fn save_discounts(&self, ctx: &Context<'_>, input: SaveDiscountsInput) -> Result<SaveDiscountsPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match read_all(input.discounts, "discounts", DiscountInput::read) {
            Ok(discounts) => app::save_discounts(ctx.data::<App>()?, actor, discounts).await,
            Err(refused) => Err(refused),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(saved) => SaveDiscountsPayload { discounts: saved.into_iter().map(Discount::from).collect(), user_errors: Vec::new() },
            Err(user_errors) => SaveDiscountsPayload { user_errors, ..SaveDiscountsPayload::default() },
        })
    }

    /// Says which priced model another name stands for.
    async fn save_model_aliases(&self, ctx: &Context<'_>, input: SaveModelAliasesInput) -> Result<SaveModelAliasesPayload, Error> {
        let aliases = input.model_aliases.into_iter().map(Into::into).collect();
        let answer = app::save_model_aliases(ctx.data::<App>()?, actor(ctx)?, aliases).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(saved) => {
                SaveModelAliasesPayload { model_aliases: saved.into_iter().map(ModelAlias::from).collect(), user_errors: Vec::new() }
            }
            Err(user_errors) => SaveModelAliasesPayload { user_errors, ..SaveModelAliasesPayload::default() },
        })
    }

    /// Takes aliases back: from now on the names are priced as themselves. Booked charges change only by `rerateCharges`. All or none.
    async fn delete_model_aliases(&self, ctx: &Context<'_>, input: DeleteModelAliasesInput) -> Result<DeleteModelAliasesPayload, Error> {
        let names = input.model_aliases.into_iter().map(Into::into).collect();
        let answer = app::delete_model_aliases(ctx.data::<App>()?, actor(ctx)?, names).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(removed) => {
                DeleteModelAliasesPayload { model_aliases: removed.into_iter().map(ModelAlias::from).collect(), user_errors: Vec::new() }
            }
            Err(user_errors) => DeleteModelAliasesPayload { user_errors, ..DeleteModelAliasesPayload::default() },
        })
    }
}
