//! Brings a document into the form in which the schema weighs it as the GraphQL specification executes it.
//!
//! The schema's cost of a page looks up `first` in every operation of the document, and takes a variable without a value for a
//! mistake. A client that sends a whole file with `operationName`, or leaves an optional page size out, would be refused for it.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    BaseType, DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value};

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// Leaves only the operation that is executed, with the fragments it spreads, and gives absent page sizes their value, `null`.
///
/// The document's limits were checked before, so it is small and its fragments have no cycles.
pub(super) fn select_operation(document: &mut ExecutableDocument, operation_name: Option<&str>) {
    match (&mut document.operations, operation_name) {
        (DocumentOperations::Single(operation), _) => absent_page_sizes_are_null(&mut operation.node),
        (DocumentOperations::Multiple(operations), name) => {
            // A name that no operation has is refused by the execution.
            if let Some(wanted) = name.filter(|wanted| operations.len() > 1 && operations.contains_key(*wanted)) {
                operations.retain(|name, _| name == wanted);
                let mut spread = HashSet::new();
                for operation in operations.values() {
                    collect_spreads(&document.fragments, &operation.node.selection_set.node, &mut spread);
                }
                document.fragments.retain(|name, _| spread.contains(name));
            }
            operations.values_mut().for_each(|operation| absent_page_sizes_are_null(&mut operation.node));
        }
    }
}

/// A nullable variable without a value counts as `null` wherever the schema takes an `Int`: it has none with another default.
fn absent_page_sizes_are_null(operation: &mut OperationDefinition) {
    for variable in &mut operation.variable_definitions {
        let variable = &mut variable.node;
        let declared = &variable.var_type.node;
        if declared.nullable && declared.base == BaseType::Named(Name::new("Int")) && variable.default_value.is_none() {
            variable.default_value = Some(Positioned::new(Value::Null, variable.name.pos));
        }
    }
}

fn collect_spreads(fragments: &Fragments, set: &SelectionSet, spread: &mut HashSet<Name>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => collect_spreads(fragments, &field.node.selection_set.node, spread),
            Selection::InlineFragment(inline) => collect_spreads(fragments, &inline.node.selection_set.node, spread),
            Selection::FragmentSpread(fragment) => {
                let name = &fragment.node.fragment_name.node;
                if spread.insert(name.clone())
                    && let Some(definition) = fragments.get(name)
                {
                    collect_spreads(fragments, &definition.node.selection_set.node, spread);
                }
            }
        }
    }
}
