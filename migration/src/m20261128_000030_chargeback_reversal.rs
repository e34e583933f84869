//! Reversed statements, found without reading all statements there are.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, INDEX).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, "DROP INDEX chargeback_reversal").await
    }
}

/// Few statements are reversed. Each run of an allocation asks for the entries that did.
const INDEX: &str = "CREATE INDEX chargeback_reversal ON chargeback (books_id, reversal_number) WHERE reversal_number IS NOT NULL;";
