//! The masters as allocation rules see them, on the posting date.

use std::collections::{BTreeSet, HashMap};

use crate::app::masters::Masters;
use crate::domain::allocation::{AllocationRule, Center, Directory, is_pooled};
use crate::domain::chart::NameKind;
use crate::domain::ids::{AccountId, BooksId, NameId};
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::ledger::{Cell, Ledger, RowExt};

/// Masters, the posting date, and the ids of the names that rules look for.
pub struct MasterDirectory<'a> {
    masters: &'a Masters,
    day: Day,
    names: HashMap<(NameKind, String), NameId>,
}

impl<'a> MasterDirectory<'a> {
    /// # Errors
    /// Any database failure.
    pub fn load(
        ledger: &mut Ledger,
        books: BooksId,
        masters: &'a Masters,
        (day, rules): (Day, &[AllocationRule]),
    ) -> Result<Self, StoreError> {
        let mut names = HashMap::new();
        for pool in rules.iter().map(|rule| &rule.terms.pool) {
            let wanted = [(NameKind::Feature, &pool.feature), (NameKind::Model, &pool.model), (NameKind::Environment, &pool.environment)];
            for (kind, name) in wanted.into_iter().filter_map(|(kind, name)| Some((kind, name.as_ref()?))) {
                let sql = "SELECT id FROM interned_name WHERE books_id = $1 AND kind = $2 AND name = $3";
                let key = [Cell::Int(i64::from(books.0)), Cell::Int(i64::from(kind.id())), Cell::Text(name)];
                if let Some(row) = ledger.rows(sql, &key)?.first() {
                    let id = i32::try_from(row.int(0)?).map_err(|_| StoreError::corrupt("the id of a name"))?;
                    names.insert((kind, name.clone()), NameId(id));
                }
            }
        }
        Ok(Self { masters, day, names })
    }
}

impl Directory for MasterDirectory<'_> {
    fn account(&self, code: &str) -> Result<AccountId, Rejection> {
        let unknown = || Rejection { code: Code::AccountUnknown, path: Vec::new(), message: format!("the chart has no account {code}") };
        self.masters.account(code).map(|account| account.id).ok_or_else(unknown)
    }

    fn center(&self, center: &Center) -> Result<NameId, Rejection> {
        let refused = |code, message| Rejection { code, path: Vec::new(), message };
        let found = self.masters.center_by_code(center.kind, &center.code);
        let found = found.ok_or_else(|| refused(Code::CostCenterUnknown, format!("there is no {center}: save it first")))?;
        if found.is_valid_on(self.day) {
            Ok(found.id)
        } else {
            Err(refused(Code::ReceiverNotValid, format!("{center} takes no cost on {}", self.day)))
        }
    }

    fn name(&self, kind: NameKind, name: &str) -> Option<NameId> {
        self.names.get(&(kind, name.to_owned())).copied()
    }

    fn pooled_accounts(&self) -> BTreeSet<AccountId> {
        self.masters.accounts.iter().filter(|account| is_pooled(account)).map(|account| account.id).collect()
    }
}
