//! Floor 2: use cases. One file each, one database transaction each; authorisation, clock and errors live here.
//!
//! Every use case takes the [`App`] and the [`Actor`](auth::Actor) first, checks what the actor may, and works only on the actor's books.

pub mod auth;
pub mod clock;
pub mod error;
pub mod ingest;
pub mod masters;
pub mod posting;

mod books;

pub use books::{App, Books};
pub use clock::Clock;
pub use error::AppError;
