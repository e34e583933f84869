//! Credits: bought, granted, applied, expired.

use async_graphql::{Context, Error, InputObject, Object, SimpleObject};

use crate::app::App;
use crate::app::prepaid as app;
use crate::domain::money::{Currency, Money as DomainMoney};
use crate::domain::rejection::Rejection;
use crate::graphql::error::{UserError, actor, or_user_errors};
use crate::graphql::scalars::{BigInt, CurrencyCode, Date, Decimal};
use crate::graphql::types::credits::{PaidFrom, entry};
use crate::graphql::types::journal::JournalEntry;
use crate::graphql::types::money::Money;

#[derive(Default)]
pub struct CreditMutations;

/// Credits that were bought.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseCreditsInput {
    /// The same key with the same content is answered with the first receipt.
    idempotency_key: String,
    /// As charges name it; saved as `PREPAID`.
    provider: String,
    amount: Decimal,
    currency: CurrencyCode,
    /// The accounting day, and the first on which they can be used.
    purchased_on: Date,
    /// The last day on which they can be used; absent when they do not expire.
    expires_on: Option<Date>,
    paid_from: PaidFrom,
    /// The order or invoice.
    reference: String,
}

/// Credits that a provider granted.
#[derive(Debug, Clone, InputObject)]
pub struct GrantCreditsInput {
    /// The same key with the same content is answered with the first receipt.
    idempotency_key: String,
    /// As charges name it.
    provider: String,
    amount: Decimal,
    currency: CurrencyCode,
    granted_on: Date,
    /// The last day on which they can be used; absent when they do not expire.
    expires_on: Option<Date>,
    /// The letter or page that grants them.
    reference: String,
}

/// The lot that was recorded.
#[derive(SimpleObject, Default)]
pub struct CreditLotPayload {
    lot: Option<BigInt>,
    /// Absent for a grant that is no asset.
    entry: Option<JournalEntry>,
    /// Whether the key was used before, so that nothing was posted now.
    replayed: bool,
    user_errors: Vec<UserError>,
}

/// Whose lots to look through.
#[derive(Debug, Clone, InputObject)]
pub struct ExpireCreditsInput {
    /// The same key with the same content is answered with the first receipt.
    idempotency_key: String,
    provider: String,
    /// Lots whose last day is before this one have expired; also the accounting day.
    as_of: Date,
}

/// What expired.
#[derive(SimpleObject, Default)]
pub struct ExpireCreditsPayload {
    /// Absent when nothing expired, or only grants that are no asset.
    entry: Option<JournalEntry>,
    expired: Vec<ExpiredCredits>,
    /// Whether the key was used before, so that nothing was posted now.
    replayed: bool,
    user_errors: Vec<UserError>,
}

/// What was left of one lot.
#[derive(SimpleObject)]
pub struct ExpiredCredits {
    lot: BigInt,
    amount: Money,
}

/// Whose usage to look at.
#[derive(Debug, Clone, InputObject)]
pub struct AccrueOverdrawInput {
    /// The same key with the same content is answered with the first receipt.
    idempotency_key: String,
    provider: String,
    /// Usage up to the end of this day counts; also the accounting day.
    as_of: Date,
}

/// What was moved.
#[derive(SimpleObject, Default)]
pub struct AccrueOverdrawPayload {
    /// Absent when everything was where it belongs.
    entry: Option<JournalEntry>,
    /// One amount for each currency that moved: above zero it is now owed, below zero drawn from prepaid credits again.
    accrued: Vec<Money>,
    /// Whether the key was used before, so that nothing was posted now.
    replayed: bool,
    user_errors: Vec<UserError>,
}

/// Which usage granted credits paid for.
#[derive(Debug, Clone, InputObject)]
pub struct ApplyCreditsInput {
    /// The same key with the same content is answered with the first receipt.
    idempotency_key: String,
    provider: String,
    /// The month of the usage, such as `2026-01`.
    period: String,
    /// As much as is left and there is usage for, when absent.
    amount: Option<Decimal>,
    /// Needed with an amount when grants of several currencies are left.
    currency: Option<CurrencyCode>,
}

/// What was applied.
#[derive(SimpleObject, Default)]
pub struct ApplyCreditsPayload {
    /// The first entry.
    entry: Option<JournalEntry>,
    /// Every entry: one, unless more combinations of dimensions got a part than one entry holds.
    entries: Vec<JournalEntry>,
    /// One amount for each currency.
    applied: Vec<Money>,
    /// Whether the key was used before, so that nothing was posted now.
    replayed: bool,
    user_errors: Vec<UserError>,
}

#[Object]
impl CreditMutations {
    /// Books credits bought in advance: Dr 1300 / Cr 2000 or 1010. Usage draws them down, the lot that expires first before the others.
    async fn purchase_credits(&self, ctx: &Context<'_>, input: PurchaseCreditsInput) -> Result<CreditLotPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match input.read() {
            Ok(input) => app::purchase_credits(ctx.data::<App>()?, actor, input).await,
            Err(rejection) => Err(rejection.into()),
        };
        Ok(or_user_errors(ctx, answer)?.map_or_else(CreditLotPayload::refused, CreditLotPayload::from))
    }

    /// Records credits that a provider grants. By the provider's policy they are remembered (`NET`), or posted Dr 1350 / Cr 2150 (`DEFERRED`).
    async fn grant_credits(&self, ctx: &Context<'_>, input: GrantCreditsInput) -> Result<CreditLotPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match input.read() {
            Ok(input) => app::grant_credits(ctx.data::<App>()?, actor, input).await,
            Err(rejection) => Err(rejection.into()),
        };
        Ok(or_user_errors(ctx, answer)?.map_or_else(CreditLotPayload::refused, CreditLotPayload::from))
    }

    /// Books what is left of expired lots: Dr 5095 / Cr 1300, for deferred grants Dr 2150 / Cr 1350.
    async fn expire_credits(&self, ctx: &Context<'_>, input: ExpireCreditsInput) -> Result<ExpireCreditsPayload, Error> {
        let actor = actor(ctx)?;
        let ExpireCreditsInput { idempotency_key, provider, as_of } = input;
        let answer = match as_of.to_day("asOf") {
            Ok(as_of) => app::expire_credits(ctx.data::<App>()?, actor, app::ExpireInput { idempotency_key, provider, as_of }).await,
            Err(rejection) => Err(rejection.into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(done) => ExpireCreditsPayload {
                entry: entry(done.receipt.entry),
                expired: done
                    .receipt
                    .parts
                    .iter()
                    .map(|part| ExpiredCredits { lot: part.lot.into(), amount: part.money().into() })
                    .collect(),
                replayed: done.is_replayed,
                user_errors: Vec::new(),
            },
            Err(user_errors) => ExpireCreditsPayload { user_errors, ..ExpireCreditsPayload::default() },
        })
    }

    /// Moves usage beyond every prepaid lot to what is owed, where the provider's `overdraw` is `ACCRUE`: Dr 1300 / Cr 2100, and back for what
    /// lots cover since. Run it before the accruals of a month are reviewed.
    async fn accrue_overdraw(&self, ctx: &Context<'_>, input: AccrueOverdrawInput) -> Result<AccrueOverdrawPayload, Error> {
        let actor = actor(ctx)?;
        let AccrueOverdrawInput { idempotency_key, provider, as_of } = input;
        let answer = match as_of.to_day("asOf") {
            Ok(as_of) => app::accrue_overdraw(ctx.data::<App>()?, actor, app::OverdrawInput { idempotency_key, provider, as_of }).await,
            Err(rejection) => Err(rejection.into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(done) => AccrueOverdrawPayload {
                entry: entry(done.receipt.entry),
                accrued: done.receipt.moneys().map(Money::from).collect(),
                replayed: done.is_replayed,
                user_errors: Vec::new(),
            },
            Err(user_errors) => AccrueOverdrawPayload { user_errors, ..AccrueOverdrawPayload::default() },
        })
    }

    /// Releases granted credits against a month's usage: Dr 2100 / Cr 5010, spread over the dimensions of the cost so that the parts add up.
    async fn apply_credits(&self, ctx: &Context<'_>, input: ApplyCreditsInput) -> Result<ApplyCreditsPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match input.read() {
            Ok(input) => app::apply_credits(ctx.data::<App>()?, actor, input).await,
            Err(rejection) => Err(rejection.into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(done) => ApplyCreditsPayload {
                entry: entry(done.receipt.entries().next()),
                entries: done.receipt.entries().filter_map(|number| entry(Some(number))).collect(),
                applied: done.receipt.moneys().into_iter().map(Money::from).collect(),
                replayed: done.is_replayed,
                user_errors: Vec::new(),
            },
            Err(user_errors) => ApplyCreditsPayload { user_errors, ..ApplyCreditsPayload::default() },
        })
    }
}

impl CreditLotPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl From<app::Done<app::RecordedLot>> for CreditLotPayload {
    fn from(done: app::Done<app::RecordedLot>) -> Self {
        let app::RecordedLot { lot, entry: number } = done.receipt;
        Self { lot: Some(lot.into()), entry: entry(number), replayed: done.is_replayed, user_errors: Vec::new() }
    }
}

impl PurchaseCreditsInput {
    fn read(self) -> Result<app::PurchaseInput, Rejection> {
        Ok(app::PurchaseInput {
            idempotency_key: self.idempotency_key,
            provider: self.provider,
            money: money(&self.amount, &self.currency, "amount", "currency")?,
            purchased_on: self.purchased_on.to_day("purchasedOn")?,
            expires_on: self.expires_on.map(|day| day.to_day("expiresOn")).transpose()?,
            paid_from: self.paid_from.into(),
            reference: self.reference,
        })
    }
}

impl GrantCreditsInput {
    fn read(self) -> Result<app::GrantInput, Rejection> {
        Ok(app::GrantInput {
            idempotency_key: self.idempotency_key,
            provider: self.provider,
            money: money(&self.amount, &self.currency, "amount", "currency")?,
            granted_on: self.granted_on.to_day("grantedOn")?,
            expires_on: self.expires_on.map(|day| day.to_day("expiresOn")).transpose()?,
            reference: self.reference,
        })
    }
}

impl ApplyCreditsInput {
    fn read(self) -> Result<app::ApplyInput, Rejection> {
        let currency = self.currency.map(|code| Currency::parse(&code.0).map_err(|rejection| rejection.under("currency")));
        Ok(app::ApplyInput {
            idempotency_key: self.idempotency_key,
            provider: self.provider,
            period: crate::domain::period::Month::parse(&self.period)?,
            amount: self.amount.map(|amount| amount.0),
            currency: currency.transpose()?,
        })
    }
}

/// An amount and its currency, which stand beside each other in the input.
///
/// # Errors
/// `CURRENCY_UNKNOWN`, `AMOUNT_*` at their fields.
pub(super) fn money(
    amount: &Decimal,
    currency: &CurrencyCode,
    amount_field: &'static str,
    currency_field: &'static str,
) -> Result<DomainMoney, Rejection> {
    let currency = Currency::parse(&currency.0).map_err(|rejection| rejection.under(currency_field))?;
    DomainMoney::parse(&amount.0, currency).map_err(|rejection| rejection.under(amount_field))
}
