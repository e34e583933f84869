//! Batched reads: what many rows of one answer need is asked for once. One loader a request, so it sees what the request's actor sees.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, Error};

use super::error::{LoadError, OrFailure, actor};
use crate::app::App;
use crate::app::allocation::{self, RunView};
use crate::app::auth::Actor;
use crate::app::charges::{self, Charge};
use crate::app::journal::{self, Entry, PostingView};
use crate::app::manual_journals::{self, DraftView};
use crate::domain::ids::{ChargeNumber, EntryNumber};

/// Reads on behalf of one actor.
pub struct Reads {
    app: App,
    actor: Actor,
}

/// The request's loader.
pub type RequestLoader = DataLoader<Reads>;

/// A loader for one request.
pub fn request_loader(app: &App, actor: &Actor) -> RequestLoader {
    DataLoader::new(Reads { app: app.clone(), actor: actor.clone() }, tokio::spawn)
}

/// Asks for an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntryKey(pub EntryNumber);

/// Asks for the visible postings of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PostingsKey(pub EntryNumber);

/// Asks for the reversal of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReversalKey(pub EntryNumber);

/// Asks for a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChargeKey(pub ChargeNumber);

/// Asks for the draft of an entry made by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DraftKey(pub EntryNumber);

/// Asks for an allocation run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RunKey(pub i64);

impl Loader<RunKey> for Reads {
    type Value = Arc<RunView>;
    type Error = LoadError;

    async fn load(&self, keys: &[RunKey]) -> Result<HashMap<RunKey, Self::Value>, LoadError> {
        let runs = allocation::runs_by_number(&self.app, &self.actor, keys.iter().map(|key| key.0).collect()).await?;
        Ok(runs.into_iter().map(|run| (RunKey(run.head.number), Arc::new(run))).collect())
    }
}

impl Loader<DraftKey> for Reads {
    type Value = DraftView;
    type Error = LoadError;

    async fn load(&self, keys: &[DraftKey]) -> Result<HashMap<DraftKey, Self::Value>, LoadError> {
        let numbers: Vec<_> = keys.iter().map(|key| key.0).collect();
        let drafts = manual_journals::drafts_of_entries(&self.app, &self.actor, &numbers).await?;
        Ok(drafts.into_iter().map(|(number, draft)| (DraftKey(number), draft)).collect())
    }
}

impl Loader<EntryKey> for Reads {
    type Value = Arc<Entry>;
    type Error = LoadError;

    async fn load(&self, keys: &[EntryKey]) -> Result<HashMap<EntryKey, Self::Value>, LoadError> {
        let numbers: Vec<_> = keys.iter().map(|key| key.0).collect();
        let entries = journal::entries_by_number(&self.app, &self.actor, &numbers).await?;
        Ok(entries.into_iter().map(|(number, entry)| (EntryKey(number), Arc::new(entry))).collect())
    }
}

impl Loader<PostingsKey> for Reads {
    type Value = Arc<Vec<PostingView>>;
    type Error = LoadError;

    async fn load(&self, keys: &[PostingsKey]) -> Result<HashMap<PostingsKey, Self::Value>, LoadError> {
        let numbers: Vec<_> = keys.iter().map(|key| key.0).collect();
        let postings = journal::postings(&self.app, &self.actor, &numbers).await?;
        Ok(postings.into_iter().map(|(number, postings)| (PostingsKey(number), Arc::new(postings))).collect())
    }
}

impl Loader<ReversalKey> for Reads {
    type Value = EntryNumber;
    type Error = LoadError;

    async fn load(&self, keys: &[ReversalKey]) -> Result<HashMap<ReversalKey, EntryNumber>, LoadError> {
        let numbers: Vec<_> = keys.iter().map(|key| key.0).collect();
        let reversals = journal::reversals(&self.app, &self.actor, &numbers).await?;
        Ok(reversals.into_iter().map(|(number, reversal)| (ReversalKey(number), reversal)).collect())
    }
}

impl Loader<ChargeKey> for Reads {
    type Value = Arc<Charge>;
    type Error = LoadError;

    async fn load(&self, keys: &[ChargeKey]) -> Result<HashMap<ChargeKey, Self::Value>, LoadError> {
        let numbers: Vec<_> = keys.iter().map(|key| key.0).collect();
        let charges = charges::charges_by_number(&self.app, &self.actor, &numbers).await?;
        Ok(charges.into_iter().map(|(number, charge)| (ChargeKey(number), Arc::new(charge))).collect())
    }
}

/// One value through the request's loader; `None` when it does not exist or is not visible.
///
/// # Errors
/// `UNAUTHENTICATED`, `FORBIDDEN`, or a database failure.
pub async fn load<K>(ctx: &Context<'_>, key: K) -> Result<Option<<Reads as Loader<K>>::Value>, Error>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Reads: Loader<K, Error = LoadError>,
{
    // The loader exists exactly when an actor does.
    actor(ctx)?;
    ctx.data::<RequestLoader>()?.load_one(key).await.or_failure(ctx)
}
