//! The application: one store, one clock, and the open books.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use tokio::sync::Mutex;

use super::auth::Actor;
use super::masters::{Masters, load_masters};
use super::posting::{Desk, DeskSetup};
use super::{AppError, Clock};
use crate::domain::chart::NameLimits;
use crate::domain::ids::BooksId;
use crate::store::{Store, StoreError, StoreOptions};

/// What every use case works with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: Clock,
    open: Mutex<HashMap<String, Arc<Books>>>,
}

/// One open set of books: its snapshot of masters and its posting desk.
pub struct Books {
    id: BooksId,
    code: String,
    masters: Arc<RwLock<Arc<Masters>>>,
    desk: Desk,
}

impl App {
    /// Works on a migrated store.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn open(store: Store, clock: Clock) -> Result<Self, AppError> {
        store.ping().await?;
        Ok(Self { inner: Arc::new(Inner { store, clock, open: Mutex::new(HashMap::new()) }) })
    }

    /// Connects, brings the schema up to date, and creates the books when there are none of that code.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn create(url: &str, clock: Clock, books: &str) -> Result<Self, AppError> {
        Self::create_with(StoreOptions::new(url), clock, books).await
    }

    /// The same with other limits of names than the usual ones.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn create_holding(url: &str, names: NameLimits, clock: Clock, books: &str) -> Result<Self, AppError> {
        Self::create_with(StoreOptions { names, ..StoreOptions::new(url) }, clock, books).await
    }

    /// Connects to books that are there and brings their schema up to date: for commands that write. A mistyped name creates nothing.
    ///
    /// # Errors
    /// `NotFound` when there are no books of that code, and any database failure.
    pub async fn upgrade(url: &str, names: NameLimits, clock: Clock, books: &str) -> Result<Self, AppError> {
        let store = Store::connect(StoreOptions::new(url)).await?;
        if !crate::store::masters::books_found(&store).await?.iter().any(|found| found.code == books) {
            return Err(AppError::NotFound("books"));
        }
        drop(store);
        Self::create_holding(url, names, clock, books).await
    }

    /// The codes of the books at an address.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn codes_at(url: &str) -> Result<Vec<String>, AppError> {
        let store = Store::connect(StoreOptions::new(url)).await?;
        Ok(crate::store::masters::books_found(&store).await?.into_iter().map(|found| found.code).collect())
    }

    /// Connects to books that are there, and creates nothing: for commands that only look.
    ///
    /// # Errors
    /// `NotFound` when there are no books of that code or no schema, and any database failure.
    pub async fn connect(url: &str, clock: Clock, books: &str) -> Result<Self, AppError> {
        let store = Store::connect(StoreOptions::new(url)).await?;
        if store.pending_migrations().await? > 0 {
            return Err(AppError::Internal(StoreError::corrupt("its schema is not up to date: run `tallybook migrate` first")));
        }
        let app = Self::open(store, clock).await?;
        app.books_by_code(books).await?;
        Ok(app)
    }

    /// The same with other options than the usual ones.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn create_with(options: StoreOptions, clock: Clock, books: &str) -> Result<Self, AppError> {
        let store = Store::connect(options).await?;
        store.migrate().await?;
        let id = super::masters::create_books(&store, &clock, books, books).await?;
        super::masters::sync_builtin_prices(&store, &clock, id).await?;
        let app = Self::open(store, clock).await?;
        if !crate::store::masters::is_sealed(app.store(), id).await? {
            let books = app.books_by_code(books).await?;
            app.seal_unsealed(&books).await?;
        }
        Ok(app)
    }

    /// Grows the tree over entries of a program that had none, which happens once: any transaction of the desk does it.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn seal_unsealed(&self, books: &Books) -> Result<(), AppError> {
        if crate::store::masters::is_sealed(&self.inner.store, books.id).await? {
            return Ok(());
        }
        let now = crate::domain::period::Moment::from_instant(self.inner.clock.now());
        books.desk.run(now, |_| Ok(())).await
    }

    /// Whether requests can be served: the database answers and its schema is up to date.
    ///
    /// # Errors
    /// What is missing.
    pub async fn check_ready(&self) -> Result<(), AppError> {
        self.store().ping().await?;
        match self.store().pending_migrations().await? {
            0 => Ok(()),
            missing => Err(AppError::Internal(StoreError::corrupt(format!("{missing} migrations are missing")))),
        }
    }

    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The actor's books, by the verified claim.
    ///
    /// # Errors
    /// `NotFound` when there are no such books.
    pub async fn books(&self, actor: &Actor) -> Result<Arc<Books>, AppError> {
        self.books_by_code(&actor.books).await
    }

    /// Books by their code, opened at their first use.
    ///
    /// # Errors
    /// `NotFound` when there are no such books.
    pub async fn books_by_code(&self, code: &str) -> Result<Arc<Books>, AppError> {
        let mut open = self.inner.open.lock().await;
        if let Some(books) = open.get(code) {
            return Ok(books.clone());
        }
        let id = crate::store::masters::books_id(&self.inner.store, code).await?.ok_or(AppError::NotFound("books"))?;
        let masters = Arc::new(RwLock::new(Arc::new(load_masters(&self.inner.store, id).await?)));
        let setup = DeskSetup { store: self.inner.store.clone(), clock: self.inner.clock.clone(), books: id, masters: masters.clone() };
        let desk = Desk::open(setup, tokio::runtime::Handle::current())?;
        let books = Arc::new(Books { id, code: code.to_owned(), masters, desk });
        open.insert(code.to_owned(), books.clone());
        Ok(books)
    }
}

impl Books {
    pub fn id(&self) -> BooksId {
        self.id
    }

    pub fn code(&self) -> &str {
        &self.code
    }

    /// The snapshot of masters as this process last saw them; the desk looks again under the books' lock.
    pub fn masters(&self) -> Arc<Masters> {
        self.masters.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Loads the masters again when another process, or a save in this one, changed them.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn refresh_masters(&self, store: &Store) -> Result<Arc<Masters>, AppError> {
        let version = crate::store::masters::masters_version(store, self.id).await?;
        let held = self.masters();
        if held.version == version {
            return Ok(held);
        }
        let loaded = Arc::new(load_masters(store, self.id).await?);
        let mut published = self.masters.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if published.version < loaded.version {
            *published = loaded.clone();
        }
        Ok(loaded)
    }
}
