//! The journal as JSON Lines that prove themselves: the canonical text of every entry, and of every coding block before its first use.
//!
//! ```text
//! {"journal":"tallybook/journal/1","books":"main","entries":3}
//! {"block":["tallybook/block/1","5000","search",null,...]}
//! {"entry":["tallybook/entry/1",1,"CHARGE",...]}
//! ```
//!
//! A line is an object with one member, written without spaces, so that the canonical text is a part of the line byte for byte.

use std::io::{self, Write};

/// The word that names the form of the file.
pub const FORM: &str = "tallybook/journal/1";

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// The first line, whole.
    Head(&'a str),
    /// The canonical text of a coding block.
    Block(&'a str),
    /// The canonical text of an entry.
    Entry(&'a str),
}

/// Writes the first line.
///
/// # Errors
/// The writer's.
pub fn write_head(out: &mut impl Write, books: &str, entries: u64) -> io::Result<()> {
    let books = serde_json::to_string(books)?;
    writeln!(out, "{{\"journal\":\"{FORM}\",\"books\":{books},\"entries\":{entries}}}")
}

/// # Errors
/// The writer's.
pub fn write_block(out: &mut impl Write, canonical: &str) -> io::Result<()> {
    writeln!(out, "{{\"block\":{canonical}}}")
}

/// # Errors
/// The writer's.
pub fn write_entry(out: &mut impl Write, canonical: &str) -> io::Result<()> {
    writeln!(out, "{{\"entry\":{canonical}}}")
}

/// Tells what a line is; nothing else is part of such a file.
pub fn read_line(line: &str) -> Option<Line<'_>> {
    let line = line.trim_end_matches(['\n', '\r']);
    let inside = |name: &str| line.strip_prefix(name)?.strip_suffix('}');
    if let Some(canonical) = inside("{\"entry\":") {
        return Some(Line::Entry(canonical));
    }
    if let Some(canonical) = inside("{\"block\":") {
        return Some(Line::Block(canonical));
    }
    line.starts_with(&format!("{{\"journal\":\"{FORM}\",")).then_some(Line::Head(line))
}
