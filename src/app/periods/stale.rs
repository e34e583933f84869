//! What was computed on a period that was reopened since: it stands, and says that it is stale until it is computed again.
//!
//! Whoever computes on periods has a line in [`SOURCES`]: the name of the kind, and the objects that it computed on a month. A reopening
//! marks them all. Computing the kind again on the month calls [`renew`].

use super::review;
use crate::app::posting::Session;
use crate::app::{AppError, allocation, chargeback, export_batches, payroll};
use crate::domain::ids::BooksId;
use crate::domain::period::Month;
use crate::store::ledger::Ledger;
use crate::store::period::Periods;

/// A kind of thing that is computed on a period.
struct Source {
    kind: &'static str,
    /// What of the kind was computed on the month, by the names under which it is known, in the transaction of the reopening.
    objects: fn(&mut Session, Month) -> Result<Vec<String>, AppError>,
}

const SOURCES: &[Source] = &[
    Source { kind: allocation::STALE_KIND, objects: allocation::live_runs },
    Source { kind: chargeback::STALE_KIND, objects: chargeback::stale_objects },
    Source { kind: export_batches::KIND, objects: export_batches::objects },
    Source { kind: payroll::STALE_KIND, objects: payroll::stale_objects },
    Source { kind: review::KIND, objects: review::objects },
];

/// Marks everything that was computed on the month, and answers how much that was.
///
/// # Errors
/// Any database failure.
pub fn mark_stale(session: &mut Session, month: Month) -> Result<usize, AppError> {
    let (mut marked, at) = (0, session.recorded_at());
    for source in SOURCES {
        for object in (source.objects)(session, month)? {
            session.periods().stale_insert(month, source.kind, &object, at)?;
            marked += 1;
        }
    }
    Ok(marked)
}

/// Says that a kind was computed again on the month.
///
/// # Errors
/// Any database failure.
pub fn renew(session: &mut Session, month: Month, kind: &str) -> Result<(), AppError> {
    let at = session.recorded_at();
    Ok(session.periods().stale_renew(month, kind, at)?)
}

/// What of a kind is stale now, with its month.
///
/// # Errors
/// Any database failure.
pub fn stale_objects_of(ledger: &mut Ledger, books: BooksId, kind: &str) -> Result<Vec<(Month, String)>, AppError> {
    let marks = Periods { ledger, books }.stale_list()?;
    Ok(marks.into_iter().filter(|mark| mark.kind == kind && mark.renewed_at.is_none()).map(|mark| (mark.month, mark.object)).collect())
}
