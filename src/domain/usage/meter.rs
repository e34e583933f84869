//! Meters: what is counted. The standard classes are disjoint, except that reasoning is a part of the output.

use std::sync::Arc;

use crate::domain::rejection::{Code, Rejection};

/// A meter: one of the standard usage classes, or another one that a price introduces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meter {
    /// Position in [`STANDARD`]; the position is stored, so the table is append-only.
    Standard(u8),
    /// A code of lower-case letters, digits and `_`.
    Other(Arc<str>),
}

/// How a meter counts towards the input that long-context thresholds look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputShare {
    /// Part of the input, fresh or cached.
    Input,
    /// Tokens of the output.
    Output,
    /// Not tokens: fees, images, seconds.
    Neither,
}

/// The standard classes and their share of the context.
const STANDARD: &[(&str, InputShare)] = &[
    ("input_tokens", InputShare::Input),
    ("output_tokens", InputShare::Output),
    ("cache_read_tokens", InputShare::Input),
    ("cache_write_5m_tokens", InputShare::Input),
    ("cache_write_1h_tokens", InputShare::Input),
    ("reasoning_tokens", InputShare::Output),
    ("input_audio_tokens", InputShare::Input),
    ("output_audio_tokens", InputShare::Output),
    ("cached_audio_tokens", InputShare::Input),
    ("input_image_tokens", InputShare::Input),
    ("output_image_tokens", InputShare::Output),
    ("images", InputShare::Neither),
    ("seconds", InputShare::Neither),
    ("characters", InputShare::Neither),
    ("pages", InputShare::Neither),
    ("requests", InputShare::Neither),
    ("web_searches", InputShare::Neither),
    ("code_sessions", InputShare::Neither),
];

impl Meter {
    pub const INPUT: Self = Self::Standard(0);
    pub const OUTPUT: Self = Self::Standard(1);
    pub const CACHE_READ: Self = Self::Standard(2);
    pub const CACHE_WRITE_5M: Self = Self::Standard(3);
    pub const CACHE_WRITE_1H: Self = Self::Standard(4);
    pub const REASONING: Self = Self::Standard(5);

    /// The code, or the stored position of a standard class.
    ///
    /// # Errors
    /// `TEXT_INVALID` or `TEXT_TOO_LONG` when the text is no meter code.
    pub fn parse(code: &str) -> Result<Self, Rejection> {
        const LONGEST_CODE: usize = 64;
        if let Some(position) = STANDARD.iter().position(|row| row.0 == code) {
            return Ok(Self::Standard(u8::try_from(position).unwrap_or(u8::MAX)));
        }
        let refuse = |code_of, message: String| Err(Rejection { code: code_of, path: Vec::new(), message });
        if code.len() > LONGEST_CODE {
            return refuse(Code::TextTooLong, format!("a meter code has at most {LONGEST_CODE} characters"));
        }
        let begins_with_letter = code.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if !begins_with_letter || !code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
            return refuse(
                Code::TextInvalid,
                format!("`{code}` is not a meter code: lower-case letters, digits and `_`, beginning with a letter"),
            );
        }
        Ok(Self::Other(code.into()))
    }

    /// The standard class stored under this position.
    pub fn from_position(position: u8) -> Option<Self> {
        STANDARD.get(usize::from(position)).map(|_| Self::Standard(position))
    }

    fn row(&self) -> Option<&'static (&'static str, InputShare)> {
        match self {
            Self::Standard(position) => STANDARD.get(usize::from(*position)),
            Self::Other(_) => None,
        }
    }

    pub fn code(&self) -> &str {
        match self {
            Self::Standard(_) => self.row().map_or("", |row| row.0),
            Self::Other(code) => code,
        }
    }

    pub fn input_share(&self) -> InputShare {
        self.row().map_or(InputShare::Neither, |row| row.1)
    }

    /// Whether the meter counts tokens of the model's context: the classes that a long-context price must all name.
    pub fn is_tokens(&self) -> bool {
        self.input_share() != InputShare::Neither
    }

    /// Whether it counts tokens of any kind, those of meters that a price introduced included: half a token is a mistake in the file. Seconds, hours
    /// or gigabytes have fractions.
    pub fn is_whole(&self) -> bool {
        self.is_tokens() || self.code() == "tokens" || self.code().ends_with("_tokens")
    }
}

impl std::fmt::Display for Meter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_meters_keep_their_place() {
        for (meter, code) in [
            (Meter::INPUT, "input_tokens"),
            (Meter::CACHE_WRITE_1H, "cache_write_1h_tokens"),
            (Meter::REASONING, "reasoning_tokens"),
            (Meter::Standard(17), "code_sessions"),
        ] {
            assert_eq!(meter.code(), code);
            assert_eq!(Meter::parse(code).unwrap(), meter);
        }
        assert_eq!(Meter::parse("gpu_hours").unwrap().code(), "gpu_hours");
        assert!(Meter::parse("Input").is_err() && Meter::parse("").is_err() && Meter::parse("9a").is_err());
    }
}
