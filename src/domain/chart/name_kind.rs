//! Names that are known from their first appearance, and how many of them books take.

use serde::{Deserialize, Serialize};

/// What an interned name names. Kinds 1 to 3 are the cost centers', which share the ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameKind {
    Feature,
    Provider,
    Model,
    Environment,
    /// The system that sent a charge; with its external id it is the charge's key.
    Source,
    ApiKey,
    /// Processing, service tier and region of a charge, as `PROCESSING|tier|region`.
    Variant,
}

impl NameKind {
    pub const ALL: [Self; 7] = [Self::Feature, Self::Provider, Self::Model, Self::Environment, Self::Source, Self::ApiKey, Self::Variant];

    pub fn id(self) -> i16 {
        match self {
            Self::Feature => 4,
            Self::Provider => 5,
            Self::Model => 6,
            Self::Environment => 7,
            Self::Source => 8,
            Self::ApiKey => 9,
            Self::Variant => 10,
        }
    }

    /// The member of a charge that brings the name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feature => "feature",
            Self::Provider => "provider",
            Self::Model => "model",
            Self::Environment => "environment",
            Self::Source => "source",
            Self::ApiKey => "apiKey",
            Self::Variant => "variant",
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }
}

/// The name on which charges are booked when the books take no more names of the kind. A caller who sends it himself means the same.
pub const OTHER_NAME: &str = "(other)";

/// How many names of one kind the books take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NameLimits {
    /// Of all sources and of commands together.
    pub per_kind: u32,
    /// That the charges of one source brought first. Below `per_kind`, so that one source does not use up the names of all.
    pub per_source: u32,
}

impl Default for NameLimits {
    /// A company has far fewer; whoever sends a new name a call reaches them. Blocks and balances grow with the product of the names.
    fn default() -> Self {
        Self { per_kind: 200_000, per_source: 50_000 }
    }
}

impl NameLimits {
    /// Most names of a kind, so that ids stay within 32 bits whatever is set.
    pub const MOST: u32 = 20_000_000;

    /// # Errors
    /// A sentence about the setting that cannot be used.
    pub fn check(self) -> Result<Self, String> {
        for (name, value) in [("per_kind", self.per_kind), ("per_source", self.per_source)] {
            if value == 0 || value > Self::MOST {
                return Err(format!("`names.{name}` is {value}; it is from 1 to {}", Self::MOST));
            }
        }
        Ok(self)
    }
}
