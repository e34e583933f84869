//! A statement as a page to print, as CSV and XLSX, and on the command line: the figures are the same everywhere.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use super::{approved, centers, drafted, input, statement};
use crate::harness::{Engine, World, charge, run};

on_both_engines!(a_page_says_everything_and_escapes_it, csv_and_xlsx_have_the_figures_of_the_statement);

/// Status, content type and body of `GET /v1/chargebacks/{path}`.
pub(super) async fn get(world: &World, token: &str, path: &str) -> (u16, String, Vec<u8>) {
    let request = axum::http::Request::get(format!("/v1/chargebacks/{path}")).header("authorization", format!("Bearer {token}"));
    let response = world.router.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    let status = response.status().as_u16();
    (status, content_type, response.into_body().collect().await.unwrap().to_bytes().to_vec())
}

/// 0.0065 for a feature with an awkward name, and 7 percent: 0.000455 on top.
async fn drafted_world(world: &World) {
    centers(world).await;
    world.book(&[charge("c1").team("search").feature("=1+1 <b>&\"x\"")]).await;
    let mut asked = input("TEAM");
    asked["markupPercent"] = json!("7");
    drafted(world, asked).await;
}

async fn a_page_says_everything_and_escapes_it(world: World) {
    drafted_world(&world).await;
    approved(&world, "CB-000001").await;
    let (status, content_type, body) = get(&world, &world.admin, "CB-000001").await;
    let page = String::from_utf8(body).unwrap();
    assert_eq!((status, content_type.as_str()), (200, "text/html; charset=utf-8"));
    let hash = statement(&world, "CB-000001").await["contentHash"].as_str().unwrap().to_owned();
    for said in [
        "CB-000001",
        "APPROVED",
        "as of entry 1",
        hash.as_str(),
        "openai gpt-4o for =1+1 &lt;b&gt;&amp;&quot;x&quot;",
        "0.006955",
        "0.000455",
        "otto",
        "1550",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    for unsaid in ["<b>", "<script", "http:", "https:", "<link", "<img"] {
        assert!(!page.contains(unsaid), "{unsaid}");
    }
    for (path, expected) in [("CB-000002", 404), ("CB-000001.pdf", 404), ("1", 404), ("CB-000001/x", 404), ("..%2Fgraphql", 404)] {
        assert_eq!(get(&world, &world.admin, path).await.0, expected, "{path}");
    }
    assert_eq!(get(&world, "nonsense", "CB-000001").await.0, 401);
    let ingest = world.token("main", tallybook::app::auth::Role::Ingest, None);
    assert_eq!(get(&world, &ingest, "CB-000001").await.0, 403);
}

async fn csv_and_xlsx_have_the_figures_of_the_statement(world: World) {
    drafted_world(&world).await;
    let (status, content_type, body) = get(&world, &world.admin, "CB-000001.csv").await;
    assert_eq!((status, content_type.as_str()), (200, "text/csv; charset=utf-8"));
    let mut reader = csv::Reader::from_reader(body.as_slice());
    let header: Vec<String> = reader.headers().unwrap().iter().map(ToOwned::to_owned).collect();
    let rows: Vec<Vec<String>> = reader.records().map(|row| row.unwrap().iter().map(ToOwned::to_owned).collect()).collect();
    let column = |name: &str| header.iter().position(|column| column == name).unwrap();
    assert_eq!(rows.iter().map(|row| row[column("amount")].as_str()).collect::<Vec<_>>(), ["0.0065", "0.000455"]);
    assert_eq!(rows[0][column("feature")], "'=1+1 <b>&\"x\"", "no spreadsheet takes it for a formula");
    assert_eq!((rows[0][column("quantity")].as_str(), rows[0][column("unit")].as_str()), ("1550", "tokens"));
    let (status, _, body) = get(&world, &world.admin, "CB-000001.xlsx").await;
    assert_eq!(status, 200);
    let mut workbook: Xlsx<_> = open_workbook_from_rs(Cursor::new(body)).unwrap();
    let lines = workbook.worksheet_range("Lines").unwrap();
    let cells: Vec<Vec<Data>> = lines.rows().map(<[Data]>::to_vec).collect();
    let amount = column("amount");
    assert_eq!(
        [&cells[0][amount], &cells[1][amount], &cells[2][amount]],
        ["amount", "0.0065", "0.000455"].map(|text| Data::String(text.to_owned())).each_ref()
    );
    assert_eq!(cells[1][column("feature")], Data::String("=1+1 <b>&\"x\"".to_owned()), "text, whatever it looks like");
    let facts = workbook.worksheet_range("Statement").unwrap();
    let fact = |name: &str| facts.rows().find(|row| row[0] == Data::String(name.to_owned())).map(|row| row[1].to_string()).unwrap();
    let shown = statement(&world, "CB-000001").await;
    assert_eq!((fact("Total"), fact("Content hash")), ("0.006955".to_owned(), shown["contentHash"].as_str().unwrap().to_owned()));
}

#[test]
fn the_command_line_lists_shows_and_exports() {
    run(Engine::Sqlite, async |world| {
        drafted_world(&world).await;
        let url = world.database.url();
        let command = |arguments: &[&str]| {
            let program = std::process::Command::new(env!("CARGO_BIN_EXE_tallybook"))
                .args(["--database-url", &url, "chargeback"])
                .args(arguments)
                .output()
                .unwrap();
            (program.status.success(), String::from_utf8(program.stdout).unwrap(), String::from_utf8(program.stderr).unwrap())
        };
        let listed = command(&["list", "--period", "2026-01"]);
        assert_eq!((listed.0, listed.1.as_str()), (true, "CB-000001  2026-01  team search  DRAFT  0.006955 USD\n"), "{}", listed.2);
        assert_eq!(command(&["list", "--period", "2026-02"]).1, "");
        let shown = command(&["show", "CB-000001"]).1;
        assert!(shown.contains("1550 tokens  0.0065 USD") && shown.contains("total 0.006955 USD"), "{shown}");
        assert!(command(&["export", "CB-000001"]).1.contains(",0.000455,USD"));
        let missing = command(&["show", "CB-000009"]);
        assert!(!missing.0 && missing.2.contains("there is no statement CB-000009"), "{}", missing.2);
        let file = world.database.path().with_file_name("statement.xlsx");
        assert!(command(&["export", "CB-000001", "--format", "xlsx", "--output", file.to_str().unwrap()]).0);
        assert!(std::fs::read(&file).unwrap().starts_with(b"PK"));
    });
}
