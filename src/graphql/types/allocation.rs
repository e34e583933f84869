//! Allocation rules, previews, runs and lines.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, Enum, Error, ID, Object, SimpleObject};
use tokio::sync::OnceCell;

use super::allocation_rule::{AllocationMethod, AllocationResidual, WhenMissing, WhenNegative, WhenZero};
use super::enums::CostCenterKind;
use super::journal::JournalEntry;
use super::masters::Account;
use super::money::Money;
use crate::app::allocation as app;
use crate::app::{App, AppError};
use crate::domain::ids::EntryNumber;
use crate::domain::money::Money as DomainMoney;
use crate::domain::rejection::{Code, Rejection};
use crate::graphql::connection::{Connection, LARGEST_JOURNAL_PAGE, List, connection, page_cost, page_size};
use crate::graphql::error::{OrFailure, UserError, actor, failure};
use crate::graphql::loaders::{RunKey, load};
use crate::graphql::scalars::{BigInt, CurrencyCode, Date, DateTime, Decimal};

/// Lines of a preview in one answer.
const MOST_PREVIEW_LINES: usize = 10_000;

/// A cost center by kind and code.
#[derive(Debug, Clone, SimpleObject)]
pub struct CenterReference {
    kind: CostCenterKind,
    code: String,
}

impl From<app::CenterRef> for CenterReference {
    fn from(center: app::CenterRef) -> Self {
        Self { kind: center.kind.into(), code: center.code }
    }
}

/// One version of an allocation rule. It never changes.
#[derive(SimpleObject)]
pub struct AllocationRule {
    code: String,
    /// From 1. The latest version that began by the posting date governs.
    version: i64,
    name: String,
    /// Rules run in this order, ties by code; later ones see what earlier ones moved.
    order: i64,
    /// First day on which it governs.
    valid_from: Date,
    /// First day on which it no longer does; open when absent.
    valid_to: Option<Date>,
    method: AllocationMethod,
    residual: AllocationResidual,
    when_zero: WhenZero,
    when_missing: WhenMissing,
    when_negative: WhenNegative,
    /// Everything the version says, as JSON.
    terms: String,
    author: String,
    saved_at: DateTime,
    /// Whether runs may use it: where duties are held apart, only once another person approved it.
    is_in_force: bool,
    approved_by: Option<String>,
    approved_at: Option<DateTime>,
}

impl From<app::RuleVersion> for AllocationRule {
    fn from(version: app::RuleVersion) -> Self {
        let is_in_force = version.is_in_force();
        let rule = version.rule;
        Self {
            version: rule.version,
            order: rule.order,
            valid_from: rule.valid_from.into(),
            valid_to: rule.valid_to.map(Date::from),
            method: AllocationMethod::of(&rule.terms.method),
            residual: rule.terms.residual.into(),
            when_zero: rule.terms.when_zero.into(),
            when_missing: rule.terms.when_missing.into(),
            when_negative: rule.terms.when_negative.into(),
            terms: serde_json::to_string(&rule.terms).unwrap_or_default(),
            code: rule.code,
            name: rule.name,
            author: version.author.subject,
            saved_at: version.recorded_at.into(),
            is_in_force,
            approved_by: version.approved_by,
            approved_at: version.approved_at.map(DateTime::from),
        }
    }
}

/// A recorded quantity of a driver. The latest of a period and center counts.
#[derive(SimpleObject)]
pub struct DriverValue {
    driver: String,
    period: String,
    cost_center: CenterReference,
    quantity: Decimal,
    recorded_by: String,
    recorded_at: DateTime,
}

impl DriverValue {
    pub fn of(value: app::RecordedDriver, code: String) -> Self {
        let app::RecordedDriver { value, subject, recorded_at, .. } = value;
        Self {
            driver: value.driver,
            period: value.month.to_string(),
            cost_center: CenterReference { kind: value.kind.into(), code },
            quantity: value.quantity.into(),
            recorded_by: subject,
            recorded_at: recorded_at.into(),
        }
    }
}

/// What a run would post, computed by the code that runs; nothing was written.
pub struct AllocationPreview {
    period: String,
    /// Absent when a run would be refused.
    preview: Option<app::Preview>,
    user_errors: Vec<UserError>,
}

impl AllocationPreview {
    pub fn of(period: String, preview: Result<app::Preview, Vec<UserError>>) -> Self {
        match preview {
            Ok(preview) => Self { period, preview: Some(preview), user_errors: Vec::new() },
            Err(user_errors) => Self { period, preview: None, user_errors },
        }
    }
}

#[Object]
impl AllocationPreview {
    async fn period(&self) -> &str {
        &self.period
    }

    /// The last entry whose cost it spreads.
    async fn through_entry(&self) -> Option<BigInt> {
        self.preview.as_ref().map(|preview| preview.through_entry.0.into())
    }

    /// SHA-256 of everything it moves: a run with the same result keeps the same.
    async fn hash(&self) -> Option<&str> {
        self.preview.as_ref().map(|preview| preview.hash.as_str())
    }

    async fn line_count(&self) -> BigInt {
        let lines = self.preview.as_ref().map_or(0, |preview| preview.lines.len());
        i64::try_from(lines).unwrap_or(i64::MAX).into()
    }

    /// Receiving lines in the order in which they would be posted, at most 10,000 at once.
    async fn lines(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "10,000 when absent; a longer list is then refused.")] first: Option<i32>,
        #[graphql(desc = "Lines to leave out at the beginning.", default)] skip: i32,
    ) -> Result<Vec<AllocationPreviewLine>, Error> {
        let Some(preview) = &self.preview else { return Ok(Vec::new()) };
        let lines = &preview.lines;
        if first.is_none() && lines.len() > MOST_PREVIEW_LINES {
            let message = format!("the preview has {} lines: ask for some with `first` and `skip`", lines.len());
            return Err(Rejection::at(Code::RangeTooLarge, "lines", message)).or_failure(ctx);
        }
        let size = first.map_or(Ok(MOST_PREVIEW_LINES), |first| page_size(Some(first), MOST_PREVIEW_LINES)).or_failure(ctx)?;
        let shown = lines.iter().skip(usize::try_from(skip).unwrap_or(0)).take(size);
        Ok(shown.filter_map(|line| Some(AllocationPreviewLine::of(line, preview.pools.get(line.pool)?))).collect())
    }

    /// Pools in the order in which they would be spread.
    async fn pools(&self) -> Vec<AllocationPool> {
        self.preview.iter().flat_map(|preview| &preview.pools).map(|pool| AllocationPool::from(pool.clone())).collect()
    }

    /// Why a run would be refused.
    async fn user_errors(&self) -> &[UserError] {
        &self.user_errors
    }
}

/// What one receiver would get.
#[derive(SimpleObject)]
pub struct AllocationPreviewLine {
    /// Counts the pools of the run.
    step: i64,
    rule: String,
    rule_version: i64,
    /// Absent where the pool is of several centers.
    #[graphql(name = "from")]
    sender: Option<CenterReference>,
    to: Option<CenterReference>,
    driver: Option<String>,
    driver_quantity: Option<Decimal>,
    driver_total: Option<Decimal>,
    /// The fraction of the pool as a decimal; `shareFraction` is exact.
    share: Option<Decimal>,
    share_fraction: Option<String>,
    /// Before rounding, with nine decimals more than the ledger keeps.
    unrounded: Option<Decimal>,
    /// Whether it got one of the ledger units that rounding down left over.
    has_extra_unit: bool,
    amount: Money,
    debit_account: String,
    credit_account: String,
}

impl AllocationPreviewLine {
    fn of(line: &app::PreviewLine, pool: &app::PreviewPool) -> Self {
        Self {
            step: pool.step,
            rule: pool.rule.clone(),
            rule_version: pool.rule_version,
            sender: pool.from.clone().map(CenterReference::from),
            to: line.to.clone().map(CenterReference::from),
            driver: pool.driver.clone(),
            driver_quantity: line.quantity.clone().map(Decimal),
            driver_total: pool.driver_total.clone().map(Decimal),
            share: line.share.as_deref().and_then(app::share_decimal).map(Decimal),
            share_fraction: line.share.clone(),
            unrounded: line.unrounded.clone().map(Decimal),
            has_extra_unit: line.has_extra_unit,
            amount: line.amount.into(),
            debit_account: line.debit_account.clone(),
            credit_account: line.credit_account.clone(),
        }
    }
}

/// A pool: `allocated` + `retained` is `pool`.
#[derive(SimpleObject)]
pub struct AllocationPool {
    rule: String,
    rule_version: i64,
    step: i64,
    #[graphql(name = "from")]
    sender: Option<CenterReference>,
    pool: Money,
    allocated: Money,
    /// What the sender keeps: above what it should by rates that absorb too little, below zero where they charge too much.
    retained: Money,
    driver: Option<String>,
    driver_total: Option<Decimal>,
    /// Reciprocal: the cost with what other service centers gave.
    gross: Option<Decimal>,
    /// Reciprocal: what goes to whom before netting.
    flows: Vec<AllocationFlow>,
}

/// A flow of the reciprocal solution.
#[derive(SimpleObject)]
pub struct AllocationFlow {
    to: CenterReference,
    amount: Decimal,
}

fn retained(pool: DomainMoney, units: i128) -> Money {
    Money::of_units(units, pool.currency)
}

impl From<app::PreviewPool> for AllocationPool {
    fn from(pool: app::PreviewPool) -> Self {
        Self {
            rule: pool.rule,
            rule_version: pool.rule_version,
            step: pool.step,
            sender: pool.from.map(CenterReference::from),
            retained: retained(pool.pool, pool.retained),
            pool: pool.pool.into(),
            allocated: pool.allocated.into(),
            driver: pool.driver,
            driver_total: pool.driver_total.map(Decimal),
            gross: pool.gross.map(Decimal),
            flows: pool.flows.into_iter().map(|(to, amount)| AllocationFlow { to: to.into(), amount: Decimal(amount) }).collect(),
        }
    }
}

impl From<app::RunPoolView> for AllocationPool {
    fn from(pool: app::RunPoolView) -> Self {
        Self {
            rule: pool.rule,
            rule_version: pool.rule_version,
            step: pool.step,
            sender: pool.from.map(CenterReference::from),
            retained: retained(pool.pool, pool.retained),
            pool: pool.pool.into(),
            allocated: pool.allocated.into(),
            driver: pool.driver,
            driver_total: pool.driver_total.map(Decimal),
            gross: pool.gross.map(Decimal),
            flows: Vec::new(),
        }
    }
}

/// What a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::allocation::RunKind")]
pub enum AllocationRunKind {
    Run,
    /// What came since, added to the run it refers to.
    Increment,
    /// The mirror of the run it refers to.
    Reversal,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum AllocationRunStatus {
    Posted,
    Reversed,
    /// It is a reversal itself.
    Reversal,
}

/// A rule of a run in the version that ran.
#[derive(SimpleObject)]
pub struct AllocationRunRule {
    code: String,
    version: i64,
}

/// A run computed again from what it kept.
#[derive(SimpleObject)]
pub struct PerformedAgain {
    /// Whether every line came out the same.
    is_same: bool,
    hash: String,
    kept_hash: String,
}

/// A run of allocation rules over a period.
pub struct AllocationRun {
    number: i64,
    view: OnceCell<Arc<app::RunView>>,
}

impl AllocationRun {
    pub fn of_number(number: i64) -> Self {
        Self { number, view: OnceCell::new() }
    }

    async fn view(&self, ctx: &Context<'_>) -> Result<&Arc<app::RunView>, Error> {
        let find =
            || async { load(ctx, RunKey(self.number)).await?.ok_or_else(|| failure(ctx, &AppError::NotFound("the allocation run"))) };
        self.view.get_or_try_init(find).await
    }
}

impl From<app::RunView> for AllocationRun {
    fn from(view: app::RunView) -> Self {
        Self { number: view.head.number, view: OnceCell::new_with(Some(Arc::new(view))) }
    }
}

fn id(number: i64) -> ID {
    ID::from(number.to_string())
}

#[Object]
impl AllocationRun {
    /// Gapless within the books, in the order of posting.
    async fn id(&self) -> ID {
        id(self.number)
    }

    async fn period(&self, ctx: &Context<'_>) -> Result<String, Error> {
        Ok(self.view(ctx).await?.head.month.to_string())
    }

    async fn kind(&self, ctx: &Context<'_>) -> Result<AllocationRunKind, Error> {
        Ok(self.view(ctx).await?.head.kind.into())
    }

    async fn status(&self, ctx: &Context<'_>) -> Result<AllocationRunStatus, Error> {
        let view = self.view(ctx).await?;
        Ok(match (view.head.kind, view.reversed_by) {
            (app::RunKind::Reversal, _) => AllocationRunStatus::Reversal,
            (app::RunKind::Run | app::RunKind::Increment, Some(_)) => AllocationRunStatus::Reversed,
            (app::RunKind::Run | app::RunKind::Increment, None) => AllocationRunStatus::Posted,
        })
    }

    /// The run that it supersedes, adds to or reverses.
    async fn refers_to(&self, ctx: &Context<'_>) -> Result<Option<ID>, Error> {
        Ok(self.view(ctx).await?.head.refers_to.map(id))
    }

    async fn reversed_by(&self, ctx: &Context<'_>) -> Result<Option<ID>, Error> {
        Ok(self.view(ctx).await?.reversed_by.map(id))
    }

    /// The accounting day of its entries.
    async fn effective_on(&self, ctx: &Context<'_>) -> Result<Date, Error> {
        Ok(self.view(ctx).await?.head.effective_on.into())
    }

    /// The last entry whose cost it spread: what came later is in no pool of it.
    async fn through_entry(&self, ctx: &Context<'_>) -> Result<BigInt, Error> {
        Ok(self.view(ctx).await?.head.through_entry.0.into())
    }

    /// SHA-256 of everything it moved.
    async fn hash(&self, ctx: &Context<'_>) -> Result<String, Error> {
        Ok(self.view(ctx).await?.head.result_hash.clone())
    }

    async fn reason(&self, ctx: &Context<'_>) -> Result<Option<String>, Error> {
        Ok(self.view(ctx).await?.head.reason.clone())
    }

    async fn posted_by(&self, ctx: &Context<'_>) -> Result<String, Error> {
        Ok(self.view(ctx).await?.head.subject.clone())
    }

    async fn posted_at(&self, ctx: &Context<'_>) -> Result<DateTime, Error> {
        Ok(self.view(ctx).await?.head.recorded_at.into())
    }

    /// In the order in which they ran.
    async fn rules(&self, ctx: &Context<'_>) -> Result<Vec<AllocationRunRule>, Error> {
        let rules = self.view(ctx).await?.rules.iter();
        Ok(rules.map(|(code, version)| AllocationRunRule { code: code.clone(), version: *version }).collect())
    }

    async fn pools(&self, ctx: &Context<'_>) -> Result<Vec<AllocationPool>, Error> {
        Ok(self.view(ctx).await?.pools.iter().map(|pool| AllocationPool::from(pool.clone())).collect())
    }

    /// The entries it posted.
    async fn entries(&self, ctx: &Context<'_>) -> Result<Vec<JournalEntry>, Error> {
        Ok(self.view(ctx).await?.entries.iter().map(|number| JournalEntry::of_number(*number)).collect())
    }

    /// Every line, parts of zero included. At most 1,000 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn lines(&self, ctx: &Context<'_>, after: Option<String>, first: Option<i32>) -> Result<Connection<AllocationLine>, Error> {
        let size = page_size(first, LARGEST_JOURNAL_PAGE).or_failure(ctx)?;
        let key = after.as_deref().map(|cursor| List::AllocationLines.numbers(cursor)).transpose().or_failure(ctx)?;
        let after_line = key.filter(|(run, _)| *run == self.number).map_or(0, |(_, line)| line);
        let limit = size.saturating_add(1);
        let found = app::lines_of_run(ctx.data::<App>()?, actor(ctx)?, self.number, after_line, limit).await.or_failure(ctx)?;
        Ok(page_of_lines(found, after.is_some(), size))
    }

    /// Computes the run again, from the cost as of `throughEntry`, the drivers and the rules' versions that it kept.
    #[graphql(complexity = "500 * child_complexity")]
    async fn performed_again(&self, ctx: &Context<'_>) -> Result<PerformedAgain, Error> {
        let performed = app::perform_again(ctx.data::<App>()?, actor(ctx)?, self.number).await.or_failure(ctx)?;
        Ok(PerformedAgain { is_same: performed.is_same(), hash: performed.hash, kept_hash: performed.kept_hash })
    }
}

/// One page of lines; one line more than the page tells that there are more.
pub fn page_of_lines(mut found: Vec<app::AllocationLine>, has_previous: bool, size: usize) -> Connection<AllocationLine> {
    let has_next = found.len() > size;
    found.truncate(size);
    let items =
        found.into_iter().map(|line| (List::AllocationLines.cursor(format!("{}:{}", line.run, line.line)), AllocationLine::from(line)));
    connection(items, has_previous, has_next)
}

/// What one receiver got of a pool: the debit of the receiver and the credit of the sender.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct AllocationLine {
    #[graphql(skip)]
    run_number: i64,
    #[graphql(skip)]
    entry: Option<EntryNumber>,
    run: AllocationRun,
    /// From 1 within the run.
    line: i64,
    period: String,
    step: i64,
    rule: String,
    rule_version: i64,
    /// Absent where the pool is of several centers.
    #[graphql(name = "from")]
    sender: Option<CenterReference>,
    to: Option<CenterReference>,
    driver: Option<String>,
    driver_quantity: Option<Decimal>,
    driver_total: Option<Decimal>,
    /// The fraction of the pool as a decimal; `shareFraction` is exact.
    share: Option<Decimal>,
    /// `numerator/denominator`; a fraction of more than 120 digits is kept as a decimal of 36 digits, marked by `~`.
    share_fraction: Option<String>,
    /// Before rounding, with nine decimals more than the ledger keeps.
    unrounded: Option<Decimal>,
    /// Whether it got one of the ledger units that rounding down left over.
    has_extra_unit: bool,
    /// Below zero for a pool that held a credit, and in a reversal: the sides are then exchanged.
    amount: Money,
    debit_account: Account,
    credit_account: Account,
    /// What was in the pool.
    pool: Money,
    /// What was spread of it in all.
    allocated: Money,
}

#[ComplexObject]
impl AllocationLine {
    /// The entry that posted it; absent for a part of zero.
    async fn journal_entry(&self, ctx: &Context<'_>) -> Result<Option<JournalEntry>, Error> {
        JournalEntry::referred(ctx, self.entry).await
    }

    /// Lines of earlier steps and runs by which the sender received what it passes on, at most 1,000.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn fed_by(&self, ctx: &Context<'_>) -> Result<Vec<AllocationLine>, Error> {
        let lines = app::fed_by(ctx.data::<App>()?, actor(ctx)?, self.run_number, self.line).await.or_failure(ctx)?;
        Ok(lines.into_iter().map(AllocationLine::from).collect())
    }

    /// Entries whose cost was in the pool, and by them the charges. At most 1,000 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn source_entries(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<JournalEntry>, Error> {
        let size = page_size(first, LARGEST_JOURNAL_PAGE).or_failure(ctx)?;
        let from = after.as_deref().map(|cursor| List::JournalEntries.number(cursor)).transpose().or_failure(ctx)?;
        let (key, from, limit) = ((self.run_number, self.line), EntryNumber(from.unwrap_or(0)), size.saturating_add(1));
        let mut found = app::source_entries(ctx.data::<App>()?, actor(ctx)?, key, from, limit).await.or_failure(ctx)?;
        let has_next = found.len() > size;
        found.truncate(size);
        let items = found.into_iter().map(|number| (List::JournalEntries.cursor(number), JournalEntry::of_number(number)));
        Ok(connection(items, after.is_some(), has_next))
    }
}

impl From<app::AllocationLine> for AllocationLine {
    fn from(line: app::AllocationLine) -> Self {
        Self {
            run_number: line.run,
            entry: line.entry,
            run: AllocationRun::of_number(line.run),
            line: line.line,
            period: line.month.to_string(),
            step: line.step,
            rule: line.rule,
            rule_version: line.rule_version,
            sender: line.from.map(CenterReference::from),
            to: line.to.map(CenterReference::from),
            driver: line.driver,
            driver_quantity: line.driver_quantity.map(Decimal),
            driver_total: line.driver_total.map(Decimal),
            share: line.share.as_deref().and_then(app::share_decimal).map(Decimal),
            share_fraction: line.share,
            unrounded: line.unrounded.map(Decimal),
            has_extra_unit: line.has_extra_unit,
            amount: line.amount.into(),
            debit_account: line.debit_account.into(),
            credit_account: line.credit_account.into(),
            pool: line.pool.into(),
            allocated: line.allocated.into(),
        }
    }
}

/// Where the cost of a charge ended, through every run in force.
#[derive(SimpleObject)]
pub struct ChargeTrace {
    source: String,
    external_id: String,
    /// Runs that moved any of it, in their order.
    runs: Vec<AllocationRun>,
    /// They add up to what the books carry for the charge.
    destinations: Vec<ChargeDestination>,
}

/// An account and the centers on it.
#[derive(SimpleObject)]
pub struct ChargeDestination {
    account: Account,
    cost_centers: Vec<CenterReference>,
    currency: CurrencyCode,
    /// Exact to nine decimals more than the ledger keeps: a cent of a pool goes to every receiver in its proportion.
    amount: Decimal,
}

impl From<app::ChargeTrace> for ChargeTrace {
    fn from(trace: app::ChargeTrace) -> Self {
        let destination = |destination: app::ChargeDestination| ChargeDestination {
            account: destination.account.into(),
            cost_centers: destination.centers.into_iter().map(CenterReference::from).collect(),
            currency: destination.currency.into(),
            amount: Decimal(destination.amount),
        };
        Self {
            source: trace.source,
            external_id: trace.external_id,
            runs: trace.runs.into_iter().map(AllocationRun::of_number).collect(),
            destinations: trace.destinations.into_iter().map(destination).collect(),
        }
    }
}
