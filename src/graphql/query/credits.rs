//! Credits and accruals.

use async_graphql::{Context, Error, Object};

use super::reports::entry_number;
use crate::app::App;
use crate::app::prepaid as app;
use crate::domain::period::{Day, Moment};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::{BigInt, Date, day_range};
use crate::graphql::types::credits::{Accruals, CreditLots, GrantRollForward, PrepaidRollForward};

#[derive(Default)]
pub struct CreditQueries;

#[Object]
impl CreditQueries {
    /// What moved the prepaid credits of a provider from `from` (included) to `to` (excluded); ties to account 1300.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn prepaid_roll_forward(
        &self,
        ctx: &Context<'_>,
        provider: String,
        from: Date,
        to: Date,
        #[graphql(desc = "As the books were after this entry: the same number answers the same for ever.")] as_of_entry: Option<BigInt>,
    ) -> Result<PrepaidRollForward, Error> {
        let range = day_range(&from, &to).or_failure(ctx)?;
        let as_of = entry_number(as_of_entry.as_ref()).or_failure(ctx)?;
        Ok(app::prepaid_roll_forward(ctx.data::<App>()?, actor(ctx)?, provider, range, as_of).await.or_failure(ctx)?.into())
    }

    /// Bought credits of a provider, lot by lot, at the end of a day.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn prepaid_lots(
        &self,
        ctx: &Context<'_>,
        provider: String,
        #[graphql(desc = "Today when absent.")] as_of: Option<Date>,
        #[graphql(desc = "As the books were after this entry: the same number answers the same for ever.")] as_of_entry: Option<BigInt>,
    ) -> Result<CreditLots, Error> {
        let as_of = day_or_today(ctx, as_of)?;
        let through = entry_number(as_of_entry.as_ref()).or_failure(ctx)?;
        Ok(app::prepaid_lots(ctx.data::<App>()?, actor(ctx)?, provider, as_of, through).await.or_failure(ctx)?.into())
    }

    /// What moved the granted credits of a provider from `from` (included) to `to` (excluded).
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn grant_roll_forward(
        &self,
        ctx: &Context<'_>,
        provider: String,
        from: Date,
        to: Date,
        #[graphql(desc = "As the books were after this entry: the same number answers the same for ever.")] as_of_entry: Option<BigInt>,
    ) -> Result<GrantRollForward, Error> {
        let range = day_range(&from, &to).or_failure(ctx)?;
        let as_of = entry_number(as_of_entry.as_ref()).or_failure(ctx)?;
        Ok(app::grant_roll_forward(ctx.data::<App>()?, actor(ctx)?, provider, range, as_of).await.or_failure(ctx)?.into())
    }

    /// Granted credits of a provider, lot by lot, at the end of a day.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn granted_lots(
        &self,
        ctx: &Context<'_>,
        provider: String,
        #[graphql(desc = "Today when absent.")] as_of: Option<Date>,
        #[graphql(desc = "As the books were after this entry: the same number answers the same for ever.")] as_of_entry: Option<BigInt>,
    ) -> Result<CreditLots, Error> {
        let as_of = day_or_today(ctx, as_of)?;
        let through = entry_number(as_of_entry.as_ref()).or_failure(ctx)?;
        Ok(app::granted_lots(ctx.data::<App>()?, actor(ctx)?, provider, as_of, through).await.or_failure(ctx)?.into())
    }

    /// Usage that is accrued and not settled at the end of a day, by provider and currency; ties to account 2100.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn accruals(
        &self,
        ctx: &Context<'_>,
        as_of: Date,
        #[graphql(desc = "As the books were after this entry: the same number answers the same for ever.")] as_of_entry: Option<BigInt>,
    ) -> Result<Accruals, Error> {
        let as_of = as_of.to_day("asOf").or_failure(ctx)?;
        let through = entry_number(as_of_entry.as_ref()).or_failure(ctx)?;
        Ok(app::accruals(ctx.data::<App>()?, actor(ctx)?, as_of, through).await.or_failure(ctx)?.into())
    }
}

fn day_or_today(ctx: &Context<'_>, day: Option<Date>) -> Result<Day, Error> {
    let today = Moment::from_instant(ctx.data::<App>()?.clock().now()).day();
    day.map_or(Ok(today), |day| day.to_day("asOf")).or_failure(ctx)
}
