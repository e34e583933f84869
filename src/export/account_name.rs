//! Accounts under names that both plain-text programs accept: a root by class, and one part of code and name.

use std::collections::{HashMap, HashSet};

use crate::domain::chart::{Account, AccountClass};
use crate::domain::ids::AccountId;

/// The root that the plain-text programs know.
fn root(class: AccountClass) -> &'static str {
    match class {
        AccountClass::Asset => "Assets",
        AccountClass::Liability => "Liabilities",
        AccountClass::Equity => "Equity",
        AccountClass::Revenue => "Income",
        AccountClass::CostOfRevenue | AccountClass::OperatingExpense => "Expenses",
    }
}

/// ASCII letters and digits, and one `-` for each run of anything else.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            plain.push(character);
        } else if !plain.is_empty() && !plain.ends_with('-') {
            plain.push('-');
        }
    }
    plain.truncate(plain.trim_end_matches('-').len());
    plain
}

/// A name for each account, such as `Assets:1300-Prepaid-AI-credits`; different accounts never share one. Where two would, each later one
/// carries the number of its account as well.
pub(super) fn account_names(accounts: &[Account]) -> HashMap<AccountId, String> {
    let mut taken = HashSet::with_capacity(accounts.len());
    let mut names = HashMap::with_capacity(accounts.len());
    for account in accounts {
        let mut part = [plain(&account.code), plain(&account.name)].join("-");
        part = part.trim_matches('-').to_owned();
        // A part begins with a capital letter or a digit.
        if !part.starts_with(|first: char| first.is_ascii_uppercase() || first.is_ascii_digit()) {
            part.insert_str(0, if part.is_empty() { "A" } else { "A-" });
        }
        let mut name = format!("{}:{part}", root(account.class));
        while !taken.insert(name.clone()) {
            name = format!("{name}-{}", account.id);
        }
        names.insert(account.id, name);
    }
    names
}
