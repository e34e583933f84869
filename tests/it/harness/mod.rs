//! What every test needs: fresh books on both engines, builders in the words of bookkeeping, and the doors.

mod charge;
mod database;
mod doors;
mod world;

pub use charge::{Charge, charge, ndjson};
pub use database::{Database, Engine};
pub use doors::Answer;
pub use world::World;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs one test in fresh books on one engine, and removes its database whatever became of it.
pub fn run(engine: Engine, test: impl AsyncFnOnce(World)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let database = runtime.block_on(Database::with_books(engine));
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let world = World::on(database.clone()).await;
            test(world).await;
        });
    }));
    database.remove();
    runtime.shutdown_background();
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// Declares each named `async fn(World)` of the module as a test on SQLite and as one on PostgreSQL.
macro_rules! on_both_engines {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $test() { $crate::harness::run($crate::harness::Engine::Sqlite, super::$test); })*
        }
        mod postgres {
            $(#[test] fn $test() { $crate::harness::run($crate::harness::Engine::Postgres, super::$test); })*
        }
    };
}
