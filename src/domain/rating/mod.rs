//! Rating: quantity times unit price, exactly, with one rounding per charge. What cannot be rated right is refused as unpriced, never guessed.

mod book;
pub mod meter_lines;
mod model_name;
mod price;
mod rate;

pub use book::PriceBook;
pub use price::{Discount, Precedence, Price, PriceKey, PriceTerms, UnitPrice};
pub use rate::{Rated, RatedLine, Rater, Rating, rate};

/// The built-in public list prices, one line a meter, each with its source and date.
pub const BUILTIN_PRICES: &str = include_str!("builtin_prices.csv");
/// Names under which providers and resellers also call the models of the list.
pub const BUILTIN_ALIASES: &str = include_str!("builtin_aliases.csv");

#[cfg(test)]
mod tests;
