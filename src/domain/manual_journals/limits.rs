//! Limits by amount and account: what one person may approve, what takes two, and what is not posted by hand at all.

use std::collections::{BTreeMap, BTreeSet};

use super::{DraftLine, Persons};
use crate::domain::ids::AccountId;
use crate::domain::journal::Side;
use crate::domain::money::{Currency, Money};
use crate::domain::rejection::{Code, Rejection};

/// A limit on what an entry made by hand moves through an account, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalLimit {
    /// Absent for the whole entry: the total of its debits.
    pub account: Option<AccountId>,
    pub currency: Currency,
    /// In ledger units: up to this one approver is enough, above it takes two.
    pub one_approver_up_to: Option<i64>,
    /// In ledger units: above this the entry is refused.
    pub refused_above: Option<i64>,
}

/// The largest entry that a person may approve, by the total of its debits in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApproverLimit {
    /// Absent for every approver without a line of his own in this currency.
    pub approver: Option<String>,
    pub currency: Currency,
    /// In ledger units.
    pub up_to: i64,
}

/// All limits of one set of books. A currency or an account without a line is not limited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalLimits {
    pub entries: Vec<JournalLimit>,
    pub approvers: Vec<ApproverLimit>,
}

impl JournalLimits {
    /// How many persons have to approve these lines: one or two.
    ///
    /// # Errors
    /// `JOURNAL_LIMIT_EXCEEDED` at the first posting to the account whose limit it is, or at `postings`.
    pub fn approvals_needed(&self, lines: &[DraftLine]) -> Result<i64, Rejection> {
        let mut needed = 1;
        for limit in &self.entries {
            let moved = moved(lines, limit.account, limit.currency);
            if let Some(most) = limit.refused_above.filter(|most| moved > i128::from(*most)) {
                return Err(exceeded(lines, limit, moved, most));
            }
            if limit.one_approver_up_to.is_some_and(|most| moved > i128::from(most)) {
                needed = 2;
            }
        }
        Ok(needed)
    }

    /// Refuses an approver for whom the entry is too large. With two names, the lower limit counts.
    ///
    /// # Errors
    /// `APPROVER_LIMIT_EXCEEDED` at `id`.
    pub fn allow_approver(&self, approver: &Persons, lines: &[DraftLine]) -> Result<(), Rejection> {
        let currencies: BTreeSet<Currency> = lines.iter().map(|line| line.money.currency).collect();
        for currency in currencies {
            let total = moved(lines, None, currency);
            let most = approver.names().filter_map(|name| self.most(name, currency)).min();
            if let Some(most) = most.filter(|most| total > i128::from(*most)) {
                let (total, most) = (shown(total, currency), shown(i128::from(most), currency));
                let message = format!("the entry moves {total}; you may approve up to {most}");
                return Err(Rejection::at(Code::ApproverLimitExceeded, "id", message));
            }
        }
        Ok(())
    }

    fn most(&self, approver: &str, currency: Currency) -> Option<i64> {
        let of_currency = || self.approvers.iter().filter(|limit| limit.currency == currency);
        let own = of_currency().find(|limit| limit.approver.as_deref() == Some(approver));
        own.or_else(|| of_currency().find(|limit| limit.approver.is_none())).map(|limit| limit.up_to)
    }
}

/// The larger side of what the lines move through an account, or of the whole entry. 128 bits hold any sum of lines.
fn moved(lines: &[DraftLine], account: Option<AccountId>, currency: Currency) -> i128 {
    let mut sides: BTreeMap<Side, i128> = BTreeMap::new();
    let wanted = lines.iter().filter(|line| line.money.currency == currency && account.is_none_or(|account| line.account == account));
    for line in wanted {
        *sides.entry(line.side).or_default() += i128::from(line.money.amount.units());
    }
    sides.into_values().max().unwrap_or(0)
}

fn exceeded(lines: &[DraftLine], limit: &JournalLimit, moved: i128, most: i64) -> Rejection {
    let (moved, most) = (shown(moved, limit.currency), shown(i128::from(most), limit.currency));
    let Some(account) = limit.account else {
        return Rejection::at(Code::JournalLimitExceeded, "postings", format!("the entry moves {moved}; the limit by hand is {most}"));
    };
    let position = lines.iter().position(|line| line.account == account && line.money.currency == limit.currency).unwrap_or(0);
    Rejection::at(
        Code::JournalLimitExceeded,
        "amount",
        format!("the entry moves {moved} through this account; the limit by hand is {most}"),
    )
    .under(position.to_string())
    .under("postings")
}

fn shown(units: i128, currency: Currency) -> String {
    format!("{} {currency}", Money::exact_of_units(units, currency))
}
