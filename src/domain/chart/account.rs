//! Accounts and the default chart for AI cost.

use crate::domain::ids::AccountId;
use crate::domain::rejection::{Code, Rejection};

/// The class of an account, which fixes its normal side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountClass {
    Asset,
    Liability,
    Equity,
    Revenue,
    /// Cost of delivering to clients (COGS).
    CostOfRevenue,
    OperatingExpense,
}

/// The side that increases an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NormalSide {
    Debit,
    Credit,
}

impl AccountClass {
    pub const ALL: [Self; 6] = [Self::Asset, Self::Liability, Self::Equity, Self::Revenue, Self::CostOfRevenue, Self::OperatingExpense];

    /// The number under which the class is stored.
    pub fn id(self) -> i16 {
        match self {
            Self::Asset => 1,
            Self::Liability => 2,
            Self::Equity => 3,
            Self::Revenue => 4,
            Self::CostOfRevenue => 5,
            Self::OperatingExpense => 6,
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.id() == id)
    }

    pub fn normal_side(self) -> NormalSide {
        match self {
            Self::Asset | Self::CostOfRevenue | Self::OperatingExpense => NormalSide::Debit,
            Self::Liability | Self::Equity | Self::Revenue => NormalSide::Credit,
        }
    }

    /// Whether postings to the account are cost. Which of it a report adds up is a `SpendMeasure`.
    pub fn is_cost(self) -> bool {
        matches!(self, Self::CostOfRevenue | Self::OperatingExpense)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asset => "ASSET",
            Self::Liability => "LIABILITY",
            Self::Equity => "EQUITY",
            Self::Revenue => "REVENUE",
            Self::CostOfRevenue => "COST_OF_REVENUE",
            Self::OperatingExpense => "OPERATING_EXPENSE",
        }
    }

    /// # Errors
    /// `ACCOUNT_UNKNOWN` for a word that is no class.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str() == text)
            .ok_or_else(|| Rejection::at(Code::AccountUnknown, "class", format!("`{text}` is not an account class")))
    }
}

/// One account of the chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub code: String,
    pub name: String,
    pub class: AccountClass,
    /// The account under which reports may gather this one.
    pub parent: Option<String>,
    /// Contra accounts carry the other normal side than their class.
    pub is_contra: bool,
}

impl Account {
    pub fn normal_side(&self) -> NormalSide {
        match (self.class.normal_side(), self.is_contra) {
            (NormalSide::Debit, false) | (NormalSide::Credit, true) => NormalSide::Debit,
            (NormalSide::Credit, false) | (NormalSide::Debit, true) => NormalSide::Credit,
        }
    }

    /// Whether it holds what centers charge each other: 6600 and the accounts under it. All of it nets to zero, so it is no cost of the books.
    pub fn is_recharge(&self) -> bool {
        self.code == well_known::CHARGEBACK_EXPENSE || self.parent.as_deref() == Some(well_known::CHARGEBACK_EXPENSE)
    }

    /// Whether it holds what people cost: labor applied at its rates, and the payroll behind it.
    pub fn is_labor(&self) -> bool {
        use well_known::{APPLIED_LABOR_COST, LABOR_APPLIED, LABOR_VARIANCE, SALARIES};
        [APPLIED_LABOR_COST, SALARIES, LABOR_APPLIED, LABOR_VARIANCE].contains(&self.code.as_str())
    }
}

/// Code of the cost center (one per kind) that carries cost whose owner is not yet known.
pub const UNATTRIBUTED: &str = "unattributed";

/// Accounts that rules fall back on.
pub mod well_known {
    pub const CASH: &str = "1010";
    pub const RECEIVABLE: &str = "1100";
    pub const UNBILLED_RECEIVABLE: &str = "1150";
    pub const PREPAID_CREDITS: &str = "1300";
    pub const VENDOR_CREDITS: &str = "1350";
    /// Where the two currencies of one settlement meet.
    pub const CURRENCY_CLEARING: &str = "1950";
    pub const PAYABLE: &str = "2000";
    pub const ACCRUED_USAGE: &str = "2100";
    pub const DEFERRED_GRANTS: &str = "2150";
    /// Salaries that payroll has stated and the bank has not paid yet.
    pub const PAYROLL_CLEARING: &str = "2400";
    pub const REVENUE: &str = "4000";
    pub const REBILL_REVENUE: &str = "4100";
    pub const COGS_INFERENCE: &str = "5000";
    pub const VENDOR_DISCOUNTS: &str = "5010";
    /// What labor cost clients and projects at its rates.
    pub const APPLIED_LABOR_COST: &str = "5020";
    pub const ALLOCATED_PLATFORM: &str = "5050";
    pub const USAGE_VARIANCE: &str = "5090";
    pub const UNUSED_CREDITS: &str = "5095";
    pub const OPERATING_EXPENSE: &str = "6000";
    pub const PLATFORM_POOL: &str = "6500";
    /// What allocation took out of the pool.
    pub const ALLOCATED_OUT: &str = "6590";
    pub const CHARGEBACK_EXPENSE: &str = "6600";
    pub const INTERNAL_RECOVERY: &str = "6690";
    pub const SALARIES: &str = "6700";
    /// What was taken out of salaries by it.
    pub const LABOR_APPLIED: &str = "6790";
    /// What salaries cost beside the labor that was applied.
    pub const LABOR_VARIANCE: &str = "6795";
    pub const WRITE_OFFS: &str = "6950";
    pub const REALISED_EXCHANGE: &str = "7100";
    pub const UNREALISED_EXCHANGE: &str = "7110";
    pub const ROUNDING: &str = "7900";
}

/// One line of the default chart: code, name, class, parent, contra.
type ChartLine = (&'static str, &'static str, AccountClass, Option<&'static str>, bool);

/// The chart new books start with. Numbers follow common practice: 1 assets, 2 liabilities, 3 equity, 4 revenue, 5 cost of revenue, 6-7 expense.
pub const DEFAULT_CHART: &[ChartLine] = &[
    ("1000", "Assets", AccountClass::Asset, None, false),
    ("1010", "Cash", AccountClass::Asset, Some("1000"), false),
    ("1100", "Accounts receivable", AccountClass::Asset, Some("1000"), false),
    ("1150", "Unbilled receivable", AccountClass::Asset, Some("1000"), false),
    ("1300", "Prepaid AI credits", AccountClass::Asset, Some("1000"), false),
    ("1350", "Vendor credits receivable", AccountClass::Asset, Some("1000"), false),
    ("1950", "Currency clearing", AccountClass::Asset, Some("1000"), false),
    ("1999", "Suspense", AccountClass::Asset, Some("1000"), false),
    ("2000", "Accounts payable", AccountClass::Liability, None, false),
    ("2100", "Accrued AI usage", AccountClass::Liability, Some("2000"), false),
    ("2150", "Deferred vendor grants", AccountClass::Liability, Some("2000"), false),
    ("2300", "Contract liability", AccountClass::Liability, Some("2000"), false),
    ("2400", "Payroll clearing", AccountClass::Liability, Some("2000"), false),
    ("3900", "Retained earnings", AccountClass::Equity, None, false),
    ("4000", "Revenue", AccountClass::Revenue, None, false),
    ("4100", "AI rebill revenue", AccountClass::Revenue, Some("4000"), false),
    ("5000", "COGS: AI inference", AccountClass::CostOfRevenue, None, false),
    ("5010", "COGS: vendor discounts", AccountClass::CostOfRevenue, Some("5000"), true),
    ("5020", "COGS: applied labor", AccountClass::CostOfRevenue, None, false),
    ("5050", "COGS: shared platform, allocated", AccountClass::CostOfRevenue, None, false),
    ("5090", "AI price and usage variance", AccountClass::CostOfRevenue, None, false),
    ("5095", "Unused prepaid AI credits", AccountClass::CostOfRevenue, None, false),
    ("6000", "Operating expense: AI", AccountClass::OperatingExpense, None, false),
    ("6500", "Shared AI platform pool", AccountClass::OperatingExpense, None, false),
    ("6590", "Allocated out", AccountClass::OperatingExpense, Some("6500"), true),
    ("6600", "Chargeback expense", AccountClass::OperatingExpense, None, false),
    ("6690", "Internal recovery", AccountClass::OperatingExpense, Some("6600"), true),
    ("6700", "Salaries", AccountClass::OperatingExpense, None, false),
    ("6790", "Labor applied", AccountClass::OperatingExpense, Some("6700"), true),
    ("6795", "Labor rate and utilization variance", AccountClass::OperatingExpense, Some("6700"), false),
    ("6950", "Write-offs", AccountClass::OperatingExpense, None, false),
    ("7100", "Realised exchange difference", AccountClass::OperatingExpense, None, false),
    ("7110", "Unrealised exchange difference", AccountClass::OperatingExpense, None, false),
    ("7900", "Rounding differences", AccountClass::OperatingExpense, None, false),
];
