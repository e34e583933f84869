//! Commands run as a process of their own, beside the service on the same database.

use std::process::{Command, Output};

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use crate::harness::{World, charge};

on_both_engines!(months_are_listed_closed_and_reopened_by_two_persons, the_audit_log_is_exported_as_it_is_queried);

/// Runs the program as a user of the operating system.
fn run(world: &World, user: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallybook"));
    command.env("USER", user).args(arguments).args(["--books", "main", "--database-url", &world.database.url()]).output().unwrap()
}

/// The exit code and everything that was said.
fn said(world: &World, user: &str, arguments: &[&str]) -> (i32, String) {
    let output = run(world, user, arguments);
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.code().unwrap(), text)
}

async fn months_are_listed_closed_and_reopened_by_two_persons(world: World) {
    world.book(&[charge("a")]).await;
    let periods = |user: &str, arguments: &[&str]| said(&world, user, &[&["periods"], arguments].concat());
    let (code, text) = periods("pia", &["list", "--fiscal-year", "2026"]);
    assert_eq!((code, text.lines().next(), text.lines().count()), (0, Some("2026-01 OPEN"), 12), "{text}");
    let (code, text) = periods("pia", &["checklist", "2026-01"]);
    assert!(code == 3 && text.contains("OPEN ACCRUALS_REVIEWED") && text.contains("ok   TRIAL_BALANCE"), "{code} {text}");
    let (code, text) = periods("pia", &["close", "2026-01"]);
    assert!(code == 1 && text.contains("CHECKLIST_OPEN"), "{code} {text}");
    let (code, text) = periods("pia", &["close", "2026-01", "--status", "soft-closed"]);
    assert!(code == 0 && text.starts_with("2026-01 SOFT_CLOSED"), "{code} {text}");
    let (code, text) = periods("pia", &["close", "2026-01", "--accept-open-items", "reviewed on paper"]);
    assert_eq!((code, text.as_str()), (0, "2026-01 CLOSED, closed through entry 1\n"));
    let (code, text) = periods("pia", &["approve-reopening", "2026-01", "--reason", "an invoice"]);
    assert!(code == 1 && text.contains("REOPENING_NOT_REQUESTED"), "{code} {text}");
    let (code, text) = periods("pia", &["reopen", "2026-01", "--reason", "an invoice"]);
    assert!(code == 0 && text.contains("local:pia asks to reopen it: an invoice"), "{code} {text}");
    let (code, text) = periods("pia", &["approve-reopening", "2026-01", "--reason", "agreed"]);
    assert!(code == 1 && text.contains("SAME_PERSON"), "{code} {text}");
    let (code, text) = periods("otto", &["approve-reopening", "2026-01", "--reason", "agreed"]);
    assert!(code == 0 && text.starts_with("2026-01 OPEN"), "{code} {text}");
    // What is no month, and what is no word of the command.
    let (code, text) = periods("pia", &["close", "January"]);
    assert!(code == 1 && text.contains("DATE_INVALID"), "{code} {text}");
    assert_eq!(periods("pia", &["close", "2026-01", "--status", "open"]).0, 2);
    assert_eq!(periods("pia", &["reopen", "2026-01"]).0, 2);
    world.assert_verified().await;
}

async fn the_audit_log_is_exported_as_it_is_queried(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let agent = world.token_acting("pia", "agent-7", Role::Admin);
    let save =
        "mutation { saveCostCenters(input: { costCenters: [{ kind: TEAM, code: \"ads\", name: \"Ads\" }] }) { userErrors { code } } }";
    world.graphql_as(&agent, save, json!({})).await;
    let query = "{ auditEvents { nodes { number action object subject actingFor recordedAt } } }";
    let data = world.graphql(query, json!({})).await;
    let queried = data["auditEvents"]["nodes"].as_array().unwrap().clone();
    let file = std::env::temp_dir().join(format!("tallybook-audit-{}-{:?}.jsonl", std::process::id(), world.database.engine()));
    let path = file.to_str().unwrap();
    let (code, text) = said(&world, "pia", &["audit", "export", "--output", path]);
    assert!(code == 0 && text.starts_with(&format!("{} events written", queried.len())), "{code} {text}");
    let written: Vec<Value> = std::fs::read_to_string(&file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let key = |event: &Value, number: String| {
        format!("{number} {} {} {} {}", event["action"], event["object"], event["subject"], event["actingFor"])
    };
    let of_file: Vec<String> = written.iter().map(|event| key(event, event["number"].to_string())).collect();
    let of_query: Vec<String> = queried.iter().map(|event| key(event, event["number"].as_str().unwrap().to_owned())).collect();
    assert_eq!(of_file, of_query);
    assert!(of_file.iter().any(|line| line.ends_with("\"agent-7\" \"pia\"")), "{of_file:?}");
    assert!(written.iter().all(|event| event["after"].is_object() || event["after"].is_null()));
    // The range is half open: everything was recorded at noon of 15 January.
    for (from, to, count) in [("2026-01-15T12:00:00Z", "2026-01-16", queried.len()), ("2026-01-14", "2026-01-15T12:00:00Z", 0)] {
        let (code, _) = said(&world, "pia", &["audit", "export", "--from", from, "--to", to, "--output", path]);
        assert_eq!((code, std::fs::read_to_string(&file).unwrap().lines().count()), (0, count), "{from} {to}");
    }
    let (code, text) = said(&world, "pia", &["audit", "export", "--output", "/nowhere/at/all.jsonl"]);
    assert!(code == 1 && text.contains("cannot be written"), "{code} {text}");
    std::fs::remove_file(file).unwrap();
}
