//! GraphQL: parse, authorise, call one use case, map.
//!
//! A resolver finds the request's [`Actor`](crate::app::auth::Actor) and [`RequestId`] in the request's data, where the HTTP door puts
//! them. Limits on aliases, root fields, tokens and batches belong to that door; depth and complexity are held here.

mod connection;
mod error;
mod loaders;
mod mutation;
mod query;
mod request;
mod scalars;
mod types;

use async_graphql::{EmptySubscription, SDLExportOptions, Schema, SchemaBuilder};

pub use mutation::Mutation;
pub use query::Query;

use crate::app::App;

/// The whole API.
pub type TallybookSchema = Schema<Query, Mutation, EmptySubscription>;

/// Names one request in logs and in the answer to an internal error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// What one request may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Fields within fields. The introspection query of GraphiQL needs 15.
    pub depth: usize,
    /// Fields, those of a list counted once for each item of the page asked for.
    pub complexity: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // A full page of 1,000 entries with every field of theirs and their postings costs about 90,000.
        Self { depth: 16, complexity: 100_000 }
    }
}

/// The schema over one database.
pub fn schema(app: App, limits: Limits) -> TallybookSchema {
    builder()
        .extension(request::PerRequest::new(app.clone()))
        .data(app)
        .data(limits)
        .limit_depth(limits.depth)
        .limit_complexity(limits.complexity)
        .limit_directives(MOST_DIRECTIVES)
        .disable_suggestions()
        .finish()
}

/// Directives on one field: `@skip` and `@include` are all there are.
const MOST_DIRECTIVES: usize = 5;

fn builder() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription)
}

/// The schema definition, sorted, as it is checked in under `schema/tallybook.graphql`.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by()
        .prefer_single_line_descriptions()
        .use_space_ident();
    builder().finish().sdl_with_options(options)
}
