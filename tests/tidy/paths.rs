//! Lists the paths that code names: in `use` declarations, expanded, and in the middle of code. Paths of our own crate
//! come out absolute. A path is judged as it is written: macros are not expanded, re-exports not followed.

use crate::source::{Token, group_end, is_name, text};
use std::collections::BTreeSet;

/// A path as the code names it, made absolute: `crate` first for our own, else the crate's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub segments: Vec<String>,
    pub line: usize,
}

/// Every path in `use` declarations and in the code. `module` is the file's place, without `crate`.
pub fn paths(tokens: &[Token], module: &[String]) -> Vec<Path> {
    let mut scan = Scan { tokens, module, inner: Vec::new(), declared: BTreeSet::new(), out: Vec::new() };
    scan.all();
    let Scan { declared, mut out, .. } = scan;
    // `amount::parse` after `mod amount;` or `use super::amount;` was judged at that line.
    out.retain(|(path, rooted)| *rooted || !path.segments.first().is_some_and(|name| declared.contains(name)));
    out.into_iter().map(|(path, _)| path).collect()
}

struct Scan<'a> {
    tokens: &'a [Token],
    module: &'a [String],
    /// Modules opened in this file, with the place of their end.
    inner: Vec<(String, usize)>,
    /// Names that this file declares or imports.
    declared: BTreeSet<String>,
    /// Paths, and whether they are absolute by themselves.
    out: Vec<(Path, bool)>,
}

impl Scan<'_> {
    fn all(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            self.inner.retain(|(_, end)| *end > at);
            let word = text(self.tokens, at);
            if word == "mod" && is_name(text(self.tokens, at + 1)) {
                let name = text(self.tokens, at + 1).to_owned();
                self.declared.insert(name.clone());
                if text(self.tokens, at + 2) == "{" {
                    self.inner.push((name, group_end(self.tokens, at + 2)));
                }
                at += 3;
            } else if word == "use" && text(self.tokens, at + 1) != "<" {
                at = self.use_tree(at + 1, &[]) + 1;
            } else if word == "extern" && text(self.tokens, at + 1) == "crate" {
                self.add(vec![text(self.tokens, at + 2).to_owned()], self.tokens[at].line, true);
                at += 3;
            } else if is_name(word) && !self.continues(at) {
                at = self.inline(at);
            } else {
                at += 1;
            }
        }
    }

    /// Whether the word at `at` is the tail of a path, a method or a field, or the place in `pub(in path)`.
    fn continues(&self, at: usize) -> bool {
        let before = |n: usize| if at >= n { text(self.tokens, at - n) } else { "" };
        match before(1) {
            "::" => is_name(before(2)) || before(2) == ">",
            "." => before(2) != ".",
            "in" => before(2) == "(" && before(3) == "pub",
            _ => false,
        }
    }

    fn inline(&mut self, at: usize) -> usize {
        let mut segments = vec![text(self.tokens, at).to_owned()];
        let mut end = at + 1;
        while text(self.tokens, end) == "::" && is_name(text(self.tokens, end + 1)) {
            segments.push(text(self.tokens, end + 1).to_owned());
            end += 2;
        }
        let leading = at > 0 && text(self.tokens, at - 1) == "::";
        if segments.len() > 1 {
            self.add(segments, self.tokens[at].line, leading);
        }
        end
    }

    /// Reads one branch of a `use` tree from `at`; the place of its `,`, `}` or `;`.
    fn use_tree(&mut self, at: usize, prefix: &[String]) -> usize {
        let mut segments = prefix.to_vec();
        let mut place = at;
        loop {
            let line = self.tokens.get(place).map_or(0, |token| token.line);
            match text(self.tokens, place) {
                "::" => place += 1,
                "{" => {
                    let end = group_end(self.tokens, place);
                    place += 1;
                    while place + 1 < end {
                        place = self.use_tree(place, &segments);
                        place += usize::from(text(self.tokens, place) == ",");
                    }
                    return end;
                }
                "" | "," | "}" | ";" => return place,
                word => {
                    let is_self = word == "self" && !segments.is_empty();
                    if !is_self {
                        segments.push(word.to_owned());
                    }
                    place += 1;
                    if text(self.tokens, place) == "as" {
                        self.declared.insert(text(self.tokens, place + 1).to_owned());
                        place += 2;
                    } else if text(self.tokens, place) != "::" {
                        self.declared.extend(segments.last().cloned());
                    }
                    if text(self.tokens, place) != "::" {
                        self.add(segments.clone(), line, true);
                    }
                }
            }
        }
    }

    fn add(&mut self, segments: Vec<String>, line: usize, rooted: bool) {
        let own = ["crate", "self", "super", "tallybook"].contains(&segments[0].as_str());
        let segments = if own { self.absolute(&segments) } else { segments };
        self.out.push((Path { segments, line }, rooted || own));
    }

    fn absolute(&self, segments: &[String]) -> Vec<String> {
        let mut base: Vec<String> = Vec::new();
        let mut rest = segments;
        if ["self", "super"].contains(&segments[0].as_str()) {
            base.extend(self.module.iter().cloned());
            base.extend(self.inner.iter().map(|(name, _)| name.clone()));
        }
        while let Some(first) = rest.first() {
            match first.as_str() {
                "super" => drop(base.pop()),
                "self" | "crate" | "tallybook" if rest.len() == segments.len() => {}
                _ => break,
            }
            rest = &rest[1..];
        }
        let root = std::iter::once("crate".to_owned());
        root.chain(base).chain(rest.iter().cloned()).collect()
    }
}
