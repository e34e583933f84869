//! Interned names and coding blocks of one set of books, cached for the writer.

use foldhash::HashMap;

use crate::domain::chart::{CodingBlock, NameKind, NameLimits};
use crate::domain::ids::{BlockId, NameId};
use crate::domain::rejection::{Code, Rejection};

/// Everything interned so far, both ways.
#[derive(Default)]
pub struct Names {
    by_name: [HashMap<Box<str>, NameId>; NameKind::ALL.len()],
    by_id: HashMap<NameId, Box<str>>,
    /// Names of a kind that each source brought first; `NONE` are those of commands and of earlier programs.
    given: HashMap<(NameKind, NameId), u32>,
    blocks: HashMap<CodingBlock, BlockId>,
    /// Block 1 is at position 0: ids are given out without gaps.
    codings: Vec<CodingBlock>,
}

impl Names {
    fn of(&self, kind: NameKind) -> Option<&HashMap<Box<str>, NameId>> {
        self.by_name.get(position(kind))
    }

    pub fn find(&self, kind: NameKind, name: &str) -> Option<NameId> {
        self.of(kind)?.get(name).copied()
    }

    /// Whether the books take another name of the kind from the charges of a source.
    pub fn have_room(&self, kind: NameKind, source: NameId, limits: NameLimits) -> bool {
        let of_source = self.given.get(&(kind, source)).copied().unwrap_or(0);
        let limit = if source == NameId::NONE { limits.per_kind } else { limits.per_source };
        of_source < limit && self.count(kind) < u64::from(limits.per_kind)
    }

    /// # Errors
    /// `NAMES_EXHAUSTED` when the books take no more names of the kind.
    pub fn check_room(&self, kind: NameKind, limits: NameLimits) -> Result<(), Rejection> {
        if self.count(kind) < u64::from(limits.per_kind) {
            return Ok(());
        }
        let message = format!(
            "the books have {} names of this kind and take no more: use one that is there, or raise `names.per_kind` in the configuration",
            self.count(kind)
        );
        Err(Rejection { code: Code::NamesExhausted, path: Vec::new(), message })
    }

    fn count(&self, kind: NameKind) -> u64 {
        self.of(kind).map_or(0, |names| u64::try_from(names.len()).unwrap_or(u64::MAX))
    }

    pub fn insert(&mut self, kind: NameKind, name: &str, id: NameId, giver: NameId) {
        if let Some(names) = self.by_name.get_mut(position(kind)) {
            names.insert(name.into(), id);
            self.by_id.insert(id, name.into());
            let given = self.given.entry((kind, giver)).or_default();
            *given = given.saturating_add(1);
        }
    }

    /// Takes the name back that was inserted last.
    pub fn remove(&mut self, kind: NameKind, name: &str, id: NameId, giver: NameId) {
        if let Some(names) = self.by_name.get_mut(position(kind)) {
            names.remove(name);
            self.by_id.remove(&id);
            let given = self.given.entry((kind, giver)).or_default();
            *given = given.saturating_sub(1);
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

    /// Takes the block back that was inserted last.
    pub fn remove_block(&mut self, coding: &CodingBlock) {
        self.blocks.remove(coding);
        self.codings.pop();
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
