//! Currencies: rates, the reporting currency, revaluation, settlement of foreign items, and the books in one currency.

mod items;
mod rates;
mod revalue;
mod settings;
mod settle;
mod translation;

pub use crate::app::posting::command::Done;
pub use crate::store::exchange::{CurrencySettings, RateFilter, StoredRate};
pub(in crate::app) use items::Rates;
pub use rates::{RateInput, SavedRates, exchange_rates, import_exchange_rates, read_rate_file, save_exchange_rates};
pub use revalue::{RevalueInput, Revalued, revalue};
pub use settings::{currency_settings, set_reporting_currency};
pub use settle::{SettleInput, Settled, settle_foreign};
pub use translation::{CurrencyTranslation, TranslatedRow, TranslationBasis, currency_translation};
