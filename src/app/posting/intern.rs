//! Names and coding blocks become ids, which are given out in the transaction that needs them first.

use super::session::{KnownCharge, Session};
use super::stored_charge::Note;
use crate::domain::chart::{CodingBlock, NameKind, OTHER_NAME};
use crate::domain::ids::{BlockId, NameId};
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::ledger::{Cell, RowExt};

impl Session {
    /// The id of a name, interned now if it is new. The absent name is *none*.
    ///
    /// # Errors
    /// `NAMES_EXHAUSTED`.
    pub fn name(&mut self, kind: NameKind, name: Option<&str>) -> Result<NameId, Rejection> {
        let Some(name) = name else { return Ok(NameId::NONE) };
        if let Some(id) = self.names.find(kind, name) {
            return Ok(id);
        }
        self.names.check_room(kind, self.limits)?;
        self.intern(kind, name, NameId::NONE)
    }

    /// The id of a name that a charge of `source` brings. When the books take no more names of the kind from it, that of [`OTHER_NAME`]; the second
    /// value then says so. A charge is never refused for its names.
    ///
    /// # Errors
    /// `NAMES_EXHAUSTED`, when not even that is left: ids are 32 bits wide.
    pub fn charge_name(&mut self, kind: NameKind, name: &str, source: NameId) -> Result<(NameId, bool), Rejection> {
        if let Some(id) = self.names.find(kind, name) {
            return Ok((id, false));
        }
        if self.names.have_room(kind, source, self.limits) {
            return Ok((self.intern(kind, name, source)?, false));
        }
        let id = match self.names.find(kind, OTHER_NAME) {
            Some(id) => id,
            None => self.intern(kind, OTHER_NAME, NameId::NONE)?,
        };
        Ok((id, name != OTHER_NAME))
    }

    fn intern(&mut self, kind: NameKind, name: &str, giver: NameId) -> Result<NameId, Rejection> {
        let next = self.head.last_name + 1;
        let id = NameId(i32::try_from(next).map_err(|_| Rejection::of(Code::NamesExhausted))?);
        self.head.last_name = next;
        self.names.insert(kind, name, id, giver);
        self.batch.names.push((id, kind, name.to_owned(), giver));
        Ok(id)
    }

    /// The id of a coding block, interned now if it is new.
    pub fn block(&mut self, coding: CodingBlock) -> BlockId {
        if let Some(id) = self.names.block(&coding) {
            return id;
        }
        self.head.last_block += 1;
        let id = BlockId(i32::try_from(self.head.last_block).unwrap_or(i32::MAX));
        self.names.insert_block(id, coding);
        self.batch.blocks.push((id, coding));
        id
    }

    /// Whether a stored charge was sent by the source of this name. One that was booked on [`OTHER_NAME`] remembers it in its note.
    ///
    /// # Errors
    /// Any database failure.
    pub fn was_sent_by(&mut self, known: &KnownCharge, source: &str) -> Result<bool, StoreError> {
        if self.names.find(NameKind::Source, OTHER_NAME) != Some(known.source) {
            return Ok(self.names.find(NameKind::Source, source) == Some(known.source));
        }
        let sql = "SELECT note FROM charge WHERE books_id = $1 AND id = $2";
        let rows = self.ledger.rows(sql, &[self.books_cell(), Cell::Int(known.number.0)])?;
        let note = rows.first().map(|row| row.text_or_none(0)).transpose()?.flatten();
        let brought = Note::read(note)?.other.of(NameKind::Source).map(ToOwned::to_owned);
        Ok(brought.as_deref().unwrap_or(OTHER_NAME) == source)
    }
}
