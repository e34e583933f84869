//! From revenue to the net, account by account: where a client's margin goes.

use std::collections::{BTreeMap, BTreeSet};

use super::gather::Lines;
use crate::app::auth::{Actor, Permission};
use crate::app::reports::DimensionFilter;
use crate::app::reports::access::Access;
use crate::app::reports::as_of::AsOf;
use crate::app::{App, AppError};
use crate::domain::chart::Account;
use crate::domain::ids::{AccountId, EntryNumber};
use crate::domain::margin::{MarginFigures, MarginLine};
use crate::domain::money::Currency;
use crate::domain::period::DayRange;
use crate::domain::report::SpendDimension;
use crate::store::balance::{BlockFilter, Snapshot};

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaterfallStep {
    pub line: MarginLine,
    /// None for what allocation rules moved within the accounts of other lines.
    pub account: Option<Account>,
    /// What the step adds to the margin, in ledger units: revenue above zero, cost below.
    pub amount: i128,
    /// All steps up to this one.
    pub running: i128,
}

/// The steps of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waterfall {
    pub currency: Currency,
    pub through_entry: EntryNumber,
    /// In the order of the lines, then of account codes.
    pub steps: Vec<WaterfallStep>,
    pub figures: MarginFigures,
}

/// The steps of a range of days for what a filter leaves, such as one client. One waterfall a currency.
///
/// # Errors
/// A filter's refusals, `RANGE_TOO_LARGE`, [`AppError::Forbidden`] or a database failure.
pub async fn margin_waterfall(app: &App, actor: &Actor, days: DayRange, filter: DimensionFilter) -> Result<Vec<Waterfall>, AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    let lines = Lines::of(&access.masters);
    let filter = BlockFilter { accounts: Some(lines.accounts(|_| true)), ..filter.resolve(&access).await? };
    let figures = AsOf::begin(Snapshot::begin(access.store, access.books_id()).await?, None).await?;
    let sums = figures.sums(days, &[SpendDimension::Account], false, &filter).await?;
    let kept = figures.snapshot.kept_allocations(days, &[SpendDimension::Account], &filter).await?;
    let through_entry = figures.through;
    figures.snapshot.end().await?;
    // By currency, line and account; the account of what moved within others is none.
    let mut nets: BTreeMap<(Currency, MarginLine, Option<i64>), i128> = BTreeMap::new();
    for ((_, keys, currency), (debit, credit)) in sums {
        if let Some((line, _)) = lines.of_key(keys.first()) {
            *nets.entry((currency, line, keys.first().copied())).or_default() += debit - credit;
        }
    }
    for sum in kept {
        let line = lines.of_key(sum.keys.first()).map(|(line, _)| line);
        if let Some(line @ (MarginLine::DirectAi | MarginLine::AppliedLabor | MarginLine::OtherCost)) = line {
            *nets.entry((sum.currency, line, sum.keys.first().copied())).or_default() -= sum.net;
            *nets.entry((sum.currency, MarginLine::Allocated, None)).or_default() += sum.net;
        }
    }
    let account = |id: Option<i64>| {
        let id = id.and_then(|id| i32::try_from(id).ok()).map(AccountId);
        id.and_then(|id| access.masters.account_by_id(id)).cloned()
    };
    let currencies: BTreeSet<Currency> = nets.keys().map(|(currency, _, _)| *currency).collect();
    let waterfall = |currency: Currency| {
        let (mut totals, mut steps) = (MarginFigures::default(), Vec::new());
        for ((_, line, id), net) in nets.iter().filter(|((of, _, _), net)| *of == currency && **net != 0) {
            totals.add(*line, *net);
            steps.push(WaterfallStep { line: *line, account: account(*id), amount: -net, running: 0 });
        }
        let code = |step: &WaterfallStep| step.account.as_ref().map(|account| account.code.clone());
        steps.sort_by_key(|step| (step.line, code(step)));
        let mut running = 0;
        for step in &mut steps {
            running += step.amount;
            step.running = running;
        }
        Waterfall { currency, through_entry, steps, figures: totals }
    };
    Ok(currencies.into_iter().map(waterfall).collect())
}
