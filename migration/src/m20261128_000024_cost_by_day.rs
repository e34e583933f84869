//! Corrections and late bookings by day, for reports that read single entries of a range.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::execute(manager, "DROP INDEX journal_entry_of_correction; DROP INDEX late_booking_of_day;").await
    }
}

/// Kinds 2 to 4 are reversals, reratings and reclassifications. A charge that is booked on the day of its call is in neither index.
const INDEXES: &str = "
CREATE INDEX journal_entry_of_correction ON journal_entry (books_id, kind, effective_on, number) WHERE kind IN (2, 3, 4);
CREATE INDEX late_booking_of_day ON late_booking (books_id, effective_on, charge_id, revision);
";
