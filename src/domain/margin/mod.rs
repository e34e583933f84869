//! Margin: which account stands on which line of the statement, and what the lines make together. Pure arithmetic on ledger units.

mod flux;
mod ratio;
mod target;

pub use flux::{MarginFluxParts, MarginSide, ModelSide, margin_flux};
pub use ratio::{percent, ratio, ratio_of_units};
pub use target::{MarginTarget, TargetMeasure, TargetScope, TargetStatus, in_force, status};

use crate::domain::chart::{Account, AccountClass, well_known};

/// A line of the margin statement. Every account of revenue and cost stands on exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarginLine {
    /// What clients owe for the work, rebilled AI cost included.
    Revenue,
    /// AI use that is cost of revenue: 5000, 5090, 5095 and what is below them, and accounts of one's own that bear charges.
    DirectAi,
    /// Hours at their rates: 5020.
    AppliedLabor,
    /// Any other cost of revenue.
    OtherCost,
    /// Shared cost that allocation rules brought: 5050, and what such a rule moved within another account of cost of revenue.
    Allocated,
    /// AI use that is operating expense: 6000, 6500 and what is below them, and accounts of one's own that bear charges. Below the gross margin.
    OperatingAi,
    /// Any other operating expense. Below the gross margin.
    OperatingExpense,
}

impl MarginLine {
    pub const ALL: [Self; 7] =
        [Self::Revenue, Self::DirectAi, Self::AppliedLabor, Self::OtherCost, Self::Allocated, Self::OperatingAi, Self::OperatingExpense];

    /// The line of an account; none for assets, liabilities and equity. The nearest well-known account among it and its parents decides; without
    /// one, whether charges are booked on it.
    pub fn of<'a>(account: &'a Account, by_code: impl Fn(&str) -> Option<&'a Account>, bears_charges: bool) -> Option<Self> {
        let other = match (account.class, bears_charges) {
            (AccountClass::Asset | AccountClass::Liability | AccountClass::Equity, _) => return None,
            (AccountClass::Revenue, _) => return Some(Self::Revenue),
            (AccountClass::CostOfRevenue, true) => Self::DirectAi,
            (AccountClass::CostOfRevenue, false) => Self::OtherCost,
            (AccountClass::OperatingExpense, true) => Self::OperatingAi,
            (AccountClass::OperatingExpense, false) => Self::OperatingExpense,
        };
        let mut at = Some(account);
        // Parents form no circle, since saving one is refused; the bound holds whatever is stored.
        for _ in 0..64 {
            let Some(here) = at.filter(|here| here.class == account.class) else { break };
            match here.code.as_str() {
                well_known::COGS_INFERENCE | well_known::USAGE_VARIANCE | well_known::UNUSED_CREDITS => return Some(Self::DirectAi),
                well_known::APPLIED_LABOR_COST => return Some(Self::AppliedLabor),
                well_known::ALLOCATED_PLATFORM => return Some(Self::Allocated),
                well_known::OPERATING_EXPENSE | well_known::PLATFORM_POOL => return Some(Self::OperatingAi),
                well_known::ALLOCATED_OUT => return Some(Self::OperatingExpense),
                _ => at = here.parent.as_deref().and_then(&by_code),
            }
        }
        Some(other)
    }
}

/// One row of the statement in ledger units of one currency: revenue on its credit side, cost on its debit side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MarginFigures {
    pub revenue: i128,
    pub direct_ai: i128,
    pub applied_labor: i128,
    pub other_cost: i128,
    pub allocated: i128,
    pub operating_ai: i128,
    pub operating_expense: i128,
}

impl MarginFigures {
    /// Adds what debits exceed credits by on a line.
    pub fn add(&mut self, line: MarginLine, net_debit: i128) {
        match line {
            MarginLine::Revenue => self.revenue -= net_debit,
            MarginLine::DirectAi => self.direct_ai += net_debit,
            MarginLine::AppliedLabor => self.applied_labor += net_debit,
            MarginLine::OtherCost => self.other_cost += net_debit,
            MarginLine::Allocated => self.allocated += net_debit,
            MarginLine::OperatingAi => self.operating_ai += net_debit,
            MarginLine::OperatingExpense => self.operating_expense += net_debit,
        }
    }

    /// Takes what an allocation rule moved within an account out of that account's line, and shows it as allocated.
    pub fn show_as_allocated(&mut self, line: MarginLine, net_debit: i128) {
        self.add(line, -net_debit);
        self.add(MarginLine::Allocated, net_debit);
    }

    /// Revenue less the cost that goes with it: AI, labor and other direct cost. The margin before allocation.
    pub fn contribution_margin(&self) -> i128 {
        self.revenue - self.direct_ai - self.applied_labor - self.other_cost
    }

    /// The margin after allocation.
    pub fn gross_margin(&self) -> i128 {
        self.contribution_margin() - self.allocated
    }

    pub fn cost_of_revenue(&self) -> i128 {
        self.direct_ai + self.applied_labor + self.other_cost + self.allocated
    }

    pub fn operating(&self) -> i128 {
        self.operating_ai + self.operating_expense
    }

    /// The gross margin less operating expense: what the trial balance of the same days moved on revenue and cost.
    pub fn net(&self) -> i128 {
        self.gross_margin() - self.operating()
    }

    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.revenue += other.revenue;
        self.direct_ai += other.direct_ai;
        self.applied_labor += other.applied_labor;
        self.other_cost += other.other_cost;
        self.allocated += other.allocated;
        self.operating_ai += other.operating_ai;
        self.operating_expense += other.operating_expense;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::AccountId;

    fn account(code: &str, class: AccountClass, parent: Option<&str>) -> Account {
        Account { id: AccountId(1), code: code.into(), name: code.into(), class, parent: parent.map(str::to_owned), is_contra: false }
    }

    #[test]
    fn every_account_of_the_result_stands_on_one_line() {
        let chart = [
            account("4100", AccountClass::Revenue, None),
            account("5000", AccountClass::CostOfRevenue, None),
            account("5010", AccountClass::CostOfRevenue, Some("5000")),
            account("5011", AccountClass::CostOfRevenue, Some("5010")),
            account("5020", AccountClass::CostOfRevenue, None),
            account("5051", AccountClass::CostOfRevenue, Some("5050")),
            account("5050", AccountClass::CostOfRevenue, None),
            account("5400", AccountClass::CostOfRevenue, None),
            account("6000", AccountClass::OperatingExpense, None),
            account("6010", AccountClass::OperatingExpense, Some("6000")),
            account("6700", AccountClass::OperatingExpense, None),
            account("6800", AccountClass::OperatingExpense, None),
            account("2100", AccountClass::Liability, None),
        ];
        let by_code = |code: &str| chart.iter().find(|account| account.code == code);
        let lines: Vec<_> = chart.iter().map(|account| MarginLine::of(account, by_code, account.code == "6800")).collect();
        use MarginLine as L;
        let expected = [
            Some(L::Revenue),
            Some(L::DirectAi),
            Some(L::DirectAi),
            Some(L::DirectAi),
            Some(L::AppliedLabor),
            Some(L::Allocated),
            Some(L::Allocated),
            Some(L::OtherCost),
            Some(L::OperatingAi),
            Some(L::OperatingAi),
            Some(L::OperatingExpense),
            Some(L::OperatingAi),
            None,
        ];
        assert_eq!(lines, expected);
    }

    /// Revenue 1,000; AI 200, labor 300, hosting 50: contribution 450. Allocated 100: gross 350. Operating 30 and 20: net 300.
    #[test]
    fn margins_are_revenue_less_the_cost_above_them() {
        let mut figures = MarginFigures::default();
        for (line, net) in MarginLine::ALL.into_iter().zip([-1_000, 200, 300, 50, 100, 30, 20]) {
            figures.add(line, net);
        }
        assert_eq!((figures.contribution_margin(), figures.gross_margin(), figures.net()), (450, 350, 300));
        figures.show_as_allocated(MarginLine::DirectAi, 25);
        assert_eq!(
            (figures.direct_ai, figures.allocated, figures.gross_margin()),
            (175, 125, 350),
            "the cost is the same, its name is not"
        );
        assert_eq!(figures.plus(&figures).net(), 600);
    }
}
