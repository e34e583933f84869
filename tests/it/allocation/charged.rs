//! Allocation beside chargebacks: what statements charge on is no other cost than before, in whatever state they stand and by whatever method.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use super::{cost, done, operation, receivers, rule, teams};
use crate::chargeback;
use crate::harness::{Charge, World};

on_both_engines!(
    the_same_lines_by_every_method_with_statements_in_every_state,
    rules_with_nothing_to_spread_do_not_hold_a_close_up,
    a_rule_that_came_after_the_others_ran_is_named_by_the_checklist,
    what_statements_charged_on_is_no_source_of_a_line,
);

/// Every method, and every driver that statements could touch. Each has a month of its own, from September 2024 on.
fn cases() -> Vec<(&'static str, Value)> {
    let platform = json!({ "team": "platform" });
    let to = receivers(&["claims", "sales"]);
    let weighted = |first: &str, second: &str| {
        let receiver = |code: &str, weight: &str| json!({ "kind": "TEAM", "costCenter": code, "weight": weight });
        json!([receiver("claims", first), receiver("sales", second)])
    };
    let service = |code: &str, driver: &str| json!({ "kind": "TEAM", "costCenter": code, "driver": driver });
    let services = json!([service("platform", "desks"), service("legal", "cases")]);
    let other_accounts = json!({ "debitAccount": "5050", "creditAccount": "6690" });
    vec![
        ("DIRECT", json!({ "pool": { "client": "northwind" }, "receivers": receivers(&["sales"]) })),
        ("EVEN", json!({ "receivers": to })),
        ("EVEN", json!({ "pool": platform, "receivers": to, "posting": other_accounts })),
        ("FIXED_PERCENT", json!({ "pool": platform, "receivers": weighted("30", "60"), "residual": "SENDER" })),
        ("FIXED_PORTION", json!({ "pool": { "accounts": ["5000"] }, "receivers": weighted("1", "2"), "posting": "KEEP_ACCOUNT" })),
        ("FIXED_AMOUNT", json!({ "pool": platform, "receivers": weighted("10", "20"), "residual": "SENDER" })),
        ("DRIVER", json!({ "pool": platform, "driver": "seats" })),
        ("DRIVER", json!({ "pool": platform, "driver": "direct_cost", "receiverKind": "CLIENT" })),
        ("DRIVER", json!({ "pool": platform, "driver": "revenue", "receiverKind": "CLIENT" })),
        ("DRIVER", json!({ "pool": platform, "driver": "charges", "receiverKind": "TEAM" })),
        ("COST_WEIGHTED", json!({ "receiverKind": "CLIENT" })),
        ("TIERED", json!({ "driver": "seats", "tiers": [{ "upTo": "2", "rate": "1.5" }, { "rate": "1" }], "residual": "SENDER" })),
        ("STANDARD_RATE", json!({ "pool": platform, "driver": "seats", "rate": "2.5", "residual": "SENDER" })),
        ("STEP_DOWN", json!({ "serviceCenters": services, "serviceOrder": "AUTOMATIC" })),
        ("RECIPROCAL", json!({ "serviceCenters": services })),
        ("RECLASSIFY", json!({ "pool": { "client": "northwind" }, "percent": "40" })),
    ]
}

async fn the_same_lines_by_every_method_with_statements_in_every_state(world: World) {
    centers(&world).await;
    for (position, (method, more)) in cases().into_iter().enumerate() {
        let named = |months: i32| format!("{}-{:02}", months / 12, months % 12 + 1);
        let months = 2024 * 12 + 8 + i32::try_from(position).unwrap();
        let what = format!("{method} {more}");
        let case = Case { world: &world, code: format!("r{position}"), what, month: named(months), next: named(months + 1) };
        case.holds(method, more).await;
    }
    world.assert_verified().await;
}

async fn centers(world: &World) {
    teams(world, &["platform", "legal", "claims", "sales"]).await;
    let center = |kind: &str, code: &str| json!({ "kind": kind, "code": code, "name": code });
    let more = json!([center("CLIENT", "northwind"), center("CLIENT", "gearpeak"), center("PROJECT", "assistant")]);
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": more })).await;
    // What an agent passes on is credited to the very account of the cost.
    let terms = json!([{ "client": "northwind", "treatment": "AGENT", "markupPercent": "25" }]);
    world.save("saveRebillTerms", "SaveRebillTermsInput", json!({ "terms": terms })).await;
}

struct Case<'a> {
    world: &'a World,
    code: String,
    what: String,
    month: String,
    next: String,
}

impl Case<'_> {
    async fn holds(&self, method: &str, more: Value) {
        self.book().await;
        let mut saved = rule(&self.code, method, more);
        saved["input"]["validFrom"] = json!(format!("{}-01", self.month));
        saved["input"]["validTo"] = json!(format!("{}-01", self.next));
        done(self.world, "SaveAllocationRule", saved).await;
        self.run("NEW").await;
        let lines = self.preview("RERUN").await;
        assert!(!lines["lines"].as_array().unwrap().is_empty(), "{}", self.what);
        let numbers = self.statements_in_every_state(&lines).await;
        self.close().await;
        self.reopen().await;
        self.same(&lines, "reopened").await;
        let item = self.checklist_item().await;
        assert_eq!(item["state"], "OPEN", "{}", self.what);
        assert!(item["message"].as_str().unwrap().contains("mode RERUN"), "{item}");
        self.run("RERUN").await;
        assert_eq!(self.checklist_item().await["state"], "OK", "{}", self.what);
        self.same(&lines, "run again").await;
        self.performed_again().await;
        for kind in ["TEAM", "CLIENT", "PROJECT"] {
            let drafted = self.draft(kind, kind == "PROJECT").await;
            assert_eq!(drafted, Vec::<String>::new(), "{}: no cost changed since {numbers:?}", self.what);
        }
        self.close().await;
    }

    async fn book(&self) {
        let day = format!("{}-10T10:00:00Z", self.month);
        let of = |team: &str, dollars: &str| cost(&format!("{} {team}", self.month), team, dollars).on(&day);
        let tokens: Charge = crate::harness::charge(&format!("{} tokens", self.month)).team("claims").project("assistant").on(&day);
        let charges = [
            of("platform", "100"),
            of("legal", "31.000000001"),
            of("claims", "11").client("northwind"),
            of("sales", "7").client("gearpeak"),
            tokens,
        ];
        self.world.book(&charges).await;
        let value = |(driver, team, quantity): (&str, &str, &str)| json!({ "driver": driver, "period": self.month, "kind": "TEAM", "costCenter": team, "quantity": quantity });
        let values = [
            ("seats", "claims", "3"),
            ("seats", "sales", "1"),
            ("desks", "legal", "2"),
            ("desks", "claims", "5"),
            ("desks", "sales", "3"),
            ("cases", "platform", "1"),
            ("cases", "claims", "4"),
            ("cases", "sales", "5"),
        ];
        let values: Vec<Value> = values.into_iter().map(value).collect();
        done(self.world, "RecordDriverValues", json!({ "input": { "values": values } })).await;
        let revenue = |client: &str, amount: &str| {
            json!({ "source": "crm", "externalId": format!("{} {client}", self.month), "earnedOn": format!("{}-11", self.month),
                "amount": amount, "currency": "USD", "client": client })
        };
        // Northwind alone earns: what gearpeak is billed must not make it a receiver.
        self.world.save("recordRevenue", "RecordRevenueInput", json!({ "entries": [revenue("northwind", "100")] })).await;
        let through = json!({ "through": format!("{}-11", self.month) });
        self.world.save("recognizeRevenue", "RecognizeRevenueInput", through).await;
    }

    /// Statements are drafted, approved, posted, exported, acknowledged, reversed, withdrawn and only shown: the lines stay the same.
    async fn statements_in_every_state(&self, lines: &Value) -> Vec<String> {
        let shown = self.draft("PROJECT", true).await;
        self.approve(&shown).await;
        let mut numbers = self.draft("TEAM", false).await;
        numbers.extend(self.draft("CLIENT", false).await);
        self.same(lines, "DRAFT").await;
        self.approve(&numbers).await;
        self.same(lines, "APPROVED").await;
        self.post().await;
        self.same(lines, "POSTED").await;
        for number in &numbers {
            self.statement_step("markChargebackExported", "MarkChargebackExportedInput", json!({ "number": number })).await;
        }
        let answer = json!({ "number": numbers[0], "documentNumber": format!("JE {}", numbers[0]) });
        self.statement_step("acknowledgeChargeback", "AcknowledgeChargebackInput", answer).await;
        self.same(lines, "EXPORTED").await;
        for number in &numbers {
            let reverse = json!({ "idempotencyKey": number, "number": number, "reason": "a test" });
            self.statement_step("reverseChargeback", "ReverseChargebackInput", reverse).await;
        }
        self.same(lines, "REVERSED").await;
        let withdrawn = self.draft("TEAM", false).await;
        self.approve(&withdrawn).await;
        for number in &withdrawn {
            let reason = json!({ "number": number, "reason": "a test" });
            self.statement_step("withdrawChargeback", "WithdrawChargebackInput", reason).await;
        }
        self.same(lines, "VOID").await;
        let mut again = self.draft("TEAM", false).await;
        again.extend(self.draft("CLIENT", false).await);
        assert_eq!(again.len(), numbers.len(), "{}", self.what);
        self.approve(&again).await;
        self.post().await;
        self.same(lines, "posted again").await;
        again
    }

    async fn draft(&self, kind: &str, showback: bool) -> Vec<String> {
        let mut input = chargeback::input(kind);
        (input["period"], input["showback"]) = (json!(self.month), json!(showback));
        let drafted = chargeback::drafted(self.world, input).await;
        drafted.iter().map(|statement| statement["number"].as_str().unwrap().to_owned()).collect()
    }

    async fn approve(&self, numbers: &[String]) {
        for number in numbers {
            chargeback::approved(self.world, number).await;
        }
    }

    async fn post(&self) {
        let count = self.world.database.number("SELECT count(*) FROM chargeback").await;
        let posted = chargeback::post(self.world, &format!("post {count}"), &self.month).await;
        assert_eq!(posted["userErrors"], json!([]), "{}", self.what);
    }

    async fn statement_step(&self, mutation: &str, input_type: &str, input: Value) {
        self.world.save(mutation, input_type, input).await;
    }

    async fn run(&self, mode: &str) {
        let count = self.world.database.number("SELECT count(*) FROM allocation_run").await;
        let input = json!({ "idempotencyKey": format!("{mode} {count}"), "period": self.month, "rules": [self.code], "mode": mode });
        let run = operation(self.world, &self.world.admin, "RunAllocation", json!({ "input": input })).await;
        assert_eq!(run["userErrors"], json!([]), "{} {mode}", self.what);
    }

    async fn preview(&self, mode: &str) -> Value {
        let query = format!(
            "query P($rules: [String!]) {{ previewAllocation(period: \"{}\", rules: $rules, mode: {mode}) {{ hash \
             lines(first: 20) {{ from {{ code }} to {{ kind code }} driver driverQuantity driverTotal share unrounded amount {{ amount currency }} \
             debitAccount creditAccount }} pools {{ pool {{ amount }} allocated {{ amount }} retained {{ amount }} }} userErrors {{ code }} }} }}",
            self.month
        );
        self.world.graphql(&query, json!({ "rules": [self.code] })).await["previewAllocation"].take()
    }

    /// Run again it is the same, and there is nothing to add.
    async fn same(&self, lines: &Value, state: &str) {
        assert_eq!(&self.preview("RERUN").await, lines, "{} with statements {state}", self.what);
        let added = self.preview("INCREMENT").await["userErrors"].take();
        assert_eq!(added, json!([{ "code": "NOTHING_TO_ALLOCATE" }]), "{} with statements {state}", self.what);
    }

    async fn performed_again(&self) {
        let query = format!("{{ allocationRuns(period: \"{}\", first: 10) {{ nodes {{ id kind }} }} }}", self.month);
        let runs = self.world.graphql(&query, json!({})).await["allocationRuns"]["nodes"].take();
        for run in runs.as_array().unwrap().iter().filter(|run| run["kind"] != "REVERSAL") {
            let query = "query P($id: ID!) { allocationRun(id: $id) { performedAgain { isSame } } }";
            let data = self.world.graphql(query, json!({ "id": run["id"] })).await;
            assert_eq!(data["allocationRun"]["performedAgain"]["isSame"], true, "{} {run}", self.what);
        }
    }

    async fn checklist_item(&self) -> Value {
        allocations_item(self.world, &self.month).await
    }

    async fn close(&self) {
        close(self.world, &self.month).await;
    }

    async fn reopen(&self) {
        let input = json!({ "input": { "period": self.month, "reason": "a test" } });
        for (person, mutation) in [("cleo", "requestReopening"), ("otto", "approveReopening")] {
            let token = self.world.token_of(person, "main", Role::Closer, None);
            let query = format!("mutation R($input: ReopeningInput!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}");
            assert_eq!(self.world.graphql_as(&token, &query, input.clone()).await[mutation]["userErrors"], json!([]), "{}", self.what);
        }
    }
}

async fn close(world: &World, month: &str) {
    let reason = "a test; also CHARGEBACKS_POSTED, ENTRIES_EXPORTED, HOURS_RATED";
    world.save("closePeriod", "ClosePeriodInput", json!({ "period": month, "acceptOpenItems": reason })).await;
}

async fn allocations_item(world: &World, month: &str) -> Value {
    let query = format!("{{ closeChecklist(period: \"{month}\") {{ items {{ code state measured message }} }} }}");
    let items = world.graphql(&query, json!({})).await["closeChecklist"]["items"].take();
    items.as_array().unwrap().iter().find(|item| item["code"] == "ALLOCATIONS_RUN").unwrap().clone()
}

/// A pool that is empty, or became so: the checklist asks for no run that would be refused.
async fn rules_with_nothing_to_spread_do_not_hold_a_close_up(world: World) {
    teams(&world, &["platform", "claims"]).await;
    let direct = |team: &str| json!({ "pool": { "team": team }, "receivers": receivers(&["claims"]) });
    done(&world, "SaveAllocationRule", rule("p", "DIRECT", direct("platform"))).await;
    let item = allocations_item(&world, "2026-01").await;
    assert_eq!([&item["state"], &item["measured"]], ["OK", "0 of 1 rules, 1 with nothing to spread"]);
    world.book(&[cost("c1", "platform", "10")]).await;
    assert_eq!(allocations_item(&world, "2026-01").await["state"], "OPEN");
    super::run(&world, "k1").await;
    let reverse = json!({ "idempotencyKey": "r", "number": "1", "effectiveOn": "2026-01-15", "reason": "twice" });
    world.save("reverseJournalEntry", "ReverseJournalEntryInput", reverse).await;
    let again = json!({ "input": { "idempotencyKey": "k2", "period": "2026-01", "mode": "RERUN" } });
    let refused = operation(&world, &world.admin, "RunAllocation", again).await;
    assert_eq!(refused["userErrors"][0]["code"], "NOTHING_TO_ALLOCATE");
    assert!(refused["userErrors"][0]["message"].as_str().unwrap().contains("reverseAllocationRun, run 1 first"), "{refused}");
    done(&world, "ReverseAllocationRun", json!({ "input": { "id": "1" } })).await;
    assert_eq!(allocations_item(&world, "2026-01").await["state"], "OK");
    world.assert_verified().await;
}

async fn a_rule_that_came_after_the_others_ran_is_named_by_the_checklist(world: World) {
    teams(&world, &["platform", "legal", "claims"]).await;
    let direct = |team: &str| json!({ "pool": { "team": team }, "receivers": receivers(&["claims"]) });
    world.book(&[cost("c1", "platform", "10"), cost("c2", "legal", "5")]).await;
    done(&world, "SaveAllocationRule", rule("p", "DIRECT", direct("platform"))).await;
    super::run(&world, "k1").await;
    done(&world, "SaveAllocationRule", rule("q", "DIRECT", direct("legal"))).await;
    let item = allocations_item(&world, "2026-01").await;
    assert_eq!(item["message"], "1 of 2 rules did not run: send runAllocation with rules q");
    done(&world, "RunAllocation", json!({ "input": { "idempotencyKey": "k2", "period": "2026-01", "rules": ["q"] } })).await;
    assert_eq!(allocations_item(&world, "2026-01").await["state"], "OK");
}

async fn what_statements_charged_on_is_no_source_of_a_line(world: World) {
    centers(&world).await;
    world.book(&[cost("c1", "claims", "8").client("northwind")]).await;
    let direct = json!({ "pool": { "client": "northwind" }, "receivers": receivers(&["sales"]) });
    done(&world, "SaveAllocationRule", rule("p", "DIRECT", direct)).await;
    world.set_clock("2026-02-03T09:00:00Z");
    // An agent passes the cost on: 5000 is credited on the very block of the pool, and taken back.
    let numbers = chargeback::charged(&world, chargeback::input("CLIENT")).await;
    let reverse = json!({ "idempotencyKey": "r", "number": numbers[0], "reason": "a test" });
    world.save("reverseChargeback", "ReverseChargebackInput", reverse).await;
    super::run(&world, "k1").await;
    let query =
        "{ allocationRun(id: \"1\") { lines(first: 5) { nodes { amount { amount } sourceEntries(first: 9) { nodes { number } } } } } }";
    let lines = world.graphql(query, json!({})).await["allocationRun"]["lines"]["nodes"].take();
    assert_eq!(lines, json!([{ "amount": { "amount": "8" }, "sourceEntries": { "nodes": [{ "number": "1" }] } }]));
}
