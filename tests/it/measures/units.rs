//! Units by client, project, team, model and month: what a document costs for one client, in parts that add up to the whole.

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use super::billionths;
use crate::allocation::cost;
use crate::chargeback::{charged, input};
use crate::harness::{Charge, World};

on_both_engines!(
    one_row_answers_what_a_document_costs_for_a_client,
    the_parts_of_a_unit_add_up_to_the_whole,
    outputs_follow_the_filter_of_the_cost,
    a_limited_token_gets_the_units_of_its_client,
    an_agents_statement_does_not_make_a_document_free,
);

/// Rows as the keys and these fields.
async fn units(world: &World, token: &str, arguments: &str, fields: &[&str]) -> Vec<String> {
    let query = format!(
        "{{ unitEconomics(from: \"2026-01-01\", to: \"2026-03-01\", unit: \"document_processed\", {arguments}) {{
            rows {{ period feature keys {{ dimension code }} {} }} }} }}",
        fields.join(" ")
    );
    let data = world.graphql_as(token, &query, json!({})).await;
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let row = |row: &Value| {
        let keys = row["keys"].as_array().unwrap().iter().map(|key| text(&key["code"]));
        let period = row["period"].as_str().map(str::to_owned);
        period.into_iter().chain(keys).chain(fields.iter().map(|field| text(&row[*field]))).collect::<Vec<_>>().join(" ")
    };
    data["unitEconomics"]["rows"].as_array().unwrap().iter().map(row).collect()
}

fn extraction(id: &str, client: Option<&str>, dollars: &str, day: &str) -> Charge {
    let charge = cost(id, "docs", dollars).feature("extraction").on(&format!("{day}T10:00:00Z"));
    client.into_iter().fold(charge, Charge::client)
}

/// Documents of northmutual: 300 in January and 100 in February, of gearpeak 100, and 50 of nobody, all by `extraction`.
///
/// AI: northmutual 40 and 20, gearpeak 30, nobody 10; gearpeak's chat cost 7 and made no document. 2.5 hours at 80 for northmutual.
async fn documents(world: &World) {
    world.set_clock("2026-02-14T12:00:00Z");
    world.save_centers("docs", "claims", "northmutual").await;
    let center = json!([{ "kind": "CLIENT", "code": "gearpeak", "name": "Gearpeak" }]);
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": center })).await;
    let charges = [
        extraction("n1", Some("northmutual"), "40", "2026-01-05").project("claims"),
        extraction("n2", Some("northmutual"), "20", "2026-02-05").model("acme", "other"),
        extraction("g1", Some("gearpeak"), "30", "2026-01-06"),
        extraction("x1", None, "10", "2026-01-07"),
        cost("g2", "docs", "7").client("gearpeak").feature("chat"),
    ];
    world.book(&charges).await;
    let rates = json!({ "rates": [{ "role": "engineer", "costPerHour": "80", "currency": "USD", "effectiveFrom": "2026-01-01" }] });
    world.save("saveLaborRates", "SaveLaborRatesInput", rates).await;
    let entry = json!({ "source": "hr", "externalId": "1", "workedOn": "2026-01-06", "person": "mia", "role": "engineer", "hours": "2.5",
        "team": "docs", "client": "northmutual", "feature": "extraction" });
    world.save("recordTimeEntries", "RecordTimeEntriesInput", json!({ "entries": [entry] })).await;
    let revenue = json!({ "source": "erp", "externalId": "1", "earnedOn": "2026-01-31", "amount": "900", "currency": "USD",
        "client": "northmutual", "feature": "extraction", "memo": "January" });
    world.save("recordRevenue", "RecordRevenueInput", json!({ "entries": [revenue] })).await;
    let output = |id: &str, client: Option<&str>, day: &str, quantity: &str, value: Option<&str>| {
        json!({ "source": "app", "externalId": id, "producedOn": day, "unit": "document_processed", "quantity": quantity,
            "value": value, "currency": value.map(|_| "USD"), "team": "docs", "client": client, "feature": "extraction" })
    };
    let outputs = [
        output("1", Some("northmutual"), "2026-01-31", "300", Some("900")),
        output("2", Some("northmutual"), "2026-02-10", "100", Some("300")),
        output("3", Some("gearpeak"), "2026-01-31", "100", None),
        output("4", None, "2026-01-31", "50", None),
    ];
    world.save("recordOutputs", "RecordOutputsInput", json!({ "outputs": outputs })).await;
}

async fn one_row_answers_what_a_document_costs_for_a_client(world: World) {
    documents(&world).await;
    let fields = ["units", "aiCost", "laborCost", "fullCost", "costPerUnit", "revenue"];
    let of = async |arguments: &str| units(&world, &world.admin, arguments, &fields).await;
    // 60 of AI and 200 of labor over 400 documents.
    assert_eq!(of("groupBy: [], filter: { clients: [\"northmutual\"] }").await, ["400 60 200 260 0.65 900"]);
    assert_eq!(of("feature: \"extraction\", filter: { clients: [\"northmutual\"] }").await, ["extraction 400 60 200 260 0.65 900"]);
    let by_client = of("groupBy: [CLIENT]").await;
    assert_eq!(by_client, ["- 50 10 0 10 0.2 0", "gearpeak 100 30 0 30 0.3 0", "northmutual 400 60 200 260 0.65 900"]);
    // All 550 documents: what was divided before.
    assert_eq!(of("groupBy: []").await, ["550 100 200 300 0.545454545 900"]);
    assert_eq!(of("").await, ["extraction 550 100 200 300 0.545454545 900"], "without a word, by feature");
    let months = of("groupBy: [CLIENT], interval: MONTH, filter: { clients: [\"northmutual\"] }").await;
    assert_eq!(months, ["2026-01 northmutual 300 40 200 240 0.8 900", "2026-02 northmutual 100 20 0 20 0.2 0"]);
    // Outputs and hours carry no model: AI by model, and the documents in the row of what has none.
    let by_model = of("groupBy: [MODEL]").await;
    assert_eq!(by_model, ["- 550 0 200 200 0.363636364 900", "other 0 20 0 20 - 0", "tool 0 80 0 80 - 0"]);
    assert_eq!(of("groupBy: [], filter: { models: [\"other\"] }").await, ["0 20 0 20 - 0"]);
    let by_project = of("groupBy: [PROJECT]").await;
    assert_eq!(by_project, ["- 550 60 200 260 0.472727273 900", "claims 0 40 0 40 - 0"]);
    let models = "{ unitEconomics(from: \"2026-01-01\", to: \"2026-03-01\", unit: \"document_processed\", groupBy: [], filter: { clients: [\"northmutual\"] }) {
        rows { models { model aiCost aiCostPerUnit } } chargeCost { charges max } } }";
    let data = world.graphql(models, json!({})).await["unitEconomics"].take();
    let model = |model: &str, cost: &str, each: &str| json!({ "model": model, "aiCost": cost, "aiCostPerUnit": each });
    assert_eq!(data["rows"], json!([{ "models": [model("other", "20", "0.05"), model("tool", "40", "0.1")] }]));
    assert_eq!(data["chargeCost"], json!({ "charges": "2", "max": "40" }));
}

/// The sums of the rows of a question, by currency.
pub async fn sums(world: &World, arguments: &str) -> Vec<(String, Vec<i128>)> {
    let query = format!(
        "{{ unitEconomics(from: \"2026-01-01\", to: \"2026-03-01\", unit: \"document_processed\", {arguments}) {{ rows {{ currency
            units value revenue aiCost laborCost otherCost allocatedCost fullCost charges models {{ aiCost }} }} }} }}"
    );
    let data = world.graphql(&query, json!({})).await;
    let mut sums: std::collections::BTreeMap<String, Vec<i128>> = std::collections::BTreeMap::new();
    for row in data["unitEconomics"]["rows"].as_array().unwrap() {
        let row_sums = sums.entry(row["currency"].as_str().unwrap().to_owned()).or_insert_with(|| vec![0; 10]);
        for (sum, field) in row_sums.iter_mut().zip([
            "units",
            "value",
            "revenue",
            "aiCost",
            "laborCost",
            "otherCost",
            "allocatedCost",
            "fullCost",
            "charges",
        ]) {
            *sum += if row[field].is_null() { 0 } else { billionths(&row[field]) };
        }
        row_sums[9] += row["models"].as_array().unwrap().iter().map(|model| billionths(&model["aiCost"])).sum::<i128>();
    }
    sums.into_iter().collect()
}

async fn the_parts_of_a_unit_add_up_to_the_whole(world: World) {
    documents(&world).await;
    let whole = sums(&world, "groupBy: []").await;
    assert_eq!(whole.len(), 1);
    for by in ["FEATURE", "CLIENT", "PROJECT", "TEAM", "MODEL", "CLIENT, MODEL", "FEATURE, CLIENT, PROJECT, TEAM, MODEL"] {
        assert_eq!(sums(&world, &format!("groupBy: [{by}]")).await, whole, "{by}");
        assert_eq!(sums(&world, &format!("groupBy: [{by}], interval: MONTH")).await, whole, "{by} by month");
        assert_eq!(sums(&world, &format!("groupBy: [{by}], level: 1")).await, whole, "{by} at the top");
    }
    let gearpeak = sums(&world, "groupBy: [], filter: { clients: [\"gearpeak\"] }").await;
    let northmutual = sums(&world, "groupBy: [], filter: { clients: [\"northmutual\"] }").await;
    let nobody = sums(&world, "groupBy: [], filter: { clients: [null] }").await;
    for (position, sum) in whole[0].1.iter().enumerate() {
        assert_eq!(gearpeak[0].1[position] + northmutual[0].1[position] + nobody[0].1[position], *sum, "figure {position}");
    }
}

/// A parent takes the units and the cost of all below it.
async fn outputs_follow_the_filter_of_the_cost(world: World) {
    documents(&world).await;
    let group = json!([{ "kind": "CLIENT", "code": "insurers", "name": "Insurers" }]);
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": group })).await;
    let below = json!([{ "kind": "CLIENT", "code": "northmutual", "name": "Northmutual", "parent": "insurers" }]);
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": below })).await;
    let fields = ["units", "fullCost"];
    assert_eq!(units(&world, &world.admin, "groupBy: [], filter: { clients: [\"insurers\"] }", &fields).await, ["400 260"]);
    let top = units(&world, &world.admin, "groupBy: [CLIENT], level: 1", &fields).await;
    assert_eq!(top, ["- 50 10", "gearpeak 100 30", "insurers 400 260"]);
    let query = "{ unitEconomics(from: \"2026-01-01\", to: \"2026-03-01\", unit: \"document_processed\", filter: { clients: [\"nortmutual\"] }) { unit } }";
    assert_eq!(world.graphql_error(&world.admin, query, json!({})).await, "COST_CENTER_UNKNOWN");
}

async fn a_limited_token_gets_the_units_of_its_client(world: World) {
    documents(&world).await;
    let scope = Scope { clients: ["northmutual".to_owned()].into(), ..Scope::default() };
    let token = world.token("main", Role::Viewer, Some(scope));
    assert_eq!(units(&world, &token, "groupBy: [CLIENT]", &["units", "aiCost"]).await, ["northmutual 400 60"]);
    assert_eq!(units(&world, &token, "groupBy: [], filter: { clients: [\"gearpeak\"] }", &["units"]).await, Vec::<String>::new());
}

async fn an_agents_statement_does_not_make_a_document_free(world: World) {
    world.save_centers("docs", "claims", "northwind").await;
    let terms = json!([{ "client": "northwind", "treatment": "AGENT", "receivableAccount": "1100", "markupPercent": "25" }]);
    world.save("saveRebillTerms", "SaveRebillTermsInput", json!({ "terms": terms })).await;
    world.book(&[cost("c1", "docs", "4.00").client("northwind")]).await;
    let output = json!({ "source": "app", "externalId": "1", "producedOn": "2026-01-10", "unit": "document_processed", "quantity": "8",
        "team": "docs", "client": "northwind" });
    world.save("recordOutputs", "RecordOutputsInput", json!({ "outputs": [output] })).await;
    let fields = ["units", "aiCost", "costPerUnit"];
    assert_eq!(units(&world, &world.admin, "groupBy: [CLIENT]", &fields).await, ["northwind 8 4 0.5"]);
    let mut asked = input("CLIENT");
    asked["markupPercent"] = json!("25");
    charged(&world, asked).await;
    assert_eq!(units(&world, &world.admin, "groupBy: [CLIENT]", &fields).await, ["northwind 8 4 0.5"]);
}
