//! Duties that exclude each other are held by different persons, where the books say so. The audit log shows who holds which.

use serde_json::json;

use super::audit::{self, Change};
use super::auth::{Actor, Permission};
use super::posting::Session;
use super::{App, AppError};
use crate::domain::duties::{Duty, DutyMode};
use crate::domain::manual_journals::Persons;
use crate::domain::period::{Moment, Month};
use crate::domain::rejection::{Code, Rejection};
use crate::store::duty::{Acts, act_find, prepared_between};
use crate::store::journal_limit::{mode_find, mode_load, mode_save};

/// The persons behind an actor.
pub fn persons(actor: &Actor) -> Persons {
    Persons { subject: actor.subject.clone(), acting_for: actor.acting_for.clone() }
}

/// The refusal of a duty to somebody who holds the one that excludes it.
pub(in crate::app) fn excluded(duty: Duty, event: Option<i64>) -> Rejection {
    let other = duty.excluded().words();
    let seen = event.map(|event| format!(" (audit event {event})")).unwrap_or_default();
    Rejection::at(Code::DutiesExcluded, "duties", format!("you {other}{seen}: in these books another person has to do this"))
}

impl Session {
    /// Refuses a duty to somebody who did what excludes it since the books hold duties apart. `object` narrows it to acts on one thing.
    ///
    /// # Errors
    /// `DUTIES_EXCLUDED`; any database failure.
    pub(in crate::app) fn check_duty(&mut self, actor: &Actor, duty: Duty, object: Option<&str>) -> Result<(), AppError> {
        let (mode, since) = mode_find(&mut self.ledger, self.books)?;
        if mode == DutyMode::Off {
            return Ok(());
        }
        let acts = Acts { persons: &persons(actor), actions: duty.excluded().actions(), since, object };
        match act_find(&mut self.ledger, self.books, &acts)? {
            None => Ok(()),
            event => Err(excluded(duty, event).into()),
        }
    }

    /// Refuses to let somebody close a month in which they prepared an entry by hand.
    ///
    /// # Errors
    /// `DUTIES_EXCLUDED`; any database failure.
    pub(in crate::app) fn check_closer(&mut self, actor: &Actor, month: Month) -> Result<(), AppError> {
        let (mode, _) = mode_find(&mut self.ledger, self.books)?;
        if mode == DutyMode::Off {
            return Ok(());
        }
        let (from, to) = (month.first_day(), month.next().first_day());
        match prepared_between(&mut self.ledger, self.books, &persons(actor), from, to)? {
            false => Ok(()),
            true => Err(excluded(Duty::Closing, None).into()),
        }
    }
}

/// Whether duties exclude each other in these books.
///
/// # Errors
/// [`AppError::Forbidden`]; any database failure.
pub async fn duty_mode(app: &App, actor: &Actor) -> Result<DutyMode, AppError> {
    let permission = Permission::ReadMasters;
    if !actor.may(permission) {
        return Err(AppError::Forbidden(permission));
    }
    let books = app.books(actor).await?;
    Ok(mode_load(app.store(), books.id()).await?.0)
}

/// Says whether duties exclude each other. What was done before is not judged.
///
/// # Errors
/// [`AppError::Forbidden`]; any database failure.
pub async fn save_duty_mode(app: &App, actor: &Actor, mode: DutyMode) -> Result<DutyMode, AppError> {
    let permission = Permission::AdminBooks;
    if !actor.may(permission) {
        return Err(AppError::Forbidden(permission));
    }
    let (books, saving) = (app.books(actor).await?, actor.clone());
    let recorded_at = Moment::from_instant(app.clock().now());
    let work = move |session: &mut Session| {
        let (before, _) = mode_find(&mut session.ledger, session.books)?;
        if before != mode {
            mode_save(&mut session.ledger, session.books, mode, recorded_at)?;
            let told = |mode: DutyMode| Some(json!({ "duties": mode.as_str() }));
            let change =
                Change { action: "books.saveDuties", object: "books".to_owned(), before: told(before), after: told(mode), reason: None };
            session.audit(audit::event(&saving, change));
        }
        Ok(mode)
    };
    books.desk().run(recorded_at, work).await
}

/// Begins an export of the journal: refused to somebody who approves entries, where duties exclude each other, and told to the audit log.
///
/// # Errors
/// [`AppError::Forbidden`]; `DUTIES_EXCLUDED`; any database failure.
pub async fn begin_export(app: &App, actor: &Actor, what: String) -> Result<(), AppError> {
    if !actor.may(Permission::Export) {
        return Err(AppError::Forbidden(Permission::Export));
    }
    let (books, exporting) = (app.books(actor).await?, actor.clone());
    let work = move |session: &mut Session| {
        session.check_duty(&exporting, Duty::Exporting, None)?;
        session.audit(audit::event(&exporting, Change { action: "journal.export", object: what, ..Change::default() }));
        Ok(())
    };
    books.desk().run(Moment::from_instant(app.clock().now()), work).await
}

/// Refuses the approval of a rule to its author, where duties exclude each other: for use cases that approve rules, in their transaction.
///
/// # Errors
/// `DUTIES_EXCLUDED`; any database failure.
pub fn check_rule_approver(session: &mut Session, actor: &Actor, rule: &str) -> Result<(), AppError> {
    session.check_duty(actor, Duty::RuleApproval, Some(rule))
}
