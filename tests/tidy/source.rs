//! Reads Rust source well enough for the layout rules, with std only: blanks comments and literals out, cuts into
//! tokens, drops what is compiled for tests alone, and measures functions.

/// The text of one file, split into what the compiler reads and what people read. Both keep every line break.
pub struct Split {
    pub code: String,
    pub comments: String,
}

/// Separates code from comments. The content of string and character literals is blanked in `code`.
pub fn split(text: &str) -> Split {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Split { code: String::new(), comments: String::new() };
    let mut at = 0;
    while at < chars.len() {
        let end = match literal_or_comment(&chars, at) {
            Some((end, comment)) => {
                // A literal remains visible as one quote on each of its lines, so that they count as code.
                let mut visible = !comment;
                for &c in &chars[at..end] {
                    out.code.push(if c == '\n' {
                        '\n'
                    } else if visible {
                        '"'
                    } else {
                        ' '
                    });
                    out.comments.push(if comment || c == '\n' { c } else { ' ' });
                    visible = !comment && c == '\n';
                }
                end
            }
            None => {
                // A whole word at once: its end must not be taken for the prefix of a literal.
                let end = if is_word(chars[at]) { word_end(&chars, at) } else { at + 1 };
                for &c in &chars[at..end] {
                    out.code.push(c);
                    out.comments.push(if c == '\n' { c } else { ' ' });
                }
                end
            }
        };
        at = end;
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word_end(chars: &[char], from: usize) -> usize {
    from + chars[from..].iter().take_while(|&&c| is_word(c)).count()
}

/// The end of the comment or literal that starts at `at`, and whether it is a comment.
fn literal_or_comment(chars: &[char], at: usize) -> Option<(usize, bool)> {
    let next = |n: usize| chars.get(at + n).copied();
    match chars[at] {
        '/' if next(1) == Some('/') => Some((at + chars[at..].iter().take_while(|&&c| c != '\n').count(), true)),
        '/' if next(1) == Some('*') => Some((block_comment_end(chars, at), true)),
        '"' => Some((quoted_end(chars, at + 1, '"'), false)),
        '\'' => match (next(1), next(2)) {
            (Some('\\'), _) => Some((quoted_end(chars, at + 1, '\''), false)),
            (Some(_), Some('\'')) => Some((at + 3, false)),
            _ => None, // a lifetime
        },
        'b' if next(1) == Some('\'') => Some((quoted_end(chars, at + 2, '\''), false)),
        'b' | 'c' if next(1) == Some('"') => Some((quoted_end(chars, at + 2, '"'), false)),
        'b' | 'c' if next(1) == Some('r') => raw_end(chars, at + 2).map(|end| (end, false)),
        'r' => raw_end(chars, at + 1).map(|end| (end, false)),
        _ => None,
    }
}

fn block_comment_end(chars: &[char], at: usize) -> usize {
    let mut depth = 0;
    let mut place = at;
    while place < chars.len() {
        match (chars[place], chars.get(place + 1)) {
            ('/', Some('*')) => depth += 1,
            ('*', Some('/')) => depth -= 1,
            _ => {
                place += 1;
                continue;
            }
        }
        place += 2;
        if depth == 0 {
            return place;
        }
    }
    chars.len()
}

fn quoted_end(chars: &[char], from: usize, quote: char) -> usize {
    let mut place = from;
    while place < chars.len() {
        match chars[place] {
            '\\' => place += 2,
            c if c == quote => return place + 1,
            _ => place += 1,
        }
    }
    chars.len()
}

/// `from` is just behind the `r`. `None` for a raw identifier or a plain word.
fn raw_end(chars: &[char], from: usize) -> Option<usize> {
    let hashes = chars[from.min(chars.len())..].iter().take_while(|&&c| c == '#').count();
    if chars.get(from + hashes) != Some(&'"') {
        return None;
    }
    let mut place = from + hashes + 1;
    while place < chars.len() {
        if chars[place] == '"' && chars[place + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes {
            return Some(place + 1 + hashes);
        }
        place += 1;
    }
    Some(chars.len())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// A word, a number, `::`, or one punctuation character.
    pub text: String,
    /// Counted from 1.
    pub line: usize,
}

pub fn tokens(code: &str) -> Vec<Token> {
    let chars: Vec<char> = code.chars().collect();
    let mut out = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let c = chars[at];
        let mut end = at + 1;
        if c == '\n' {
            line += 1;
        } else if is_word(c) {
            end = word_end(&chars, at);
            out.push(Token { text: chars[at..end].iter().collect(), line });
        } else if c == ':' && chars.get(end) == Some(&':') {
            end += 1;
            out.push(Token { text: "::".to_owned(), line });
        } else if !c.is_whitespace() {
            out.push(Token { text: c.to_string(), line });
        }
        at = end;
    }
    out
}

/// The text of the token at `at`; empty beyond the end.
pub fn text(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |token| token.text.as_str())
}

pub fn starts_with(tokens: &[Token], at: usize, words: &[&str]) -> bool {
    words.iter().enumerate().all(|(n, word)| text(tokens, at + n) == *word)
}

/// The place behind the bracket that closes the one at `open`.
pub fn group_end(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (place, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place + 1;
        }
    }
    tokens.len()
}

/// The place behind the attribute at `at` (`#[..]` or `#![..]`), if there is one.
pub fn attribute_end(tokens: &[Token], at: usize) -> Option<usize> {
    let open = at + if starts_with(tokens, at, &["#", "!"]) { 2 } else { 1 };
    (text(tokens, at) == "#" && text(tokens, open) == "[").then(|| group_end(tokens, open))
}

/// The place behind what an attribute ending at `from` belongs to: an item, a statement, a field.
pub fn item_end(tokens: &[Token], from: usize) -> usize {
    let mut place = from;
    while let Some(end) = attribute_end(tokens, place) {
        place = end;
    }
    const ITEMS: &[&str] = &[
        "fn",
        "impl",
        "struct",
        "enum",
        "mod",
        "trait",
        "const",
        "static",
        "type",
        "pub",
        "unsafe",
        "async",
        "let",
        "use",
        "extern",
        "macro_rules",
        "union",
    ];
    // A visible field ends at its comma like any other: `pub name:`, `pub(crate) name:`.
    let mut inner = place;
    if text(tokens, inner) == "pub" {
        inner += 1;
        if text(tokens, inner) == "(" {
            inner = group_end(tokens, inner);
        }
    }
    let is_item = ITEMS.contains(&text(tokens, inner)) && text(tokens, inner + 1) != ":";
    // Only these have a value, in which a brace is not yet the end: `const A: B = B { .. };`
    let has_value = ["let", "static", "type", "use"].contains(&text(tokens, inner))
        || (text(tokens, inner) == "const" && text(tokens, inner + 1) != "fn" && text(tokens, inner + 2) == ":");
    while place < tokens.len() {
        match text(tokens, place) {
            ";" => return place + 1,
            "," if !is_item => return place + 1,
            "{" if !has_value => return group_end(tokens, place),
            "{" | "(" | "[" => place = group_end(tokens, place),
            "}" | ")" | "]" => return place,
            _ => place += 1,
        }
    }
    place
}

/// What the compiler sees in a build without tests.
pub struct Production {
    pub tokens: Vec<Token>,
    /// The lines, first to last, of what `#[cfg(test)]` and `#[test]` leave out.
    pub test_lines: Vec<(usize, usize)>,
    /// Names of `#[cfg(test)] mod name;`: files that are tests.
    pub test_modules: Vec<String>,
}

pub fn production(all: &[Token]) -> Production {
    let mut out = Production { tokens: Vec::new(), test_lines: Vec::new(), test_modules: Vec::new() };
    let mut at = 0;
    while at < all.len() {
        let is_test = starts_with(all, at, &["#", "[", "cfg", "(", "test", ")", "]"])
            || starts_with(all, at, &["#", "[", "cfg", "(", "all", "(", "test"])
            || starts_with(all, at, &["#", "[", "test", "]"]);
        if !is_test {
            out.tokens.push(all[at].clone());
            at += 1;
            continue;
        }
        let end = item_end(all, at);
        if starts_with(all, end.saturating_sub(3), &["mod"]) && text(all, end - 1) == ";" {
            out.test_modules.push(text(all, end - 2).to_owned());
        }
        let last = all.get(end.saturating_sub(1)).or(all.last()).map_or(0, |token| token.line);
        out.test_lines.push((all[at].line, last));
        at = end;
    }
    out
}

pub fn is_name(word: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "as", "async", "await", "break", "const", "continue", "dyn", "else", "enum", "extern", "fn", "for", "if", "impl", "in", "let",
        "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "static", "struct", "trait", "type", "unsafe", "use", "where",
        "while",
    ];
    word.starts_with(|c: char| c.is_alphabetic() || c == '_') && !KEYWORDS.contains(&word)
}

/// A function with the number of lines of code between its braces: comments and blank lines do not count.
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

pub fn functions(tokens: &[Token], code: &str) -> Vec<Function> {
    let code_lines: Vec<bool> = code.lines().map(|line| !line.trim().is_empty()).collect();
    let mut out = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.text != "fn" || !is_name(text(tokens, at + 1)) {
            continue;
        }
        let mut open = at + 2;
        while !["{", ";", ""].contains(&text(tokens, open)) {
            open = if ["(", "["].contains(&text(tokens, open)) { group_end(tokens, open) } else { open + 1 };
        }
        if text(tokens, open) != "{" {
            continue; // declared, not defined
        }
        let last = tokens[group_end(tokens, open) - 1].line;
        let inside = tokens[open].line..last.saturating_sub(1).max(tokens[open].line);
        let lines = code_lines.get(inside).unwrap_or_default().iter().filter(|&&is_code| is_code).count();
        out.push(Function { name: text(tokens, at + 1).to_owned(), line: token.line, lines });
    }
    out
}
