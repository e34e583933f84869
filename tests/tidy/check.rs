//! Holds the tables of `rules.rs` against the text of the files.

use crate::paths::Path;
use crate::rules::{
    DOMAIN_CRATES, EXCEPTIONS, FILE_LINES_REFUSED, FILE_LINES_WANTED, FLOAT, FLOORS, FREE, FUNCTION_LINES_REFUSED, Floor, GUARDED_CRATES,
    JOURNAL_MODULES, MEMBERS, REFUSED, REFUSED_IN_COMMENTS, REFUSED_IN_TESTS,
};
use crate::source::{self, Token, starts_with, text};
use std::collections::BTreeSet;
use std::fmt;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    pub path: String,
    pub line: usize,
    pub rule: &'static str,
    pub advice: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.advice)
    }
}

/// One file: its path from the top of the repository, with `/`, and its text.
pub struct File {
    pub path: String,
    pub text: String,
}

/// Every violation in the files, in order of path and line.
pub fn check(files: &[File], long_functions: &[(&str, &str, &str)]) -> Vec<Violation> {
    let views: Vec<View> = files.iter().filter(|file| file.path.ends_with(".rs")).map(View::new).collect();
    let tests: BTreeSet<String> = views.iter().flat_map(View::test_files).collect();
    let mut all: Vec<Violation> = Vec::new();
    let mut long_seen = BTreeSet::new();
    for view in &views {
        let mut report = Report { path: &view.file.path, all: &mut all };
        sizes(view, &mut report);
        refused_in_tests(view, &mut report);
        let in_tests = tests.iter().any(|t| view.stem() == *t || view.stem().starts_with(&format!("{t}/")));
        if in_tests || view.place == Place::Tests {
            continue;
        }
        functions(view, long_functions, &mut long_seen, &mut report);
        comments(view, &mut report);
        module_docs(view, &mut report);
        words(view, &mut report);
        paths(view, &mut report);
    }
    for file in files.iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        manifest(file, &mut Report { path: &file.path, all: &mut all });
    }
    for (path, name, _) in long_functions.iter().filter(|(path, name, _)| !long_seen.contains(&(*path, *name))) {
        let advice = format!("{name} is short enough or gone: remove it from LONG_FUNCTIONS in tests/tidy/rules.rs");
        Report { path, all: &mut all }.add(1, "stale exemption", advice);
    }
    all.sort();
    all.dedup();
    all
}

struct Report<'a> {
    path: &'a str,
    all: &'a mut Vec<Violation>,
}

impl Report<'_> {
    fn add(&mut self, line: usize, rule: &'static str, advice: impl Into<String>) {
        self.all.push(Violation { path: self.path.to_owned(), line, rule, advice: advice.into() });
    }
}

/// Where a file stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// `src/<floor>/..`, or nothing for a folder that the table does not know.
    House(Option<&'static Floor>),
    Free,
    Member(&'static str),
    Tests,
}

/// A file, read.
struct View<'a> {
    file: &'a File,
    place: Place,
    /// Module path below the crate.
    module: Vec<String>,
    code: String,
    comments: String,
    all: Vec<Token>,
    production: source::Production,
}

impl<'a> View<'a> {
    fn new(file: &'a File) -> Self {
        let source::Split { code, comments } = source::split(&file.text);
        let all = source::tokens(&code);
        let production = source::production(&all);
        let parts: Vec<&str> = file.path.trim_end_matches(".rs").split('/').collect();
        let inside = parts.iter().position(|part| *part == "src").map_or(parts.len(), |at| at + 1);
        let mut module: Vec<String> = parts.get(inside..).unwrap_or_default().iter().map(|&p| p.to_owned()).collect();
        if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
            module.pop();
        }
        let place = match parts.as_slice() {
            ["src", name] if FREE.contains(name) => Place::Free,
            ["src", first, ..] => Place::House(FLOORS.iter().find(|floor| floor.name == *first)),
            [member, "src", ..] => MEMBERS.iter().find(|m| m.0 == *member).map_or(Place::Tests, |m| Place::Member(m.0)),
            _ => Place::Tests,
        };
        Self { file, place, module, code, comments, all, production }
    }

    /// The path that the modules of this file start with: without `.rs` and `/mod`.
    fn stem(&self) -> &str {
        self.file.path.trim_end_matches(".rs").trim_end_matches("/mod")
    }

    /// The stems of files that this one declares with `#[cfg(test)] mod name;`.
    fn test_files(&self) -> Vec<String> {
        let stem = self.stem().trim_end_matches("/lib").trim_end_matches("/main");
        self.production.test_modules.iter().map(|name| format!("{stem}/{name}")).collect()
    }

    fn floor_name(&self) -> &'static str {
        match self.place {
            Place::House(Some(floor)) => floor.name,
            Place::Member(name) => name,
            Place::House(None) | Place::Free | Place::Tests => "",
        }
    }

    fn is_test_line(&self, line: usize) -> bool {
        self.production.test_lines.iter().any(|(first, last)| (*first..=*last).contains(&line))
    }
}

fn sizes(view: &View<'_>, report: &mut Report<'_>) {
    let lines = view.file.text.lines().count();
    if lines > FILE_LINES_REFUSED {
        let advice = format!("{lines} lines, at most {FILE_LINES_REFUSED}: split it by feature (aim at {FILE_LINES_WANTED})");
        report.add(1, "file size", advice);
    }
}

fn functions<'a>(
    view: &View<'_>,
    exempt: &[(&'a str, &'a str, &'a str)],
    seen: &mut BTreeSet<(&'a str, &'a str)>,
    report: &mut Report<'_>,
) {
    for function in source::functions(&view.production.tokens, &view.code) {
        if function.lines <= FUNCTION_LINES_REFUSED {
            continue;
        }
        match exempt.iter().find(|(path, name, _)| *path == view.file.path && *name == function.name) {
            Some((path, name, _)) => {
                seen.insert((*path, *name));
            }
            None => {
                let (name, lines) = (function.name, function.lines);
                let advice = format!("{name}: {lines} lines, at most {FUNCTION_LINES_REFUSED}: keep the decisions, move work to helpers");
                report.add(function.line, "function size", advice);
            }
        }
    }
}

fn refused_in_tests(view: &View<'_>, report: &mut Report<'_>) {
    for (words, advice) in REFUSED_IN_TESTS {
        for token in occurrences(&view.all, words) {
            report.add(token.line, "banned word", format!("{}: {advice}", words.replace(' ', "")));
        }
    }
}

fn comments(view: &View<'_>, report: &mut Report<'_>) {
    for (at, line) in view.comments.lines().enumerate() {
        let number = at + 1;
        if view.is_test_line(number) {
            continue;
        }
        for word in line.split(|c: char| !c.is_alphanumeric()).filter(|word| REFUSED_IN_COMMENTS.contains(word)) {
            report.add(number, "banned word", format!("{word}: do it, or write TODO with the number of an issue (#12)"));
        }
        let names_issue = line.split('#').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if line.split(|c: char| !c.is_alphanumeric()).any(|word| word == "TODO") && !names_issue {
            report.add(number, "banned word", "TODO: name the issue that it waits for (#12)");
        }
    }
}

fn module_docs(view: &View<'_>, report: &mut Report<'_>) {
    if !view.file.path.starts_with("src/") {
        return;
    }
    let first = view.file.text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("#!["));
    if !first.is_some_and(|line| line.starts_with("//!") || line.starts_with("/*!")) {
        report.add(1, "module comment", "open with //! lines: purpose, invariants, what it does not do");
    }
}

fn words(view: &View<'_>, report: &mut Report<'_>) {
    let tokens = &view.production.tokens;
    for (floors, words, advice) in REFUSED {
        if !floors.is_empty() && !floors.contains(&view.floor_name()) {
            continue;
        }
        let is_float = *advice == FLOAT;
        for token in occurrences(tokens, words) {
            if !(is_float && floats_expected(tokens).any(|(first, last)| (first..=last).contains(&token.line))) {
                let rule = if is_float { "float near money" } else { "banned word" };
                report.add(token.line, rule, format!("{}: {advice}", words.replace(' ', "")));
            }
        }
    }
}

/// The first token of each place where the words, separated by blanks, stand in the code.
fn occurrences<'a>(tokens: &'a [Token], words: &str) -> impl Iterator<Item = &'a Token> {
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    tokens.iter().enumerate().filter_map(move |(at, token)| {
        let here = words.iter().enumerate().all(|(n, word)| text(tokens, at + n) == word);
        // `1.0_f64` is one word.
        let suffix = words.len() == 1 && ["f32", "f64"].contains(&words[0].as_str()) && {
            token.text.starts_with(|c: char| c.is_ascii_digit()) && token.text.ends_with(&words[0]) && !token.text.starts_with("0x")
        };
        (here || suffix).then_some(token)
    })
}

/// The lines under `#[expect(clippy::disallowed_types, reason = "..")]`.
fn floats_expected(tokens: &[Token]) -> impl Iterator<Item = (usize, usize)> {
    (0..tokens.len()).filter_map(|at| {
        let end = source::attribute_end(tokens, at)?;
        let inner = starts_with(tokens, at, &["#", "!"]);
        let inside = tokens.get(at + if inner { 3 } else { 2 }..end)?;
        let has = |word: &str| inside.iter().any(|token| token.text == word);
        if text(inside, 0) != "expect" || !has("disallowed_types") || !has("reason") {
            return None;
        }
        let last = if inner { tokens.len() } else { source::item_end(tokens, at) };
        Some((tokens[at].line, tokens.get(last - 1)?.line))
    })
}

fn paths(view: &View<'_>, report: &mut Report<'_>) {
    let found = crate::paths::paths(&view.production.tokens, &view.module);
    match view.place {
        Place::House(None) => {
            report.add(
                1,
                "floor",
                "on no floor: move it under a folder of docs/ARCHITECTURE.md, or add one there and to tests/tidy/rules.rs",
            );
        }
        Place::House(Some(floor)) => found.iter().for_each(|path| house(view, floor, path, report)),
        Place::Member(member) => {
            let (_, refused, advice) = MEMBERS.iter().find(|m| m.0 == member).expect("View::new looked it up");
            for path in found.iter().filter(|path| refused.contains(&path.segments[0].as_str())) {
                report.add(path.line, "workspace member", format!("{member} names {}: {advice}", path.segments.join("::")));
            }
        }
        Place::Free | Place::Tests => {}
    }
}

fn house(view: &View<'_>, floor: &Floor, path: &Path, report: &mut Report<'_>) {
    let shown = path.segments.join("::");
    let (first, second) = (path.segments[0].as_str(), path.segments.get(1).map(String::as_str));
    let is_exception = EXCEPTIONS.iter().any(|(name, prefix, _)| *name == floor.name && shown.starts_with(prefix));
    if first == "crate" {
        match second {
            None | Some("*") => report.add(path.line, "floor", "names the root of the crate: name the module that is meant"),
            Some(module) if !floor.modules.contains(&module) && !is_exception => {
                report.add(path.line, "floor", format!("{} names {shown}: {}", floor.name, floor.advice));
            }
            _ => {}
        }
        let third = path.segments.get(2).map_or("*", String::as_str);
        if view.module.starts_with(&["domain".to_owned(), "journal".to_owned()])
            && second == Some("domain")
            && !JOURNAL_MODULES.contains(&third)
        {
            let advice = format!("the ledger names {shown}: it knows {} only; pass it postings", JOURNAL_MODULES.join(", "));
            report.add(path.line, "journal", advice);
        }
        return;
    }
    let refused = match floor.name {
        "domain" => is_crate(first) && !DOMAIN_CRATES.contains(&first),
        _ => GUARDED_CRATES.contains(&first) && !floor.crates.contains(&first),
    };
    if refused {
        report.add(path.line, "floor", format!("{} names {shown}: {}", floor.name, floor.advice));
    }
}

/// Whether the first word of a path names a crate of ours: the dependencies of Cargo.toml.
fn is_crate(name: &str) -> bool {
    dependencies(include_str!("../../Cargo.toml")).any(|dependency| dependency.replace('-', "_") == name)
        || GUARDED_CRATES.contains(&name)
        || ["tokio", "tracing", "rand", "uuid", "getrandom", "fastrand", "futures", "log", "once_cell"].contains(&name)
}

/// The names in `[dependencies]`, `[dev-dependencies]` and `[build-dependencies]`, in either spelling.
fn dependencies(manifest: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    manifest.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            inside = table.ends_with("dependencies");
            return table.split_once("dependencies.").map(|(_, name)| name);
        }
        let name = line.split(['=', '.']).next().unwrap_or_default().trim();
        (inside && !name.is_empty() && !name.starts_with('#')).then_some(name)
    })
}

fn manifest(file: &File, report: &mut Report<'_>) {
    for (member, refused, advice) in MEMBERS.iter().filter(|m| file.path == format!("{}/Cargo.toml", m.0)) {
        for name in dependencies(&file.text).map(|name| name.replace('-', "_")) {
            if refused.contains(&name.as_str()) {
                report.add(1, "workspace member", format!("{member} depends on {name}: {advice}"));
            }
        }
    }
}
