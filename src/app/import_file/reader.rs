//! The reading half of an import: opens, unpacks and parses on a thread of its own, one batch ahead of the writing.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{FileFormat, ImportError, ImportRequest};
use crate::domain::usage::IncomingCharge;
use crate::import::csv::{ChargeCsv, CsvError, CsvOptions};
use crate::import::ndjson::ChargeLines;
use crate::import::{Position, Row};

const BUFFER_BYTES: usize = 256 * 1024;
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Charges that are recorded together, with the line of each and where the next one begins.
pub(super) struct Batch {
    pub(super) charges: Vec<IncomingCharge>,
    pub(super) lines: Vec<u64>,
    pub(super) reached: Position,
}

type Batches = Receiver<Result<Batch, ImportError>>;

/// How a file is called in messages.
pub(super) fn shown(request: &ImportRequest) -> String {
    request.file.as_ref().map_or_else(|| "standard input".to_owned(), |file| file.display().to_string())
}

/// Opens the file and begins to read it at the position. Gives its size, where it has one, and the batches.
pub(super) fn start(request: &ImportRequest, from: Position, bytes_read: Arc<AtomicU64>) -> Result<(Option<u64>, Batches), ImportError> {
    let failed = |cause| ImportError::File { path: shown(request), cause };
    let (input, bytes_total): (Box<dyn Read + Send>, _) = match &request.file {
        None => (Box::new(io::stdin()), None),
        Some(path) => {
            let file = File::open(path).map_err(failed)?;
            let about = file.metadata().map_err(failed)?;
            if about.is_dir() {
                return Err(failed(io::ErrorKind::IsADirectory.into()));
            }
            // A pipe or a device has no size to show.
            (Box::new(file), about.is_file().then_some(about.len()))
        }
    };
    let input = Counted { inner: input, bytes_read };
    let request = request.clone();
    // One batch waits while one is written and one is read.
    let (sender, batches) = channel(1);
    // Not a task: a blocked read of the standard input must not keep the program from ending.
    std::thread::Builder::new().name("import-reader".to_owned()).spawn(move || read(&request, input, from, &sender)).map_err(failed)?;
    Ok((bytes_total, batches))
}

fn read(request: &ImportRequest, input: Counted<Box<dyn Read + Send>>, from: Position, sender: &Sender<Result<Batch, ImportError>>) {
    let failed = |cause| ImportError::File { path: shown(request), cause };
    let refused = |cause| ImportError::Csv { path: shown(request), cause };
    let result = unpacked(input).map_err(failed).and_then(|input| match request.format {
        FileFormat::Ndjson => {
            let mut rows = ChargeLines::new(input);
            if !rows.skip_to(from).map_err(failed)? {
                return Err(ImportError::Resume(format!(
                    "{}: no line begins at byte {}; import it without --resume",
                    shown(request),
                    from.byte
                )));
            }
            send(request, rows, |rows| rows.next().map(|row| row.map_err(failed)), ChargeLines::reached, sender)
        }
        FileFormat::Csv { delimiter } => {
            let options = CsvOptions { delimiter, default_source: request.default_source.clone() };
            let mut rows = ChargeCsv::open(input, options).map_err(refused)?;
            if from != Position::default() {
                rows.skip_to(from).map_err(refused)?;
            }
            let next = |rows: &mut ChargeCsv<_>| {
                rows.next().map(|row| {
                    row.map_err(|cause| match cause {
                        CsvError::Io(cause) => failed(cause),
                        CsvError::Header(_) | CsvError::RowTooLong { .. } => refused(cause),
                    })
                })
            };
            send(request, rows, next, ChargeCsv::reached, sender)
        }
    });
    if let Err(error) = result {
        // A receiver that has gone was asked to stop.
        let _ = sender.blocking_send(Err(error));
    }
}

/// Sends batches until the rows or the receiver end. What was read before an error is sent first.
fn send<S>(
    request: &ImportRequest,
    mut rows: S,
    mut next: impl FnMut(&mut S) -> Option<Result<Row, ImportError>>,
    reached: impl Fn(&S) -> Position,
    sender: &Sender<Result<Batch, ImportError>>,
) -> Result<(), ImportError> {
    let size = request.batch.max(1);
    loop {
        let mut batch = Batch { charges: Vec::with_capacity(size), lines: Vec::with_capacity(size), reached: Position::default() };
        let mut end = None;
        while batch.charges.len() < size && end.is_none() {
            // Where this row begins, in case it is the one that cannot be read.
            batch.reached = reached(&rows);
            match next(&mut rows) {
                Some(Ok(row)) => {
                    batch.lines.push(row.line);
                    batch.charges.push(with_source(row.charge, request.default_source.as_deref()));
                    batch.reached = reached(&rows);
                }
                Some(Err(error)) => end = Some(Err(error)),
                None => end = Some(Ok(())),
            }
        }
        let is_worth_sending = !batch.charges.is_empty();
        if is_worth_sending && sender.blocking_send(Ok(batch)).is_err() {
            return Ok(());
        }
        if let Some(end) = end {
            return end;
        }
    }
}

fn with_source(mut charge: IncomingCharge, default_source: Option<&str>) -> IncomingCharge {
    if let (Ok(draft), Some(source)) = (&mut charge.draft, default_source)
        && draft.source.is_empty()
    {
        source.clone_into(&mut draft.source);
    }
    charge
}

/// The bytes of the file, unpacked when they begin as gzip or Zstandard do.
fn unpacked(input: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    let begin = input.fill_buf()?;
    if begin.starts_with(GZIP_MAGIC) {
        let plain = flate2::bufread::MultiGzDecoder::new(input);
        return Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, plain)));
    }
    if begin.starts_with(ZSTD_MAGIC) {
        let plain = zstd::stream::read::Decoder::with_buffer(input)?;
        return Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, plain)));
    }
    Ok(Box::new(input))
}

/// A whole file, or the standard input, unpacked.
pub(in crate::app) fn open_plain(file: Option<&Path>) -> io::Result<Box<dyn BufRead + Send>> {
    match file {
        None => unpacked(io::stdin()),
        Some(path) => {
            let file = File::open(path)?;
            if file.metadata()?.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            unpacked(file)
        }
    }
}

/// Counts the bytes that pass, for the progress bar.
struct Counted<R> {
    inner: R,
    bytes_read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.bytes_read.fetch_add(u64::try_from(length).unwrap_or(0), Ordering::Relaxed);
        Ok(length)
    }
}
