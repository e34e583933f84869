//! Charges: numbering, keys, costs against prices, and the subledger against the ledger.

use super::{Check, Verifier, currency, narrow};
use crate::app::ingest::key_hash;
use crate::app::posting::Note;
use crate::domain::chart::NameKind;
use crate::domain::ids::{BlockId, NameId};
use crate::domain::money::Exact;
use crate::domain::period::Moment;
use crate::domain::rating::{PriceBook, RatedLine, meter_lines};
use crate::domain::report::Totals;
use crate::domain::usage::{InputShare, Meter};
use crate::store::StoreError;
use crate::store::ledger::{RowExt, Value};

struct Checks {
    gapless: Check,
    keys: Check,
    rated: Check,
    expected: i64,
    /// Hashes as the keys give them, in the order of the charges.
    hashes: Vec<(i64, i64)>,
}

/// The current state of every charge: its latest revision, or itself.
const CHARGES: &str = "SELECT c.id, c.hour, c.key_hash, c.source_id, c.external_id, c.occurred_at, COALESCE(r.block_id, c.block_id), \
    COALESCE(r.meter_lines, c.meter_lines), COALESCE(r.basis, c.basis), CASE WHEN r.revision IS NULL THEN c.amount ELSE r.amount END, \
    CASE WHEN r.revision IS NULL THEN c.currency_id ELSE r.currency_id END, CASE WHEN c.note LIKE '%\"other\":{%' THEN c.note END \
    FROM charge c LEFT JOIN charge_revision r ON r.books_id = c.books_id AND r.charge_id = c.id \
    AND r.revision = (SELECT max(x.revision) FROM charge_revision x WHERE x.books_id = c.books_id AND x.charge_id = c.id) \
    WHERE c.books_id = $1 ORDER BY c.id";

impl Verifier<'_> {
    pub(super) fn check_charges(&mut self) -> Result<Vec<Check>, StoreError> {
        let mut checks = Checks {
            gapless: Check::new("charge numbers are gapless and end at the head"),
            keys: Check::new("every charge is under its key, and no key is there twice"),
            rated: Check::new("every rated cost is quantity times its recorded price"),
            expected: 1,
            hashes: Vec::new(),
        };
        let key = self.key();
        let (names, masters) = (&self.names, self.masters.clone());
        let mut counted = Vec::new();
        let late: std::collections::HashSet<i64> = self.late.keys().map(|key| key.0).collect();
        self.ledger.scan(CHARGES, &key, |row| {
            let number = row.int(0)?;
            let expected = checks.expected;
            checks.gapless.expect(number == expected, || format!("charge {expected} is missing: the next one is {number}"));
            checks.expected = number + 1;
            // A charge that is booked on the *other* name of a source remembers its own.
            let other = Note::read(row.text_or_none(11)?)?.other;
            let source = other.of(NameKind::Source).or_else(|| names.get(&NameId(narrow(row.int(3).ok()?).ok()?)).map(String::as_str));
            check_key(row, source, &mut checks)?;
            check_cost(row, &masters.price_book, &mut checks.rated)?;
            // What was booked late counts on the days of its revisions, one by one.
            if matches!(row.int(8)?, 1 | 2) && !late.contains(&number) {
                let day = masters.zone().day_of(Moment(row.int(5)?));
                counted.push(((BlockId(narrow(row.int(6)?)?), day, currency(row.int(10)?)?), counts_of(row.text(7)?)?));
            }
            Ok(())
        })?;
        for (key, totals) in counted {
            self.add(key, totals)?;
        }
        self.add_late_charges()?;
        let (last, head) = (checks.expected - 1, self.last_charge);
        checks.gapless.expect(last == head, || format!("the last charge is {last}, the head says {head}"));
        self.check_twins(&mut checks)?;
        Ok(vec![checks.gapless, checks.keys, checks.rated, self.check_subledger()?, self.check_pending()?, self.check_hours()?])
    }

    /// Two charges under one key: equal hashes whose texts are equal too.
    fn check_twins(&mut self, checks: &mut Checks) -> Result<(), StoreError> {
        checks.hashes.sort_unstable();
        let pairs = checks.hashes.iter().zip(checks.hashes.iter().skip(1));
        let twins: Vec<(i64, i64)> =
            pairs.filter(|(first, second)| first.0 == second.0).map(|(first, second)| (first.1, second.1)).collect();
        for (first, second) in twins {
            let key = [self.key()[0], crate::store::ledger::Cell::Int(first), crate::store::ledger::Cell::Int(second)];
            let sql = "SELECT 1 FROM charge a JOIN charge b ON b.books_id = a.books_id AND b.external_id = a.external_id WHERE a.books_id = $1 AND a.id = $2 AND b.id = $3";
            let is_same = !self.ledger.rows(sql, &key)?.is_empty();
            checks.keys.expect(!is_same, || format!("charges {first} and {second} have the same key"));
        }
        Ok(())
    }

    /// What charges say they were booked at is what the ledger holds, entry by entry and in sum.
    fn check_subledger(&mut self) -> Result<Check, StoreError> {
        let mut check = Check::new("the subledger of charges equals the ledger");
        let key = self.key();
        let mismatched = "SELECT c.id, c.entry_number FROM charge c LEFT JOIN journal_entry e ON e.books_id = c.books_id AND e.number = c.entry_number \
            LEFT JOIN posting p ON p.books_id = c.books_id AND p.entry_number = c.entry_number AND p.line = 1 WHERE c.books_id = $1 AND c.amount > 0 \
            AND (e.charge_id IS NULL OR e.charge_id <> c.id OR e.kind <> 1 OR p.amount IS NULL OR p.amount <> c.amount OR p.side <> 1 OR p.block_id <> c.block_id OR p.currency_id <> c.currency_id)";
        self.ledger.scan(mismatched, &key, |row| {
            let (charge, entry) = (row.int(0)?, row.int_or_none(1)?);
            check
                .fault(|| format!("charge {charge} and its entry {} differ", entry.map_or("(none)".to_owned(), |entry| entry.to_string())));
            Ok(())
        })?;
        // Per charge, all of its entries together come to the cost it has now. Grouped by the block that bears it.
        let ledger = "SELECT e.charge_id, p.currency_id, CAST(SUM(CASE p.side WHEN 1 THEN p.amount ELSE -p.amount END) AS BIGINT) FROM charge_revision r \
            JOIN journal_entry e ON e.books_id = r.books_id AND e.charge_id = r.charge_id JOIN posting p ON p.books_id = e.books_id AND p.entry_number = e.number \
            JOIN coding_block b ON b.books_id = p.books_id AND b.id = p.block_id JOIN account a ON a.books_id = b.books_id AND a.id = b.account_id AND a.class >= 5 \
            WHERE r.books_id = $1 AND r.revision = 1 AND e.charge_id IS NOT NULL GROUP BY e.charge_id, p.currency_id";
        let mut net = std::collections::HashMap::new();
        self.ledger.scan(ledger, &key, |row| {
            net.insert((row.int(0)?, row.int(1)?), row.int(2)?);
            Ok(())
        })?;
        let current = "SELECT r.charge_id, r.currency_id, r.amount FROM charge_revision r WHERE r.books_id = $1 AND r.amount IS NOT NULL \
            AND r.revision = (SELECT max(x.revision) FROM charge_revision x WHERE x.books_id = r.books_id AND x.charge_id = r.charge_id)";
        self.ledger.scan(current, &key, |row| {
            let (charge, currency, amount) = (row.int(0)?, row.int(1)?, row.int(2)?);
            let booked = net.get(&(charge, currency)).copied().unwrap_or(0);
            check.expect(booked == amount, || format!("charge {charge} costs {amount} units, its entries come to {booked}"));
            Ok(())
        })?;
        check.examined += u64::try_from(self.last_charge).unwrap_or(0);
        Ok(check)
    }

    /// The worklist of unpriced charges is exactly the charges that have no price.
    fn check_pending(&mut self) -> Result<Check, StoreError> {
        let mut check = Check::new("the worklist holds exactly the unpriced charges");
        let sql = "SELECT c.id FROM charge c LEFT JOIN pending_charge q ON q.books_id = c.books_id AND q.charge_id = c.id \
            WHERE c.books_id = $1 AND c.basis = 0 AND (q.charge_id IS NULL) <> EXISTS (SELECT 1 FROM charge_revision r WHERE r.books_id = c.books_id AND r.charge_id = c.id AND r.basis <> 0)";
        self.ledger.scan(sql, &self.key(), |row| {
            let charge = row.int(0)?;
            check.fault(|| format!("charge {charge} is unpriced and not on the worklist, or the other way round"));
            Ok(())
        })?;
        let stray = "SELECT q.charge_id FROM pending_charge q LEFT JOIN charge c ON c.books_id = q.books_id AND c.id = q.charge_id WHERE q.books_id = $1 AND (c.id IS NULL OR c.basis <> 0)";
        self.ledger.scan(stray, &self.key(), |row| {
            let charge = row.int(0)?;
            check.fault(|| format!("charge {charge} is on the worklist but was priced when it came in"));
            Ok(())
        })?;
        let tallied = "SELECT day, block_id FROM (SELECT day, block_id, 1 AS counted, 0 AS tallied FROM pending_charge WHERE books_id = $1 \
            UNION ALL SELECT day, block_id, 0, charges FROM pending_tally WHERE books_id = $1) AS both_sides GROUP BY day, block_id HAVING SUM(counted) <> SUM(tallied)";
        self.ledger.scan(tallied, &self.key(), |row| {
            let (day, block) = (crate::domain::period::Day(narrow(row.int(0)?)?), row.int(1)?);
            check.fault(|| format!("the tally of unpriced charges of {day} under block {block} is wrong"));
            Ok(())
        })?;
        check.examined = u64::try_from(self.last_charge).unwrap_or(0);
        Ok(check)
    }

    /// The walk that finds a key dated on another hour knows every hour.
    fn check_hours(&mut self) -> Result<Check, StoreError> {
        let mut check = Check::new("every hour that has charges is known");
        let sql = "SELECT DISTINCT c.hour, h.hour FROM charge c LEFT JOIN charge_hour h ON h.books_id = c.books_id AND h.hour = c.hour WHERE c.books_id = $1";
        self.ledger.scan(sql, &self.key(), |row| {
            let hour = row.int(0)?;
            let is_known = row.int_or_none(1)?.is_some();
            check.expect(is_known, || format!("hour {hour} has charges and is not listed"));
            Ok(())
        })?;
        Ok(check)
    }
}

fn check_key(row: &[Value], source: Option<&str>, checks: &mut Checks) -> Result<(), StoreError> {
    /// Keys with equal hashes are stored under the next numbers; more than a few in one hour do not occur.
    const LONGEST_RUN: i64 = 16;
    let (number, stored) = (row.int(0)?, row.int(2)?);
    let Some(source) = source else {
        checks.keys.expect(false, || format!("charge {number} has no source"));
        return Ok(());
    };
    let hash = key_hash(source, row.text(4)?);
    let is_hour = row.int(1)? == i64::from(Moment(row.int(5)?).hour());
    checks.keys.expect(is_hour && (0..LONGEST_RUN).contains(&stored.wrapping_sub(hash)), || {
        format!("charge {number} is not under the hour and hash of its key")
    });
    checks.hashes.push((hash, number));
    Ok(())
}

fn check_cost(row: &[Value], book: &PriceBook, check: &mut Check) -> Result<(), StoreError> {
    if row.int(8)? != 1 {
        return Ok(());
    }
    let number = row.int(0)?;
    let lines = meter_lines::decode(row.text(7)?).ok_or_else(|| StoreError::corrupt(format!("meter lines of charge {number}")))?;
    let priced = lines
        .into_iter()
        .filter_map(|line| line.price.map(|price| RatedLine::restore(line.meter, line.quantity, price, line.discount, book)));
    let exact = priced.into_iter().try_fold(Exact::ZERO, |sum, line| sum.checked_add(line?.exact));
    let cost = exact.and_then(|exact| exact.round_half_even(currency(row.int(10).ok()?).ok()?.ledger_scale()));
    let amount = row.int(9)?;
    check.expect(cost == Some(amount), || {
        format!(
            "charge {number} costs {amount} units, its lines come to {}",
            cost.map_or("nothing that can be computed".to_owned(), |cost| cost.to_string())
        )
    });
    Ok(())
}

/// What a charge of these meter lines counts.
pub(in crate::app) fn counts_of(meter_lines: &str) -> Result<Totals, StoreError> {
    let lines = meter_lines::decode(meter_lines).ok_or_else(|| StoreError::corrupt("meter lines"))?;
    let quantities = meter_lines::quantities(&lines);
    let sum = |share: InputShare| {
        quantities.iter().filter(|line| line.0.input_share() == share && line.0 != Meter::REASONING).map(|line| line.1.whole_units()).sum()
    };
    Ok(Totals {
        charges: 1,
        input_tokens: sum(InputShare::Input),
        output_tokens: sum(InputShare::Output),
        cache_read_tokens: quantities.iter().find(|line| line.0 == Meter::CACHE_READ).map_or(0, |line| line.1.whole_units()),
        ..Totals::default()
    })
}
