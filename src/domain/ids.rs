//! Identifiers as newtypes: no bare integer crosses a function signature as an id.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

id!(
    /// One organisation's ledger: the tenant. Leads every key.
    BooksId(i32)
);
id!(
    /// Gapless number of a charge within its books, in the order of arrival.
    ChargeNumber(i64)
);
id!(
    /// Gapless number of a journal entry within its books, in the order of posting; the cursor that ERPs follow.
    EntryNumber(i64)
);
id!(
    /// A draft of an entry made by hand, within its books. It is no entry number: an entry gets one when it is posted.
    DraftId(i64)
);
id!(
    /// Interned coding block within its books.
    BlockId(i32)
);
id!(
    /// An account of the chart within its books.
    AccountId(i32)
);
id!(
    /// A cost center or an interned name (feature, provider, model, ...) within its books. Zero means *none*.
    NameId(i32)
);
id!(
    /// One immutable line of the price book.
    PriceId(i32)
);
id!(
    /// One immutable contracted discount.
    DiscountId(i32)
);
id!(
    /// One immutable version of an attribution rule. Zero means *no rule decided*.
    RuleId(i32)
);

impl NameId {
    /// The absent dimension.
    pub const NONE: Self = Self(0);

    /// The id, unless the dimension is absent.
    pub fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}
