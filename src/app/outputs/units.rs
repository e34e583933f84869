//! The units that outputs are counted in: the standard ones, and those that the books save.

use std::collections::BTreeMap;

use serde_json::json;

use crate::app::activity::{LONGEST_NAME, check_all, permitted};
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::posting::{Session, command};
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::ids::BooksId;
use crate::domain::outputs::{OutputUnit, STANDARD_UNITS, check_unit_code};
use crate::domain::period::Moment;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::spelling::closest;
use crate::store::ledger::Ledger;
use crate::store::outputs::{unit_list, unit_save};

/// Units named in a refusal.
const MOST_NAMED: usize = 5;

/// A unit, and whether every set of books has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownUnit {
    pub unit: OutputUnit,
    pub is_standard: bool,
}

/// Saves units, all or nothing; one of the same code gets the new name. Answers all units that the books then know.
///
/// # Errors
/// `Forbidden`; `OUTPUT_UNIT_INVALID`, `MISSING_FIELD`, `TEXT_TOO_LONG` at its place in the list; `TOO_MANY_ITEMS`.
pub async fn save_output_units(app: &App, actor: &Actor, units: Vec<OutputUnit>) -> Result<Vec<KnownUnit>, AppError> {
    let books = permitted(app, actor).await?;
    check_all("units", &units, |unit| {
        command::text("name", &unit.name, LONGEST_NAME)?;
        check_unit_code(&unit.code)
    })?;
    let (recorded_at, who) = (Moment::from_instant(app.clock().now()), actor.clone());
    books.desk().run(recorded_at, move |session| save_in_tx(session, &who, units)).await
}

/// All units: the standard ones first, each group in the order of its codes.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn output_units(app: &App, actor: &Actor) -> Result<Vec<KnownUnit>, AppError> {
    reading(app, actor, Permission::ReadMasters, |ledger, books, _| Ok(known(unit_list(ledger, books)?))).await
}

fn known(saved: Vec<OutputUnit>) -> Vec<KnownUnit> {
    let standard = STANDARD_UNITS
        .iter()
        .map(|(code, name)| KnownUnit { unit: OutputUnit { code: (*code).to_owned(), name: (*name).to_owned() }, is_standard: true });
    standard.chain(saved.into_iter().map(|unit| KnownUnit { unit, is_standard: false })).collect()
}

fn save_in_tx(session: &mut Session, actor: &Actor, units: Vec<OutputUnit>) -> Result<Vec<KnownUnit>, AppError> {
    let (books, recorded_at) = (command::books(session), command::recorded_at(session));
    let held = unit_list(command::ledger(session), books)?;
    // The last word on a code: one statement cannot write the same row twice.
    let last: BTreeMap<String, OutputUnit> = units.into_iter().map(|unit| (unit.code.clone(), unit)).collect();
    let changed: Vec<OutputUnit> = last.into_values().filter(|unit| !held.contains(unit)).collect();
    unit_save(command::ledger(session), books, &changed, recorded_at)?;
    if !changed.is_empty() {
        let told: Vec<_> = changed.iter().map(|unit| format!("{}: {}", unit.code, unit.name)).collect();
        let after = json!({ "units": told });
        let change = Change { action: "outputUnit.save", object: "output units".to_owned(), after: Some(after), ..Change::default() };
        session.audit(audit::event(actor, change));
    }
    Ok(known(unit_list(command::ledger(session), books)?))
}

/// The units that the books know.
pub(in crate::app) struct Units(Vec<String>);

impl Units {
    /// # Errors
    /// Any database failure.
    pub fn load(ledger: &mut Ledger, books: BooksId) -> Result<Self, AppError> {
        let saved = unit_list(ledger, books)?;
        Ok(Self(known(saved).into_iter().map(|known| known.unit.code).collect()))
    }

    /// Holds that a unit is known; an unknown one is refused with those that may have been meant.
    ///
    /// # Errors
    /// `OUTPUT_UNIT_UNKNOWN` at `unit`.
    pub fn check(&self, unit: &str) -> Result<(), Rejection> {
        if self.0.iter().any(|known| known == unit) {
            return Ok(());
        }
        let shown: String = unit.chars().take(40).collect();
        let near = match closest(unit, self.0.iter().map(String::as_str)) {
            Some(near) => vec![near],
            None => self.0.iter().map(String::as_str).filter(|known| share_a_word(known, unit)).take(MOST_NAMED).collect(),
        };
        let near =
            if near.is_empty() { "`outputUnits` lists the known ones".to_owned() } else { format!("did you mean {}?", near.join(" or ")) };
        let message = format!("these books count no `{shown}`: {near} Save a new unit with saveOutputUnits, by code and name");
        Err(Rejection::at(Code::OutputUnitUnknown, "unit", message))
    }
}

fn share_a_word(known: &str, unit: &str) -> bool {
    let folded = unit.to_lowercase();
    let mut words = folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| word.len() > 2);
    words.any(|word| known.split('_').any(|part| part.starts_with(word) || word.starts_with(part)))
}
