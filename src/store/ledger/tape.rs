//! A tape: every row the bulk path wrote, commit by commit, so that `tallybook bench` can write the same rows without the service around them.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Cell, Table, Value};

/// One thing that was written.
pub enum Written {
    Rows { table: &'static Table, cells: Vec<Value> },
    Statement { sql: String, parameters: Vec<Value> },
    Commit,
}

/// Filled by a [`super::Ledger`] whose store was opened with it.
#[derive(Clone, Default)]
pub struct Tape(Arc<Mutex<Recording>>);

#[derive(Default)]
struct Recording {
    is_on: bool,
    written: Vec<Written>,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Tape")
    }
}

impl Tape {
    fn push(&self, written: impl FnOnce() -> Written) {
        let mut recording = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if recording.is_on {
            recording.written.push(written());
        }
    }

    /// Remembers from now on.
    pub fn start(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_on = true;
    }

    pub(super) fn is_on(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_on
    }

    /// Adds a row to the rows of its table written last, or begins new ones.
    pub(super) fn row(&self, table: &'static Table, row: &[Cell<'_>]) {
        let mut recording = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let row = row.iter().map(owned);
        match recording.written.last_mut() {
            Some(Written::Rows { table: last, cells }) if last.name == table.name => cells.extend(row),
            _ => {
                let cells = row.collect();
                recording.written.push(Written::Rows { table, cells });
            }
        }
    }

    pub(super) fn statement(&self, sql: &str, parameters: &[Cell<'_>]) {
        self.push(|| Written::Statement { sql: sql.to_owned(), parameters: parameters.iter().map(owned).collect() });
    }

    pub(super) fn commit(&self) {
        self.push(|| Written::Commit);
    }

    /// Takes everything written since the start, and stops.
    pub fn take(&self) -> Vec<Written> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).written
    }
}

fn owned(cell: &Cell<'_>) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(value) => Value::Int(*value),
        Cell::Text(text) => Value::Text((*text).to_owned()),
    }
}

impl Value {
    pub(crate) fn cell(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Int(value) => Cell::Int(*value),
            Self::Text(text) => Cell::Text(text),
        }
    }
}
