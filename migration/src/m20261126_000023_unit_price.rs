//! The price of a unit that revenue was recorded with.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, COLUMN).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("what revenue was recorded with is not dropped by a migration; restore a backup instead".to_owned()))
    }
}

/// An exact decimal: a price may have more decimals than the ledger. Revenue of before has a quantity and no price, since it was not kept.
const COLUMN: &str = "ALTER TABLE revenue_entry ADD COLUMN unit_price TEXT;";
