//! Exports: independent programs accept the journal and arrive at the same balances.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use tallybook::app::auth::{Actor, Role, Scope};
use tallybook::app::export::{ExportFormat, export};
use tallybook::domain::chart::{Account, AccountClass};
use tallybook::domain::ids::{AccountId, ChargeNumber, EntryNumber};
use tallybook::domain::journal::{EntryKind, Side};
use tallybook::domain::money::{Amount, Currency};
use tallybook::domain::period::{Day, Moment};
use tallybook::export::{Beancount, Csv, Dimensions, Entry, Heading, Hledger, JournalWriter, Posting};

use crate::harness::{Engine, World, charge};
use crate::programs::python;

on_both_engines!(judges_accept_the_journal_and_agree_on_every_balance, books_without_entries_are_exported, a_limited_token_exports_nothing);

/// Account code and currency to the net balance, in units of 10^-9, debits above zero.
type Balances = BTreeMap<(String, String), i128>;

fn output_of(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn units(decimal: &str) -> i128 {
    let (negative, digits) = decimal.strip_prefix('-').map_or((false, decimal), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let value: i128 = format!("{whole}{fraction:0<9}").parse().unwrap_or_else(|_| panic!("`{decimal}` is no decimal"));
    if negative { -value } else { value }
}

/// `Expenses:5000-COGS-AI-inference` is account 5000.
fn code(account: &str) -> String {
    let part = account.rsplit(':').next().unwrap();
    part.split('-').next().unwrap().to_owned()
}

fn without_zeros(balances: Balances) -> Balances {
    balances.into_iter().filter(|(_, units)| *units != 0).collect()
}

/// What Beancount makes of the file: `bean-check` first, then its own loader.
fn judged_by_beancount(file: &Path) -> Balances {
    let check = python("bean-check");
    let said = output_of(Command::new(&check).arg("--no-cache").arg(file));
    assert_eq!(said.trim(), "", "bean-check");
    let script = "import sys, collections\nfrom beancount import loader\nfrom beancount.core.data import Transaction\n\
                  entries, errors, options = loader.load_file(sys.argv[1])\nassert not errors, errors\n\
                  sums = collections.defaultdict(int)\nimport decimal\ndecimal.getcontext().prec = 60\n\
                  for entry in entries:\n  if isinstance(entry, Transaction):\n    for posting in entry.postings:\n      \
                  sums[posting.account, posting.units.currency] += posting.units.number\n\
                  for (account, currency), number in sums.items(): print(account, currency, format(number, 'f'))\n";
    let said = output_of(Command::new(check.with_file_name("python3")).arg("-c").arg(script).arg(file));
    let mut balances = Balances::new();
    for line in said.lines() {
        let [account, currency, number] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        balances.insert((code(account), currency.to_owned()), units(number));
    }
    without_zeros(balances)
}

fn judged_by_hledger(file: &Path) -> Balances {
    let hledger = || {
        let mut command = Command::new("hledger");
        command.env("LANG", "C.UTF-8").env("LC_ALL", "C.UTF-8").arg("-f").arg(file);
        command
    };
    output_of(hledger().args(["check", "--strict"]));
    let said = output_of(hledger().args(["balance", "--flat", "--no-total", "--empty", "--layout=bare", "--output-format=csv"]));
    let mut balances = Balances::new();
    for row in csv::Reader::from_reader(said.as_bytes()).records().map(Result::unwrap) {
        balances.insert((code(&row[0]), row[1].to_owned()), units(&row[2]));
    }
    without_zeros(balances)
}

fn added_up_from_csv(file: &Path) -> Balances {
    let mut balances = Balances::new();
    let mut reader = csv::Reader::from_path(file).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|column| column == name).unwrap();
    let [account, currency, debit, credit] = ["account", "currency", "debit", "credit"].map(column);
    for row in reader.records().map(Result::unwrap) {
        let side = |column: usize| if row[column].is_empty() { 0 } else { units(&row[column]) };
        *balances.entry((row[account].to_owned(), row[currency].to_owned())).or_default() += side(debit) - side(credit);
    }
    without_zeros(balances)
}

/// Our own trial balance.
async fn ours(world: &World) -> Balances {
    let query = "{ trialBalance(asOf: \"2099-12-31\") { rows { account { code } currency debit credit } } }";
    let data = world.graphql(query, json!({})).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = data["trialBalance"]["rows"].as_array().unwrap();
    let row =
        |row: &Value| ((text(&row["account"]["code"]), text(&row["currency"])), units(&text(&row["debit"])) - units(&text(&row["credit"])));
    without_zeros(rows.iter().map(row).collect())
}

fn actor(scope: Option<Scope>) -> Actor {
    Actor {
        subject: "ana".into(),
        issuer: "tests".into(),
        books: "main".into(),
        roles: [Role::Analyst].into_iter().collect(),
        scope,
        expires_at: "2099-01-01T00:00:00Z".parse().unwrap(),
        token_id: None,
        acting_for: None,
        request_id: None,
    }
}

/// A directory that goes away with the test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str, engine: Engine) -> Self {
        let path = std::env::temp_dir().join(format!("tallybook_export_{name}_{engine:?}_{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    async fn export(&self, world: &World, format: ExportFormat, name: &str) -> PathBuf {
        let path = self.0.join(name);
        export(&world.app, &actor(None), format, std::fs::File::create(&path).unwrap()).await.unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _removed = std::fs::remove_dir_all(&self.0);
    }
}

const HOSTILE: &str = "\"; date:2020-01-01, [2020-02-02] \\ ' | ~ *!(x) \u{1f4b8} ;x:y  z";

/// Charges in three currencies, corrected in every way, with names that mean something to other programs.
async fn busy_books(world: &World) {
    world.save_centers("search", "assistant", "gear; \"peak\", inc: [x]").await;
    let account = json!({ "code": "6100", "name": format!("Hostile {HOSTILE}"), "class": "OPERATING_EXPENSE" });
    world.save("saveAccounts", "SaveAccountsInput", json!({ "accounts": [account] })).await;
    for (model, currency, amount) in [("euro-1", "EUR", "3.333333"), ("yen-1", "JPY", "777.77")] {
        for meter in ["input_tokens", "output_tokens"] {
            world
                .save_price_line(json!({ "provider": "openai", "model": model, "meter": meter, "per": "1000000", "amount": amount,
                    "currency": currency, "effectiveFrom": "2026-01-01T00:00:00Z" }))
                .await;
        }
    }
    let mut charges = Vec::new();
    for number in 0..30 {
        let day = format!("2026-01-{:02}T10:00:00Z", number % 12 + 1);
        let model = ["gpt-4o", "euro-1", "yen-1"][number % 3];
        let call = charge(&format!("c{number}")).model("openai", model).tokens(1201 + 7 * number as i64, 351).on(&day);
        charges.push(match number % 4 {
            0 => call.team("search"),
            1 => call.client("gear; \"peak\", inc: [x]").feature(HOSTILE),
            2 => call.project("assistant").feature("a\\b"),
            _ => call,
        });
    }
    world.book(&charges).await;
    let reverse = "mutation R($input: ReverseJournalEntryInput!) { reverseJournalEntry(input: $input) { userErrors { code message } } }";
    for number in [2, 3, 7] {
        let input = json!({ "idempotencyKey": format!("k{number}"), "number": number, "effectiveOn": "2026-01-14", "reason": HOSTILE });
        let answer = world.graphql(reverse, json!({ "input": input })).await;
        assert_eq!(answer["reverseJournalEntry"]["userErrors"], json!([]));
    }
    world.save_price("openai", "gpt-4o", "output_tokens", "12.00").await;
    let rerate = "mutation { rerateCharges(input: { from: \"2026-01-01T00:00:00Z\", to: \"2026-02-01T00:00:00Z\" }) { adjusted } }";
    assert!(world.graphql(rerate, json!({})).await["rerateCharges"]["adjusted"].as_i64().unwrap() > 0);
    let center = json!({ "kind": "TEAM", "code": "unknown-yet", "name": "Late" });
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": [center] })).await;
    let rule = json!({ "code": "late", "order": 1, "conditions": [{ "on": "MODEL", "pattern": "yen-*" }], "team": "unknown-yet" });
    world.save("saveAttributionRules", "SaveAttributionRulesInput", json!({ "attributionRules": [rule] })).await;
    let move_them = "mutation { reattributeCharges(input: { from: \"2026-01-01\", to: \"2026-02-01\" }) { moved } }";
    assert!(world.graphql(move_them, json!({})).await["reattributeCharges"]["moved"].as_i64().unwrap() > 0);
}

async fn judges_accept_the_journal_and_agree_on_every_balance(world: World) {
    busy_books(&world).await;
    let expected = ours(&world).await;
    assert_eq!(expected.keys().map(|(_, currency)| currency.as_str()).collect::<std::collections::BTreeSet<_>>().len(), 3);
    let directory = Directory::new("busy", world.database.engine());
    assert_eq!(judged_by_beancount(&directory.export(&world, ExportFormat::Beancount, "books.beancount").await), expected);
    assert_eq!(judged_by_hledger(&directory.export(&world, ExportFormat::Hledger, "books.journal").await), expected);
    assert_eq!(added_up_from_csv(&directory.export(&world, ExportFormat::Csv, "books.csv").await), expected);
    // The command writes the same bytes.
    let said = output_of(
        Command::new(env!("CARGO_BIN_EXE_tallybook"))
            .args(["export", "beancount", "--books", "main", "--database-url", &world.database.url(), "--output"])
            .arg(directory.0.join("again.beancount")),
    );
    assert!(said.contains("entries written to"), "{said}");
    let read = |name: &str| std::fs::read_to_string(directory.0.join(name)).unwrap();
    assert_eq!(read("again.beancount"), read("books.beancount"));
    assert!(read("books.beancount").contains("\n2026-01-14 * \"REVERSAL\" "));
}

async fn books_without_entries_are_exported(world: World) {
    let directory = Directory::new("empty", world.database.engine());
    assert_eq!(judged_by_beancount(&directory.export(&world, ExportFormat::Beancount, "books.beancount").await), Balances::new());
    assert_eq!(judged_by_hledger(&directory.export(&world, ExportFormat::Hledger, "books.journal").await), Balances::new());
    assert_eq!(added_up_from_csv(&directory.export(&world, ExportFormat::Csv, "books.csv").await), Balances::new());
}

async fn a_limited_token_exports_nothing(world: World) {
    let limited = actor(Some(Scope { teams: ["search".to_owned()].into(), ..Scope::default() }));
    let refused = export(&world.app, &limited, ExportFormat::Csv, Vec::new()).await.unwrap_err();
    assert!(refused.to_string().contains("EXPORT"), "{refused}");
}

/// Texts that no door lets in today, such as line ends, amounts at the edge of what the ledger holds, and an entry in two currencies.
fn written_by_hand<'a>(writer: &mut (dyn JournalWriter + 'a)) {
    let account = |id, code: &str, name: &str, class| Account {
        id: AccountId(id),
        code: code.into(),
        name: name.into(),
        class,
        parent: None,
        is_contra: false,
    };
    let (dollars, yen) = (Currency::USD, Currency::parse("JPY").unwrap());
    let heading = Heading {
        books: "main \"\n2020-01-01 open x".into(),
        through: EntryNumber(2),
        accounts: vec![
            account(1, "5000", "cost\n  ; \"x", AccountClass::CostOfRevenue),
            account(2, "2100", "\u{00c9}crue  d;", AccountClass::Liability),
        ],
        currencies: vec![yen, dollars],
    };
    writer.begin(&heading).unwrap();
    for number in [1, 2] {
        let line = |line, side, units, currency, account| Posting {
            line,
            side,
            money: Amount::from_units(units).with(currency),
            account: AccountId(account),
            dimensions: Dimensions { feature: Some(Arc::from(format!("a\n2020-01-01 x{HOSTILE}"))), ..Dimensions::default() },
        };
        let entry = Entry {
            number: EntryNumber(number),
            kind: EntryKind::Manual,
            effective_on: Day(20_467 + number as i32),
            service_on: Some(Day(20_400)),
            recorded_at: Moment(1_768_478_400_000_000),
            charge: Some(ChargeNumber(7)),
            corrects: (number == 2).then_some(EntryNumber(1)),
            memo: Some(format!("one\r\ntwo\ttab\u{7}\u{2028}{HOSTILE}")),
            postings: vec![
                line(1, Side::Debit, i64::MAX, dollars, 1),
                line(2, Side::Credit, i64::MAX, dollars, 2),
                line(3, Side::Debit, 1, yen, 2),
                line(4, Side::Credit, 1, yen, 1),
            ],
        };
        writer.entry(&entry).unwrap();
    }
    writer.end().unwrap();
}

#[test]
fn hostile_texts_and_the_largest_amounts_pass_through_the_judges() {
    let directory = Directory::new("hand", Engine::Sqlite);
    let file = |name: &str| directory.0.join(name);
    written_by_hand(&mut Beancount::new(std::fs::File::create(file("books.beancount")).unwrap()));
    written_by_hand(&mut Hledger::new(std::fs::File::create(file("books.journal")).unwrap()));
    written_by_hand(&mut Csv::new(std::fs::File::create(file("books.csv")).unwrap()));
    let largest = 2 * i128::from(i64::MAX);
    let key = |account: &str, currency: &str| (account.to_owned(), currency.to_owned());
    // Two ledger units of yen are 2 / 10^7.
    let expected = Balances::from([
        (key("5000", "USD"), largest),
        (key("2100", "USD"), -largest),
        (key("2100", "JPY"), 200),
        (key("5000", "JPY"), -200),
    ]);
    assert_eq!(judged_by_beancount(&file("books.beancount")), expected);
    assert_eq!(judged_by_hledger(&file("books.journal")), expected);
    assert_eq!(added_up_from_csv(&file("books.csv")), expected);
}
