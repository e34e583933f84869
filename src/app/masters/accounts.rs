//! The chart of accounts. Saving an existing code changes its name and parent; its class and side only before it is used.

use std::collections::{BTreeMap, BTreeSet};

use super::save::{Decided, Tries, begin, commit, is_busy, permitted, saving};
use super::told::Saving;
use super::{Masters, check};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError, Books};
use crate::domain::chart::{Account, AccountClass, refuse_parent_cycle, well_known};
use crate::domain::ids::AccountId;
use crate::domain::rejection::{Code, Rejection};
use crate::store::masters::MastersChange;
use crate::store::{Store, StoreError};

const LIST: &str = "accounts";

/// Accounts that the program itself books to, in the class that it expects.
const WELL_KNOWN: [&str; 4] =
    [well_known::PREPAID_CREDITS, well_known::ACCRUED_USAGE, well_known::COGS_INFERENCE, well_known::OPERATING_EXPENSE];

/// An account as it is given.
#[derive(Debug, Clone)]
pub struct AccountInput {
    pub code: String,
    /// For people; blank for the code.
    pub name: String,
    pub class: AccountClass,
    /// Code of the account of the same class under which reports may gather this one.
    pub parent: Option<String>,
    pub is_contra: bool,
}

/// Creates accounts, or changes those of the same code.
///
/// # Errors
/// Refusals by item; [`AppError::Forbidden`]; any database failure.
pub async fn save_accounts(app: &App, actor: &Actor, inputs: Vec<AccountInput>) -> Result<Vec<Account>, AppError> {
    let books = permitted(app, actor, Permission::SaveMasters).await?;
    let given = check::items(LIST, &inputs, checked)?;
    let mut tries = Tries::default();
    loop {
        let answer = save_once(app.store(), &books, saving(app, actor), &given).await;
        if !tries.again(is_busy(&answer)).await {
            return answer;
        }
    }
}

async fn save_once(store: &Store, books: &Books, saving: Saving<'_>, given: &[Account]) -> Result<Vec<Account>, AppError> {
    let (transaction, masters) = begin(store, books).await?;
    let in_use = transaction.account_in_use_list().await?;
    let (change, saved) = decide(&masters, &in_use, given)?;
    commit(store, books, Decided { transaction, masters: &masters, saving, change }).await?;
    Ok(saved)
}

/// The account without its number, which existing ones have already.
fn checked(input: &AccountInput) -> Result<Account, Rejection> {
    let code = check::code("code", &input.code)?;
    Ok(Account {
        id: AccountId::default(),
        name: check::name(&input.name, &code)?,
        class: input.class,
        parent: check::optional_code("parent", input.parent.as_deref())?,
        is_contra: input.is_contra,
        code,
    })
}

fn decide(masters: &Masters, in_use: &BTreeSet<AccountId>, given: &[Account]) -> Result<(MastersChange, Vec<Account>), AppError> {
    let mut last = masters.accounts.iter().map(|account| account.id.0).max().unwrap_or(0);
    let mut chart: BTreeMap<&str, Account> = masters.accounts.iter().map(|account| (account.code.as_str(), account.clone())).collect();
    let mut saved = Vec::with_capacity(given.len());
    for account in given {
        let id = match chart.get(account.code.as_str()) {
            Some(known) => known.id,
            None => {
                last = last.checked_add(1).ok_or_else(|| StoreError::Refused("the numbers of accounts are used up".to_owned()))?;
                AccountId(last)
            }
        };
        let account = (account.code.as_str(), Account { id, ..account.clone() });
        saved.push(account.1.clone());
        chart.insert(account.0, account.1);
    }
    let refusals = given.iter().enumerate().filter_map(|(position, account)| {
        let rejection = refuse_class_change(masters, in_use, account).and_then(|()| refuse_place(&chart, account)).err()?;
        Some(check::item(LIST, position, rejection))
    });
    check::accepted(refusals.collect())?;
    let changed = |account: &Account| masters.account(&account.code) != Some(account);
    let accounts = chart.into_values().filter(changed).collect();
    Ok((MastersChange { accounts, ..MastersChange::default() }, saved))
}

fn refuse_class_change(masters: &Masters, in_use: &BTreeSet<AccountId>, account: &Account) -> Result<(), Rejection> {
    let Some(known) = masters.account(&account.code) else { return Ok(()) };
    if (known.class, known.is_contra) == (account.class, account.is_contra) {
        return Ok(());
    }
    let field = if known.class == account.class { "isContra" } else { "class" };
    let code = &account.code;
    if WELL_KNOWN.contains(&code.as_str()) {
        let message = format!("usage is booked to `{code}`, which stays {}; open another account", known.class.as_str());
        return Err(Rejection::at(Code::AccountClassFixed, field, message));
    }
    if in_use.contains(&known.id) {
        let message = format!("`{code}` has postings, so it stays {}; open another account", known.class.as_str());
        return Err(Rejection::at(Code::AccountClassFixed, field, message));
    }
    Ok(())
}

/// Parents and children are of one class, and no account is above itself.
fn refuse_place(chart: &BTreeMap<&str, Account>, account: &Account) -> Result<(), Rejection> {
    if let Some(code) = &account.parent {
        let Some(parent) = chart.get(code.as_str()) else {
            let message = format!("there is no account `{code}`; save it first, or in the same call");
            return Err(Rejection::at(Code::ParentInvalid, "parent", message));
        };
        if parent.class != account.class {
            let message = format!("`{code}` is {}; an account and its parent are of one class", parent.class.as_str());
            return Err(Rejection::at(Code::ParentInvalid, "parent", message));
        }
    }
    let other_child = chart.values().find(|child| child.parent.as_deref() == Some(&account.code) && child.class != account.class);
    if let Some(child) = other_child {
        let message = format!("`{}` below it is {}; an account and its parent are of one class", child.code, child.class.as_str());
        return Err(Rejection::at(Code::ParentInvalid, "class", message));
    }
    refuse_parent_cycle(&account.code, |code| chart.get(code).and_then(|account| account.parent.as_deref()))
}
