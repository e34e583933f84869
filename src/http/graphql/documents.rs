//! Documents that were parsed and held against the limits before: clients send the same few again and again.

use std::sync::Arc;

use async_graphql::parser::types::ExecutableDocument;
use quick_cache::sync::Cache;

use super::limits::{DocumentRefusal, read_document};
use crate::http::config::GraphqlLimits;

/// Accepted documents by their text. Cheap to clone.
#[derive(Clone)]
pub(in crate::http) struct Documents {
    accepted: Arc<Cache<String, Arc<ExecutableDocument>>>,
}

/// Documents kept. With [`LONGEST_KEPT`] this bounds the memory that callers can fill.
const KEPT: usize = 256;
/// Longer documents are parsed each time.
const LONGEST_KEPT: usize = 8 * 1024;

impl Default for Documents {
    fn default() -> Self {
        Self { accepted: Arc::new(Cache::new(KEPT)) }
    }
}

impl Documents {
    /// Parses the document and holds it against the limits, which are the same for every request of a process.
    pub(super) fn read(&self, text: &str, limits: &GraphqlLimits) -> Result<ExecutableDocument, DocumentRefusal> {
        if let Some(document) = self.accepted.get(text) {
            return Ok(ExecutableDocument::clone(&document));
        }
        let document = read_document(text, limits)?;
        if text.len() <= LONGEST_KEPT {
            self.accepted.insert(text.to_owned(), Arc::new(document.clone()));
        }
        Ok(document)
    }
}
