//! Hand-written statements for both engines, and rows read by position.

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, TryGetable, Value};

use crate::store::StoreError;
use crate::store::ledger::{Column, Row, Value as Read};
use crate::store::sums::read_sum;

/// Runs a query. Parameters are `$1`, `$2`, ... on both engines.
pub(in crate::store) async fn rows(db: &impl ConnectionTrait, sql: String, values: Vec<Value>) -> Result<Vec<QueryResult>, StoreError> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(db.query_all_raw(statement).await?)
}

/// One column of a row.
pub(in crate::store) fn column<T: TryGetable>(row: &QueryResult, position: usize) -> Result<T, StoreError> {
    row.try_get_by_index::<T>(position).map_err(StoreError::from)
}

/// A sum as `exact_sum` answers it; zero when there was nothing to add up.
pub(in crate::store) fn sum_column(row: &QueryResult, position: usize) -> Result<i128, StoreError> {
    column::<Option<String>>(row, position)?.map_or(Ok(0), |text| read_sum(&text))
}

/// Names the index that a table is read by, behind the table's name; why is said at `Ledger::by_index`.
pub(in crate::store) fn by_index(backend: DbBackend, index: &str) -> String {
    if backend == DbBackend::Sqlite { format!(" INDEXED BY {index}") } else { String::new() }
}

/// Condition that a column is one of the ids in the text parameter `$position`; the statement stays the same for any number of ids.
pub(in crate::store) fn one_of(backend: DbBackend, column: &str, position: usize) -> String {
    if backend == DbBackend::Postgres {
        format!("{column} = ANY(string_to_array(${position}, ',')::bigint[])")
    } else {
        format!("{column} IN (SELECT value FROM json_each('[' || ${position} || ']'))")
    }
}

/// The text parameter that [`one_of`] reads.
pub(in crate::store) fn id_list(ids: impl IntoIterator<Item = i64>) -> Value {
    ids.into_iter().map(|id| id.to_string()).collect::<Vec<_>>().join(",").into()
}

/// `column IN (...)` with the ids written out: for the few ids of a report's condition. No id matches nothing.
pub(in crate::store) fn in_list(column: &str, ids: impl IntoIterator<Item = i64>) -> String {
    let ids = ids.into_iter().map(|id| id.to_string()).collect::<Vec<_>>().join(", ");
    if ids.is_empty() { "1 = 0".to_owned() } else { format!("{column} IN ({ids})") }
}

/// A row as the bulk path's values, so that one function reads it whichever connection it came from.
pub(in crate::store) fn text_and_int(row: &QueryResult, columns: &[Column]) -> Result<Row, StoreError> {
    let value = |(position, kind): (usize, &Column)| {
        Ok(match kind {
            Column::Int(_) => column::<Option<i64>>(row, position)?.map_or(Read::Null, Read::Int),
            Column::Text(_) => column::<Option<String>>(row, position)?.map_or(Read::Null, Read::Text),
        })
    };
    columns.iter().enumerate().map(value).collect()
}
