//! Refusals as data, faults as errors.
//!
//! A mutation that is refused for a business reason answers with `userErrors`. Everything else is an entry of `errors` with
//! `extensions.code`. The cause of an internal error is logged once, under the request id that the caller is shown.

use std::borrow::Cow;
use std::error::Error as _;
use std::sync::{Arc, Once};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::Field;
use async_graphql::registry::{Deprecation, MetaEnumValue, MetaType, MetaTypeId, Registry};
use async_graphql::{
    Context, ContextSelectionSet, Error, ErrorExtensions, Name, OutputType, Positioned, ServerResult, SimpleObject, Value,
};

use super::RequestId;
use crate::app::AppError;
use crate::app::auth::{Actor, Permission};
use crate::domain::rejection::{Code, Rejection};

/// Why an input was refused.
#[derive(Debug, Clone, SimpleObject)]
pub struct UserError {
    /// Stable; match on it.
    code: ErrorCode,
    /// What to do about it, for people.
    message: String,
    /// Field names and list positions from the input's root to the field that is at fault; empty for the whole input.
    path: Vec<String>,
}

impl From<Rejection> for UserError {
    fn from(rejection: Rejection) -> Self {
        let path = rejection.path.into_iter().map(Cow::into_owned).collect();
        Self { code: ErrorCode(rejection.code), message: rejection.message, path }
    }
}

/// The domain's one list of refusals as a GraphQL enum, so that the two cannot differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode(pub Code);

impl OutputType for ErrorCode {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("ErrorCode")
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Enum, |_| MetaType::Enum {
            name: "ErrorCode".to_owned(),
            description: Some("Why an input was refused. Codes are only added, never removed or renamed.".to_owned()),
            enum_values: Code::ALL.iter().map(|code| (code.as_str().to_owned(), enum_value(*code))).collect::<IndexMap<_, _>>(),
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: Some(std::any::type_name::<Self>()),
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        })
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::Enum(Name::new(self.0.as_str())))
    }
}

fn enum_value(code: Code) -> MetaEnumValue {
    MetaEnumValue {
        name: code.as_str().to_owned(),
        description: Some(code.help().to_owned()),
        deprecation: Deprecation::NoDeprecated,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        directive_invocations: Vec::new(),
    }
}

/// Who is asking.
///
/// # Errors
/// `UNAUTHENTICATED` when no token was verified for the request.
pub fn actor<'a>(ctx: &Context<'a>) -> Result<&'a Actor, Error> {
    ctx.data_opt::<Actor>().ok_or_else(|| {
        let message =
            "this needs a bearer token: send `Authorization: Bearer TOKEN`, made with `tallybook token` or by your identity provider";
        Error::new(message).extend_with(|_, extensions| extensions.set("code", "UNAUTHENTICATED"))
    })
}

/// Refuses early what the use case would refuse anyway, where work is done before it is called.
///
/// # Errors
/// `FORBIDDEN`.
pub fn require(ctx: &Context<'_>, permission: Permission) -> Result<(), Error> {
    if actor(ctx)?.may(permission) { Ok(()) } else { Err(failure(ctx, &AppError::Forbidden(permission))) }
}

/// A use case's answer as the result of a query: every refusal is an error.
pub trait OrFailure<T> {
    /// # Errors
    /// The GraphQL form of the error.
    fn or_failure(self, ctx: &Context<'_>) -> Result<T, Error>;
}

impl<T> OrFailure<T> for Result<T, AppError> {
    fn or_failure(self, ctx: &Context<'_>) -> Result<T, Error> {
        self.map_err(|error| failure(ctx, &error))
    }
}

impl<T> OrFailure<T> for Result<T, Rejection> {
    fn or_failure(self, ctx: &Context<'_>) -> Result<T, Error> {
        self.map_err(|rejection| failure(ctx, &rejection.into()))
    }
}

impl<T> OrFailure<T> for Result<T, LoadError> {
    fn or_failure(self, ctx: &Context<'_>) -> Result<T, Error> {
        self.map_err(|error| {
            error.logged.call_once(|| log(ctx, &error.error));
            shown(ctx, &error.error)
        })
    }
}

/// A use case's answer as the result of a mutation: business refusals are data.
///
/// # Errors
/// The GraphQL form of every other error.
pub fn or_user_errors<T>(ctx: &Context<'_>, answer: Result<T, AppError>) -> Result<Result<T, Vec<UserError>>, Error> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(AppError::Rejected(rejections)) => Ok(Err(rejections.into_iter().map(UserError::from).collect())),
        Err(error) => Err(failure(ctx, &error)),
    }
}

/// A failure that several resolvers wait for; its cause is logged once.
#[derive(Debug, Clone)]
pub struct LoadError {
    error: Arc<AppError>,
    logged: Arc<Once>,
}

impl From<AppError> for LoadError {
    fn from(error: AppError) -> Self {
        Self { error: Arc::new(error), logged: Arc::new(Once::new()) }
    }
}

/// Logs the cause where it is ours, and gives the caller's form.
pub fn failure(ctx: &Context<'_>, error: &AppError) -> Error {
    log(ctx, error);
    shown(ctx, error)
}

fn request_id<'a>(ctx: &Context<'a>) -> &'a str {
    ctx.data_opt::<RequestId>().map_or("", |id| id.0.as_str())
}

fn log(ctx: &Context<'_>, error: &AppError) {
    let (request_id, cause) = (request_id(ctx), error.source().map(ToString::to_string).unwrap_or_default());
    match error {
        AppError::Internal(_) => tracing::error!(request_id, cause, "a GraphQL request failed"),
        AppError::Unavailable(_) => tracing::warn!(request_id, cause, "the database did not serve a GraphQL request"),
        AppError::Rejected(_) | AppError::Forbidden(_) | AppError::NotFound(_) => {}
    }
}

fn shown(ctx: &Context<'_>, error: &AppError) -> Error {
    let rejection = match error {
        AppError::Rejected(rejections) => rejections.first(),
        AppError::Forbidden(_) | AppError::NotFound(_) | AppError::Unavailable(_) | AppError::Internal(_) => None,
    };
    let message = rejection.map_or_else(|| error.to_string(), |rejection| rejection.message.clone());
    Error::new(message).extend_with(|_, extensions| {
        extensions.set("code", error.code());
        if let Some(rejection) = rejection {
            let path: Vec<Value> = rejection.path.iter().map(|segment| Value::String(segment.clone().into_owned())).collect();
            extensions.set("path", Value::List(path));
        }
        if matches!(error, AppError::Internal(_)) {
            extensions.set("requestId", request_id(ctx));
        }
    })
}
