//! Unpriced charges counted by day and coding block, so that a report does not count them one by one.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, TALLY).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("the tally belongs to the worklist; restore a backup instead".to_owned()))
    }
}

const TALLY: &str = "
CREATE TABLE pending_tally (
    books_id {int} NOT NULL,
    day {int} NOT NULL,
    block_id {int} NOT NULL,
    charges {int} NOT NULL CHECK (charges >= 0),
    PRIMARY KEY (books_id, day, block_id)
) {clustered};
INSERT INTO pending_tally (books_id, day, block_id, charges)
SELECT books_id, day, block_id, COUNT(*) FROM pending_charge GROUP BY books_id, day, block_id;
";
