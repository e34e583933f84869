//! Counts the lexical tokens of a document (GraphQL specification, October 2021, section 2.1) without parsing it.
//!
//! It exists because the parser is recursive and slow on hostile input: what passes here is small and flat enough for it.
//! It accepts more than the grammar; what it cannot read, the parser refuses with a better message.

/// What counting found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TokenCount {
    pub tokens: usize,
    /// Deepest nesting of `{`, `[` and `(`.
    pub nesting: usize,
}

/// Counts until the end, or until more than `limit` tokens were seen.
pub(super) fn count(document: &str, limit: usize) -> TokenCount {
    let mut found = TokenCount::default();
    let mut nesting = 0_usize;
    let mut rest = document.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let length = match first {
            // Commas and the bytes of a byte order mark are insignificant, like white space.
            b' ' | b'\t' | b'\n' | b'\r' | b',' | 0xEF | 0xBB | 0xBF => {
                rest = behind;
                continue;
            }
            b'#' => {
                let length = rest.iter().take_while(|byte| !matches!(byte, b'\n' | b'\r')).count();
                rest = rest.get(length..).unwrap_or_default();
                continue;
            }
            b'"' => string_length(rest),
            b'.' if rest.starts_with(b"...") => 3,
            byte if is_word(byte) || byte == b'-' => 1 + behind.iter().take_while(|byte| is_word(**byte)).count(),
            _ => 1,
        };
        match first {
            b'{' | b'[' | b'(' => nesting = nesting.saturating_add(1),
            b'}' | b']' | b')' => nesting = nesting.saturating_sub(1),
            _ => {}
        }
        found = TokenCount { tokens: found.tokens.saturating_add(1), nesting: found.nesting.max(nesting) };
        if found.tokens > limit {
            break;
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    found
}

/// Of names; and of numbers apart from a fraction, which counts as a token more: close enough for a limit.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Bytes of the string, with its quotes, that `rest` begins with; to the end when it is not closed.
fn string_length(rest: &[u8]) -> usize {
    if rest.starts_with(b"\"\"\"") {
        let mut at = 3;
        while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
            match tail {
                [b'\\', b'"', b'"', b'"', ..] => at += 4,
                [b'"', b'"', b'"', ..] => return at + 3,
                _ => at += 1,
            }
        }
        return rest.len();
    }
    let mut at = 1;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            // A plain string ends with its line at the latest.
            b'\n' | b'\r' => return at,
            _ => at += 1,
        }
    }
    rest.len()
}
