//! Names that are known from their first appearance.

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

    pub fn from_id(id: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }
}
