//! The codes that a report or a list is narrowed to. A cost center stands for itself and all below it.

use std::collections::BTreeSet;

use super::access::Access;
use super::hierarchy::{kind_of, with_descendants};
use crate::app::AppError;
use crate::domain::chart::{CenterKind, NameKind};
use crate::domain::ids::AccountId;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::SpendDimension;
use crate::domain::spelling::closest;
use crate::store::StoreError;
use crate::store::balance::BlockFilter;
use crate::store::journal::name_id;

/// Codes by dimension: every list given must match, any of its codes does, and a cost center matches with every center below it. `None` in a list
/// stands for charges without that dimension.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DimensionFilter(pub Vec<(SpendDimension, Vec<Option<String>>)>);

/// Codes in one list: as many as a report could still show apart.
const MOST_CODES: usize = 1_000;

impl DimensionFilter {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The filter in ids. Names that never appeared match nothing; a cost center or account that is not saved is refused,
    /// because it is a slip of the pen (a limited token learns nothing from it: for it, unknown codes match nothing).
    ///
    /// # Errors
    /// `COST_CENTER_UNKNOWN`, `ACCOUNT_UNKNOWN`, `TOO_MANY_ITEMS`, or a database failure.
    pub(in crate::app) async fn resolve(&self, access: &Access<'_>) -> Result<BlockFilter, AppError> {
        let mut filter = BlockFilter { visible: access.visible.clone(), ..BlockFilter::default() };
        for (dimension, codes) in &self.0 {
            if codes.len() > MOST_CODES {
                return Err(Rejection::at(Code::TooManyItems, "filter", format!("one list takes at most {MOST_CODES} codes")).into());
            }
            let mut ids = Vec::with_capacity(codes.len());
            for (position, code) in codes.iter().enumerate() {
                match code {
                    None => ids.push(0),
                    Some(code) => ids.extend(id_of(access, *dimension, code).await.map_err(|error| placed(error, *dimension, position))?),
                }
            }
            if let Some(kind) = kind_of(*dimension) {
                // Ids of a limited token's filter may go beyond what it sees: `visible` is asked of every block beside them.
                ids = with_descendants(&access.masters, kind, &ids.into_iter().collect::<BTreeSet<i64>>()).into_iter().collect();
            }
            if *dimension == SpendDimension::Account {
                filter.accounts = Some(ids.into_iter().filter_map(|id| i32::try_from(id).ok()).map(AccountId).collect());
            } else {
                filter.dimensions.push((*dimension, ids));
            }
        }
        Ok(filter)
    }
}

/// The kind of interned name of a dimension that is one.
pub(in crate::app) fn name_kind(dimension: SpendDimension) -> Option<NameKind> {
    match dimension {
        SpendDimension::Provider => Some(NameKind::Provider),
        SpendDimension::Model => Some(NameKind::Model),
        SpendDimension::Feature => Some(NameKind::Feature),
        SpendDimension::Environment => Some(NameKind::Environment),
        SpendDimension::Team | SpendDimension::Project | SpendDimension::Client | SpendDimension::Account => None,
    }
}

async fn id_of(access: &Access<'_>, dimension: SpendDimension, code: &str) -> Result<Option<i64>, AppError> {
    let center = |kind: CenterKind| match access.masters.center_by_code(kind, code) {
        Some(center) => Ok(Some(i64::from(center.id.0))),
        None if access.visible.is_some() => Ok(None),
        None => {
            let codes = access.masters.centers.iter().filter(|center| center.kind == kind).map(|center| center.code.as_str());
            let near = closest(code, codes).map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
            let message = format!("there is no {} `{}`{near}", kind.field(), code.chars().take(64).collect::<String>());
            Err(Rejection { code: Code::CostCenterUnknown, path: Vec::new(), message }.into())
        }
    };
    match dimension {
        SpendDimension::Team => center(CenterKind::Team),
        SpendDimension::Project => center(CenterKind::Project),
        SpendDimension::Client => center(CenterKind::Client),
        SpendDimension::Account => match access.masters.account(code) {
            Some(account) => Ok(Some(i64::from(account.id.0))),
            None => Err(Rejection::of(Code::AccountUnknown).into()),
        },
        SpendDimension::Provider | SpendDimension::Model | SpendDimension::Feature | SpendDimension::Environment => {
            let kind = name_kind(dimension).ok_or_else(|| StoreError::corrupt("a dimension without names"))?;
            Ok(name_id(access.store, access.books_id(), kind, code).await?.map(|id| i64::from(id.0)))
        }
    }
}

/// The refusal with the path of the code in the filter.
fn placed(error: AppError, dimension: SpendDimension, position: usize) -> AppError {
    match error {
        AppError::Rejected(rejections) => AppError::Rejected(
            rejections
                .into_iter()
                .map(|rejection| rejection.under(position.to_string()).under(list_field(dimension)).under("filter"))
                .collect(),
        ),
        other => other,
    }
}

fn list_field(dimension: SpendDimension) -> &'static str {
    match dimension {
        SpendDimension::Provider => "providers",
        SpendDimension::Model => "models",
        SpendDimension::Team => "teams",
        SpendDimension::Project => "projects",
        SpendDimension::Client => "clients",
        SpendDimension::Feature => "features",
        SpendDimension::Environment => "environments",
        SpendDimension::Account => "accounts",
    }
}
