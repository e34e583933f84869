//! What "spend" and "cost" mean: every debit and credit of a cost account belongs to one part of cost, and a measure is a set of parts.
//!
//! The account says the part, but for entries of allocation runs and of chargeback statements (and their reversals), which keep theirs on whatever
//! account they are posted: a rule that keeps the account moves cost within 6000, and an agent's statement credits 5000.

use crate::domain::chart::{Account, well_known};
use crate::domain::journal::EntryKind;

/// The named meanings of spend. Amounts are debits less credits of cost accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpendMeasure {
    /// AI, where it was used: what charges cost, with their corrections, discounts and usage variances.
    #[default]
    Used,
    /// AI, where allocation runs put it: USED and what they moved in and out. Runs move, so the total is that of USED.
    Allocated,
    /// What chargeback statements charged (6600) and recovered (6690), and the cost that an agent's statement passed on.
    Charged,
    /// All cost, people included: the movement of the cost accounts in the trial balance.
    FullyLoaded,
}

impl SpendMeasure {
    pub const ALL: [Self; 4] = [Self::Used, Self::Allocated, Self::Charged, Self::FullyLoaded];

    /// Whether a part of cost is in the measure.
    pub fn holds(self, part: CostPart) -> bool {
        match self {
            Self::Used => part == CostPart::Used,
            Self::Allocated => matches!(part, CostPart::Used | CostPart::Allocated),
            Self::Charged => part == CostPart::Charged,
            Self::FullyLoaded => true,
        }
    }
}

/// One of the disjoint parts that all cost is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CostPart {
    /// AI: 5000, 5010, 5090, 5095, 6000, 6500, what is below them, and any other account that bears charges.
    Used,
    /// What allocation moved: 5050 and 6590, and every entry of a run.
    Allocated,
    /// What was charged on: 6600 and 6690, and every entry of a statement.
    Charged,
    /// What people cost: 5020, 6700, 6790 and 6795.
    Labor,
    /// Anything else: write-offs, exchange differences, accounts of one's own that bear no charges.
    Other,
}

impl CostPart {
    /// The part of what an account bears; none unless it is an account of cost. The nearest well-known account among it and its parents decides;
    /// an account that charges are booked on bears AI, wherever it stands in the chart.
    pub fn of_account<'a>(account: &'a Account, by_code: impl Fn(&str) -> Option<&'a Account>, bears_charges: bool) -> Option<Self> {
        if !account.class.is_cost() {
            return None;
        }
        let mut at = Some(account);
        // Parents form no circle, since saving one is refused; the bound holds whatever is stored.
        for _ in 0..64 {
            let Some(here) = at else { break };
            if let Some(part) = Self::of_code(&here.code) {
                return Some(if bears_charges { Self::Used } else { part });
            }
            at = here.parent.as_deref().and_then(&by_code);
        }
        Some(if bears_charges { Self::Used } else { Self::Other })
    }

    fn of_code(code: &str) -> Option<Self> {
        use well_known as accounts;
        Some(match code {
            accounts::COGS_INFERENCE
            | accounts::VENDOR_DISCOUNTS
            | accounts::USAGE_VARIANCE
            | accounts::UNUSED_CREDITS
            | accounts::OPERATING_EXPENSE
            | accounts::PLATFORM_POOL => Self::Used,
            accounts::ALLOCATED_PLATFORM | accounts::ALLOCATED_OUT => Self::Allocated,
            accounts::CHARGEBACK_EXPENSE | accounts::INTERNAL_RECOVERY => Self::Charged,
            accounts::APPLIED_LABOR_COST | accounts::SALARIES | accounts::LABOR_APPLIED | accounts::LABOR_VARIANCE => Self::Labor,
            _ => return None,
        })
    }

    /// The part of every posting of an entry of this kind, and of its reversal, whatever the account; none where the account decides.
    pub fn of_entry(kind: EntryKind) -> Option<Self> {
        match kind {
            EntryKind::Allocation => Some(Self::Allocated),
            EntryKind::Chargeback => Some(Self::Charged),
            _ => None,
        }
    }

    /// The kinds of entries that [`Self::of_entry`] names.
    pub const KINDS: [EntryKind; 2] = [EntryKind::Allocation, EntryKind::Chargeback];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chart::{AccountClass, DEFAULT_CHART};
    use crate::domain::ids::AccountId;

    fn chart() -> Vec<Account> {
        let own = [
            ("5011", "", AccountClass::CostOfRevenue, Some("5010"), false),
            ("6601", "", AccountClass::OperatingExpense, Some("6600"), false),
            ("6200", "Rent", AccountClass::OperatingExpense, None, false),
        ];
        let account = |(code, name, class, parent, is_contra): (&str, &str, AccountClass, Option<&str>, bool)| Account {
            id: AccountId(1),
            code: code.to_owned(),
            name: name.to_owned(),
            class,
            parent: parent.map(str::to_owned),
            is_contra,
        };
        DEFAULT_CHART.iter().copied().chain(own).map(account).collect()
    }

    fn codes(chart: &[Account], part: CostPart, bearing: &[&str]) -> Vec<String> {
        let by_code = |code: &str| chart.iter().find(|account| account.code == code);
        let mut codes = Vec::new();
        for account in chart {
            if CostPart::of_account(account, by_code, bearing.contains(&account.code.as_str())) == Some(part) {
                codes.push(account.code.clone());
            }
        }
        codes
    }

    #[test]
    fn every_cost_account_bears_one_part() {
        let chart = chart();
        let of = |part| codes(&chart, part, &[]);
        assert_eq!(of(CostPart::Used), ["5000", "5010", "5090", "5095", "6000", "6500", "5011"]);
        assert_eq!(of(CostPart::Allocated), ["5050", "6590"]);
        assert_eq!(of(CostPart::Charged), ["6600", "6690", "6601"]);
        assert_eq!(of(CostPart::Labor), ["5020", "6700", "6790", "6795"]);
        assert_eq!(of(CostPart::Other), ["6950", "7100", "7110", "7900", "6200"]);
        assert!(codes(&chart, CostPart::Used, &["6200"]).contains(&"6200".to_owned()), "charges are booked on it");
    }

    #[test]
    fn measures_are_sets_of_parts() {
        use CostPart as P;
        let parts = [P::Used, P::Allocated, P::Charged, P::Labor, P::Other];
        let held = |measure: SpendMeasure| parts.into_iter().filter(|part| measure.holds(*part)).collect::<Vec<_>>();
        assert_eq!(held(SpendMeasure::default()), [P::Used]);
        assert_eq!(held(SpendMeasure::Allocated), [P::Used, P::Allocated]);
        assert_eq!(held(SpendMeasure::Charged), [P::Charged]);
        assert_eq!(held(SpendMeasure::FullyLoaded), parts);
    }
}
