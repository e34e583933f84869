//! Chargeback: statements drafted, approved, posted, corrected and handed over; their page and their files.
//!
//! Prices: gpt-4o costs 2.50 dollars a million tokens in and 10.00 out. `dollars(n)` is a charge of n dollars: 400,000 tokens in for each.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use crate::harness::{Charge, World, charge};

mod clients;
mod files;
mod life;
mod limits;
mod races;
mod told;

on_both_engines!(
    the_worked_example_of_two_teams,
    principal_and_agent_earn_the_same,
    what_changed_in_a_charged_month_is_adjusted_in_the_next_statement,
    allocated_cost_stands_on_its_own_lines,
    quantities_at_standard_rates_leave_the_difference_with_the_provider,
    each_currency_has_a_statement_of_its_own,
    a_project_is_charged_as_a_team_is,
);

/// The operations of the contract, word for word.
const DRAFT: &str = "mutation DraftChargebacks($input: DraftChargebacksInput!) {
  draftChargebacks(input: $input) {
    statements { number period costCenter { kind code } status total { amount currency } lines { description provider model feature quantity amount { amount currency } } }
    userErrors { code message path }
  }
}";
const APPROVE: &str = "mutation ApproveChargeback($number: String!) { approveChargeback(input: { number: $number }) { statement { number status approvedBy } userErrors { code message path } } }";
const POST: &str = "mutation PostChargebacks($input: PostChargebacksInput!) {
  postChargebacks(input: $input) { statements { number status journalEntry { number } } userErrors { code message path } }
}";

/// What tests read of a statement beside the contract.
const STATEMENT: &str = "query S($number: String!) { chargeback(number: $number) { number period kind status basis showback stale reason documentNumber
    contentHash throughEntry cost { amount } total { amount currency } recovery { amount } treatment receivableAccount { code } draftedBy approvedBy
    reversal { number } journalEntry { number kind effectiveOn memo postings { side amount { amount } account { code } team { code } project { code } client { code } } }
    lines { kind month description quantity unit rate cost { amount } amount { amount } } } }";

fn dollars(key: &str, dollars: i64, day: &str) -> Charge {
    charge(key).tokens(dollars * 400_000, 0).on(&format!("{day}T10:00:00Z"))
}

/// Teams search, support and platform; project assistant; clients gearpeak and northwind.
async fn centers(world: &World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let center = |kind: &str, code: &str| json!({ "kind": kind, "code": code, "name": code });
    let more = json!([center("TEAM", "support"), center("TEAM", "platform"), center("CLIENT", "northwind")]);
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": more })).await;
}

pub fn input(kind: &str) -> Value {
    let provider = if kind == "CLIENT" { Value::Null } else { json!("platform") };
    json!({ "period": "2026-01", "kind": kind, "provider": provider, "markupPercent": "0", "basis": "ACTUAL" })
}

/// The statements of a draft that must not be refused.
pub async fn drafted(world: &World, input: Value) -> Vec<Value> {
    let mut answer = world.graphql(DRAFT, json!({ "input": input })).await;
    assert_eq!(answer["draftChargebacks"]["userErrors"], json!([]));
    answer["draftChargebacks"]["statements"].as_array_mut().unwrap().drain(..).collect()
}

/// Each statement as `number center amount`.
fn brief(statements: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |statement: &Value| {
        format!("{} {} {}", text(&statement["number"]), text(&statement["costCenter"]["code"]), text(&statement["total"]["amount"]))
    };
    statements.iter().map(one).collect()
}

async fn approve(world: &World, person: &str, number: &str) -> Value {
    let token = world.token_of(person, "main", Role::Approver, None);
    world.graphql_as(&token, APPROVE, json!({ "number": number })).await["approveChargeback"].take()
}

pub async fn approved(world: &World, number: &str) {
    let answer = approve(world, "otto", number).await;
    assert_eq!(answer, json!({ "statement": { "number": number, "status": "APPROVED", "approvedBy": "otto" }, "userErrors": [] }));
}

pub async fn post(world: &World, key: &str, period: &str) -> Value {
    let input = json!({ "idempotencyKey": key, "period": period });
    world.graphql(POST, json!({ "input": input })).await["postChargebacks"].take()
}

/// Drafts, approves and posts; the numbers.
pub async fn charged(world: &World, input: Value) -> Vec<String> {
    let period = input["period"].as_str().unwrap().to_owned();
    let numbers: Vec<String> =
        drafted(world, input).await.iter().map(|statement| statement["number"].as_str().unwrap().to_owned()).collect();
    for number in &numbers {
        approved(world, number).await;
    }
    let posted = post(world, &format!("post {}", numbers.join(" ")), &period).await;
    assert_eq!(posted["userErrors"], json!([]));
    numbers
}

async fn statement(world: &World, number: &str) -> Value {
    world.graphql(STATEMENT, json!({ "number": number })).await["chargeback"].take()
}

/// Lines as `kind month cost amount`.
fn lines(statement: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |line: &Value| {
        format!("{} {} {} {}", text(&line["kind"]), text(&line["month"]), text(&line["cost"]["amount"]), text(&line["amount"]["amount"]))
    };
    statement["lines"].as_array().unwrap_or_else(|| panic!("{statement}")).iter().map(line).collect()
}

/// Postings as `side account center amount`.
fn postings(statement: &Value) -> Vec<String> {
    let line = |line: &Value| {
        let center =
            ["team", "project", "client"].into_iter().find_map(|kind| line[kind]["code"].as_str().filter(|code| *code != "unattributed"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        format!("{} {} {} {}", text(&line["side"]), text(&line["account"]["code"]), center.unwrap_or("-"), text(&line["amount"]["amount"]))
    };
    statement["journalEntry"]["postings"].as_array().unwrap_or_else(|| panic!("{statement}")).iter().map(line).collect()
}

/// All cost of one center over all of 2026 as the spend report has it: what was used, allocated and charged.
async fn spent(world: &World, dimension: &str, code: &str) -> String {
    let query = format!(
        "{{ spend(from: \"2026-01-01\", to: \"2027-01-01\", groupBy: [{dimension}], measure: FULLY_LOADED) {{ rows {{ keys {{ code }} cost {{ amount }} }} }} }}"
    );
    let data = world.graphql(&query, json!({})).await;
    let rows = data["spend"]["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["keys"][0]["code"] == code);
    row.map_or_else(|| "0".to_owned(), |row| row["cost"]["amount"].as_str().unwrap().to_owned())
}

fn refusal(answer: &Value) -> (String, Value) {
    let error = &answer["userErrors"][0];
    (error["code"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned(), error["path"].clone())
}

/// Search used 10.00 dollars for answers, support 2.50. The platform adds 10 percent: 11.00 and 2.75. Internally that nets to zero.
async fn the_worked_example_of_two_teams(world: World) {
    centers(&world).await;
    world.book(&[dollars("c1", 10, "2026-01-05").team("search").feature("answers")]).await;
    world.book(&[charge("c2").tokens(1_000_000, 0).team("support"), dollars("c3", 99, "2026-01-06").team("platform")]).await;
    let mut asked = input("TEAM");
    asked["markupPercent"] = json!("10");
    let statements = drafted(&world, asked).await;
    assert_eq!(
        statements[0],
        json!({ "number": "CB-000001", "period": "2026-01", "costCenter": { "kind": "TEAM", "code": "search" }, "status": "DRAFT",
            "total": { "amount": "11", "currency": "USD" }, "lines": [
                { "description": "openai gpt-4o for answers", "provider": "openai", "model": "gpt-4o", "feature": "answers", "quantity": "4000000",
                  "amount": { "amount": "10", "currency": "USD" } },
                { "description": "Markup of 10 percent on 10", "provider": null, "model": null, "feature": null, "quantity": null,
                  "amount": { "amount": "1", "currency": "USD" } }] })
    );
    assert_eq!(brief(&statements), ["CB-000001 search 11", "CB-000002 support 2.75"], "the platform does not charge itself");
    approved(&world, "CB-000001").await;
    approved(&world, "CB-000002").await;
    world.set_clock("2026-02-03T09:00:00Z");
    let posted = post(&world, "p1", "2026-01").await;
    let expected = |number: &str, entry: &str| json!({ "number": number, "status": "POSTED", "journalEntry": { "number": entry } });
    assert_eq!(posted, json!({ "statements": [expected("CB-000001", "4"), expected("CB-000002", "5")], "userErrors": [] }));
    let first = statement(&world, "CB-000001").await;
    assert_eq!(postings(&first), ["DEBIT 6600 search 11", "CREDIT 6690 platform 11"]);
    let entry = &first["journalEntry"];
    assert_eq!([&entry["kind"], &entry["effectiveOn"], &entry["memo"]], ["CHARGEBACK", "2026-01-31", "Chargeback CB-000001 of 2026-01"]);
    assert_eq!(world.account("6600").await, Some(("13.75".to_owned(), "0".to_owned())));
    assert_eq!(world.account("6690").await, Some(("0".to_owned(), "13.75".to_owned())), "internal chargeback nets to zero");
    assert_eq!(spent(&world, "TEAM", "search").await, "21", "10.00 of usage and 11.00 charged");
    let mut next = input("TEAM");
    next["period"] = json!("2026-02");
    assert_eq!(drafted(&world, next).await, Vec::<Value>::new(), "what chargeback itself posted is no cost");
    world.assert_verified().await;
}

/// Each client used 4.00 and is billed 25 percent on top: 5.00. As principal the revenue is 5.00 and the cost stays: margin 1.00.
/// As agent the cost is passed on, the revenue is 1.00: margin 1.00.
async fn principal_and_agent_earn_the_same(world: World) {
    centers(&world).await;
    let terms = json!([{ "client": "northwind", "treatment": "AGENT", "receivableAccount": "1100", "markupPercent": "25" }]);
    world.save("saveRebillTerms", "SaveRebillTermsInput", json!({ "terms": terms })).await;
    world.book(&[dollars("c1", 4, "2026-01-05").client("gearpeak"), dollars("c2", 4, "2026-01-05").client("northwind")]).await;
    world.set_clock("2026-02-03T09:00:00Z");
    let mut asked = input("CLIENT");
    asked["markupPercent"] = json!("25");
    let numbers = charged(&world, asked.clone()).await;
    let (principal, agent) = (statement(&world, &numbers[0]).await, statement(&world, &numbers[1]).await);
    assert_eq!(postings(&principal), ["DEBIT 1150 gearpeak 5", "CREDIT 4100 gearpeak 5"]);
    assert_eq!(postings(&agent), ["DEBIT 1100 northwind 5", "CREDIT 5000 northwind 4", "CREDIT 4100 northwind 1"]);
    assert_eq!([&principal["treatment"], &agent["treatment"]], ["PRINCIPAL", "AGENT"]);
    let cost = (spent(&world, "CLIENT", "gearpeak").await, spent(&world, "CLIENT", "northwind").await);
    assert_eq!(cost, ("4".to_owned(), "0".to_owned()), "5 - 4 and 1 - 0: a margin of 1 both ways");
    assert_eq!(drafted(&world, asked.clone()).await, Vec::<Value>::new(), "what was passed on is no change of the cost");
    asked["period"] = json!("2026-02");
    assert_eq!(drafted(&world, asked).await, Vec::<Value>::new());
    world.assert_verified().await;
}

/// January is charged at 10.00. Then 3.00 more arrive for January, and 5.00 are used in February: February charges 8.00, and all is 18.00.
async fn what_changed_in_a_charged_month_is_adjusted_in_the_next_statement(mut world: World) {
    centers(&world).await;
    world.book(&[dollars("c1", 10, "2026-01-05").team("search")]).await;
    world.set_clock("2026-02-10T09:00:00Z");
    charged(&world, input("TEAM")).await;
    world.book(&[dollars("late", 3, "2026-01-30").team("search"), dollars("new", 2, "2026-01-31").team("support")]).await;
    world.book(&[dollars("feb", 5, "2026-02-02").team("search")]).await;
    let mut february = input("TEAM");
    february["period"] = json!("2026-02");
    let statements = drafted(&world, february.clone()).await;
    assert_eq!(brief(&statements), ["CB-000002 search 8", "CB-000003 support 2"], "a center that had no statement is taken up too");
    let second = statement(&world, "CB-000002").await;
    assert_eq!(lines(&second), ["USAGE 2026-02 5 5", "ADJUSTMENT 2026-01 3 3"]);
    // January again charges the difference alone, and then nothing is left of it for February: its approver is told.
    let january = drafted(&world, input("TEAM")).await;
    assert_eq!(brief(&january), ["CB-000004 search 3", "CB-000005 support 2"]);
    approved(&world, "CB-000004").await;
    assert_eq!(refusal(&approve(&world, "otto", "CB-000002").await), ("STATEMENT_CHANGED".to_owned(), json!(["number"])));
    approved(&world, "CB-000005").await;
    assert_eq!(post(&world, "p2", "2026-01").await["userErrors"], json!([]));
    let numbers = charged(&world, february).await;
    assert_eq!(numbers, ["CB-000006"]);
    // 10 + 3 + 5 of search, 2 of support, each once; as much again was charged by these very entries.
    assert_eq!(spent(&world, "TEAM", "search").await, "36");
    assert_eq!(spent(&world, "TEAM", "support").await, "4");
    // A charge that is taken back gives back.
    let reverse = json!({ "idempotencyKey": "r", "number": "1", "effectiveOn": "2026-02-11", "reason": "twice" });
    world.save("reverseJournalEntry", "ReverseJournalEntryInput", reverse).await;
    world.set_clock("2026-03-02T09:00:00Z");
    // The first token has expired by now.
    world.admin = world.token("main", Role::Admin, None);
    let mut march = input("TEAM");
    march["period"] = json!("2026-03");
    let numbers = charged(&world, march).await;
    let back = statement(&world, &numbers[0]).await;
    assert_eq!(lines(&back), ["ADJUSTMENT 2026-02 -10 -10"]);
    assert_eq!(postings(&back), ["CREDIT 6600 search 10", "DEBIT 6690 platform 10"]);
    world.assert_verified().await;
}

/// Runs a rule that charges a team this many dollars of what the platform bore, and answers the run.
async fn allocate(world: &World, rule: &str, dollars: &str) -> Value {
    let terms = json!({ "code": rule, "validFrom": "2026-01-01", "method": "FIXED_AMOUNT", "residual": "SENDER", "pool": { "team": "platform" },
        "receivers": [{ "kind": "TEAM", "costCenter": "search", "weight": dollars }] });
    world.save("saveAllocationRule", "SaveAllocationRuleInput", terms).await;
    let query = "mutation R($input: RunAllocationInput!) { runAllocation(input: $input) { run { id } userErrors { code } } }";
    let input = json!({ "idempotencyKey": format!("{rule} {dollars}"), "period": "2026-01", "rules": [rule] });
    let mut answer = world.graphql(query, json!({ "input": input })).await;
    assert_eq!(answer["runAllocation"]["userErrors"], json!([]));
    answer["runAllocation"]["run"]["id"].take()
}

async fn allocated_cost_stands_on_its_own_lines(world: World) {
    centers(&world).await;
    world.book(&[dollars("c1", 10, "2026-01-05").team("search"), dollars("c2", 30, "2026-01-05").team("platform")]).await;
    allocate(&world, "gateway", "7").await;
    let too_much = allocate(&world, "vectors", "5").await;
    let statements = drafted(&world, input("TEAM")).await;
    assert_eq!(brief(&statements), ["CB-000001 search 22"]);
    assert_eq!(lines(&statement(&world, "CB-000001").await), ["USAGE 2026-01 10 10", "ALLOCATED 2026-01 7 7", "ALLOCATED 2026-01 5 5"]);
    world.save("reverseAllocationRun", "ReverseAllocationRunInput", json!({ "id": too_much })).await;
    allocate(&world, "vectors", "3").await;
    drafted(&world, input("TEAM")).await;
    let second = statement(&world, "CB-000002").await;
    assert_eq!(lines(&second), ["USAGE 2026-01 10 10", "ALLOCATED 2026-01 7 7", "ALLOCATED 2026-01 3 3"]);
    assert_eq!(second["lines"][1]["description"], "allocation of 2026-01 by rule gateway version 1 from team platform");
    assert_eq!(second["total"]["amount"], spent(&world, "TEAM", "search").await);
    world.assert_verified().await;
}

/// 1,000,000 tokens in on the 5th at 3.00, as many on the 12th at 4.00, and 500,000 out at 12.00: 3 + 4 + 6 = 13.00.
/// They cost 2.50 + 2.50 + 5.00 = 10.00, so 3.00 are over-recovered.
async fn quantities_at_standard_rates_leave_the_difference_with_the_provider(world: World) {
    centers(&world).await;
    world.book(&[charge("c1").tokens(1_000_000, 0).team("search")]).await;
    world.book(&[charge("c2").tokens(1_000_000, 500_000).team("search").on("2026-01-12T10:00:00Z")]).await;
    let mut asked = input("TEAM");
    asked["basis"] = json!("STANDARD_RATE");
    let refused = world.graphql(DRAFT, json!({ "input": asked })).await["draftChargebacks"].take();
    assert_eq!(refusal(&refused), ("STANDARD_RATE_MISSING".to_owned(), json!(["basis"])));
    let rate = |meter: &str, amount: &str, from: &str, to: Option<&str>| json!({ "meter": meter, "per": "1000000", "amount": amount, "currency": "USD", "validFrom": from, "validTo": to });
    let rates = json!([
        rate("input_tokens", "3", "2026-01-01", Some("2026-01-10")),
        rate("input_tokens", "4", "2026-01-10", None),
        rate("output_tokens", "12", "2026-01-01", None)
    ]);
    world.save("saveStandardRates", "SaveStandardRatesInput", json!({ "rates": rates })).await;
    let statements = drafted(&world, asked.clone()).await;
    assert_eq!(brief(&statements), ["CB-000001 search 13"]);
    let first = statement(&world, "CB-000001").await;
    assert_eq!([&first["cost"]["amount"], &first["recovery"]["amount"]], ["10", "3"]);
    let line =
        |line: &Value| format!("{} {} {} {}", line["quantity"], line["unit"], line["rate"], line["amount"]["amount"]).replace('"', "");
    assert_eq!(
        first["lines"].as_array().unwrap().iter().map(line).collect::<Vec<_>>(),
        ["1000000 input_tokens 3 per 1000000 3", "1000000 input_tokens 4 per 1000000 4", "500000 output_tokens 12 per 1000000 6"]
    );
    world.set_clock("2026-02-03T09:00:00Z");
    charged(&world, asked).await;
    // A month that was charged at rates is adjusted at rates, whatever the next draft is made by: 400,000 more at 4.00 is 1.60.
    world.book(&[dollars("late", 1, "2026-01-20").team("search")]).await;
    let mut february = input("TEAM");
    february["period"] = json!("2026-02");
    let statements = drafted(&world, february).await;
    assert_eq!(brief(&statements), ["CB-000003 search 1.6"]);
    assert_eq!(lines(&statement(&world, "CB-000003").await), ["ADJUSTMENT 2026-01 1 1.6"]);
    world.assert_verified().await;
}

async fn each_currency_has_a_statement_of_its_own(world: World) {
    centers(&world).await;
    world
        .save_price_line(json!({ "provider": "mistral", "model": "large-eu", "meter": "input_tokens", "per": "1000000", "amount": "2",
            "currency": "EUR", "effectiveFrom": "2026-01-01T00:00:00Z" }))
        .await;
    world.book(&[dollars("c1", 10, "2026-01-05").team("search")]).await;
    world.book(&[charge("c2").model("mistral", "large-eu").tokens(1_500_000, 0).team("search")]).await;
    let statements = drafted(&world, input("TEAM")).await;
    assert_eq!(brief(&statements), ["CB-000001 search 10", "CB-000002 search 3"]);
    assert_eq!([&statements[0]["total"]["currency"], &statements[1]["total"]["currency"]], ["USD", "EUR"]);
}

async fn a_project_is_charged_as_a_team_is(world: World) {
    centers(&world).await;
    world.book(&[dollars("c1", 10, "2026-01-05").project("assistant").team("search")]).await;
    world.set_clock("2026-02-03T09:00:00Z");
    let numbers = charged(&world, input("PROJECT")).await;
    assert_eq!(postings(&statement(&world, &numbers[0]).await), ["DEBIT 6600 assistant 10", "CREDIT 6690 platform 10"]);
    assert_eq!(brief(&drafted(&world, input("TEAM")).await), ["CB-000002 search 10"], "teams are charged by statements of their own");
    world.assert_verified().await;
}
