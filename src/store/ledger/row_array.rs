//! Many rows of one PostgreSQL table as one parameter: an array of the table's row type, in the binary form that the server reads.
//!
//! The form is that of `array_recv` and `record_recv`: big-endian; a length of -1 is null.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::{Encode, Postgres, Type};

use super::{Cell, Column};

/// The types that a table has by its name.
#[derive(Debug, Clone, Copy)]
pub struct RowType {
    pub row: Oid,
    pub array: Oid,
}

/// Rows, encoded as they come.
pub struct RowArray {
    array: Oid,
    bytes: Vec<u8>,
    rows: i32,
}

const BIGINT: u32 = 20;
const TEXT: u32 = 25;
/// Where the number of elements stands: after the number of dimensions, the flag for nulls and the type of the elements.
const COUNT_AT: std::ops::Range<usize> = 12..16;
const NULL: i32 = -1;

impl RowArray {
    pub fn new(types: RowType) -> Self {
        let mut bytes = Vec::with_capacity(1 << 16);
        let (dimensions, nulls, count, first): (i32, i32, i32, i32) = (1, 0, 0, 1);
        bytes.extend(dimensions.to_be_bytes());
        bytes.extend(nulls.to_be_bytes());
        bytes.extend(types.row.0.to_be_bytes());
        bytes.extend(count.to_be_bytes());
        bytes.extend(first.to_be_bytes());
        Self { array: types.array, bytes, rows: 0 }
    }

    pub fn push<const N: usize>(&mut self, row: &[Cell<'_>; N], columns: &[Column]) {
        let length_at = self.bytes.len();
        self.bytes.extend(NULL.to_be_bytes());
        self.bytes.extend(length(N).to_be_bytes());
        for (cell, column) in row.iter().zip(columns) {
            let type_of_column = match column {
                Column::Int(_) => BIGINT,
                Column::Text(_) => TEXT,
            };
            self.bytes.extend(type_of_column.to_be_bytes());
            match cell {
                Cell::Null => self.bytes.extend(NULL.to_be_bytes()),
                Cell::Int(value) => {
                    self.bytes.extend(length(size_of::<i64>()).to_be_bytes());
                    self.bytes.extend(value.to_be_bytes());
                }
                Cell::Text(text) => {
                    self.bytes.extend(length(text.len()).to_be_bytes());
                    self.bytes.extend(text.as_bytes());
                }
            }
        }
        let row_length = length(self.bytes.len() - length_at - size_of::<i32>());
        self.put(length_at..length_at + size_of::<i32>(), row_length);
        self.rows += 1;
        self.put(COUNT_AT, self.rows);
    }

    fn put(&mut self, at: std::ops::Range<usize>, value: i32) {
        if let Some(place) = self.bytes.get_mut(at) {
            place.copy_from_slice(&value.to_be_bytes());
        }
    }
}

/// Lengths on the wire are 32 bits. What is too long for them is refused by the server, as a message of a wrong length.
fn length(bytes: usize) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

impl Type<Postgres> for RowArray {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("record[]")
    }
}

impl Encode<'_, Postgres> for RowArray {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.bytes);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(self.array))
    }
}
