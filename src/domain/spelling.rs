//! Names that somebody probably meant, for the sentences that refuse what they wrote.

/// The name of the list that the writer probably meant: the same but for case, `_` and `-`, or at most two letters off.
pub fn closest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer names are not misspellings of ours, and the comparison is quadratic.
    const LONGEST: usize = 40;
    const MOST_EDITS: usize = 2;
    if name.len() > LONGEST {
        return None;
    }
    let folded = folded(name);
    let ranked = names.into_iter().map(|candidate| (edits(&folded, &self::folded(candidate)), candidate));
    ranked.filter(|ranked| ranked.0 <= MOST_EDITS && ranked.0 < ranked.1.len().div_ceil(2)).min().map(|ranked| ranked.1)
}

/// A name without what spellings differ in: case, `_`, `-` and blanks.
pub fn folded(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '_' | '-' | ' ')).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Levenshtein's distance in characters.
fn edits(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (above, left) in left.chars().enumerate() {
        let mut diagonal = above;
        let mut before = above.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, right) in row.iter_mut().skip(1).zip(right.chars()) {
            let replaced = diagonal.saturating_add(usize::from(left != right));
            diagonal = *cell;
            before = replaced.min(before.saturating_add(1)).min(diagonal.saturating_add(1));
            *cell = before;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_its_neighbour() {
        let closest = |name| closest(name, ["inputTokens", "outputTokens", "totalInputTokens"]);
        assert_eq!(closest("input_tokens"), Some("inputTokens"));
        assert_eq!(closest("inputToken"), Some("inputTokens"));
        assert_eq!(closest("cachedTokens"), None);
        assert_eq!(closest("prompt"), None);
        assert_eq!(closest(&"x".repeat(10_000)), None);
    }
}
