//! Masters: the chart, cost centers, prices and rules that charges are attributed, rated and booked by.
//!
//! Ingest works on a [`Masters`] snapshot. Every save bumps `books_head.masters_version` in its transaction; a writer that finds
//! another version under the books' lock loads the snapshot again before it decides anything.
//!
//! Saves are all or nothing: one transaction under the lock of the books' head row, or every item's refusal with its path.

mod accounts;
mod attribution_rules;
mod check;
mod cost_centers;
mod create_books;
mod discounts;
mod model_aliases;
mod names;
mod posting_rules;
mod price_list;
mod price_map;
mod price_terms;
mod prices;
mod providers;
mod read;
mod save;
mod snapshot;
mod told;

pub use accounts::{AccountInput, save_accounts};
pub use attribution_rules::{AttributionRuleInput, ConditionInput, save_attribution_rules};
pub use check::MOST_ITEMS;
pub(in crate::app) use check::required;
pub use cost_centers::{CostCenterInput, save_cost_centers, visible_centers};
pub use create_books::{create_books, sync_builtin_prices};
pub use discounts::{DiscountInput, discounts, save_discounts};
pub use model_aliases::{AliasName, ModelAlias, delete_model_aliases, model_aliases, save_model_aliases};
pub use names::names;
pub use posting_rules::{PostingRuleInput, delete_posting_rules, save_posting_rules};
pub use price_list::{PriceListError, read_instant, read_price_list, write_instant, write_price_list};
pub use price_map::{ImportPriceMapError, ImportedPriceMap, SkippedPrice, import_price_map};
pub use price_terms::PriceInput;
pub use prices::{ImportedPrices, PriceFilter, import_prices, prices, save_prices};
pub use providers::{ProviderInput, save_providers};
pub use read::{accounts, cost_centers, load_masters, masters};
pub use snapshot::Masters;

#[cfg(test)]
mod tests;
