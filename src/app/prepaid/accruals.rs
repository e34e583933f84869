//! What usage is accrued and not settled: the liability of account 2100, provider by provider.

use std::collections::BTreeMap;

use crate::app::auth::{Actor, Permission};
use crate::app::reports::Control;
use crate::app::reports::as_of::{as_of_entry, controls};
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::chart::well_known;
use crate::domain::ids::{EntryNumber, NameId};
use crate::domain::journal::EntryKind;
use crate::domain::money::Currency;
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};
use crate::store::account_nets::{AsAt, account_net, day_nets, entry_nets, last_entry, later_day_nets};
use crate::store::prepaid::provider_names;

/// Accrued usage at the end of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accruals {
    pub as_of: Day,
    pub through_entry: EntryNumber,
    /// In the order of provider and currency.
    pub rows: Vec<AccrualRow>,
    /// What is open beside the balance of the account.
    pub controls: Vec<Control>,
}

/// In ledger units; what is owed is above zero. `accrued - reconciled + revaluation` is `open`, the balance of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccrualRow {
    /// Absent for what was booked by hand without a provider.
    pub provider: Option<String>,
    pub currency: Currency,
    pub accrued: i128,
    /// What was settled.
    pub reconciled: i128,
    /// What revaluations in force added.
    pub revaluation: i128,
}

impl AccrualRow {
    pub fn open(&self) -> i128 {
        self.accrued - self.reconciled + self.revaluation
    }
}

/// Accruals as of the end of a day, for review; with a number, as the books were after that entry.
///
/// # Errors
/// [`AppError::Forbidden`], `AS_OF_ENTRY_UNKNOWN`, or a database failure.
pub async fn accruals(app: &App, actor: &Actor, as_of: Day, through: Option<EntryNumber>) -> Result<Accruals, AppError> {
    reading(app, actor, Permission::ReadReports, move |ledger, books, masters| {
        let account = masters.account(well_known::ACCRUED_USAGE).ok_or_else(|| Rejection::of(Code::AccountUnknown))?.id;
        let last = last_entry(ledger, books)?;
        let through_entry = as_of_entry(through, last)?;
        let at = AsAt { day: as_of, through: through_entry };
        let later = if through_entry < last { later_day_nets(ledger, books, account, at)? } else { Vec::new() };
        let names: BTreeMap<NameId, String> = provider_names(ledger, books)?.into_iter().collect();
        let mut sums: BTreeMap<(Option<String>, &'static str, Currency), [i128; 3]> = BTreeMap::new();
        let mut add = |provider: NameId, currency: Currency, amounts: [i128; 3]| {
            let sum = sums.entry((names.get(&provider).cloned(), currency.code(), currency)).or_default();
            sum.iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += amount);
        };
        for day in day_nets(ledger, books, account, as_of)? {
            add(day.provider, day.currency, [-i128::from(day.net), 0, 0]);
        }
        for day in &later {
            add(day.provider, day.currency, [i128::from(day.net), 0, 0]);
        }
        for entry in entry_nets(ledger, books, account, at)? {
            let net = i128::from(entry.net);
            match entry.kind {
                EntryKind::ExchangeDifference => add(entry.provider, entry.currency, [net, net, 0]),
                EntryKind::Revaluation => add(entry.provider, entry.currency, [net, 0, -net]),
                _ => {}
            }
        }
        let rows = sums.into_iter().filter(|(_, amounts)| amounts.iter().any(|amount| *amount != 0));
        let rows = rows.map(|((provider, _, currency), [accrued, reconciled, revaluation])| AccrualRow {
            provider,
            currency,
            accrued,
            reconciled,
            revaluation,
        });
        let rows: Vec<AccrualRow> = rows.collect();
        let mut open: BTreeMap<Currency, i128> = BTreeMap::new();
        for row in &rows {
            *open.entry(row.currency).or_default() -= row.open();
        }
        let net = account_net(ledger, books, account, as_of)?;
        let mut account_nets: BTreeMap<_, _> = net.into_iter().collect();
        for day in &later {
            *account_nets.entry(day.currency).or_default() -= i128::from(day.net);
        }
        // As of an early entry, a currency may not have moved yet.
        account_nets.retain(|_, net| *net != 0);
        Ok(Accruals { as_of, through_entry, controls: controls(&open, &account_nets), rows })
    })
    .await
}
