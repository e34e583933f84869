//! Terms of rebills, one row a client, and standard rates, which are only ever added.

use super::{account_id, exact_of, int, small, text_or_none};
use crate::domain::chargeback::{RateMeter, StandardRate, Treatment};
use crate::domain::ids::{AccountId, BooksId, NameId};
use crate::domain::money::Exact;
use crate::domain::period::{Day, Moment};
use crate::store::cells::{books_cell, currency_of, day_of, name_id};
use crate::store::ledger::{Cell, Ledger, Row, RowExt};
use crate::store::{StoreError, rows};

/// How what a client used is billed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RebillTerms {
    pub client: NameId,
    pub treatment: Treatment,
    pub receivable: AccountId,
    /// That of the draft when absent.
    pub markup: Option<Exact>,
    /// Whether the client's statements say what its usage cost.
    pub shows_cost: bool,
}

/// The terms of all clients that have some.
///
/// # Errors
/// Any database failure.
pub fn terms_list(ledger: &mut Ledger, books: BooksId) -> Result<Vec<RebillTerms>, StoreError> {
    let sql = "SELECT client_id, treatment, receivable_id, markup, shows_cost FROM rebill_terms WHERE books_id = $1 ORDER BY client_id";
    let row = |row: &Row| {
        Ok(RebillTerms {
            client: name_id(row.int(0)?)?,
            treatment: small(row, 1)?.and_then(Treatment::from_id).ok_or_else(|| StoreError::corrupt("terms of a rebill"))?,
            receivable: account_id(row.int(2)?)?,
            markup: row.text_or_none(3)?.map(exact_of).transpose()?,
            shows_cost: row.int(4)? != 0,
        })
    };
    ledger.rows(sql, &[books_cell(books)])?.iter().map(row).collect()
}

/// Stores the terms of a client.
///
/// # Errors
/// Any database failure.
pub fn terms_save(ledger: &mut Ledger, books: BooksId, terms: &RebillTerms, at: Moment) -> Result<(), StoreError> {
    let markup = terms.markup.map(|markup| markup.to_string());
    let row = [
        books_cell(books),
        int(terms.client.0),
        int(terms.treatment.id()),
        int(terms.receivable.0),
        Cell::text_or_null(markup.as_deref()),
        int(at.0),
        int(i64::from(terms.shows_cost)),
    ];
    ledger.insert(&rows::REBILL_TERMS, std::iter::once(row))
}

/// Every standard rate, in the order of the numbers.
///
/// # Errors
/// Any database failure.
pub fn rate_list(ledger: &mut Ledger, books: BooksId) -> Result<Vec<StandardRate>, StoreError> {
    let sql = "SELECT number, provider, model, meter, per, amount, currency_id, valid_from, valid_to FROM standard_rate \
               WHERE books_id = $1 ORDER BY number";
    let row = |row: &Row| {
        Ok(StandardRate {
            number: row.int(0)?,
            provider: text_or_none(row, 1)?,
            model: text_or_none(row, 2)?,
            meter: RateMeter::parse(row.text(3)?).ok_or_else(|| StoreError::corrupt("the meter of a standard rate"))?,
            per: row.int(4)?,
            amount: exact_of(row.text(5)?)?,
            currency: currency_of(row.int(6)?)?,
            valid_from: day_of(row.int(7)?)?,
            valid_to: row.int_or_none(8)?.map(day_of).transpose()?,
        })
    };
    ledger.rows(sql, &[books_cell(books)])?.iter().map(row).collect()
}

/// Adds a standard rate.
///
/// # Errors
/// Any database failure.
pub fn rate_insert(ledger: &mut Ledger, books: BooksId, rate: &StandardRate, at: Moment) -> Result<(), StoreError> {
    let amount = rate.amount.to_string();
    let day = |day: Day| i64::from(day.0);
    let row = [
        books_cell(books),
        int(rate.number),
        Cell::text_or_null(rate.provider.as_deref()),
        Cell::text_or_null(rate.model.as_deref()),
        Cell::Text(rate.meter.as_str()),
        int(rate.per),
        Cell::Text(&amount),
        int(rate.currency.id()),
        int(day(rate.valid_from)),
        Cell::int_or_null(rate.valid_to.map(day)),
        int(at.0),
    ];
    ledger.insert(&rows::STANDARD_RATE, std::iter::once(row))
}
