//! Accounts, cost centers, providers, books and the viewer.

use async_graphql::{InputObject, SimpleObject};

use super::enums::{AccountClass, CostCenterKind, GrantPolicy, NormalSide, OverdrawPolicy, Settlement};
use crate::app::auth::{Actor, Permission};
use crate::app::journal::BooksView;
use crate::app::masters as app;
use crate::domain::chart;
use crate::domain::labor::LeastPersons;
use crate::domain::rejection::Rejection;
use crate::graphql::scalars::{Date, DateTime};

/// An account of the chart.
#[derive(Debug, Clone, SimpleObject)]
pub struct Account {
    /// Unique in the books.
    code: String,
    name: String,
    class: AccountClass,
    /// The side on which its balance is positive.
    normal_side: NormalSide,
    /// Code of the account under which reports may gather this one.
    parent: Option<String>,
    /// Whether it offsets another account of its class, with the other normal side.
    is_contra: bool,
}

impl From<chart::Account> for Account {
    fn from(account: chart::Account) -> Self {
        let normal_side = account.normal_side().into();
        let chart::Account { code, name, class, parent, is_contra, .. } = account;
        Self { code, name, class: class.into(), normal_side, parent, is_contra }
    }
}

/// A unit that carries cost and has an owner.
#[derive(Debug, Clone, SimpleObject)]
pub struct CostCenter {
    kind: CostCenterKind,
    /// Unique in the books among those of its kind.
    code: String,
    name: String,
    /// Code of the center of the same kind above this one.
    parent: Option<String>,
    /// First day on which it takes cost; open when absent.
    valid_from: Option<Date>,
    /// First day on which it no longer does; open when absent.
    valid_to: Option<Date>,
}

impl From<chart::CostCenter> for CostCenter {
    fn from(center: chart::CostCenter) -> Self {
        let chart::CostCenter { kind, code, name, parent, valid_from, valid_to, .. } = center;
        Self { kind: kind.into(), code, name, parent, valid_from: valid_from.map(Date::from), valid_to: valid_to.map(Date::from) }
    }
}

/// A cost center to save; one with the same kind and code is replaced.
#[derive(Debug, Clone, InputObject)]
pub struct CostCenterInput {
    kind: CostCenterKind,
    code: String,
    name: String,
    parent: Option<String>,
    valid_from: Option<Date>,
    /// First day on which it no longer takes cost.
    valid_to: Option<Date>,
}

impl CostCenterInput {
    /// # Errors
    /// `DATE_INVALID` at the field.
    pub fn read(self) -> Result<app::CostCenterInput, Rejection> {
        Ok(app::CostCenterInput {
            kind: self.kind.into(),
            code: self.code,
            name: self.name,
            parent: self.parent,
            valid_from: self.valid_from.map(|date| date.to_date("validFrom")).transpose()?,
            valid_to: self.valid_to.map(|date| date.to_date("validTo")).transpose()?,
        })
    }
}

/// An account to save; one with the same code is replaced, except that the class of an account with postings is fixed.
#[derive(Debug, Clone, InputObject)]
pub struct AccountInput {
    code: String,
    name: String,
    class: AccountClass,
    parent: Option<String>,
    #[graphql(default)]
    is_contra: bool,
}

impl From<AccountInput> for app::AccountInput {
    fn from(input: AccountInput) -> Self {
        let AccountInput { code, name, class, parent, is_contra } = input;
        Self { code, name, class: class.into(), parent, is_contra }
    }
}

/// A provider and how it is paid.
#[derive(Debug, Clone, SimpleObject)]
pub struct Provider {
    pub provider: String,
    /// Absent for a token limited to cost centers.
    pub settlement: Option<Settlement>,
    /// What its grants are; absent for a token limited to cost centers.
    pub grants: Option<GrantPolicy>,
    /// What becomes of usage beyond prepaid credits; absent for a token limited to cost centers.
    pub overdraw: Option<OverdrawPolicy>,
}

impl From<app::ProviderInput> for Provider {
    fn from(provider: app::ProviderInput) -> Self {
        Self {
            provider: provider.provider,
            settlement: Some(provider.settlement.into()),
            grants: provider.grants.map(GrantPolicy::from),
            overdraw: provider.overdraw.map(OverdrawPolicy::from),
        }
    }
}

/// How a provider is paid.
#[derive(Debug, Clone, InputObject)]
pub struct ProviderInput {
    provider: String,
    settlement: Settlement,
    /// What its grants are; as before when absent, and `NET` at first.
    grants: Option<GrantPolicy>,
    /// What becomes of usage beyond prepaid credits; as before when absent, and `SHOW` at first.
    overdraw: Option<OverdrawPolicy>,
}

impl From<ProviderInput> for app::ProviderInput {
    fn from(input: ProviderInput) -> Self {
        let ProviderInput { provider, settlement, grants, overdraw } = input;
        Self { provider, settlement: settlement.into(), grants: grants.map(Into::into), overdraw: overdraw.map(Into::into) }
    }
}

/// One organisation's ledger.
#[derive(Debug, Clone, SimpleObject)]
pub struct Books {
    code: String,
    name: String,
    created_at: DateTime,
    /// IANA name of the zone in which days are counted.
    time_zone: String,
    /// The calendar month, 1 to 12, in which the fiscal year begins.
    fiscal_year_start: i32,
    /// Hours of fewer persons are hidden from whoever may not read labor rates: with their cost they would tell them.
    least_persons: i32,
}

impl From<BooksView> for Books {
    fn from(books: BooksView) -> Self {
        let BooksView { code, name, created_at, calendar, least_persons } = books;
        Self {
            code,
            name,
            created_at: created_at.into(),
            time_zone: calendar.zone.name().to_owned(),
            fiscal_year_start: i32::from(calendar.fiscal_year_start.month()),
            least_persons: persons(least_persons),
        }
    }
}

/// The least number of persons, which is at most a hundred.
pub fn persons(least: LeastPersons) -> i32 {
    i32::try_from(least.get()).unwrap_or(i32::MAX)
}

/// Whom the token speaks for, and what it may do.
#[derive(Debug, Clone, SimpleObject)]
pub struct Viewer {
    /// The person or machine.
    subject: String,
    /// Who vouches for it.
    issuer: String,
    /// Code of the books it may touch.
    books: String,
    roles: Vec<String>,
    /// What the roles allow this token; one limited to cost centers may do less.
    permissions: Vec<String>,
    /// The cost centers the token is limited to; absent when it is not limited.
    scope: Option<ViewerScope>,
    expires_at: DateTime,
}

/// Cost centers by code: a row is visible when its team, or its project, or its client is listed.
#[derive(Debug, Clone, SimpleObject)]
pub struct ViewerScope {
    teams: Vec<String>,
    projects: Vec<String>,
    clients: Vec<String>,
}

impl From<&Actor> for Viewer {
    fn from(actor: &Actor) -> Self {
        let permissions = Permission::ALL.into_iter().filter(|permission| actor.may(*permission));
        let codes = |codes: &std::collections::BTreeSet<String>| codes.iter().cloned().collect();
        Self {
            subject: actor.subject.clone(),
            issuer: actor.issuer.clone(),
            books: actor.books.clone(),
            roles: actor.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            permissions: permissions.map(|permission| permission.as_str().to_owned()).collect(),
            scope: actor.scope.as_ref().map(|scope| ViewerScope {
                teams: codes(&scope.teams),
                projects: codes(&scope.projects),
                clients: codes(&scope.clients),
            }),
            expires_at: actor.expires_at.into(),
        }
    }
}

/// What one request may hold.
#[derive(Debug, Clone, SimpleObject)]
pub struct ServiceLimits {
    /// Items in a page without `first`.
    pub default_page: i32,
    /// The largest `first` of cost centers and prices.
    pub largest_page: i32,
    /// The largest `first` of charges and journal entries.
    pub largest_journal_page: i32,
    /// Charges in one `recordCharges`; the streaming door has no limit.
    pub charges_per_call: i32,
    /// Rows in one spend report.
    pub spend_rows: i32,
    /// Postings in one journal entry.
    pub postings_per_entry: i32,
    /// Fields within fields in one request.
    pub depth: i32,
    /// Fields in one request, those of a list counted once for each item of the page asked for.
    pub complexity: i32,
}
