//! The layout test must be able to fail: each snippet breaks (or keeps) one rule, and the verdict is given.

use crate::check::{self, File};

const DOC: &str = "//! Purpose.\n";

/// What the check says of one file: `line rule`, or nothing.
fn verdict(path: &str, code: &str) -> Vec<String> {
    let text = if path.starts_with("src/") { format!("{DOC}{code}") } else { format!("\n{code}") };
    verdict_of(&[(path, &text)])
}

fn verdict_of(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<File> = files.iter().map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() }).collect();
    check::check(&files, &[]).iter().map(|v| format!("{} {}", v.line, v.rule)).collect()
}

fn refused(path: &str, code: &str, expected: &[&str]) {
    assert_eq!(verdict(path, code), expected, "{path}: {code}");
}

fn allowed(path: &str, code: &str) {
    refused(path, code, &[]);
}

#[test]
fn the_pure_floor_imports_nothing_above_it() {
    for code in [
        "use crate::store::postings;",
        "use crate::{domain::money, app::clock};",
        "use super::super::super::store::x;",
        "fn f() { crate::store::x(); }",
        "fn f() -> tallybook::app::X { todo() }",
        "use sea_orm::Value;",
        "fn f() { let x = sea_orm::Value::from(1); }",
        "fn f() { ::tokio::spawn(g()); }",
        "#[derive(async_graphql::SimpleObject)] struct A;",
        "#[tracing::instrument] fn f() {}",
        "fn f() { tracing::info!(\"x\"); }",
        "use rand::Rng as _;",
        "extern crate axum;",
        "use crate as root;",
        "use crate::*;",
        "use {crate::config::Config};",
        "fn f(x: impl Fn() -> <A as entity::B>::C) {}",
        "mod inner { use super::super::super::super::store::x; }",
        "macro_rules! m { () => { $crate::store::x() } }",
    ] {
        refused("src/domain/rating/rate.rs", code, &["2 floor"]);
    }
    allowed(
        "src/domain/rating/rate.rs",
        "use super::super::money::Money;\nuse crate::domain::{ids::BooksId, period};\nuse rust_decimal::Decimal;\n\
         use std::collections::BTreeMap;\nuse chrono::NaiveDate;\npub(crate) fn f() -> Option<serde::de::Error> { None }\n\
         fn g() { period::a(); Self::b(); Decimal::ONE.c(); }",
    );
    // A module of ours that is called like a crate.
    allowed("src/domain/rating/mod.rs", "mod csv;\nfn f() { csv::parse(); }");
}

#[test]
fn the_pure_floor_has_no_clock_no_io_and_does_not_wait() {
    for code in [
        "async fn f() {}",
        "fn f() { g().await; }",
        "use chrono::Utc;\nfn f() { Utc::now(); }",
        "fn f() { chrono::Utc::now(); }",
        "use std::time::Instant;",
        "fn f() { std::time::SystemTime::now(); }",
        "use std::fs;",
        "fn f() { std::env::var(\"x\"); }",
        "fn f() { println!(\"x\"); }",
    ] {
        let line = if code.contains('\n') { "3 banned word" } else { "2 banned word" };
        refused("src/domain/report/x.rs", code, &[line]);
    }
    allowed("src/domain/report/x.rs", "use chrono::{DateTime, Utc};\nfn f(now: DateTime<Utc>) {}");
}

#[test]
fn the_ledger_knows_neither_usage_nor_rating() {
    for code in [
        "use crate::domain::usage::Charge;",
        "use super::super::rating;",
        "use crate::domain::{money, rating::rate};",
        "use crate::domain;",
        "use crate::domain::*;",
        "fn f() { crate::domain::allocation::x(); }",
    ] {
        refused("src/domain/journal/decide.rs", code, &["2 journal"]);
    }
    allowed("src/domain/journal/decide.rs", "use super::entry::Entry;\nuse crate::domain::{chart, money::Money, rejection};");
    allowed("src/domain/journal/decide.rs", "pub(in crate::domain) fn f() {}");
    allowed("src/domain/rating/rate.rs", "use crate::domain::journal::Entry;");
}

#[test]
fn codecs_open_nothing() {
    for code in ["fn f() { File::open(p); }", "use std::fs::File;", "use tokio::net::TcpStream;"] {
        refused("src/import/csv.rs", code, &["2 banned word"]);
    }
    refused("src/export/csv.rs", "use crate::store::x;", &["2 floor"]);
    refused("src/import/csv.rs", "use crate::app::x;", &["2 floor"]);
    allowed("src/import/csv.rs", "use csv::Reader;\nuse std::io::Read;\nuse crate::domain::usage::Charge;\nuse flate2::read::GzDecoder;");
}

#[test]
fn each_floor_keeps_to_its_own() {
    for (path, code) in [
        ("src/store/posting.rs", "use crate::app::x;"),
        ("src/store/posting.rs", "use axum::Json;"),
        ("src/app/record.rs", "use sea_orm::ConnectionTrait;"),
        ("src/app/record.rs", "fn f(row: entity::posting::Model) {}"),
        ("src/app/record.rs", "use rusqlite::Connection;"),
        ("src/app/record.rs", "use crate::graphql::x;"),
        ("src/app/record.rs", "use async_graphql::Context;"),
        ("src/graphql/query.rs", "use crate::store::x;"),
        ("src/graphql/query.rs", "use crate::http::x;"),
        ("src/graphql/query.rs", "use axum::Json;"),
        ("src/http/charges.rs", "use sqlx::Row;"),
        ("src/http/charges.rs", "use crate::jobs::x;"),
        ("src/web/page.rs", "use crate::graphql::x;"),
        ("src/jobs/nightly.rs", "use crate::cli::x;"),
        ("src/cli/serve.rs", "use crate::graphql::types;"),
        ("src/cli/serve.rs", "use migration::Migrator;"),
        ("src/helpers/x.rs", ""),
        ("src/helpers.rs", ""),
    ] {
        let line = if code.is_empty() { "1 floor" } else { "2 floor" };
        refused(path, code, &[line]);
    }
    for (path, code) in [
        ("src/store/posting.rs", "use entity::posting;\nuse sea_orm::EntityTrait;\nuse rusqlite::Connection;\nuse sqlx::Row;"),
        ("src/app/record.rs", "use crate::{domain::ids, store, import::csv};\nuse tokio::sync::mpsc;\nuse tracing::instrument;"),
        ("src/http/mod.rs", "use axum::Router;\nuse crate::{graphql, web, app};"),
        ("src/cli/serve.rs", "use clap::Args;\nuse crate::{http, jobs, app, config};"),
        ("src/cli/schema.rs", "fn f() { crate::graphql::sdl(); }"),
        ("src/main.rs", "use sea_orm::X;\nuse tallybook::store;"),
        ("src/config.rs", "use figment::Figment;"),
    ] {
        allowed(path, code);
    }
}

#[test]
fn members_stay_apart() {
    refused("migration/src/m1.rs", "use entity::posting;", &["2 workspace member"]);
    refused("migration/src/m1.rs", "fn f() { entity::posting::x(); }", &["2 workspace member"]);
    refused("entity/src/posting.rs", "use serde::Serialize as S;", &["2 banned word", "2 workspace member"]);
    refused("entity/src/posting.rs", "#[derive(Clone, Serialize)] struct A;", &["2 banned word"]);
    allowed("entity/src/posting.rs", "use sea_orm::entity::prelude::*;\n#[sea_orm::model] struct A;");
    let manifest = "[package]\nname = \"x\"\n[dependencies]\nentity = { path = \"../entity\" }\nserde.workspace = true\n";
    assert_eq!(verdict_of(&[("migration/Cargo.toml", manifest)]), ["1 workspace member"]);
    assert_eq!(verdict_of(&[("entity/Cargo.toml", manifest)]), ["1 workspace member"]);
    assert_eq!(verdict_of(&[("migration/Cargo.toml", "[dependencies.entity]\npath = \"x\"\n")]), ["1 workspace member"]);
}

#[test]
fn comments_strings_and_tests_are_not_code() {
    allowed("src/domain/x.rs", "// use crate::store::x;\n/* sea_orm::A /* nested */ axum::B */\n/// [`crate::app::x`]\nfn f() {}");
    allowed("src/domain/x.rs", "const A: &str = \"use crate::store; \\\" sea_orm::x\";\nconst B: &str = r#\"axum::\"x\" y\"#;");
    allowed("src/domain/x.rs", "fn f<'a>(x: &'a str) -> char { '\"' }\nfn g() -> u8 { b'\\'' }");
    allowed("src/domain/x.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::store::x;\n    fn g() { todo!() }\n}");
    allowed("src/domain/x.rs", "#[cfg(test)]\nuse crate::store::x;\n#[cfg(test)]\n#[path = \"y\"]\nfn g() { dbg!(1); }");
    // Behind a literal or a test, code is code again.
    refused("src/domain/x.rs", "const A: char = '\"'; use axum::B;", &["2 floor"]);
    refused("src/domain/x.rs", "fn f<'a>(x: &'a str) { axum::b('x') }", &["2 floor"]);
    refused("src/domain/x.rs", "const A: &str = r##\"a\"# \"##; use axum::B;", &["2 floor"]);
    refused("src/domain/x.rs", "const A: &str = \"\n\n\";\nuse axum::B;", &["5 floor"]);
    refused("src/domain/x.rs", "#[cfg(test)]\nmod tests { fn a() {} }\nuse axum::B;", &["4 floor"]);
    refused("src/domain/x.rs", "#[cfg(not(test))]\nuse axum::B;", &["3 floor"]);
    refused("src/domain/x.rs", "#[cfg(any(test, feature = \"x\"))]\nuse axum::B;", &["3 floor"]);
}

#[test]
fn a_file_of_tests_may_use_every_floor() {
    let parent = ("src/domain/journal/mod.rs", "//! Doc.\n#[cfg(test)]\nmod tests;\n");
    let tests = ("src/domain/journal/tests.rs", "use crate::domain::rating::x;\nuse crate::store::y;\nfn f() -> f64 { 1.0 }\n");
    assert_eq!(verdict_of(&[parent, tests]), Vec::<String>::new());
    let parent = ("src/domain/journal/mod.rs", "//! Doc.\nmod tests;\n");
    assert_eq!(verdict_of(&[parent, tests]).len(), 4);
}

#[test]
fn floats_near_money_say_why() {
    refused("src/domain/x.rs", "fn f(a: f64) {}", &["2 float near money"]);
    refused("src/store/x.rs", "fn f() { g(1.0_f32); }", &["2 float near money"]);
    refused("src/app/x.rs", "fn f() { g(1f64); }", &["2 float near money"]);
    refused("src/app/x.rs", "#[expect(clippy::disallowed_types)]\nfn f(a: f64) {}", &["3 float near money"]);
    refused("src/app/x.rs", "#[expect(clippy::panic, reason = \"x\")]\nfn f(a: f64) {}", &["3 float near money"]);
    let expect = "#[expect(clippy::disallowed_types, reason = \"a statistic\")]\n";
    allowed("src/domain/x.rs", &format!("{expect}pub fn f<A, B>(a: f64, b: f64) -> f64 {{\n  a * b as f64\n}}"));
    allowed("src/domain/x.rs", &format!("#!{}fn f(a: f64) {{}}\nfn g(a: f64) {{}}", expect.trim_start_matches('#')));
    refused("src/domain/x.rs", &format!("{expect}fn f(a: f64) {{}}\nfn g(a: f64) {{}}"), &["4 float near money"]);
    refused("src/domain/x.rs", &format!("struct A {{\n{expect}pub a: f64,\nb: f64 }}"), &["5 float near money"]);
    allowed("src/http/x.rs", "fn f(a: f64) {}");
}

#[test]
fn banned_words() {
    for code in
        ["fn f() { todo!() }", "fn f() { unimplemented!(\"x\") }", "fn f() { dbg!(1); }", "// FIXME later", "/// XXX", "// TODO: later"]
    {
        refused("src/http/x.rs", code, &["2 banned word"]);
    }
    for code in ["#[ignore]\nfn f() {}", "#[ignore = \"slow\"]\nfn f() {}", "#[should_panic]\nfn f() {}"] {
        refused("tests/it/x.rs", code, &["2 banned word"]);
        refused("src/http/x.rs", &format!("#[cfg(test)]\nmod tests {{\n{code}\n}}"), &["4 banned word"]);
    }
    allowed("src/http/x.rs", "// TODO(#12): later\nfn f() -> &'static str { \"XXX\" }\nfn todo() {}");
}

#[test]
fn sizes() {
    let body = |lines: usize| format!("fn f() {{\n{}}}\n", "    let _ = 1;\n".repeat(lines));
    allowed("src/app/x.rs", &body(70));
    refused("src/app/x.rs", &body(71), &["2 function size"]);
    refused("src/app/x.rs", &format!("impl A {{\n{}}}", body(71)), &["3 function size"]);
    allowed("src/app/x.rs", &format!("fn f() {{\n{}}}\n", "    // why\n\n    let _ = 1;\n".repeat(70)));
    refused("migration/src/x.rs", &format!("fn f() {{\n    g(\"{}\");\n}}\n", "a\n".repeat(80)), &["2 function size"]);
    allowed("src/app/x.rs", &format!("#[cfg(test)]\nmod tests {{\n{}}}", body(100)));
    allowed("src/app/x.rs", &"// a line\n".repeat(799));
    refused("src/app/x.rs", &"// a line\n".repeat(800), &["1 file size"]);
    let long = [File { path: "src/app/x.rs".to_owned(), text: format!("{DOC}{}", body(71)) }];
    assert!(check::check(&long, &[("src/app/x.rs", "f", "SQL")]).is_empty());
    assert_eq!(check::check(&[], &[("src/app/x.rs", "f", "SQL")]).len(), 1, "an exemption for nothing");
}

#[test]
fn modules_say_what_they_are_for() {
    assert_eq!(verdict_of(&[("src/app/x.rs", "use std::fmt;\n//! late\n")]), ["1 module comment"]);
    assert_eq!(verdict_of(&[("src/app/x.rs", "")]), ["1 module comment"]);
    assert!(verdict_of(&[("src/app/x.rs", "#![expect(dead_code, reason = \"x\")]\n//! Purpose.\n")]).is_empty());
}
