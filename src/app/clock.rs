//! The only place that asks the machine for the time. Everything else takes it as a parameter.

use std::sync::Arc;

use chrono::{DateTime, Utc};

/// The system's clock, or one that stands still for tests and demos.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    #[default]
    System,
    Fixed(Arc<std::sync::Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// A clock that stands still until it is set.
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::Fixed(Arc::new(std::sync::Mutex::new(at)))
    }

    #[expect(clippy::disallowed_methods, reason = "the one clock of the program")]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now(),
            Self::Fixed(at) => *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        }
    }

    /// Moves a fixed clock; the system's clock is left alone.
    pub fn set(&self, now: DateTime<Utc>) {
        if let Self::Fixed(at) = self {
            *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = now;
        }
    }
}

/// Measures how long something takes: for benches and for reports of progress, never for bookkeeping.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "the one clock of the program")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub fn elapsed(self) -> std::time::Duration {
        self.0.elapsed()
    }
}
