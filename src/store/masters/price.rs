//! Prices, aliases of models, and discounts.

use entity::{discount, model_alias, price};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, Select};

use super::{insert_in_chunks, member, narrow, refused};
use crate::domain::ids::{BooksId, DiscountId, PriceId};
use crate::domain::money::{Currency, Exact};
use crate::domain::period::Moment;
use crate::domain::rating::{Discount, Precedence, Price, PriceKey, PriceTerms, UnitPrice};
use crate::domain::usage::{Meter, Processing};
use crate::store::{Store, StoreError};

/// Another name under which a provider serves a priced model. Alias and model are lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModelAlias {
    pub provider: String,
    pub alias: String,
    pub model: String,
}

/// The built-in prices that these books have, in the order of their numbers.
///
/// # Errors
/// Any database failure.
pub async fn builtin_price_list(store: &Store, books: BooksId) -> Result<Vec<Price>, StoreError> {
    price_list_in(&store.db, books, Some(Precedence::BuiltIn)).await
}

/// All aliases in the order of provider and alias.
///
/// # Errors
/// Any database failure.
pub async fn alias_list(store: &Store, books: BooksId) -> Result<Vec<ModelAlias>, StoreError> {
    alias_list_in(&store.db, books).await
}

/// Every alias that the books ever had, those that were taken back included.
///
/// # Errors
/// Any database failure.
pub async fn known_alias_list(store: &Store, books: BooksId) -> Result<Vec<ModelAlias>, StoreError> {
    known_alias_list_in(&store.db, books).await
}

/// All discounts in the order of their numbers.
///
/// # Errors
/// Any database failure.
pub async fn discount_list(store: &Store, books: BooksId) -> Result<Vec<Discount>, StoreError> {
    discount_list_in(&store.db, books).await
}

pub(super) async fn price_list_in(
    db: &impl ConnectionTrait,
    books: BooksId,
    precedence: Option<Precedence>,
) -> Result<Vec<Price>, StoreError> {
    let mut query = price::Entity::find().filter(price::Column::BooksId.eq(i64::from(books.0)));
    if let Some(precedence) = precedence {
        query = query.filter(price::Column::Precedence.eq(i64::from(precedence.id())));
    }
    query.order_by_asc(price::Column::Id).all(db).await?.into_iter().map(price_from_row).collect()
}

pub(super) async fn price_insert(transaction: &DatabaseTransaction, books: BooksId, prices: &[Price]) -> Result<(), StoreError> {
    let rows = prices.iter().map(|price| price_to_row(books, price));
    insert_in_chunks::<price::Entity, price::ActiveModel>(transaction, rows.collect(), None).await
}

pub(super) async fn alias_list_in(db: &impl ConnectionTrait, books: BooksId) -> Result<Vec<ModelAlias>, StoreError> {
    let query = of_books(books).filter(model_alias::Column::RemovedAt.is_null());
    Ok(aliases_of(query.all(db).await?))
}

pub(super) async fn known_alias_list_in(db: &impl ConnectionTrait, books: BooksId) -> Result<Vec<ModelAlias>, StoreError> {
    Ok(aliases_of(of_books(books).all(db).await?))
}

fn of_books(books: BooksId) -> Select<model_alias::Entity> {
    model_alias::Entity::find().filter(model_alias::Column::BooksId.eq(i64::from(books.0)))
}

fn aliases_of(rows: Vec<model_alias::Model>) -> Vec<ModelAlias> {
    let rows = rows.into_iter();
    let mut aliases: Vec<_> = rows.map(|row| ModelAlias { provider: row.provider, alias: row.alias, model: row.model }).collect();
    aliases.sort();
    aliases
}

/// Rows stay: a built-in alias that was taken back is known, and does not come again.
pub(super) async fn alias_remove(
    transaction: &DatabaseTransaction,
    books: BooksId,
    removed: &[(ModelAlias, Moment)],
) -> Result<(), StoreError> {
    use model_alias::Column;
    for (alias, at) in removed {
        let query = model_alias::Entity::update_many().col_expr(Column::RemovedAt, Expr::value(at.0));
        let query = query.filter(Column::BooksId.eq(i64::from(books.0))).filter(Column::Provider.eq(&alias.provider));
        query.filter(Column::Alias.eq(&alias.alias)).exec(transaction).await?;
    }
    Ok(())
}

pub(super) async fn alias_save(transaction: &DatabaseTransaction, books: BooksId, aliases: &[ModelAlias]) -> Result<(), StoreError> {
    use model_alias::Column;
    let key = [Column::BooksId, Column::Provider, Column::Alias];
    let replace = OnConflict::columns(key).update_columns([Column::Model, Column::RemovedAt]).to_owned();
    let rows = aliases.iter().cloned().map(|alias| model_alias::Model {
        books_id: i64::from(books.0),
        provider: alias.provider,
        alias: alias.alias,
        model: alias.model,
        removed_at: None,
    });
    insert_in_chunks::<model_alias::Entity, model_alias::ActiveModel>(transaction, rows.collect(), Some(replace)).await
}

pub(super) async fn discount_list_in(db: &impl ConnectionTrait, books: BooksId) -> Result<Vec<Discount>, StoreError> {
    let query = discount::Entity::find().filter(discount::Column::BooksId.eq(i64::from(books.0)));
    query.order_by_asc(discount::Column::Id).all(db).await?.into_iter().map(discount_from_row).collect()
}

pub(super) async fn discount_insert(
    transaction: &DatabaseTransaction,
    books: BooksId,
    discounts: &[(Discount, Moment)],
) -> Result<(), StoreError> {
    let rows = discounts.iter().map(|(discount, recorded_at)| discount_to_row(books, discount, *recorded_at));
    insert_in_chunks::<discount::Entity, discount::ActiveModel>(transaction, rows.collect(), None).await
}

fn price_from_row(row: price::Model) -> Result<Price, StoreError> {
    let currency = member("price.currency_id", row.currency_id, Currency::from_id)?;
    let amount = Exact::parse(&row.amount).map_err(refused("price.amount"))?;
    let key = PriceKey {
        meter: Meter::parse(&row.meter).map_err(refused("price.meter"))?,
        processing: member("price.processing", row.processing, Processing::from_id)?,
        provider: row.provider,
        model: row.model,
        service_tier: row.service_tier,
        region: row.region,
        above_input_tokens: row.above_input_tokens,
    };
    let terms = PriceTerms {
        key,
        unit_price: UnitPrice::new(amount, row.per, currency).map_err(refused("price"))?,
        effective_from: Moment(row.effective_from),
        effective_to: row.effective_to.map(Moment),
        precedence: member("price.precedence", row.precedence, Precedence::from_id)?,
        source: row.source,
    };
    Ok(Price { id: PriceId(narrow("price.id", row.id)?), terms, recorded_at: Moment(row.recorded_at) })
}

fn price_to_row(books: BooksId, price: &Price) -> price::Model {
    let (key, terms) = (&price.terms.key, &price.terms);
    price::Model {
        books_id: i64::from(books.0),
        id: i64::from(price.id.0),
        provider: key.provider.clone(),
        model: key.model.clone(),
        meter: key.meter.code().to_owned(),
        processing: i64::from(key.processing.id()),
        service_tier: key.service_tier.clone(),
        region: key.region.clone(),
        above_input_tokens: key.above_input_tokens,
        amount: terms.unit_price.amount().to_string(),
        per: terms.unit_price.per(),
        currency_id: i64::from(terms.unit_price.currency().id()),
        effective_from: terms.effective_from.0,
        effective_to: terms.effective_to.map(|moment| moment.0),
        precedence: i64::from(terms.precedence.id()),
        source: terms.source.clone(),
        recorded_at: price.recorded_at.0,
    }
}

fn discount_from_row(row: discount::Model) -> Result<Discount, StoreError> {
    Ok(Discount {
        id: DiscountId(narrow("discount.id", row.id)?),
        percent: Exact::parse(&row.percent).map_err(refused("discount.percent"))?,
        provider: row.provider,
        model: row.model,
        effective_from: Moment(row.effective_from),
        effective_to: row.effective_to.map(Moment),
        source: row.source,
    })
}

fn discount_to_row(books: BooksId, discount: &Discount, recorded_at: Moment) -> discount::Model {
    discount::Model {
        books_id: i64::from(books.0),
        id: i64::from(discount.id.0),
        provider: discount.provider.clone(),
        model: discount.model.clone(),
        percent: discount.percent.to_string(),
        effective_from: discount.effective_from.0,
        effective_to: discount.effective_to.map(|moment| moment.0),
        source: discount.source.clone(),
        recorded_at: recorded_at.0,
    }
}
