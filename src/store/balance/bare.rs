//! Bare reads for `tallybook bench`: the rows that a report is made of, added up into one, without groups, names or filters.

use super::{Slice, Snapshot, exact_sums};
use crate::domain::report::Grain;
use crate::store::StoreError;
use crate::store::journal::sql::{column, rows};

impl Snapshot {
    /// Adds up the balances of a slice. Answers how many there are.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn bare_balances(&self, slice: Slice) -> Result<i64, StoreError> {
        let sql = format!(
            "SELECT CAST(COUNT(*) AS BIGINT), {} FROM balance x WHERE x.books_id = $1 AND x.grain = $2 AND x.period >= $3 AND x.period < $4",
            exact_sums("x.")
        );
        let values = vec![self.books_value(), slice.grain.id().into(), slice.from.into(), slice.to.into()];
        rows(&self.transaction, sql, values).await?.first().map_or(Ok(0), |row| column(row, 0))
    }

    /// Adds up the hours of a slice from the table that [`Snapshot::hours`] reads. Answers how many rows there are.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn bare_hours(&self, slice: Slice, with_persons: bool) -> Result<i64, StoreError> {
        let (table, period) = match slice.grain {
            Grain::BlockMonth if with_persons => ("time_person_month", "month"),
            Grain::BlockMonth => ("time_month", "month"),
            _ => ("time_entry", "worked_on"),
        };
        let sql = format!(
            "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(hours_millionths), 0) AS BIGINT) FROM {table} \
             WHERE books_id = $1 AND {period} >= $2 AND {period} < $3"
        );
        let values = vec![self.books_value(), slice.from.into(), slice.to.into()];
        rows(&self.transaction, sql, values).await?.first().map_or(Ok(0), |row| column(row, 0))
    }
}
