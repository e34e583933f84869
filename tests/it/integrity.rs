//! Tamper evidence through its doors: the tree, proofs, signed checkpoints, and a check that needs no database.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tallybook::app::auth::{Actor, Role};
use tallybook::app::integrity::{SigningKey, check_export, export_jsonl, leaf_hash, sha256, sign_checkpoint};
use tallybook::domain::integrity::{Hash, TreeHead, verify_consistency, verify_inclusion};

use crate::harness::{Engine, World, charge};

on_both_engines!(
    proofs_lead_from_every_entry_to_the_root,
    a_checkpoint_is_signed_once_and_holds_for_ever,
    an_export_is_checked_without_a_database,
    every_flipped_column_of_the_journal_is_named,
    a_forged_history_breaks_with_the_signed_checkpoint,
    the_tree_grows_over_entries_that_were_not_sealed,
);

/// More than one stored subtree of 256 entries, and a few entries beside.
const ENTRIES: usize = 600;

async fn fill(world: &World, from: usize, to: usize) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let charges: Vec<_> = (from..to).map(|number| charge(&format!("c{number}")).team("search").tokens(1_000 + number as i64, 10)).collect();
    world.book(&charges).await;
}

fn admin(world: &World) -> Actor {
    Actor {
        subject: "auditor".to_owned(),
        issuer: "test".to_owned(),
        books: "main".to_owned(),
        roles: [Role::Admin].into_iter().collect(),
        scope: None,
        expires_at: world.clock.now() + chrono::TimeDelta::days(1),
        token_id: None,
        acting_for: None,
        request_id: None,
    }
}

fn hash(value: &Value) -> Hash {
    Hash::parse(value.as_str().unwrap()).unwrap()
}

fn path(value: &Value) -> Vec<Hash> {
    value["path"].as_array().unwrap().iter().map(hash).collect()
}

fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

/// A file in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn exported(world: &World) -> String {
    let memory = Memory::default();
    export_jsonl(&world.app, &admin(world), memory.clone()).await.unwrap();
    let bytes = memory.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

async fn proofs_lead_from_every_entry_to_the_root(world: World) {
    fill(&world, 0, ENTRIES).await;
    let integrity =
        world.graphql("{ integrity { throughEntry treeSize rootHash checkpoint signed } }", json!({})).await["integrity"].take();
    assert_eq!((number(&integrity["throughEntry"]), integrity["signed"].as_bool()), (ENTRIES as u64, Some(false)));
    assert!(integrity["checkpoint"].as_str().unwrap().starts_with("tallybook/main\n600\n"), "{integrity}");
    let inclusion = "query($entry: BigInt!, $size: BigInt) { inclusionProof(entry: $entry, treeSize: $size) { leafIndex treeSize rootHash leafHash canonical path } }";
    for (entry, size) in [(1, None), (256, None), (257, Some(300)), (600, None), (513, Some(513))] {
        let proof = world.graphql(inclusion, json!({ "entry": entry, "size": size })).await["inclusionProof"].take();
        let leaf = leaf_hash(proof["canonical"].as_str().unwrap());
        assert_eq!(leaf, hash(&proof["leafHash"]));
        let (index, tree, root) = (number(&proof["leafIndex"]), number(&proof["treeSize"]), hash(&proof["rootHash"]));
        assert!(verify_inclusion(sha256, leaf, index, tree, &path(&proof), &root), "{entry} of {size:?}");
        assert!(!verify_inclusion(sha256, leaf_hash("another"), index, tree, &path(&proof), &root));
        if size.is_none() {
            assert_eq!(root, hash(&integrity["rootHash"]));
        }
    }
    let consistency = "query($from: BigInt!) { consistencyProof(from: $from) { fromSize fromRootHash toSize toRootHash path } }";
    for from in [1, 255, 256, 300, 512, 600] {
        let proof = world.graphql(consistency, json!({ "from": from })).await["consistencyProof"].take();
        let head = |size: &str, root: &str| TreeHead { size: number(&proof[size]), root: hash(&proof[root]) };
        let (first, second) = (head("fromSize", "fromRootHash"), head("toSize", "toRootHash"));
        assert!(verify_consistency(sha256, first, second, &path(&proof)), "from {from}");
    }
    assert_eq!(world.graphql_error(&world.admin, inclusion, json!({ "entry": 601 })).await, "ENTRY_NOT_FOUND");
    assert_eq!(world.graphql_error(&world.admin, consistency, json!({ "from": 0 })).await, "RANGE_INVALID");
}

async fn a_checkpoint_is_signed_once_and_holds_for_ever(world: World) {
    fill(&world, 0, 3).await;
    let key = || SigningKey::parse("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").unwrap();
    let first = sign_checkpoint(&world.app, &admin(&world), key()).await.unwrap();
    let head = key().verifier().open(&first).unwrap();
    assert_eq!(head.size, 3);
    assert_eq!(sign_checkpoint(&world.app, &admin(&world), key()).await.unwrap(), first, "the same tree is signed once");
    let shown = world.graphql("{ integrity { rootHash checkpoint signed } }", json!({})).await["integrity"].take();
    assert_eq!((shown["checkpoint"].as_str(), shown["signed"].as_bool()), (Some(first.as_str()), Some(true)));
    assert_eq!(hash(&shown["rootHash"]), head.root);
    fill(&world, 3, 7).await;
    let consistency = world.graphql("{ consistencyProof(from: 3) { toSize toRootHash path } }", json!({})).await["consistencyProof"].take();
    let now = TreeHead { size: number(&consistency["toSize"]), root: hash(&consistency["toRootHash"]) };
    assert!(verify_consistency(sha256, head, now, &path(&consistency)), "the tree of now begins with the signed one");
    world.assert_verified().await;
    for guarded in ["UPDATE checkpoint SET root = 'x'", "DELETE FROM checkpoint"] {
        assert!(world.database.execute(guarded).await.is_err(), "{guarded}");
    }
}

async fn an_export_is_checked_without_a_database(world: World) {
    fill(&world, 0, 5).await;
    let query = "mutation { reverseJournalEntry(input: { idempotencyKey: \"r\", number: 2, effectiveOn: \"2026-01-09\", reason: \"sent \\\"twice\\\"\\n\\tby us\" }) { userErrors { code } } }";
    world.graphql(query, json!({})).await;
    let root = world.graphql("{ integrity { rootHash } }", json!({})).await["integrity"]["rootHash"].take();
    let file = exported(&world).await;
    let check = check_export(file.as_bytes(), 4).unwrap();
    assert_eq!((check.tree.size, check.tree.root, check.faults), (6, hash(&root), Vec::new()));
    assert_eq!(check.at_checkpoint.unwrap().size, 4);
    for line in file.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
    let first_amount = file.find("\"D\",\"0.").unwrap() + 7;
    let mut changed = file.clone().into_bytes();
    changed[first_amount] = if changed[first_amount] == b'9' { b'8' } else { changed[first_amount] + 1 };
    let check = check_export(changed.as_slice(), 4).unwrap();
    assert_ne!(check.tree.root, hash(&root));
    assert_eq!(check.faults, ["entry 1 does not balance"]);
    let without_third: String =
        file.lines().filter(|line| !line.contains("\"tallybook/entry/1\",3,")).map(|line| format!("{line}\n")).collect();
    let check = check_export(without_third.as_bytes(), 4).unwrap();
    assert!(check.faults[0].contains("entry 3 is missing"), "{:?}", check.faults);
}

/// Takes every guard away and lets `sql` run.
async fn force(world: &World, sql: &str) {
    let tables = ["journal_entry", "posting", "coding_block", "interned_name", "tree_node", "checkpoint"];
    let guards: String = match world.database.engine() {
        Engine::Sqlite => tables
            .iter()
            .map(|table| format!("DROP TRIGGER IF EXISTS {table}_no_update; DROP TRIGGER IF EXISTS {table}_no_delete; "))
            .collect(),
        Engine::Postgres => tables.iter().map(|table| format!("DROP TRIGGER IF EXISTS {table}_no_change ON {table}; ")).collect(),
    };
    world.database.execute(&format!("{guards}{sql}")).await.unwrap();
}

async fn every_flipped_column_of_the_journal_is_named(world: World) {
    fill(&world, 0, 3).await;
    let query = "mutation { reverseJournalEntry(input: { idempotencyKey: \"r\", number: 2, effectiveOn: \"2026-01-09\", reason: \"twice\" }) { userErrors { code } } }";
    world.graphql(query, json!({})).await;
    world.assert_verified().await;
    let of_entry = ["kind", "effective_on", "recorded_at", "charge_id", "corrects", "mark"];
    let mut flips: Vec<(String, String)> = of_entry
        .iter()
        .map(|column| {
            let set = |by: &str| format!("UPDATE journal_entry SET {column} = {column} {by} 1 WHERE number = 4");
            (set("+"), set("-"))
        })
        .collect();
    flips.push((
        "UPDATE journal_entry SET memo = 'twicf' WHERE number = 4".into(),
        "UPDATE journal_entry SET memo = 'twice' WHERE number = 4".into(),
    ));
    flips.push((
        "UPDATE journal_entry SET service_on = 5 WHERE number = 4".into(),
        "UPDATE journal_entry SET service_on = NULL WHERE number = 4".into(),
    ));
    for column in ["amount", "currency_id", "block_id"] {
        let set = |by: &str| format!("UPDATE posting SET {column} = {column} {by} 1 WHERE entry_number = 4 AND line = 1");
        flips.push((set("+"), set("-")));
    }
    let swap = "UPDATE posting SET side = 3 - side WHERE entry_number = 4".to_owned();
    flips.push((swap.clone(), swap));
    for column in ["account_id", "team_id", "project_id", "client_id", "feature_id", "provider_id", "model_id", "environment_id"] {
        let set = |by: &str| {
            format!(
                "UPDATE coding_block SET {column} = {column} {by} 1 WHERE id = (SELECT block_id FROM posting WHERE entry_number = 4 AND line = 2)"
            )
        };
        flips.push((set("+"), set("-")));
    }
    flips.push((
        "UPDATE interned_name SET name = 'gpt-4p' WHERE name = 'gpt-4o'".into(),
        "UPDATE interned_name SET name = 'gpt-4o' WHERE name = 'gpt-4p'".into(),
    ));
    for (flip, back) in flips {
        force(&world, &flip).await;
        let faults = world.faults().await;
        let named = faults.iter().any(|fault| fault.contains("entry 4 is not what was sealed"));
        assert!(named, "{flip}\n{faults:#?}");
        world.database.execute(&back).await.unwrap();
    }
    world.assert_verified().await;
}

/// Whoever changes an entry, its mark and the tree alike is still caught by what was signed before.
async fn a_forged_history_breaks_with_the_signed_checkpoint(world: World) {
    fill(&world, 0, 2).await;
    let key = SigningKey::generate("ledger.example.com/main").unwrap();
    let note = sign_checkpoint(&world.app, &admin(&world), key).await.unwrap();
    force(&world, "UPDATE journal_entry SET mark = NULL, recorded_at = recorded_at + 1 WHERE number = 1; UPDATE books_head SET tree_size = 0, tree_peaks = ''").await;
    // The program itself grows the tree anew over the changed entries.
    let forged = world.second_process().await;
    forged.graphql("{ integrity { treeSize } }", json!({})).await;
    fill(&forged, 2, 3).await;
    let faults = forged.faults().await;
    assert_eq!(faults.iter().filter(|fault| fault.contains("signed over other entries")).count(), 1, "{faults:#?}");
    assert_eq!(faults.len(), 1, "nothing else shows it: {faults:#?}\n{note}");
}

async fn tree(world: &World) -> Value {
    world.graphql("{ integrity { treeSize rootHash } }", json!({})).await
}

async fn the_tree_grows_over_entries_that_were_not_sealed(world: World) {
    fill(&world, 0, ENTRIES).await;
    let sealed = tree(&world).await;
    force(&world, "UPDATE journal_entry SET mark = NULL; DELETE FROM tree_node; UPDATE books_head SET tree_size = 0, tree_peaks = ''")
        .await;
    let upgraded = world.second_process().await;
    assert_eq!(tree(&upgraded).await, sealed);
    upgraded.assert_verified().await;
}
