//! One charge a request: 64 connections, each sending `recordCharges` with one charge and waiting for the receipt, over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{decimal, milliseconds, per_second};
use crate::app::auth::{AuthConfig, Authenticator, DEFAULT_AUDIENCE, Role, Secret, TokenRequest, issue};
use crate::app::bench::{BOOKS, Scratch, Target};
use crate::app::{Clock, Stopwatch, ids};
use crate::http::HttpConfig;

const CONNECTIONS: usize = 64;
const REQUESTS: u64 = 100_000;

pub async fn measure(target: &Target) -> Result<Value, anyhow::Error> {
    let scratch = Scratch::create(target).await?;
    let app = scratch.app().await?;
    let secret = Secret::new(ids::random_secret()?)?;
    let request = TokenRequest {
        books: BOOKS.to_owned(),
        roles: [Role::Admin].into_iter().collect(),
        subject: "bench".to_owned(),
        scope: None,
        lifetime: chrono::TimeDelta::hours(1),
        audience: DEFAULT_AUDIENCE.to_owned(),
        token_id: ids::random_id(),
    };
    let token = issue(&secret, &request, Clock::System.now())?;
    let authenticator =
        Authenticator::new(AuthConfig { hs256_secret: Some(secret), issuers: Vec::new(), audience: DEFAULT_AUDIENCE.to_owned() })?;
    let config = HttpConfig::default();
    let schema = crate::graphql::schema(app.clone(), config.graphql_limits());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = crate::http::router(app, authenticator, schema, &config);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(crate::http::serve(listener, router, async {
        let _ = stopped.await;
    }));
    let head = Arc::new(format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n"
    ));
    // The floor: the same requests without anything to do.
    let (floor, _) = load(address, &head, &|_| json!({ "query": "{ __typename }" })).await?;
    let (elapsed, times) = load(address, &head, &charge).await?;
    let _ = stop.send(());
    server.await??;
    scratch.remove().await?;
    let (path, floor) = (per_second(REQUESTS, elapsed), per_second(REQUESTS, floor));
    let percentile = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    Ok(json!({
        "name": "single-graphql",
        "requests": REQUESTS,
        "connections": CONNECTIONS,
        "perSecond": path,
        "p50Ms": milliseconds(percentile(50)),
        "p99Ms": milliseconds(percentile(99)),
        "floorPerSecond": floor,
        "ratio": decimal(path.saturating_mul(100) / floor.max(1), 2),
    }))
}

fn charge(number: u64) -> Value {
    let occurred_at = Clock::System.now().to_rfc3339();
    let charge = json!({ "source": "bench", "externalId": format!("single-{number}"), "occurredAt": occurred_at, "provider": "openai", "model": "gpt-4o-mini",
        "usage": { "inputTokens": "1200", "outputTokens": "350" } });
    json!({ "query": "mutation($input: RecordChargesInput!) { recordCharges(input: $input) { recorded } }", "variables": { "input": { "charges": [charge] } } })
}

/// Sends all requests and answers how long they took together and one by one, in ascending order.
async fn load(
    address: std::net::SocketAddr,
    head: &Arc<String>,
    body: &(impl Fn(u64) -> Value + Sync),
) -> Result<(std::time::Duration, Vec<std::time::Duration>), anyhow::Error> {
    // Made before the clock runs: what is measured is the service.
    let bodies: Arc<Vec<String>> = Arc::new((0..REQUESTS).map(|number| body(number).to_string()).collect());
    let next = Arc::new(AtomicU64::new(0));
    let watch = Stopwatch::start();
    let clients: Vec<_> = (0..CONNECTIONS).map(|_| tokio::spawn(client(address, head.clone(), bodies.clone(), next.clone()))).collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await??);
    }
    let elapsed = watch.elapsed();
    times.sort_unstable();
    Ok((elapsed, times))
}

async fn client(
    address: std::net::SocketAddr,
    head: Arc<String>,
    bodies: Arc<Vec<String>>,
    next: Arc<AtomicU64>,
) -> Result<Vec<std::time::Duration>, anyhow::Error> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut times = Vec::new();
    let mut buffer = vec![0_u8; 16 * 1024];
    while let Some(body) = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).ok().and_then(|number| bodies.get(number)) {
        let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        let watch = Stopwatch::start();
        stream.write_all(request.as_bytes()).await?;
        let answer = read_answer(&mut stream, &mut buffer).await?;
        times.push(watch.elapsed());
        anyhow::ensure!(
            answer.starts_with("HTTP/1.1 200") && !answer.contains("\"errors\"") && !answer.contains("\"recorded\":0"),
            "the service answered {answer}"
        );
    }
    Ok(times)
}

/// Reads one answer with a content length.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<String, anyhow::Error> {
    let mut filled = 0;
    loop {
        let read = stream.read(buffer.get_mut(filled..).unwrap_or_default()).await?;
        anyhow::ensure!(read > 0, "the connection was closed");
        filled += read;
        let text = String::from_utf8_lossy(buffer.get(..filled).unwrap_or_default());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:").and_then(|value| value.trim().parse::<usize>().ok())
        });
        if length.is_none_or(|length| body.len() >= length) {
            return Ok(text.into_owned());
        }
    }
}
