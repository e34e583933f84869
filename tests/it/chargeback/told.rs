//! Each step of a statement leaves one event in the audit log, and one that is refused leaves none.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use super::{centers, dollars};
use crate::harness::World;

on_both_engines!(every_step_leaves_its_event);

async fn events(world: &World) -> Vec<(String, String)> {
    let data = world.graphql("{ auditEvents(first: 1000) { nodes { action object } } }", json!({})).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    data["auditEvents"]["nodes"].as_array().unwrap().iter().map(|event| (text(&event["action"]), text(&event["object"]))).collect()
}

async fn every_step_leaves_its_event(world: World) {
    centers(&world).await;
    world.book(&[dollars("c1", 10, "2026-01-05").team("search")]).await;
    world.set_clock("2026-02-03T09:00:00Z");
    let draft = json!({ "period": "2026-01", "kind": "TEAM", "provider": "platform" });
    let number = |number: &str| json!({ "number": number });
    let steps = [
        ("draftChargebacks", "DraftChargebacksInput", draft.clone(), "chargeback.draft", "chargebacks 2026-01"),
        (
            "withdrawChargeback",
            "WithdrawChargebackInput",
            json!({ "number": "CB-000001", "reason": "r" }),
            "chargeback.withdraw",
            "chargeback CB-000001",
        ),
        ("draftChargebacks", "DraftChargebacksInput", draft, "chargeback.draft", "chargebacks 2026-01"),
        ("approveChargeback", "ApproveChargebackInput", number("CB-000002"), "chargeback.approve", "chargeback CB-000002"),
        (
            "postChargebacks",
            "PostChargebacksInput",
            json!({ "idempotencyKey": "p", "period": "2026-01" }),
            "chargeback.post",
            "chargebacks 2026-01",
        ),
        ("markChargebackExported", "MarkChargebackExportedInput", number("CB-000002"), "chargeback.export", "chargeback CB-000002"),
        (
            "acknowledgeChargeback",
            "AcknowledgeChargebackInput",
            json!({ "number": "CB-000002", "documentNumber": "JE-1" }),
            "chargeback.acknowledge",
            "chargeback CB-000002",
        ),
        (
            "reverseChargeback",
            "ReverseChargebackInput",
            json!({ "idempotencyKey": "r", "number": "CB-000002", "reason": "wrong" }),
            "chargeback.reverse",
            "chargeback CB-000002",
        ),
    ];
    for (mutation, input_type, input, action, object) in steps {
        let before = events(&world).await.len();
        let person = if mutation == "approveChargeback" { "otto" } else { "ana" };
        let token = world.token_of(person, "main", Role::Admin, None);
        let query = format!("mutation M($input: {input_type}!) {{ {mutation}(input: $input) {{ userErrors {{ code message }} }} }}");
        let answer = world.graphql_as(&token, &query, json!({ "input": input })).await;
        assert_eq!(answer[mutation]["userErrors"], json!([]), "{mutation}");
        let after = events(&world).await;
        assert_eq!((after.len(), after.last()), (before + 1, Some(&(action.to_owned(), object.to_owned()))), "{mutation}");
        // The same again is refused or replayed, and changes nothing.
        if mutation != "draftChargebacks" {
            world.graphql_as(&token, &query, json!({ "input": input })).await;
            assert_eq!(events(&world).await.len(), after.len(), "{mutation}");
        }
    }
    // A month in which nothing is to be charged or replaced is not told.
    let before = events(&world).await;
    let nothing = json!({ "period": "2025-06", "kind": "TEAM", "provider": "platform" });
    world.save("draftChargebacks", "DraftChargebacksInput", nothing).await;
    assert_eq!(events(&world).await, before);
}
