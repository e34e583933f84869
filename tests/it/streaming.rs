//! `POST /v1/charges` as a stream: compressed, empty, broken, long, and on a real connection.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{World, charge, ndjson};

on_both_engines!(
    gzip_and_zstd_bodies_are_read,
    a_broken_body_keeps_what_was_acknowledged_and_says_that_it_ended,
    an_empty_body_is_an_empty_answer,
    receipts_come_in_the_order_of_the_lines,
    twenty_thousand_lines_are_taken_from_a_client_that_writes_all_before_it_reads,
    a_shutdown_answers_what_it_took_and_says_that_the_stream_ended,
);

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

async fn gzip_and_zstd_bodies_are_read(world: World) {
    let several = [gzip(&ndjson([&charge("g1")])), gzip(&ndjson([&charge("g2")]))].concat();
    let zstd = zstd::encode_all(ndjson([&charge("z1"), &charge("z2")]).as_bytes(), 3).unwrap();
    for (encoding, body) in [("gzip", several), ("zstd", zstd)] {
        let answer = world.post_charges(&world.admin, Some(encoding), body).await;
        let statuses: Vec<Value> = answer.lines().iter().map(|line| line["status"].clone()).collect();
        assert_eq!(statuses, ["RECORDED", "RECORDED"], "{encoding}: {}", answer.text);
    }
}

async fn a_broken_body_keeps_what_was_acknowledged_and_says_that_it_ended(world: World) {
    let sent: Vec<_> = (0..2_000).map(|number| charge(&format!("c{number}"))).collect();
    let whole = gzip(&ndjson(&sent));
    let cut = whole[..whole.len() / 2].to_vec();
    let answer = world.post_charges(&world.admin, Some("gzip"), cut).await;
    let lines = answer.lines();
    let (end, receipts) = lines.split_last().unwrap();
    assert!(end["index"].is_null() && end["error"]["message"].as_str().unwrap().len() > 20, "{end}");
    let recorded = receipts.iter().filter(|receipt| receipt["status"] == "RECORDED").count();
    assert_eq!(i64::try_from(recorded).unwrap(), world.database.number("SELECT count(*) FROM charge").await);
    let garbage = world.post_charges(&world.admin, Some("gzip"), "this is not gzip").await;
    assert!(garbage.lines()[0]["error"]["code"].is_string(), "{}", garbage.text);
    // Sending everything again is safe.
    let again = world.post_charges(&world.admin, Some("gzip"), whole).await.lines();
    let replayed = again.iter().filter(|receipt| receipt["status"] == "REPLAYED").count();
    assert_eq!((again.len(), replayed), (2_000, recorded));
    world.assert_verified().await;
}

async fn an_empty_body_is_an_empty_answer(world: World) {
    for (encoding, body) in [(None, ""), (None, "\n\n  \n"), (Some("gzip"), ""), (Some("zstd"), "")] {
        let answer = world.post_charges(&world.admin, encoding, body).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""), "{encoding:?} {body:?}");
    }
}

async fn receipts_come_in_the_order_of_the_lines(world: World) {
    let sent: Vec<_> = (0..1_500)
        .map(|number| if number % 7 == 3 { charge(&format!("c{number}")).tokens(-1, 0) } else { charge(&format!("c{number}")) })
        .collect();
    let receipts = world.record(&sent).await;
    for (number, receipt) in receipts.iter().enumerate() {
        assert_eq!((&receipt["index"], &receipt["externalId"]), (&json!(number), &json!(format!("c{number}"))));
        assert_eq!(receipt["status"] == "REJECTED", number % 7 == 3);
    }
    assert_eq!(receipts.len(), 1_500);
}

/// A server on a real port, and the switch that stops it.
async fn serve(world: &World) -> (std::net::SocketAddr, tokio::sync::oneshot::Sender<()>, tokio::task::JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(tallybook::http::serve(listener, world.router.clone(), async move {
        let _ = stopped.await;
    }));
    (address, stop, server)
}

fn head(world: &World, length: &str) -> String {
    format!(
        "POST /v1/charges HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\nContent-Type: application/x-ndjson\r\n{length}\r\n\r\n",
        world.admin
    )
}

/// The lines of an answer that was sent in chunks.
fn lines_of_chunks(answer: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(answer).unwrap();
    let (head, mut rest) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let mut body = String::new();
    while let Some((size, behind)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        body.push_str(&behind[..size]);
        rest = &behind[size + 2..];
    }
    body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn twenty_thousand_lines_are_taken_from_a_client_that_writes_all_before_it_reads(world: World) {
    const LINES: usize = 20_000;
    let (address, stop, server) = serve(&world).await;
    let sent: Vec<_> = (0..LINES).map(|number| charge(&format!("call-{number:05}"))).collect();
    let body = ndjson(&sent);
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(head(&world, &format!("Content-Length: {}", body.len())).as_bytes()).await.unwrap();
    client.write_all(body.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    let lines = lines_of_chunks(&answer);
    assert_eq!((lines.len(), lines.iter().filter(|line| line["status"] == "RECORDED").count()), (LINES, LINES));
    assert_eq!(lines[LINES - 1]["externalId"], format!("call-{:05}", LINES - 1));
    // 20,000 x 0.0065
    assert_eq!(world.account("2100").await, Some(("0".into(), "130".into())));
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}

async fn a_shutdown_answers_what_it_took_and_says_that_the_stream_ended(world: World) {
    let (address, stop, server) = serve(&world).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    let line = ndjson([&charge("c1")]);
    client.write_all(head(&world, "Transfer-Encoding: chunked").as_bytes()).await.unwrap();
    client.write_all(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes()).await.unwrap();
    let mut answer = vec![0; 65_536];
    let mut length = 0;
    while !String::from_utf8_lossy(&answer[..length]).contains("RECORDED") {
        length += client.read(&mut answer[length..]).await.unwrap();
    }
    stop.send(()).unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    answer.truncate(length);
    answer.extend(rest);
    let lines = lines_of_chunks(&answer);
    assert_eq!((&lines[0]["status"], lines.len()), (&json!("RECORDED"), 2), "{lines:?}");
    assert!(lines[1]["index"].is_null() && lines[1]["error"]["code"].is_string(), "{lines:?}");
    server.await.unwrap().unwrap();
    assert_eq!(world.record_one(charge("c1")).await["status"], "REPLAYED", "what was acknowledged is there");
}
