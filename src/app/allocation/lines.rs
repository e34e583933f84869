//! An outcome as it is shown and kept: pools and lines, with exact fractions as text.

use super::plan::Plan;
use crate::app::masters::Masters;
use crate::domain::allocation::{AllocationRule, Center, Fraction, Gross, PoolOutcome, PostingMode};
use crate::domain::chart::CenterKind;
use crate::domain::ids::{AccountId, NameId};
use crate::domain::money::{Amount, Currency, Exact};
use crate::domain::rejection::{Code, Rejection};
use crate::store::allocation::{RunLine, RunPool};

/// Longest fraction that is kept digit by digit. Those of many mutual services have thousands of digits: of them a decimal is kept, and the run
/// can be performed again for the rest.
const LONGEST_FRACTION: u32 = 120;
/// Decimals of a fraction that is kept as a decimal.
const SHARE_DECIMALS: u32 = 36;
/// Decimals that an unrounded amount has beyond those of its ledger scale.
const MORE_DECIMALS: u32 = 9;

/// Pools and lines of a plan, without entries.
///
/// # Errors
/// `ACCOUNT_UNKNOWN`, `COST_CENTER_UNKNOWN`: the masters that the plan was made with have them.
pub fn kept(plan: &Plan, masters: &Masters) -> Result<(Vec<RunPool>, Vec<RunLine>), Rejection> {
    let (mut pools, mut lines) = (Vec::with_capacity(plan.outcome.pools.len()), Vec::new());
    for (number, pool) in (1..).zip(&plan.outcome.pools) {
        let rule = plan.rules.get(pool.rule).ok_or_else(|| Rejection::of(Code::AllocationRuleUnknown))?;
        pools.push(kept_pool(number, pool, masters)?);
        let (debit_account, credit_account) = accounts(rule, pool, masters)?;
        for part in &pool.parts {
            lines.push(RunLine {
                line: i64::try_from(lines.len()).unwrap_or(i64::MAX).saturating_add(1),
                pool: number,
                to: pool.to(part).map(|to| center_id(to, masters)).transpose()?,
                quantity: pool.quantity(part).map(quantity_text),
                share: pool.share(part).map(|share| share_text(&share)),
                unrounded: pool.unrounded(part).map(|units| decimal(&units, pool.currency)),
                amount: Amount::from_units(part.units),
                has_extra_unit: part.has_extra_unit,
                debit_account,
                credit_account,
                entry: None,
            });
        }
    }
    Ok((pools, lines))
}

fn kept_pool(number: i64, pool: &PoolOutcome, masters: &Masters) -> Result<RunPool, Rejection> {
    Ok(RunPool {
        pool: number,
        step: i64::from(pool.step),
        rule: i64::try_from(pool.rule).unwrap_or(i64::MAX),
        from: pool.from.as_ref().map(|from| center_id(from, masters)).transpose()?,
        account: pool.account,
        money: Amount::from_units(pool.pool).with(pool.currency),
        allocated: Amount::from_units(pool.allocated),
        driver: pool.basis.driver.clone(),
        driver_total: pool.basis.driver_total.map(quantity_text),
        gross: pool.gross.as_ref().and_then(Gross::amount).map(|gross| decimal(&gross, pool.currency)),
    })
}

/// A quantity of a driver as it is shown.
pub fn quantity_text(quantity: Exact) -> String {
    quantity.normalized().to_string()
}

/// An amount in ledger units as a decimal of the currency, with more digits than the ledger keeps.
pub fn decimal(units: &Fraction, currency: Currency) -> String {
    let scale = currency.ledger_scale();
    units.shifted(scale).rounded(scale + MORE_DECIMALS)
}

/// The exact fraction; of one with too many digits its decimal, marked by `~`.
pub fn share_text(share: &Fraction) -> String {
    share.text_within(LONGEST_FRACTION).unwrap_or_else(|| format!("~{}", share.rounded(SHARE_DECIMALS)))
}

/// The accounts on which a pool's parts are debited and its sender is credited.
pub fn accounts(rule: &AllocationRule, pool: &PoolOutcome, masters: &Masters) -> Result<(AccountId, AccountId), Rejection> {
    let account = |code: &str| masters.account(code).map(|account| account.id).ok_or_else(|| Rejection::of(Code::AccountUnknown));
    match (&rule.terms.posting, pool.account) {
        (PostingMode::Accounts { debit, credit }, _) => Ok((account(debit)?, account(credit)?)),
        (PostingMode::KeepAccount, Some(kept)) => Ok((kept, kept)),
        (PostingMode::KeepAccount, None) => Err(Rejection::of(Code::AccountUnknown)),
    }
}

fn center_id(center: &Center, masters: &Masters) -> Result<(CenterKind, NameId), Rejection> {
    let found = masters.center_by_code(center.kind, &center.code);
    found.map(|found| (center.kind, found.id)).ok_or_else(|| Rejection::of(Code::CostCenterUnknown))
}

/// A kept share as a decimal of 18 digits.
pub fn share_decimal(share: &str) -> Option<String> {
    if let Some(decimal) = share.strip_prefix('~') {
        return Some(decimal.to_owned());
    }
    let (numerator, denominator) = share.split_once('/')?;
    Fraction::new(numerator.parse().ok()?, denominator.parse().ok()?).map(|share| share.rounded(18))
}
