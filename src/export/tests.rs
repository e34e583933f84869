//! Names and texts in every format. That other programs accept the whole is tested by letting them (tests/ecosystem/exports.rs).

use super::account_name::account_names;
use crate::domain::chart::{Account, AccountClass};
use crate::domain::ids::AccountId;

fn account(id: i32, code: &str, name: &str, class: AccountClass) -> Account {
    Account { id: AccountId(id), code: code.into(), name: name.into(), class, parent: None, is_contra: false }
}

#[test]
fn accounts_have_legal_names_of_their_own() {
    let names = account_names(&[
        account(1, "1300", "Prepaid AI credits", AccountClass::Asset),
        account(2, "5000", "COGS: AI inference", AccountClass::CostOfRevenue),
        account(3, "a.b", "x", AccountClass::Revenue),
        account(4, "a b", "x", AccountClass::Revenue),
        account(5, "\u{2603}", "\u{2603}", AccountClass::Equity),
    ]);
    let name = |id: i32| names.get(&AccountId(id)).unwrap().as_str();
    assert_eq!(
        [1, 2, 3, 4, 5].map(name),
        ["Assets:1300-Prepaid-AI-credits", "Expenses:5000-COGS-AI-inference", "Income:A-a-b-x", "Income:A-a-b-x-4", "Equity:A"]
    );
}
