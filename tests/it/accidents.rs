//! What a typing error, an empty variable or a file in another notation must not do: write where nobody meant it to, or record another figure.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tallybook::app::auth::Role;

use crate::harness::{Engine, World, charge, run};

on_both_engines!(
    the_demo_fills_nobody_elses_books,
    mistyped_books_are_not_created,
    an_alias_is_taken_back,
    tokens_are_whole_numbers_at_every_door,
);

/// The program in a folder of its own, with no setting of the machine.
struct Shell {
    folder: PathBuf,
}

impl Shell {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tallybook-accidents-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tallybook"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TALLYBOOK_") || name == "DATABASE_URL") {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(&self.folder).env("HOME", &self.folder).env("XDG_DATA_HOME", self.folder.join("data"));
        command
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// The exit code and everything that was said.
fn said(command: &mut Command) -> (i32, String) {
    let output = command.output().unwrap();
    (output.status.code().unwrap(), [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

const DEMO: [&str; 4] = ["demo", "--no-serve", "--charges", "300"];

async fn the_demo_fills_nobody_elses_books(world: World) {
    let shell = Shell::new(&format!("demo-{:?}", world.database.engine()));
    world.book(&[charge("c1")]).await;
    let url = world.database.url();
    let named: Vec<&str> = DEMO.iter().copied().chain(["--database-url", url.as_str()]).collect();
    for arguments in [named.clone(), named.iter().copied().chain(["--books", "other"]).collect()] {
        let (code, said) = said(&mut shell.command(&arguments));
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("the demo does not write into") && said.contains("`main`"), "{said}");
    }
    assert_eq!(world.database.number("SELECT count(*) FROM charge").await, 1);
    assert_eq!(world.database.number("SELECT count(*) FROM books").await, 1);
    // In the environment, or in a file, it is left alone, and the demo has a database of its own.
    let (code, text) = said(shell.command(&DEMO).env("DATABASE_URL", &url));
    assert!(code == 0 && text.contains("Brightwater") && text.contains("is left alone"), "{text}");
    shell.file("tallybook.toml", &format!("database_url = \"{url}\"\n"));
    let (code, text) = said(&mut shell.command(&DEMO));
    assert!(code == 0 && text.contains("The books hold the demo already"), "{text}");
    assert_eq!(world.database.number("SELECT count(*) FROM charge").await, 1);
}

/// In an empty database it makes its books, goes on with them, and leaves them when somebody records there.
#[test]
fn the_demo_knows_its_own_books() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        run(engine, async |world| {
            let shell = Shell::new(&format!("own-{engine:?}"));
            let empty = crate::harness::Database::empty(engine).await;
            let url = empty.url();
            let arguments: Vec<&str> = DEMO.iter().copied().chain(["--database-url", url.as_str()]).collect();
            for expected in ["charges recorded", "The books hold the demo already"] {
                let (code, text) = said(&mut shell.command(&arguments));
                assert!(code == 0 && text.contains(expected), "{text}");
            }
            let file = shell.file("own.ndjson", &format!("{}\n", charge("c1").0));
            let import = ["import", "ndjson", text(&file), "--database-url", url.as_str()];
            assert_eq!(said(&mut shell.command(&import)).0, 0, "whoever wants to may record there");
            let (code, text) = said(&mut shell.command(&arguments));
            assert!(code == 1 && text.contains("hold the charge gateway/c1"), "{text}");
            // Books without a charge are somebody's too.
            let migrated = crate::harness::Database::empty(engine).await;
            let address = migrated.url();
            assert_eq!(said(&mut shell.command(&["migrate", "--database-url", &address])).0, 0);
            let arguments: Vec<&str> = DEMO.iter().copied().chain(["--database-url", address.as_str()]).collect();
            let (code, text) = said(&mut shell.command(&arguments));
            assert!(code == 1 && text.contains("are not the demo's"), "{text}");
            empty.remove();
            migrated.remove();
            drop(world);
        });
    }
}

async fn mistyped_books_are_not_created(world: World) {
    let shell = Shell::new(&format!("books-{:?}", world.database.engine()));
    world.book(&[charge("c1")]).await;
    let charges = shell.file("charges.ndjson", &format!("{}\n", charge("c2").0));
    let hours = shell.file("time.csv", "source,externalId,workedOn,person,role,hours\nhr,t1,2026-01-05,mia,engineer,8\n");
    let rates = shell.file("rates.csv", "day,from,to,rate\n2026-01-05,EUR,USD,1.1\n");
    let url = world.database.url();
    let commands: [&[&str]; 14] = [
        &["import", "ndjson", text(&charges)],
        &["activity", "import", "time", text(&hours)],
        &["activity", "recognize", "--through", "2026-01-05"],
        &["prices", "list"],
        &["prices", "set", "acme", "m", "input_tokens", "2.00"],
        &["prices", "alias", "openai", "x", "gpt-4o"],
        &["rates", "import", text(&rates)],
        &["periods", "list"],
        &["periods", "close", "2025-12"],
        &["chargeback", "list"],
        &["audit", "export", "--output", "audit.jsonl"],
        &["export", "csv"],
        &["what-if", "--from", "2026-01-01", "--to", "2026-02-01", "--scenario", text(&charges)],
        &["verify"],
    ];
    for command in commands {
        let (code, text) = said(shell.command(command).args(["--books", "mian", "--database-url", &url]));
        assert_eq!(code, 1, "{command:?}: {text}");
        assert!(
            text.contains("no books `mian`") && text.contains("`main`") && text.contains("tallybook migrate --books mian"),
            "{command:?}: {text}"
        );
    }
    assert_eq!(world.database.number("SELECT count(*) FROM books").await, 1);
    assert_eq!(world.database.number("SELECT count(*) FROM charge").await, 1);
    // A file that is not there is not made either.
    let missing = shell.folder.join("boks.db");
    let address = format!("sqlite://{}", missing.display());
    for command in commands {
        let (code, text) = said(shell.command(command).args(["--database-url", &address]));
        assert!(code == 1 && text.contains("there is no database at") && text.contains("tallybook migrate"), "{command:?}: {text}");
    }
    assert!(!missing.exists());
    // Who says so gets them, and then they are books like others.
    assert_eq!(said(shell.command(&["migrate"]).args(["--books", "mian", "--database-url", &url])).0, 0);
    let import = ["import", "ndjson", text(&charges), "--books", "mian", "--database-url", &url];
    assert_eq!(said(&mut shell.command(&import)).0, 0);
    assert_eq!(world.database.number("SELECT count(*) FROM books").await, 2);
}

/// What a failed command leaves in a variable is no wish for another database, for no secret, or for the default.
#[test]
fn an_empty_variable_is_refused_by_every_command() {
    let shell = Shell::new("empty");
    let file = shell.file("charges.ndjson", &format!("{}\n", charge("c1").0));
    let commands: [&[&str]; 12] = [
        &["migrate"],
        &["serve"],
        &["demo", "--no-serve", "--charges", "10"],
        &["import", "ndjson", text(&file)],
        &["activity", "recognize", "--through", "2026-01-05"],
        &["prices", "list"],
        &["periods", "list"],
        &["token", "--role", "admin", "--subject", "ana"],
        &["verify"],
        &["export", "csv"],
        &["schema"],
        &["rates", "import", "rates.csv"],
    ];
    for command in commands {
        for name in ["DATABASE_URL", "TALLYBOOK_DATABASE_URL", "TALLYBOOK_BOOKS", "TALLYBOOK_JWT_SECRET", "TALLYBOOK_HTTP__MAX_BODY_BYTES"]
        {
            for value in ["", "  "] {
                let (code, text) = said(shell.command(command).env(name, value));
                assert!(code == 1 && text.contains(&format!("{name} is set and empty")), "{command:?} {name}: {code} {text}");
            }
        }
    }
    for setting in [["--database-url", ""], ["--books", " "]] {
        let (code, text) = said(shell.command(&["migrate"]).args(setting));
        assert!(code == 1 && text.contains("is set and empty"), "{setting:?}: {text}");
    }
    assert!(!shell.folder.join("data").exists(), "nothing was made anywhere");
}

async fn an_alias_is_taken_back(world: World) {
    let shell = Shell::new(&format!("alias-{:?}", world.database.engine()));
    let url = world.database.url();
    let alias = |arguments: &[&str]| said(shell.command(&["prices", "alias"]).args(arguments).args(["--database-url", &url]));
    let status = async |id: &str| world.record(&[charge(id)]).await[0]["status"].as_str().unwrap().to_owned();
    assert_eq!(status("before").await, "RECORDED");
    assert_eq!(alias(&["openai", "gpt-4o", "nope"]).0, 0);
    assert_eq!(status("aliased").await, "UNPRICED");
    let (code, text) = alias(&["--remove", "openai", "gpt-4o"]);
    assert_eq!((code, text.as_str()), (0, "openai `gpt-4o` is priced as itself, no longer as `nope`.\n"));
    assert_eq!(status("after").await, "RECORDED");
    // What waited finds its price again.
    let rerate =
        "mutation { rerateCharges(input: { from: \"2026-01-01T00:00:00Z\", to: \"2026-02-01T00:00:00Z\" }) { userErrors { code } } }";
    let answer = world.post_graphql(&world.admin, &json!({ "query": rerate })).await;
    assert!(answer.status == 200, "{}", answer.text);
    assert_eq!(alias(&["--remove", "openai", "gpt-4o"]), (0, "The alias was taken back before.\n".to_owned()));
    let (code, text) = alias(&["--remove", "openai", "never"]);
    assert!(code == 1 && text.contains("MODEL_ALIAS_UNKNOWN"), "{text}");
    // The same through GraphQL: all or none, by item, told to the audit log, and not for everybody.
    let saved = json!({ "modelAliases": [{ "provider": "openai", "alias": "GPT-X", "model": "gpt-4o" }] });
    world.save("saveModelAliases", "SaveModelAliasesInput", saved).await;
    let both = json!({ "modelAliases": [{ "provider": "openai", "alias": "gpt-x" }, { "provider": "openai", "alias": "never" }] });
    let refused = world.refusals("deleteModelAliases", "DeleteModelAliasesInput", both).await;
    assert_eq!((&refused[0]["code"], &refused[0]["path"]), (&json!("MODEL_ALIAS_UNKNOWN"), &json!(["modelAliases", "1", "alias"])));
    let delete = "mutation { deleteModelAliases(input: { modelAliases: [{ provider: \"openai\", alias: \"gpt-x\" }] }) { modelAliases { provider alias model } userErrors { code } } }";
    let viewer = world.token("main", Role::Viewer, None);
    assert_eq!(world.graphql_error(&viewer, delete, json!({})).await, "FORBIDDEN");
    let done = world.graphql(delete, json!({})).await["deleteModelAliases"].take();
    assert_eq!(done, json!({ "modelAliases": [{ "provider": "openai", "alias": "gpt-x", "model": "gpt-4o" }], "userErrors": [] }));
    let events = world.graphql("{ auditEvents(first: 200) { nodes { action object } } }", json!({})).await;
    let told = |object: &str| {
        let nodes = events["auditEvents"]["nodes"].as_array().unwrap();
        nodes.iter().any(|event| event["action"] == "modelAlias.delete" && event["object"] == object)
    };
    assert!(told("model alias openai/gpt-4o") && told("model alias openai/gpt-x"), "{events}");
    // A built-in alias that was taken back does not come again with the next start; saved again, it counts again.
    let listed =
        async || world.graphql("{ modelAliases { provider alias model } }", json!({})).await["modelAliases"].as_array().unwrap().clone();
    let builtin = listed().await.first().unwrap().clone();
    let name = json!({ "modelAliases": [{ "provider": builtin["provider"], "alias": builtin["alias"] }] });
    world.save("deleteModelAliases", "DeleteModelAliasesInput", name).await;
    drop(tallybook::app::App::create(&url, world.clock.clone(), "main").await.unwrap());
    assert!(!listed().await.contains(&builtin));
    world.save("saveModelAliases", "SaveModelAliasesInput", json!({ "modelAliases": [builtin] })).await;
    assert!(listed().await.contains(&builtin));
    world.assert_verified().await;
}

/// `1.200` is one thousand two hundred where a point groups digits. Seconds and hours have fractions, and keep them.
async fn tokens_are_whole_numbers_at_every_door(world: World) {
    world.save_price("openai", "gpt-4o", "seconds", "1.00").await;
    world.save_price("acme", "m", "thinking_tokens", "1.00").await;
    world.save_price("acme", "m", "gpu_hours", "1.00").await;
    let other = |meter: &str, quantity: &str| json!([{ "meter": meter, "quantity": quantity }]);
    let refused = [
        (charge("n1").with("usage.inputTokens", 1.2), "usage.inputTokens"),
        (charge("n2").with("usage.outputTokens", "0.5"), "usage.outputTokens"),
        (charge("n3").with("usage.cacheReadTokens", "12.25"), "usage.cacheReadTokens"),
        (charge("n4").with("usage", json!({ "totalInputTokens": "1200.5" })), "usage.totalInputTokens"),
        (charge("n5").with("usage.other", other("input_image_tokens", "1.5")), "usage.other.0.quantity"),
        (charge("n6").with("usage.other", other("thinking_tokens", "1.200001")), "usage.other.0.quantity"),
    ];
    let lines: Vec<_> = refused.iter().map(|(charge, _)| charge.clone()).collect();
    for (receipt, (_, path)) in world.record(&lines).await.iter().zip(&refused) {
        let error = &receipt["error"];
        let at: Vec<&str> = error["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        assert_eq!((&error["code"], at.join(".").as_str()), (&json!("QUANTITY_INVALID"), *path), "{receipt}");
        assert!(error["message"].as_str().unwrap().contains("whole numbers"), "{receipt}");
    }
    let query = "mutation R($charges: [ChargeInput!]!) { recordCharges(input: { charges: $charges }) { results { error { code path } } } }";
    let by_graphql = charge("g1").with("usage.other", other("thinking_tokens", "0.1")).0;
    let answer = world.graphql(query, json!({ "charges": [by_graphql] })).await["recordCharges"]["results"][0]["error"].take();
    assert_eq!(answer, json!({ "code": "QUANTITY_INVALID", "path": ["usage", "other", "0", "quantity"] }));
    let fractional = [
        charge("f1").with("usage.other", other("seconds", "1.25")),
        charge("f2").model("acme", "m").with("usage", json!({ "other": other("gpu_hours", "0.5") })),
        charge("f3").with("usage.inputTokens", "1200.0"),
    ];
    for receipt in world.record(&fractional).await {
        assert_eq!(receipt["status"], "RECORDED", "{receipt}");
    }
    let shell = Shell::new(&format!("tokens-{:?}", world.database.engine()));
    let csv = "source;externalId;occurredAt;provider;model;inputTokens;outputTokens;meter:seconds\n\
        gateway;k1;2026-01-05T10:00:00Z;openai;gpt-4o;1.200;350;\n\
        gateway;k2;2026-01-05T10:00:00Z;openai;gpt-4o;1200;1.000;\n\
        gateway;k3;2026-01-05T10:00:00Z;openai;gpt-4o;1200;350;1.250\n\
        gateway;k4;2026-01-05T10:00:00Z;openai;gpt-4o;1200.5;350;\n";
    let file = shell.file("tokens.csv", csv);
    let (code, said) = said(shell.command(&["import", "csv", text(&file)]).args(["--database-url", &world.database.url()]));
    assert_eq!(code, 3, "{said}");
    for line in [
        ":2 (k1): QUANTITY_INVALID at inputTokens",
        ":3 (k2): QUANTITY_INVALID at outputTokens",
        ":5 (k4): QUANTITY_INVALID at inputTokens",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert_eq!(world.database.number("SELECT count(*) FROM charge").await, 4);
    world.assert_verified().await;
}
