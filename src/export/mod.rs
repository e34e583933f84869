//! Floor 1: the journal on its way out, as bytes that other programs read. Pure functions over writers.

pub mod jsonl;
