//! Duties that exclude each other on one person, and the acts by which a person is known to hold one.

/// A duty that somebody has taken on by doing something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Duty {
    /// Keeps the price book: prices, discounts, aliases.
    PriceBook,
    /// Gets entries into the journal by hand: approves drafts, reverses, rates or attributes again.
    Posting,
    /// Writes rules.
    RuleAuthor,
    /// Approves rules.
    RuleApproval,
    /// Closes periods.
    Closing,
    /// Prepares entries by hand.
    Preparing,
    /// Takes the journal out to another system.
    Exporting,
    /// Approves what others prepared.
    Approving,
}

/// Whether the duties of these books exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum DutyMode {
    /// Only preparer and approver of one entry are different persons, which always holds: one person can run small books.
    #[default]
    Off,
    /// Every pair of [`Duty::excluded`] is held by different persons.
    Strict,
}

impl DutyMode {
    /// The number under which the mode is stored.
    pub fn id(self) -> i16 {
        match self {
            Self::Off => 0,
            Self::Strict => 1,
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        [Self::Off, Self::Strict].into_iter().find(|mode| mode.id() == id)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::Strict => "STRICT",
        }
    }
}

impl Duty {
    pub const ALL: [Self; 8] = [
        Self::PriceBook,
        Self::Posting,
        Self::RuleAuthor,
        Self::RuleApproval,
        Self::Closing,
        Self::Preparing,
        Self::Exporting,
        Self::Approving,
    ];

    /// The duty that a holder of this one does not take on. It is mutual.
    pub fn excluded(self) -> Self {
        match self {
            Self::PriceBook => Self::Posting,
            Self::Posting => Self::PriceBook,
            Self::RuleAuthor => Self::RuleApproval,
            Self::RuleApproval => Self::RuleAuthor,
            Self::Closing => Self::Preparing,
            Self::Preparing => Self::Closing,
            Self::Exporting => Self::Approving,
            Self::Approving => Self::Exporting,
        }
    }

    /// Actions of the audit log that show a person at this duty.
    pub fn actions(self) -> &'static [&'static str] {
        match self {
            Self::PriceBook => &["price.save", "price.import", "discount.save", "modelAlias.save", "modelAlias.delete"],
            Self::Posting => &[
                "journalDraft.approve",
                "entry.reverse",
                "charges.rerate",
                "charges.reattribute",
                "allocation.run",
                "allocation.reverse",
                "chargeback.post",
                "chargeback.reverse",
            ],
            Self::RuleAuthor => &["attributionRule.save", "postingRule.save", "postingRule.delete", "allocationRule.save"],
            Self::RuleApproval => &["attributionRule.approve", "postingRule.approve", "allocationRule.approve"],
            Self::Closing => &["period.close"],
            Self::Preparing => &["journalDraft.create", "journalDraft.edit", "journalDraft.submit"],
            Self::Exporting => &["journal.export", "exportBatch.create"],
            Self::Approving => &["journalDraft.approve", "chargeback.approve"],
        }
    }

    /// What somebody with this duty does, in a sentence of refusal.
    pub fn words(self) -> &'static str {
        match self {
            Self::PriceBook => "changed the price book",
            Self::Posting => "posted or approved entries by hand",
            Self::RuleAuthor => "wrote this rule",
            Self::RuleApproval => "approved this rule",
            Self::Closing => "closed the period",
            Self::Preparing => "prepared entries by hand in the period",
            Self::Exporting => "exported the journal",
            Self::Approving => "approved entries by hand",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusion_is_mutual() {
        for duty in Duty::ALL {
            assert_ne!(duty, duty.excluded());
            assert_eq!(duty.excluded().excluded(), duty);
        }
    }
}
