//! How a served model's name finds its family's price.

/// The names to try in the price book, best first: the name itself, then without prefixes, dates and version suffixes.
///
/// `openai/gpt-4o-2024-08-06` gives `openai/gpt-4o-2024-08-06`, `gpt-4o-2024-08-06`, `gpt-4o`. A snapshot with a price of its own is found first.
pub fn candidates(provider: &str, model: &str) -> Vec<String> {
    let mut names = vec![model.to_ascii_lowercase()];
    let mut push = |name: &str| {
        if !name.is_empty() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    let lower = model.to_ascii_lowercase();
    let mut name = lower.as_str();
    for prefix in [format!("{provider}/"), "models/".to_owned()] {
        if let Some(rest) = name.strip_prefix(prefix.as_str()) {
            name = rest;
            push(name);
        }
    }
    // ft:gpt-4.1:acme::id is priced as ft:gpt-4.1.
    if let Some(rest) = name.strip_prefix("ft:") {
        let base = rest.split(':').next().unwrap_or(rest);
        push(&format!("ft:{base}"));
        push(&format!("ft:{}", without_suffix(base).unwrap_or(base)));
        return names;
    }
    while let Some(shorter) = without_suffix(name) {
        name = shorter;
        push(name);
    }
    names
}

/// The name without its last version mark: `-v1:0`, `@20240620`, `-2024-08-06`, `-20241022`, `-latest`, `-001`.
fn without_suffix(name: &str) -> Option<&str> {
    if let Some((base, version)) = name.rsplit_once("-v")
        && version.split_once(':').is_some_and(|(major, minor)| is_digits(major, 1) && is_digits(minor, 1))
    {
        return Some(base);
    }
    if let Some((base, date)) = name.rsplit_once('@') {
        return (is_digits(date, 8) || date == "latest" || date == "default").then_some(base);
    }
    let (base, last) = name.rsplit_once('-')?;
    if last == "latest" || is_date(last) || is_digits(last, 3) && last.starts_with('0') {
        return Some(base);
    }
    // -2024-08-06
    let (with_year, month) = base.rsplit_once('-')?;
    let (family, year) = with_year.rsplit_once('-')?;
    (is_digits(last, 2) && is_digits(month, 2) && is_digits(year, 4)).then_some(family)
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_date(text: &str) -> bool {
    is_digits(text, 8) && text.starts_with("20")
}

#[cfg(test)]
mod tests {
    use super::candidates;

    #[test]
    fn a_snapshot_falls_back_to_its_family() {
        let last = |provider, model| candidates(provider, model).pop().unwrap();
        for (provider, model, family) in [
            ("openai", "gpt-4o-2024-08-06", "gpt-4o"),
            ("openai", "openai/GPT-4o-mini-2024-07-18", "gpt-4o-mini"),
            ("anthropic", "claude-3-5-sonnet-20241022", "claude-3-5-sonnet"),
            ("anthropic", "claude-3-5-sonnet@20240620", "claude-3-5-sonnet"),
            ("amazon", "anthropic.claude-3-5-sonnet-20241022-v2:0", "anthropic.claude-3-5-sonnet"),
            ("google", "models/gemini-2.5-pro-001", "gemini-2.5-pro"),
            ("anthropic", "claude-3-5-haiku-latest", "claude-3-5-haiku"),
            ("openai", "ft:gpt-4.1-2025-04-14:acme::abc", "ft:gpt-4.1"),
            ("openai", "gpt-4-turbo", "gpt-4-turbo"),
            ("mistral", "mistral-large-2411", "mistral-large-2411"),
        ] {
            assert_eq!(last(provider, model), family, "{model}");
        }
        assert_eq!(candidates("openai", "gpt-4o-2024-05-13"), ["gpt-4o-2024-05-13", "gpt-4o"]);
    }
}
