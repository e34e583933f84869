//! One charge a request: 64 connections, each sending `recordCharges` with one charge and waiting for the receipt, over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::app::auth::{AuthConfig, Authenticator, DEFAULT_AUDIENCE, Role, Secret, TokenRequest, issue};
use crate::app::bench::{BOOKS, Figures, Scratch, Sides, Target, alternate, percentile, slice_of};
use crate::app::{Clock, Stopwatch, ids};
use crate::http::HttpConfig;

const CONNECTIONS: usize = 64;

/// Measures requests with one charge each in turns with the same requests without anything to do.
pub async fn measure(target: &Target, requests: u64, pairs: u64) -> Result<Figures, anyhow::Error> {
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
    let head = format!("POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n");
    let mut sides = Requests {
        scratch: &scratch,
        address,
        head: Arc::new(head),
        requests,
        pairs,
        numbers: 0..0,
        times: Vec::new(),
        medians: Vec::new(),
    };
    let paired = alternate(&mut sides, pairs).await?;
    let (times, medians) = (sides.times, sides.medians);
    let _ = stop.send(());
    server.await??;
    scratch.remove().await?;
    let figures =
        Figures::new("single-graphql").with("engine", target.engine()).with("requests", requests).with("connections", CONNECTIONS);
    let figures = figures.with_quartiles_of_times("p50Ms", medians);
    let figures = figures.with_time("p50Ms", percentile(&times, 50)).with_time("p99Ms", percentile(&times, 99));
    Ok(paired.rates_into(figures))
}

struct Requests<'a> {
    scratch: &'a Scratch,
    address: SocketAddr,
    head: Arc<String>,
    requests: u64,
    pairs: u64,
    /// Of the charges of this slice.
    numbers: std::ops::Range<u64>,
    times: Vec<Duration>,
    /// Of the slices so far.
    medians: Vec<Duration>,
}

impl Requests<'_> {
    /// Sends a request for each number, and answers how long they took together and one by one. Bodies and connections are made before the clock
    /// runs: what is measured is the service.
    async fn load(&self, body: impl Fn(u64) -> Value) -> Result<(Duration, Vec<Duration>), anyhow::Error> {
        let bodies: Arc<Vec<String>> = Arc::new(self.numbers.clone().map(|number| body(number).to_string()).collect());
        let next = Arc::new(AtomicU64::new(0));
        let mut streams = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        let watch = Stopwatch::start();
        let clients = streams.into_iter().map(|stream| tokio::spawn(client(stream, self.head.clone(), bodies.clone(), next.clone())));
        let mut times = Vec::new();
        for client in clients.collect::<Vec<_>>() {
            times.extend(client.await??);
        }
        Ok((watch.elapsed(), times))
    }
}

impl Sides for Requests<'_> {
    type Error = anyhow::Error;

    async fn prepare(&mut self, pair: u64) -> Result<u64, anyhow::Error> {
        self.numbers = slice_of(self.requests, pair, self.pairs);
        Ok(self.numbers.end - self.numbers.start)
    }

    async fn path(&mut self) -> Result<Duration, anyhow::Error> {
        let (elapsed, times) = self.load(charge).await?;
        self.medians.extend(percentile(&times, 50));
        self.times.extend(times);
        self.scratch.settle().await?;
        Ok(elapsed)
    }

    async fn floor(&mut self) -> Result<Duration, anyhow::Error> {
        Ok(self.load(|_| json!({ "query": "{ __typename }" })).await?.0)
    }
}

fn charge(number: u64) -> Value {
    let occurred_at = Clock::System.now().to_rfc3339();
    let charge = json!({ "source": "bench", "externalId": format!("single-{number}"), "occurredAt": occurred_at, "provider": "openai", "model": "gpt-4o-mini",
        "usage": { "inputTokens": "1200", "outputTokens": "350" } });
    json!({ "query": "mutation($input: RecordChargesInput!) { recordCharges(input: $input) { recorded } }", "variables": { "input": { "charges": [charge] } } })
}

async fn client(
    mut stream: TcpStream,
    head: Arc<String>,
    bodies: Arc<Vec<String>>,
    next: Arc<AtomicU64>,
) -> Result<Vec<Duration>, anyhow::Error> {
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
