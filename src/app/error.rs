//! What a use case answers when it does not do its work: the caller's fault with a sentence, or ours with a correlation id.

use crate::app::auth::Permission;
use crate::domain::rejection::Rejection;
use crate::store::StoreError;

/// A use case's refusal or failure.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Business refusals: data for the caller, in the order of the input.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Rejected(Vec<Rejection>),
    /// The actor's roles, or the limits of its token, do not allow it.
    #[error("this needs the permission {0}")]
    Forbidden(Permission),
    /// Absent, or of other books: the same answer.
    #[error("{0} was not found")]
    NotFound(&'static str),
    /// The database is locked, full or gone; nothing was written and the same call may succeed later.
    #[error("the books cannot be written or read right now, and nothing was changed: try again")]
    Unavailable(#[source] StoreError),
    /// Our fault. The cause is logged once, under the correlation id the caller is shown.
    #[error("an internal error occurred")]
    Internal(#[source] StoreError),
}

impl AppError {
    /// The stable code for `extensions.code` and HTTP answers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejections) => rejections.first().map_or("BAD_USER_INPUT", |rejection| rejection.code.as_str()),
            Self::Forbidden(_) => "FORBIDDEN",
            Self::NotFound(_) => "NOT_FOUND",
            Self::Unavailable(_) => "UNAVAILABLE",
            Self::Internal(_) => "INTERNAL",
        }
    }
}

impl AppError {
    /// Names the field that refusals of this code come from, where nobody named one yet.
    #[must_use]
    pub fn placed(self, code: crate::domain::rejection::Code, field: &'static str) -> Self {
        let place = |rejection: Rejection| {
            if rejection.code == code && rejection.path.is_empty() { rejection.under(field) } else { rejection }
        };
        match self {
            Self::Rejected(rejections) => Self::Rejected(rejections.into_iter().map(place).collect()),
            other => other,
        }
    }
}

impl From<Rejection> for AppError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(vec![rejection])
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooLarge => crate::domain::rejection::Rejection {
                code: crate::domain::rejection::Code::LedgerOverflow,
                path: Vec::new(),
                message: "amounts that are added up here exceed what the ledger holds together: take a shorter range, or correct what was \
                          recorded by mistake"
                    .to_owned(),
            }
            .into(),
            error if error.is_temporary() => Self::Unavailable(error),
            error => Self::Internal(error),
        }
    }
}
