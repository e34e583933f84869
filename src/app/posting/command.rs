//! What commands that post entries share: one transaction at the desk, one receipt for each key, blocks and lines.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::session::Session;
use super::write_batch::Command;
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::chart::CodingBlock;
use crate::domain::ids::{AccountId, BlockId, BooksId, NameId};
use crate::domain::journal::{Posting, Side};
use crate::domain::money::{Amount, Money};
use crate::domain::period::{Day, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::ledger::Ledger;

/// Longest idempotency key in bytes.
pub const LONGEST_KEY: usize = 200;
/// Longest reference in bytes: the number of an order, or an address.
pub const LONGEST_REFERENCE: usize = 500;
/// The first day that a command may name.
const FIRST_DAY: Day = Day(16_436);
/// Days that a clock elsewhere may be ahead.
const DAYS_AHEAD: i32 = 2;

/// A command that runs once for each key.
pub struct Once {
    /// The name under which its keys are kept.
    pub operation: &'static str,
    pub key: String,
    /// Everything the caller said; the same key with other content is refused.
    pub content: Value,
    /// What is wrong with the input itself; said to those who may run the command.
    pub checked: Result<(), Rejection>,
}

/// What a command did, or had done when its key was used first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<T> {
    pub receipt: T,
    pub is_replayed: bool,
}

/// Runs a command of an actor who may post corrections, in one transaction under the books' lock.
///
/// # Errors
/// `Forbidden`; `IDEMPOTENCY_CONFLICT`, the refusals of the key and of the work; any database failure. Nothing is then written.
pub async fn once<T: Serialize + DeserializeOwned + Send + 'static>(
    app: &App,
    actor: &Actor,
    command: Once,
    work: impl FnOnce(&mut Session) -> Result<T, AppError> + Send + 'static,
) -> Result<Done<T>, AppError> {
    once_as(app, actor, Permission::PostCorrections, command, work).await
}

/// The same for commands that another permission allows.
///
/// # Errors
/// As [`once`].
pub async fn once_as<T: Serialize + DeserializeOwned + Send + 'static>(
    app: &App,
    actor: &Actor,
    permission: Permission,
    command: Once,
    work: impl FnOnce(&mut Session) -> Result<T, AppError> + Send + 'static,
) -> Result<Done<T>, AppError> {
    if !actor.may(permission) {
        return Err(AppError::Forbidden(permission));
    }
    let books = app.books(actor).await?;
    text("idempotencyKey", &command.key, LONGEST_KEY)?;
    command.checked.clone()?;
    let recorded_at = Moment::from_instant(app.clock().now());
    books.desk().run(recorded_at, move |session| once_in_tx(session, command, work)).await
}

fn once_in_tx<T: Serialize + DeserializeOwned>(
    session: &mut Session,
    command: Once,
    work: impl FnOnce(&mut Session) -> Result<T, AppError>,
) -> Result<Done<T>, AppError> {
    let Once { operation, key, content, .. } = command;
    let content_hash = crate::app::ingest::key_hash(operation, &content.to_string());
    let corrupt = |error: serde_json::Error| StoreError::corrupt(format!("the receipt of {operation}: {error}"));
    if let Some((hash, receipt)) = session.command(operation, &key)? {
        if hash != content_hash {
            return Err(Rejection::of(Code::IdempotencyConflict).under("idempotencyKey").into());
        }
        return Ok(Done { receipt: serde_json::from_str(&receipt).map_err(corrupt)?, is_replayed: true });
    }
    let receipt = work(session)?;
    let text = serde_json::to_string(&receipt).map_err(corrupt)?;
    session.batch.commands.push(Command { operation, key, content_hash, receipt: text });
    Ok(Done { receipt, is_replayed: false })
}

/// The connection of the transaction, for rows of other tables.
pub fn ledger(session: &mut Session) -> &mut Ledger {
    &mut session.ledger
}

pub fn books(session: &Session) -> BooksId {
    session.books
}

/// The moment of the transaction.
pub fn recorded_at(session: &Session) -> Moment {
    Moment(session.batch.recorded_at)
}

/// Text that must be there.
///
/// # Errors
/// `MISSING_FIELD`, `TEXT_TOO_LONG`, `TEXT_INVALID`.
pub fn text(field: &'static str, text: &str, longest: usize) -> Result<(), Rejection> {
    if text.trim().is_empty() {
        return Err(Rejection::at(Code::MissingField, field, format!("`{field}` is required")));
    }
    if text.len() > longest {
        return Err(Rejection::at(Code::TextTooLong, field, format!("`{field}` has {} bytes; it holds {longest}", text.len())));
    }
    if text.chars().any(char::is_control) {
        return Err(Rejection::at(Code::TextInvalid, field, format!("`{field}` has control characters")));
    }
    Ok(())
}

/// A day on which something happened: not in the future, and not before 2015.
///
/// # Errors
/// `DATE_OUT_OF_RANGE`.
pub fn past_day(field: &'static str, day: Day, today: Day) -> Result<(), Rejection> {
    if day < FIRST_DAY || day.0 > today.0.saturating_add(DAYS_AHEAD) {
        let message = format!("`{field}` is {day}; it is not before {FIRST_DAY} and at most {DAYS_AHEAD} days after today ({today})");
        return Err(Rejection::at(Code::DateOutOfRange, field, message));
    }
    Ok(())
}

/// An amount that is posted.
///
/// # Errors
/// `POSTING_NOT_POSITIVE`.
pub fn positive(field: &'static str, money: Money) -> Result<(), Rejection> {
    if money.amount.is_positive() { Ok(()) } else { Err(Rejection::of(Code::PostingNotPositive).under(field)) }
}

/// An account of the chart by its code.
///
/// # Errors
/// `ACCOUNT_UNKNOWN`.
pub fn account(session: &Session, code: &str) -> Result<AccountId, Rejection> {
    let missing =
        || Rejection { code: Code::AccountUnknown, path: Vec::new(), message: format!("the chart has no account {code}: save it first") };
    session.masters().account(code).map(|account| account.id).ok_or_else(missing)
}

/// The block of an account and a provider, without other dimensions.
///
/// # Errors
/// `ACCOUNT_UNKNOWN`.
pub fn provider_block(session: &mut Session, code: &str, provider: NameId) -> Result<BlockId, Rejection> {
    let account = account(session, code)?;
    Ok(crate::app::ingest::credit_block(session, account, provider))
}

/// The dimensions of a block.
///
/// # Errors
/// Corrupt books, when nobody interned it.
pub fn coding(session: &Session, block: BlockId) -> Result<CodingBlock, StoreError> {
    session.names.coding(block).copied().ok_or_else(|| StoreError::corrupt(format!("coding block {block}")))
}

/// A name that a block carries; none for *none*.
pub fn name(session: &Session, id: NameId) -> Option<String> {
    session.names.name(id).map(ToOwned::to_owned)
}

/// The postings of an entry as they come together. Lines of zero are left out.
#[derive(Default)]
pub struct Lines(Vec<Posting>);

impl Lines {
    pub fn debit(&mut self, block: BlockId, money: Money) {
        self.push(Side::Debit, block, money);
    }

    pub fn credit(&mut self, block: BlockId, money: Money) {
        self.push(Side::Credit, block, money);
    }

    /// A debit when above zero, else a credit of as much.
    ///
    /// # Errors
    /// `LEDGER_OVERFLOW`.
    pub fn signed(&mut self, block: BlockId, money: Money) -> Result<(), Rejection> {
        if money.amount.units() >= 0 {
            self.debit(block, money);
        } else {
            let units = money.amount.units().checked_neg().ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
            self.credit(block, Amount::from_units(units).with(money.currency));
        }
        Ok(())
    }

    /// Debits one block and credits another, the other way round when below zero.
    ///
    /// # Errors
    /// `LEDGER_OVERFLOW`.
    pub fn pair(&mut self, debit: BlockId, credit: BlockId, money: Money) -> Result<(), Rejection> {
        let opposite = Amount::ZERO.checked_sub(money.amount).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
        self.signed(debit, money)?;
        self.signed(credit, opposite.with(money.currency))
    }

    fn push(&mut self, side: Side, block: BlockId, money: Money) {
        if money.amount != Amount::ZERO {
            self.0.push(Posting { side, amount: money.amount, currency: money.currency, block });
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn postings(&self) -> &[Posting] {
        &self.0
    }
}
