//! What is asked of a spend report.

use std::collections::BTreeSet;

use crate::app::reports::DimensionFilter;
use crate::domain::period::DayRange;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{ChargeDimension, Interval, SpendDimension, SpendKey, SpendMeasure};

/// Values in one list: as many as a report could still show apart.
const MOST_VALUES: usize = 1_000;
/// No hierarchy is deeper.
const DEEPEST_LEVEL: u32 = 64;

/// What is asked.
#[derive(Debug, Clone)]
pub struct SpendQuery {
    pub range: DayRange,
    /// A key named twice counts once.
    pub group_by: Vec<SpendKey>,
    /// The tag whose value is meant by [`ChargeDimension::Tag`].
    pub tag_key: Option<String>,
    /// Without one, the range is a single period.
    pub interval: Option<Interval>,
    pub filter: DimensionFilter,
    /// What charges must be like, beside the filter. All must hold.
    pub charges: Vec<ChargeTest>,
    /// Without one: USED, and FULLY_LOADED where the filter names accounts, which say themselves what is counted.
    pub measure: Option<SpendMeasure>,
    /// Cost centers below this level of the hierarchy are added up in the one above them; 1 is the topmost level.
    pub level: Option<u32>,
    /// Compares with the range before, or each period with the one before it.
    pub with_previous: bool,
}

/// A charge has any of the values in what only charges know; `None` stands for charges without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeTest {
    pub dimension: ChargeDimension,
    /// Of a tag.
    pub tag_key: Option<String>,
    pub values: Vec<Option<String>>,
}

impl SpendQuery {
    /// All cost that was used in a range, as one row.
    pub fn of(range: DayRange) -> Self {
        Self {
            range,
            group_by: Vec::new(),
            tag_key: None,
            interval: None,
            filter: DimensionFilter::default(),
            charges: Vec::new(),
            measure: None,
            level: None,
            with_previous: false,
        }
    }

    pub fn measure(&self) -> SpendMeasure {
        let names_accounts = self.filter.0.iter().any(|(dimension, _)| *dimension == SpendDimension::Account);
        let default = if names_accounts { SpendMeasure::FullyLoaded } else { SpendMeasure::Used };
        self.measure.unwrap_or(default)
    }

    /// Whether only charges can answer.
    pub(super) fn reads_charges(&self) -> bool {
        !self.charges.is_empty() || self.group_by.iter().any(|key| key.block().is_none())
    }

    /// The dimensions of blocks among the keys.
    pub(super) fn block_keys(&self) -> Vec<SpendDimension> {
        self.group_by.iter().filter_map(|key| key.block()).collect()
    }

    /// Holds that the question can be answered, and leaves each key once.
    pub(super) fn check(&mut self) -> Result<(), Rejection> {
        let mut seen = BTreeSet::new();
        self.group_by.retain(|key| seen.insert(*key));
        let by_tag = self.group_by.contains(&SpendKey::Charge(ChargeDimension::Tag));
        if by_tag && self.tag_key.as_deref().is_none_or(str::is_empty) {
            let message = "rows by TAG are split by the values of one tag: name its key in `tagKey`";
            return Err(Rejection::at(Code::MissingField, "tagKey", message));
        }
        if self.level.is_some_and(|level| level == 0 || level > DEEPEST_LEVEL) {
            let message = format!("a level is from 1, the topmost, to {DEEPEST_LEVEL}");
            return Err(Rejection::at(Code::RangeInvalid, "level", message));
        }
        if self.charges.iter().any(|test| test.values.len() > MOST_VALUES) {
            return Err(Rejection::at(Code::TooManyItems, "filter", format!("one list takes at most {MOST_VALUES} values")));
        }
        Ok(())
    }
}
