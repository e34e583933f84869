//! The trace of a cent: from a line back to what fed its pool and to the entries of the charges, and from a charge to where its cost ended.

use std::collections::BTreeMap;

use super::directory::MasterDirectory;
use super::feed::AllocationLine;
use super::increment::{in_force, versions_of_run};
use super::view::CenterRef;
use crate::app::auth::{Actor, Permission};
use crate::app::charges::charge_by_key;
use crate::app::masters::Masters;
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::allocation::{AllocationRule, Directory, Filter, Fraction, MOST_PARTS, block_of};
use crate::domain::chart::{Account, CenterKind, CodingBlock};
use crate::domain::ids::{BooksId, EntryNumber};
use crate::domain::money::Currency;
use crate::domain::period::{Day, Month};
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::allocation::{
    CostShape, RunHead, RunKind, RunPool, costs_of_entries, entries_of_pool, line_list, lines_into, pool_list, reversal_of,
    rule_of_run_list, run_by_number,
};
use crate::store::ledger::{Cell, Ledger, RowExt};

/// Lines that feed one pool and are shown at once.
const MOST_FEEDING: usize = 1_000;
/// Decimals of an amount beyond those of the ledger.
const MORE_DECIMALS: u32 = 9;

/// A run's line with its pool, for the reads below.
struct Found {
    head: RunHead,
    pool: RunPool,
    /// The first line of the pool: what fed it came before.
    first_line: i64,
    rule: AllocationRule,
}

fn find(ledger: &mut Ledger, books: BooksId, run: i64, line: i64) -> Result<Found, AppError> {
    let missing = || Rejection::of(Code::AllocationRunNotFound).under("id");
    let head = run_by_number(ledger, books, run)?.ok_or_else(missing)?;
    let line = line_list(ledger, books, (run, None), line.saturating_sub(1), 1)?.into_iter().next().ok_or_else(missing)?;
    let pool = pool_list(ledger, books, run)?.into_iter().find(|pool| pool.pool == line.pool).ok_or_else(missing)?;
    let first_line = line_list(ledger, books, (run, Some(pool.pool)), 0, 1)?.first().map_or(line.line, |first| first.line);
    let rules = versions_of_run(ledger, books, run)?;
    let rule = usize::try_from(pool.rule).ok().and_then(|rule| rules.get(rule).cloned());
    Ok(Found { head, pool, first_line, rule: rule.ok_or_else(|| StoreError::corrupt("a pool without its rule"))? })
}

/// The pool's blocks.
fn filter(rule: &AllocationRule, pool: &RunPool, directory: &impl Directory) -> Result<Filter, Rejection> {
    let filter = Filter::of(rule, directory)?;
    match pool.from {
        Some(center) if !rule.terms.method.service_centers().is_empty() => filter.of_service(rule, center, directory),
        _ => Ok(filter),
    }
}

/// Lines of earlier steps and runs by which the sender of a line's pool received what it passes on.
///
/// # Errors
/// `ALLOCATION_RUN_NOT_FOUND`; [`AppError::Forbidden`] or a database failure.
pub async fn fed_by(app: &App, actor: &Actor, run: i64, line: i64) -> Result<Vec<AllocationLine>, AppError> {
    reading(app, actor, Permission::ReadReports, move |ledger, books, masters| {
        let found = find(ledger, books, run, line)?;
        let Some(from) = found.pool.from else { return Ok(Vec::new()) };
        let rules = std::slice::from_ref(&found.rule);
        let directory = MasterDirectory::load(ledger, books, masters, (found.head.month.last_day(), rules))?;
        let filter = filter(&found.rule, &found.pool, &directory)?;
        let mut feeding = Vec::new();
        for line in lines_into(ledger, books, (found.head.month, from), (run, found.first_line), MOST_FEEDING)? {
            let head = run_by_number(ledger, books, line.run)?;
            let stands = head.is_some_and(|head| head.kind != RunKind::Reversal) && reversal_of(ledger, books, line.run)?.is_none();
            let same_run = line.run == run;
            if (stands || same_run) && filter.accounts().any(|account| account == line.line.debit_account) {
                feeding.push(AllocationLine::of(line, masters)?);
            }
        }
        Ok(feeding)
    })
    .await
}

/// Entries whose cost was in the pool of a line, after a number: by them, the charges.
///
/// # Errors
/// `ALLOCATION_RUN_NOT_FOUND`; [`AppError::Forbidden`] or a database failure.
pub async fn source_entries(
    app: &App,
    actor: &Actor,
    (run, line): (i64, i64),
    after: EntryNumber,
    limit: usize,
) -> Result<Vec<EntryNumber>, AppError> {
    reading(app, actor, Permission::ReadJournal, move |ledger, books, masters| {
        let found = find(ledger, books, run, line)?;
        let rules = std::slice::from_ref(&found.rule);
        let directory = MasterDirectory::load(ledger, books, masters, (found.head.month.last_day(), rules))?;
        let filter = filter(&found.rule, &found.pool, &directory)?;
        Ok(entries_of_pool(ledger, books, (found.head.month, &filter), (after, found.head.through_entry), limit)?)
    })
    .await
}

/// Where the cost of a charge ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeTrace {
    pub source: String,
    pub external_id: String,
    /// Runs that moved any of it, in their order.
    pub runs: Vec<i64>,
    pub destinations: Vec<ChargeDestination>,
}

/// One account and its centers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeDestination {
    pub account: Account,
    pub centers: Vec<CenterRef>,
    pub currency: Currency,
    /// The exact amount, with more decimals than the ledger keeps.
    pub amount: String,
}

/// A piece of cost on its way: the block, the currency, and the entry that booked it; `None` once a run moved it.
type Pieces = BTreeMap<(Currency, CodingBlock, Option<EntryNumber>), Fraction>;

/// Follows the cost of a charge through every run in force. Of a pool, each cent goes to the receivers in their proportions.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn charge_trace(app: &App, actor: &Actor, source: String, external_id: String) -> Result<Option<ChargeTrace>, AppError> {
    let Some(charge) = charge_by_key(app, actor, &source, &external_id).await? else { return Ok(None) };
    let entries: Vec<EntryNumber> = charge.entry.into_iter().chain(charge.corrections.iter().map(|correction| correction.entry)).collect();
    reading(app, actor, Permission::ReadCharges, move |ledger, books, masters| {
        let shape = CostShape {
            accounts: masters.accounts.iter().filter(|account| account.class.is_cost()).map(|account| account.id).collect(),
            by_feature: true,
            by_model: true,
            by_environment: true,
        };
        let mut months: BTreeMap<Month, Pieces> = BTreeMap::new();
        for entry in entries {
            let Some(month) = month_of(ledger, books, entry)? else { continue };
            let pieces = months.entry(month).or_default();
            let mut add = |block: CodingBlock, currency, units| {
                pieces.insert((currency, block, Some(entry)), Fraction::whole(units));
                Ok(())
            };
            costs_of_entries(ledger, books, &shape, (month, &[entry]), &mut add)?;
        }
        let (mut runs, mut ended): (Vec<i64>, BTreeMap<(Currency, CodingBlock), Fraction>) = (Vec::new(), BTreeMap::new());
        for (month, mut pieces) in months {
            runs.extend(follow(ledger, books, masters, month, &mut pieces)?);
            for ((currency, block, _), amount) in pieces {
                let sum = ended.entry((currency, block)).or_insert_with(|| Fraction::whole(0));
                *sum = sum.plus(&amount);
            }
        }
        Ok(Some(ChargeTrace { source, external_id, runs, destinations: destinations(masters, ended)? }))
    })
    .await
}

fn month_of(ledger: &mut Ledger, books: BooksId, entry: EntryNumber) -> Result<Option<Month>, StoreError> {
    let sql = "SELECT effective_on FROM journal_entry WHERE books_id = $1 AND number = $2";
    let rows = ledger.rows(sql, &[Cell::Int(i64::from(books.0)), Cell::Int(entry.0)])?;
    rows.first().map(|row| row.int(0).map(|day| Day(i32::try_from(day).unwrap_or(i32::MAX)).month())).transpose()
}

/// Passes the pieces of a month through its runs; answers those that moved any.
fn follow(ledger: &mut Ledger, books: BooksId, masters: &Masters, month: Month, pieces: &mut Pieces) -> Result<Vec<i64>, AppError> {
    let mut moved_by = Vec::new();
    let mut reached: BTreeMap<i64, EntryNumber> = BTreeMap::new();
    for run in in_force(ledger, books, month, 1)? {
        let base = run.refers_to.filter(|_| run.kind == RunKind::Increment).unwrap_or(run.number);
        // An increment spreads what came after the run that it adds to.
        let after = reached.insert(base, run.through_entry).unwrap_or(EntryNumber(0));
        let rules = versions_of_run(ledger, books, run.number)?;
        let directory = MasterDirectory::load(ledger, books, masters, (month.last_day(), &rules))?;
        let covered = rule_of_run_list(ledger, books, run.number)?;
        for pool in pool_list(ledger, books, run.number)? {
            let rule = usize::try_from(pool.rule).ok().and_then(|rule| rules.get(rule)).filter(|_| !covered.is_empty());
            let Some(rule) = rule else { continue };
            let filter = filter(rule, &pool, &directory)?;
            if pass(ledger, books, (&run, &pool), (&filter, after), pieces)? && !moved_by.contains(&run.number) {
                moved_by.push(run.number);
            }
        }
    }
    Ok(moved_by)
}

/// Passes the pieces that are in a pool on to its receivers. Answers whether any were.
fn pass(
    ledger: &mut Ledger,
    books: BooksId,
    (run, pool): (&RunHead, &RunPool),
    (filter, after): (&Filter, EntryNumber),
    pieces: &mut Pieces,
) -> Result<bool, AppError> {
    let is_in = |key: &(Currency, CodingBlock, Option<EntryNumber>)| {
        let by_then = key.2.is_none_or(|entry| entry > after && entry <= run.through_entry);
        key.0 == pool.money.currency && by_then && filter.takes(&key.1) && pool.account.is_none_or(|account| key.1.account == account)
    };
    let taken: Vec<_> = pieces.iter().filter(|(key, _)| is_in(key)).map(|(key, amount)| (*key, amount.clone())).collect();
    let (held, allocated) = (pool.money.amount.units(), pool.allocated.units());
    if taken.is_empty() || held == 0 {
        return Ok(false);
    }
    let sum = taken.iter().fold(Fraction::whole(0), |sum, (_, amount)| sum.plus(amount));
    for (key, amount) in taken {
        let kept = amount.part(held.saturating_sub(allocated), held).filter(|kept| !kept.is_zero());
        pieces.remove(&key);
        if let Some(kept) = kept {
            pieces.insert(key, kept);
        }
    }
    for line in line_list(ledger, books, (run.number, Some(pool.pool)), 0, MOST_PARTS)? {
        let Some((kind, id)) = line.to else { continue };
        let Some(amount) = sum.part(line.amount.units(), held).filter(|amount| !amount.is_zero()) else { continue };
        let block = filter.narrowed(block_of(line.debit_account, kind, id));
        let piece = pieces.entry((pool.money.currency, block, None)).or_insert_with(|| Fraction::whole(0));
        *piece = piece.plus(&amount);
    }
    Ok(true)
}

fn destinations(masters: &Masters, ended: BTreeMap<(Currency, CodingBlock), Fraction>) -> Result<Vec<ChargeDestination>, AppError> {
    let mut destinations = Vec::new();
    for ((currency, block), amount) in ended.into_iter().filter(|(_, amount)| !amount.is_zero()) {
        let account =
            masters.account_by_id(block.account).cloned().ok_or_else(|| StoreError::corrupt("an account that is not in the chart"))?;
        let centers = [(CenterKind::Team, block.team), (CenterKind::Project, block.project), (CenterKind::Client, block.client)];
        let centers = centers
            .into_iter()
            .filter_map(|(kind, id)| masters.center_by_id(id).map(|center| CenterRef { kind, code: center.code.clone() }));
        let scale = currency.ledger_scale();
        let amount = amount.shifted(scale).rounded(scale + MORE_DECIMALS);
        destinations.push(ChargeDestination { account, centers: centers.collect(), currency, amount });
    }
    destinations.sort_by(|a, b| (&a.account.code, centers_text(a)).cmp(&(&b.account.code, centers_text(b))));
    Ok(destinations)
}

fn centers_text(destination: &ChargeDestination) -> String {
    destination.centers.iter().map(|center| format!("{} {},", center.kind.field(), center.code)).collect()
}
