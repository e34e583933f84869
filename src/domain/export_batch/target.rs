//! A target: which system takes the batches, and under which names it knows accounts and dimensions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RoundingPolicy;
use crate::domain::report::SpendDimension;

/// Accounts and values of dimensions that one target may rename.
pub const MOST_MAPPED: usize = 10_000;
/// Dimensions of a coding block.
pub const MOST_SEGMENTS: usize = 7;

/// What a target is, as it is stored: a version of it never changes, and a batch keeps the version it was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Code of the file format.
    pub format: String,
    /// Company, subsidiary or company code.
    pub company: Option<String>,
    /// The journal that takes the documents.
    pub journal: Option<String>,
    /// The system's own currency, for formats that cannot name another one.
    pub currency: Option<String>,
    /// The exported dimensions in the order of the system's segments.
    pub segments: Vec<Segment>,
    /// The system's accounts by our code; others go under our code.
    pub accounts: BTreeMap<String, String>,
    /// The system's values by dimension and our code; others go under our code.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    /// Lines of one document.
    pub most_lines: usize,
    pub keeps_carry: bool,
    /// The letters with which its documents begin; none where they are derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_prefix: Option<String>,
}

/// An exported dimension and the segment that takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// A [`SpendDimension`] by its [`Target::dimension_name`].
    pub dimension: String,
    pub name: String,
}

impl Target {
    /// The stored name of a dimension that can be exported; accounts are no dimension.
    pub fn dimension_name(dimension: SpendDimension) -> &'static str {
        match dimension {
            SpendDimension::Provider => "provider",
            SpendDimension::Model => "model",
            SpendDimension::Team => "team",
            SpendDimension::Project => "project",
            SpendDimension::Client => "client",
            SpendDimension::Feature => "feature",
            SpendDimension::Environment => "environment",
            SpendDimension::Account => "account",
        }
    }

    /// The dimension of a stored name.
    pub fn dimension_of(name: &str) -> Option<SpendDimension> {
        Self::DIMENSIONS.into_iter().find(|dimension| Self::dimension_name(*dimension) == name)
    }

    /// Every dimension that can be exported.
    pub const DIMENSIONS: [SpendDimension; MOST_SEGMENTS] = [
        SpendDimension::Team,
        SpendDimension::Project,
        SpendDimension::Client,
        SpendDimension::Feature,
        SpendDimension::Provider,
        SpendDimension::Model,
        SpendDimension::Environment,
    ];

    pub fn dimensions(&self) -> Vec<SpendDimension> {
        self.segments.iter().filter_map(|segment| Self::dimension_of(&segment.dimension)).collect()
    }

    pub fn rounding(&self) -> RoundingPolicy {
        if self.keeps_carry { RoundingPolicy::Carry } else { RoundingPolicy::RoundingLine }
    }

    /// The system's name of an account.
    pub fn account<'a>(&'a self, code: &'a str) -> &'a str {
        self.accounts.get(code).map_or(code, String::as_str)
    }

    /// The system's name of a value of a dimension.
    pub fn value<'a>(&'a self, dimension: &str, code: &'a str) -> &'a str {
        self.values.get(dimension).and_then(|values| values.get(code)).map_or(code, String::as_str)
    }
}
