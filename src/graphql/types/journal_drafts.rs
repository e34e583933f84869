//! Entries made by hand: drafts, their approvals, their limits.

use async_graphql::{Context, Enum, Error, InputObject, Object, SimpleObject};

use super::enums::{EntryKind, Side};
use super::journal::JournalEntry;
use super::masters::{Account, CostCenter};
use super::money::Money;
use crate::app::manual_journals as app;
use crate::domain::rejection::Rejection;
use crate::graphql::scalars::{BigInt, CurrencyCode, Date, DateTime, Decimal};

/// Where an entry made by hand stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::manual_journals::DraftStatus")]
pub enum JournalDraftStatus {
    /// Its preparer works on it.
    Draft,
    /// Submitted: it waits for another person.
    PendingApproval,
    /// Approved and posted.
    Posted,
    /// Given back with a reason; its preparer may edit it.
    Rejected,
    /// Taken back by its preparer, for good.
    Withdrawn,
}

/// Whether duties that exclude each other are held by different persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::duties::DutyMode")]
pub enum DutyMode {
    /// Only preparer and approver of one entry are different persons, which always holds.
    Off,
    /// Price book and posting, rule author and approver, closer and preparer, export and approval are held by different persons.
    Strict,
}

/// An entry made by hand, from its draft to its posting. It has no number before it is posted.
pub struct JournalDraft(pub app::DraftView);

#[Object]
impl JournalDraft {
    /// Its name until it is posted, and after.
    async fn id(&self) -> BigInt {
        self.0.draft.id.0.into()
    }

    /// The number of the posted entry; null until then.
    async fn number(&self) -> Option<BigInt> {
        self.0.draft.entry.map(|number| number.0.into())
    }

    async fn status(&self) -> JournalDraftStatus {
        self.0.draft.status.into()
    }

    /// Manual or a write-off.
    async fn kind(&self) -> EntryKind {
        self.0.draft.content.kind.into()
    }

    /// Counts the edits, from 1. Approvals are of one version.
    async fn version(&self) -> BigInt {
        self.0.draft.version.into()
    }

    /// SHA-256 of what it says; name it in `approveJournalDraft` to approve what you read.
    async fn content_hash(&self) -> &str {
        &self.0.draft.content_hash
    }

    async fn effective_on(&self) -> Date {
        self.0.draft.content.effective_on.into()
    }

    async fn memo(&self) -> &str {
        &self.0.draft.content.memo
    }

    /// The entry that it corrects.
    async fn corrects(&self, ctx: &Context<'_>) -> Result<Option<JournalEntry>, Error> {
        JournalEntry::referred(ctx, self.0.draft.content.corrects).await
    }

    async fn postings(&self) -> Vec<DraftPosting> {
        self.0.lines.iter().cloned().map(DraftPosting::from).collect()
    }

    async fn prepared_by(&self) -> &str {
        &self.0.draft.prepared_by.subject
    }

    /// For whom the preparer acted, if for another.
    async fn prepared_for(&self) -> Option<&str> {
        self.0.draft.prepared_by.acting_for.as_deref()
    }

    async fn prepared_at(&self) -> DateTime {
        self.0.draft.prepared_at.into()
    }

    /// How many persons have to approve it.
    async fn approvals_needed(&self) -> i32 {
        i32::try_from(self.0.draft.approvals_needed).unwrap_or(i32::MAX)
    }

    /// Approvals of the present version, in their order.
    async fn approvals(&self) -> Vec<JournalApproval> {
        let approval = |approval: &app::Approval| JournalApproval {
            by: approval.approver.subject.clone(),
            acting_for: approval.approver.acting_for.clone(),
            at: approval.approved_at.into(),
            content_hash: approval.content_hash.clone(),
        };
        self.0.approvals.iter().map(approval).collect()
    }

    /// Who posted, rejected or withdrew it.
    async fn decided_by(&self) -> Option<&str> {
        self.0.draft.decided_by.as_deref()
    }

    async fn decided_at(&self) -> Option<DateTime> {
        self.0.draft.decided_at.map(DateTime::from)
    }

    /// Why it was rejected or withdrawn.
    async fn reason(&self) -> Option<&str> {
        self.0.draft.reason.as_deref()
    }

    /// The posted entry.
    async fn journal_entry(&self, ctx: &Context<'_>) -> Result<Option<JournalEntry>, Error> {
        JournalEntry::referred(ctx, self.0.draft.entry).await
    }
}

/// That a person approved one version of a draft.
#[derive(Debug, Clone, SimpleObject)]
pub struct JournalApproval {
    by: String,
    /// For whom, if for another.
    acting_for: Option<String>,
    at: DateTime,
    content_hash: String,
}

/// One line of a draft.
#[derive(Debug, Clone, SimpleObject)]
pub struct DraftPosting {
    side: Side,
    amount: Money,
    account: Account,
    team: Option<CostCenter>,
    project: Option<CostCenter>,
    client: Option<CostCenter>,
    feature: Option<String>,
}

impl From<app::LineView> for DraftPosting {
    fn from(line: app::LineView) -> Self {
        Self {
            side: line.side.into(),
            amount: line.money.into(),
            account: line.account.into(),
            team: line.team.map(CostCenter::from),
            project: line.project.map(CostCenter::from),
            client: line.client.map(CostCenter::from),
            feature: line.feature,
        }
    }
}

/// One line of an entry made by hand: codes, a side and an amount above zero.
#[derive(Debug, Clone, InputObject)]
pub struct PostingInput {
    account: String,
    side: Side,
    amount: Decimal,
    currency: CurrencyCode,
    team: Option<String>,
    project: Option<String>,
    client: Option<String>,
    feature: Option<String>,
}

impl From<PostingInput> for app::PostingInput {
    fn from(input: PostingInput) -> Self {
        let PostingInput { account, side, amount, currency, team, project, client, feature } = input;
        Self { account, side: side.into(), amount: amount.0, currency: currency.0, team, project, client, feature }
    }
}

/// An entry to prepare.
#[derive(Debug, Clone, InputObject)]
pub struct PostJournalEntryInput {
    /// The same key with the same content is answered with the same draft.
    idempotency_key: String,
    effective_on: Date,
    memo: String,
    /// Number of the entry that it corrects.
    corrects: Option<BigInt>,
    postings: Vec<PostingInput>,
    /// Whether it waits for approval at once; `false` keeps it as a draft.
    #[graphql(default = true)]
    submit: bool,
}

impl PostJournalEntryInput {
    /// # Errors
    /// `DATE_INVALID`, `QUANTITY_INVALID` at the field.
    pub fn read(self) -> Result<app::PostInput, Rejection> {
        Ok(app::PostInput {
            idempotency_key: self.idempotency_key,
            effective_on: self.effective_on.to_date("effectiveOn")?,
            memo: self.memo,
            corrects: self.corrects.map(|number| number.to_i64("corrects")).transpose()?,
            postings: self.postings.into_iter().map(app::PostingInput::from).collect(),
            submit: self.submit,
        })
    }
}

/// New content of a draft, whole.
#[derive(Debug, Clone, InputObject)]
pub struct EditJournalDraftInput {
    id: BigInt,
    effective_on: Date,
    memo: String,
    corrects: Option<BigInt>,
    postings: Vec<PostingInput>,
    #[graphql(default = true)]
    submit: bool,
}

impl EditJournalDraftInput {
    /// # Errors
    /// `DATE_INVALID`, `QUANTITY_INVALID` at the field.
    pub fn read(self) -> Result<app::EditInput, Rejection> {
        Ok(app::EditInput {
            id: self.id.to_i64("id")?,
            effective_on: self.effective_on.to_date("effectiveOn")?,
            memo: self.memo,
            corrects: self.corrects.map(|number| number.to_i64("corrects")).transpose()?,
            postings: self.postings.into_iter().map(app::PostingInput::from).collect(),
            submit: self.submit,
        })
    }
}

/// What will not be collected, or need not be paid, of one entry.
#[derive(Debug, Clone, InputObject)]
pub struct WriteOffInput {
    idempotency_key: String,
    /// The entry that it corrects.
    number: BigInt,
    effective_on: Date,
    reason: String,
    /// The asset or liability that the amount is taken off.
    account: String,
    /// The account that bears it.
    against: String,
    amount: Decimal,
    currency: CurrencyCode,
    team: Option<String>,
    project: Option<String>,
    client: Option<String>,
    feature: Option<String>,
}

impl WriteOffInput {
    /// # Errors
    /// `DATE_INVALID`, `QUANTITY_INVALID` at the field.
    pub fn read(self) -> Result<app::WriteOffInput, Rejection> {
        Ok(app::WriteOffInput {
            idempotency_key: self.idempotency_key,
            number: self.number.to_i64("number")?,
            effective_on: self.effective_on.to_date("effectiveOn")?,
            reason: self.reason,
            account: self.account,
            against: self.against,
            amount: self.amount.0,
            currency: self.currency.0,
            team: self.team,
            project: self.project,
            client: self.client,
            feature: self.feature,
        })
    }
}

/// Which draft to approve.
#[derive(Debug, Clone, InputObject)]
pub struct ApproveJournalDraftInput {
    pub id: BigInt,
    /// What was read: refused with `DRAFT_CHANGED` when the draft says something else by now.
    pub content_hash: Option<String>,
}

/// A draft and a reason.
#[derive(Debug, Clone, InputObject)]
pub struct JournalDraftReasonInput {
    pub id: BigInt,
    pub reason: String,
}

/// A draft.
#[derive(Debug, Clone, InputObject)]
pub struct SubmitJournalDraftInput {
    pub id: BigInt,
}

/// A limit on what an entry made by hand moves through an account, or through all of them.
#[derive(Debug, Clone, SimpleObject, InputObject)]
#[graphql(input_name = "JournalLimitInput")]
pub struct JournalLimit {
    /// Absent for the whole entry: the total of its debits.
    account: Option<String>,
    currency: CurrencyCode,
    /// Up to this one approver is enough; above it takes two.
    one_approver_up_to: Option<Decimal>,
    /// Above this the entry is refused.
    refused_above: Option<Decimal>,
}

/// The largest entry that a person may approve, by the total of its debits.
#[derive(Debug, Clone, SimpleObject, InputObject)]
#[graphql(input_name = "ApproverLimitInput")]
pub struct ApproverLimit {
    /// Absent for everybody without a line of their own.
    approver: Option<String>,
    currency: CurrencyCode,
    up_to: Decimal,
}

/// All limits on entries made by hand. What has no line is not limited.
#[derive(Debug, Clone, SimpleObject, InputObject)]
#[graphql(input_name = "SaveJournalLimitsInput")]
pub struct JournalLimits {
    limits: Vec<JournalLimit>,
    approvers: Vec<ApproverLimit>,
}

impl From<app::LimitsView> for JournalLimits {
    fn from(view: app::LimitsView) -> Self {
        let limit = |limit: app::JournalLimitInput| JournalLimit {
            account: limit.account,
            currency: CurrencyCode(limit.currency),
            one_approver_up_to: limit.one_approver_up_to.map(Decimal),
            refused_above: limit.refused_above.map(Decimal),
        };
        let approver = |limit: app::ApproverLimitInput| ApproverLimit {
            approver: limit.approver,
            currency: CurrencyCode(limit.currency),
            up_to: Decimal(limit.up_to),
        };
        Self { limits: view.limits.into_iter().map(limit).collect(), approvers: view.approvers.into_iter().map(approver).collect() }
    }
}

impl From<JournalLimits> for app::LimitsView {
    fn from(input: JournalLimits) -> Self {
        let limit = |limit: JournalLimit| app::JournalLimitInput {
            account: limit.account,
            currency: limit.currency.0,
            one_approver_up_to: limit.one_approver_up_to.map(|amount| amount.0),
            refused_above: limit.refused_above.map(|amount| amount.0),
        };
        let approver =
            |limit: ApproverLimit| app::ApproverLimitInput { approver: limit.approver, currency: limit.currency.0, up_to: limit.up_to.0 };
        Self { limits: input.limits.into_iter().map(limit).collect(), approvers: input.approvers.into_iter().map(approver).collect() }
    }
}
