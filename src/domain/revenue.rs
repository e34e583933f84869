//! Revenue: how its amount is stated, and the parts that it is recognised in. Pure arithmetic: every split re-sums, and a product is rounded once.

use num_bigint::BigUint;

use super::money::{Amount, Currency, Exact, Money, split};
use super::outputs::Count;
use super::period::Day;
use super::rejection::{Code, Rejection};

/// Decimals of a percentage, so that all of a contract is 1,000,000.
const PERCENT_DECIMALS: u32 = 4;

/// What the client pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevenueKind {
    FixedFee,
    TimeAndMaterial,
    Retainer,
    PerUnit,
    SubscriptionShare,
}

impl RevenueKind {
    pub const ALL: [Self; 5] = [Self::FixedFee, Self::TimeAndMaterial, Self::Retainer, Self::PerUnit, Self::SubscriptionShare];

    /// The number under which the kind is stored.
    pub fn id(self) -> i16 {
        match self {
            Self::FixedFee => 1,
            Self::TimeAndMaterial => 2,
            Self::Retainer => 3,
            Self::PerUnit => 4,
            Self::SubscriptionShare => 5,
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::FixedFee => "FIXED_FEE",
            Self::TimeAndMaterial => "TIME_AND_MATERIAL",
            Self::Retainer => "RETAINER",
            Self::PerUnit => "PER_UNIT",
            Self::SubscriptionShare => "SUBSCRIPTION_SHARE",
        }
    }

    /// # Errors
    /// `REVENUE_INVALID` at `kind`.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let shown: String = text.chars().take(40).collect();
        let words = || Self::ALL.map(Self::as_str).join(", ");
        let unknown = || invalid("kind", format!("`{shown}` is not one of {}", words()));
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(unknown)
    }
}

/// How much of a contract is done, in millionths of the whole: from nothing to all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion(i64);

impl Completion {
    pub fn from_millionths(millionths: i64) -> Self {
        Self(millionths)
    }

    pub fn millionths(self) -> i64 {
        self.0
    }

    /// In percent.
    pub fn percent(self) -> Exact {
        Exact::new(i128::from(self.0), PERCENT_DECIMALS).normalized()
    }

    /// Reads a percentage from 0 to 100 with at most four decimals.
    ///
    /// # Errors
    /// `REVENUE_INVALID` at `percentComplete`.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let shown: String = text.chars().take(40).collect();
        let refused = || invalid("percentComplete", format!("`{shown}` is not a percentage from 0 to 100 with at most four decimals"));
        let exact = Exact::parse(text).map_err(|_| refused())?.normalized();
        let millionths = (exact.scale() <= PERCENT_DECIMALS).then(|| exact.round_half_even(PERCENT_DECIMALS)).flatten();
        millionths.filter(|millionths| (0..=1_000_000).contains(millionths)).map(Self).ok_or_else(refused)
    }

    /// What is recognised now: the done part of the contract, rounded once (half to even), less `before` (ledger units). It is below zero
    /// when the estimate fell.
    ///
    /// # Errors
    /// `AMOUNT_TOO_LARGE` at `contractAmount`.
    pub fn recognised(self, contract: Money, before: i64) -> Result<Money, Rejection> {
        let done = contract.exact().checked_mul(Exact::new(i128::from(self.0), 6));
        let units = done.and_then(|done| done.round_half_even(contract.currency.ledger_scale())).and_then(|done| done.checked_sub(before));
        let units = units.ok_or_else(|| Rejection::of(Code::AmountTooLarge).under("contractAmount"))?;
        Ok(Amount::from_units(units).with(contract.currency))
    }
}

/// Reads a quantity that is priced.
///
/// # Errors
/// `REVENUE_INVALID` at `quantity`.
pub fn revenue_quantity(text: &str) -> Result<Count, Rejection> {
    let shown: String = text.chars().take(40).collect();
    Count::parse(text).ok_or_else(|| invalid("quantity", format!("`{shown}` is not a decimal with at most six decimals")))
}

/// The ways in which a caller can state an amount, as far as they are given. Exactly one of them counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stated {
    pub amount: Option<Amount>,
    pub contract_amount: Option<Amount>,
    pub complete: Option<Completion>,
    pub quantity: Option<Count>,
    pub unit_price: Option<Exact>,
}

/// How the amount of an entry comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Known from the input alone.
    Amount(Money),
    /// Computed from what was recognised of the contract before.
    Percentage { contract_amount: Money, complete: Completion },
}

/// Revenue as it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevenueInput {
    pub source: String,
    pub external_id: String,
    pub kind: RevenueKind,
    pub earned_on: Day,
    /// The last day of the time over which it is earned.
    pub earned_through: Option<Day>,
    pub stated: Stated,
    pub currency: Currency,
    pub contract: Option<String>,
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
    pub memo: Option<String>,
}

fn invalid(field: &'static str, message: impl Into<String>) -> Rejection {
    Rejection::at(Code::RevenueInvalid, field, message)
}

impl RevenueInput {
    /// How the amount comes about.
    ///
    /// # Errors
    /// `REVENUE_INVALID` at the field that is absent, too many or does not fit; `REVENUE_REASON_MISSING`; `AMOUNT_TOO_LARGE`.
    pub fn basis(&self) -> Result<Basis, Rejection> {
        let Stated { amount, contract_amount, complete, .. } = self.stated;
        match (contract_amount, complete) {
            (None, None) => self.amount().map(Basis::Amount),
            (Some(_), None) => {
                Err(invalid("percentComplete", "`contractAmount` needs `percentComplete`: how much of the contract is done"))
            }
            (None, Some(_)) => {
                Err(invalid("contractAmount", "`percentComplete` needs `contractAmount`: what all of the contract is worth"))
            }
            (Some(contract_amount), Some(complete)) => {
                if amount.is_some() || self.stated.quantity.is_some() {
                    return Err(invalid(
                        "amount",
                        "the amount follows from `contractAmount` and `percentComplete`: leave `amount` and `quantity` out",
                    ));
                }
                if self.contract.is_none() {
                    return Err(invalid(
                        "contract",
                        "`percentComplete` is of a contract: name it, since what was recognised under it before counts",
                    ));
                }
                if self.earned_through.is_some() {
                    return Err(invalid("earnedThrough", "revenue by percentage is earned on one day: leave `earnedThrough` out"));
                }
                if !contract_amount.is_positive() {
                    return Err(invalid("contractAmount", "`contractAmount` is above zero"));
                }
                Ok(Basis::Percentage { contract_amount: contract_amount.with(self.currency), complete })
            }
        }
    }

    fn amount(&self) -> Result<Money, Rejection> {
        let Stated { amount, quantity, unit_price, .. } = self.stated;
        let stated = match (quantity, unit_price) {
            (None, None) => amount.ok_or_else(|| {
                invalid("amount", "give `amount`, or `quantity` and `unitPrice`, or `contractAmount` and `percentComplete`")
            })?,
            (Some(_), None) => return Err(invalid("unitPrice", "`quantity` needs `unitPrice`")),
            (None, Some(_)) => return Err(invalid("quantity", "`unitPrice` needs `quantity`")),
            (Some(quantity), Some(unit_price)) => {
                if !matches!(self.kind, RevenueKind::PerUnit | RevenueKind::TimeAndMaterial) {
                    return Err(invalid("quantity", "`quantity` and `unitPrice` are for PER_UNIT and TIME_AND_MATERIAL"));
                }
                let product = priced(quantity, unit_price, self.currency)?;
                if let Some(amount) = amount.filter(|amount| *amount != product.amount) {
                    let (quantity, amount) = (quantity.exact(), amount.with(self.currency));
                    return Err(invalid("amount", format!("{quantity} at {unit_price} are {product}, and `amount` says {amount}")));
                }
                product.amount
            }
        };
        if stated == Amount::ZERO {
            return Err(invalid("amount", "the amount is zero: nothing was earned"));
        }
        if stated.units() < 0 && self.memo.is_none() {
            return Err(Rejection::of(Code::RevenueReasonMissing).under("memo"));
        }
        Ok(stated.with(self.currency))
    }
}

/// What a quantity costs at a price, rounded once to the ledger scale; halves go to the even neighbour.
///
/// # Errors
/// `AMOUNT_TOO_LARGE` at `quantity`.
pub fn priced(quantity: Count, unit_price: Exact, currency: Currency) -> Result<Money, Rejection> {
    let product = quantity.exact().checked_mul(unit_price.normalized());
    let units = product.and_then(|product| product.round_half_even(currency.ledger_scale()));
    Money::computed(units, currency).map_err(|rejection| rejection.under("quantity"))
}

/// What is recognised on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub earned_on: Day,
    pub amount: Amount,
}

/// Spreads an amount over the days from `from` to `through`, both included: one part for each calendar month, weighted by its days and dated
/// on its last day. The parts re-sum to the amount; units left over go to the largest remainders, of equal ones to the earlier month.
pub fn spread(amount: Amount, from: Day, through: Day) -> Vec<Part> {
    let (mut ends, mut weights, mut first) = (Vec::new(), Vec::new(), from);
    while first <= through {
        let last = first.month().last_day().min(through);
        ends.push(last);
        weights.push(BigUint::from(last.0.abs_diff(first.0).saturating_add(1)));
        first = last.next();
    }
    // Every month has a day to weigh by; when `through` is before `from` there is no month, and the one day takes all of it.
    match split(amount.units(), &weights) {
        Ok(parts) => {
            ends.into_iter().zip(parts).map(|(earned_on, part)| Part { earned_on, amount: Amount::from_units(part.units) }).collect()
        }
        Err(_) => vec![Part { earned_on: from, amount }],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(text: &str) -> Money {
        Money::parse(text, Currency::USD).unwrap()
    }

    fn input(stated: Stated) -> RevenueInput {
        RevenueInput {
            source: "crm".to_owned(),
            external_id: "1".to_owned(),
            kind: RevenueKind::PerUnit,
            earned_on: Day(20_000),
            earned_through: None,
            stated,
            currency: Currency::USD,
            contract: None,
            team: None,
            project: None,
            client: None,
            feature: None,
            memo: None,
        }
    }

    fn day(text: &str) -> Day {
        Day::from_date(text.parse().unwrap())
    }

    /// 100 over 15 January to 14 March: 17, 28 and 14 of 59 days.
    #[test]
    fn an_amount_is_spread_by_days() {
        let parts = spread(usd("100").amount, day("2026-01-15"), day("2026-03-14"));
        let shown: Vec<_> = parts.iter().map(|part| (part.earned_on.to_string(), part.amount.with(Currency::USD).to_string())).collect();
        let expected = [("2026-01-31", "28.813559322 USD"), ("2026-02-28", "47.457627119 USD"), ("2026-03-14", "23.728813559 USD")];
        assert_eq!(shown, expected.map(|(day, amount)| (day.to_owned(), amount.to_owned())));
        assert_eq!(
            spread(usd("7").amount, day("2026-01-31"), day("2026-01-31")),
            [Part { earned_on: day("2026-01-31"), amount: usd("7").amount }]
        );
        let over = spread(usd("7").amount, day("2026-01-31"), day("2026-02-01"));
        assert_eq!(over.iter().map(|part| part.earned_on.to_string()).collect::<Vec<_>>(), ["2026-01-31", "2026-02-01"]);
    }

    /// 2.5 x 0.333333333333 = 0.8333333333325, rounded once to 0.833333333.
    #[test]
    fn quantity_times_price_is_rounded_once_and_agrees_with_the_amount() {
        let stated =
            Stated { quantity: Count::parse("2.5"), unit_price: Some(Exact::parse("0.333333333333").unwrap()), ..Stated::default() };
        assert_eq!(input(stated).basis(), Ok(Basis::Amount(usd("0.833333333"))));
        let agreeing = Stated { amount: Some(usd("0.833333333").amount), ..stated };
        assert_eq!(input(agreeing).basis(), Ok(Basis::Amount(usd("0.833333333"))));
        let other = Stated { amount: Some(usd("0.83").amount), ..stated };
        assert_eq!(input(other).basis().unwrap_err().path, ["amount"]);
    }

    #[test]
    fn an_amount_is_stated_in_exactly_one_way() {
        let amount = Some(usd("5").amount);
        let complete = Some(Completion::parse("50").unwrap());
        let path = |stated| input(stated).basis().unwrap_err().path.join(".");
        assert_eq!(path(Stated::default()), "amount");
        assert_eq!(path(Stated { amount: Some(Amount::ZERO), ..Stated::default() }), "amount");
        assert_eq!(path(Stated { amount: Some(usd("-1").amount), ..Stated::default() }), "memo");
        assert_eq!(path(Stated { quantity: Count::parse("1"), ..Stated::default() }), "unitPrice");
        assert_eq!(path(Stated { unit_price: Some(Exact::ZERO), ..Stated::default() }), "quantity");
        assert_eq!(path(Stated { contract_amount: amount, ..Stated::default() }), "percentComplete");
        assert_eq!(path(Stated { complete, ..Stated::default() }), "contractAmount");
        assert_eq!(path(Stated { amount, contract_amount: amount, complete, ..Stated::default() }), "amount");
        assert_eq!(path(Stated { contract_amount: amount, complete, ..Stated::default() }), "contract");
        for text in ["-1", "100.0001", "0.00001", "half", "50%"] {
            assert_eq!(Completion::parse(text).unwrap_err().code, Code::RevenueInvalid, "{text}");
        }
    }

    proptest! {
        #[test]
        fn parts_re_sum_in_order_and_none_is_the_other_way(units in -1_000_000_000_000_i64..1_000_000_000_000, from in 16_436_i32..30_000, days in 0_i32..3_660) {
            let parts = spread(Amount::from_units(units), Day(from), Day(from + days));
            prop_assert_eq!(parts.iter().map(|part| part.amount.units()).sum::<i64>(), units);
            prop_assert!(parts.windows(2).all(|pair| pair[0].earned_on < pair[1].earned_on));
            prop_assert_eq!(parts.last().unwrap().earned_on, Day(from + days));
            prop_assert!(parts.iter().all(|part| part.amount.units().signum() * units.signum() >= 0));
        }

        #[test]
        fn recognition_by_percentage_ends_at_the_contract(contract in 1_i64..1_000_000_000_000, percents in prop::collection::vec(0_i64..=1_000_000, 0..12)) {
            let contract = Amount::from_units(contract).with(Currency::USD);
            let mut recognised = 0_i64;
            for millionths in percents.into_iter().chain([1_000_000]) {
                recognised += Completion(millionths).recognised(contract, recognised).unwrap().amount.units();
                prop_assert!((0..=contract.amount.units()).contains(&recognised));
            }
            prop_assert_eq!(recognised, contract.amount.units());
        }
    }
}
