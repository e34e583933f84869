//! A database that is locked or gone: wait or refuse, nothing half written, and the same call again succeeds.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, PgConnection};
use tallybook::http::HttpConfig;
use tallybook::store::StoreOptions;

use crate::harness::{Engine, charge, ndjson, run};

const RECORD: &str = "mutation R($charges: [ChargeInput!]!) { recordCharges(input: { charges: $charges }) { recorded replayed } }";

#[test]
fn a_locked_file_refuses_the_call_whole_and_a_resend_succeeds() {
    run(Engine::Sqlite, async |world| {
        let options = StoreOptions { busy_timeout: Duration::from_millis(100), ..StoreOptions::new(world.database.url()) };
        let world = world.reopened(options, &HttpConfig::default()).await;
        world.book(&[charge("before")]).await;
        let blocker = rusqlite::Connection::open(world.database.path()).unwrap();
        blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
        let charges: Vec<_> = (0..50).map(|number| charge(&format!("c{number}"))).collect();
        let variables = json!({ "charges": charges.iter().map(|charge| charge.0.clone()).collect::<Vec<_>>() });
        assert_eq!(world.graphql_error(&world.admin, RECORD, variables.clone()).await, "UNAVAILABLE");
        let lines = world.post_charges(&world.admin, None, ndjson(&charges)).await.lines();
        assert!(lines.iter().any(|line| line["error"]["code"] == "UNAVAILABLE"), "{lines:?}");
        assert!(lines.iter().all(|line| line["status"] != "RECORDED"), "{lines:?}");
        let price = "mutation { saveCostCenters(input: { costCenters: [{ kind: TEAM, code: \"search\", name: \"Search\" }] }) { userErrors { code } } }";
        assert_eq!(world.graphql_error(&world.admin, price, json!({})).await, "UNAVAILABLE");
        assert_eq!(world.charge("before").await["status"], "RECORDED", "reading goes on");
        blocker.execute_batch("ROLLBACK").unwrap();
        assert_eq!(world.database.number("SELECT count(*) FROM charge").await, 1);
        assert_eq!(world.graphql(RECORD, variables).await["recordCharges"], json!({ "recorded": 50, "replayed": 0 }));
        world.assert_verified().await;
    });
}

#[test]
fn a_file_that_is_locked_for_a_moment_is_waited_for() {
    run(Engine::Sqlite, async |world| {
        world.book(&[charge("before")]).await;
        let blocker = rusqlite::Connection::open(world.database.path()).unwrap();
        blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
        let release = tokio::task::spawn_blocking(move || {
            std::thread::sleep(Duration::from_millis(300));
            blocker.execute_batch("ROLLBACK").unwrap();
        });
        world.book(&[charge("after")]).await;
        release.await.unwrap();
        world.assert_verified().await;
    });
}

#[test]
fn a_locked_head_row_is_waited_for_on_postgres() {
    run(Engine::Postgres, async |world| {
        world.book(&[charge("before")]).await;
        let mut blocker = PgConnection::connect(&world.database.url()).await.unwrap();
        sqlx::raw_sql("BEGIN; SELECT * FROM books_head FOR UPDATE;").execute(&mut blocker).await.unwrap();
        let release = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            sqlx::raw_sql("ROLLBACK").execute(&mut blocker).await.unwrap();
        };
        let charges = [charge("after")];
        tokio::join!(release, world.book(&charges));
        world.assert_verified().await;
    });
}

#[test]
fn after_its_connections_were_killed_the_service_recovers_on_postgres() {
    run(Engine::Postgres, async |world| {
        for round in 0..3 {
            world.book(&[charge(&format!("before-{round}"))]).await;
            world.database.kill_connections().await;
            let sent = [charge(&format!("after-{round}"))];
            let mut lines = world.post_charges(&world.admin, None, ndjson(&sent)).await.lines();
            // The loss may be noticed by the call itself: then it says so, and the same call again succeeds.
            if lines[0]["status"] == "REJECTED" {
                assert_eq!(lines[0]["error"]["code"], "UNAVAILABLE", "{lines:?}");
                lines = world.post_charges(&world.admin, None, ndjson(&sent)).await.lines();
            }
            assert_eq!(lines[0]["status"], "RECORDED", "round {round}: {lines:?}");
            assert_eq!(world.get("/readyz").await.status, 200);
        }
        world.assert_verified().await;
        assert_eq!(world.database.number("SELECT count(*) FROM charge").await, 6);
    });
}

#[test]
fn a_database_that_is_gone_is_not_ready_and_comes_back_on_postgres() {
    run(Engine::Postgres, async |world| {
        world.book(&[charge("before")]).await;
        let options = StoreOptions { busy_timeout: Duration::from_millis(500), ..StoreOptions::new(world.database.url()) };
        let world = world.reopened(options, &HttpConfig::default()).await;
        world.book(&[charge("opened")]).await;
        world.database.allow_connections(false).await;
        world.database.kill_connections().await;
        let lines = world.post_charges(&world.admin, None, ndjson([&charge("lost")])).await.lines();
        assert_eq!(lines[0]["error"]["code"], "UNAVAILABLE", "{lines:?}");
        assert_eq!(world.get("/readyz").await.status, 503);
        assert_eq!(world.get("/healthz").await.status, 200);
        world.database.allow_connections(true).await;
        let lines = world.post_charges(&world.admin, None, ndjson([&charge("lost")])).await.lines();
        assert_eq!(lines[0]["status"], "RECORDED", "{lines:?}");
        assert_eq!(world.get("/readyz").await.status, 200);
        world.assert_verified().await;
    });
}
