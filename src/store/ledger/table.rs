//! Tables, rows and cells of the bulk path.

use crate::store::StoreError;

/// A value on its way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    Null,
    Int(i64),
    Text(&'a str),
}

impl<'a> Cell<'a> {
    pub fn int_or_null(value: Option<i64>) -> Self {
        value.map_or(Self::Null, Self::Int)
    }

    pub fn text_or_null(value: Option<&'a str>) -> Self {
        value.map_or(Self::Null, Self::Text)
    }
}

/// A value on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
}

pub type Row = Vec<Value>;

/// Reading a row by position.
pub trait RowExt {
    /// # Errors
    /// [`StoreError::Corrupt`] when the column is absent, null or of another type.
    fn int(&self, column: usize) -> Result<i64, StoreError>;
    /// # Errors
    /// [`StoreError::Corrupt`] when the column is absent or of another type.
    fn int_or_none(&self, column: usize) -> Result<Option<i64>, StoreError>;
    /// # Errors
    /// [`StoreError::Corrupt`] when the column is absent, null or of another type.
    fn text(&self, column: usize) -> Result<&str, StoreError>;
    /// # Errors
    /// [`StoreError::Corrupt`] when the column is absent or of another type.
    fn text_or_none(&self, column: usize) -> Result<Option<&str>, StoreError>;
    /// A sum as [`exact_sum`](crate::store::sums::exact_sum) answers it; zero when there was nothing to add up.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the column is no such sum.
    fn sum(&self, column: usize) -> Result<i128, StoreError>;
    /// The same where it goes on into arithmetic of 64 bits.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] when it does not fit.
    fn sum_of_one(&self, column: usize) -> Result<i64, StoreError>;
}

impl RowExt for [Value] {
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.int_or_none(column)?.ok_or_else(|| StoreError::corrupt(format!("column {column} is null")))
    }

    fn int_or_none(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.get(column) {
            Some(Value::Int(value)) => Ok(Some(*value)),
            Some(Value::Null) => Ok(None),
            Some(Value::Text(_)) | None => Err(StoreError::corrupt(format!("column {column} is no integer"))),
        }
    }

    fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.text_or_none(column)?.ok_or_else(|| StoreError::corrupt(format!("column {column} is null")))
    }

    fn text_or_none(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.get(column) {
            Some(Value::Text(value)) => Ok(Some(value)),
            Some(Value::Null) => Ok(None),
            Some(Value::Int(_)) | None => Err(StoreError::corrupt(format!("column {column} is no text"))),
        }
    }

    fn sum(&self, column: usize) -> Result<i128, StoreError> {
        self.text_or_none(column)?.map_or(Ok(0), crate::store::sums::read_sum)
    }

    fn sum_of_one(&self, column: usize) -> Result<i64, StoreError> {
        crate::store::sums::narrowed(self.sum(column)?)
    }
}

/// The type of a column: both engines store nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Int(&'static str),
    Text(&'static str),
}

impl Column {
    pub fn name(self) -> &'static str {
        match self {
            Self::Int(name) | Self::Text(name) => name,
        }
    }
}

/// Where rows go.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [Column],
    /// Appended to the insert: what happens to a key that exists.
    pub on_conflict: &'static str,
}

impl Table {
    pub(super) fn column_list(&self) -> String {
        self.columns.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ")
    }
}
