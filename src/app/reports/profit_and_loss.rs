//! Profit and loss of a range of days: revenue, cost of revenue and operating expense by cost center.

use std::collections::BTreeMap;

use super::access::Access;
use super::as_of::{AsOf, Control, controls};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::chart::{Account, AccountClass, CenterKind, CostCenter, NormalSide};
use crate::domain::ids::{AccountId, EntryNumber, NameId};
use crate::domain::money::Currency;
use crate::domain::period::DayRange;
use crate::domain::report::SpendDimension;
use crate::store::StoreError;
use crate::store::balance::{BlockFilter, Snapshot};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct ProfitAndLossQuery {
    pub days: DayRange,
    /// The kind of cost center that the rows are split by.
    pub by: CenterKind,
    pub as_of_entry: Option<EntryNumber>,
}

/// One account on one cost center in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfitAndLossRow {
    pub account: Account,
    /// `None` for postings without a center of the kind.
    pub center: Option<CostCenter>,
    pub currency: Currency,
    /// On the normal side of the account's class, in ledger units: revenue and cost are above zero, contra accounts below.
    pub amount: i128,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfitAndLoss {
    pub days: DayRange,
    pub by: CenterKind,
    pub through_entry: EntryNumber,
    /// In the order of account, center and currency.
    pub rows: Vec<ProfitAndLossRow>,
    /// Of each class, on its normal side.
    pub classes: BTreeMap<(AccountClass, Currency), i128>,
    /// Revenue less cost, by currency.
    pub net: BTreeMap<Currency, i128>,
    /// Cost less revenue of the rows, beside the movement of the same accounts in the trial balance.
    pub controls: Vec<Control>,
}

fn is_of_profit_and_loss(class: AccountClass) -> bool {
    match class {
        AccountClass::Revenue | AccountClass::CostOfRevenue | AccountClass::OperatingExpense => true,
        AccountClass::Asset | AccountClass::Liability | AccountClass::Equity => false,
    }
}

/// Revenue and cost by account and cost center. A limited token gets the rows it sees.
///
/// # Errors
/// `AS_OF_ENTRY_UNKNOWN`, [`AppError::Forbidden`] or a database failure.
pub async fn profit_and_loss(app: &App, actor: &Actor, query: ProfitAndLossQuery) -> Result<ProfitAndLoss, AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    let everything = BlockFilter { visible: access.visible.clone(), ..BlockFilter::default() };
    let of_result = access.masters.accounts.iter().filter(|account| is_of_profit_and_loss(account.class));
    let filter = BlockFilter { accounts: Some(of_result.map(|account| account.id).collect()), ..everything.clone() };
    let dimension = match query.by {
        CenterKind::Team => SpendDimension::Team,
        CenterKind::Project => SpendDimension::Project,
        CenterKind::Client => SpendDimension::Client,
    };
    let figures = AsOf::begin(Snapshot::begin(access.store, access.books_id()).await?, query.as_of_entry).await?;
    let sums = figures.sums(query.days, &[SpendDimension::Account, dimension], false, &filter).await?;
    // The trial balance reads another roll-up than the rows do, unless a limited token sees only its own.
    let movement = figures.sums(query.days, &[SpendDimension::Account], false, &everything).await?;
    let through_entry = figures.through;
    figures.snapshot.end().await?;
    let account_of = |keys: &[i64]| {
        let id = keys.first().and_then(|id| i32::try_from(*id).ok()).map(AccountId);
        let account = id.and_then(|id| access.masters.account_by_id(id)).cloned();
        account.ok_or_else(|| StoreError::corrupt("a balance names an account that is not in the chart"))
    };
    let (mut rows, mut classes, mut net, mut report) = (Vec::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for ((_, keys, currency), (debit, credit)) in &sums {
        let account = account_of(keys)?;
        let amount = match account.class.normal_side() {
            NormalSide::Debit => debit - credit,
            NormalSide::Credit => credit - debit,
        };
        *classes.entry((account.class, *currency)).or_default() += amount;
        *net.entry(*currency).or_default() += credit - debit;
        *report.entry(*currency).or_default() += debit - credit;
        let center = keys.get(1).and_then(|id| i32::try_from(*id).ok()).and_then(|id| access.center(NameId(id)));
        rows.push(ProfitAndLossRow { account, center, currency: *currency, amount });
    }
    let mut expected: BTreeMap<Currency, i128> = BTreeMap::new();
    for ((_, keys, currency), (debit, credit)) in &movement {
        if is_of_profit_and_loss(account_of(keys)?.class) {
            *expected.entry(*currency).or_default() += debit - credit;
        }
    }
    let code = |row: &ProfitAndLossRow| row.center.as_ref().map(|center| center.code.clone());
    rows.sort_by(|a, b| (&a.account.code, code(a), a.currency.code()).cmp(&(&b.account.code, code(b), b.currency.code())));
    Ok(ProfitAndLoss { days: query.days, by: query.by, through_entry, rows, classes, net, controls: controls(&report, &expected) })
}
