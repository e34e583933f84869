//! The snapshot of masters that one batch of charges is decided by.

use std::collections::{BTreeSet, HashMap};

use crate::domain::attribution::{AttributionRule, Centers};
use crate::domain::chart::{Account, CenterKind, CostCenter};
use crate::domain::ids::{AccountId, NameId};
use crate::domain::labor::LeastPersons;
use crate::domain::period::{Calendar, Day, Moment, Zone};
use crate::domain::posting_rules::{PostingRule, ProviderTerms, Settlement};
use crate::domain::rating::PriceBook;
use crate::domain::report::CostPart;

/// Immutable; replaced as a whole when any master is saved.
#[derive(Debug, Default)]
pub struct Masters {
    /// `books_head.masters_version` at which it was loaded.
    pub version: i64,
    pub accounts: Vec<Account>,
    pub centers: Vec<CostCenter>,
    /// Active rules in the order in which they are tried.
    pub attribution_rules: Vec<AttributionRule>,
    /// In the order in which they are tried.
    pub posting_rules: Vec<PostingRule>,
    /// How each provider is settled with; accrual when absent.
    pub settlements: HashMap<String, ProviderTerms>,
    pub price_book: PriceBook,
    /// The zone of the days, the fiscal year, and the months that are closed.
    pub calendar: Calendar,
    /// How few persons may stand behind hours that everyone sees.
    pub least_persons: LeastPersons,
    /// Accounts that charges are booked on, as of the loading. A posting rule that was saved since has raised the version.
    pub bearing_accounts: BTreeSet<AccountId>,
    account_by_code: HashMap<String, usize>,
    account_by_id: HashMap<AccountId, usize>,
    center_by_code: [HashMap<String, usize>; 3],
    center_by_id: HashMap<NameId, usize>,
}

impl Masters {
    /// Fills the indexes once all lists are in place.
    #[must_use]
    pub fn indexed(mut self) -> Self {
        for (position, account) in self.accounts.iter().enumerate() {
            self.account_by_code.insert(account.code.clone(), position);
            self.account_by_id.insert(account.id, position);
        }
        for (position, center) in self.centers.iter().enumerate() {
            self.center_by_id.insert(center.id, position);
            if let Some(codes) = self.center_by_code.get_mut(kind_position(center.kind)) {
                codes.insert(center.code.clone(), position);
            }
        }
        self
    }

    pub fn account(&self, code: &str) -> Option<&Account> {
        self.account_by_code.get(code).and_then(|position| self.accounts.get(*position))
    }

    pub fn account_by_id(&self, id: AccountId) -> Option<&Account> {
        self.account_by_id.get(&id).and_then(|position| self.accounts.get(*position))
    }

    /// Whether charges are booked on the account, or a posting rule sends them there.
    pub fn bears_charges(&self, account: &Account) -> bool {
        self.bearing_accounts.contains(&account.id) || self.posting_rules.iter().any(|rule| rule.account == account.code)
    }

    /// Which part of cost the account bears; none unless it is an account of cost.
    pub fn part_of(&self, account: &Account) -> Option<CostPart> {
        // The account may be anybody's copy: its own one lives as long as the chart it is looked up in.
        let own = self.account_by_id(account.id)?;
        CostPart::of_account(own, |code| self.account(code), self.bears_charges(own))
    }

    /// The accounts that bear a part of cost.
    pub fn accounts_of(&self, part: CostPart) -> Vec<AccountId> {
        self.accounts.iter().filter(|account| self.part_of(account) == Some(part)).map(|account| account.id).collect()
    }

    pub fn center_by_code(&self, kind: CenterKind, code: &str) -> Option<&CostCenter> {
        self.center_by_code.get(kind_position(kind))?.get(code).and_then(|position| self.centers.get(*position))
    }

    pub fn center_by_id(&self, id: NameId) -> Option<&CostCenter> {
        self.center_by_id.get(&id).and_then(|position| self.centers.get(*position))
    }

    /// The zone in which the books count days.
    pub fn zone(&self) -> Zone {
        self.calendar.zone
    }

    /// How a provider is paid, and what its grants are.
    pub fn provider_terms(&self, provider: &str) -> ProviderTerms {
        self.settlements.get(provider).copied().unwrap_or_default()
    }

    pub fn settlement(&self, provider: &str) -> Settlement {
        self.provider_terms(provider).settlement
    }
}

fn kind_position(kind: CenterKind) -> usize {
    match kind {
        CenterKind::Team => 0,
        CenterKind::Project => 1,
        CenterKind::Client => 2,
    }
}

impl Centers for Masters {
    fn day_of(&self, moment: Moment) -> Day {
        self.zone().day_of(moment)
    }

    fn center(&self, kind: CenterKind, code: &str, day: Day) -> Result<NameId, &'static str> {
        let center = self.center_by_code(kind, code).ok_or("is not a saved cost center")?;
        if center.is_valid_on(day) { Ok(center.id) } else { Err("takes no cost on that day") }
    }

    fn unattributed(&self, kind: CenterKind) -> NameId {
        self.center_by_code(kind, crate::domain::chart::UNATTRIBUTED).map_or(NameId::NONE, |center| center.id)
    }
}
