//! Reads of margins beside the balances: hours, outputs, and what allocation moved within an account.

use super::{BlockFilter, Slice, Snapshot, block_column, bucket_sql, where_blocks};
use crate::domain::money::Currency;
use crate::domain::period::{Day, DayRange};
use crate::domain::report::{Grain, SpendDimension};
use crate::store::StoreError;
use crate::store::journal::sql::{column, rows, sum_column};
use crate::store::journal::{currency, small};
use crate::store::outputs::NO_CURRENCY;
use crate::store::sums::exact_sum;

/// Hours of one bucket and combination of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursSum {
    pub bucket: i64,
    pub keys: Vec<i64>,
    /// In millionths.
    pub hours: i64,
    /// Persons who worked them; zero when they were not asked for.
    pub persons: i64,
}

/// What some entries moved on one day, debits less credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSum {
    pub day: Day,
    pub keys: Vec<i64>,
    pub currency: Currency,
    pub net: i128,
}

/// Outputs of one unit on one day and one combination of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputSum {
    pub day: Day,
    /// Zero for what outputs do not carry: model, provider, environment and account.
    pub keys: Vec<i64>,
    /// `None` for outputs without a value.
    pub currency: Option<Currency>,
    /// In millionths.
    pub quantity: i128,
    /// In ledger units.
    pub value: i128,
}

fn is_on_outputs(dimension: SpendDimension) -> bool {
    matches!(dimension, SpendDimension::Team | SpendDimension::Project | SpendDimension::Client | SpendDimension::Feature)
}

pub(super) fn keys_of(by: &[SpendDimension]) -> (String, Vec<String>) {
    let keys: Vec<_> = by.iter().map(|dimension| format!("b.{}", block_column(*dimension))).collect();
    (keys.iter().map(|key| format!(", {key}")).collect(), keys)
}

impl Snapshot {
    /// Hours of a slice by dimensions of the blocks that bear their cost: from the monthly sums for a grain of months, from the entries for one
    /// of days. Accounts in the filter are not looked at.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn hours(
        &self,
        slice: Slice,
        by: &[SpendDimension],
        filter: &BlockFilter,
        with_persons: bool,
    ) -> Result<Vec<HoursSum>, StoreError> {
        let (table, period) = match slice.grain {
            Grain::BlockMonth if with_persons => ("time_person_month", "month"),
            Grain::BlockMonth => ("time_month", "month"),
            _ => ("time_entry", "worked_on"),
        };
        let persons = if with_persons { "CAST(COUNT(DISTINCT x.person) AS BIGINT)" } else { "CAST(0 AS BIGINT)" };
        let (selected, mut groups) = keys_of(by);
        let bucket = bucket_sql(slice.bucket).replace("x.period", &format!("x.{period}"));
        if slice.bucket.is_some() {
            groups.push(bucket.clone());
        }
        let group = if groups.is_empty() { String::new() } else { format!(" GROUP BY {}", groups.join(", ")) };
        let conditions = where_blocks(&BlockFilter { accounts: None, ..filter.clone() });
        let sql = format!(
            "SELECT CAST({bucket} AS BIGINT), CAST(COALESCE(SUM(x.hours_millionths), 0) AS BIGINT), {persons}{selected} FROM {table} x \
             JOIN coding_block b ON b.books_id = x.books_id AND b.id = x.block_id \
             WHERE x.books_id = $1 AND x.{period} >= $2 AND x.{period} < $3{conditions}{group}"
        );
        let mut sums = Vec::new();
        for row in rows(&self.transaction, sql, vec![self.books_value(), slice.from.into(), slice.to.into()]).await? {
            let keys = (0..by.len()).map(|position| column(&row, 3 + position)).collect::<Result<_, _>>()?;
            sums.push(HoursSum { bucket: column(&row, 0)?, hours: column(&row, 1)?, persons: column(&row, 2)?, keys });
        }
        // A sum over nothing is one row of zero.
        sums.retain(|sum| sum.hours != 0 || sum.persons != 0);
        Ok(sums)
    }

    /// What runs of allocation rules that keep the account moved on the days, by account and dimensions. Only pools of such rules name an
    /// account. A cross join keeps SQLite from beginning with the postings of the whole journal.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn kept_allocations(&self, days: DayRange, by: &[SpendDimension], filter: &BlockFilter) -> Result<Vec<KeptSum>, StoreError> {
        let (selected, mut groups) = keys_of(by);
        groups.extend(["e.effective_on".to_owned(), "p.currency_id".to_owned()]);
        let net = exact_sum("CASE p.side WHEN 1 THEN p.amount ELSE -p.amount END");
        let sql = format!(
            "SELECT CAST(e.effective_on AS BIGINT), p.currency_id, {net}{selected} \
             FROM allocation_run r CROSS JOIN allocation_pool a CROSS JOIN allocation_run_entry n CROSS JOIN journal_entry e \
             CROSS JOIN posting p CROSS JOIN coding_block b \
             WHERE r.books_id = $1 AND r.effective_on >= $2 AND r.effective_on < $3 \
             AND a.books_id = $1 AND a.run_number = r.number AND a.account_id <> 0 \
             AND n.books_id = $1 AND n.run_number = r.number AND n.pool = a.pool \
             AND e.books_id = $1 AND e.number = n.entry_number AND p.books_id = $1 AND p.entry_number = n.entry_number \
             AND b.books_id = $1 AND b.id = p.block_id{} GROUP BY {}",
            where_blocks(filter),
            groups.join(", ")
        );
        let mut sums = Vec::new();
        for row in rows(&self.transaction, sql, self.day_values(days)).await? {
            let keys = (0..by.len()).map(|position| column(&row, 3 + position)).collect::<Result<_, _>>()?;
            sums.push(KeptSum {
                day: Day(small(column(&row, 0)?)?),
                currency: currency(column(&row, 1)?)?,
                net: sum_column(&row, 2)?,
                keys,
            });
        }
        Ok(sums)
    }

    /// Outputs of a unit by day and dimensions. They carry team, project, client and feature: a filter by another dimension lets them through if it
    /// takes what is without it. Accounts are not looked at.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn outputs(
        &self,
        days: DayRange,
        unit: &str,
        by: &[SpendDimension],
        filter: &BlockFilter,
    ) -> Result<Vec<OutputSum>, StoreError> {
        let mut filter = BlockFilter { accounts: None, ..filter.clone() };
        if filter.dimensions.iter().any(|(dimension, ids)| !is_on_outputs(*dimension) && !ids.contains(&0)) {
            return Ok(Vec::new());
        }
        filter.dimensions.retain(|(dimension, _)| is_on_outputs(*dimension));
        let conditions = where_blocks(&filter);
        let carried: Vec<_> = by.iter().filter(|dimension| is_on_outputs(**dimension)).map(|dimension| block_column(*dimension)).collect();
        let carried: String = carried.iter().map(|column| format!(", b.{column}")).collect();
        let keys: String = by
            .iter()
            .map(
                |dimension| {
                    if is_on_outputs(*dimension) { format!(", b.{}", block_column(*dimension)) } else { ", CAST(0 AS BIGINT)".to_owned() }
                },
            )
            .collect();
        let sql = format!(
            "SELECT b.day, b.currency_id, {}, {}{keys} \
             FROM output_day b WHERE b.books_id = $1 AND b.day >= $2 AND b.day < $3 AND b.unit = $4{conditions} \
             GROUP BY b.day, b.currency_id{carried}",
            exact_sum("b.quantity_millionths"),
            exact_sum("b.value")
        );
        let mut values = self.day_values(days);
        values.push(unit.into());
        let mut sums = Vec::new();
        for row in rows(&self.transaction, sql, values).await? {
            let currency_id: i64 = column(&row, 1)?;
            sums.push(OutputSum {
                day: Day(small(column(&row, 0)?)?),
                keys: (0..by.len()).map(|position| column(&row, 4 + position)).collect::<Result<_, _>>()?,
                currency: if currency_id == NO_CURRENCY { None } else { Some(currency(currency_id)?) },
                quantity: sum_column(&row, 2)?,
                value: sum_column(&row, 3)?,
            });
        }
        Ok(sums)
    }

    pub(super) fn day_values(&self, days: DayRange) -> Vec<sea_orm::Value> {
        vec![self.books_value(), i64::from(days.from().0).into(), i64::from(days.to().0).into()]
    }
}
