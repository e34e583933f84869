//! The field names of one charge, as `ChargeInput` of the GraphQL schema spells them: the one list for every reader.

macro_rules! fields {
    ($(#[$doc:meta])* $type:ident { $($bit:literal $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $type { $($variant,)* }

        impl FieldName for $type {
            const NAMES: &'static [&'static str] = &[$($name,)*];

            #[inline]
            fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            #[inline]
            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            #[inline]
            fn bit(self) -> u32 {
                match self { $(Self::$variant => const { 1_u32 << $bit },)* }
            }
        }
    };
}

/// A closed list of field names.
pub(super) trait FieldName: Copy + 'static {
    const NAMES: &'static [&'static str];

    fn parse(name: &str) -> Option<Self>;
    fn name(self) -> &'static str;
    /// A bit of its own, for noticing a name that comes twice.
    fn bit(self) -> u32;
}

fields! {
    /// Members of a charge.
    ChargeField {
        0 Source = "source",
        1 ExternalId = "externalId",
        2 OccurredAt = "occurredAt",
        3 Provider = "provider",
        4 Model = "model",
        5 Team = "team",
        6 Project = "project",
        7 Client = "client",
        8 Feature = "feature",
        9 Environment = "environment",
        10 ApiKey = "apiKey",
        11 EndUser = "endUser",
        12 Processing = "processing",
        13 ServiceTier = "serviceTier",
        14 Region = "region",
        15 Tags = "tags",
        16 Usage = "usage",
        17 ReportedCost = "reportedCost",
    }
}

fields! {
    /// Members of `usage`.
    UsageField {
        0 InputTokens = "inputTokens",
        1 OutputTokens = "outputTokens",
        2 CacheReadTokens = "cacheReadTokens",
        3 CacheWrite5mTokens = "cacheWrite5mTokens",
        4 CacheWrite1hTokens = "cacheWrite1hTokens",
        5 ReasoningTokens = "reasoningTokens",
        6 TotalInputTokens = "totalInputTokens",
        7 Other = "other",
    }
}

fields! {
    /// Members of one of `usage.other`.
    OtherField { 0 Meter = "meter", 1 Quantity = "quantity", }
}

fields! {
    /// Members of one of `tags`.
    TagField { 0 Key = "key", 1 Value = "value", }
}

fields! {
    /// Members of `reportedCost`.
    CostField { 0 Amount = "amount", 1 Currency = "currency", }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_has_its_own_bit() {
        let mut seen = 0;
        for name in ChargeField::NAMES {
            let field = ChargeField::parse(name).unwrap();
            assert_eq!(field.name(), *name);
            assert_eq!(seen & field.bit(), 0, "{name}");
            seen |= field.bit();
        }
        assert_eq!(ChargeField::parse("Source"), None);
    }
}
