//! General-ledger detail of one account: its postings in the order of posting, with the running balance.

use std::collections::BTreeMap;

use super::access::Access;
use super::as_of::{AsOf, Control, FIRST_DAY, controls, nets};
use super::filter::DimensionFilter;
use crate::app::auth::{Actor, Permission};
use crate::app::journal::{Directory, Page};
use crate::app::{App, AppError};
use crate::domain::chart::{Account, CostCenter};
use crate::domain::ids::EntryNumber;
use crate::domain::journal::Side;
use crate::domain::money::{Currency, Money};
use crate::domain::period::{Day, DayRange};
use crate::domain::rejection::{Code, Rejection};
use crate::store::balance::{PostedBetween, Snapshot};

/// What is asked.
#[derive(Debug, Clone)]
pub struct GeneralLedgerQuery {
    /// Code of the account.
    pub account: String,
    pub days: DayRange,
    pub filter: DimensionFilter,
    pub as_of_entry: Option<EntryNumber>,
    /// The last line of the page before: entry and line.
    pub after: Option<(EntryNumber, i64)>,
    pub first: usize,
}

/// One posting of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerLine {
    pub entry: EntryNumber,
    pub line: i64,
    pub effective_on: Day,
    pub side: Side,
    pub money: Money,
    /// The balance of the currency after this line, debits above zero, in ledger units.
    pub running: i128,
    pub team: Option<CostCenter>,
    pub project: Option<CostCenter>,
    pub client: Option<CostCenter>,
    pub feature: Option<String>,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub environment: Option<String>,
}

/// Balances are debits less credits in ledger units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneralLedger {
    pub account: Account,
    pub days: DayRange,
    pub through_entry: EntryNumber,
    pub opening: BTreeMap<Currency, i128>,
    pub closing: BTreeMap<Currency, i128>,
    /// Opening and every line of the range, beside the balances.
    pub controls: Vec<Control>,
    pub lines: Page<LedgerLine>,
}

/// The lines of an account that are dated in a range. A limited token gets the lines it sees, and balances of those.
///
/// # Errors
/// `ACCOUNT_UNKNOWN`, a filter's refusals, `AS_OF_ENTRY_UNKNOWN`, [`AppError::Forbidden`] or a database failure.
pub async fn general_ledger(app: &App, actor: &Actor, query: GeneralLedgerQuery) -> Result<GeneralLedger, AppError> {
    let access = Access::to(app, actor, Permission::ReadJournal).await?;
    let account = access.masters.account(&query.account).cloned();
    let account = account.ok_or_else(|| Rejection::at(Code::AccountUnknown, "account", Code::AccountUnknown.help()))?;
    let mut filter = query.filter.resolve(&access).await?;
    filter.accounts = Some(vec![account.id]);
    let figures = AsOf::begin(Snapshot::begin(access.store, access.books_id()).await?, query.as_of_entry).await?;
    let through = figures.through;
    let before = (query.days.from() > FIRST_DAY).then(|| DayRange::new(FIRST_DAY, query.days.from())).transpose()?;
    let opening = match before {
        Some(days) => nets(&figures.sums(days, &[], false, &filter).await?),
        None => BTreeMap::new(),
    };
    let closing = nets(&figures.sums(DayRange::new(FIRST_DAY, query.days.to())?, &[], false, &filter).await?);
    let posted = PostedBetween { days: query.days, after: EntryNumber(0), through };
    let snapshot = figures.snapshot;
    let mut running = opening.clone();
    let after = query.after.unwrap_or((EntryNumber(0), 0));
    if query.after.is_some() {
        for sum in snapshot.sums_through_line(posted, after, &filter).await? {
            *running.entry(sum.currency).or_default() += sum.totals.debit - sum.totals.credit;
        }
    }
    let found = snapshot.lines_after(posted, after, &filter, query.first.saturating_add(1)).await?;
    let mut added_up = opening.clone();
    for sum in snapshot.posted_sums(posted, &[], false, &filter).await? {
        *added_up.entry(sum.currency).or_default() += sum.totals.debit - sum.totals.credit;
    }
    snapshot.end().await?;
    let directory = Directory::load(&access, found.iter().map(|line| line.block)).await?;
    let mut lines = Vec::with_capacity(found.len());
    for line in found {
        let block = directory.block(line.block)?;
        let balance = running.entry(line.money.currency).or_default();
        let units = i128::from(line.money.amount.units());
        *balance += match line.side {
            Side::Debit => units,
            Side::Credit => -units,
        };
        lines.push(LedgerLine {
            entry: line.entry,
            line: line.line,
            effective_on: line.effective_on,
            side: line.side,
            money: line.money,
            running: *balance,
            team: access.center(block.team),
            project: access.center(block.project),
            client: access.center(block.client),
            feature: directory.name(block.feature),
            provider: directory.name(block.provider),
            model: directory.name(block.model),
            environment: directory.name(block.environment),
        });
    }
    Ok(GeneralLedger {
        account,
        days: query.days,
        through_entry: through,
        controls: controls(&added_up, &closing),
        opening,
        closing,
        lines: Page::of(lines, query.first),
    })
}
