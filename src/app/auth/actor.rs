//! Who is asking and what they may do.
//!
//! An [`Actor`] exists only after a token was verified, so code that holds one checks permissions and scope, never
//! claims. Roles and permissions are closed sets; what a role allows is written once, in [`Role::permissions`].
//! This module does not read tokens and does not filter rows: a use case asks [`Actor::may`] and passes
//! [`Actor::scope`] to its query.

use std::collections::BTreeSet;
use std::fmt;

pub use crate::domain::chart::CenterKind;

use chrono::{DateTime, Utc};

/// A role named by a token. A token may carry several; permissions add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads reports and masters, never single charges: for a dashboard or a team lead.
    Viewer,
    /// Reads charges, journal and prices and exports them: for financial analysis.
    Analyst,
    /// Records charges and reads nothing: for a gateway or a collector, whose token lives on many machines.
    Ingest,
    /// Keeps masters and prices and posts corrections: the accountant who prepares the books.
    Preparer,
    /// Checks what a preparer did, audit log included, and posts nothing itself.
    Approver,
    /// Brings a period to its end: reads everything financial, posts the last corrections, changes no masters or prices.
    Closer,
    /// Everything. Where duties must be segregated, keep this role for setup and hand out the narrower ones.
    Admin,
    /// Reads everything, audit log and metrics included, and changes nothing.
    Auditor,
    /// Another finance system: takes journals and batches over, says what it booked, and hands in revenue, hours and outputs.
    Integrator,
    /// A client's people: the statements of the cost centers that the token is limited to, and nothing else.
    Client,
}

/// One thing a use case can require.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Trial balance, spend and other aggregates.
    ReadReports,
    /// Single charges with their meter lines.
    ReadCharges,
    /// Accounts, cost centers, features, attribution and posting rules.
    ReadMasters,
    /// Journal entries and postings.
    ReadJournal,
    /// The price book, contracted discounts included.
    ReadPrices,
    /// Record charges through any way in.
    RecordCharges,
    /// Create and change masters.
    SaveMasters,
    /// Create prices and contracted discounts.
    SavePrices,
    /// Reverse an entry, rerate or reattribute charges.
    PostCorrections,
    /// Draft and submit manual entries.
    PrepareJournals,
    /// Approve or refuse what another person submitted.
    ApproveJournals,
    /// Close, soft-close and lock periods, and ask for one to be reopened.
    ClosePeriods,
    /// Agree to the reopening that another person asked for.
    ReopenPeriods,
    /// Take many rows away in a file.
    Export,
    /// The audit log.
    ReadAudit,
    /// Operational metrics of the service.
    ReadMetrics,
    /// Settings of the set of books itself.
    AdminBooks,
    /// Make batches for another finance system, and take its answers.
    DeliverExports,
    /// Hand in hours, revenue and outputs.
    RecordActivity,
    /// What an hour of one person costs.
    ReadLaborRates,
    /// The statements of the cost centers that a token is limited to.
    ReadStatements,
}

impl Role {
    /// Every role, in declaration order.
    pub const ALL: [Self; 10] = [
        Self::Viewer,
        Self::Analyst,
        Self::Ingest,
        Self::Preparer,
        Self::Approver,
        Self::Closer,
        Self::Admin,
        Self::Auditor,
        Self::Integrator,
        Self::Client,
    ];

    /// The word used in tokens and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Ingest => "ingest",
            Self::Preparer => "preparer",
            Self::Approver => "approver",
            Self::Closer => "closer",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
            Self::Integrator => "integrator",
            Self::Client => "client",
        }
    }

    /// The role with exactly this lower-case name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// The matrix: what each role may do. The reason for each line stands at the role.
    #[must_use]
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission as P;
        match self {
            Self::Viewer => &[P::ReadReports, P::ReadMasters],
            Self::Analyst => &[P::ReadReports, P::ReadMasters, P::ReadCharges, P::ReadJournal, P::ReadPrices, P::Export],
            Self::Ingest => &[P::RecordCharges],
            Self::Preparer => &[
                P::ReadReports,
                P::ReadMasters,
                P::ReadCharges,
                P::ReadJournal,
                P::ReadPrices,
                P::Export,
                P::RecordCharges,
                P::SaveMasters,
                P::SavePrices,
                P::PostCorrections,
                P::PrepareJournals,
                P::RecordActivity,
                P::ReadLaborRates,
            ],
            Self::Approver => &[
                P::ReadReports,
                P::ReadMasters,
                P::ReadCharges,
                P::ReadJournal,
                P::ReadPrices,
                P::Export,
                P::ReadAudit,
                P::ApproveJournals,
                P::ReopenPeriods,
            ],
            Self::Closer => &[
                P::ReadReports,
                P::ReadMasters,
                P::ReadCharges,
                P::ReadJournal,
                P::ReadPrices,
                P::Export,
                P::ReadAudit,
                P::PostCorrections,
                P::PrepareJournals,
                P::ClosePeriods,
                P::ReopenPeriods,
                P::DeliverExports,
            ],
            Self::Admin => &Permission::ALL,
            Self::Auditor => &[
                P::ReadReports,
                P::ReadMasters,
                P::ReadCharges,
                P::ReadJournal,
                P::ReadPrices,
                P::Export,
                P::ReadAudit,
                P::ReadMetrics,
                P::ReadLaborRates,
            ],
            Self::Integrator => &[P::ReadReports, P::ReadMasters, P::ReadJournal, P::Export, P::DeliverExports, P::RecordActivity],
            Self::Client => &[P::ReadStatements],
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Permission {
    /// Every permission, in declaration order.
    pub const ALL: [Self; 21] = [
        Self::ReadReports,
        Self::ReadCharges,
        Self::ReadMasters,
        Self::ReadJournal,
        Self::ReadPrices,
        Self::RecordCharges,
        Self::SaveMasters,
        Self::SavePrices,
        Self::PostCorrections,
        Self::PrepareJournals,
        Self::ApproveJournals,
        Self::ClosePeriods,
        Self::ReopenPeriods,
        Self::Export,
        Self::ReadAudit,
        Self::ReadMetrics,
        Self::AdminBooks,
        Self::DeliverExports,
        Self::RecordActivity,
        Self::ReadLaborRates,
        Self::ReadStatements,
    ];

    /// The name shown when a request is refused for want of it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadReports => "READ_REPORTS",
            Self::ReadCharges => "READ_CHARGES",
            Self::ReadMasters => "READ_MASTERS",
            Self::ReadJournal => "READ_JOURNAL",
            Self::ReadPrices => "READ_PRICES",
            Self::RecordCharges => "RECORD_CHARGES",
            Self::SaveMasters => "SAVE_MASTERS",
            Self::SavePrices => "SAVE_PRICES",
            Self::PostCorrections => "POST_CORRECTIONS",
            Self::PrepareJournals => "PREPARE_JOURNALS",
            Self::ApproveJournals => "APPROVE_JOURNALS",
            Self::ClosePeriods => "CLOSE_PERIODS",
            Self::ReopenPeriods => "REOPEN_PERIODS",
            Self::Export => "EXPORT",
            Self::ReadAudit => "READ_AUDIT",
            Self::ReadMetrics => "READ_METRICS",
            Self::AdminBooks => "ADMIN_BOOKS",
            Self::DeliverExports => "DELIVER_EXPORTS",
            Self::RecordActivity => "RECORD_ACTIVITY",
            Self::ReadLaborRates => "READ_LABOR_RATES",
            Self::ReadStatements => "READ_STATEMENTS",
        }
    }

    /// Whether a token limited to cost centers may use this permission at all.
    ///
    /// The others reach across the whole set of books (a price, a master, a correction touches everybody's rows;
    /// prices, audit log and metrics show them), so no filter could keep the limit.
    #[must_use]
    pub const fn can_be_limited(self) -> bool {
        match self {
            Self::ReadReports
            | Self::ReadCharges
            | Self::ReadMasters
            | Self::ReadJournal
            | Self::RecordCharges
            | Self::Export
            | Self::ReadStatements => true,
            Self::ReadPrices
            | Self::SaveMasters
            | Self::SavePrices
            | Self::PostCorrections
            | Self::PrepareJournals
            | Self::ApproveJournals
            | Self::ClosePeriods
            | Self::ReopenPeriods
            | Self::ReadAudit
            | Self::ReadMetrics
            | Self::AdminBooks
            | Self::DeliverExports
            | Self::RecordActivity
            | Self::ReadLaborRates => false,
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The roles of one token, ordered, so that equal sets print alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleSet(BTreeSet<Role>);

impl RoleSet {
    /// Whether the set names this role.
    #[must_use]
    pub fn contains(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether the set is empty; a token with no role is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The roles in declaration order.
    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }

    /// Whether any role of the set has this permission.
    #[must_use]
    pub fn allows(&self, permission: Permission) -> bool {
        self.iter().any(|role| role.permissions().contains(&permission))
    }
}

impl FromIterator<Role> for RoleSet {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

/// The cost centers, by code, that a token is limited to.
///
/// Meaning: a row is visible when *any* of its cost centers is listed (its team, or its project, or its client), and
/// totals are made of visible rows only. An empty set lists nothing of that kind; a wholly empty scope sees nothing.
/// Descendants of a listed center are not implied here: who needs them widens the scope from the masters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Codes of teams.
    pub teams: BTreeSet<String>,
    /// Codes of projects.
    pub projects: BTreeSet<String>,
    /// Codes of clients.
    pub clients: BTreeSet<String>,
}

impl Scope {
    /// The listed codes of one kind.
    #[must_use]
    pub const fn codes(&self, kind: CenterKind) -> &BTreeSet<String> {
        match kind {
            CenterKind::Team => &self.teams,
            CenterKind::Project => &self.projects,
            CenterKind::Client => &self.clients,
        }
    }

    /// The listed codes of one kind, to add to.
    pub const fn codes_mut(&mut self, kind: CenterKind) -> &mut BTreeSet<String> {
        match kind {
            CenterKind::Team => &mut self.teams,
            CenterKind::Project => &mut self.projects,
            CenterKind::Client => &mut self.clients,
        }
    }

    /// Whether this cost center is listed.
    #[must_use]
    pub fn contains(&self, kind: CenterKind, code: &str) -> bool {
        self.codes(kind).contains(code)
    }
}

/// The verified origin of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `sub`: the person or machine the token speaks for.
    pub subject: String,
    /// `iss`: who vouches for it.
    pub issuer: String,
    /// Code of the one set of books this request may touch.
    pub books: String,
    /// At least one role.
    pub roles: RoleSet,
    /// The cost centers the token is limited to; `None` is not limited.
    pub scope: Option<Scope>,
    /// `exp`, without leeway: a long-lived connection ends here.
    pub expires_at: DateTime<Utc>,
    /// `jti`, for the audit log.
    pub token_id: Option<String>,
    /// For whom the subject acts, if for another; for the audit log.
    pub acting_for: Option<String>,
    /// The request it came with; for the audit log.
    pub request_id: Option<String>,
}

impl Actor {
    /// Whether this actor may do this at all; a limited actor's rows must still be filtered by [`Actor::scope`].
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.roles.allows(permission) && (self.scope.is_none() || permission.can_be_limited())
    }

    /// Whether the token that made this actor has run out, for connections that outlive one request.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        now >= self.expires_at
    }
}
