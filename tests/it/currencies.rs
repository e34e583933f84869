//! Currencies: charges in any of them, exchange rates, revaluation, settlement, and the books in their reporting currency.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use crate::harness::{World, charge};

on_both_engines!(
    charges_are_kept_in_any_currency_at_its_own_scale,
    the_worked_example_of_a_foreign_liability,
    a_part_that_is_paid_takes_its_share_of_the_carrying_value,
    a_second_revaluation_of_a_month_books_only_the_change,
    prepaid_credits_are_not_revalued,
    the_latest_recorded_rate_of_a_day_counts_and_earlier_ones_stay,
    a_rate_that_is_too_old_is_missing_and_the_other_direction_is_turned_over,
    what_is_no_rate_is_refused_in_its_place,
    rates_come_from_a_file_too,
    the_reporting_currency_stays_once_differences_are_booked,
    what_is_no_settlement_is_refused,
    the_same_key_answers_with_the_first_receipt,
    who_may_do_what_with_rates,
);

/// A cost of a provider that bills in a currency of its own.
fn cost(key: &str, amount: &str, currency: &str, day: &str) -> crate::harness::Charge {
    let reported = json!({ "amount": amount, "currency": currency });
    charge(key).model("mistral", "large").with("reportedCost", reported).on(&format!("{day}T10:00:00Z"))
}

fn rate(pair: &str, day: &str, rate: &str) -> Value {
    json!({ "from": pair[..3], "to": pair[4..], "day": day, "rate": rate, "source": "ECB" })
}

async fn save_rates(world: &World, rates: Value) -> Value {
    let query = "mutation S($input: SaveExchangeRatesInput!) { saveExchangeRates(input: $input) { added unchanged userErrors { code path message } } }";
    world.graphql(query, json!({ "input": { "rates": rates } })).await["saveExchangeRates"].take()
}

async fn report_in(world: &World, currency: &str, rate_days: Option<i32>) -> Value {
    let query =
        "mutation R($input: SetReportingCurrencyInput!) { setReportingCurrency(input: $input) { settings { reportingCurrency rateDays }
        userErrors { code path } } }";
    let input = json!({ "currency": currency, "rateDays": rate_days });
    world.graphql(query, json!({ "input": input })).await["setReportingCurrency"].take()
}

async fn revalue(world: &World, key: &str, as_of: &str) -> Value {
    let postings = "number kind effectiveOn postings { side amount { amount currency } account { code } provider }";
    let query = format!(
        "mutation R($input: RevalueInput!) {{ revalue(input: $input) {{ replayed loss {{ amount currency }} entry {{ {postings} }}
            reversal {{ {postings} reverses {{ number }} }} userErrors {{ code path message }} }} }}"
    );
    world.graphql(&query, json!({ "input": { "idempotencyKey": key, "asOf": as_of } })).await["revalue"].take()
}

async fn settle(world: &World, key: &str, amount: &str, paid: &str, day: &str) -> Value {
    settle_with(
        world,
        json!({ "idempotencyKey": key, "account": "2100", "provider": "mistral", "amount": amount, "currency": "EUR",
        "paidAmount": paid, "paidCurrency": "USD", "paidOn": day }),
    )
    .await
}

async fn settle_with(world: &World, input: Value) -> Value {
    let query = "mutation S($input: SettleForeignInput!) { settleForeign(input: $input) { replayed relieved { amount currency } loss { amount }
        entry { number kind effectiveOn postings { side amount { amount currency } account { code } } } userErrors { code path message } } }";
    world.graphql(query, json!({ "input": input })).await["settleForeign"].take()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

/// Postings as `side account amount currency`, in the order of their lines.
fn postings(entry: &Value) -> Vec<String> {
    let line = |line: &Value| {
        let amount = &line["amount"];
        [&line["side"], &line["account"]["code"], &amount["amount"], &amount["currency"]].map(text).join(" ")
    };
    entry["postings"].as_array().unwrap_or_else(|| panic!("{entry}")).iter().map(line).collect()
}

fn refusal(answer: &Value) -> (String, Value) {
    (text(&answer["userErrors"][0]["code"]), answer["userErrors"][0]["path"].clone())
}

/// Each row as `account currency balance basis translated`, and the difference.
async fn translation(world: &World, as_of: &str) -> (Vec<String>, String) {
    let query = "query T($asOf: Date!) { currencyTranslation(asOf: $asOf) { currency debit credit difference rows { account { code } currency balance basis
        rate { rate day source isInverse } revaluation translated } } }";
    let data = world.graphql(query, json!({ "asOf": as_of })).await;
    let report = &data["currencyTranslation"];
    let row =
        |row: &Value| [&row["account"]["code"], &row["currency"], &row["balance"], &row["basis"], &row["translated"]].map(text).join(" ");
    (report["rows"].as_array().unwrap().iter().map(row).collect(), text(&report["difference"]))
}

/// 600 EUR at 1.08 and 400 EUR at 1.10: 1,000 EUR carried at 1,088 USD.
async fn thousand_euros(world: &World) {
    report_in(world, "USD", None).await;
    let rates =
        json!([rate("EUR/USD", "2026-01-05", "1.08"), rate("EUR/USD", "2026-01-19", "1.10"), rate("EUR/USD", "2026-01-30", "1.12")]);
    world.set_clock("2026-02-12T09:00:00Z");
    assert_eq!(save_rates(world, rates).await["added"], 3);
    world.book(&[cost("c1", "600", "EUR", "2026-01-05"), cost("c2", "400", "EUR", "2026-01-20")]).await;
}

async fn charges_are_kept_in_any_currency_at_its_own_scale(world: World) {
    let costs = [("JPY", "1200"), ("KWD", "3.456789012"), ("CLF", "0.000000001"), ("IRR", "12345678.1234"), ("ZWG", "7.5"), ("XPF", "99")];
    for (currency, amount) in costs {
        world.book(&[cost(currency, amount, currency, "2026-01-05")]).await;
        let stored = world.charge(currency).await;
        assert_eq!((&stored["cost"]["amount"], &stored["cost"]["currency"]), (&json!(amount), &json!(currency)));
    }
    let refused = world.record_one(cost("too-fine", "0.00000001", "JPY", "2026-01-05")).await;
    assert_eq!(refused["error"]["code"], "AMOUNT_TOO_PRECISE", "yen are kept with seven decimals");
    let query = "{ trialBalance(asOf: \"2026-01-31\") { totals { currency debit credit } } }";
    let totals = world.graphql(query, json!({})).await["trialBalance"]["totals"].take();
    assert_eq!(totals.as_array().unwrap().len(), costs.len());
    for total in totals.as_array().unwrap() {
        assert_eq!(total["debit"], total["credit"]);
    }
    world.assert_verified().await;
}

async fn the_worked_example_of_a_foreign_liability(world: World) {
    thousand_euros(&world).await;
    let (rows, difference) = translation(&world, "2026-01-31").await;
    assert_eq!(rows, ["2100 EUR -1000 CLOSING -1120", "6000 EUR 1000 TRANSACTION_DAYS 1088"]);
    assert_eq!(difference, "-32", "not booked yet");

    let revalued = revalue(&world, "r1", "2026-01-31").await;
    assert_eq!(revalued["loss"], json!({ "amount": "32", "currency": "USD" }));
    assert_eq!(postings(&revalued["entry"]), ["CREDIT 2100 32 USD", "DEBIT 7110 32 USD"]);
    assert_eq!((&revalued["entry"]["kind"], &revalued["entry"]["effectiveOn"]), (&json!("REVALUATION"), &json!("2026-01-31")));
    assert_eq!(postings(&revalued["reversal"]), ["DEBIT 2100 32 USD", "CREDIT 7110 32 USD"]);
    let reversal = &revalued["reversal"];
    assert_eq!(
        [&reversal["kind"], &reversal["effectiveOn"], &reversal["reverses"]["number"]],
        [&json!("REVERSAL"), &json!("2026-02-01"), &json!("3")]
    );
    let (rows, difference) = translation(&world, "2026-01-31").await;
    assert_eq!(
        rows,
        ["2100 EUR -1000 CLOSING -1120", "2100 USD -32 REPORTING 0", "6000 EUR 1000 TRANSACTION_DAYS 1088", "7110 USD 32 REPORTING 32"]
    );
    assert_eq!(difference, "0", "all of it is booked");
    let query = "{ accruals(asOf: \"2026-01-31\") { rows { currency accrued reconciled revaluation open } } }";
    let accruals = world.graphql(query, json!({})).await["accruals"]["rows"].take();
    assert_eq!(
        accruals,
        json!([
            { "currency": "EUR", "accrued": "1000", "reconciled": "0", "revaluation": "0", "open": "1000" },
            { "currency": "USD", "accrued": "0", "reconciled": "0", "revaluation": "32", "open": "32" },
        ])
    );

    save_rates(&world, json!([rate("EUR/USD", "2026-02-10", "1.10")])).await;
    let settled = settle(&world, "s1", "1000", "1100", "2026-02-10").await;
    assert_eq!((&settled["relieved"]["amount"], &settled["loss"]["amount"]), (&json!("1088"), &json!("12")));
    assert_eq!(settled["entry"]["kind"], "EXCHANGE_DIFFERENCE");
    assert_eq!(
        postings(&settled["entry"]),
        ["DEBIT 2100 1000 EUR", "CREDIT 1950 1000 EUR", "DEBIT 1950 1088 USD", "DEBIT 7100 12 USD", "CREDIT 1010 1100 USD"]
    );
    let (rows, difference) = translation(&world, "2026-02-11").await;
    assert_eq!(
        rows,
        [
            "1010 USD -1100 REPORTING -1100",
            "1950 EUR -1000 TRANSACTION_DAYS -1088",
            "1950 USD 1088 REPORTING 1088",
            "2100 EUR 0 CLOSING 0",
            "2100 USD 0 REPORTING 0",
            "6000 EUR 1000 TRANSACTION_DAYS 1088",
            "7100 USD 12 REPORTING 12",
            "7110 USD 0 REPORTING 0",
        ]
    );
    assert_eq!(difference, "0");
    assert_eq!(revalue(&world, "r2", "2026-02-11").await["entry"], json!(null), "nothing is open");
    world.assert_verified().await;
}

/// 250 of 1,000 EUR take a quarter of 1,088 USD: 272.
async fn a_part_that_is_paid_takes_its_share_of_the_carrying_value(world: World) {
    thousand_euros(&world).await;
    save_rates(&world, json!([rate("EUR/USD", "2026-02-05", "1.06"), rate("EUR/USD", "2026-02-11", "1.00")])).await;
    let settled = settle(&world, "s1", "250", "265", "2026-02-05").await;
    assert_eq!((&settled["relieved"]["amount"], &settled["loss"]["amount"]), (&json!("272"), &json!("-7")), "a gain");
    assert_eq!(postings(&settled["entry"])[3], "CREDIT 7100 7 USD");
    assert_eq!(refusal(&settle(&world, "s2", "750.000000001", "750", "2026-02-11").await).0, "SETTLEMENT_EXCEEDS_OPEN");
    // 750 EUR are worth 750 USD and carried at 816: a gain of 66 that is not realised.
    let revalued = revalue(&world, "r1", "2026-02-11").await;
    let told = "SELECT count(*) FROM audit_event WHERE action IN ('exchange.settle', 'exchange.revalue')";
    assert_eq!(world.database.number(told).await, 2, "the settlement and the revaluation");
    assert_eq!(revalued["loss"]["amount"], "-66");
    assert_eq!(postings(&revalued["entry"]), ["DEBIT 2100 66 USD", "CREDIT 7110 66 USD"]);
    assert_eq!(translation(&world, "2026-02-11").await.1, "0");
    let rest = settle(&world, "s3", "750", "750", "2026-02-11").await;
    assert_eq!(rest["relieved"]["amount"], "816", "the realised difference counts from the first value, not from the revaluation");
    let open = "{ accruals(asOf: \"2026-02-11\") { rows { currency accrued reconciled open } } }";
    let accruals = world.graphql(open, json!({})).await;
    assert_eq!(accruals["accruals"]["rows"][0], json!({ "currency": "EUR", "accrued": "1000", "reconciled": "1000", "open": "0" }));
    world.assert_verified().await;
}

async fn a_second_revaluation_of_a_month_books_only_the_change(world: World) {
    thousand_euros(&world).await;
    // On the 20th: 1,000 EUR at 1.10 are 1,100; carried at 1,088.
    assert_eq!(revalue(&world, "r1", "2026-01-20").await["loss"]["amount"], "12");
    assert_eq!(revalue(&world, "r2", "2026-01-31").await["loss"]["amount"], "20", "up to 1,120");
    assert_eq!(translation(&world, "2026-01-31").await.1, "0");
    assert_eq!(revalue(&world, "r3", "2026-01-31").await["entry"], json!(null));
    let query = "{ trialBalance(asOf: \"2026-02-01\") { rows { account { code } currency balance } } }";
    let data = world.graphql(query, json!({})).await;
    let rows = data["trialBalance"]["rows"].as_array().unwrap();
    let unrealised = rows.iter().find(|row| row["account"]["code"] == "7110").unwrap();
    assert_eq!(unrealised["balance"], "0", "both are taken back on the first day of the next period");
}

async fn prepaid_credits_are_not_revalued(world: World) {
    report_in(&world, "USD", None).await;
    let providers = json!([{ "provider": "mistral", "settlement": "PREPAID" }]);
    world.save("saveProviders", "SaveProvidersInput", json!({ "providers": providers })).await;
    save_rates(&world, json!([rate("EUR/USD", "2026-01-05", "1.00"), rate("EUR/USD", "2026-01-12", "1.50")])).await;
    let buy = "mutation { purchaseCredits(input: { idempotencyKey: \"p\", provider: \"mistral\", amount: \"100\", currency: \"EUR\", purchasedOn: \"2026-01-05\",
        paidFrom: PAYABLE, reference: \"r\" }) { lot } }";
    world.graphql(buy, json!({})).await;
    // Only the payable is: 100 EUR carried at 100 are owed at 150.
    assert_eq!(postings(&revalue(&world, "r1", "2026-01-14").await["entry"]), ["CREDIT 2000 50 USD", "DEBIT 7110 50 USD"]);
    let (rows, difference) = translation(&world, "2026-01-14").await;
    assert_eq!((rows[0].as_str(), difference.as_str()), ("1300 EUR 100 TRANSACTION_DAYS 100", "0"));
}

async fn the_latest_recorded_rate_of_a_day_counts_and_earlier_ones_stay(world: World) {
    assert_eq!(save_rates(&world, json!([rate("EUR/USD", "2026-01-05", "1.08"), rate("GBP/USD", "2026-01-05", "1.3")])).await["added"], 2);
    let again = save_rates(&world, json!([rate("EUR/USD", "2026-01-05", "1.080")])).await;
    assert_eq!((&again["added"], &again["unchanged"]), (&json!(0), &json!(1)));
    save_rates(&world, json!([rate("EUR/USD", "2026-01-05", "1.09")])).await;
    let query = "query R($after: String, $first: Int) { exchangeRates(from: \"EUR\", after: $after, first: $first) { nodes { number to day rate source }
        pageInfo { hasNextPage endCursor } } }";
    let first = world.graphql(query, json!({ "first": 1 })).await["exchangeRates"].take();
    assert_eq!(first["nodes"], json!([{ "number": "1", "to": "USD", "day": "2026-01-05", "rate": "1.08", "source": "ECB" }]));
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let second = world.graphql(query, json!({ "first": 1, "after": first["pageInfo"]["endCursor"] })).await["exchangeRates"].take();
    assert_eq!((&second["nodes"][0]["rate"], &second["pageInfo"]["hasNextPage"]), (&json!("1.09"), &json!(false)));
    report_in(&world, "USD", None).await;
    world.book(&[cost("c1", "100", "EUR", "2026-01-05")]).await;
    assert_eq!(translation(&world, "2026-01-06").await.0[0], "2100 EUR -100 CLOSING -109");
    let refused = world.database.execute("UPDATE exchange_rate SET rate = '2'").await.unwrap_err();
    assert!(refused.contains("never changed"), "{refused}");
}

async fn a_rate_that_is_too_old_is_missing_and_the_other_direction_is_turned_over(world: World) {
    let as_of = "query T($asOf: Date!) { currencyTranslation(asOf: $asOf) { rows { translated rate { rate day source isInverse } } } }";
    let missing = async |day: &str| world.graphql_error(&world.admin, as_of, json!({ "asOf": day })).await;
    assert_eq!(missing("2026-01-05").await, "REPORTING_CURRENCY_MISSING");
    report_in(&world, "USD", None).await;
    world.book(&[cost("c1", "100", "EUR", "2026-01-05")]).await;
    assert_eq!(missing("2026-01-05").await, "RATE_MISSING");
    save_rates(&world, json!([rate("USD/EUR", "2026-01-05", "0.8")])).await;
    let used = world.graphql(as_of, json!({ "asOf": "2026-01-12" })).await["currencyTranslation"]["rows"][0].take();
    assert_eq!(used, json!({ "translated": "-125", "rate": { "rate": "0.8", "day": "2026-01-05", "source": "ECB", "isInverse": true } }));
    assert_eq!(missing("2026-01-13").await, "RATE_MISSING", "eight days old");
    assert_eq!(refusal(&revalue(&world, "r", "2026-01-13").await).0, "RATE_MISSING");
    assert_eq!(report_in(&world, "USD", Some(8)).await["settings"], json!({ "reportingCurrency": "USD", "rateDays": 8 }));
    assert_eq!(translation(&world, "2026-01-13").await.0[0], "2100 EUR -100 CLOSING -125");
    assert_eq!(refusal(&report_in(&world, "USD", Some(-1)).await), ("RANGE_INVALID".to_owned(), json!(["rateDays"])));
}

async fn what_is_no_rate_is_refused_in_its_place(world: World) {
    let good = rate("EUR/USD", "2026-01-05", "1.08");
    for (bad, code, field) in [
        (rate("EUR/EUR", "2026-01-05", "1"), "RATE_INVALID", "to"),
        (rate("EUR/USD", "2026-01-05", "0"), "RATE_INVALID", "rate"),
        (rate("EUR/USD", "2026-01-05", "1.0000000000001"), "RATE_INVALID", "rate"),
        (rate("EUR/USD", "2026-01-05", "1,08"), "AMOUNT_INVALID", "rate"),
        (rate("EUR/QQQ", "2026-01-05", "1"), "CURRENCY_UNKNOWN", "to"),
        (rate("EUR/USD", "05.01.2026", "1"), "DATE_INVALID", "day"),
        (rate("EUR/USD", "2026-03-01", "1"), "DATE_OUT_OF_RANGE", "day"),
    ] {
        let refused = save_rates(&world, json!([good, bad])).await;
        assert_eq!(refusal(&refused), (code.to_owned(), json!(["rates", "1", field])));
    }
    assert_eq!(world.database.number("SELECT count(*) FROM exchange_rate").await, 0, "all or nothing");
}

async fn rates_come_from_a_file_too(world: World) {
    use tallybook::app::exchange::{import_exchange_rates, read_rate_file};
    let file = "date,from,to,rate,source\n2026-01-05,EUR,USD,1.08,ECB\n2026-01-05,JPY,USD,0.0064,ECB\n";
    let rates = read_rate_file(file.as_bytes()).unwrap();
    let actor = tallybook::app::auth::Actor {
        subject: "ana".into(),
        issuer: "local".into(),
        books: "main".into(),
        roles: [Role::Admin].into_iter().collect(),
        scope: None,
        expires_at: chrono::DateTime::<chrono::Utc>::MAX_UTC,
        token_id: None,
        acting_for: None,
        request_id: None,
    };
    let saved = import_exchange_rates(&world.app, &actor, rates.clone()).await.unwrap();
    assert_eq!((saved.added, saved.unchanged), (2, 0));
    let saved = import_exchange_rates(&world.app, &actor, rates).await.unwrap();
    assert_eq!((saved.added, saved.unchanged), (0, 2));
    assert_eq!(world.database.number("SELECT count(*) FROM audit_event WHERE action = 'rates.save'").await, 1);
}

async fn the_reporting_currency_stays_once_differences_are_booked(world: World) {
    assert_eq!(report_in(&world, "EUR", None).await["settings"]["reportingCurrency"], "EUR");
    thousand_euros(&world).await;
    revalue(&world, "r1", "2026-01-31").await;
    assert_eq!(refusal(&report_in(&world, "EUR", None).await), ("REPORTING_CURRENCY_FIXED".to_owned(), json!(["currency"])));
    assert_eq!(report_in(&world, "USD", Some(3)).await["settings"]["rateDays"], 3, "the other setting may change");
    assert_eq!(world.database.number("SELECT count(*) FROM audit_event WHERE action = 'books.reporting-currency'").await, 3);
}

async fn what_is_no_settlement_is_refused(world: World) {
    thousand_euros(&world).await;
    let with = |field: &str, value: Value| {
        let mut input = json!({ "idempotencyKey": "s", "account": "2100", "provider": "mistral", "amount": "10", "currency": "EUR",
            "paidAmount": "11", "paidCurrency": "USD", "paidOn": "2026-01-21" });
        input[field] = value;
        input
    };
    for (field, value, code) in [
        ("account", json!("1300"), "ACCOUNT_NOT_SETTLED"),
        ("provider", json!("nobody"), "PROVIDER_UNKNOWN"),
        ("currency", json!("USD"), "CURRENCY_NOT_FOREIGN"),
        ("paidCurrency", json!("GBP"), "CURRENCY_NOT_FOREIGN"),
        ("amount", json!("1000.01"), "SETTLEMENT_EXCEEDS_OPEN"),
        ("paidAmount", json!("0"), "POSTING_NOT_POSITIVE"),
        ("paidOn", json!("2026-05-01"), "DATE_OUT_OF_RANGE"),
    ] {
        assert_eq!(refusal(&settle_with(&world, with(field, value)).await), (code.to_owned(), json!([field])));
    }
    // On the 6th only 600 EUR were owed; a later payment is not open on an earlier day either.
    assert_eq!(refusal(&settle(&world, "s", "601", "650", "2026-01-06").await).0, "SETTLEMENT_EXCEEDS_OPEN");
    assert_eq!(settle(&world, "s1", "900", "990", "2026-01-21").await["userErrors"], json!([]));
    assert_eq!(refusal(&settle(&world, "s2", "101", "110", "2026-01-06").await).0, "SETTLEMENT_EXCEEDS_OPEN");
    world.assert_verified().await;
}

async fn the_same_key_answers_with_the_first_receipt(world: World) {
    thousand_euros(&world).await;
    let first = revalue(&world, "k", "2026-01-31").await;
    let again = revalue(&world, "k", "2026-01-31").await;
    assert_eq!((&again["replayed"], &again["entry"], &again["loss"]), (&json!(true), &first["entry"], &first["loss"]));
    assert_eq!(refusal(&revalue(&world, "k", "2026-01-30").await).0, "IDEMPOTENCY_CONFLICT");
    let first = settle(&world, "k", "100", "110", "2026-01-21").await;
    let again = settle(&world, "k", "100", "110", "2026-01-21").await;
    assert_eq!((&again["replayed"], &again["entry"], &again["relieved"]), (&json!(true), &first["entry"], &first["relieved"]));
    assert_eq!(refusal(&settle(&world, "k", "100", "111", "2026-01-21").await).0, "IDEMPOTENCY_CONFLICT");
}

async fn who_may_do_what_with_rates(world: World) {
    let save = "mutation { saveExchangeRates(input: { rates: [] }) { added } }";
    let set = "mutation { setReportingCurrency(input: { currency: \"USD\" }) { settings { rateDays } } }";
    let read = "{ exchangeRates { nodes { number } } }";
    let may = async |role: Role, operation: &str| {
        let answer = world.post_graphql(&world.token("main", role, None), &json!({ "query": operation })).await;
        answer.json().get("errors").is_none()
    };
    assert_eq!([may(Role::Preparer, save).await, may(Role::Closer, save).await, may(Role::Analyst, save).await], [true, false, false]);
    assert_eq!([may(Role::Admin, set).await, may(Role::Closer, set).await], [true, false]);
    assert_eq!([may(Role::Analyst, read).await, may(Role::Viewer, read).await], [true, false]);
}
