//! Open items by age: suspense, cost without an owner, and accruals that no invoice has settled.

use std::collections::{BTreeMap, BTreeSet};

use super::access::Access;
use super::as_of::{AsOf, Control, FIRST_DAY, Sums, controls, nets};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::chart::{Account, CenterKind, NormalSide, UNATTRIBUTED};
use crate::domain::ids::{EntryNumber, NameId};
use crate::domain::money::Currency;
use crate::domain::period::{Day, DayRange};
use crate::domain::report::{Aged, AgedDay, SpendDimension, aged};
use crate::store::balance::{BlockFilter, Snapshot};
use crate::store::journal::names;

/// What stands open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AgedKind {
    /// The suspense account.
    Suspense,
    /// Cost on a standing center for unknown owners.
    Unattributed,
    /// Accrued usage that is not yet reconciled with an invoice, by provider.
    Accrual,
}

/// One provider (accruals), or everything of the kind, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgedRow {
    pub provider: Option<String>,
    pub currency: Currency,
    pub aged: Aged,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgedGroup {
    pub kind: AgedKind,
    /// Where it stands; `None` for cost without an owner, which is on many accounts.
    pub account: Option<Account>,
    pub rows: Vec<AgedRow>,
    /// The rows beside the balances of the same day, debits above zero.
    pub controls: Vec<Control>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgedItems {
    pub as_of: Day,
    pub through_entry: EntryNumber,
    pub groups: Vec<AgedGroup>,
}

const SUSPENSE: &str = "1999";
const ACCRUED: &str = crate::domain::chart::well_known::ACCRUED_USAGE;

/// What one group is made of.
struct Source {
    kind: AgedKind,
    account: Option<Account>,
    filter: BlockFilter,
    by: &'static [SpendDimension],
    /// The side that raises the open balance.
    side: NormalSide,
}

fn sources(access: &Access<'_>) -> Vec<Source> {
    let everything = BlockFilter { visible: access.visible.clone(), ..BlockFilter::default() };
    let on_account = |kind, code: &str, by: &'static [SpendDimension]| {
        let account = access.masters.account(code)?.clone();
        let filter = BlockFilter { accounts: Some(vec![account.id]), ..everything.clone() };
        Some(Source { kind, side: account.normal_side(), account: Some(account), filter, by })
    };
    let standing = CenterKind::ALL.map(|kind| access.masters.center_by_code(kind, UNATTRIBUTED).map_or(NameId(-1), |center| center.id));
    let cost = access.masters.accounts.iter().filter(|account| account.class.is_cost()).map(|account| account.id).collect();
    let unattributed = Source {
        kind: AgedKind::Unattributed,
        account: None,
        filter: BlockFilter { accounts: Some(cost), any_center: Some(standing), ..everything.clone() },
        by: &[],
        side: NormalSide::Debit,
    };
    let suspense = on_account(AgedKind::Suspense, SUSPENSE, &[]);
    let accrual = on_account(AgedKind::Accrual, ACCRUED, &[SpendDimension::Provider]);
    suspense.into_iter().chain([unattributed]).chain(accrual).collect()
}

/// Open balances by age at the end of a day. A limited token gets what it sees.
///
/// # Errors
/// `AS_OF_ENTRY_UNKNOWN`, [`AppError::Forbidden`] or a database failure.
pub async fn aged_items(app: &App, actor: &Actor, as_of: Day, as_of_entry: Option<EntryNumber>) -> Result<AgedItems, AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    let figures = AsOf::begin(Snapshot::begin(access.store, access.books_id()).await?, as_of_entry).await?;
    let days = DayRange::new(FIRST_DAY, as_of.next())?;
    let mut found = Vec::new();
    for source in sources(&access) {
        let daily = figures.sums(days, source.by, true, &source.filter).await?;
        // Months and days: other rows than the days alone.
        let balance = figures.sums(days, &[], false, &source.filter).await?;
        found.push((source, daily, balance));
    }
    let through_entry = figures.through;
    figures.snapshot.end().await?;
    let ids: BTreeSet<NameId> = found.iter().flat_map(|(_, daily, _)| daily.keys()).filter_map(|(_, keys, _)| provider_of(keys)).collect();
    let providers = if ids.is_empty() { std::collections::HashMap::new() } else { names(access.store, access.books_id(), ids).await? };
    let mut groups = Vec::new();
    for (source, daily, balance) in found {
        let mut report: BTreeMap<Currency, i128> = BTreeMap::new();
        let mut rows = Vec::new();
        for ((keys, currency), aged) in age(&daily, source.side, as_of) {
            *report.entry(currency).or_default() += match source.side {
                NormalSide::Debit => aged.balance(),
                NormalSide::Credit => -aged.balance(),
            };
            if aged != Aged::default() {
                rows.push(AgedRow { provider: provider_of(&keys).and_then(|id| providers.get(&id).cloned()), currency, aged });
            }
        }
        rows.sort_by(|a, b| (&a.provider, a.currency.code()).cmp(&(&b.provider, b.currency.code())));
        groups.push(AgedGroup { kind: source.kind, account: source.account, rows, controls: controls(&report, &nets(&balance)) });
    }
    Ok(AgedItems { as_of, through_entry, groups })
}

fn provider_of(keys: &[i64]) -> Option<NameId> {
    keys.first().and_then(|id| i32::try_from(*id).ok()).map(NameId).and_then(NameId::some)
}

/// Sums come in the order of their days.
fn age(daily: &Sums, side: NormalSide, as_of: Day) -> BTreeMap<(Vec<i64>, Currency), Aged> {
    let mut days: BTreeMap<(Vec<i64>, Currency), Vec<AgedDay>> = BTreeMap::new();
    for ((day, keys, currency), (debit, credit)) in daily {
        let (increase, decrease) = match side {
            NormalSide::Debit => (*debit, *credit),
            NormalSide::Credit => (*credit, *debit),
        };
        let day = Day(i32::try_from(*day).unwrap_or(i32::MAX));
        days.entry((keys.clone(), *currency)).or_default().push(AgedDay { day, increase, decrease });
    }
    days.into_iter().map(|(key, days)| (key, aged(days, as_of))).collect()
}
