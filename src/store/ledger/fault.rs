//! A fault: the n-th call of the bulk path fails, as when the database goes away between two statements. Only tests have one.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::store::StoreError;

/// Shared by the ledgers of a store that was opened with it.
#[derive(Debug, Clone, Default)]
pub struct Fault {
    /// Calls until one fails; not above zero when none does.
    calls_left: Arc<AtomicI64>,
}

impl Fault {
    /// The call of this number from now fails, counted from 1; those after it succeed again.
    pub fn arm(&self, number: i64) {
        self.calls_left.store(number, Ordering::SeqCst);
    }

    /// Takes the fault away, and tells whether it was still to come.
    pub fn disarm(&self) -> bool {
        self.calls_left.swap(0, Ordering::SeqCst) > 0
    }

    /// # Errors
    /// [`StoreError::Unavailable`] at the armed call.
    pub(super) fn call(&self) -> Result<(), StoreError> {
        let counted = self.calls_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| (left > 0).then_some(left - 1));
        if counted == Ok(1) { Err(StoreError::Unavailable("a fault was armed".to_owned())) } else { Ok(()) }
    }
}
