//! Accounts and cost centers. Codes are sorted here and not in SQL, because the engines' collations differ.

use std::collections::BTreeSet;

use entity::{account, balance, coding_block, cost_center};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use super::{insert_in_chunks, member, narrow};
use crate::domain::chart::{Account, AccountClass, CenterKind, CostCenter};
use crate::domain::ids::{AccountId, BooksId, NameId};
use crate::domain::period::Day;
use crate::domain::report::Grain;
use crate::store::{Store, StoreError};

pub(super) async fn account_list(transaction: &DatabaseTransaction, books: BooksId) -> Result<Vec<Account>, StoreError> {
    let query = account::Entity::find().filter(account::Column::BooksId.eq(i64::from(books.0)));
    let mut accounts = query.all(transaction).await?.into_iter().map(account_from_row).collect::<Result<Vec<_>, _>>()?;
    accounts.sort_by(|left, right| left.code.cmp(&right.code));
    Ok(accounts)
}

/// The codes of the chart, in no order.
///
/// # Errors
/// Any database failure.
pub async fn account_code_list(store: &Store, books: BooksId) -> Result<Vec<String>, StoreError> {
    let query = account::Entity::find().select_only().column(account::Column::Code);
    Ok(query.filter(account::Column::BooksId.eq(i64::from(books.0))).into_tuple::<String>().all(&store.db).await?)
}

/// Inserts, or replaces what an account of the same number says.
pub(super) async fn account_save(transaction: &DatabaseTransaction, books: BooksId, accounts: &[Account]) -> Result<(), StoreError> {
    use account::Column;
    let mut replace = OnConflict::columns([Column::BooksId, Column::Id]);
    replace.update_columns([Column::Name, Column::Class, Column::ParentCode, Column::IsContra]);
    let rows = accounts.iter().map(|account| account_to_row(books, account));
    insert_in_chunks::<account::Entity, account::ActiveModel>(transaction, rows.collect(), Some(replace)).await
}

/// Accounts with a coding block: one look into the index of blocks for each account.
pub(super) async fn account_in_use_list(transaction: &DatabaseTransaction, books: BooksId) -> Result<BTreeSet<AccountId>, StoreError> {
    use coding_block::Column;
    let mut blocks = Query::select();
    blocks
        .expr(Expr::value(1))
        .from(coding_block::Entity)
        .and_where(Expr::col((coding_block::Entity, Column::BooksId)).eq(Expr::col((account::Entity, account::Column::BooksId))))
        .and_where(Expr::col((coding_block::Entity, Column::AccountId)).eq(Expr::col((account::Entity, account::Column::Id))));
    let query = account::Entity::find().select_only().column(account::Column::Id);
    let query = query.filter(account::Column::BooksId.eq(i64::from(books.0))).filter(Expr::exists(blocks));
    let ids = query.into_tuple::<i64>().all(transaction).await?;
    ids.into_iter().map(|id| narrow("account.id", id).map(AccountId)).collect()
}

/// Accounts that charges are booked on: a look at the monthly balances of accounts, which are few.
pub(super) async fn bearing_account_list(transaction: &DatabaseTransaction, books: BooksId) -> Result<Vec<AccountId>, StoreError> {
    use balance::Column;
    let query = balance::Entity::find().select_only().column(Column::KeyId).distinct();
    let query = query.filter(Column::BooksId.eq(i64::from(books.0))).filter(Column::Grain.eq(Grain::AccountMonth.id()));
    let ids = query.filter(Column::Charges.ne(0)).into_tuple::<i64>().all(transaction).await?;
    ids.into_iter().map(|id| narrow("account.id", id).map(AccountId)).collect()
}

pub(super) async fn center_list(transaction: &DatabaseTransaction, books: BooksId) -> Result<Vec<CostCenter>, StoreError> {
    let query = cost_center::Entity::find().filter(cost_center::Column::BooksId.eq(i64::from(books.0)));
    let mut centers = query.all(transaction).await?.into_iter().map(center_from_row).collect::<Result<Vec<_>, _>>()?;
    centers.sort_by(|left, right| (left.kind, &left.code).cmp(&(right.kind, &right.code)));
    Ok(centers)
}

/// Inserts, or replaces what a cost center of the same number says.
pub(super) async fn center_save(transaction: &DatabaseTransaction, books: BooksId, centers: &[CostCenter]) -> Result<(), StoreError> {
    use cost_center::Column;
    let mut replace = OnConflict::columns([Column::BooksId, Column::Id]);
    replace.update_columns([Column::Name, Column::ParentCode, Column::ValidFrom, Column::ValidTo]);
    let rows = centers.iter().map(|center| center_to_row(books, center));
    insert_in_chunks::<cost_center::Entity, cost_center::ActiveModel>(transaction, rows.collect(), Some(replace)).await
}

fn account_from_row(row: account::Model) -> Result<Account, StoreError> {
    Ok(Account {
        id: AccountId(narrow("account.id", row.id)?),
        class: member("account.class", row.class, AccountClass::from_id)?,
        code: row.code,
        name: row.name,
        parent: row.parent_code,
        is_contra: row.is_contra != 0,
    })
}

fn account_to_row(books: BooksId, account: &Account) -> account::Model {
    account::Model {
        books_id: i64::from(books.0),
        id: i64::from(account.id.0),
        code: account.code.clone(),
        name: account.name.clone(),
        class: i64::from(account.class.id()),
        parent_code: account.parent.clone(),
        is_contra: i64::from(account.is_contra),
    }
}

fn center_from_row(row: cost_center::Model) -> Result<CostCenter, StoreError> {
    let day = |column, value: Option<i64>| value.map(|value| narrow(column, value).map(Day)).transpose();
    Ok(CostCenter {
        id: NameId(narrow("cost_center.id", row.id)?),
        kind: member("cost_center.kind", row.kind, CenterKind::from_id)?,
        valid_from: day("cost_center.valid_from", row.valid_from)?,
        valid_to: day("cost_center.valid_to", row.valid_to)?,
        code: row.code,
        name: row.name,
        parent: row.parent_code,
    })
}

fn center_to_row(books: BooksId, center: &CostCenter) -> cost_center::Model {
    cost_center::Model {
        books_id: i64::from(books.0),
        id: i64::from(center.id.0),
        kind: i64::from(center.kind.id()),
        code: center.code.clone(),
        name: center.name.clone(),
        parent_code: center.parent.clone(),
        valid_from: center.valid_from.map(|day| i64::from(day.0)),
        valid_to: center.valid_to.map(|day| i64::from(day.0)),
    }
}
