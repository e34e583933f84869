//! Money on the wire.

use async_graphql::{InputObject, SimpleObject};

use crate::domain::money::{Currency, Money as DomainMoney};
use crate::domain::rejection::Rejection;
use crate::graphql::scalars::{CurrencyCode, Decimal};

/// An exact amount with its currency.
#[derive(Debug, Clone, SimpleObject)]
pub struct Money {
    amount: Decimal,
    currency: CurrencyCode,
}

impl From<DomainMoney> for Money {
    fn from(money: DomainMoney) -> Self {
        Self { amount: money.exact().into(), currency: money.currency.into() }
    }
}

impl Money {
    /// A sum of ledger units, which may exceed one amount.
    pub fn of_units(units: i128, currency: Currency) -> Self {
        Self { amount: Decimal::of_units(units, currency), currency: currency.into() }
    }
}

/// An amount with its currency.
#[derive(Debug, Clone, InputObject)]
pub struct MoneyInput {
    amount: Decimal,
    currency: CurrencyCode,
}

impl MoneyInput {
    /// # Errors
    /// `CURRENCY_UNKNOWN` at `currency`, `AMOUNT_*` at `amount`.
    pub fn to_money(&self) -> Result<DomainMoney, Rejection> {
        let currency = Currency::parse(&self.currency.0).map_err(|rejection| rejection.under("currency"))?;
        DomainMoney::parse(&self.amount.0, currency).map_err(|rejection| rejection.under("amount"))
    }
}
