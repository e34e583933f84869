//! Drivers that the books compute: what the centers of a month had.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::masters::Masters;
use crate::domain::allocation::{AllocationRule, Center, Drivers, center_of, standing_driver, unit_of_driver};
use crate::domain::chart::{AccountClass, CenterKind};
use crate::domain::ids::{AccountId, BooksId, EntryNumber, NameId};
use crate::domain::money::{Currency, Exact};
use crate::domain::period::Month;
use crate::domain::report::CostPart;
use crate::store::StoreError;
use crate::store::allocation::{
    CostShape, Standing, costs_charged_back, driver_values, standing_amounts, standing_counts, standing_hours, standing_outputs,
};
use crate::store::ledger::Ledger;

/// The drivers that rules name.
pub fn named(rules: &[AllocationRule]) -> BTreeSet<&str> {
    rules.iter().flat_map(|rule| rule.terms.method.drivers()).collect()
}

/// Recorded values of the drivers that rules name, up to a number.
///
/// # Errors
/// Any database failure.
pub fn recorded(
    ledger: &mut Ledger,
    books: BooksId,
    masters: &Masters,
    (rules, month, through): (&[AllocationRule], Month, i64),
    drivers: &mut Drivers,
) -> Result<(), StoreError> {
    for driver in named(rules).into_iter().filter(|driver| standing_driver(driver).is_none()) {
        driver_values(ledger, books, (driver, month), through, |kind, id, quantity| {
            // A center that is no longer in the masters receives nothing: it is in nobody's rule.
            if let Some(center) = masters.center_by_id(id) {
                drivers.set(driver, None, Center::new(kind, &center.code), quantity);
            }
        })?;
    }
    Ok(())
}

/// Computes the standing drivers that rules name, and answers what was computed.
///
/// # Errors
/// Any database failure.
pub fn computed(
    ledger: &mut Ledger,
    books: BooksId,
    masters: &Masters,
    (rules, month, through): (&[AllocationRule], Month, EntryNumber),
    drivers: &mut Drivers,
) -> Result<Vec<Standing>, StoreError> {
    let wanted: BTreeSet<&str> = named(rules).into_iter().filter_map(standing_driver).collect();
    let mut found = Vec::new();
    let mut set = |driver: &str, currency: Option<Currency>, kind: CenterKind, id: NameId, quantity: Exact| {
        if let Some(center) = masters.center_by_id(id).filter(|_| wanted.contains(driver)) {
            drivers.set(driver, currency, Center::new(kind, &center.code), quantity);
            found.push((driver.to_owned(), currency, (kind, id), quantity.to_string()));
        }
    };
    let counted = ["charges", "tokens", "input_tokens", "output_tokens", "cache_read_tokens"];
    if counted.iter().any(|driver| wanted.contains(driver)) {
        for kind in CenterKind::ALL {
            standing_counts(ledger, books, (kind, month), |id, [charges, input, output, cache_read]| {
                let whole = |quantity: i128| Exact::new(quantity, 0);
                let tokens = i128::from(input) + i128::from(output);
                let quantities = [charges.into(), tokens, input.into(), output.into(), cache_read.into()];
                for (driver, quantity) in counted.into_iter().zip(quantities) {
                    set(driver, None, kind, id, whole(quantity));
                }
            })?;
        }
    }
    if wanted.contains("hours") {
        standing_hours(ledger, books, month, |kind, id, millionths| {
            set("hours", None, kind, id, Exact::new(millionths.into(), 6).normalized());
        })?;
    }
    for (driver, unit) in wanted.iter().filter_map(|driver| unit_of_driver(driver).map(|unit| (*driver, unit))) {
        standing_outputs(ledger, books, (unit, month), |kind, id, millionths| {
            set(driver, None, kind, id, Exact::new(millionths.into(), 6).normalized());
        })?;
    }
    let accounts = |is_wanted: &dyn Fn(AccountClass) -> bool| -> Vec<AccountId> {
        masters.accounts.iter().filter(|account| is_wanted(account.class)).map(|account| account.id).collect()
    };
    let money =
        |currency: Currency, more: i64, less: i64| Exact::new(i128::from(more) - i128::from(less), currency.ledger_scale()).normalized();
    if wanted.contains("direct_cost") {
        let accounts = masters.accounts_of(CostPart::Used);
        standing_amounts(ledger, books, (&accounts, true, month), |kind, id, currency, [debit, credit]| {
            set("direct_cost", Some(currency), kind, id, money(currency, debit, credit));
        })?;
    }
    if wanted.contains("revenue") {
        let accounts = accounts(&|class| class == AccountClass::Revenue);
        for ((kind, id, currency), [debit, credit]) in earned(ledger, books, accounts, (month, through))? {
            set("revenue", Some(currency), kind, id, money(currency, credit, debit));
        }
    }
    Ok(found)
}

/// Debits and credits in ledger units.
type SidesByCenter = BTreeMap<(CenterKind, NameId, Currency), [i64; 2]>;

/// Debits and credits of a month on accounts of revenue. What clients were billed for AI follows from the allocation, so it is no measure for it.
fn earned(
    ledger: &mut Ledger,
    books: BooksId,
    accounts: Vec<AccountId>,
    (month, through): (Month, EntryNumber),
) -> Result<SidesByCenter, StoreError> {
    let mut sums = SidesByCenter::new();
    standing_amounts(ledger, books, (&accounts, false, month), |kind, id, currency, sides| {
        sums.insert((kind, id, currency), sides);
    })?;
    let overflow = || StoreError::Refused("an overflow of revenue".to_owned());
    let shape = CostShape { accounts, ..CostShape::default() };
    costs_charged_back(ledger, books, &shape, (month, through), |block, currency, charged| {
        for kind in CenterKind::ALL {
            let Some(sides) = sums.get_mut(&(kind, center_of(&block, kind), currency)) else { continue };
            for (side, charged) in sides.iter_mut().zip(charged) {
                *side = side.checked_sub(charged).ok_or_else(overflow)?;
            }
        }
        Ok(())
    })?;
    sums.retain(|_, sides| *sides != [0, 0]);
    Ok(sums)
}
