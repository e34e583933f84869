//! Export batches, their lines and targets.

use async_graphql::{Context, Enum, Error, InputObject, Object, SimpleObject};

use super::enums::{EntryKind, SpendDimension};
use super::masters::{Account, CostCenter};
use crate::app::App;
use crate::app::export_batches as app;
use crate::domain::rejection::Rejection;
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::{BigInt, CurrencyCode, Date, DateTime, Decimal};

/// Where a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::export_batch::BatchStatus")]
pub enum ExportBatchStatus {
    /// Made, and not delivered.
    Frozen,
    /// Delivered, and not answered.
    Exported,
    /// Booked by the other system.
    Acknowledged,
    /// Refused by the other system: its entries go into the next batch.
    Rejected,
}

/// How a target rounds what it exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::export_batch::RoundingPolicy")]
pub enum ExportRounding {
    /// What is rounded off is carried to the next batch, so that nothing drifts.
    Carry,
    /// Every sum is rounded for itself, and the difference is a line on account 7900.
    RoundingLine,
}

/// Entries of a period for another finance system, summed, rounded and frozen.
pub struct ExportBatch(pub app::BatchRow);

/// Entries of a period for another finance system, summed, rounded and frozen.
#[Object]
impl ExportBatch {
    async fn id(&self) -> BigInt {
        self.0.id.into()
    }

    /// Code of the target.
    async fn target(&self) -> &str {
        &self.0.target
    }

    /// Gapless within the target.
    async fn number(&self) -> BigInt {
        self.0.number.into()
    }

    /// Such as `2026-01`.
    async fn period(&self) -> String {
        self.0.period.to_string()
    }

    /// The kinds of entries that it was asked for; empty for all.
    async fn kinds(&self) -> Vec<EntryKind> {
        self.0.kinds.iter().map(|kind| (*kind).into()).collect()
    }

    async fn status(&self) -> ExportBatchStatus {
        self.0.status().into()
    }

    /// The name under which the other system keeps it: always the same for the same batch, at most 16 ASCII characters.
    async fn external_document_number(&self) -> &str {
        &self.0.external_number
    }

    /// The last entry of the books that was looked at.
    async fn through_entry(&self) -> BigInt {
        self.0.through_entry.0.into()
    }

    async fn rounding(&self) -> ExportRounding {
        self.0.rounding.into()
    }

    /// SHA-256 over its lines.
    async fn content_hash(&self) -> &str {
        &self.0.content_hash
    }

    async fn created_by(&self) -> &str {
        &self.0.created_by
    }

    async fn created_at(&self) -> DateTime {
        self.0.recorded_at.into()
    }

    /// The other system's own number of what it booked.
    async fn document_number(&self) -> Option<&str> {
        self.0.answer.as_ref().and_then(|answer| answer.document_number.as_deref())
    }

    /// The day on which the other system booked it.
    async fn posted_on(&self) -> Option<Date> {
        self.0.answer.as_ref().and_then(|answer| answer.posted_on).map(Date::from)
    }

    async fn answered_by(&self) -> Option<&str> {
        self.0.answer.as_ref().map(|answer| answer.subject.as_str())
    }

    async fn answered_at(&self) -> Option<DateTime> {
        self.0.answer.as_ref().map(|answer| answer.recorded_at.into())
    }

    /// The id of the batch that took its entries after it was rejected.
    async fn superseded_by(&self) -> Option<BigInt> {
        self.0.superseded_by.map(BigInt::from)
    }

    /// Its period was reopened since, and no batch was made of the period after that.
    async fn is_stale(&self) -> bool {
        self.0.is_stale
    }

    /// In the order of its documents.
    #[graphql(complexity = "100 * child_complexity + 1")]
    async fn lines(&self, ctx: &Context<'_>) -> Result<Vec<ExportLine>, Error> {
        let lines = app::lines(ctx.data::<App>()?, actor(ctx)?, &self.0).await.or_failure(ctx)?;
        Ok(lines.into_iter().map(ExportLine::from).collect())
    }

    /// The log of deliveries.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn attempts(&self, ctx: &Context<'_>) -> Result<Vec<ExportAttempt>, Error> {
        let attempts = app::attempts(ctx.data::<App>()?, actor(ctx)?, &self.0).await.or_failure(ctx)?;
        Ok(attempts.into_iter().map(ExportAttempt::from).collect())
    }
}

/// A line of a document, at the smallest unit of its currency.
#[derive(SimpleObject)]
pub struct ExportLine {
    /// From 1 within the batch.
    line: BigInt,
    /// The document of the batch that it stands in.
    document_number: String,
    account: Account,
    team: Option<CostCenter>,
    project: Option<CostCenter>,
    client: Option<CostCenter>,
    feature: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    environment: Option<String>,
    /// Absent on a credit.
    debit: Option<Decimal>,
    /// Absent on a debit.
    credit: Option<Decimal>,
    currency: CurrencyCode,
    /// Why the other system refused it.
    rejected_because: Option<String>,
}

impl From<app::LineView> for ExportLine {
    fn from(line: app::LineView) -> Self {
        Self {
            line: line.line.into(),
            document_number: line.document_number,
            account: line.account.into(),
            team: line.team.map(CostCenter::from),
            project: line.project.map(CostCenter::from),
            client: line.client.map(CostCenter::from),
            feature: line.feature,
            provider: line.provider,
            model: line.model,
            environment: line.environment,
            debit: line.debit.map(Decimal::from),
            credit: line.credit.map(Decimal::from),
            currency: line.currency.into(),
            rejected_because: line.reason,
        }
    }
}

/// A delivery, or an attempt at one.
#[derive(SimpleObject)]
pub struct ExportAttempt {
    number: BigInt,
    at: DateTime,
    by: String,
    /// How it went over; `file` when its file was taken.
    channel: String,
    delivered: bool,
    note: Option<String>,
}

impl From<app::AttemptRow> for ExportAttempt {
    fn from(attempt: app::AttemptRow) -> Self {
        Self {
            number: attempt.number.into(),
            at: attempt.recorded_at.into(),
            by: attempt.subject,
            channel: attempt.channel,
            delivered: attempt.is_delivered,
            note: attempt.note,
        }
    }
}

/// Another finance system, and how it knows accounts and dimensions.
#[derive(SimpleObject)]
pub struct ExportTarget {
    code: String,
    /// From 1; 0 for a format of the program that nobody saved or used.
    version: BigInt,
    /// Code of the file format.
    format: String,
    format_name: String,
    /// Where the format's fields and limits come from.
    format_source: String,
    company: Option<String>,
    journal: Option<String>,
    currency: Option<CurrencyCode>,
    segments: Vec<ExportSegment>,
    accounts: Vec<ExportAccount>,
    values: Vec<ExportValue>,
    /// Lines of one document.
    most_lines: i32,
    rounding: ExportRounding,
    /// The letters with which its next documents begin, unlike those of any other target of the database. Absent before the first batch of a target
    /// that was given none.
    document_prefix: Option<String>,
}

/// An exported dimension and the other system's segment for it.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "ExportSegmentInput")]
pub struct ExportSegment {
    dimension: SpendDimension,
    name: String,
}

/// An account and the other system's name for it.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "ExportAccountInput")]
pub struct ExportAccount {
    account: String,
    external: String,
}

/// A value of a dimension and the other system's name for it.
#[derive(SimpleObject, InputObject)]
#[graphql(input_name = "ExportValueInput")]
pub struct ExportValue {
    dimension: SpendDimension,
    code: String,
    external: String,
}

impl From<app::TargetView> for ExportTarget {
    fn from(view: app::TargetView) -> Self {
        use crate::domain::export_batch::Target;
        let target = view.target;
        let rounding = target.rounding().into();
        let dimension = |name: &str| Target::dimension_of(name).map(SpendDimension::from);
        let segments = target.segments.into_iter();
        let values = target.values.into_iter().flat_map(|(name, values)| {
            let of_dimension = move |(code, external)| Some(ExportValue { dimension: dimension(&name)?, code, external });
            values.into_iter().filter_map(of_dimension)
        });
        Self {
            code: view.code,
            version: view.version.into(),
            format: view.format.code.clone(),
            format_name: view.format.name.clone(),
            format_source: view.format.source.clone(),
            company: target.company,
            journal: target.journal,
            currency: target.currency.map(CurrencyCode),
            segments: segments
                .filter_map(|segment| Some(ExportSegment { dimension: dimension(&segment.dimension)?, name: segment.name }))
                .collect(),
            accounts: target.accounts.into_iter().map(|(account, external)| ExportAccount { account, external }).collect(),
            values: values.collect(),
            most_lines: i32::try_from(target.most_lines).unwrap_or(i32::MAX),
            rounding,
            document_prefix: view.document_prefix,
        }
    }
}

/// A target to save. What is absent is the format's own.
#[derive(InputObject)]
pub struct ExportTargetInput {
    /// Lower-case letters, digits and hyphens.
    code: String,
    /// Code of the file format; the code itself when absent.
    format: Option<String>,
    company: Option<String>,
    journal: Option<String>,
    /// The system's own currency, for formats that cannot name another one.
    currency: Option<CurrencyCode>,
    segments: Option<Vec<ExportSegment>>,
    #[graphql(default)]
    accounts: Vec<ExportAccount>,
    #[graphql(default)]
    values: Vec<ExportValue>,
    most_lines: Option<i32>,
    #[graphql(default_with = "ExportRounding::Carry")]
    rounding: ExportRounding,
    /// Two to four capital letters with which its documents begin; no other target of the database has them. Choose them where several databases
    /// send to one system. What the target has when absent, and derived from the books and the target when it has none.
    document_prefix: Option<String>,
}

impl ExportTargetInput {
    /// # Errors
    /// `DIMENSION_UNSUPPORTED` at its segment or value.
    pub fn read(self) -> Result<app::TargetInput, Rejection> {
        let input = self;
        let at = |list: &'static str, position: usize, dimension: SpendDimension| {
            dimension.of_balances("dimension").map_err(|rejection| rejection.under(position.to_string()).under(list))
        };
        let segment = |(position, segment): (usize, ExportSegment)| {
            Ok::<_, Rejection>(app::SegmentInput { dimension: at("segments", position, segment.dimension)?, name: segment.name })
        };
        let value = |(position, value): (usize, ExportValue)| {
            let dimension = at("values", position, value.dimension)?;
            Ok::<_, Rejection>(app::ValueInput { dimension, code: value.code, external: value.external })
        };
        let segments =
            input.segments.map(|segments| segments.into_iter().enumerate().map(segment).collect::<Result<Vec<_>, _>>()).transpose()?;
        Ok(app::TargetInput {
            format: input.format.unwrap_or_else(|| input.code.clone()),
            code: input.code,
            company: input.company,
            journal: input.journal,
            currency: input.currency.map(|currency| currency.0),
            segments,
            accounts: input.accounts.into_iter().map(|account| (account.account, account.external)).collect(),
            values: input.values.into_iter().enumerate().map(value).collect::<Result<_, _>>()?,
            most_lines: input.most_lines,
            keeps_carry: input.rounding == ExportRounding::Carry,
            document_prefix: input.document_prefix,
        })
    }
}

/// A period of a target beside the ledger.
#[derive(SimpleObject)]
pub struct ExportReconciliation {
    target: String,
    period: String,
    through_entry: BigInt,
    /// In the order of account codes and currencies.
    rows: Vec<ExportReconciliationRow>,
}

/// Debits less credits. `exported` + `rounded` + `open` is `ledger`.
#[derive(SimpleObject)]
pub struct ExportReconciliationRow {
    account: Account,
    currency: CurrencyCode,
    ledger: Decimal,
    /// In batches that were not rejected.
    exported: Decimal,
    /// In batches that the other system booked.
    acknowledged: Decimal,
    /// Rounded off by those batches.
    rounded: Decimal,
    /// In no batch that was not rejected.
    open: Decimal,
}

impl From<app::Reconciliation> for ExportReconciliation {
    fn from(report: app::Reconciliation) -> Self {
        let row = |row: app::ReconciledAccount| ExportReconciliationRow {
            currency: row.currency.into(),
            ledger: Decimal::of_units(row.ledger, row.currency),
            exported: Decimal::of_units(row.exported, row.currency),
            acknowledged: Decimal::of_units(row.acknowledged, row.currency),
            rounded: Decimal::of_units(row.rounded, row.currency),
            open: Decimal::of_units(row.open, row.currency),
            account: row.account.into(),
        };
        Self {
            target: report.target,
            period: report.period.to_string(),
            through_entry: report.through_entry.0.into(),
            rows: report.rows.into_iter().map(row).collect(),
        }
    }
}
