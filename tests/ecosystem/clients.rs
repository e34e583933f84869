//! Stock GraphQL clients against a served set of books: the reference implementation in JavaScript and `gql` in Python.
//!
//! Each reads the schema by introspection, checks what it sends against it, books charges and reads the same figures back.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::place::{Engine, Place};
use crate::program::{Server, token, verify};
use crate::programs::{node_packages, python};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/tallybook.graphql");
const OPERATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/contract");

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ecosystem").join(name)
}

/// Runs a client against fresh books, and verifies them afterwards.
fn run_against_books(engine: Engine, client: impl FnOnce(&Server, &str) -> Command) {
    let place = Place::new(engine);
    let server = Server::start(&place);
    let output = client(&server, &token(&place)).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(text(&output.stdout).trim(), "recorded 2, replayed 2, total 0.012");
    verify(&place);
}

fn endpoint(server: &Server) -> String {
    format!("http://{}/graphql", server.address)
}

fn graphql_js(server: &Server, token: &str) -> Command {
    let mut command = Command::new(python("node"));
    command.arg(script("graphql_js.mjs")).args([&endpoint(server), token]).arg(node_packages()).args([SCHEMA, OPERATIONS]);
    command
}

fn gql(server: &Server, token: &str) -> Command {
    let mut command = Command::new(python("python"));
    command.arg(script("gql_client.py")).args([&endpoint(server), token]);
    command
}

#[test]
fn graphql_js_on_sqlite() {
    run_against_books(Engine::Sqlite, graphql_js);
}

#[test]
fn graphql_js_on_postgres() {
    run_against_books(Engine::Postgres, graphql_js);
}

#[test]
fn gql_on_sqlite() {
    run_against_books(Engine::Sqlite, gql);
}

#[test]
fn gql_on_postgres() {
    run_against_books(Engine::Postgres, gql);
}
