//! Interned names and coding blocks of one set of books, cached for the writer.

use foldhash::HashMap;

use crate::domain::chart::{CodingBlock, NameKind};
use crate::domain::ids::{BlockId, NameId};
use crate::domain::rejection::{Code, Rejection};

/// Everything interned so far, both ways.
#[derive(Default)]
pub struct Names {
    by_name: [HashMap<Box<str>, NameId>; NameKind::ALL.len()],
    by_id: HashMap<NameId, Box<str>>,
    blocks: HashMap<CodingBlock, BlockId>,
    /// Block 1 is at position 0: ids are given out without gaps.
    codings: Vec<CodingBlock>,
}

/// Names of one kind that books hold; a caller who sends a new name a call reaches it, a company does not.
const MOST_NAMES: usize = 200_000;

impl Names {
    fn of(&self, kind: NameKind) -> Option<&HashMap<Box<str>, NameId>> {
        self.by_name.get(position(kind))
    }

    pub fn find(&self, kind: NameKind, name: &str) -> Option<NameId> {
        self.of(kind)?.get(name).copied()
    }

    /// # Errors
    /// `NAMES_EXHAUSTED` when the books hold no more names of the kind.
    pub fn check_room(&self, kind: NameKind) -> Result<(), Rejection> {
        if self.of(kind).is_some_and(|names| names.len() >= MOST_NAMES) { Err(Rejection::of(Code::NamesExhausted)) } else { Ok(()) }
    }

    pub fn insert(&mut self, kind: NameKind, name: &str, id: NameId) {
        if let Some(names) = self.by_name.get_mut(position(kind)) {
            names.insert(name.into(), id);
            self.by_id.insert(id, name.into());
        }
    }

    /// The name of an id; `None` for *none* and for cost centers.
    pub fn name(&self, id: NameId) -> Option<&str> {
        self.by_id.get(&id).map(AsRef::as_ref)
    }

    pub fn block(&self, coding: &CodingBlock) -> Option<BlockId> {
        self.blocks.get(coding).copied()
    }

    pub fn insert_block(&mut self, id: BlockId, coding: CodingBlock) {
        self.blocks.insert(coding, id);
        self.codings.push(coding);
    }

    pub fn coding(&self, block: BlockId) -> Option<&CodingBlock> {
        self.codings.get(usize::try_from(block.0.checked_sub(1)?).ok()?)
    }
}

fn position(kind: NameKind) -> usize {
    match kind {
        NameKind::Feature => 0,
        NameKind::Provider => 1,
        NameKind::Model => 2,
        NameKind::Environment => 3,
        NameKind::Source => 4,
        NameKind::ApiKey => 5,
        NameKind::Variant => 6,
    }
}
