//! Where a statement stands, and what may be done with it there.

use crate::domain::rejection::{Code, Rejection};

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatementStatus {
    /// Waits for another person's approval; a new draft of the month replaces it.
    Draft,
    /// Frozen. Showback ends here.
    Approved,
    Posted,
    /// Given to another finance system.
    Exported,
    /// The other system said under which document it booked it.
    Acknowledged,
    /// Its entry was mirrored; the next draft takes its cost up again.
    Reversed,
    /// Replaced by a later draft, or withdrawn. It keeps its number.
    Void,
}

/// What somebody wants to do with a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Approve,
    Withdraw,
    Post,
    Export,
    Acknowledge,
    Reverse,
}

impl StatementStatus {
    pub const ALL: [Self; 7] = [Self::Draft, Self::Approved, Self::Posted, Self::Exported, Self::Acknowledged, Self::Reversed, Self::Void];

    /// The number under which the status is stored.
    pub fn id(self) -> i16 {
        match self {
            Self::Draft => 1,
            Self::Approved => 2,
            Self::Posted => 3,
            Self::Exported => 4,
            Self::Acknowledged => 5,
            Self::Reversed => 6,
            Self::Void => 7,
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.id() == id)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Approved => "APPROVED",
            Self::Posted => "POSTED",
            Self::Exported => "EXPORTED",
            Self::Acknowledged => "ACKNOWLEDGED",
            Self::Reversed => "REVERSED",
            Self::Void => "VOID",
        }
    }

    /// Whether what it charges counts as charged.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Approved | Self::Posted | Self::Exported | Self::Acknowledged)
    }

    /// Refuses a step that this status does not allow.
    ///
    /// # Errors
    /// `STATEMENT_NOT_OPEN` at `number`.
    pub fn allow(self, step: Step) -> Result<(), Rejection> {
        let is_allowed = match step {
            Step::Approve => matches!(self, Self::Draft),
            Step::Withdraw => matches!(self, Self::Draft | Self::Approved),
            Step::Post => matches!(self, Self::Approved),
            Step::Export => matches!(self, Self::Posted),
            // What was taken by hand needs no mark before.
            Step::Acknowledge => matches!(self, Self::Posted | Self::Exported),
            Step::Reverse => matches!(self, Self::Posted | Self::Exported | Self::Acknowledged),
        };
        if is_allowed {
            return Ok(());
        }
        let advice = match (step, self) {
            (_, Self::Void) => "use the draft that replaced it, or draft the period again",
            (_, Self::Reversed) => "draft the period again",
            (Step::Approve, _) => "it is approved already",
            (Step::Withdraw, _) => "reverse it",
            (_, Self::Draft) => "have it approved first",
            (Step::Reverse, _) => "it is not posted, so withdraw it",
            (Step::Post | Step::Export, Self::Posted | Self::Exported | Self::Acknowledged) => "that was done already",
            (Step::Acknowledge, Self::Acknowledged) => "that was done already",
            _ => "post it first",
        };
        Err(Rejection::at(Code::StatementNotOpen, "number", format!("the statement is {}: {advice}", self.as_str())))
    }
}
