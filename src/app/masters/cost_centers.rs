//! Cost centers: units that carry cost. Saving an existing code changes its name, parent and validity; what was booked stays where it is.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::Masters;
use super::check;
use super::save::{permitted, save};
use crate::app::auth::{Actor, Permission, Scope};
use crate::app::{App, AppError};
use crate::domain::chart::{CenterKind, CostCenter, UNATTRIBUTED, refuse_parent_cycle};
use crate::domain::ids::NameId;
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::masters::{MastersChange, Numbers};

const LIST: &str = "costCenters";

/// A cost center as it is given.
#[derive(Debug, Clone)]
pub struct CostCenterInput {
    pub kind: CenterKind,
    pub code: String,
    /// For people; blank for the code.
    pub name: String,
    /// Code of the center of the same kind above this one.
    pub parent: Option<String>,
    /// First day on which the center takes cost.
    pub valid_from: Option<NaiveDate>,
    /// First day on which it no longer does.
    pub valid_to: Option<NaiveDate>,
}

/// Creates cost centers, or changes those of the same kind and code.
///
/// # Errors
/// Refusals by item; [`AppError::Forbidden`]; any database failure.
pub async fn save_cost_centers(app: &App, actor: &Actor, inputs: Vec<CostCenterInput>) -> Result<Vec<CostCenter>, AppError> {
    let books = permitted(app, actor, Permission::SaveMasters).await?;
    let given = check::items(LIST, &inputs, checked)?;
    save(app, actor, &books, |masters, numbers| decide(masters, numbers, &given)).await
}

/// The centers that a token limited to `scope` may know of. A parent outside the limits is left out.
pub fn visible_centers(masters: &Masters, scope: Option<&Scope>) -> Vec<CostCenter> {
    let Some(scope) = scope else { return masters.centers.clone() };
    let sees = |kind: CenterKind, code: &str| scope.contains(kind, code);
    let visible = masters.centers.iter().filter(|center| sees(center.kind, &center.code)).cloned();
    let without_hidden_parent = |mut center: CostCenter| {
        center.parent = center.parent.filter(|parent| sees(center.kind, parent));
        center
    };
    visible.map(without_hidden_parent).collect()
}

/// The center without its number, which existing ones have already.
fn checked(input: &CostCenterInput) -> Result<CostCenter, Rejection> {
    let code = check::code("code", &input.code)?;
    let center = CostCenter {
        id: NameId::NONE,
        kind: input.kind,
        name: check::name(&input.name, &code)?,
        parent: check::optional_code("parent", input.parent.as_deref())?,
        valid_from: day("validFrom", input.valid_from)?,
        valid_to: day("validTo", input.valid_to)?,
        code,
    };
    if let (Some(from), Some(to)) = (center.valid_from, center.valid_to)
        && from >= to
    {
        let message = format!("`validTo` ({to}) must be later than `validFrom` ({from}); it is the first day without cost");
        return Err(Rejection::at(Code::RangeInvalid, "validTo", message));
    }
    if center.code == UNATTRIBUTED && (center.valid_from.is_some() || center.valid_to.is_some()) {
        let field = if center.valid_from.is_some() { "validFrom" } else { "validTo" };
        return Err(Rejection::at(
            Code::RangeInvalid,
            field,
            format!("`{UNATTRIBUTED}` takes cost on every day, or charges would be lost"),
        ));
    }
    Ok(center)
}

/// Days are stored as days since 1970; what lies outside the years of any organisation is a slip of the pen.
fn day(field: &'static str, date: Option<NaiveDate>) -> Result<Option<Day>, Rejection> {
    use chrono::Datelike;
    let Some(date) = date else { return Ok(None) };
    if !(1970..=9999).contains(&date.year()) {
        return Err(Rejection::at(Code::DateOutOfRange, field, format!("{date} is not between 1970 and 9999")));
    }
    Ok(Some(Day::from_date(date)))
}

/// The centers as they would be after the save.
struct Merged<'a> {
    masters: &'a Masters,
    new: &'a BTreeMap<(CenterKind, &'a str), CostCenter>,
}

impl<'a> Merged<'a> {
    fn center(&self, kind: CenterKind, code: &'a str) -> Option<&'a CostCenter> {
        self.new.get(&(kind, code)).or_else(|| self.masters.center_by_code(kind, code))
    }
}

fn decide(masters: &Masters, numbers: &mut Numbers, given: &[CostCenter]) -> Result<(MastersChange, Vec<CostCenter>), AppError> {
    let mut saved = Vec::with_capacity(given.len());
    let mut new = BTreeMap::new();
    for center in given {
        let key = (center.kind, center.code.as_str());
        let known = new.get(&key).map(|center: &CostCenter| center.id);
        let known = known.or_else(|| masters.center_by_code(center.kind, &center.code).map(|center| center.id));
        let id = known.map_or_else(|| numbers.next_name(), Ok::<_, StoreError>)?;
        let center_with_id = CostCenter { id, ..center.clone() };
        saved.push(center_with_id.clone());
        new.insert(key, center_with_id);
    }
    let merged = Merged { masters, new: &new };
    let mut rejections = Vec::new();
    for (position, center) in given.iter().enumerate() {
        let refusal = match &center.parent {
            Some(parent) if merged.center(center.kind, parent).is_none() => {
                let message = format!("there is no {} `{parent}`; save it first, or in the same call", center.kind.field());
                Some(Rejection::at(Code::ParentInvalid, "parent", message))
            }
            _ => refuse_parent_cycle(&center.code, |code| merged.center(center.kind, code)?.parent.as_deref()).err(),
        };
        rejections.extend(refusal.map(|rejection| check::item(LIST, position, rejection)));
    }
    check::accepted(rejections)?;
    let changed = |center: &CostCenter| masters.center_by_code(center.kind, &center.code) != Some(center);
    let centers = new.into_values().filter(changed).collect();
    Ok((MastersChange { centers, ..MastersChange::default() }, saved))
}
