//! Scalars that every reader of charges shares: instants, quantities and money, from their text.

use chrono::{DateTime, Utc};

use crate::domain::money::{Currency, Money};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::usage::Processing;

/// The beginning of a text for a message: whole messages stay short whatever comes in.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut letters = text.chars();
    let mut shown: String = letters.by_ref().take(LONGEST).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

fn pathless(code: Code, message: String) -> Rejection {
    Rejection { code, path: Vec::new(), message }
}

/// Reads an instant: RFC 3339 with its offset.
///
/// # Errors
/// `DATE_INVALID` with a sentence about what was given instead.
pub(super) fn instant(text: &str) -> Result<DateTime<Utc>, Rejection> {
    let read = DateTime::parse_from_rfc3339(text).map(|instant| instant.to_utc());
    read.map_err(|_| {
        let shown = excerpt(text);
        let has_digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        pathless(
            Code::DateInvalid,
            if has_digits_only {
                format!("`{shown}` looks like a Unix time; send RFC 3339 text such as \"2026-01-05T14:03:22Z\"")
            } else if text.len() == "2026-01-05".len() && text.parse::<chrono::NaiveDate>().is_ok() {
                format!("`{shown}` is a day without a time; send the instant with its offset, such as \"{shown}T14:03:22Z\"")
            } else if text.parse::<chrono::NaiveDateTime>().is_ok() {
                format!("`{shown}` has no offset; end it with `Z` for UTC or with one such as `+01:00`")
            } else {
                format!("`{shown}` is not an RFC 3339 instant such as \"2026-01-05T14:03:22Z\"")
            },
        )
    })
}

/// Reads the word for how the provider processed the call, in any case.
///
/// # Errors
/// `WRONG_TYPE` with the words there are.
pub(super) fn processing(text: &str) -> Result<Processing, Rejection> {
    Processing::parse(text).ok_or_else(|| {
        let words = Processing::ALL.map(Processing::as_str).join(", ");
        pathless(Code::WrongType, format!("`{}` is not one of {words}", excerpt(text)))
    })
}

/// Reads a cost that the provider or gateway reported. Paths begin with the name given for each half.
///
/// # Errors
/// `CURRENCY_UNKNOWN` at the currency, `AMOUNT_*` at the amount.
pub(super) fn money(amount: (&'static str, &str), currency: (&'static str, &str)) -> Result<Money, Rejection> {
    let unit = Currency::parse(currency.1).map_err(|rejection| rejection.under(currency.0))?;
    Money::parse(amount.1, unit).map_err(|rejection| rejection.under(amount.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_needs_its_offset_and_says_so() {
        assert_eq!(instant("2026-01-05T15:03:22.5+01:00").unwrap().to_rfc3339(), "2026-01-05T14:03:22.500+00:00");
        for (text, sentence) in [
            ("2026-01-05", "a day without a time"),
            ("1767621802", "looks like a Unix time"),
            ("2026-01-05T14:03:22", "no offset"),
            ("yesterday", "not an RFC 3339 instant"),
            ("", "not an RFC 3339 instant"),
        ] {
            let rejection = instant(text).unwrap_err();
            assert_eq!(rejection.code, Code::DateInvalid);
            assert!(rejection.message.contains(sentence), "{text}: {}", rejection.message);
        }
    }

    #[test]
    fn words_and_money_are_read_or_refused() {
        assert_eq!(processing("Batch").unwrap(), Processing::Batch);
        assert!(processing("fast").unwrap_err().message.contains("STANDARD, BATCH, FLEX, PRIORITY"));
        let read = |amount, currency| money(("amount", amount), ("currency", currency));
        assert_eq!(read("0.25", "EUR").unwrap().to_string(), "0.25 EUR");
        assert_eq!(read("0.25", "eur").unwrap_err().path, ["currency"]);
        assert_eq!(read("1,25", "EUR").unwrap_err().path, ["amount"]);
    }
}
