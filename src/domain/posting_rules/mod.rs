//! Posting rules: which accounts a rated charge is booked to.

use crate::domain::attribution::Pattern;
use crate::domain::chart::well_known;

/// How the organisation pays a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Settlement {
    /// Invoiced afterwards: usage accrues as a liability.
    Accrual,
    /// Credits bought in advance: usage draws them down.
    Prepaid,
}

impl Settlement {
    pub fn id(self) -> i16 {
        match self {
            Self::Accrual => 0,
            Self::Prepaid => 1,
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        [Self::Accrual, Self::Prepaid].into_iter().find(|settlement| settlement.id() == id)
    }

    /// Code of the account credited by usage.
    pub fn account(self) -> &'static str {
        match self {
            Self::Accrual => well_known::ACCRUED_USAGE,
            Self::Prepaid => well_known::PREPAID_CREDITS,
        }
    }
}

/// What credits granted by a provider are until usage takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum GrantPolicy {
    /// No asset: the grant is remembered, and what is used of it lowers the cost.
    #[default]
    Net,
    /// A claim on the provider against a deferral, which is released as usage takes the credits.
    Deferred,
}

impl GrantPolicy {
    pub fn id(self) -> i16 {
        match self {
            Self::Net => 0,
            Self::Deferred => 1,
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        [Self::Net, Self::Deferred].into_iter().find(|policy| policy.id() == id)
    }
}

/// What becomes of usage beyond every prepaid lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum OverdrawPolicy {
    /// It stays in the prepaid account, which then is below zero.
    #[default]
    Show,
    /// It is owed, until credits that cover it are bought.
    Accrue,
}

impl OverdrawPolicy {
    pub fn id(self) -> i16 {
        match self {
            Self::Show => 0,
            Self::Accrue => 1,
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        [Self::Show, Self::Accrue].into_iter().find(|policy| policy.id() == id)
    }
}

/// How the organisation settles with a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderTerms {
    pub settlement: Settlement,
    pub grants: GrantPolicy,
    pub overdraw: OverdrawPolicy,
}

impl Default for ProviderTerms {
    fn default() -> Self {
        Self { settlement: Settlement::Accrual, grants: GrantPolicy::Net, overdraw: OverdrawPolicy::Show }
    }
}

/// What a posting rule looks at: codes as attribution decided them, `None` where the charge has none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Subject<'a> {
    pub environment: Option<&'a str>,
    pub team: Option<&'a str>,
    pub project: Option<&'a str>,
    pub client: Option<&'a str>,
    pub feature: Option<&'a str>,
}

/// One rule: where every given pattern matches, cost goes to the account. A given pattern does not match an absent value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingRule {
    pub code: String,
    /// Rules are tried in ascending order, ties by code; the first that matches decides.
    pub order: i32,
    pub environment: Option<Pattern>,
    pub team: Option<Pattern>,
    pub project: Option<Pattern>,
    pub client: Option<Pattern>,
    pub feature: Option<Pattern>,
    /// Code of the account debited.
    pub account: String,
}

impl PostingRule {
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        let pairs = [
            (&self.environment, subject.environment),
            (&self.team, subject.team),
            (&self.project, subject.project),
            (&self.client, subject.client),
            (&self.feature, subject.feature),
        ];
        pairs.iter().all(|(pattern, value)| pattern.as_ref().is_none_or(|pattern| value.is_some_and(|value| pattern.matches(value))))
    }
}

/// Code of the account that bears the cost: the first matching rule's, else operating expense.
pub fn cost_account<'a>(rules: &'a [PostingRule], subject: &Subject<'_>) -> &'a str {
    rules.iter().find(|rule| rule.matches(subject)).map_or(well_known::OPERATING_EXPENSE, |rule| &rule.account)
}

/// The rules new books start with: work in a development environment is operating expense, work for a client is cost of revenue.
pub fn default_rules() -> Vec<PostingRule> {
    let rule = |code: &str, order, environment: Option<&str>, client: Option<&str>, account: &str| PostingRule {
        code: code.to_owned(),
        order,
        environment: environment.and_then(|text| Pattern::parse(text).ok()),
        team: None,
        project: None,
        client: client.and_then(|text| Pattern::parse(text).ok()),
        feature: None,
        account: account.to_owned(),
    };
    vec![
        rule("development", 10, Some("dev*"), None, well_known::OPERATING_EXPENSE),
        rule("test", 11, Some("test*"), None, well_known::OPERATING_EXPENSE),
        rule("staging", 12, Some("stag*"), None, well_known::OPERATING_EXPENSE),
        rule("unknown-client", 15, None, Some(crate::domain::chart::UNATTRIBUTED), well_known::OPERATING_EXPENSE),
        rule("client-work", 20, None, Some("*"), well_known::COGS_INFERENCE),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_work_is_cost_of_revenue_and_the_rest_operating_expense() {
        let rules = default_rules();
        let account = |environment, client| cost_account(&rules, &Subject { environment, client, ..Subject::default() }).to_owned();
        assert_eq!(account(Some("production"), Some("gearpeak")), "5000");
        assert_eq!(account(None, Some("gearpeak")), "5000");
        assert_eq!(account(Some("development"), Some("gearpeak")), "6000");
        assert_eq!(account(Some("production"), None), "6000");
        assert_eq!(account(Some("production"), Some("unattributed")), "6000");
    }
}
