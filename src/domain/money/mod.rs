//! Money: exact integers at the currency's ledger scale, exact decimals for rating, one rounding, splits that re-sum.

mod amount;
mod balanced_parts;
mod currency;
mod exact;
mod exchange;
pub mod limits;
mod split;

pub use amount::{Amount, Money};
pub use balanced_parts::balanced_parts;
pub use currency::Currency;
pub use exact::Exact;
pub use exchange::{Quote, Rate, RateBook, share};
pub use split::{NoBasis, Part, largest_remainder, split};
