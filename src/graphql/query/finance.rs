//! Reports of finance.

use async_graphql::{Context, Error, Object};

use super::reports::entry_number;
use crate::app::App;
use crate::app::reports::{GeneralLedgerQuery, ProfitAndLossQuery, general_ledger, profit_and_loss, register};
use crate::domain::ids::EntryNumber;
use crate::graphql::connection::{LARGEST_JOURNAL_PAGE, List, page_cost, page_size};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::{BigInt, Date, day_range};
use crate::graphql::types::enums::CostCenterKind;
use crate::graphql::types::finance::{GeneralLedger, JournalRegister, ProfitAndLoss};
use crate::graphql::types::reports::DimensionFilter;

#[derive(Default)]
pub struct FinanceQueries;

#[Object]
impl FinanceQueries {
    /// Postings of one account that are dated from `from` (included) to `to` (excluded), in the order of posting, with the running balance.
    /// At most 1,000 lines a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn general_ledger(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Code of the account.")] account: String,
        from: Date,
        to: Date,
        filter: Option<DimensionFilter>,
        #[graphql(desc = "As the books were after this entry: the same number answers the same for ever.")] as_of_entry: Option<BigInt>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<GeneralLedger, Error> {
        let query = GeneralLedgerQuery {
            account,
            days: day_range(&from, &to).or_failure(ctx)?,
            filter: filter.unwrap_or_default().of_balances().or_failure(ctx)?,
            as_of_entry: entry_number(as_of_entry.as_ref()).or_failure(ctx)?,
            after: after
                .as_deref()
                .map(|cursor| List::LedgerLines.numbers(cursor))
                .transpose()
                .or_failure(ctx)?
                .map(|(entry, line)| (EntryNumber(entry), line)),
            first: page_size(first, LARGEST_JOURNAL_PAGE).or_failure(ctx)?,
        };
        let report = general_ledger(ctx.data::<App>()?, actor(ctx)?, query).await.or_failure(ctx)?;
        Ok(GeneralLedger::of(report, after.is_some()))
    }

    /// Totals of the entries from one number to another, both included; `journalEntries` lists them.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn journal_register(
        &self,
        ctx: &Context<'_>,
        from_number: BigInt,
        #[graphql(desc = "The last entry of the books when absent.")] to_number: Option<BigInt>,
    ) -> Result<JournalRegister, Error> {
        let from = EntryNumber(from_number.to_i64("fromNumber").or_failure(ctx)?);
        let to = to_number.map(|number| number.to_i64("toNumber")).transpose().or_failure(ctx)?.map(EntryNumber);
        Ok(register(ctx.data::<App>()?, actor(ctx)?, from, to).await.or_failure(ctx)?.into())
    }

    /// Revenue and cost from `from` (included) to `to` (excluded), by account and the cost centers of one kind.
    #[graphql(complexity = "100 * child_complexity + 1")]
    async fn profit_and_loss(
        &self,
        ctx: &Context<'_>,
        from: Date,
        to: Date,
        kind: CostCenterKind,
        #[graphql(desc = "As the books were after this entry: the same number answers the same for ever.")] as_of_entry: Option<BigInt>,
    ) -> Result<ProfitAndLoss, Error> {
        let query = ProfitAndLossQuery {
            days: day_range(&from, &to).or_failure(ctx)?,
            by: kind.into(),
            as_of_entry: entry_number(as_of_entry.as_ref()).or_failure(ctx)?,
        };
        Ok(profit_and_loss(ctx.data::<App>()?, actor(ctx)?, query).await.or_failure(ctx)?.into())
    }
}
