//! The posting desk: one thread for one set of books, which shares each commit among everybody who waits.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::Session;
use crate::app::ingest::{Outcome, Submission, book};
use crate::app::masters::Masters;
use crate::app::{AppError, Clock};
use crate::domain::ids::BooksId;
use crate::domain::period::Moment;
use crate::store::ledger::Ledger;
use crate::store::{Store, StoreError};

/// Charges in one transaction. Larger batches gain little (docs/PERFORMANCE.md) and make others wait longer.
const CHARGES_PER_COMMIT: usize = 10_000;
/// Submissions waiting at the desk; more wait at their callers, which is the back-pressure.
const WAITING_SUBMISSIONS: usize = 4_096;
/// How often a busy database is tried again before the callers are told.
const ATTEMPTS: u32 = 3;

/// How long nobody comes before the desk tidies up.
const QUIET_MOMENT: Duration = Duration::from_millis(250);

type Work = Box<dyn FnOnce(&mut Session) + Send>;

enum Message {
    Charges(Submission, oneshot::Sender<Result<Vec<Outcome>, StoreError>>),
    Work(Work),
}

/// A handle to the desk. When the last one is gone the desk finishes its queue and closes.
#[derive(Clone)]
pub struct Desk {
    messages: mpsc::Sender<Message>,
}

/// What the desk's thread works with.
pub struct DeskSetup {
    pub store: Store,
    pub clock: Clock,
    pub books: BooksId,
    pub masters: Arc<RwLock<Arc<Masters>>>,
}

impl Desk {
    /// Opens the desk on a thread of its own.
    ///
    /// # Errors
    /// The failure to start a thread.
    pub fn open(setup: DeskSetup, runtime: tokio::runtime::Handle) -> Result<Self, AppError> {
        let (messages, queue) = mpsc::channel(WAITING_SUBMISSIONS);
        let thread = std::thread::Builder::new().name(format!("desk-{}", setup.books));
        // A timer of the desk's own: the caller's runtime may end while the desk still waits for its next message.
        let timer = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let timer = timer.map_err(|error| AppError::Internal(StoreError::Unavailable(error.to_string())))?;
        thread
            .spawn(move || {
                // A connection that goes back to its pool is handed to the runtime, also when the desk closes.
                let handle = runtime.clone();
                let _context = handle.enter();
                Clerk { setup, runtime, timer, session: None }.work_off(queue);
            })
            .map_err(|error| AppError::Internal(StoreError::Unavailable(error.to_string())))?;
        Ok(Self { messages })
    }

    /// Hands charges in and waits for the commit that makes them durable.
    ///
    /// # Errors
    /// `Unavailable` when they could not be stored: then none of them is, unless the connection broke during the commit itself; sending them again is safe.
    pub async fn submit(&self, submission: Submission) -> Result<Vec<Outcome>, AppError> {
        let (reply, answer) = oneshot::channel();
        self.messages.send(Message::Charges(submission, reply)).await.map_err(|_| closed())?;
        Ok(answer.await.map_err(|_| closed())??)
    }

    /// Runs work in one transaction of its own, between batches of charges.
    ///
    /// # Errors
    /// What the work returns, and any failure to begin or commit; nothing is then written.
    pub async fn run<T: Send + 'static>(
        &self,
        recorded_at: Moment,
        work: impl FnOnce(&mut Session) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        let (reply, answer) = oneshot::channel();
        let work = move |session: &mut Session| {
            let result = session.begin(recorded_at).and_then(|()| match work(session) {
                Ok(value) => session.commit().map(|()| value).map_err(AppError::from),
                Err(error) => {
                    session.rollback();
                    Err(error)
                }
            });
            // The caller may have gone away; the work is done all the same.
            let _ = reply.send(result);
        };
        self.messages.send(Message::Work(Box::new(work))).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

fn closed() -> AppError {
    AppError::Unavailable(StoreError::Unavailable("the service is shutting down, or its connection could not be opened".to_owned()))
}

struct Clerk {
    setup: DeskSetup,
    runtime: tokio::runtime::Handle,
    timer: tokio::runtime::Runtime,
    session: Option<Session>,
}

type Waiting = (Submission, oneshot::Sender<Result<Vec<Outcome>, StoreError>>);

impl Clerk {
    fn work_off(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut next = queue.blocking_recv();
        while let Some(message) = next.take() {
            match message {
                Message::Work(work) => {
                    if let Ok(session) = self.session() {
                        work(session);
                    }
                }
                Message::Charges(submission, reply) => {
                    let mut batch = vec![(submission, reply)];
                    let mut charges = batch.iter().map(|waiting| waiting.0.charges.len()).sum::<usize>();
                    // Whoever is waiting shares the commit; nobody is waited for.
                    while charges < CHARGES_PER_COMMIT {
                        match queue.try_recv() {
                            Ok(Message::Charges(submission, reply)) => {
                                charges += submission.charges.len();
                                batch.push((submission, reply));
                            }
                            Ok(work @ Message::Work(_)) => {
                                next = Some(work);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.book_batch(batch);
                }
            }
            if next.is_none() {
                next = queue.try_recv().ok();
            }
            if next.is_none() {
                next = self.wait(&mut queue);
            }
        }
    }

    /// The next message. After a quiet moment the log is moved into the file, so that this seldom falls into a batch; doing it at
    /// every empty queue would cost more than the batches (docs/PERFORMANCE.md).
    fn wait(&mut self, queue: &mut mpsc::Receiver<Message>) -> Option<Message> {
        match self.timer.block_on(async { tokio::time::timeout(QUIET_MOMENT, queue.recv()).await }) {
            Ok(message) => message,
            Err(_quiet) => {
                if let Some(session) = &mut self.session {
                    session.idle();
                }
                queue.blocking_recv()
            }
        }
    }

    fn session(&mut self) -> Result<&mut Session, StoreError> {
        if self.session.is_none() {
            let ledger = Ledger::open(&self.setup.store, self.runtime.clone())
                .inspect_err(|error| tracing::error!(%error, "the posting desk cannot open its connection"))?;
            let masters = self.setup.masters.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            self.session = Some(Session::new(ledger, self.setup.store.clone(), self.runtime.clone(), self.setup.books, masters));
        }
        self.session.as_mut().ok_or_else(|| StoreError::Unavailable("no session".to_owned()))
    }

    /// Books a shared batch in one transaction and tells everybody who waits for it.
    fn book_batch(&mut self, batch: Vec<Waiting>) {
        let (mut submissions, replies): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let result = self.book_with_retries(&mut submissions);
        match result {
            Ok(outcomes) => replies.into_iter().zip(outcomes).for_each(|(reply, outcomes)| drop(reply.send(Ok(outcomes)))),
            Err(error) => {
                tracing::error!(%error, submissions = replies.len(), "a batch of charges was not stored");
                for reply in replies {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
        self.publish_masters();
    }

    fn book_with_retries(&mut self, submissions: &mut [Submission]) -> Result<Vec<Vec<Outcome>>, StoreError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.book_once(submissions) {
                // Charges that were already taken into a lost transaction are sent again by their callers, which is safe.
                Err(StoreError::Busy(_)) if attempt < ATTEMPTS && submissions.iter().all(|submission| !submission.charges.is_empty()) => {
                    std::thread::sleep(Duration::from_millis(20 << attempt))
                }
                result => return result,
            }
        }
    }

    fn book_once(&mut self, submissions: &mut [Submission]) -> Result<Vec<Vec<Outcome>>, StoreError> {
        let recorded_at = Moment::from_instant(self.setup.clock.now());
        let session = self.session()?;
        session.begin(recorded_at).map_err(store_error)?;
        match book(session, submissions) {
            Ok(outcomes) => session.commit().map(|()| outcomes),
            Err(error) => {
                session.rollback();
                Err(store_error(error))
            }
        }
    }

    /// Lets the next callers prepare with the masters that the desk has seen.
    fn publish_masters(&mut self) {
        let Some(session) = &self.session else { return };
        let mut published = self.setup.masters.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if published.version < session.masters().version {
            *published = session.masters().clone();
        }
    }
}

fn store_error(error: AppError) -> StoreError {
    match error {
        AppError::Unavailable(error) | AppError::Internal(error) => error,
        other => StoreError::Refused(other.to_string()),
    }
}
