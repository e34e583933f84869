//! What use cases that record facts share: who may, how many at once, and each key once for ever.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::auth::{Actor, Permission};
use super::posting::{Session, command};
use super::{App, AppError, Books};
use crate::domain::attribution::Centers;
use crate::domain::chart::{CenterKind, NameKind};
use crate::domain::ids::NameId;
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};
use crate::store::activity::{FactTable, fact_known, fact_next};

/// Facts in one call: a day of a company of a thousand persons.
pub const MOST_FACTS: usize = 1_000;
/// Longest source in bytes, as for charges.
const LONGEST_SOURCE: usize = 200;
/// Longest name in bytes.
pub(super) const LONGEST_NAME: usize = 200;

/// A fact under its key.
pub(super) trait Fact {
    /// Source and external id.
    fn key(&self) -> (&str, &str);
    /// Everything the caller said; the same key with other content is refused.
    fn content(&self) -> Value;
}

/// What is recorded: its table, the mutation that records it, and the list in the mutation's input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recording {
    pub table: FactTable,
    pub operation: &'static str,
    pub list: &'static str,
}

/// A fact that is not recorded yet, with the number that it gets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbered {
    pub number: i64,
    pub content_hash: i64,
}

/// The centers and the feature of a fact, by code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Codes<'a> {
    pub team: Option<&'a str>,
    pub project: Option<&'a str>,
    pub client: Option<&'a str>,
    pub feature: Option<&'a str>,
}

/// The books of an actor who may record facts of every center.
///
/// # Errors
/// `Forbidden`, also for a token limited to cost centers.
pub(super) async fn permitted(app: &App, actor: &Actor) -> Result<Arc<Books>, AppError> {
    if !actor.may(Permission::RecordActivity) || actor.scope.is_some() {
        return Err(AppError::Forbidden(Permission::RecordActivity));
    }
    app.books(actor).await
}

/// Holds what can be said of each item by itself.
///
/// # Errors
/// `TOO_MANY_ITEMS`; every refusal of an item at its place in the list.
pub(super) fn check_all<I>(list: &'static str, items: &[I], check: impl Fn(&I) -> Result<(), Rejection>) -> Result<(), AppError> {
    if items.len() > MOST_FACTS {
        let message = format!("`{list}` has {} items; one call takes {MOST_FACTS}. Split it", items.len());
        return Err(Rejection::at(Code::TooManyItems, list, message).into());
    }
    let refused: Vec<Rejection> = items
        .iter()
        .enumerate()
        .filter_map(|(position, item)| check(item).err().map(|rejection| rejection.under(position.to_string()).under(list)))
        .collect();
    if refused.is_empty() { Ok(()) } else { Err(AppError::Rejected(refused)) }
}

/// The key and the feature, which every fact may have.
///
/// # Errors
/// `MISSING_FIELD`, `TEXT_TOO_LONG`, `TEXT_INVALID` at their fields.
pub(super) fn check_key<F: Fact>(fact: &F, feature: Option<&str>) -> Result<(), Rejection> {
    let (source, external_id) = fact.key();
    command::text("source", source, LONGEST_SOURCE)?;
    command::text("externalId", external_id, command::LONGEST_KEY)?;
    feature.map_or(Ok(()), |feature| command::text("feature", feature, LONGEST_NAME))
}

/// Takes every fact whose key is new, and answers how many keys were recorded before with the same content. Whatever is refused is refused
/// together, each at its place; the transaction then ends without having written anything.
///
/// # Errors
/// `IDEMPOTENCY_CONFLICT`, what `take` refuses, any database failure.
pub(super) fn take_new<'a, F: Fact>(
    session: &mut Session,
    of: Recording,
    facts: &'a [F],
    mut take: impl FnMut(&mut Session, &'a F, Numbered) -> Result<(), AppError>,
) -> Result<usize, AppError> {
    let books = command::books(session);
    let mut number = fact_next(command::ledger(session), books, of.table)?;
    let (mut keys, mut refused, mut replayed) = (HashMap::new(), Vec::new(), 0_usize);
    for (position, fact) in facts.iter().enumerate() {
        let content_hash = crate::app::ingest::key_hash(of.operation, &fact.content().to_string());
        let known = match keys.get(&fact.key()) {
            Some(known) => Some(*known),
            None => fact_known(command::ledger(session), books, of.table, fact.key())?,
        };
        let taken = match known {
            Some(known) if known == content_hash => {
                replayed = replayed.saturating_add(1);
                continue;
            }
            Some(_) => Err(Rejection::of(Code::IdempotencyConflict).under("externalId").into()),
            None => {
                keys.insert(fact.key(), content_hash);
                session.attempt(|session| take(session, fact, Numbered { number, content_hash }))
            }
        };
        match taken {
            Ok(()) => number = number.saturating_add(1),
            Err(AppError::Rejected(rejections)) => {
                refused.extend(rejections.into_iter().map(|rejection| rejection.under(position.to_string()).under(of.list)));
            }
            Err(error) => return Err(error),
        }
    }
    if refused.is_empty() { Ok(replayed) } else { Err(AppError::Rejected(refused)) }
}

/// The ids of team, project, client and feature; those that are not given are none.
///
/// # Errors
/// `COST_CENTER_UNKNOWN` at its field, `NAMES_EXHAUSTED`.
pub(super) fn centers(session: &mut Session, codes: Codes<'_>, day: Day) -> Result<[NameId; 4], Rejection> {
    let team = center(session, CenterKind::Team, codes.team, day)?;
    let project = center(session, CenterKind::Project, codes.project, day)?;
    let client = center(session, CenterKind::Client, codes.client, day)?;
    let feature = session.name(NameKind::Feature, codes.feature).map_err(|rejection| rejection.under("feature"))?;
    Ok([team, project, client, feature])
}

fn center(session: &Session, kind: CenterKind, code: Option<&str>, day: Day) -> Result<NameId, Rejection> {
    let Some(code) = code else { return Ok(NameId::NONE) };
    session.masters().center(kind, code, day).map_err(|why| {
        let shown: String = code.chars().take(64).collect();
        Rejection::at(Code::CostCenterUnknown, kind.field(), format!("{} `{shown}` {why}", kind.field()))
    })
}
