//! Savepoints: work that is refused leaves nothing of itself in the open transaction.

use super::session::{Head, Session};
use super::write_batch::Mark;
use crate::app::AppError;

/// How far the transaction had come.
struct Savepoint {
    head: Head,
    batch: Mark,
}

impl Session {
    /// Does work that may be refused. When it is, the session is as it was before: no number, name, block, balance or count of it is left, and
    /// whoever else is in the transaction is not touched. Only what the batch holds is undone: work that writes rows by itself belongs in a
    /// transaction of its own, which is rolled back as a whole.
    ///
    /// # Errors
    /// What the work answers.
    pub fn attempt<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, AppError>) -> Result<T, AppError> {
        self.behind_savepoint(work, Result::is_err)
    }

    /// Does work and leaves nothing of it, whatever it answers: a dry run.
    ///
    /// # Errors
    /// What the work answers.
    pub fn rehearse<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, AppError>) -> Result<T, AppError> {
        self.behind_savepoint(work, |_| true)
    }

    fn behind_savepoint<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, AppError>,
        is_undone: impl FnOnce(&Result<T, AppError>) -> bool,
    ) -> Result<T, AppError> {
        let savepoint = Savepoint { head: self.head, batch: self.batch.mark() };
        let result = work(self);
        if is_undone(&result) {
            self.undo(&savepoint);
        }
        self.batch.release();
        result
    }

    fn undo(&mut self, savepoint: &Savepoint) {
        self.head = savepoint.head;
        let undone = self.batch.undo(&savepoint.batch);
        for change in undone.changes {
            self.room.add(change.day, change.currency, -change.totals.gross());
        }
        for (id, kind, name, giver) in undone.names {
            self.names.remove(kind, &name, id, giver);
        }
        for (_, coding) in undone.blocks {
            self.names.remove_block(&coding);
        }
    }
}
