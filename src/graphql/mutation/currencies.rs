//! Exchange rates, the reporting currency, revaluation and settlement.

use async_graphql::{Context, Error, InputObject, Object, SimpleObject};

use super::credits::money;
use crate::app::App;
use crate::app::exchange as app;
use crate::domain::money::Currency;
use crate::domain::rejection::Rejection;
use crate::graphql::error::{UserError, actor, or_user_errors};
use crate::graphql::scalars::{CurrencyCode, Date, Decimal};
use crate::graphql::types::credits::entry;
use crate::graphql::types::currencies::{CurrencySettings, ExchangeRateInput};
use crate::graphql::types::journal::JournalEntry;
use crate::graphql::types::money::Money;

#[derive(Default)]
pub struct CurrencyMutations;

/// Rates to save.
#[derive(Debug, Clone, InputObject)]
pub struct SaveExchangeRatesInput {
    rates: Vec<ExchangeRateInput>,
}

/// What became of the rates.
#[derive(SimpleObject, Default)]
pub struct SaveExchangeRatesPayload {
    added: i32,
    /// The books had the same rate from the same source as the latest of that day.
    unchanged: i32,
    user_errors: Vec<UserError>,
}

/// The currency that the books are reported in.
#[derive(Debug, Clone, InputObject)]
pub struct SetReportingCurrencyInput {
    currency: CurrencyCode,
    /// How many days old a rate may be for the day it is used for; 7 at first, and as before when absent.
    rate_days: Option<i32>,
}

/// The settings as they are now.
#[derive(SimpleObject, Default)]
pub struct SetReportingCurrencyPayload {
    settings: Option<CurrencySettings>,
    user_errors: Vec<UserError>,
}

/// Which day's rates count.
#[derive(Debug, Clone, InputObject)]
pub struct RevalueInput {
    /// The same key with the same content is answered with the first receipt.
    idempotency_key: String,
    /// The accounting day, usually the last of a period.
    as_of: Date,
}

/// What a revaluation booked.
#[derive(SimpleObject, Default)]
pub struct RevaluePayload {
    /// Absent when every item was carried at its value.
    entry: Option<JournalEntry>,
    /// The mirror on the first day of the next period.
    reversal: Option<JournalEntry>,
    /// What it cost in all; a gain is below zero.
    loss: Option<Money>,
    /// Whether the key was used before, so that nothing was posted now.
    replayed: bool,
    user_errors: Vec<UserError>,
}

/// A foreign liability that was paid in the reporting currency.
#[derive(Debug, Clone, InputObject)]
pub struct SettleForeignInput {
    /// The same key with the same content is answered with the first receipt.
    idempotency_key: String,
    /// Code of the account that owed: `2000` or `2100`.
    account: String,
    provider: String,
    /// What is no longer owed.
    amount: Decimal,
    currency: CurrencyCode,
    /// What left the bank.
    paid_amount: Decimal,
    /// The reporting currency.
    paid_currency: CurrencyCode,
    /// The accounting day.
    paid_on: Date,
}

/// What a settlement booked.
#[derive(SimpleObject, Default)]
pub struct SettleForeignPayload {
    entry: Option<JournalEntry>,
    /// The carrying value that left the books.
    relieved: Option<Money>,
    /// What was paid beyond it; a gain is below zero.
    loss: Option<Money>,
    /// Whether the key was used before, so that nothing was posted now.
    replayed: bool,
    user_errors: Vec<UserError>,
}

#[Object]
impl CurrencyMutations {
    /// Saves exchange rates: all or none. A rate is never edited; the latest recorded of a pair and day counts.
    async fn save_exchange_rates(&self, ctx: &Context<'_>, input: SaveExchangeRatesInput) -> Result<SaveExchangeRatesPayload, Error> {
        let rates = input.rates.into_iter().map(Into::into).collect();
        let answer = app::save_exchange_rates(ctx.data::<App>()?, actor(ctx)?, rates).await;
        let count = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
        Ok(match or_user_errors(ctx, answer)? {
            Ok(saved) => SaveExchangeRatesPayload { added: count(saved.added), unchanged: count(saved.unchanged), user_errors: Vec::new() },
            Err(user_errors) => SaveExchangeRatesPayload { user_errors, ..SaveExchangeRatesPayload::default() },
        })
    }

    /// Sets the currency that the books are reported in, until exchange differences were booked in it.
    async fn set_reporting_currency(
        &self,
        ctx: &Context<'_>,
        input: SetReportingCurrencyInput,
    ) -> Result<SetReportingCurrencyPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match Currency::parse(&input.currency.0) {
            Ok(currency) => app::set_reporting_currency(ctx.data::<App>()?, actor, currency, input.rate_days).await,
            Err(rejection) => Err(rejection.under("currency").into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(settings) => SetReportingCurrencyPayload { settings: Some(settings.into()), user_errors: Vec::new() },
            Err(user_errors) => SetReportingCurrencyPayload { user_errors, ..SetReportingCurrencyPayload::default() },
        })
    }

    /// Books the unrealised exchange difference of open foreign items against 7110, and its mirror on the first day of the next period.
    async fn revalue(&self, ctx: &Context<'_>, input: RevalueInput) -> Result<RevaluePayload, Error> {
        let actor = actor(ctx)?;
        let answer = match input.as_of.to_day("asOf") {
            Ok(as_of) => {
                let input = app::RevalueInput { idempotency_key: input.idempotency_key, as_of };
                app::revalue(ctx.data::<App>()?, actor, input).await
            }
            Err(rejection) => Err(rejection.into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(done) => RevaluePayload {
                entry: entry(done.receipt.entry),
                reversal: entry(done.receipt.reversal),
                loss: Some(done.receipt.loss().into()),
                replayed: done.is_replayed,
                user_errors: Vec::new(),
            },
            Err(user_errors) => RevaluePayload { user_errors, ..RevaluePayload::default() },
        })
    }

    /// Books the payment of a foreign liability in the reporting currency. What was paid beyond its carrying value goes to 7100.
    async fn settle_foreign(&self, ctx: &Context<'_>, input: SettleForeignInput) -> Result<SettleForeignPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match input.read() {
            Ok(input) => app::settle_foreign(ctx.data::<App>()?, actor, input).await,
            Err(rejection) => Err(rejection.into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(done) => SettleForeignPayload {
                entry: entry(Some(done.receipt.entry)),
                relieved: Some(done.receipt.relieved().into()),
                loss: Some(done.receipt.loss().into()),
                replayed: done.is_replayed,
                user_errors: Vec::new(),
            },
            Err(user_errors) => SettleForeignPayload { user_errors, ..SettleForeignPayload::default() },
        })
    }
}

impl SettleForeignInput {
    fn read(self) -> Result<app::SettleInput, Rejection> {
        Ok(app::SettleInput {
            idempotency_key: self.idempotency_key,
            account: self.account,
            provider: self.provider,
            money: money(&self.amount, &self.currency, "amount", "currency")?,
            paid: money(&self.paid_amount, &self.paid_currency, "paidAmount", "paidCurrency")?,
            paid_on: self.paid_on.to_day("paidOn")?,
        })
    }
}
