//! Rows with periods and codes in the place of days and ids.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::previous::Comparison;
use super::{Access, Figures, MOST_ROWS, Read, RowKey, SpendQuery, SpendReport, SpendRow};
use crate::app::AppError;
use crate::app::reports::filter::name_kind;
use crate::domain::ids::{AccountId, NameId};
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{ChargeDimension, SpendDimension, SpendKey};
use crate::store::journal::names;

/// The report, in the order of period, codes and currency.
pub(super) async fn report(
    access: &Access<'_>,
    query: &SpendQuery,
    read: Read,
    comparison: Option<&Comparison>,
) -> Result<SpendReport, AppError> {
    let mut before = comparison.map(|comparison| comparison.costs(&read.folds));
    let Read { folds, unattributed, unpriced_charges, texts } = read;
    let mut folded: BTreeMap<RowKey, Figures> = folds.into_iter().next().unwrap_or_default();
    // What had cost before and has none now is a row too, so that the rows add up to the total of before.
    for key in before.iter().flat_map(BTreeMap::keys) {
        folded.entry(key.clone()).or_default();
    }
    if folded.len() > MOST_ROWS {
        return Err(Rejection::of(Code::RangeTooLarge).into());
    }
    let codes = Codes::load(access, query, folded.keys(), texts).await?;
    let mut rows: Vec<(Option<Day>, SpendRow)> = Vec::with_capacity(folded.len());
    let (mut totals, mut previous) = (BTreeMap::new(), before.as_ref().map(|_| BTreeMap::new()));
    for (key, figures) in folded {
        let cost_before = before.as_mut().map(|before| before.remove(&key).unwrap_or_default());
        let (day, ids, currency) = key;
        *totals.entry(currency).or_default() += figures.cost;
        if let (Some(previous), Some(cost)) = (&mut previous, cost_before) {
            *previous.entry(currency).or_default() += cost;
        }
        let keys = query.group_by.iter().zip(ids).map(|(key, id)| (*key, codes.code(*key, id))).collect();
        let period = query.interval.zip(day).map(|(interval, day)| interval.period_of(day));
        let Figures { cost, charges, input_tokens, output_tokens, cache_read_tokens } = figures;
        let row = SpendRow { period, keys, currency, cost, previous: cost_before, charges, input_tokens, output_tokens, cache_read_tokens };
        rows.push((day, row));
    }
    rows.sort_by(|(a_day, a), (b_day, b)| (a_day, &a.keys, a.currency).cmp(&(b_day, &b.keys, b.currency)));
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    Ok(SpendReport { rows, totals, previous, unattributed, unpriced_charges })
}

/// Codes of the ids of keys.
struct Codes<'a> {
    access: &'a Access<'a>,
    names: HashMap<NameId, String>,
    texts: Vec<String>,
}

impl<'a> Codes<'a> {
    async fn load(
        access: &'a Access<'a>,
        query: &SpendQuery,
        keys: impl Iterator<Item = &RowKey>,
        texts: Vec<String>,
    ) -> Result<Self, AppError> {
        let is_named: Vec<bool> = query.group_by.iter().map(|key| is_named(*key)).collect();
        let mut ids = BTreeSet::new();
        for (_, keys, _) in keys {
            let named = keys.iter().zip(&is_named).filter(|(_, is_named)| **is_named);
            ids.extend(named.filter_map(|(id, _)| i32::try_from(*id).ok().map(NameId)));
        }
        let names = if ids.is_empty() { HashMap::new() } else { names(access.store, access.books_id(), ids).await? };
        Ok(Self { access, names, texts })
    }

    fn code(&self, key: SpendKey, id: i64) -> Option<String> {
        if is_named(key) {
            return i32::try_from(id).ok().and_then(|id| self.names.get(&NameId(id))).cloned();
        }
        let small = i32::try_from(id).ok();
        match key {
            SpendKey::Block(SpendDimension::Account) => {
                small.and_then(|id| self.access.masters.account_by_id(AccountId(id))).map(|account| account.code.clone())
            }
            SpendKey::Block(_) => small.and_then(|id| self.access.masters.center_by_id(NameId(id))).map(|center| center.code.clone()),
            SpendKey::Charge(_) => usize::try_from(id).ok()?.checked_sub(1).and_then(|position| self.texts.get(position)).cloned(),
        }
    }
}

/// Whether the ids of a key are those of interned names.
pub(super) fn is_named(key: SpendKey) -> bool {
    match key {
        SpendKey::Block(dimension) => name_kind(dimension).is_some(),
        SpendKey::Charge(dimension) => matches!(dimension, ChargeDimension::ApiKey | ChargeDimension::Source),
    }
}
