//! Several processes at once: one wins, the others are answered by what it did, and nothing is charged twice.

use serde_json::json;

use super::{APPROVE, DRAFT, POST, approved, centers, dollars, drafted, input};
use crate::harness::World;

on_both_engines!(two_drafts_leave_one, two_posts_charge_once, an_approval_and_a_new_draft_do_not_both_charge);

async fn two_drafts_leave_one(world: World) {
    centers(&world).await;
    world.book(&[dollars("c1", 10, "2026-01-05").team("search")]).await;
    let other = world.second_process().await;
    let draft = |world: World| async move {
        world.graphql(DRAFT, json!({ "input": input("TEAM") })).await["draftChargebacks"]["userErrors"].take()
    };
    let (first, second) = tokio::join!(draft(world.second_process().await), draft(other));
    assert_eq!([first, second], [json!([]), json!([])]);
    assert_eq!(world.database.number("SELECT count(*) FROM chargeback").await, 2);
    assert_eq!(world.database.number("SELECT count(*) FROM chargeback WHERE status = 1").await, 1, "the later one replaced the other");
    world.assert_verified().await;
}

async fn two_posts_charge_once(world: World) {
    centers(&world).await;
    world.book(&[dollars("c1", 10, "2026-01-05").team("search")]).await;
    world.set_clock("2026-02-03T09:00:00Z");
    drafted(&world, input("TEAM")).await;
    approved(&world, "CB-000001").await;
    let post = |world: World, key: &'static str| async move {
        let input = json!({ "idempotencyKey": key, "period": "2026-01" });
        let answer = world.graphql(POST, json!({ "input": input })).await["postChargebacks"].take();
        answer["userErrors"][0]["code"].as_str().unwrap_or("POSTED").to_owned()
    };
    let (first, second) = tokio::join!(post(world.second_process().await, "a"), post(world.second_process().await, "b"));
    let mut answers = [first, second];
    answers.sort();
    assert_eq!(answers, ["NOTHING_TO_POST", "POSTED"]);
    assert_eq!(world.database.number("SELECT count(*) FROM journal_entry WHERE kind = 13").await, 1);
    world.assert_verified().await;
}

async fn an_approval_and_a_new_draft_do_not_both_charge(world: World) {
    centers(&world).await;
    world.book(&[dollars("c1", 10, "2026-01-05").team("search")]).await;
    drafted(&world, input("TEAM")).await;
    let approving = world.second_process().await;
    let approver = world.token_of("otto", "main", tallybook::app::auth::Role::Approver, None);
    let approval = async {
        let answer = approving.graphql_as(&approver, APPROVE, json!({ "number": "CB-000001" })).await["approveChargeback"].take();
        answer["userErrors"][0]["code"].as_str().unwrap_or("APPROVED").to_owned()
    };
    let (approval, redraft) = tokio::join!(approval, drafted(&world, input("TEAM")));
    match approval.as_str() {
        "APPROVED" => assert_eq!(redraft.len(), 0, "what is approved is charged"),
        "STATEMENT_NOT_OPEN" => assert_eq!(redraft.len(), 1, "what is replaced is not approved"),
        other => panic!("{other}"),
    }
    assert_eq!(world.database.number("SELECT count(*) FROM chargeback WHERE status IN (1, 2)").await, 1);
    world.assert_verified().await;
}
