//! Saving accounts, cost centers and providers. Each call saves all or nothing.

use async_graphql::{Context, Error, InputObject, Object, SimpleObject};

use super::read_all;
use crate::app::App;
use crate::app::masters as app;
use crate::graphql::error::{UserError, actor, or_user_errors};
use crate::graphql::types::masters::{Account, AccountInput, CostCenter, CostCenterInput, Provider, ProviderInput};

#[derive(Default)]
pub struct MasterMutations;

/// Cost centers to save.
#[derive(Debug, Clone, InputObject)]
pub struct SaveCostCentersInput {
    cost_centers: Vec<CostCenterInput>,
}

/// The saved cost centers, in the order of the input.
#[derive(SimpleObject, Default)]
pub struct SaveCostCentersPayload {
    cost_centers: Vec<CostCenter>,
    user_errors: Vec<UserError>,
}

/// Accounts to save.
#[derive(Debug, Clone, InputObject)]
pub struct SaveAccountsInput {
    accounts: Vec<AccountInput>,
}

/// The saved accounts, in the order of the input.
#[derive(SimpleObject, Default)]
pub struct SaveAccountsPayload {
    accounts: Vec<Account>,
    user_errors: Vec<UserError>,
}

/// Providers to save.
#[derive(Debug, Clone, InputObject)]
pub struct SaveProvidersInput {
    providers: Vec<ProviderInput>,
}

/// The saved providers, in the order of the input.
#[derive(SimpleObject, Default)]
pub struct SaveProvidersPayload {
    providers: Vec<Provider>,
    user_errors: Vec<UserError>,
}

#[Object]
impl MasterMutations {
    /// Adds cost centers, or replaces those with the same kind and code.
    async fn save_cost_centers(&self, ctx: &Context<'_>, input: SaveCostCentersInput) -> Result<SaveCostCentersPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match read_all(input.cost_centers, "costCenters", CostCenterInput::read) {
            Ok(centers) => app::save_cost_centers(ctx.data::<App>()?, actor, centers).await,
            Err(refused) => Err(refused),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(saved) => {
                SaveCostCentersPayload { cost_centers: saved.into_iter().map(CostCenter::from).collect(), user_errors: Vec::new() }
            }
            Err(user_errors) => SaveCostCentersPayload { user_errors, ..SaveCostCentersPayload::default() },
        })
    }

    /// Adds accounts to the chart, or replaces those with the same code.
    async fn save_accounts(&self, ctx: &Context<'_>, input: SaveAccountsInput) -> Result<SaveAccountsPayload, Error> {
        let accounts = input.accounts.into_iter().map(Into::into).collect();
        let answer = app::save_accounts(ctx.data::<App>()?, actor(ctx)?, accounts).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(saved) => SaveAccountsPayload { accounts: saved.into_iter().map(Account::from).collect(), user_errors: Vec::new() },
            Err(user_errors) => SaveAccountsPayload { user_errors, ..SaveAccountsPayload::default() },
        })
    }

    /// Says how providers are paid: by invoice afterwards, or from credits bought in advance.
    async fn save_providers(&self, ctx: &Context<'_>, input: SaveProvidersInput) -> Result<SaveProvidersPayload, Error> {
        let providers = input.providers.into_iter().map(Into::into).collect();
        let answer = app::save_providers(ctx.data::<App>()?, actor(ctx)?, providers).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(saved) => SaveProvidersPayload { providers: saved.into_iter().map(Provider::from).collect(), user_errors: Vec::new() },
            Err(user_errors) => SaveProvidersPayload { user_errors, ..SaveProvidersPayload::default() },
        })
    }
}
