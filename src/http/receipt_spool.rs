//! An ordered queue of bytes between one writer and one reader: in memory first, beyond that in an anonymous file.
//!
//! It lets a client send a whole stream of charges before it reads the first receipt, without a deadlock and without
//! holding the receipts in memory.
//!
//! Invariants: bytes come out in the order in which they went in; everything in memory is older than everything in the
//! file; the file is readable by its owner only and has no name, so it is gone when the last handle is.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

/// What is held in memory before the file is used: a file costs more than these bytes.
pub(super) const MEMORY_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// What the file may hold: receipts of about forty million charges. Beyond it the writer waits for the reader.
const FILE_LIMIT_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// What is read from the file at once.
const READ_BYTES: u64 = 64 * 1024;

/// A new queue that holds this much in memory.
pub(super) fn spool(memory_limit_bytes: usize) -> (SpoolWriter, SpoolReader) {
    let shared = Arc::new(Shared { state: Mutex::default(), memory_limit_bytes, for_reader: Notify::new(), for_writer: Notify::new() });
    (SpoolWriter { shared: Arc::clone(&shared) }, SpoolReader { shared })
}

/// The writing end. Dropping it ends the queue.
#[derive(Debug)]
pub(super) struct SpoolWriter {
    shared: Arc<Shared>,
}

/// The reading end. Dropping it tells the writer to stop.
#[derive(Debug)]
pub(super) struct SpoolReader {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    memory_limit_bytes: usize,
    for_reader: Notify,
    for_writer: Notify,
}

#[derive(Debug, Default)]
struct State {
    memory: VecDeque<Bytes>,
    memory_bytes: usize,
    file: Option<Arc<File>>,
    /// Set when a file could not be made or written: from then on the writer waits for the reader.
    is_file_broken: bool,
    /// A write to the file is going on, at `file_written`.
    is_writing: bool,
    file_read: u64,
    file_written: u64,
    is_writer_gone: bool,
    is_reader_gone: bool,
}

/// Where the next bytes go.
enum Place {
    Memory,
    File(Arc<File>, u64),
    NewFile,
    Full,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_file_empty(&self) -> bool {
        self.file_read == self.file_written
    }

    fn place(&self, length: usize, memory_limit_bytes: usize) -> Place {
        let fits_memory = self.memory.is_empty() || self.memory_bytes.saturating_add(length) <= memory_limit_bytes;
        match &self.file {
            _ if self.is_file_empty() && fits_memory => Place::Memory,
            _ if self.is_file_broken || self.file_written >= FILE_LIMIT_BYTES => Place::Full,
            Some(file) => Place::File(Arc::clone(file), self.file_written),
            None => Place::NewFile,
        }
    }
}

impl SpoolWriter {
    /// Adds bytes to the end. `false` when the reader is gone: nobody will read them or any more.
    pub async fn push(&self, bytes: Bytes) -> bool {
        loop {
            // Made before the state is looked at, so that no wake-up is missed.
            let reader_moved = self.shared.for_writer.notified();
            let place = {
                let mut state = self.shared.lock();
                if state.is_reader_gone {
                    return false;
                }
                let place = state.place(bytes.len(), self.shared.memory_limit_bytes);
                match &place {
                    Place::Memory => {
                        state.memory_bytes = state.memory_bytes.saturating_add(bytes.len());
                        state.memory.push_back(bytes.clone());
                    }
                    Place::File(..) => state.is_writing = true,
                    Place::NewFile | Place::Full => {}
                }
                place
            };
            match place {
                Place::Memory => {
                    self.shared.for_reader.notify_one();
                    return true;
                }
                Place::File(file, offset) => {
                    if self.write(file, offset, &bytes).await {
                        return true;
                    }
                }
                Place::NewFile => self.open_file().await,
                Place::Full => reader_moved.await,
            }
        }
    }

    /// Whether the reader was dropped.
    pub fn is_reader_gone(&self) -> bool {
        self.shared.lock().is_reader_gone
    }

    /// `false` when the bytes could not be written; they are then still the caller's.
    async fn write(&self, file: Arc<File>, offset: u64, bytes: &Bytes) -> bool {
        let written = {
            let bytes = bytes.clone();
            blocking(move || file.write_all_at(&bytes, offset)).await
        };
        let mut state = self.shared.lock();
        state.is_writing = false;
        match written {
            Ok(()) => {
                state.file_written = offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                drop(state);
                self.shared.for_reader.notify_one();
                true
            }
            Err(error) => {
                state.is_file_broken = true;
                tracing::warn!(%error, "receipts cannot be spilled to a temporary file: the stream waits for its reader instead");
                false
            }
        }
    }

    async fn open_file(&self) {
        let opened = blocking(anonymous_file).await;
        let mut state = self.shared.lock();
        match opened {
            Ok(file) => state.file = Some(Arc::new(file)),
            Err(error) => {
                state.is_file_broken = true;
                tracing::warn!(%error, "no temporary file for receipts: the stream waits for its reader instead");
            }
        }
    }
}

impl Drop for SpoolWriter {
    fn drop(&mut self) {
        self.shared.lock().is_writer_gone = true;
        self.shared.for_reader.notify_one();
    }
}

/// What the reader does next.
enum Step {
    Take(Bytes),
    Read(Arc<File>, u64, u64),
    End,
    Wait,
}

impl SpoolReader {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// The temporary file cannot be read; what it held is lost, though the charges it acknowledged are recorded.
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let writer_moved = self.shared.for_reader.notified();
            match self.step() {
                Step::Take(bytes) => {
                    self.shared.for_writer.notify_one();
                    return Ok(Some(bytes));
                }
                Step::Read(file, offset, length) => {
                    let bytes = {
                        let file = Arc::clone(&file);
                        blocking(move || read_at(&file, offset, length)).await?
                    };
                    self.consumed(&file, offset, &bytes);
                    return Ok(Some(bytes));
                }
                Step::End => return Ok(None),
                Step::Wait => writer_moved.await,
            }
        }
    }

    fn step(&self) -> Step {
        let mut state = self.shared.lock();
        if let Some(bytes) = state.memory.pop_front() {
            state.memory_bytes = state.memory_bytes.saturating_sub(bytes.len());
            return Step::Take(bytes);
        }
        match &state.file {
            Some(file) if !state.is_file_empty() => {
                Step::Read(Arc::clone(file), state.file_read, state.file_written.saturating_sub(state.file_read).min(READ_BYTES))
            }
            _ if state.is_writer_gone => Step::End,
            _ => Step::Wait,
        }
    }

    /// Once all is read the file starts over, so that it does not grow with the stream when the reader keeps up.
    fn consumed(&self, file: &File, offset: u64, bytes: &Bytes) {
        {
            let mut state = self.shared.lock();
            state.file_read = offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            if state.is_file_empty() && !state.is_writing {
                // Quick, and under the lock, so that no write can come between.
                if let Err(error) = file.set_len(0) {
                    tracing::debug!(%error, "the temporary file of receipts keeps its size");
                }
                state.file_read = 0;
                state.file_written = 0;
            }
        }
        self.shared.for_writer.notify_one();
    }
}

impl Drop for SpoolReader {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_reader_gone = true;
        state.memory.clear();
        state.file = None;
        drop(state);
        self.shared.for_writer.notify_one();
    }
}

fn read_at(file: &File, offset: u64, length: u64) -> io::Result<Bytes> {
    let mut buffer = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact_at(&mut buffer, offset)?;
    Ok(buffer.into())
}

/// A file without a name. It is created where nobody else's can be hit or followed, and unlinked at once.
fn anonymous_file() -> io::Result<File> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let directory = std::env::temp_dir();
    let mut attempt = 0;
    loop {
        let name = format!("tallybook-receipts-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = directory.join(name);
        match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            // Left by a killed process of the same id, at the worst a few.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
