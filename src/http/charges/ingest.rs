//! The task that reads one stream of charges and writes its receipts.
//!
//! Invariants: receipts are in the order of the lines and carry their position among the lines that are not blank; at
//! most [`BATCHES_IN_FLIGHT`] batches are at the database, and while they are, nothing more is read: the back-pressure
//! reaches the client through TCP. Batches are handed over in order, so of two charges with one key the first is kept.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::stream::{FuturesOrdered, StreamExt};

use super::decode::DecodedBody;
use super::lines::{Line, LineCutter};
use super::receipt::{write_end, write_failed, write_receipt};
use crate::app::AppError;
use crate::app::auth::Actor;
use crate::app::ingest::{IncomingCharge, Receipt, read_charge, record_charges};
use crate::domain::rejection::{Code, Rejection};
use crate::http::HttpState;
use crate::http::lifecycle::Lifecycle;
use crate::http::metrics::{Gauge, record_batch, record_failed_charges, record_outcome};
use crate::http::observe::RequestId;
use crate::http::receipt_spool::SpoolWriter;

/// Lines of one batch: where the cost of a commit has become small beside its rows.
const BATCH_LINES: usize = 2_000;

/// Bytes of the lines of one batch.
const BATCH_BYTES: usize = 1024 * 1024;

/// Batches at the database: one being written, and enough behind it that the writer never waits for us.
const BATCHES_IN_FLIGHT: usize = 4;

/// A pause of the client after which it gets the receipts of what it has sent so far.
const IDLE: Duration = Duration::from_millis(50);

/// Batches that may fail one after the other before the stream ends.
const FAILED_BATCHES_LIMIT: u32 = 3;

/// How long a stream goes on reading when the server shuts down; most requests end by themselves within it.
const SHUTDOWN_READING: Duration = Duration::from_secs(5);

/// How long a client may go on sending what will not be read, so that it reads why.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Why a stream ends before its body does.
enum End {
    /// The client is gone: nobody reads an explanation.
    ReaderGone,
    Told {
        code: &'static str,
        message: String,
    },
}

struct Batch {
    first_index: u64,
    count: u64,
    result: Result<Vec<Receipt>, AppError>,
}

type InFlight = FuturesOrdered<Pin<Box<dyn Future<Output = Batch> + Send>>>;

pub(super) struct Ingest {
    state: HttpState,
    actor: Actor,
    request_id: RequestId,
    lifecycle: Option<Lifecycle>,
    receipts: SpoolWriter,
    lines: LineCutter,
    items: Vec<IncomingCharge>,
    items_bytes: usize,
    /// Lines that were handed over.
    handed_over: u64,
    in_flight: InFlight,
    failed_in_a_row: u32,
}

impl Ingest {
    pub fn new(state: HttpState, actor: Actor, request_id: RequestId, lifecycle: Option<Lifecycle>, receipts: SpoolWriter) -> Self {
        let lines = LineCutter::new(state.config.max_line_bytes);
        Self {
            state,
            actor,
            request_id,
            lifecycle,
            receipts,
            lines,
            items: Vec::new(),
            items_bytes: 0,
            handed_over: 0,
            in_flight: FuturesOrdered::new(),
            failed_in_a_row: 0,
        }
    }

    /// Reads the body to its end, or to the first reason to stop; every line read before gets its receipt.
    pub async fn run(mut self, mut body: DecodedBody) {
        let _open = Gauge::stream_open();
        let ended = match AssertUnwindSafe(self.read(&mut body)).catch_unwind().await {
            Ok(ended) => ended,
            Err(_) => {
                Err(End::Told { code: "INTERNAL", message: format!("an internal error occurred (request {})", self.request_id.as_str()) })
            }
        };
        tracing::info!(lines = self.handed_over, is_complete = ended.is_ok(), "stream of charges ended");
        if let Err(End::Told { code, message }) = ended {
            let mut line = Vec::new();
            write_end(&mut line, code, &message);
            self.receipts.push(line.into()).await;
            // Ends the answer, so that a client that is done reading closes and the rest need not be taken.
            drop(self.receipts);
            let _ = tokio::time::timeout(DRAIN_TIME, body.drain()).await;
        }
    }

    async fn read(&mut self, body: &mut DecodedBody) -> Result<(), End> {
        let stopped = self.read_lines(body).await;
        let broken = match stopped {
            Ok(broken) => broken,
            Err(End::ReaderGone) => return Err(End::ReaderGone),
            Err(end) => {
                self.settle().await?;
                return Err(end);
            }
        };
        self.hand_over().await?;
        self.settle().await?;
        match broken {
            None => Ok(()),
            Some(error) => Err(End::Told {
                code: "BODY_BROKEN",
                message: format!(
                    "the request broke off after {} whole lines ({error}): send the rest, or everything again",
                    self.handed_over
                ),
            }),
        }
    }

    /// Reads until the end of the body or the error that broke it.
    async fn read_lines(&mut self, body: &mut DecodedBody) -> Result<Option<io::Error>, End> {
        let lifecycle = self.lifecycle.clone();
        let told_to_stop = async {
            match lifecycle {
                Some(lifecycle) => {
                    lifecycle.shutting_down().await;
                    tokio::time::sleep(SHUTDOWN_READING).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::pin!(told_to_stop);
        loop {
            tokio::select! {
                Some(batch) = self.in_flight.next(), if !self.in_flight.is_empty() => self.answer(batch).await?,
                read = body.next() => match read {
                    Ok(Some(bytes)) => self.take(&bytes).await?,
                    Ok(None) => {
                        let mut last = VecDeque::new();
                        self.lines.finish(&mut |line| last.push_back(read_line(line)));
                        self.items.extend(last);
                        return Ok(None);
                    }
                    Err(error) => return Ok(Some(error)),
                },
                () = tokio::time::sleep(IDLE), if !self.items.is_empty() => self.hand_over().await?,
                () = &mut told_to_stop => {
                    self.hand_over().await?;
                    return Err(End::Told {
                        code: "SHUTTING_DOWN",
                        message: format!("the server is shutting down; {} lines were read: send the rest to it once it is back", self.handed_over),
                    });
                }
            }
        }
    }

    /// Cuts bytes into lines, reads each, and hands full batches over.
    async fn take(&mut self, bytes: &Bytes) -> Result<(), End> {
        let mut rest: &[u8] = bytes;
        while !rest.is_empty() {
            let items = &mut self.items;
            let before = rest.len();
            rest = self.lines.cut(rest, &mut |line| items.push(read_line(line)));
            self.items_bytes = self.items_bytes.saturating_add(before.saturating_sub(rest.len()));
            if self.items.len() >= BATCH_LINES || self.items_bytes >= BATCH_BYTES {
                self.hand_over().await?;
            }
        }
        Ok(())
    }

    /// Hands the batch over once there is room for it.
    async fn hand_over(&mut self) -> Result<(), End> {
        self.items_bytes = 0;
        if self.items.is_empty() {
            return Ok(());
        }
        if self.receipts.is_reader_gone() {
            return Err(End::ReaderGone);
        }
        if self.actor.is_expired(self.state.app.clock().now()) {
            return Err(End::Told {
                code: "UNAUTHENTICATED",
                message: format!("the access token has expired; {} lines were read: send the rest with a new one", self.handed_over),
            });
        }
        while self.in_flight.len() >= BATCHES_IN_FLIGHT {
            let Some(batch) = self.in_flight.next().await else { break };
            self.answer(batch).await?;
        }
        let items = std::mem::take(&mut self.items);
        let first_index = self.handed_over;
        let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
        self.handed_over = self.handed_over.saturating_add(count);
        record_batch(items.len());
        let (app, actor) = (self.state.app.clone(), self.actor.clone());
        self.in_flight
            .push_back(Box::pin(async move { Batch { first_index, count, result: record_charges(&app, &actor, items, false).await } }));
        // Polled once now, so that the writer has it before anything later, even while this task goes on reading.
        if let Some(Some(batch)) = self.in_flight.next().now_or_never() {
            self.answer(batch).await?;
        }
        Ok(())
    }

    /// Waits for everything handed over and answers it.
    async fn settle(&mut self) -> Result<(), End> {
        while let Some(batch) = self.in_flight.next().await {
            // Each batch gets its answer; that too many failed is said after the last.
            match self.answer(batch).await {
                Ok(()) => {}
                Err(End::ReaderGone) => return Err(End::ReaderGone),
                Err(told) if self.in_flight.is_empty() => return Err(told),
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Writes the receipts of one batch.
    async fn answer(&mut self, batch: Batch) -> Result<(), End> {
        let mut out = Vec::new();
        let mut index = batch.first_index;
        let end = batch.first_index.saturating_add(batch.count);
        match batch.result {
            Ok(receipts) => {
                self.failed_in_a_row = 0;
                for receipt in receipts.iter().take(usize::try_from(batch.count).unwrap_or(usize::MAX)) {
                    record_outcome(&receipt.outcome);
                    write_receipt(&mut out, index, receipt);
                    index = index.saturating_add(1);
                }
            }
            Err(error) => {
                self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
                self.log_failure(&error, batch.first_index);
                record_failed_charges(batch.count);
                let (code, message) = (error.code(), error.to_string());
                while index < end {
                    write_failed(&mut out, index, code, &message);
                    index = index.saturating_add(1);
                }
            }
        }
        if index != end {
            tracing::error!(first_index = batch.first_index, count = batch.count, "a batch has fewer receipts than charges");
            return Err(End::Told {
                code: "INTERNAL",
                message: format!("an internal error occurred (request {})", self.request_id.as_str()),
            });
        }
        if !self.receipts.push(out.into()).await {
            return Err(End::ReaderGone);
        }
        if self.failed_in_a_row >= FAILED_BATCHES_LIMIT {
            return Err(End::Told {
                code: "UNAVAILABLE",
                message: format!(
                    "{FAILED_BATCHES_LIMIT} batches in a row failed; {} lines were read: send the refused ones and the rest later",
                    self.handed_over
                ),
            });
        }
        Ok(())
    }

    fn log_failure(&self, error: &AppError, first_index: u64) {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::warn!(request_id = self.request_id.as_str(), code = error.code(), cause, first_index, "a batch of charges failed");
    }
}

fn read_line(line: Line<'_>) -> IncomingCharge {
    match line {
        Line::Whole(line) => read_charge(line),
        Line::TooLong => IncomingCharge {
            external_id: None,
            draft: Err(Rejection {
                code: Code::TextTooLong,
                path: Vec::new(),
                message: "the line is longer than one charge can be: send one object a line, and no prompts or answers".to_owned(),
            }),
        },
    }
}
