//! The string scalars of the API. They keep the text they were given: whoever uses a value reads it with the domain's own parser, so that
//! one bad value refuses the one item it belongs to, with a code and a path.

use async_graphql::{InputValueError, InputValueResult, Number, Scalar, ScalarType, Value};
use chrono::{DateTime as Instant, NaiveDate, Utc};

use crate::domain::money::{Currency as DomainCurrency, Exact};
use crate::domain::period::{Day, DayRange, Moment};
use crate::domain::rejection::{Code, Rejection};

/// An exact decimal as a string, such as `"12.50"`: an optional `-`, digits, and optionally a point with digits; no exponent.
/// A JSON number or a number literal is refused, because clients and servers read those as binary floats and lose digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal(pub String);

/// A whole number as a string, because token counts and entry numbers outgrow the 32 bits of `Int`. A JSON integer is accepted on input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BigInt(pub String);

/// A calendar day, `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Date(pub String);

/// An instant in RFC 3339 with its offset, such as `2026-01-05T14:03:22Z`. Answers are in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateTime(pub String);

/// An ISO 4217 currency code in use, such as `USD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrencyCode(pub String);

/// The text of a scalar that is always a string.
fn text_of(value: Value, name: &str, example: &str) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(_) => {
            Err(format!("{name} is sent as a string such as {example}, not as a number: a number can lose digits on its way"))
        }
        _ => Err(format!("{name} is sent as a string such as {example}")),
    }
}

/// An exact decimal as a string, such as `"12.50"`: an optional `-`, digits, and optionally a point with digits; no exponent.
/// A JSON number or a number literal is refused, because clients and servers read those as binary floats and lose digits.
#[Scalar]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        text_of(value, "Decimal", "\"12.50\"").map(Self).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A whole number as a string, because token counts and entry numbers outgrow the 32 bits of `Int`. A JSON integer is accepted on input.
#[Scalar]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::Number(number) if is_integer(&number) => Ok(Self(number.to_string())),
            Value::String(text) => Ok(Self(text)),
            _ => Err(InputValueError::custom("BigInt is sent as a string of digits such as \"1200\", or as a whole number")),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A calendar day, `YYYY-MM-DD`.
#[Scalar]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        text_of(value, "Date", "\"2026-01-31\"").map(Self).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// An instant in RFC 3339 with its offset, such as `2026-01-05T14:03:22Z`. Answers are in UTC.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        text_of(value, "DateTime", "\"2026-01-05T14:03:22Z\"").map(Self).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// An ISO 4217 currency code in use, such as `USD`.
#[Scalar(specified_by_url = "https://www.iso.org/iso-4217-currency-codes.html")]
impl ScalarType for CurrencyCode {
    fn parse(value: Value) -> InputValueResult<Self> {
        text_of(value, "CurrencyCode", "\"USD\"").map(Self).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

fn is_integer(number: &Number) -> bool {
    let text = number.to_string();
    let digits = text.strip_prefix('-').unwrap_or(&text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl From<Exact> for Decimal {
    fn from(exact: Exact) -> Self {
        Self(exact.normalized().to_string())
    }
}

impl Decimal {
    /// Ledger units of a currency as an amount of it.
    pub fn of_units(units: i128, currency: DomainCurrency) -> Self {
        Self(crate::domain::money::Money::exact_of_units(units, currency).to_string())
    }
}

impl From<i64> for BigInt {
    fn from(value: i64) -> Self {
        Self(value.to_string())
    }
}

impl From<i128> for BigInt {
    fn from(value: i128) -> Self {
        Self(value.to_string())
    }
}

impl BigInt {
    /// # Errors
    /// `QUANTITY_INVALID` at the field.
    pub fn to_i64(&self, field: &'static str) -> Result<i64, Rejection> {
        let invalid =
            || Rejection::at(Code::QuantityInvalid, field, format!("`{}` is not a whole number of at most 18 digits", excerpt(&self.0)));
        if self.0.starts_with('+') {
            return Err(invalid());
        }
        self.0.parse().map_err(|_| invalid())
    }
}

impl From<Day> for Date {
    fn from(day: Day) -> Self {
        Self(day.to_string())
    }
}

impl Date {
    /// # Errors
    /// `DATE_INVALID` at the field.
    pub fn to_date(&self, field: &'static str) -> Result<NaiveDate, Rejection> {
        // Chrono also reads shorter and longer forms; a day has ten characters.
        let date = (self.0.len() == "2026-01-31".len()).then(|| NaiveDate::parse_from_str(&self.0, "%Y-%m-%d").ok()).flatten();
        date.ok_or_else(|| Rejection::at(Code::DateInvalid, field, format!("`{}` is not a day such as \"2026-01-31\"", excerpt(&self.0))))
    }

    /// # Errors
    /// `DATE_INVALID` at the field.
    pub fn to_day(&self, field: &'static str) -> Result<Day, Rejection> {
        self.to_date(field).map(Day::from_date)
    }
}

/// The days from `from` (included) to `to` (excluded).
///
/// # Errors
/// `DATE_INVALID`, `RANGE_INVALID`.
pub fn day_range(from: &Date, to: &Date) -> Result<DayRange, Rejection> {
    DayRange::new(from.to_day("from")?, to.to_day("to")?)
}

impl From<Instant<Utc>> for DateTime {
    fn from(instant: Instant<Utc>) -> Self {
        Self(instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }
}

impl From<Moment> for DateTime {
    fn from(moment: Moment) -> Self {
        Self::from(moment.to_instant())
    }
}

impl DateTime {
    /// # Errors
    /// `DATE_INVALID` at the field.
    pub fn to_instant(&self, field: &'static str) -> Result<Instant<Utc>, Rejection> {
        Instant::parse_from_rfc3339(&self.0).map(|instant| instant.to_utc()).map_err(|_| {
            let message = format!("`{}` is not an instant in RFC 3339 with its offset, such as \"2026-01-05T14:03:22Z\"", excerpt(&self.0));
            Rejection::at(Code::DateInvalid, field, message)
        })
    }

    /// # Errors
    /// `DATE_INVALID` at the field.
    pub fn to_moment(&self, field: &'static str) -> Result<Moment, Rejection> {
        self.to_instant(field).map(Moment::from_instant)
    }
}

impl From<DomainCurrency> for CurrencyCode {
    fn from(currency: DomainCurrency) -> Self {
        Self(currency.code().to_owned())
    }
}

/// The beginning of a text for a message.
fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(json: &str) -> Value {
        Value::from_json(serde_json::from_str(json).unwrap()).unwrap()
    }

    #[test]
    fn decimals_are_strings_and_nothing_else() {
        assert_eq!(Decimal::parse(Value::String("0.1".into())).unwrap().0, "0.1");
        assert!(Decimal::parse(number("0.1")).is_err());
        assert!(Decimal::parse(number("1")).is_err());
        assert!(Decimal::parse(Value::Null).is_err());
    }

    #[test]
    fn big_integers_are_strings_or_whole_numbers() {
        let read = |json: &str| BigInt::parse(number(json)).ok().map(|value| value.0);
        assert_eq!(read("1200").as_deref(), Some("1200"));
        assert_eq!(read("9223372036854775807").as_deref(), Some("9223372036854775807"));
        assert_eq!(read("-1").as_deref(), Some("-1"), "the sign is refused where a quantity is read, for that item alone");
        assert_eq!(read("1.5"), None);
        assert_eq!(read("1e3"), None);
        assert_eq!(read("true"), None);
        assert_eq!(BigInt("+5".into()).to_i64("number").unwrap_err().code, Code::QuantityInvalid);
        assert_eq!(BigInt("12".into()).to_i64("number"), Ok(12));
    }

    #[test]
    fn days_and_instants_are_read_in_one_form() {
        assert_eq!(Date("2026-02-28".into()).to_day("from").unwrap().to_string(), "2026-02-28");
        for text in ["2026-02-30", "2026-2-8", "28.02.2026", "", "2026-02-28T00:00:00Z"] {
            assert_eq!(Date(text.into()).to_day("from").unwrap_err().code, Code::DateInvalid, "{text}");
        }
        assert_eq!(DateTime::from(DateTime("2026-01-05T15:03:22.5+01:00".into()).to_moment("at").unwrap()).0, "2026-01-05T14:03:22.500Z");
        assert!(DateTime("2026-01-05".into()).to_moment("at").is_err());
        assert_eq!(day_range(&Date("2026-01-02".into()), &Date("2026-01-02".into())).unwrap_err().code, Code::RangeInvalid);
    }
}
