//! Closing while posting: every entry is in the period before its close, or in the next one.

use serde_json::json;

use super::{closed, owned};
use crate::harness::World;

on_both_engines!(
    an_entry_of_a_closed_period_was_posted_before_its_close,
    of_many_who_close_one_period_one_does,
    another_process_books_late_charges_late,
);

const AFTER_THE_CLOSE: &str = "SELECT count(*) FROM journal_entry e JOIN period p ON p.books_id = e.books_id
    WHERE p.month = 672 AND e.effective_on < 20485 AND e.number > p.through_entry";

async fn an_entry_of_a_closed_period_was_posted_before_its_close(world: World) {
    world.set_clock("2026-02-03T12:00:00Z");
    world.save_centers("search", "assistant", "gearpeak").await;
    let other = world.second_process().await;
    let (here, there, close) = tokio::join!(
        futures_util::future::join_all((0..60).map(|number| world.record_one(owned(&format!("a{number}"), "2026-01-20T12:00:00Z")))),
        futures_util::future::join_all((0..60).map(|number| other.record_one(owned(&format!("b{number}"), "2026-01-21T12:00:00Z")))),
        async {
            tokio::task::yield_now().await;
            super::close(&world, "2026-01", "CLOSED").await
        },
    );
    assert_eq!(close["userErrors"], json!([]));
    assert!(here.iter().chain(&there).all(|receipt| receipt["status"] == "RECORDED"), "no charge is refused");
    assert_eq!(world.database.number("SELECT count(*) FROM journal_entry").await, 120);
    assert_eq!(world.database.number(AFTER_THE_CLOSE).await, 0);
    let january = world.database.number("SELECT count(*) FROM journal_entry WHERE effective_on < 20485").await;
    let february = world.database.number("SELECT count(*) FROM journal_entry WHERE effective_on = 20485 AND service_on < 20485").await;
    assert_eq!(january + february, 120);
    world.assert_verified().await;
}

async fn of_many_who_close_one_period_one_does(world: World) {
    world.set_clock("2026-02-03T12:00:00Z");
    let other = world.second_process().await;
    let answers = futures_util::future::join_all(
        (0..12).map(|number| super::close(if number % 2 == 0 { &world } else { &other }, "2026-01", "CLOSED")),
    )
    .await;
    assert!(answers.iter().all(|answer| answer["period"]["status"] == "CLOSED"), "{answers:?}");
    assert_eq!(world.database.number("SELECT count(*) FROM period_change").await, 1);
    assert_eq!(world.database.number("SELECT count(*) FROM audit_event WHERE action LIKE 'period.%'").await, 1);
}

async fn another_process_books_late_charges_late(world: World) {
    world.set_clock("2026-02-03T12:00:00Z");
    world.save_centers("search", "assistant", "gearpeak").await;
    let other = world.second_process().await;
    other.book(&[owned("c1", "2026-01-20T12:00:00Z")]).await;
    closed(&world, "2026-01", "CLOSED").await;
    other.book(&[owned("c2", "2026-01-20T12:00:00Z")]).await;
    assert_eq!(world.database.number("SELECT count(*) FROM journal_entry WHERE service_on IS NOT NULL").await, 1);
    // A close by another process is found by tampering, too.
    world.database.execute("UPDATE period SET through_entry = 0").await.unwrap();
    let faults = world.faults().await;
    assert!(faults.len() == 1 && faults[0].contains("2026-01 was closed through entry 0"), "{faults:?}");
}
