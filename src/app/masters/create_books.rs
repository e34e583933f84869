//! New books with what every organisation starts from, and built-in prices that a newer program brings.

use std::collections::HashMap;

use serde_json::json;

use super::price_list::read_price_list;
use super::save::{Tries, is_busy};
use super::{ModelAlias, check, price_terms};
use crate::app::{AppError, Clock, audit};
use crate::domain::chart::{Account, CenterKind, CostCenter, DEFAULT_CHART, UNATTRIBUTED};
use crate::domain::ids::{AccountId, BooksId};
use crate::domain::period::Moment;
use crate::domain::posting_rules;
use crate::domain::rating::{BUILTIN_ALIASES, BUILTIN_PRICES, Precedence, Price, PriceKey, PriceTerms};
use crate::store::masters::{self, BooksCreation, MastersChange, Numbers};
use crate::store::{Store, StoreError};

/// Creates books of this code, unless there are: default chart, the *unattributed* centers, built-in prices and posting rules.
///
/// Two processes may ask at the same time: one creates, both get the same books.
///
/// # Errors
/// A refusal of the code or the name; any database failure, after which there are no such books.
pub async fn create_books(store: &Store, clock: &Clock, code: &str, name: &str) -> Result<BooksId, AppError> {
    let code = check::code("code", code)?;
    let name = check::name(name, &code)?;
    let now = Moment::from_instant(clock.now());
    let list = Builtin::read()?;
    let mut tries = Tries::default();
    loop {
        let answer = create_once(store, &code, &name, &list, now).await;
        if !tries.again(is_busy(&answer)).await {
            return answer;
        }
    }
}

async fn create_once(store: &Store, code: &str, name: &str, list: &Builtin, now: Moment) -> Result<BooksId, AppError> {
    let mut transaction = match masters::books_create(store, code, name, now).await? {
        BooksCreation::Exists(books) => return Ok(books),
        BooksCreation::New(transaction) => transaction,
    };
    let numbers = &mut transaction.numbers;
    let change = MastersChange {
        accounts: default_chart(),
        centers: unattributed_centers(numbers)?,
        prices: numbered(numbers, list.terms.iter().collect(), now)?,
        aliases: list.aliases.clone(),
        posting_rules: posting_rules::default_rules(),
        audit: vec![(audit::event_of_program("books.create", format!("books {code}"), json!({ "name": name })), now)],
        ..MastersChange::default()
    };
    let books = transaction.books();
    transaction.commit(&change).await?;
    Ok(books)
}

/// Adds the built-in prices, aliases and default accounts that these books do not have yet, as after an upgrade of the program.
/// Answers how many prices were added.
///
/// Nothing is replaced: an account or an alias that was saved otherwise or taken back stays so, and set and imported prices stand above the built-in ones.
///
/// # Errors
/// Any database failure.
pub async fn sync_builtin_prices(store: &Store, clock: &Clock, books: BooksId) -> Result<u64, AppError> {
    let list = Builtin::read()?;
    let known = masters::builtin_price_list(store, books).await?;
    let (aliases, codes) = (masters::known_alias_list(store, books).await?, masters::account_code_list(store, books).await?);
    let has_accounts = DEFAULT_CHART.iter().all(|line| codes.iter().any(|code| code == line.0));
    if has_accounts && missing_terms(&known, &list.terms).is_empty() && missing_aliases(&aliases, &list.aliases).is_empty() {
        return Ok(0);
    }
    let now = Moment::from_instant(clock.now());
    let mut tries = Tries::default();
    loop {
        let answer = sync_once(store, books, &list, now).await;
        if !tries.again(is_busy(&answer)).await {
            return answer;
        }
    }
}

async fn sync_once(store: &Store, books: BooksId, list: &Builtin, now: Moment) -> Result<u64, AppError> {
    let mut transaction = masters::masters_begin(store, books).await?;
    // Under the lock again: another process of the same version may have been faster.
    let rows = transaction.load().await?;
    let prices = numbered(&mut transaction.numbers, missing_terms(&rows.prices, &list.terms), now)?;
    let added = u64::try_from(prices.len()).unwrap_or(u64::MAX);
    let (accounts, aliases) = (missing_accounts(&rows.accounts), missing_aliases(&transaction.known_alias_list().await?, &list.aliases));
    let mut change = MastersChange { accounts, prices, aliases, ..MastersChange::default() };
    if !change.is_empty() {
        let told = json!({ "prices": change.prices.len(), "aliases": change.aliases.len() });
        change.audit = vec![(audit::event_of_program("price.addBuiltIn", "price list".to_owned(), told), now)];
        transaction.commit(&change).await?;
    }
    Ok(added)
}

/// The built-in list, read.
struct Builtin {
    terms: Vec<PriceTerms>,
    aliases: Vec<ModelAlias>,
}

impl Builtin {
    fn read() -> Result<Self, StoreError> {
        Ok(Self { terms: builtin_terms()?, aliases: builtin_aliases()? })
    }
}

fn default_chart() -> Vec<Account> {
    let accounts = DEFAULT_CHART.iter().zip(1..).map(|((code, name, class, parent, is_contra), id)| Account {
        id: AccountId(id),
        code: (*code).to_owned(),
        name: (*name).to_owned(),
        class: *class,
        parent: parent.map(str::to_owned),
        is_contra: *is_contra,
    });
    accounts.collect()
}

/// The default accounts whose codes the books do not have, under the next free numbers.
fn missing_accounts(known: &[Account]) -> Vec<Account> {
    let last = known.iter().map(|account| account.id.0).max().unwrap_or(0);
    let missing = default_chart().into_iter().filter(|account| known.iter().all(|held| held.code != account.code));
    missing.zip(last.saturating_add(1)..).map(|(account, id)| Account { id: AccountId(id), ..account }).collect()
}

fn unattributed_centers(numbers: &mut Numbers) -> Result<Vec<CostCenter>, StoreError> {
    let center = |kind: CenterKind| {
        Ok(CostCenter {
            id: numbers.next_name()?,
            kind,
            code: UNATTRIBUTED.to_owned(),
            name: "Unattributed".to_owned(),
            parent: None,
            valid_from: None,
            valid_to: None,
        })
    };
    CenterKind::ALL.into_iter().map(center).collect()
}

fn numbered(numbers: &mut Numbers, terms: Vec<&PriceTerms>, now: Moment) -> Result<Vec<Price>, StoreError> {
    terms.into_iter().map(|terms| Ok(Price { id: numbers.next_price()?, terms: terms.clone(), recorded_at: now })).collect()
}

/// The built-in lines that no built-in price of the books states.
fn missing_terms<'a>(known: &[Price], builtin: &'a [PriceTerms]) -> Vec<&'a PriceTerms> {
    let mut by_key: HashMap<(&PriceKey, Moment), Vec<&PriceTerms>> = HashMap::with_capacity(known.len());
    for price in known.iter().filter(|price| price.terms.precedence == Precedence::BuiltIn) {
        by_key.entry((&price.terms.key, price.terms.effective_from)).or_default().push(&price.terms);
    }
    let is_missing = |terms: &&PriceTerms| {
        let stated = by_key.get(&(&terms.key, terms.effective_from)).map_or(&[][..], Vec::as_slice);
        !stated.iter().any(|known| known.unit_price == terms.unit_price && known.effective_to == terms.effective_to)
    };
    builtin.iter().filter(is_missing).collect()
}

fn missing_aliases(known: &[ModelAlias], builtin: &[ModelAlias]) -> Vec<ModelAlias> {
    let known: std::collections::HashSet<_> = known.iter().map(|alias| (&alias.provider, &alias.alias)).collect();
    builtin.iter().filter(|alias| !known.contains(&(&alias.provider, &alias.alias))).cloned().collect()
}

/// The list is compiled in and read by a test, so a failure here is a fault of the program.
fn builtin_terms() -> Result<Vec<PriceTerms>, StoreError> {
    let inputs =
        read_price_list(BUILTIN_PRICES.as_bytes()).map_err(|error| StoreError::corrupt(format!("the built-in price list: {error}")))?;
    let terms = inputs.iter().map(|input| price_terms::checked(input, Precedence::BuiltIn, "the built-in price list"));
    terms.collect::<Result<_, _>>().map_err(|rejection| StoreError::corrupt(format!("the built-in price list: {rejection}")))
}

fn builtin_aliases() -> Result<Vec<ModelAlias>, StoreError> {
    let mut lines = csv::Reader::from_reader(BUILTIN_ALIASES.as_bytes());
    let alias = |line: Result<(String, String, String), csv::Error>| {
        let (provider, alias, model) = line.map_err(|error| StoreError::corrupt(format!("the built-in aliases: {error}")))?;
        Ok(ModelAlias { provider, alias, model })
    };
    lines.deserialize().map(alias).collect()
}
