//! Settings of the books: their time zone, their fiscal year, how far their months are closed, and whose hours everyone sees.

use sea_orm::DatabaseTransaction;

use super::{member, narrow, refused};
use crate::domain::ids::BooksId;
use crate::domain::labor::LeastPersons;
use crate::domain::period::{Calendar, Closings, FiscalYearStart, Month, PeriodStatus, Zone};
use crate::store::StoreError;
use crate::store::journal::sql::{column, rows};

/// How few persons may stand behind hours that everyone sees.
pub(super) async fn least_persons(transaction: &DatabaseTransaction, books: BooksId) -> Result<LeastPersons, StoreError> {
    let held = rows(transaction, "SELECT least_persons FROM books WHERE id = $1".to_owned(), vec![i64::from(books.0).into()]).await?;
    let held = held.first().ok_or_else(|| StoreError::corrupt(format!("the books {books} have no row")))?;
    LeastPersons::new(column(held, 0)?).map_err(refused("books.least_persons"))
}

pub(super) async fn calendar(transaction: &DatabaseTransaction, books: BooksId) -> Result<Calendar, StoreError> {
    let key = || vec![i64::from(books.0).into()];
    let settings = rows(transaction, "SELECT time_zone, fiscal_year_start FROM books WHERE id = $1".to_owned(), key()).await?;
    let settings = settings.first().ok_or_else(|| StoreError::corrupt(format!("the books {books} have no row")))?;
    let zone: String = column(settings, 0)?;
    // Months that were reopened have rows too.
    let closed = rows(transaction, "SELECT month, status FROM period WHERE books_id = $1 AND status > 1".to_owned(), key()).await?;
    let closed = closed.iter().map(|row| {
        let status = member("period.status", column(row, 1)?, PeriodStatus::from_id)?;
        Ok((Month(narrow("period.month", column(row, 0)?)?), status))
    });
    Ok(Calendar {
        zone: Zone::parse(&zone).map_err(refused("books.time_zone"))?,
        fiscal_year_start: FiscalYearStart::new(column(settings, 1)?).map_err(refused("books.fiscal_year_start"))?,
        closings: Closings::new(closed.collect::<Result<Vec<_>, StoreError>>()?),
    })
}
