//! The books of the demo: made by it, and by nobody else. It fills nothing into books of others, whose charges could never be deleted again.

use super::{Charges, DEFAULT_SEED};
use crate::app::{App, AppError, Clock, masters};
use crate::store::masters::{FoundBooks, books_found, charge_of_others, first_charge};
use crate::store::{Store, StoreError, StoreOptions};

/// The name by which the demo knows its own books. Others are named by their code.
const NAME: &str = "Brightwater (demo)";
/// The systems that send the company's charges.
const SOURCES: [&str; 2] = ["gateway", "notebook"];

/// What became of a wish for the demo's books.
pub enum Opened {
    Demo(App),
    /// The database holds something else; nothing was written. The sentence says what.
    Others(String),
}

/// Opens the demo's books in a database that holds nothing else, and makes them where it is empty.
///
/// # Errors
/// Any database failure.
pub async fn open_demo(url: &str, clock: Clock, books: &str) -> Result<Opened, AppError> {
    let store = Store::connect(StoreOptions::new(url)).await?;
    if let Some(others) = others_in(&store, books).await? {
        return Ok(Opened::Others(others));
    }
    store.migrate().await?;
    masters::create_books(&store, &clock, books, NAME).await?;
    drop(store);
    Ok(Opened::Demo(App::create(url, clock, books).await?))
}

async fn others_in(store: &Store, books: &str) -> Result<Option<String>, StoreError> {
    for found in books_found(store).await? {
        if found.code != books {
            return Ok(Some(format!("it holds the books `{}`", found.code)));
        }
        if found.name != NAME && !begins_as_demo(store, &found).await? {
            return Ok(Some(format!("its books `{}` are not the demo's", found.code)));
        }
        if let Some((source, id)) = charge_of_others(store, found.id, SOURCES).await? {
            return Ok(Some(format!("its books `{}` hold the charge {source}/{id}, which is not the demo's", found.code)));
        }
    }
    Ok(None)
}

/// Demos of before their books had a name are known by their first charge.
async fn begins_as_demo(store: &Store, found: &FoundBooks) -> Result<bool, StoreError> {
    // Its key depends on the seed alone.
    let first = Charges::new(DEFAULT_SEED, chrono::NaiveDate::default(), 1).charge(0);
    Ok(first_charge(store, found.id).await? == Some((first.source, first.external_id)))
}
