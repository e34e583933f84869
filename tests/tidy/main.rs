//! The layout test: holds the floors of docs/ARCHITECTURE.md, file and function sizes, and banned words.
//!
//! It reads the source text of all three crates and lists every violation as `path:line: rule: what to do instead`.
//! `rules.rs` holds the tables, `check.rs` applies them, `source.rs` and `paths.rs` read Rust, `self_test.rs` holds
//! snippets that must be caught.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic, and says where"
)]

mod check;
mod paths;
mod rules;
mod self_test;
mod source;

use check::File;
use std::fs;
use std::path::Path;

#[test]
fn the_house_keeps_its_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "entity", "migration", "tests"] {
        read_into(root, folder, &mut files);
    }
    for needed in ["src/lib.rs", "src/main.rs", "entity/src/lib.rs", "migration/src/lib.rs", "entity/Cargo.toml"] {
        assert!(files.iter().any(|file| file.path == needed), "{needed} was not read: does the test look in the right place?");
    }
    for file in files.iter().filter(|file| file.text.lines().count() > rules::FILE_LINES_WANTED) {
        println!("{}: {} lines, {} wanted", file.path, file.text.lines().count(), rules::FILE_LINES_WANTED);
    }
    let found = check::check(&files, rules::LONG_FUNCTIONS);
    let list: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{} violations\n{}\n", found.len(), list.join("\n"));
}

fn read_into(root: &Path, folder: &str, files: &mut Vec<File>) {
    let mut names: Vec<String> = fs::read_dir(root.join(folder))
        .unwrap_or_else(|error| panic!("{folder}: {error}"))
        .map(|entry| entry.expect("a readable folder").file_name().into_string().expect("file names in UTF-8"))
        .collect();
    names.sort();
    for name in names {
        let path = format!("{folder}/{name}");
        if root.join(&path).is_dir() {
            read_into(root, &path, files);
        } else if name.ends_with(".rs") || name == "Cargo.toml" {
            let text = fs::read_to_string(root.join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            files.push(File { path, text });
        }
    }
}
