//! Prices: money per N units, dated twice (when it applies, when we learned it), never edited.

use crate::domain::ids::{DiscountId, PriceId};
use crate::domain::money::{Currency, Exact};
use crate::domain::period::Moment;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::usage::{Meter, Processing};

/// Money per `per` units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitPrice {
    amount: Exact,
    per: i64,
    currency: Currency,
    each: Exact,
}

impl UnitPrice {
    /// Enough for a price per thousand million units.
    pub const LARGEST_PER: i64 = 1_000_000_000;
    /// Decimals a price can have; providers quote up to nine per million.
    pub const MOST_DECIMALS: u32 = 12;

    /// # Errors
    /// `PER_NOT_EXACT` unless `per` is a product of twos and fives up to a thousand million;
    /// `AMOUNT_NEGATIVE`, `AMOUNT_TOO_PRECISE`, `AMOUNT_TOO_LARGE` for prices no provider asks.
    pub fn new(amount: Exact, per: i64, currency: Currency) -> Result<Self, Rejection> {
        let amount = amount.normalized();
        let refuse = |code: Code, message: &str| Err(Rejection::at(code, "amount", message));
        if amount.mantissa() < 0 {
            return refuse(Code::AmountNegative, "a price is not negative");
        }
        if amount.scale() > Self::MOST_DECIMALS {
            return refuse(Code::AmountTooPrecise, "a price has at most 12 decimals; give it per a larger number of units");
        }
        if amount.mantissa() > 1_000_000_000_000_000_000 {
            return refuse(Code::AmountTooLarge, "the price is larger than any provider asks; check `per`");
        }
        let per_refused = || Rejection::at(Code::PerNotExact, "per", Code::PerNotExact.help());
        if per > Self::LARGEST_PER {
            return Err(per_refused());
        }
        let each = amount.checked_div_exact(per).ok_or_else(per_refused)?;
        Ok(Self { amount, per, currency, each })
    }

    /// The price at this many percent of it, exactly: 100 is the same price. `None` below zero, or when it does not fit 128 bits.
    pub fn scaled(&self, percent: Exact) -> Option<Self> {
        if percent.mantissa() < 0 {
            return None;
        }
        let scale = |money: Exact| money.checked_mul(percent.checked_div_exact(100)?).map(Exact::normalized);
        Some(Self { amount: scale(self.amount)?, each: scale(self.each)?, ..*self })
    }

    /// Money per [`UnitPrice::per`] units.
    pub fn amount(&self) -> Exact {
        self.amount
    }

    pub fn per(&self) -> i64 {
        self.per
    }

    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Money for one unit, exactly.
    pub fn each(&self) -> Exact {
        self.each
    }
}

/// What a price is for. Two prices with equal keys compete; the one with the higher precedence, then the later start, then the later number wins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PriceKey {
    pub provider: String,
    pub model: String,
    pub meter: Meter,
    pub processing: Processing,
    /// `None`: the provider's default tier.
    pub service_tier: Option<String>,
    /// `None`: every region that has no price of its own.
    pub region: Option<String>,
    /// The price of the whole request when its input of all classes is above this many tokens.
    pub above_input_tokens: Option<i64>,
}

/// Where a price comes from, lowest first: what the organisation sets stands above imported lists, those above the built-in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precedence {
    BuiltIn,
    Imported,
    Set,
}

impl Precedence {
    pub fn id(self) -> i16 {
        match self {
            Self::BuiltIn => 0,
            Self::Imported => 1,
            Self::Set => 2,
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        [Self::BuiltIn, Self::Imported, Self::Set].into_iter().find(|precedence| precedence.id() == id)
    }
}

/// A price as it is given: everything but its number and when we learned it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceTerms {
    pub key: PriceKey,
    pub unit_price: UnitPrice,
    pub effective_from: Moment,
    /// Excluded; open when absent.
    pub effective_to: Option<Moment>,
    pub precedence: Precedence,
    /// Where the figure was read: an address or a contract's name.
    pub source: String,
}

/// One immutable line of the price book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    pub id: PriceId,
    pub terms: PriceTerms,
    /// When we learned it.
    pub recorded_at: Moment,
}

impl Price {
    pub fn applies_at(&self, moment: Moment) -> bool {
        self.terms.effective_from <= moment && self.terms.effective_to.is_none_or(|to| moment < to)
    }
}

/// A contracted discount on the list price of a provider or one of its models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discount {
    pub id: DiscountId,
    pub provider: String,
    /// `None`: every model of the provider that has no discount of its own.
    pub model: Option<String>,
    /// Percent taken off, above 0 and at most 100.
    pub percent: Exact,
    pub effective_from: Moment,
    pub effective_to: Option<Moment>,
    /// The contract that grants it.
    pub source: String,
}

impl Discount {
    pub fn applies_at(&self, moment: Moment) -> bool {
        self.effective_from <= moment && self.effective_to.is_none_or(|to| moment < to)
    }

    /// What is left of one unit of money: `1 - percent / 100`, exactly.
    pub fn remaining_share(&self) -> Option<Exact> {
        Exact::new(1, 0).checked_sub(self.percent.checked_div_exact(100)?)
    }
}
