//! Checks that the inputs of all masters share. What passes is trimmed and within the limits of its column.

use crate::app::AppError;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::usage::limits;

/// Items of one save. Masters are kept by people and scripts in small lists; price lists come through the import, which has no such limit.
pub const MOST_ITEMS: usize = 1_000;
/// Longest name of an account or a cost center: it is for people, and fits one line of a report.
const NAME: usize = 200;
/// Longest source of a price or discount: an address, or a contract's name.
const SOURCE: usize = 500;

/// Checks every item of a list that is at most [`MOST_ITEMS`] long.
///
/// # Errors
/// The refusals of all items, each under the list's name and the item's position.
pub(super) fn items<I, T>(list: &'static str, inputs: &[I], check: impl Fn(&I) -> Result<T, Rejection>) -> Result<Vec<T>, AppError> {
    if inputs.len() > MOST_ITEMS {
        let message = format!("`{list}` has {} items; one call takes {MOST_ITEMS}. Split it", inputs.len());
        return Err(Rejection::at(Code::TooManyItems, list, message).into());
    }
    all_items(list, inputs, check)
}

/// Checks every item of a list of any length.
///
/// # Errors
/// The refusals of all items, each under the list's name and the item's position.
pub(super) fn all_items<I, T>(list: &'static str, inputs: &[I], check: impl Fn(&I) -> Result<T, Rejection>) -> Result<Vec<T>, AppError> {
    let mut checked = Vec::with_capacity(inputs.len());
    let mut rejections = Vec::new();
    for (position, input) in inputs.iter().enumerate() {
        match check(input) {
            Ok(item) => checked.push(item),
            Err(rejection) => rejections.push(item(list, position, rejection)),
        }
    }
    accepted(rejections)?;
    Ok(checked)
}

/// A refusal within an item, seen from the root of the input.
pub(super) fn item(list: &'static str, position: usize, rejection: Rejection) -> Rejection {
    rejection.under(position.to_string()).under(list)
}

/// # Errors
/// The refusals, when there are any.
pub(super) fn accepted(rejections: Vec<Rejection>) -> Result<(), AppError> {
    if rejections.is_empty() { Ok(()) } else { Err(AppError::Rejected(rejections)) }
}

/// Text that must be there, trimmed.
///
/// # Errors
/// `MISSING_FIELD` for blank text, `TEXT_TOO_LONG`, `TEXT_INVALID`.
pub(in crate::app) fn required(field: &'static str, text: &str, longest: usize) -> Result<String, Rejection> {
    optional(field, Some(text), longest)?.ok_or_else(|| Rejection::at(Code::MissingField, field, format!("`{field}` is required")))
}

/// Text that may be absent, trimmed; blank is absent.
///
/// # Errors
/// `TEXT_TOO_LONG`, `TEXT_INVALID`.
pub(super) fn optional(field: &'static str, text: Option<&str>, longest: usize) -> Result<Option<String>, Rejection> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.len() > longest {
        return Err(Rejection::at(Code::TextTooLong, field, format!("`{field}` has {} bytes; it holds {longest}", text.len())));
    }
    if text.chars().any(char::is_control) {
        return Err(Rejection::at(Code::TextInvalid, field, format!("`{field}` has control characters")));
    }
    Ok(Some(text.to_owned()))
}

/// The code of an account, a cost center, a rule or books; also the name of a provider.
pub(super) fn code(field: &'static str, text: &str) -> Result<String, Rejection> {
    required(field, text, limits::CODE)
}

/// A code that may be absent.
pub(super) fn optional_code(field: &'static str, text: Option<&str>) -> Result<Option<String>, Rejection> {
    optional(field, text, limits::CODE)
}

/// A name for people; without one the code stands in.
pub(super) fn name(text: &str, code: &str) -> Result<String, Rejection> {
    Ok(optional("name", Some(text), NAME)?.unwrap_or_else(|| code.to_owned()))
}

/// A model's name in lower case, as the price book looks it up.
pub(super) fn model(field: &'static str, text: &str) -> Result<String, Rejection> {
    Ok(required(field, text, limits::MODEL)?.to_ascii_lowercase())
}

/// Where a figure was read; without one, who gave it.
pub(super) fn source(text: Option<&str>, subject: &str) -> Result<String, Rejection> {
    Ok(optional("source", text, SOURCE)?.unwrap_or_else(|| subject.chars().take(SOURCE / 4).collect()))
}
