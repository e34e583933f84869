//! What one document may ask for. Fragments count at every place where they are spread, so hiding fields in them gains nothing.
//!
//! Complexity is the schema's own sum and is enforced by it; everything else is counted here, before validation, whose own
//! walk through fragments would take exponential time on a hostile document.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, Field, FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned};

use super::tokens;
use crate::http::config::GraphqlLimits;
use crate::http::problem::Location;

/// Nesting of brackets that the parser is let see: it recurses, and its stack is finite. Far above the limit on depth.
const NESTING_LIMIT: usize = 64;

/// Selections after all fragments are spread. A document of 2,000 tokens without fragments cannot reach it; one that
/// doubles itself through fragments does at once.
const EXPANDED_SELECTIONS_LIMIT: u64 = 5_000;

/// Levels of fields in introspection: the standard query of GraphiQL and code generators has 15.
const INTROSPECTION_DEPTH_LIMIT: usize = 20;

/// How often introspection may go from a type to a list of its parts: each step multiplies the answer by dozens.
/// The same number as in GraphQL.js' `MaxIntrospectionDepthRule`.
const INTROSPECTION_LISTS_LIMIT: usize = 3;

/// Why a document is not executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct DocumentRefusal {
    pub code: &'static str,
    pub message: String,
    /// When one place is to blame.
    pub location: Option<Location>,
}

impl DocumentRefusal {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), location: None }
    }
}

/// Parses the document and holds every limit against each of its operations.
pub(in crate::http) fn read_document(text: &str, limits: &GraphqlLimits) -> Result<ExecutableDocument, DocumentRefusal> {
    let lexical = tokens::count(text, limits.tokens);
    if lexical.tokens > limits.tokens {
        let message = format!("the document has more than {} tokens: pass data in variables, and split the rest", limits.tokens);
        return Err(DocumentRefusal::new("TOKEN_LIMIT", message));
    }
    if lexical.nesting > NESTING_LIMIT {
        return Err(DocumentRefusal::new("DEPTH_LIMIT", format!("the document nests more than {NESTING_LIMIT} brackets")));
    }
    let document = parse_query(text).map_err(|error| DocumentRefusal {
        code: "GRAPHQL_PARSE_FAILED",
        message: error.to_string(),
        location: error.positions().next().map(|position| Location { line: position.line, column: position.column }),
    })?;
    let mut counter = Counter { fragments: &document.fragments, done: HashMap::new(), open: HashSet::new() };
    for (_, operation) in document.operations.iter() {
        let mut counts = counter.selections(&operation.node.selection_set.node)?;
        counts.directives = counts.directives.saturating_add(length(&operation.node.directives));
        refuse_above(&counts, limits)?;
    }
    Ok(document)
}

fn refuse_above(counts: &Counts, limits: &GraphqlLimits) -> Result<(), DocumentRefusal> {
    let above = |count: u64, limit: usize| count > u64::try_from(limit).unwrap_or(u64::MAX);
    let refusal = if above(counts.aliases, limits.aliases) {
        ("ALIAS_LIMIT", format!("the operation has {} aliases, fragments included; {} are allowed", counts.aliases, limits.aliases))
    } else if above(counts.level_fields, limits.root_fields) {
        ("ROOT_FIELD_LIMIT", format!("the operation has {} root fields; {} are allowed: split it", counts.level_fields, limits.root_fields))
    } else if above(counts.directives, limits.directives) {
        ("DIRECTIVE_LIMIT", format!("the operation has {} directives; {} are allowed", counts.directives, limits.directives))
    } else if counts.depth > limits.depth {
        ("DEPTH_LIMIT", format!("the operation is {} levels deep; {} are allowed", counts.depth, limits.depth))
    } else if counts.introspection_depth > INTROSPECTION_DEPTH_LIMIT || counts.introspection_lists > INTROSPECTION_LISTS_LIMIT {
        ("DEPTH_LIMIT", "the introspection goes round in circles: ask for each type by its name".to_owned())
    } else if counts.selections > EXPANDED_SELECTIONS_LIMIT {
        let message = format!("the operation selects more than {EXPANDED_SELECTIONS_LIMIT} fields once its fragments are spread");
        ("COMPLEXITY_LIMIT", message)
    } else {
        return Ok(());
    };
    Err(DocumentRefusal::new(refusal.0, refusal.1))
}

/// What a selection set amounts to once its fragments are spread. Sums saturate: they only meet limits.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    selections: u64,
    aliases: u64,
    directives: u64,
    /// Fields of the set itself, not below them.
    level_fields: u64,
    depth: usize,
    /// Nested lists of a type's parts, if this is introspection.
    lists: usize,
    introspection_depth: usize,
    introspection_lists: usize,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.level_fields = self.level_fields.saturating_add(other.level_fields);
        self.depth = self.depth.max(other.depth);
        self.lists = self.lists.max(other.lists);
        self.introspection_depth = self.introspection_depth.max(other.introspection_depth);
        self.introspection_lists = self.introspection_lists.max(other.introspection_lists);
    }
}

struct Counter<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// Fragments counted before; without it a chain of doublings would take exponential time here.
    done: HashMap<&'a Name, Counts>,
    /// Fragments being counted, to find cycles.
    open: HashSet<&'a Name>,
}

impl<'a> Counter<'a> {
    /// Recursion is bounded: by the nesting of brackets inside one selection, and by the number of fragments, each open once.
    fn selections(&mut self, set: &'a SelectionSet) -> Result<Counts, DocumentRefusal> {
        let mut counts = Counts::default();
        for selection in &set.items {
            counts.selections = counts.selections.saturating_add(1);
            counts.directives = counts.directives.saturating_add(length(selection.node.directives()));
            let below = match &selection.node {
                Selection::Field(field) => self.field(&field.node)?,
                Selection::InlineFragment(inline) => self.selections(&inline.node.selection_set.node)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name)?,
            };
            counts.add(&below);
        }
        Ok(counts)
    }

    fn field(&mut self, field: &'a Field) -> Result<Counts, DocumentRefusal> {
        let mut counts = self.selections(&field.selection_set.node)?;
        counts.level_fields = 1;
        counts.aliases = counts.aliases.saturating_add(u64::from(field.alias.is_some()));
        match field.name.node.as_str() {
            "__schema" | "__type" => {
                counts.introspection_depth = counts.depth.saturating_add(1);
                counts.introspection_lists = counts.lists;
                counts.depth = 1;
            }
            "fields" | "inputFields" | "interfaces" | "possibleTypes" => {
                counts.lists = counts.lists.saturating_add(1);
                counts.depth = counts.depth.saturating_add(1);
            }
            _ => counts.depth = counts.depth.saturating_add(1),
        }
        Ok(counts)
    }

    fn fragment(&mut self, name: &'a Positioned<Name>) -> Result<Counts, DocumentRefusal> {
        if let Some(counts) = self.done.get(&name.node) {
            return Ok(*counts);
        }
        let location = Some(Location { line: name.pos.line, column: name.pos.column });
        // An unknown fragment is named by the validation, which knows the type it stands in.
        let Some(fragment) = self.fragments.get(&name.node) else { return Ok(Counts::default()) };
        if !self.open.insert(&name.node) {
            let message = format!("the fragment `{}` spreads itself, directly or through others", name.node);
            return Err(DocumentRefusal { code: "GRAPHQL_VALIDATION_FAILED", message, location });
        }
        let mut counts = self.selections(&fragment.node.selection_set.node)?;
        counts.directives = counts.directives.saturating_add(length(&fragment.node.directives));
        self.open.remove(&name.node);
        self.done.insert(&name.node, counts);
        Ok(counts)
    }
}

fn length<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}
