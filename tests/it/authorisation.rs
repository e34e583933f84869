//! Who may do what: every query and mutation of the schema for every role, compared with a list that people read.

use std::collections::BTreeMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use serde_json::json;
use tallybook::app::auth::{Role, Scope};
use tallybook::http::HttpConfig;
use tallybook::store::StoreOptions;

use crate::golden;
use crate::harness::{Answer, Engine, World, charge, ndjson, run};

/// Harmless operations, one for each field of the schema. A field that is not here fails the tests until someone has classified it.
pub const OPERATIONS: &[(&str, &str)] = &[
    ("Query.accruals", "{ accruals(asOf: \"2026-01-31\") { throughEntry } }"),
    ("Query.accounts", "{ accounts { code } }"),
    ("Query.agedItems", "{ agedItems(asOf: \"2026-01-31\") { throughEntry } }"),
    ("Query.allocationRules", "{ allocationRules { code } }"),
    ("Query.allocationRun", "{ allocationRun(id: \"9\") { id } }"),
    ("Query.allocationRuns", "{ allocationRuns { nodes { id } } }"),
    ("Query.allocations", "{ allocations(period: \"2026-01\") { nodes { line } } }"),
    ("Query.chargeTrace", "{ chargeTrace(source: \"gateway\", externalId: \"c1\") { source } }"),
    ("Query.driverValues", "{ driverValues { nodes { driver } } }"),
    ("Query.previewAllocation", "{ previewAllocation(period: \"2026-01\") { hash } }"),
    ("Query.attributionRules", "{ attributionRules { code } }"),
    ("Query.auditEvents", "{ auditEvents { nodes { number } } }"),
    ("Query.books", "{ books { code } }"),
    ("Query.charge", "{ charge(source: \"gateway\", externalId: \"c1\") { status } }"),
    ("Query.charges", "{ charges { nodes { externalId } } }"),
    ("Query.chargeback", "{ chargeback(number: \"CB-000001\") { number } }"),
    ("Query.chargebacks", "{ chargebacks { nodes { number } } }"),
    ("Query.closeChecklist", "{ closeChecklist(period: \"2026-01\") { ok } }"),
    ("Query.consistencyProof", "{ consistencyProof(from: 1) { toSize } }"),
    ("Query.costCenters", "{ costCenters { nodes { code } } }"),
    ("Query.currencySettings", "{ currencySettings { rateDays } }"),
    ("Query.currencyTranslation", "{ currencyTranslation(asOf: \"2026-01-31\") { throughEntry } }"),
    ("Query.discounts", "{ discounts { id } }"),
    ("Query.duties", "{ duties }"),
    ("Query.environments", "{ environments }"),
    ("Query.exchangeRates", "{ exchangeRates(first: 1) { nodes { number } } }"),
    ("Query.exportBatch", "{ exportBatch(id: 1) { number } }"),
    ("Query.exportBatches", "{ exportBatches(first: 1) { nodes { number } } }"),
    ("Query.exportReconciliation", "{ exportReconciliation(target: \"netsuite\", period: \"2026-01\") { throughEntry } }"),
    ("Query.exportTargets", "{ exportTargets { code } }"),
    ("Query.features", "{ features }"),
    ("Query.inclusionProof", "{ inclusionProof(entry: 1) { treeSize } }"),
    ("Query.integrity", "{ integrity { treeSize } }"),
    ("Query.grantRollForward", "{ grantRollForward(provider: \"openai\", from: \"2026-01-01\", to: \"2026-02-01\") { throughEntry } }"),
    ("Query.grantedLots", "{ grantedLots(provider: \"openai\") { throughEntry } }"),
    ("Query.journalDraft", "{ journalDraft(id: 1) { id } }"),
    ("Query.journalDrafts", "{ journalDrafts { nodes { id } } }"),
    ("Query.journalLimits", "{ journalLimits { limits { currency } } }"),
    (
        "Query.flux",
        "{ flux(fromBefore: \"2026-01-01\", toBefore: \"2026-02-01\", from: \"2026-02-01\", to: \"2026-03-01\", by: MODEL) { throughEntry } }",
    ),
    (
        "Query.generalLedger",
        "{ generalLedger(account: \"5000\", from: \"2026-01-01\", to: \"2026-02-01\") { throughEntry lines { nodes { line } } } }",
    ),
    ("Query.journalEntries", "{ journalEntries { nodes { number } } }"),
    ("Query.journalEntry", "{ journalEntry(number: 1) { number } }"),
    ("Query.journalRegister", "{ journalRegister(fromNumber: 1) { toNumber } }"),
    ("Query.limits", "{ limits { depth } }"),
    ("Query.margin", "{ margin(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: []) { throughEntry } }"),
    (
        "Query.marginFlux",
        "{ marginFlux(fromBefore: \"2025-12-01\", toBefore: \"2026-01-01\", from: \"2026-01-01\", to: \"2026-02-01\", groupBy: []) { throughEntry } }",
    ),
    ("Query.marginTargets", "{ marginTargets(from: \"2026-01-01\", to: \"2026-02-01\") { status } }"),
    ("Query.marginWaterfall", "{ marginWaterfall(from: \"2026-01-01\", to: \"2026-02-01\") { net } }"),
    ("Query.unitEconomics", "{ unitEconomics(from: \"2026-01-01\", to: \"2026-02-01\", unit: \"ticket_resolved\") { throughEntry } }"),
    ("Query.modelAliases", "{ modelAliases { alias } }"),
    ("Query.models", "{ models }"),
    ("Query.periods", "{ periods { nodes { period } } }"),
    ("Query.postingRules", "{ postingRules { code } }"),
    ("Query.prepaidLots", "{ prepaidLots(provider: \"openai\") { throughEntry } }"),
    ("Query.prepaidRollForward", "{ prepaidRollForward(provider: \"openai\", from: \"2026-01-01\", to: \"2026-02-01\") { throughEntry } }"),
    ("Query.laborVariance", "{ laborVariance(period: \"2026-01\") { currency } }"),
    ("Query.outputUnits", "{ outputUnits { code } }"),
    ("Query.revenueEntries", "{ revenueEntries(first: 1) { nodes { id } } }"),
    ("Query.waitingRevenue", "{ waitingRevenue { parts } }"),
    ("Query.labor", "{ labor(from: \"2026-01-01\", to: \"2026-02-01\", kind: CLIENT) { waitingEntries } }"),
    ("Query.laborRates", "{ laborRates(first: 1) { id } }"),
    ("Query.prices", "{ prices(first: 1) { nodes { id } } }"),
    ("Query.profitAndLoss", "{ profitAndLoss(from: \"2026-01-01\", to: \"2026-02-01\", kind: CLIENT) { throughEntry } }"),
    ("Query.providers", "{ providers { provider } }"),
    ("Query.rebillTerms", "{ rebillTerms { treatment } }"),
    ("Query.spend", "{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: []) { total { amount } } }"),
    ("Query.standardRates", "{ standardRates { number } }"),
    ("Query.trialBalance", "{ trialBalance(asOf: \"2026-01-31\") { throughEntry } }"),
    ("Query.whatIf", "{ whatIf(from: \"2026-01-01\", to: \"2026-02-01\", scenarios: [{ name: \"a\" }]) { charges } }"),
    ("Query.viewer", "{ viewer { subject } }"),
    (
        "Mutation.accrueOverdraw",
        "mutation { accrueOverdraw(input: { idempotencyKey: \"k\", provider: \"openai\", asOf: \"2026-01-05\" }) { replayed } }",
    ),
    ("Mutation.approveAllocationRule", "mutation { approveAllocationRule(input: { code: \"none\", version: 1 }) { userErrors { code } } }"),
    ("Mutation.recordDriverValues", "mutation { recordDriverValues(input: { values: [] }) { recorded } }"),
    ("Mutation.reverseAllocationRun", "mutation { reverseAllocationRun(input: { id: \"9\" }) { userErrors { code } } }"),
    ("Mutation.runAllocation", "mutation { runAllocation(input: { idempotencyKey: \"k\", period: \"2026-01\" }) { userErrors { code } } }"),
    (
        "Mutation.saveAllocationRule",
        "mutation { saveAllocationRule(input: { code: \"\", validFrom: \"2026-01-01\", method: EVEN }) { userErrors { code } } }",
    ),
    (
        "Mutation.acknowledgeChargeback",
        "mutation { acknowledgeChargeback(input: { number: \"CB-000009\", documentNumber: \"d\" }) { userErrors { code } } }",
    ),
    ("Mutation.approveChargeback", "mutation { approveChargeback(input: { number: \"CB-000009\" }) { userErrors { code } } }"),
    (
        "Mutation.draftChargebacks",
        "mutation { draftChargebacks(input: { period: \"2026-01\", kind: TEAM, provider: \"nobody\" }) { userErrors { code } } }",
    ),
    ("Mutation.markChargebackExported", "mutation { markChargebackExported(input: { number: \"CB-000009\" }) { userErrors { code } } }"),
    (
        "Mutation.postChargebacks",
        "mutation { postChargebacks(input: { idempotencyKey: \"k\", period: \"2026-01\" }) { userErrors { code } } }",
    ),
    (
        "Mutation.reverseChargeback",
        "mutation { reverseChargeback(input: { idempotencyKey: \"k\", number: \"CB-000009\", reason: \"r\" }) { userErrors { code } } }",
    ),
    ("Mutation.saveRebillTerms", "mutation { saveRebillTerms(input: { terms: [] }) { userErrors { code } } }"),
    ("Mutation.saveStandardRates", "mutation { saveStandardRates(input: { rates: [] }) { userErrors { code } } }"),
    (
        "Mutation.withdrawChargeback",
        "mutation { withdrawChargeback(input: { number: \"CB-000009\", reason: \"r\" }) { userErrors { code } } }",
    ),
    ("Mutation.approveJournalDraft", "mutation { approveJournalDraft(input: { id: 9 }) { userErrors { code } } }"),
    (
        "Mutation.editJournalDraft",
        "mutation { editJournalDraft(input: { id: 9, effectiveOn: \"2026-01-05\", memo: \"m\", postings: [] }) { userErrors { code } } }",
    ),
    (
        "Mutation.postJournalEntry",
        "mutation { postJournalEntry(input: { idempotencyKey: \"k\", effectiveOn: \"2026-01-05\", memo: \"m\", postings: [] }) { userErrors { code } } }",
    ),
    ("Mutation.rejectJournalDraft", "mutation { rejectJournalDraft(input: { id: 9, reason: \"r\" }) { userErrors { code } } }"),
    ("Mutation.saveDuties", "mutation { saveDuties(input: { duties: OFF }) { userErrors { code } } }"),
    ("Mutation.saveJournalLimits", "mutation { saveJournalLimits(input: { limits: [], approvers: [] }) { userErrors { code } } }"),
    ("Mutation.submitJournalDraft", "mutation { submitJournalDraft(input: { id: 9 }) { userErrors { code } } }"),
    ("Mutation.withdrawJournalDraft", "mutation { withdrawJournalDraft(input: { id: 9, reason: \"r\" }) { userErrors { code } } }"),
    (
        "Mutation.writeOff",
        "mutation { writeOff(input: { idempotencyKey: \"k\", number: 999, effectiveOn: \"2026-01-05\", reason: \"r\", account: \"2100\", against: \"6000\", amount: \"1\", currency: \"USD\" }) { userErrors { code } } }",
    ),
    ("Mutation.approveReopening", "mutation { approveReopening(input: { period: \"2025-12\", reason: \"r\" }) { userErrors { code } } }"),
    ("Mutation.closePeriod", "mutation { closePeriod(input: { period: \"2030-01\" }) { userErrors { code } } }"),
    (
        "Mutation.applyCredits",
        "mutation { applyCredits(input: { idempotencyKey: \"k\", provider: \"openai\", period: \"2026-01\" }) { replayed } }",
    ),
    (
        "Mutation.acknowledgeExportBatch",
        "mutation { acknowledgeExportBatch(input: { id: 9, documentNumber: \"d\", postedOn: \"2026-01-05\" }) { userErrors { code } } }",
    ),
    (
        "Mutation.createExportBatch",
        "mutation { createExportBatch(input: { idempotencyKey: \"k\", target: \"netsuite\", period: \"2030-01\" }) { replayed } }",
    ),
    ("Mutation.deliverExportBatch", "mutation { deliverExportBatch(input: { id: 9, channel: \"rest\" }) { userErrors { code } } }"),
    ("Mutation.saveExportTargets", "mutation { saveExportTargets(input: { targets: [] }) { userErrors { code } } }"),
    ("Mutation.deleteModelAliases", "mutation { deleteModelAliases(input: { modelAliases: [] }) { modelAliases { alias } } }"),
    ("Mutation.deletePostingRules", "mutation { deletePostingRules(input: { codes: [] }) { deleted } }"),
    (
        "Mutation.expireCredits",
        "mutation { expireCredits(input: { idempotencyKey: \"k\", provider: \"openai\", asOf: \"2026-01-05\" }) { replayed } }",
    ),
    (
        "Mutation.grantCredits",
        "mutation { grantCredits(input: { idempotencyKey: \"k\", provider: \"openai\", amount: \"0\", currency: \"USD\", grantedOn: \"2026-01-05\", reference: \"r\" }) { replayed } }",
    ),
    (
        "Mutation.purchaseCredits",
        "mutation { purchaseCredits(input: { idempotencyKey: \"k\", provider: \"openai\", amount: \"0\", currency: \"USD\", purchasedOn: \"2026-01-05\", paidFrom: CASH, reference: \"r\" }) { replayed } }",
    ),
    (
        "Mutation.reattributeCharges",
        "mutation { reattributeCharges(input: { from: \"2026-01-01\", to: \"2026-01-02\", dryRun: true }) { moved } }",
    ),
    ("Mutation.saveMarginTargets", "mutation { saveMarginTargets(input: { targets: [] }) { targets { id } } }"),
    ("Mutation.recordRevenue", "mutation { recordRevenue(input: { entries: [] }) { recorded } }"),
    ("Mutation.recognizeRevenue", "mutation { recognizeRevenue(input: { through: \"2026-01-01\" }) { recognized } }"),
    ("Mutation.recordOutputs", "mutation { recordOutputs(input: { outputs: [] }) { recorded } }"),
    ("Mutation.saveOutputUnits", "mutation { saveOutputUnits(input: { units: [] }) { units { code } } }"),
    ("Mutation.recordPayroll", "mutation { recordPayroll(input: { entries: [] }) { recorded } }"),
    ("Mutation.trueUpLabor", "mutation { trueUpLabor(input: { period: \"2026-01\" }) { posted } }"),
    ("Mutation.recordTimeEntries", "mutation { recordTimeEntries(input: { entries: [] }) { recorded } }"),
    ("Mutation.recordCharges", "mutation { recordCharges(input: { charges: [] }) { recorded } }"),
    ("Mutation.requestReopening", "mutation { requestReopening(input: { period: \"2025-12\", reason: \"r\" }) { userErrors { code } } }"),
    ("Mutation.reviewAccruals", "mutation { reviewAccruals(input: { period: \"2030-01\", note: \"n\" }) { userErrors { code } } }"),
    ("Mutation.saveBooksSettings", "mutation { saveBooksSettings(input: { fiscalYearStart: 1 }) { userErrors { code } } }"),
    ("Mutation.saveCloseThresholds", "mutation { saveCloseThresholds(input: { feedGapDays: 2 }) { userErrors { code } } }"),
    (
        "Mutation.rerateCharges",
        "mutation { rerateCharges(input: { from: \"2026-01-01T00:00:00Z\", to: \"2026-01-02T00:00:00Z\", dryRun: true }) { posted } }",
    ),
    ("Mutation.revalue", "mutation { revalue(input: { idempotencyKey: \"k\", asOf: \"2026-01-05\" }) { replayed } }"),
    (
        "Mutation.reverseJournalEntry",
        "mutation { reverseJournalEntry(input: { idempotencyKey: \"k\", number: 999, effectiveOn: \"2026-01-05\", reason: \"r\" }) { replayed } }",
    ),
    ("Mutation.saveAccounts", "mutation { saveAccounts(input: { accounts: [] }) { accounts { code } } }"),
    ("Mutation.saveAttributionRules", "mutation { saveAttributionRules(input: { attributionRules: [] }) { attributionRules { code } } }"),
    ("Mutation.saveCostCenters", "mutation { saveCostCenters(input: { costCenters: [] }) { costCenters { code } } }"),
    ("Mutation.saveDiscounts", "mutation { saveDiscounts(input: { discounts: [] }) { discounts { id } } }"),
    ("Mutation.saveExchangeRates", "mutation { saveExchangeRates(input: { rates: [] }) { added } }"),
    ("Mutation.saveLaborRates", "mutation { saveLaborRates(input: { rates: [] }) { rebooked } }"),
    ("Mutation.saveModelAliases", "mutation { saveModelAliases(input: { modelAliases: [] }) { modelAliases { alias } } }"),
    ("Mutation.savePostingRules", "mutation { savePostingRules(input: { postingRules: [] }) { postingRules { code } } }"),
    ("Mutation.savePrices", "mutation { savePrices(input: { prices: [] }) { prices { id } } }"),
    ("Mutation.saveProviders", "mutation { saveProviders(input: { providers: [] }) { providers { provider } } }"),
    (
        "Mutation.setReportingCurrency",
        "mutation { setReportingCurrency(input: { currency: \"USD\", rateDays: -1 }) { userErrors { code } } }",
    ),
    (
        "Mutation.settleForeign",
        "mutation { settleForeign(input: { idempotencyKey: \"k\", account: \"2100\", provider: \"openai\", amount: \"0\", currency: \"EUR\", paidAmount: \"1\", paidCurrency: \"USD\", paidOn: \"2026-01-05\" }) { replayed } }",
    ),
];

/// Fields that answer every valid token, whatever its books: they tell only what the token itself or the program says. It may only shrink.
const ABOUT_NO_BOOKS: &[&str] = &["Query.limits", "Query.viewer"];

#[test]
fn every_field_of_the_schema_is_classified() {
    let schema = parse_schema(tallybook::graphql::sdl()).unwrap();
    let mut fields = Vec::new();
    for definition in &schema.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let name = definition.node.name.node.as_str();
        if let (TypeKind::Object(object), "Query" | "Mutation" | "Subscription") = (&definition.node.kind, name) {
            fields.extend(object.fields.iter().map(|field| format!("{name}.{}", field.node.name.node)));
        }
    }
    let mut classified: Vec<String> = OPERATIONS.iter().map(|operation| operation.0.to_owned()).collect();
    fields.sort();
    classified.sort();
    assert_eq!(fields, classified, "give every field of the schema an operation in OPERATIONS, and only those");
}

fn only_search() -> Option<Scope> {
    Some(Scope { teams: ["search".to_owned()].into(), ..Scope::default() })
}

fn is_allowed(field: &str, answer: &Answer) -> bool {
    if answer.status.is_success() && (answer.text.is_empty() || answer.json().get("errors").is_none()) {
        return true;
    }
    assert_eq!(answer.error_code(), "FORBIDDEN", "{field}: {}", answer.text);
    false
}

#[test]
fn each_role_may_do_what_the_list_says() {
    run(Engine::Sqlite, async |world| {
        world.book(&[charge("c1")]).await;
        world.graphql("mutation { setReportingCurrency(input: { currency: \"USD\" }) { settings { rateDays } } }", json!({})).await;
        let public = HttpConfig { listen: "0.0.0.0:8080".parse().unwrap(), ..HttpConfig::default() };
        let world = world.reopened(StoreOptions::new(world.database.url()), &public).await;
        let mut allowed: BTreeMap<String, String> = BTreeMap::new();
        for (limit, scope) in [("", None), ("limited-", only_search())] {
            for role in Role::ALL {
                let token = world.token("main", role, scope.clone());
                let mut note = |field: &str, is_allowed: bool| {
                    let roles = allowed.entry(field.to_owned()).or_default();
                    if is_allowed {
                        roles.push_str(&format!(" {limit}{role}"));
                    }
                };
                for (field, operation) in OPERATIONS {
                    note(field, is_allowed(field, &world.post_graphql(&token, &json!({ "query": operation })).await));
                }
                note("POST /v1/charges", is_allowed("POST /v1/charges", &world.post_charges(&token, None, "").await));
                note("GET /metrics", world.get_metrics(&token).await);
            }
        }
        let lines: String = allowed.iter().map(|(field, roles)| format!("{field}:{roles}\n")).collect();
        golden::compare("tests/it/golden/authorisation.txt", &format!("{HEAD}{lines}"));
    });
}

const HEAD: &str = "# Which roles may use which field. `limited-` is a token limited to cost centers.\n\
                    # Written by `UPDATE=1 scripts/test --test it authorisation`; every change of a line is a change of who may do what.\n";

impl World {
    async fn get_metrics(&self, token: &str) -> bool {
        let request = axum::http::Request::get("/metrics").header("authorization", format!("Bearer {token}"));
        let answer = self.send(request.body(axum::body::Body::empty()).unwrap()).await;
        answer.status == 200 || {
            assert_eq!(answer.error_code(), "FORBIDDEN");
            false
        }
    }
}

#[test]
fn without_a_valid_token_nothing_is_answered() {
    run(Engine::Sqlite, async |world| {
        let expired = world.token("main", Role::Admin, None);
        let forged = format!("{}x", world.admin);
        world.set_clock("2026-06-01T00:00:00Z");
        for (field, operation) in OPERATIONS {
            for token in ["", "nonsense", "a.b.c", &expired, &forged] {
                let answer = world.post_graphql(token, &json!({ "query": operation })).await;
                assert_eq!((answer.status.as_u16(), answer.error_code()), (401, "UNAUTHENTICATED".to_owned()), "{field} with `{token}`");
                assert!(answer.headers.contains_key("www-authenticate"));
            }
        }
        let none = axum::http::Request::post("/v1/charges").body(axum::body::Body::from(ndjson([&charge("c1")]))).unwrap();
        let answer = world.send(none).await;
        assert_eq!((answer.status.as_u16(), answer.error_code()), (401, "UNAUTHENTICATED".to_owned()));
        assert_eq!(world.database.number("SELECT count(*) FROM charge").await, 0);
    });
}

#[test]
fn for_books_that_are_not_there_nothing_is_found() {
    run(Engine::Sqlite, async |world| {
        world.book(&[charge("c1")]).await;
        let stranger = world.token("elsewhere", Role::Admin, None);
        for (field, operation) in OPERATIONS {
            if ABOUT_NO_BOOKS.contains(field) {
                continue;
            }
            assert_eq!(world.graphql_error(&stranger, operation, json!({})).await, "NOT_FOUND", "{field}");
        }
        let answer = world.post_charges(&stranger, None, ndjson([&charge("c1")])).await;
        assert_eq!((answer.status.as_u16(), answer.error_code()), (404, "NOT_FOUND".to_owned()));
    });
}

on_both_engines!(rows_of_other_books_are_not_found, an_ingest_token_records_and_reads_nothing_back);

async fn rows_of_other_books_are_not_found(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.book(&[charge("c1").team("search").feature("secret-feature"), charge("c2").team("search")]).await;
    tallybook::app::masters::create_books(world.app.store(), &world.clock, "other", "Other").await.unwrap();
    let other = world.token("other", Role::Admin, None);
    let everything = "{ charge(source: \"gateway\", externalId: \"c1\") { status } charges { nodes { externalId } } journalEntry(number: 1) { number }
        journalEntries { nodes { number } } features models environments costCenters(kind: TEAM) { nodes { code } }
        spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [TEAM]) { total { amount } rows { charges } } trialBalance(asOf: \"2026-01-31\") { rows { debit } } }";
    let data = world.graphql_as(&other, everything, json!({})).await;
    let nodes = |field: &str| data[field]["nodes"].as_array().unwrap().len();
    assert_eq!((&data["charge"], &data["journalEntry"]), (&json!(null), &json!(null)));
    assert_eq!((nodes("charges"), nodes("journalEntries"), nodes("costCenters")), (0, 0, 1));
    assert_eq!((&data["features"], &data["models"]), (&json!([]), &json!([])));
    assert_eq!(
        (&data["spend"]["rows"], &data["spend"]["total"]["amount"], &data["trialBalance"]["rows"]),
        (&json!([]), &json!("0"), &json!([]))
    );
    let reverse = "mutation { reverseJournalEntry(input: { idempotencyKey: \"k\", number: 1, effectiveOn: \"2026-01-09\", reason: \"r\" }) { userErrors { code } } }";
    let refused = world.graphql_as(&other, reverse, json!({})).await;
    assert_eq!(refused["reverseJournalEntry"]["userErrors"][0]["code"], "ENTRY_NOT_FOUND");
    // The same key in other books is another charge, numbered on its own.
    let receipt = world.post_charges(&other, None, ndjson([&charge("c1")])).await.lines().remove(0);
    assert_eq!((&receipt["status"], &receipt["entry"]), (&json!("RECORDED"), &json!("1")));
    world.assert_verified().await;
}

async fn an_ingest_token_records_and_reads_nothing_back(world: World) {
    let ingest = world.token("main", Role::Ingest, None);
    let receipt = world.post_charges(&ingest, None, ndjson([&charge("c1")])).await.lines().remove(0);
    assert_eq!(receipt["status"], "RECORDED");
    let record = |selection: &str| {
        format!(
            "mutation R($charges: [ChargeInput!]!) {{ recordCharges(input: {{ charges: $charges }}) {{ results {{ status charge {{ {selection} }} }} }} }}"
        )
    };
    let variables = json!({ "charges": [charge("c2").0] });
    let receipt = world.graphql_as(&ingest, &record("id externalId cost { amount } journalEntry { number }"), variables.clone()).await;
    assert_eq!(receipt["recordCharges"]["results"][0]["charge"]["cost"]["amount"], "0.0065", "what the receipt says is told");
    for selection in
        ["attribution { team }", "rating { unitPrice }", "occurredAt", "journalEntry { kind }", "journalEntry { postings { line } }"]
    {
        assert_eq!(world.graphql_error(&ingest, &record(selection), variables.clone()).await, "FORBIDDEN", "{selection}");
    }
}
