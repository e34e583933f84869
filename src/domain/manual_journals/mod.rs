//! Entries made by hand: what a draft says, where it stands, and how many persons have to approve it.
//!
//! A draft has no entry number. It becomes an entry only through the gate, when enough other persons approved exactly this content.

mod limits;

pub use limits::{ApproverLimit, JournalLimit, JournalLimits};

use crate::domain::chart::AccountClass;
use crate::domain::ids::{AccountId, BlockId, EntryNumber, NameId};
use crate::domain::journal::{EntryDraft, EntryKind, Posting, Side, View, decide};
use crate::domain::money::Money;
use crate::domain::period::{Day, PeriodStatus};
use crate::domain::rejection::{Code, Rejection};

/// Where a draft stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DraftStatus {
    /// Its preparer works on it.
    Draft,
    /// Submitted: it waits for another person.
    PendingApproval,
    /// Approved, and posted in the same transaction.
    Posted,
    /// Given back with a reason; its preparer may edit it into a draft again.
    Rejected,
    /// Taken back by its preparer, for good.
    Withdrawn,
}

/// What somebody wants to do with a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Edit,
    Submit,
    /// Approve or reject.
    Decide,
    Withdraw,
}

impl DraftStatus {
    pub const ALL: [Self; 5] = [Self::Draft, Self::PendingApproval, Self::Posted, Self::Rejected, Self::Withdrawn];

    /// The number under which the status is stored.
    pub fn id(self) -> i16 {
        match self {
            Self::Draft => 1,
            Self::PendingApproval => 2,
            Self::Posted => 3,
            Self::Rejected => 4,
            Self::Withdrawn => 5,
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.id() == id)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::PendingApproval => "PENDING_APPROVAL",
            Self::Posted => "POSTED",
            Self::Rejected => "REJECTED",
            Self::Withdrawn => "WITHDRAWN",
        }
    }

    /// Refuses a step that this status does not allow. An edit is allowed until the draft is decided for good: it voids what was approved.
    ///
    /// # Errors
    /// `DRAFT_NOT_OPEN` at `id`.
    pub fn allow(self, step: Step) -> Result<(), Rejection> {
        let is_allowed = match step {
            Step::Edit => matches!(self, Self::Draft | Self::PendingApproval | Self::Rejected),
            Step::Submit => matches!(self, Self::Draft),
            Step::Decide => matches!(self, Self::PendingApproval),
            Step::Withdraw => matches!(self, Self::Draft | Self::PendingApproval | Self::Rejected),
        };
        if is_allowed {
            return Ok(());
        }
        let advice = match (step, self) {
            (Step::Decide, Self::Draft) => "it is not submitted yet",
            (Step::Submit, Self::PendingApproval) => "it is submitted already",
            (Step::Submit, Self::Rejected) => "edit it first: the same content was rejected",
            (_, Self::Posted) => "correct the posted entry by its reversal",
            _ => "prepare a new entry",
        };
        Err(Rejection::at(Code::DraftNotOpen, "id", format!("the draft is {}: {advice}", self.as_str())))
    }
}

/// One line of a draft: like a posting, but its coding block is interned only when it is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftLine {
    pub side: Side,
    /// Above zero.
    pub money: Money,
    pub account: AccountId,
    pub team: NameId,
    pub project: NameId,
    pub client: NameId,
    pub feature: Option<String>,
}

/// What a draft says. Its hash is what an approval names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftContent {
    /// Manual or a write-off.
    pub kind: EntryKind,
    /// The accounting day, in the books' time zone.
    pub effective_on: Day,
    pub memo: String,
    /// The entry that it corrects.
    pub corrects: Option<EntryNumber>,
    pub lines: Vec<DraftLine>,
}

impl DraftContent {
    /// Refuses what the gate would refuse when the draft is posted, so that nobody approves in vain.
    ///
    /// # Errors
    /// The gate's refusals of balance, amounts and length, with the paths of the postings.
    pub fn check(&self) -> Result<(), Rejection> {
        let stand_in = BlockId(1);
        let postings: Vec<Posting> = self.lines.iter().map(|line| line.posting(stand_in)).collect();
        // The period is asked when the entry is posted: a draft may wait for its month to begin.
        let view = View {
            last_entry: EntryNumber(0),
            last_block: stand_in,
            period: PeriodStatus::Open,
            first_open_day: self.effective_on,
            is_closer: false,
        };
        decide(&view, &self.entry(&postings)).map(drop)
    }

    /// The entry with these postings, as it goes to the gate.
    pub fn entry<'a>(&'a self, postings: &'a [Posting]) -> EntryDraft<'a> {
        EntryDraft {
            kind: self.kind,
            effective_on: self.effective_on,
            service_on: None,
            postings,
            charge: None,
            corrects: self.corrects,
            memo: Some(&self.memo),
        }
    }
}

impl DraftLine {
    pub fn posting(&self, block: BlockId) -> Posting {
        Posting { side: self.side, amount: self.money.amount, currency: self.money.currency, block }
    }
}

/// The side on which an amount is taken off an account of this class: what will not be collected, or need not be paid.
///
/// # Errors
/// `WRITE_OFF_INVALID` at `account` for a class that carries nothing to be taken off.
pub fn write_off_side(class: AccountClass) -> Result<Side, Rejection> {
    match class {
        AccountClass::Asset => Ok(Side::Credit),
        AccountClass::Liability => Ok(Side::Debit),
        AccountClass::Equity | AccountClass::Revenue | AccountClass::CostOfRevenue | AccountClass::OperatingExpense => {
            let message = format!("the account is {}; a write-off takes an amount off an asset or a liability", class.as_str());
            Err(Rejection::at(Code::WriteOffInvalid, "account", message))
        }
    }
}

/// The persons behind an act: who did it, and for whom. Two acts are by different persons only when they share none of them.
///
/// Persons are compared by their subject alone, whoever vouches for it: the same name at two issuers is taken for one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persons {
    pub subject: String,
    pub acting_for: Option<String>,
}

impl Persons {
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.subject.as_str()).chain(self.acting_for.as_deref())
    }

    pub fn share_one_with(&self, others: &Self) -> bool {
        self.names().any(|name| others.names().any(|other| name == other))
    }
}

#[cfg(test)]
mod tests;
