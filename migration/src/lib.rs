//! Migrations: append-only, one file each. They never import entities: a table's history must not change when its entity does.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod guards;
mod m20261123_000001_books;
mod m20261123_000002_journal;
mod m20261124_000003_audit;
mod m20261124_000004_periods;
mod m20261124_000005_manual_journals;
mod m20261124_000006_tree;
mod m20261124_000008_settlement;
mod m20261124_000009_pending_tally;
mod m20261125_000010_allocation;
mod m20261125_000011_chargeback;
mod m20261125_000012_export_batch;
mod m20261125_000015_labor;
mod m20261126_000016_closing;
mod m20261126_000017_activity;
mod m20261126_000018_output_units;
mod m20261126_000019_margin_target;
mod m20261126_000020_entry_month;
mod m20261126_000021_credit_since;
mod m20261126_000022_least_persons;
mod m20261126_000023_unit_price;
mod m20261128_000024_cost_by_day;
mod m20261128_000028_name_source;
mod m20261128_000030_chargeback_reversal;
mod m20261128_000031_client_terms;
mod m20261128_000032_document_prefix;
mod m20261128_000033_alias_removed;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_books::Migration),
            Box::new(m20261123_000002_journal::Migration),
            Box::new(m20261124_000003_audit::Migration),
            Box::new(m20261124_000004_periods::Migration),
            Box::new(m20261124_000005_manual_journals::Migration),
            Box::new(m20261124_000006_tree::Migration),
            Box::new(m20261124_000008_settlement::Migration),
            Box::new(m20261124_000009_pending_tally::Migration),
            Box::new(m20261125_000010_allocation::Migration),
            Box::new(m20261125_000011_chargeback::Migration),
            Box::new(m20261125_000012_export_batch::Migration),
            Box::new(m20261125_000015_labor::Migration),
            Box::new(m20261126_000016_closing::Migration),
            Box::new(m20261126_000017_activity::Migration),
            Box::new(m20261126_000018_output_units::Migration),
            Box::new(m20261126_000019_margin_target::Migration),
            Box::new(m20261126_000020_entry_month::Migration),
            Box::new(m20261126_000021_credit_since::Migration),
            Box::new(m20261126_000022_least_persons::Migration),
            Box::new(m20261126_000023_unit_price::Migration),
            Box::new(m20261128_000024_cost_by_day::Migration),
            Box::new(m20261128_000028_name_source::Migration),
            Box::new(m20261128_000030_chargeback_reversal::Migration),
            Box::new(m20261128_000031_client_terms::Migration),
            Box::new(m20261128_000032_document_prefix::Migration),
            Box::new(m20261128_000033_alias_removed::Migration),
        ]
    }
}

/// Runs statements written for both engines: `{int}` is the one integer type, `{strict}` and `{clustered}` are SQLite's table options.
async fn execute(manager: &SchemaManager<'_>, statements: &str) -> Result<(), DbErr> {
    let is_sqlite = manager.get_database_backend() == sea_orm_migration::sea_orm::DatabaseBackend::Sqlite;
    let (int, strict, clustered) = if is_sqlite { ("INTEGER", "STRICT", "STRICT, WITHOUT ROWID") } else { ("BIGINT", "", "") };
    let statements = statements.replace("{int}", int).replace("{strict}", strict).replace("{clustered}", clustered);
    manager.get_connection().execute_unprepared(&statements).await.map(|_| ())
}
