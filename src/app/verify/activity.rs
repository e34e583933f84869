//! Hours, revenue, outputs and payroll: sums say what their facts say, parts re-sum, and the journal has each amount.

use std::collections::BTreeMap;

use super::{Check, Verifier, narrow};
use crate::domain::chart::well_known;
use crate::domain::journal::EntryKind;
use crate::domain::money::{Currency, Exact};
use crate::domain::outputs::Count;
use crate::domain::period::Day;
use crate::domain::revenue::priced;
use crate::store::StoreError;
use crate::store::ledger::{Cell, RowExt};

/// Revenue with the sum of its parts.
const REVENUE: &str = "SELECT e.number, e.amount, (SELECT CAST(COALESCE(SUM(p.amount), 0) AS BIGINT) FROM revenue_part p \
    WHERE p.books_id = e.books_id AND p.revenue_number = e.number), e.currency_id, e.quantity_millionths, e.unit_price \
    FROM revenue_entry e WHERE e.books_id = $1";

/// Parts with what their entries have on the account of the revenue, credits less debits, and how often they wait.
const PARTS: &str = "SELECT p.revenue_number, p.part, p.amount, r.entry_number, \
    (SELECT CAST(COALESCE(SUM(CASE s.side WHEN 2 THEN s.amount ELSE -s.amount END), 0) AS BIGINT) FROM posting s \
     JOIN journal_entry j ON j.books_id = s.books_id AND j.number = s.entry_number AND j.kind = $2 \
     WHERE s.books_id = p.books_id AND s.entry_number = r.entry_number AND s.block_id = e.block_id AND s.currency_id = e.currency_id), \
    (SELECT COUNT(*) FROM waiting_revenue w WHERE w.books_id = p.books_id AND w.earned_on = p.earned_on \
     AND w.revenue_number = p.revenue_number AND w.part = p.part) \
    FROM revenue_part p JOIN revenue_entry e ON e.books_id = p.books_id AND e.number = p.revenue_number \
    LEFT JOIN revenue_recognition r ON r.books_id = p.books_id AND r.revenue_number = p.revenue_number AND r.part = p.part \
    WHERE p.books_id = $1";

/// Entries of a kind with how many rows stand for them.
const REVENUE_ENTRIES: &str = "SELECT j.number, (SELECT COUNT(*) FROM revenue_recognition r WHERE r.books_id = j.books_id \
    AND r.entry_number = j.number) FROM journal_entry j WHERE j.books_id = $1 AND j.kind = $2 AND j.kind > 4";
const PAYROLL_ENTRIES: &str = "SELECT j.number, (SELECT COUNT(*) FROM payroll_entry r WHERE r.books_id = j.books_id \
    AND r.entry_number = j.number) + (SELECT COUNT(*) FROM labor_true_up r WHERE r.books_id = j.books_id AND r.entry_number = j.number) \
    FROM journal_entry j WHERE j.books_id = $1 AND j.kind = $2 AND j.kind > 4";

/// Sums less the facts that they add up; each is zero.
const OUTPUT_DAYS: &str = "SELECT x.unit, x.day, CAST(SUM(x.q) AS BIGINT), CAST(SUM(x.v) AS BIGINT) FROM \
    (SELECT unit, day, team_id, project_id, client_id, feature_id, currency_id, quantity_millionths AS q, value AS v \
     FROM output_day WHERE books_id = $1 UNION ALL SELECT unit, produced_on, team_id, project_id, client_id, feature_id, \
     COALESCE(currency_id, -1), -quantity_millionths, -COALESCE(value, 0) FROM output_entry WHERE books_id = $1) x \
    GROUP BY x.unit, x.day, x.team_id, x.project_id, x.client_id, x.feature_id, x.currency_id";
const TIME_MONTHS: &str = "SELECT x.month, x.block_id, CAST(SUM(x.h) AS BIGINT) FROM \
    (SELECT month, block_id, hours_millionths AS h FROM time_month WHERE books_id = $1 \
     UNION ALL SELECT month, block_id, -hours_millionths FROM time_person_month WHERE books_id = $1) x GROUP BY x.month, x.block_id";
const PERSON_MONTHS: &str = "SELECT month, block_id, person, hours_millionths FROM time_person_month WHERE books_id = $1";
const HOURS: &str = "SELECT worked_on, block_id, person, hours_millionths FROM time_entry WHERE books_id = $1";

/// Payroll with what its entry has on an account, debits less credits.
const PAYROLL: &str = "SELECT e.number, e.amount, (SELECT CAST(COALESCE(SUM(CASE s.side WHEN 1 THEN s.amount ELSE -s.amount END), 0) AS BIGINT) \
    FROM posting s JOIN coding_block b ON b.books_id = s.books_id AND b.id = s.block_id AND b.account_id = $2 AND b.team_id = e.team_id \
    WHERE s.books_id = e.books_id AND s.entry_number = e.entry_number AND s.currency_id = e.currency_id) \
    FROM payroll_entry e WHERE e.books_id = $1";
/// The latest revision of each true-up with what the entries of all its revisions have on an account.
const TRUE_UPS: &str = "SELECT e.month, e.rate_variance + e.utilization_variance, \
    (SELECT CAST(COALESCE(SUM(CASE s.side WHEN 1 THEN s.amount ELSE -s.amount END), 0) AS BIGINT) FROM labor_true_up a \
     JOIN posting s ON s.books_id = a.books_id AND s.entry_number = a.entry_number AND s.currency_id = a.currency_id \
     JOIN coding_block b ON b.books_id = s.books_id AND b.id = s.block_id AND b.account_id = $2 AND b.team_id = a.team_id \
     WHERE a.books_id = e.books_id AND a.month = e.month AND a.team_id = e.team_id AND a.currency_id = e.currency_id) \
    FROM labor_true_up e WHERE e.books_id = $1 AND e.revision = (SELECT MAX(m.revision) FROM labor_true_up m \
     WHERE m.books_id = e.books_id AND m.month = e.month AND m.team_id = e.team_id AND m.currency_id = e.currency_id)";

/// What a quantity is worth at a price, in ledger units; none when that cannot be told.
fn product_of(currency: i64, quantity: i64, price: &str) -> Option<i64> {
    let currency = i16::try_from(currency).ok().and_then(Currency::from_id)?;
    let product = priced(Count::from_millionths(quantity), Exact::parse(price).ok()?, currency).ok()?;
    Some(product.amount.units())
}

impl Verifier<'_> {
    pub(super) fn check_activity(&mut self) -> Result<Vec<Check>, StoreError> {
        Ok(vec![self.check_revenue()?, self.check_outputs()?, self.check_hour_sums()?, self.check_payroll()?])
    }

    fn check_revenue(&mut self) -> Result<Check, StoreError> {
        let mut check = Check::new("the parts of revenue add up to it, and each has the entry of its amount or waits for its day");
        self.ledger.scan(REVENUE, &self.key(), |row| {
            let (number, amount, parts) = (row.int(0)?, row.int(1)?, row.int(2)?);
            check.expect(amount == parts, || format!("revenue {number} is {amount} units, its parts {parts}"));
            if let (Some(quantity), Some(price)) = (row.int_or_none(4)?, row.text_or_none(5)?) {
                let product = product_of(row.int(3)?, quantity, price);
                check.expect(product == Some(amount), || {
                    format!("revenue {number} is {amount} units, which its quantity and unit price are not")
                });
            }
            Ok(())
        })?;
        let by_kind = self.of_kind(EntryKind::Revenue);
        self.ledger.scan(PARTS, &by_kind, |row| {
            let (revenue, part, amount) = (row.int(0)?, row.int(1)?, row.int(2)?);
            let (entry, posted, waiting) = (row.int_or_none(3)?, row.int(4)?, row.int(5)?);
            let holds = match entry {
                Some(_) => posted == amount && waiting == 0,
                None => waiting == 1,
            };
            check.expect(holds, || {
                format!("part {part} of revenue {revenue} is {amount} units; its entry {entry:?} has {posted}, and {waiting} wait")
            });
            Ok(())
        })?;
        self.ledger.scan(REVENUE_ENTRIES, &by_kind, |row| {
            let number = row.int(0)?;
            check.expect(row.int(1)? == 1, || format!("entry {number} recognises no revenue"));
            Ok(())
        })?;
        Ok(check)
    }

    fn check_outputs(&mut self) -> Result<Check, StoreError> {
        let mut check = Check::new("the outputs of a day are the sum of what was recorded");
        self.ledger.scan(OUTPUT_DAYS, &self.key(), |row| {
            let (day, quantity, value) = (row.int(1)?, row.int(2)?, row.int(3)?);
            let unit = row.text(0)?.to_owned();
            check.expect(quantity == 0 && value == 0, || {
                format!("{unit} of day {day} are off by {quantity} millionths and {value} units of value")
            });
            Ok(())
        })?;
        Ok(check)
    }

    fn check_hour_sums(&mut self) -> Result<Check, StoreError> {
        let mut check = Check::new("the hours of a month are the sum of what was recorded");
        let mut off: BTreeMap<(i32, i64, String), i64> = BTreeMap::new();
        let overflow = || StoreError::corrupt("hours exceed what can be counted");
        self.ledger.scan(HOURS, &self.key(), |row| {
            let month = Day(narrow(row.int(0)?)?).month();
            let sum = off.entry((month.0, row.int(1)?, row.text(2)?.to_owned())).or_default();
            *sum = sum.checked_sub(row.int(3)?).ok_or_else(overflow)?;
            Ok(())
        })?;
        self.ledger.scan(PERSON_MONTHS, &self.key(), |row| {
            let sum = off.entry((narrow(row.int(0)?)?, row.int(1)?, row.text(2)?.to_owned())).or_default();
            *sum = sum.checked_add(row.int(3)?).ok_or_else(overflow)?;
            Ok(())
        })?;
        for ((month, block, _), off) in off {
            check.expect(off == 0, || format!("a person's hours of month {month} and block {block} are off by {off} millionths"));
        }
        self.ledger.scan(TIME_MONTHS, &self.key(), |row| {
            let (month, block, off) = (row.int(0)?, row.int(1)?, row.int(2)?);
            check.expect(off == 0, || format!("the hours of month {month} and block {block} are off by {off} millionths"));
            Ok(())
        })?;
        Ok(check)
    }

    fn check_payroll(&mut self) -> Result<Check, StoreError> {
        let mut check = Check::new("payroll and its true-ups are in the journal as they were recorded");
        for (sql, account, what) in
            [(PAYROLL, well_known::SALARIES, "payroll"), (TRUE_UPS, well_known::LABOR_VARIANCE, "the true-up of month")]
        {
            // Books without the account have none of it.
            let account = self.masters.account(account).map_or(0, |account| account.id.0);
            self.ledger.scan(sql, &[Cell::Int(i64::from(self.books.0)), Cell::Int(i64::from(account))], |row| {
                let (number, amount, posted) = (row.int(0)?, row.int(1)?, row.int(2)?);
                check.expect(amount == posted, || format!("{what} {number} is {amount} units, and {posted} are posted"));
                Ok(())
            })?;
        }
        self.ledger.scan(PAYROLL_ENTRIES, &self.of_kind(EntryKind::LaborVariance), |row| {
            let number = row.int(0)?;
            check.expect(row.int(1)? == 1, || format!("entry {number} is of no payroll and no true-up"));
            Ok(())
        })?;
        Ok(check)
    }

    fn of_kind(&self, kind: EntryKind) -> [Cell<'static>; 2] {
        [Cell::Int(i64::from(self.books.0)), Cell::Int(i64::from(kind.id()))]
    }
}
