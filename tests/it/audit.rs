//! The audit log: every mutation that changes something leaves its event in the same transaction, and one that is refused leaves none.

use std::collections::BTreeSet;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use serde_json::{Value, json};
use tallybook::app::auth::Role;

use crate::harness::{World, charge};

on_both_engines!(
    every_mutation_leaves_its_event,
    a_refused_mutation_leaves_no_event,
    what_changes_nothing_is_not_told,
    an_event_says_who_and_on_which_request_before_and_after_and_why,
    the_log_is_read_by_page_and_by_filter,
    an_import_of_prices_is_one_event,
);

/// Each mutation with an input that changes fresh books, and the action that its event names.
#[expect(clippy::too_many_lines, reason = "a list, one mutation a line")]
fn telling() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let center = json!({ "kind": "TEAM", "code": "search", "name": "Search" });
    let price = json!({ "provider": "acme", "model": "m1", "meter": "input_tokens", "per": "1000000", "amount": "3", "currency": "USD",
        "effectiveFrom": "2026-01-01T00:00:00Z" });
    let rule = json!({ "code": "r1", "order": 1, "conditions": [{ "on": "PROVIDER", "pattern": "*" }], "team": "search" });
    let posting_rule = json!({ "code": "p1", "order": 1, "team": "search", "account": "6000" });
    let reopening = |reason: &str| json!({ "period": "2025-11", "reason": reason });
    vec![
        ("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": [center] }), "costCenter.save"),
        (
            "saveAccounts",
            "SaveAccountsInput",
            json!({ "accounts": [{ "code": "6100", "name": "Tools", "class": "OPERATING_EXPENSE" }] }),
            "account.save",
        ),
        (
            "saveMarginTargets",
            "SaveMarginTargetsInput",
            json!({ "targets": [{ "measure": "GROSS_MARGIN_PERCENT", "team": "search", "value": "40", "effectiveFrom": "2026-01-01" }] }),
            "marginTarget.save",
        ),
        ("savePrices", "SavePricesInput", json!({ "prices": [price] }), "price.save"),
        (
            "saveDiscounts",
            "SaveDiscountsInput",
            json!({ "discounts": [{ "provider": "acme", "percent": "5", "effectiveFrom": "2026-01-01T00:00:00Z" }] }),
            "discount.save",
        ),
        (
            "saveModelAliases",
            "SaveModelAliasesInput",
            json!({ "modelAliases": [{ "provider": "acme", "alias": "m1-latest", "model": "m1" }] }),
            "modelAlias.save",
        ),
        (
            "deleteModelAliases",
            "DeleteModelAliasesInput",
            json!({ "modelAliases": [{ "provider": "acme", "alias": "m1-latest" }] }),
            "modelAlias.delete",
        ),
        ("saveAttributionRules", "SaveAttributionRulesInput", json!({ "attributionRules": [rule] }), "attributionRule.save"),
        ("savePostingRules", "SavePostingRulesInput", json!({ "postingRules": [posting_rule] }), "postingRule.save"),
        ("deletePostingRules", "DeletePostingRulesInput", json!({ "codes": ["p1"] }), "postingRule.delete"),
        ("saveProviders", "SaveProvidersInput", json!({ "providers": [{ "provider": "acme", "settlement": "PREPAID" }] }), "provider.save"),
        (
            "purchaseCredits",
            "PurchaseCreditsInput",
            json!({ "idempotencyKey": "p", "provider": "acme", "amount": "10", "currency": "USD", "purchasedOn": "2026-01-02",
                "expiresOn": "2026-01-05", "paidFrom": "CASH", "reference": "invoice 7" }),
            "credits.purchase",
        ),
        (
            "expireCredits",
            "ExpireCreditsInput",
            json!({ "idempotencyKey": "x", "provider": "acme", "asOf": "2026-01-10" }),
            "credits.expire",
        ),
        (
            "grantCredits",
            "GrantCreditsInput",
            json!({ "idempotencyKey": "g", "provider": "openai", "amount": "1", "currency": "USD", "grantedOn": "2026-01-02", "reference": "start" }),
            "credits.grant",
        ),
        (
            "applyCredits",
            "ApplyCreditsInput",
            json!({ "idempotencyKey": "a", "provider": "openai", "period": "2026-01", "amount": "0.001", "currency": "USD" }),
            "credits.apply",
        ),
        (
            "saveExchangeRates",
            "SaveExchangeRatesInput",
            json!({ "rates": [{ "day": "2026-01-05", "from": "EUR", "to": "USD", "rate": "1.08", "source": "ECB" }] }),
            "rates.save",
        ),
        (
            "recordTimeEntries",
            "RecordTimeEntriesInput",
            json!({ "entries": [{ "source": "hr", "externalId": "t1", "workedOn": "2026-01-05", "person": "mia", "hours": "8" }] }),
            "time.record",
        ),
        (
            "recordRevenue",
            "RecordRevenueInput",
            json!({ "entries": [{ "source": "crm", "externalId": "r1", "earnedOn": "2026-01-05", "earnedThrough": "2026-01-31",
                "amount": "62", "currency": "USD" }] }),
            "revenue.record",
        ),
        (
            "recordOutputs",
            "RecordOutputsInput",
            json!({ "outputs": [{ "source": "desk", "externalId": "o1", "producedOn": "2026-01-05", "unit": "ticket_resolved", "quantity": "8" }] }),
            "outputs.record",
        ),
        (
            "saveOutputUnits",
            "SaveOutputUnitsInput",
            json!({ "units": [{ "code": "contract_reviewed", "name": "Contract reviewed" }] }),
            "outputUnit.save",
        ),
        (
            "recordPayroll",
            "RecordPayrollInput",
            json!({ "entries": [{ "source": "hr", "externalId": "p1", "period": "2026-01", "team": "unattributed", "hours": "8",
                "amount": "900", "currency": "USD" }] }),
            "payroll.record",
        ),
        ("trueUpLabor", "TrueUpLaborInput", json!({ "period": "2026-01" }), "labor.trueUp"),
        (
            "saveLaborRates",
            "SaveLaborRatesInput",
            json!({ "rates": [{ "person": "mia", "costPerHour": "100", "currency": "USD", "effectiveFrom": "2026-01-01" }] }),
            "laborRate.save",
        ),
        ("setReportingCurrency", "SetReportingCurrencyInput", json!({ "currency": "USD" }), "books.reporting-currency"),
        ("rerateCharges", "RerateChargesInput", json!({ "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z" }), "charges.rerate"),
        (
            "reverseJournalEntry",
            "ReverseJournalEntryInput",
            json!({ "idempotencyKey": "k", "number": 2, "effectiveOn": "2026-01-10", "reason": "sent twice" }),
            "entry.reverse",
        ),
        (
            "saveRebillTerms",
            "SaveRebillTermsInput",
            json!({ "terms": [{ "client": "unattributed", "treatment": "AGENT" }] }),
            "rebillTerms.save",
        ),
        (
            "saveStandardRates",
            "SaveStandardRatesInput",
            json!({ "rates": [{ "meter": "charges", "per": "1", "amount": "1", "currency": "USD", "validFrom": "2026-01-01" }] }),
            "standardRate.save",
        ),
        ("reattributeCharges", "ReattributeChargesInput", json!({ "from": "2026-01-01", "to": "2026-02-01" }), "charges.reattribute"),
        ("postJournalEntry", "PostJournalEntryInput", entry(json!({ "idempotencyKey": "e1" })), "journalDraft.create"),
        ("editJournalDraft", "EditJournalDraftInput", entry(json!({ "id": 1, "submit": false })), "journalDraft.edit"),
        ("submitJournalDraft", "SubmitJournalDraftInput", json!({ "id": 1 }), "journalDraft.submit"),
        ("rejectJournalDraft", "JournalDraftReasonInput", json!({ "id": 1, "reason": "r" }), "journalDraft.reject"),
        ("withdrawJournalDraft", "JournalDraftReasonInput", json!({ "id": 1, "reason": "r" }), "journalDraft.withdraw"),
        (
            "writeOff",
            "WriteOffInput",
            json!({ "idempotencyKey": "w1", "number": 1, "effectiveOn": "2026-01-11", "reason": "waived", "account": "2100",
                "against": "6000", "amount": "0.001", "currency": "USD" }),
            "journalDraft.create",
        ),
        ("approveJournalDraft", "ApproveJournalDraftInput", json!({ "id": 2 }), "journalDraft.approve"),
        (
            "saveJournalLimits",
            "SaveJournalLimitsInput",
            json!({ "limits": [], "approvers": [{ "currency": "USD", "upTo": "5" }] }),
            "books.saveJournalLimits",
        ),
        (
            "saveExportTargets",
            "SaveExportTargetsInput",
            json!({ "targets": [{ "code": "erp", "format": "netsuite" }] }),
            "exportTarget.save",
        ),
        (
            "createExportBatch",
            "CreateExportBatchInput",
            json!({ "idempotencyKey": "b", "target": "erp", "period": "2026-01" }),
            "exportBatch.create",
        ),
        ("deliverExportBatch", "DeliverExportBatchInput", json!({ "id": 1, "channel": "rest" }), "exportBatch.deliver"),
        (
            "acknowledgeExportBatch",
            "AcknowledgeExportBatchInput",
            json!({ "id": 1, "documentNumber": "JE-1", "postedOn": "2026-01-31" }),
            "exportBatch.acknowledge",
        ),
        ("saveDuties", "SaveDutiesInput", json!({ "duties": "STRICT" }), "books.saveDuties"),
        ("saveCloseThresholds", "SaveCloseThresholdsInput", json!({ "feedGapDays": 7 }), "books.saveCloseThresholds"),
        ("saveBooksSettings", "SaveBooksSettingsInput", json!({ "fiscalYearStart": 4 }), "books.saveSettings"),
        ("reviewAccruals", "ReviewAccrualsInput", json!({ "period": "2025-11", "note": "agreed" }), "period.reviewAccruals"),
        ("closePeriod", "ClosePeriodInput", json!({ "period": "2025-11", "acceptOpenItems": "agreed" }), "period.close"),
        ("requestReopening", "ReopeningInput", reopening("an invoice came"), "period.requestReopening"),
        ("approveReopening", "ReopeningInput", reopening("seen"), "period.reopen"),
        (
            "recordDriverValues",
            "RecordDriverValuesInput",
            json!({ "values": [{ "driver": "seats", "period": "2026-01", "kind": "TEAM", "costCenter": "search", "quantity": "3" }] }),
            "driver.record",
        ),
        (
            "saveAllocationRule",
            "SaveAllocationRuleInput",
            json!({ "code": "shared", "validFrom": "2026-01-01", "method": "DIRECT", "receivers": [{ "kind": "TEAM", "costCenter": "search" }] }),
            "allocationRule.save",
        ),
        ("approveAllocationRule", "ApproveAllocationRuleInput", json!({ "code": "shared", "version": 1 }), "allocationRule.approve"),
        ("runAllocation", "RunAllocationInput", json!({ "idempotencyKey": "a", "period": "2026-01" }), "allocation.run"),
        ("reverseAllocationRun", "ReverseAllocationRunInput", json!({ "id": "1" }), "allocation.reverse"),
    ]
}

/// A balanced entry of ten dollars with these further fields.
fn entry(more: Value) -> Value {
    let posting = |account: &str, side: &str| json!({ "account": account, "side": side, "amount": "10", "currency": "USD" });
    let mut input = json!({ "effectiveOn": "2026-01-10", "memo": "m", "postings": [posting("6000", "DEBIT"), posting("2100", "CREDIT")] });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

/// Mutations with a test of their own elsewhere, and why.
const TOLD_ELSEWHERE: &[(&str, &str)] = &[
    ("draftChargebacks", "needs cost of a center: chargeback/told.rs counts its event"),
    ("approveChargeback", "needs a draft: chargeback/told.rs counts its event"),
    ("withdrawChargeback", "needs a draft: chargeback/told.rs counts its event"),
    ("postChargebacks", "needs an approved statement: chargeback/told.rs counts its event"),
    ("reverseChargeback", "needs a posted statement: chargeback/told.rs counts its event"),
    ("markChargebackExported", "needs a posted statement: chargeback/told.rs counts its event"),
    ("acknowledgeChargeback", "needs a posted statement: chargeback/told.rs counts its event"),
    ("accrueOverdraw", "needs usage beyond credits: prepaid.rs counts its event"),
    ("revalue", "needs open foreign items: currencies.rs counts its event"),
    ("settleForeign", "needs open foreign items: currencies.rs counts its event"),
    ("recognizeRevenue", "needs revenue whose day has come since: revenue.rs counts its event"),
    ("recordCharges", "the journal is its own log of charges: each keeps its source and the moment at which it was recorded"),
];

async fn actions(world: &World) -> Vec<String> {
    let data = world.graphql("{ auditEvents(first: 1000) { nodes { action } } }", json!({})).await;
    data["auditEvents"]["nodes"].as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
}

async fn mutate(world: &World, token: &str, mutation: &str, input_type: &str, input: &Value) -> Value {
    let query = format!("mutation M($input: {input_type}!) {{ {mutation}(input: $input) {{ userErrors {{ code message }} }} }}");
    world.graphql_as(token, &query, json!({ "input": input })).await[mutation]["userErrors"].take()
}

/// One charge without a price, one that is booked and one that waits to be moved.
async fn books_with_charges(world: &World) {
    world.book(&[charge("c1")]).await;
    world.record(&[charge("unpriced").model("acme", "m1").usage(json!({ "inputTokens": 1000 }))]).await;
}

async fn every_mutation_leaves_its_event(world: World) {
    books_with_charges(&world).await;
    let told = telling();
    for (mutation, input_type, input, action) in &told {
        let before = actions(&world).await;
        let by_another = ["approveReopening", "approveJournalDraft", "rejectJournalDraft", "approveAllocationRule"].contains(mutation);
        let person = if by_another { "otto" } else { "ana" };
        let errors = mutate(&world, &world.token_of(person, "main", Role::Admin, None), mutation, input_type, input).await;
        assert_eq!(errors, json!([]), "{mutation}");
        let after = actions(&world).await;
        assert_eq!((after.len(), after.last().map(String::as_str)), (before.len() + 1, Some(*action)), "{mutation}");
    }
    let schema = parse_schema(tallybook::graphql::sdl()).unwrap();
    let known: BTreeSet<&str> = told.iter().map(|told| told.0).chain(TOLD_ELSEWHERE.iter().map(|told| told.0)).collect();
    for definition in &schema.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        if let (TypeKind::Object(object), "Mutation") = (&definition.node.kind, definition.node.name.node.as_str()) {
            for field in &object.fields {
                assert!(known.contains(field.node.name.node.as_str()), "no test says what {} tells the audit log", field.node.name.node);
            }
        }
    }
    world.assert_verified().await;
}

async fn a_refused_mutation_leaves_no_event(world: World) {
    let before = actions(&world).await;
    assert_eq!(before, ["books.create"]);
    let refused = [
        (
            "saveCostCenters",
            "SaveCostCentersInput",
            json!({ "costCenters": [{ "kind": "TEAM", "code": "a", "name": "A" }, { "kind": "TEAM", "code": "b", "name": "B", "parent": "none" }] }),
        ),
        ("savePostingRules", "SavePostingRulesInput", json!({ "postingRules": [{ "code": "p1", "order": 1, "account": "nowhere" }] })),
        (
            "saveDiscounts",
            "SaveDiscountsInput",
            json!({ "discounts": [{ "provider": "acme", "percent": "101", "effectiveFrom": "2026-01-01T00:00:00Z" }] }),
        ),
        (
            "reverseJournalEntry",
            "ReverseJournalEntryInput",
            json!({ "idempotencyKey": "k", "number": 9, "effectiveOn": "2026-01-10", "reason": "r" }),
        ),
        ("closePeriod", "ClosePeriodInput", json!({ "period": "2030-01" })),
    ];
    for (mutation, input_type, input) in refused {
        assert_ne!(mutate(&world, &world.admin, mutation, input_type, &input).await, json!([]), "{mutation}");
        assert_eq!(actions(&world).await, before, "{mutation}");
    }
    // Nor does one that the role does not allow.
    let viewer = world.token("main", Role::Viewer, None);
    let query = "mutation { saveAccounts(input: { accounts: [{ code: \"6100\", name: \"T\", class: OPERATING_EXPENSE }] }) { userErrors { code } } }";
    assert_eq!(world.graphql_error(&viewer, query, json!({})).await, "FORBIDDEN");
    assert_eq!(actions(&world).await, before);
}

async fn what_changes_nothing_is_not_told(world: World) {
    for (mutation, input_type, input, _) in telling().into_iter().take(7) {
        assert_eq!(mutate(&world, &world.admin, mutation, input_type, &input).await, json!([]), "{mutation}");
        let before = actions(&world).await;
        assert_eq!(mutate(&world, &world.admin, mutation, input_type, &input).await, json!([]), "{mutation}");
        assert_eq!(actions(&world).await, before, "{mutation}");
    }
    let dry = json!({ "from": "2026-01-01", "to": "2026-02-01", "dryRun": true });
    books_with_charges(&world).await;
    let before = actions(&world).await;
    mutate(&world, &world.admin, "reattributeCharges", "ReattributeChargesInput", &dry).await;
    assert_eq!(actions(&world).await, before);
}

const EVENT: &str = "nodes { number recordedAt action object subject actingFor issuer tokenId requestId before after reason }";

async fn an_event_says_who_and_on_which_request_before_and_after_and_why(world: World) {
    let save = |name: &str| json!({ "query": format!("mutation {{ saveAccounts(input: {{ accounts: [{{ code: \"6100\", name: \"{name}\", class: OPERATING_EXPENSE }}] }}) {{ userErrors {{ code }} }} }}") });
    world.post_graphql(&world.token_of("pia", "main", Role::Preparer, None), &save("Tools")).await;
    let answer = world.post_graphql(&world.token_of("paul", "main", Role::Preparer, None), &save("Developer tools")).await;
    let request_id = answer.headers["x-request-id"].to_str().unwrap().to_owned();
    let data = world.graphql(&format!("{{ auditEvents(filter: {{ object: \"account 6100\" }}) {{ {EVENT} }} }}"), json!({})).await;
    let events = data["auditEvents"]["nodes"].as_array().unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!([&events[0]["subject"], &events[0]["before"]], [&json!("pia"), &Value::Null]);
    let second = &events[1];
    assert_eq!([&second["subject"], &second["actingFor"], &second["tokenId"]], [&json!("paul"), &Value::Null, &json!("t-1")]);
    assert_eq!([&second["requestId"], &second["recordedAt"]], [&json!(request_id), &json!("2026-01-15T12:00:00Z")]);
    let text = |side: &str| serde_json::from_str::<Value>(second[side].as_str().unwrap()).unwrap()["name"].clone();
    assert_eq!([text("before"), text("after")], [json!("Tools"), json!("Developer tools")]);
    world.book(&[charge("c1")]).await;
    let reverse = json!({ "idempotencyKey": "k", "number": 1, "effectiveOn": "2026-01-10", "reason": "charged twice" });
    mutate(&world, &world.admin, "reverseJournalEntry", "ReverseJournalEntryInput", &reverse).await;
    mutate(&world, &world.admin, "reverseJournalEntry", "ReverseJournalEntryInput", &reverse).await;
    let data = world.graphql(&format!("{{ auditEvents(filter: {{ action: \"entry.reverse\" }}) {{ {EVENT} }} }}"), json!({})).await;
    let events = data["auditEvents"]["nodes"].as_array().unwrap();
    assert_eq!(events.len(), 1, "a replay changes nothing");
    assert_eq!([&events[0]["object"], &events[0]["reason"]], [&json!("entry 1"), &json!("charged twice")]);
}

async fn the_log_is_read_by_page_and_by_filter(world: World) {
    for (day, person) in [("2026-01-15", "pia"), ("2026-01-16", "paul"), ("2026-01-17", "pia")] {
        world.set_clock(&format!("{day}T12:00:00Z"));
        let center = json!({ "costCenters": [{ "kind": "TEAM", "code": format!("t-{day}"), "name": "T" }] });
        let token = world.token_of(person, "main", Role::Preparer, None);
        mutate(&world, &token, "saveCostCenters", "SaveCostCentersInput", &center).await;
    }
    let read = async |filter: &str| {
        let data = world.graphql(&format!("{{ auditEvents(filter: {{ {filter} }}) {{ nodes {{ number }} }} }}"), json!({})).await;
        let nodes = data["auditEvents"]["nodes"].as_array().unwrap();
        nodes.iter().map(|node| node["number"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(read("").await, "1 2 3 4");
    assert_eq!(read("subject: \"pia\"").await, "2 4");
    assert_eq!(read("action: \"costCenter.save\"").await, "2 3 4");
    assert_eq!(read("object: \"team t-2026-01-16\"").await, "3");
    assert_eq!(read("action: \"costCenter.save\", from: \"2026-01-15T12:00:00Z\", to: \"2026-01-17T12:00:00Z\"").await, "2 3");
    let first = world.graphql("{ auditEvents(first: 3) { nodes { number } pageInfo { endCursor hasNextPage } } }", json!({})).await;
    assert_eq!(first["auditEvents"]["pageInfo"]["hasNextPage"], true);
    let next = "query N($after: String) { auditEvents(first: 3, after: $after) { nodes { number } pageInfo { hasNextPage } } }";
    let rest = world.graphql(next, json!({ "after": first["auditEvents"]["pageInfo"]["endCursor"] })).await;
    assert_eq!(rest["auditEvents"], json!({ "nodes": [{ "number": "4" }], "pageInfo": { "hasNextPage": false } }));
    let preparer = world.token_of("pia", "main", Role::Preparer, None);
    assert_eq!(world.graphql_error(&preparer, "{ auditEvents { nodes { number } } }", json!({})).await, "FORBIDDEN");
}

async fn an_import_of_prices_is_one_event(world: World) {
    let line = |model: &str| format!("acme,{model},input_tokens,1000000,3,USD,2026-01-01,,STANDARD,,,,the contract,\n");
    let head = "provider,model,meter,per,amount,currency,effective_from,effective_to,processing,service_tier,region,above_input_tokens,source,source_date\n";
    let list = format!("{head}{}{}", line("m1"), line("m2"));
    let prices = tallybook::app::masters::read_price_list(list.as_bytes()).unwrap();
    let actor = world.actor("pia", Role::Preparer);
    tallybook::app::masters::import_prices(&world.app, &actor, prices).await.unwrap();
    let data = world.graphql("{ auditEvents(filter: { action: \"price.import\" }) { nodes { subject after } } }", json!({})).await;
    let events = data["auditEvents"]["nodes"].as_array().unwrap();
    assert_eq!((events.len(), &events[0]["subject"]), (1, &json!("pia")));
    let after: Value = serde_json::from_str(events[0]["after"].as_str().unwrap()).unwrap();
    assert_eq!([&after["added"], &after["sources"]], [&json!(2), &json!(["the contract"])]);
}
