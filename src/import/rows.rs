//! What readers of whole files give: one charge at a time with its line, and how far they are.

use crate::domain::usage::IncomingCharge;

/// One charge of a file.
#[derive(Debug)]
pub struct Row {
    /// The line of the (unpacked) file at which it begins; the first is 1.
    pub line: u64,
    pub charge: IncomingCharge,
}

/// How far a file was read: where the next row begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// From the beginning of the (unpacked) file.
    pub byte: u64,
    /// Lines of NDJSON, blank ones too, or rows of CSV without the header, before it.
    pub rows: u64,
}
