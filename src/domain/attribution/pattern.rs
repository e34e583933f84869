//! Patterns of rules: literal text with `*` for any run of characters.

use crate::domain::rejection::{Code, Rejection};

/// A glob. `claims-*` matches `claims-eu`; a pattern without `*` matches only itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(String);

impl Pattern {
    const LONGEST: usize = 256;
    /// More stars than this mean nothing to a reader and cost time to match.
    const MOST_STARS: usize = 8;

    /// # Errors
    /// `PATTERN_INVALID` for an empty, over-long or over-starred pattern.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        if text.is_empty() || text.len() > Self::LONGEST || text.matches('*').count() > Self::MOST_STARS {
            return Err(Rejection { path: Vec::new(), ..Rejection::of(Code::PatternInvalid) });
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or("");
        let Some(last) = parts.next_back() else { return text == first };
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        rest.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn stars_stand_for_any_run() {
        for (pattern, text, expected) in [
            ("claims", "claims", true),
            ("claims", "claims-eu", false),
            ("claims-*", "claims-eu", true),
            ("*-prod", "claims-prod", true),
            ("*", "", true),
            ("a*b*c", "a-x-b-y-c", true),
            ("a*b*c", "a-x-c", false),
            ("ab*ba", "aba", false),
            ("**", "anything", true),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(text), expected, "{pattern} {text}");
        }
        assert!(Pattern::parse("").is_err());
    }
}
