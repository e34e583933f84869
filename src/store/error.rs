//! Database failures, classified once so that callers can retry, refuse or report.

/// What went wrong in the database.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Locked by another writer, or a serialisation failure: the whole use case may be tried again.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// No space left, or a read-only file system.
    #[error("the database cannot store more: {0}")]
    Full(String),
    /// The server or the file is gone.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// A constraint or trigger refused the rows; nothing was written.
    #[error("the database refused the rows: {0}")]
    Refused(String),
    /// A row that this program did not write, or a statement that does not fit the schema.
    #[error("unexpected data in the database: {0}")]
    Corrupt(String),
    /// A sum of stored amounts that needs more than 64 bits where it goes on into arithmetic of 64 bits.
    #[error("a sum exceeds what the ledger holds")]
    TooLarge,
    /// The address of the database cannot be used.
    #[error("{0}")]
    Address(String),
}

impl StoreError {
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::Corrupt(message.into())
    }

    /// Whether the same use case may succeed when it is tried again.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unavailable(_) | Self::Full(_))
    }

    fn of_sqlite_code(code: i32, message: String) -> Self {
        // Primary result codes, https://sqlite.org/rescode.html
        match code & 0xff {
            5 | 6 => Self::Busy(message),
            13 | 8 => Self::Full(message),
            10 | 14 => Self::Unavailable(message),
            19 => Self::Refused(message),
            _ => Self::Corrupt(message),
        }
    }

    fn of_postgres_state(state: &str, message: String) -> Self {
        // https://www.postgresql.org/docs/current/errcodes-appendix.html
        match state {
            "40001" | "40P01" | "55P03" => Self::Busy(message),
            "53100" | "53200" | "25006" => Self::Full(message),
            // The database takes no connections, or is not there: someone moves or restores it.
            "55000" | "3D000" => Self::Unavailable(message),
            _ if state.starts_with("57P") || state.starts_with("08") || state.starts_with("53") => Self::Unavailable(message),
            _ if state.starts_with("23") || state.starts_with("22003") => Self::Refused(message),
            _ => Self::Corrupt(message),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::SqliteFailure(failure, _) => Self::of_sqlite_code(failure.extended_code, error.to_string()),
            _ => Self::Corrupt(error.to_string()),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let message = error.to_string();
        match &error {
            sqlx::Error::Database(database) => match database.code() {
                Some(code) => match code.parse::<i32>() {
                    // PostgreSQL's states have five characters; SQLite's codes are shorter numbers.
                    Ok(number) if code.len() < 5 => Self::of_sqlite_code(number, message),
                    _ => Self::of_postgres_state(&code, message),
                },
                None => Self::Corrupt(message),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_) => Self::Unavailable(message),
            _ => Self::Corrupt(message),
        }
    }
}

impl From<sea_orm::DbErr> for StoreError {
    fn from(error: sea_orm::DbErr) -> Self {
        use sea_orm::RuntimeErr;
        match error {
            sea_orm::DbErr::ConnectionAcquire(_) => Self::Unavailable(error.to_string()),
            sea_orm::DbErr::Conn(RuntimeErr::SqlxError(inner))
            | sea_orm::DbErr::Exec(RuntimeErr::SqlxError(inner))
            | sea_orm::DbErr::Query(RuntimeErr::SqlxError(inner)) => match std::sync::Arc::try_unwrap(inner) {
                Ok(inner) => inner.into(),
                Err(shared) => Self::Unavailable(shared.to_string()),
            },
            other => Self::Corrupt(other.to_string()),
        }
    }
}
