//! The domain's closed sets as GraphQL enums.

use async_graphql::Enum;

use crate::domain::rejection::{Code, Rejection};
use crate::domain::report;

/// The class of an account, which fixes its normal side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::chart::AccountClass")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::chart::NormalSide")]
pub enum NormalSide {
    Debit,
    Credit,
}

/// Left or right of a posting; never a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::journal::Side")]
pub enum Side {
    Debit,
    Credit,
}

/// Why a journal entry was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::journal::EntryKind")]
pub enum EntryKind {
    /// A charge booked as it came in, or when its price arrived.
    Charge,
    /// The exact mirror of an earlier entry.
    Reversal,
    /// The difference a new price made to a booked charge.
    Rerating,
    /// A booked charge moved to other cost centers.
    Reclassification,
    /// Prepared by one person and approved by another.
    Manual,
    /// What will not be collected, or need not be paid, taken off with a reason.
    WriteOff,
    /// Credits bought from a provider before they are used.
    PrepaidPurchase,
    /// Prepaid credits that expired unused.
    Breakage,
    /// Credits granted by a provider, and what is released of them.
    PromotionalCredit,
    /// Open foreign items at the rate of a closing day.
    Revaluation,
    /// The exchange difference of a foreign item that was settled.
    ExchangeDifference,
    /// Shared cost spread by rules.
    Allocation,
    /// Cost charged to the center or client that used the service.
    Chargeback,
    /// Hours worked, at their cost rate.
    Labor,
    /// What clients owe for work done.
    Revenue,
    /// What payroll cost, and what of it differs from the labor that was applied.
    LaborVariance,
    /// Usage beyond prepaid credits that is owed, or drawn from credits that were bought since.
    PrepaidOverdraw,
}

/// The three kinds of cost center a charge is recorded across.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::chart::CenterKind")]
pub enum CostCenterKind {
    Team,
    Project,
    Client,
}

/// How the provider processed the call; each has its own prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::usage::Processing")]
pub enum Processing {
    Standard,
    Batch,
    Flex,
    Priority,
}

/// How the organisation pays a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::posting_rules::Settlement")]
pub enum Settlement {
    /// Invoiced afterwards: usage accrues as a liability.
    Accrual,
    /// Credits bought in advance: usage draws them down.
    Prepaid,
}

/// What credits granted by a provider are until usage takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::posting_rules::GrantPolicy")]
pub enum GrantPolicy {
    /// No asset: the grant is remembered, and what is used of it lowers the cost.
    Net,
    /// A claim on the provider against a deferral, which is released as usage takes the credits.
    Deferred,
}

/// What becomes of usage beyond every prepaid lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::posting_rules::OverdrawPolicy")]
pub enum OverdrawPolicy {
    /// It stays in account 1300, which then is below zero.
    Show,
    /// `accrueOverdraw` moves it to account 2100, and a purchase moves back what it covers.
    Accrue,
}

/// What spend can be grouped by. Other reports take those that balances are kept by: PROVIDER to ACCOUNT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum SpendDimension {
    Provider,
    Model,
    Team,
    Project,
    Client,
    Feature,
    Environment,
    Account,
    /// The name of the key that made the call.
    ApiKey,
    EndUser,
    /// The value of the tag that `tagKey` names.
    Tag,
    /// The system that sent the charge.
    Source,
    Region,
    Processing,
    ServiceTier,
}

impl From<report::SpendDimension> for SpendDimension {
    fn from(dimension: report::SpendDimension) -> Self {
        match dimension {
            report::SpendDimension::Provider => Self::Provider,
            report::SpendDimension::Model => Self::Model,
            report::SpendDimension::Team => Self::Team,
            report::SpendDimension::Project => Self::Project,
            report::SpendDimension::Client => Self::Client,
            report::SpendDimension::Feature => Self::Feature,
            report::SpendDimension::Environment => Self::Environment,
            report::SpendDimension::Account => Self::Account,
        }
    }
}

impl From<report::SpendKey> for SpendDimension {
    fn from(key: report::SpendKey) -> Self {
        use report::ChargeDimension as Known;
        match key {
            report::SpendKey::Block(dimension) => dimension.into(),
            report::SpendKey::Charge(Known::ApiKey) => Self::ApiKey,
            report::SpendKey::Charge(Known::EndUser) => Self::EndUser,
            report::SpendKey::Charge(Known::Tag) => Self::Tag,
            report::SpendKey::Charge(Known::Source) => Self::Source,
            report::SpendKey::Charge(Known::Region) => Self::Region,
            report::SpendKey::Charge(Known::Processing) => Self::Processing,
            report::SpendKey::Charge(Known::ServiceTier) => Self::ServiceTier,
        }
    }
}

impl From<SpendDimension> for report::SpendKey {
    fn from(dimension: SpendDimension) -> Self {
        use report::{ChargeDimension as Known, SpendDimension as Block};
        match dimension {
            SpendDimension::Provider => Self::Block(Block::Provider),
            SpendDimension::Model => Self::Block(Block::Model),
            SpendDimension::Team => Self::Block(Block::Team),
            SpendDimension::Project => Self::Block(Block::Project),
            SpendDimension::Client => Self::Block(Block::Client),
            SpendDimension::Feature => Self::Block(Block::Feature),
            SpendDimension::Environment => Self::Block(Block::Environment),
            SpendDimension::Account => Self::Block(Block::Account),
            SpendDimension::ApiKey => Self::Charge(Known::ApiKey),
            SpendDimension::EndUser => Self::Charge(Known::EndUser),
            SpendDimension::Tag => Self::Charge(Known::Tag),
            SpendDimension::Source => Self::Charge(Known::Source),
            SpendDimension::Region => Self::Charge(Known::Region),
            SpendDimension::Processing => Self::Charge(Known::Processing),
            SpendDimension::ServiceTier => Self::Charge(Known::ServiceTier),
        }
    }
}

impl SpendDimension {
    /// The dimension of balances, for reports that read nothing else.
    ///
    /// # Errors
    /// `DIMENSION_UNSUPPORTED` at the field, for what only charges know.
    pub fn of_balances(self, field: &'static str) -> Result<report::SpendDimension, Rejection> {
        report::SpendKey::from(self).block().ok_or_else(|| Rejection::of(Code::DimensionUnsupported).under(field))
    }
}

/// What spend adds up: which part of the cost in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::report::SpendMeasure")]
pub enum SpendMeasure {
    /// AI, where it was used: what charges cost, with their corrections, discounts and usage variances.
    Used,
    /// AI, where allocation runs put it: USED and what they moved in and out. The total is that of USED.
    Allocated,
    /// What chargeback statements charged (6600) and recovered (6690), and the cost that an agent's statement passed on.
    Charged,
    /// All cost, people included: the movement of the cost accounts in the trial balance.
    FullyLoaded,
}

/// The periods a report is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::report::Interval")]
pub enum Interval {
    /// Named `2026-01-31`.
    Day,
    /// ISO weeks, Monday first, named `2026-W02`. The first and the last are cut by the range.
    Week,
    /// Named `2026-01`.
    Month,
    /// Named `2026-Q1`.
    Quarter,
}

/// Where a charge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::charges::ChargeStatus")]
pub enum ChargeStatus {
    /// Booked. A cost of zero has no entry.
    Recorded,
    /// Stored, waiting for a price; `rerateCharges` books it when there is one.
    Unpriced,
    /// Its entry was reversed.
    Reversed,
}

/// What became of one charge of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum RecordStatus {
    /// Booked now.
    Recorded,
    /// The same key with the same content came before; its first receipt.
    Replayed,
    /// Stored now, waiting for a price.
    Unpriced,
    /// Not stored; `error` says why.
    Rejected,
}

/// What part of a charge a rule's condition looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ConditionSubject {
    ApiKey,
    /// The value of the tag named by `tag`.
    Tag,
    EndUser,
    Provider,
    Model,
    Environment,
    Source,
}

impl ConditionSubject {
    /// The word the use case reads.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "API_KEY",
            Self::Tag => "TAG",
            Self::EndUser => "END_USER",
            Self::Provider => "PROVIDER",
            Self::Model => "MODEL",
            Self::Environment => "ENVIRONMENT",
            Self::Source => "SOURCE",
        }
    }
}
