//! Floor 3: pages to read and print. They take what a use case answered and make HTML of it; every text is escaped.

mod chargeback;
mod page;

pub use chargeback::statement_page;
pub use page::content_security_policy;
