//! Exchange rates, the reporting currency, and the books in it.

use async_graphql::{Enum, InputObject, SimpleObject};

use super::masters::Account;
use crate::app::exchange as app;
use crate::domain::money::Quote;
use crate::graphql::scalars::{BigInt, CurrencyCode, Date, DateTime, Decimal};

/// How the books see other currencies.
#[derive(Debug, Clone, SimpleObject)]
pub struct CurrencySettings {
    /// Absent until it is set.
    reporting_currency: Option<CurrencyCode>,
    /// How many days old a rate may be for the day it is used for.
    rate_days: i32,
}

impl From<app::CurrencySettings> for CurrencySettings {
    fn from(settings: app::CurrencySettings) -> Self {
        Self { reporting_currency: settings.reporting.map(CurrencyCode::from), rate_days: settings.rate_days }
    }
}

/// A rate as it was recorded. Of one pair and day the latest recorded counts.
#[derive(Debug, Clone, SimpleObject)]
pub struct ExchangeRate {
    /// In the order of recording.
    number: BigInt,
    from: CurrencyCode,
    to: CurrencyCode,
    day: Date,
    /// How much of `to` one unit of `from` is.
    rate: Decimal,
    source: String,
    recorded_at: DateTime,
}

impl From<app::StoredRate> for ExchangeRate {
    fn from(rate: app::StoredRate) -> Self {
        Self {
            number: rate.number.into(),
            from: rate.from.into(),
            to: rate.to.into(),
            day: rate.day.into(),
            rate: rate.rate.exact().into(),
            source: rate.source,
            recorded_at: rate.recorded_at.into(),
        }
    }
}

/// A rate to save.
#[derive(Debug, Clone, InputObject)]
pub struct ExchangeRateInput {
    from: CurrencyCode,
    to: CurrencyCode,
    day: Date,
    /// How much of `to` one unit of `from` is: above zero, at most twelve decimals.
    rate: Decimal,
    /// Where it was read, such as a central bank.
    source: String,
}

impl From<ExchangeRateInput> for app::RateInput {
    fn from(input: ExchangeRateInput) -> Self {
        Self { from: input.from.0, to: input.to.0, day: input.day.0, rate: input.rate.0, source: input.source }
    }
}

/// By which rates a row was translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::exchange::TranslationBasis")]
pub enum TranslationBasis {
    /// It is in the reporting currency.
    Reporting,
    /// The closing rate: what is owed or held in money.
    Closing,
    /// The rate of each day on which it moved: cost, revenue, prepaid credits.
    TransactionDays,
}

/// A rate that was used.
#[derive(Debug, Clone, SimpleObject)]
pub struct RateUsed {
    rate: Decimal,
    /// The day it is of.
    day: Date,
    source: String,
    /// The saved rate is that of the other direction, and was turned over exactly.
    is_inverse: bool,
}

impl From<Quote> for RateUsed {
    fn from(quote: Quote) -> Self {
        Self { rate: quote.rate.exact().into(), day: quote.day.into(), source: quote.source, is_inverse: quote.is_inverse }
    }
}

/// The trial balance in the reporting currency: money at the closing rate, everything else at the rates of its own days.
#[derive(Debug, Clone, SimpleObject)]
pub struct CurrencyTranslation {
    as_of: Date,
    through_entry: BigInt,
    currency: CurrencyCode,
    /// In the order of account code and currency.
    rows: Vec<CurrencyTranslationRow>,
    /// The sum of translated debit balances.
    debit: Decimal,
    /// The sum of translated credit balances.
    credit: Decimal,
    /// `debit` - `credit`: the exchange difference that is not booked. After a revaluation of the day only roundings are left.
    difference: Decimal,
}

/// One account in one currency. Debit balances are above zero.
#[derive(Debug, Clone, SimpleObject)]
pub struct CurrencyTranslationRow {
    account: Account,
    currency: CurrencyCode,
    /// As the trial balance has it, in `currency`.
    balance: Decimal,
    basis: TranslationBasis,
    /// The closing rate, where it was used.
    rate: Option<RateUsed>,
    /// The part of the balance that revaluations in force put there; it is not translated, because the closing rate says the same.
    revaluation: Decimal,
    /// In the reporting currency.
    translated: Decimal,
}

impl From<app::CurrencyTranslation> for CurrencyTranslation {
    fn from(report: app::CurrencyTranslation) -> Self {
        let reporting = report.reporting;
        let sum = |keep: fn(&i128) -> bool| -> i128 { report.rows.iter().map(|row| row.translated).filter(keep).sum() };
        let units = |units: i128| Decimal::of_units(units, reporting);
        let (debit, credit) = (sum(|units| *units > 0), sum(|units| *units < 0));
        Self {
            as_of: report.as_of.into(),
            through_entry: report.through_entry.0.into(),
            currency: reporting.into(),
            debit: units(debit),
            credit: units(-credit),
            difference: units(report.difference()),
            rows: report
                .rows
                .into_iter()
                .map(|row| CurrencyTranslationRow {
                    currency: row.currency.into(),
                    balance: Decimal::of_units(row.balance, row.currency),
                    basis: row.basis.into(),
                    rate: row.quote.map(RateUsed::from),
                    revaluation: units(row.revaluation),
                    translated: units(row.translated),
                    account: row.account.into(),
                })
                .collect(),
        }
    }
}
