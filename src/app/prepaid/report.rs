//! Where credits stand, lot by lot, and how they came there: the roll-forwards.

use std::collections::BTreeMap;

use super::facts::{Facts, known_provider, prepaid_account};
use crate::app::auth::{Actor, Permission};
use crate::app::reports::Control;
use crate::app::reports::as_of::{as_of_entry, controls};
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::ids::EntryNumber;
use crate::domain::money::{Currency, Money};
use crate::domain::period::{Day, DayRange};
use crate::domain::posting_rules::GrantPolicy;
use crate::domain::prepaid::{LotKind, PaidFrom, RollForward, UseKind};
use crate::store::account_nets::{AsAt, last_entry, later_day_nets, provider_net};
use crate::store::prepaid::CreditLot;

/// A roll-forward of one provider over a range of days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollForwardReport<Row> {
    pub provider: String,
    pub range: DayRange,
    pub through_entry: EntryNumber,
    /// In the order of currencies.
    pub rows: Vec<Row>,
    /// Closing balances beside those of the account; none for grants, which need not be an asset.
    pub controls: Vec<Control>,
}

/// In ledger units; the closing balance is that of account 1300 for the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepaidRollForwardRow {
    pub currency: Currency,
    pub roll: RollForward,
}

/// In ledger units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRollForwardRow {
    pub currency: Currency,
    pub opening: i128,
    pub granted: i128,
    pub applied: i128,
    pub expired: i128,
}

impl GrantRollForwardRow {
    pub fn closing(&self) -> i128 {
        self.opening + self.granted - self.applied - self.expired
    }
}

/// Lots of one provider as of the end of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditLots {
    pub provider: String,
    pub as_of: Day,
    pub through_entry: EntryNumber,
    /// In the order of their numbers.
    pub lots: Vec<LotView>,
    /// Drawn beyond every lot, in ledger units by currency; never zero.
    pub uncovered: Vec<(Currency, i128)>,
}

/// One lot; `drawn + expired + left` is what was bought or granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotView {
    pub number: i64,
    pub money: Money,
    pub begins_on: Day,
    pub expires_on: Option<Day>,
    pub reference: String,
    pub paid_from: Option<PaidFrom>,
    pub policy: GrantPolicy,
    pub entry: Option<EntryNumber>,
    /// In ledger units.
    pub drawn: i128,
    pub expired: i128,
    pub left: i128,
    /// Its last day is over and something is left: `expireCredits` books that.
    pub is_lapsed: bool,
}

/// Opening, purchases, draw-down, what was accrued beyond credits, breakage, adjustments and closing of bought credits, as of an entry.
///
/// # Errors
/// [`AppError::Forbidden`], `PROVIDER_UNKNOWN`, `AS_OF_ENTRY_UNKNOWN`, or a database failure.
pub async fn prepaid_roll_forward(
    app: &App,
    actor: &Actor,
    provider: String,
    range: DayRange,
    as_of: Option<EntryNumber>,
) -> Result<RollForwardReport<PrepaidRollForwardRow>, AppError> {
    reading(app, actor, Permission::ReadReports, move |ledger, books, masters| {
        let (id, account) = (known_provider(ledger, books, &provider)?, prepaid_account(masters)?);
        let (last, end) = (last_entry(ledger, books)?, range.to().previous());
        let through_entry = as_of_entry(as_of, last)?;
        let at = AsAt { day: end, through: through_entry };
        let facts = Facts::load(ledger, books, masters, id, at)?;
        let row = |currency| PrepaidRollForwardRow { currency, roll: facts.roll_forward(currency, range) };
        let rows: Vec<PrepaidRollForwardRow> = facts.prepaid_currencies().into_iter().map(row).collect();
        let mut account_nets: BTreeMap<Currency, i128> = BTreeMap::new();
        for (currency, net) in provider_net(ledger, books, (account, id), end)? {
            *account_nets.entry(currency).or_default() += net;
        }
        if through_entry < last {
            for day in later_day_nets(ledger, books, account, at)?.iter().filter(|day| day.provider == id) {
                *account_nets.entry(day.currency).or_default() -= i128::from(day.net);
            }
        }
        let closing = rows.iter().map(|row| (row.currency, row.roll.closing())).collect();
        let controls = controls(&closing, &account_nets);
        Ok(RollForwardReport { provider, range, through_entry, rows, controls })
    })
    .await
}

/// Opening, granted, applied, expired and closing of granted credits, as of an entry. What has no entry of its own counts as of the next one.
///
/// # Errors
/// [`AppError::Forbidden`], `PROVIDER_UNKNOWN`, `AS_OF_ENTRY_UNKNOWN`, or a database failure.
pub async fn grant_roll_forward(
    app: &App,
    actor: &Actor,
    provider: String,
    range: DayRange,
    through: Option<EntryNumber>,
) -> Result<RollForwardReport<GrantRollForwardRow>, AppError> {
    with_facts(app, actor, provider, (range.to().previous(), through), move |facts, provider, through_entry| {
        let mut rows: BTreeMap<Currency, GrantRollForwardRow> = BTreeMap::new();
        for lot in facts.lots.iter().filter(|lot| lot.kind == LotKind::Granted) {
            let currency = lot.money.currency;
            let empty = GrantRollForwardRow { currency, opening: 0, granted: 0, applied: 0, expired: 0 };
            let row = rows.entry(currency).or_insert(empty);
            let amount = i128::from(lot.money.amount.units());
            *(if lot.begins_on < range.from() { &mut row.opening } else { &mut row.granted }) += amount;
            for credit in facts.uses.iter().filter(|credit| credit.lot == lot.number) {
                let amount = i128::from(credit.amount.units());
                match credit.kind {
                    _ if credit.effective_on < range.from() => row.opening -= amount,
                    UseKind::Applied => row.applied += amount,
                    UseKind::Expired => row.expired += amount,
                }
            }
        }
        RollForwardReport { provider, range, through_entry, rows: rows.into_values().collect(), controls: Vec::new() }
    })
    .await
}

/// Bought lots and how far each is drawn down, as of an entry.
///
/// # Errors
/// [`AppError::Forbidden`], `PROVIDER_UNKNOWN`, `AS_OF_ENTRY_UNKNOWN`, or a database failure.
pub async fn prepaid_lots(
    app: &App,
    actor: &Actor,
    provider: String,
    as_of: Day,
    through: Option<EntryNumber>,
) -> Result<CreditLots, AppError> {
    with_facts(app, actor, provider, (as_of, through), move |facts, provider, through_entry| {
        let (mut lots, mut uncovered) = (Vec::new(), Vec::new());
        for currency in facts.prepaid_currencies() {
            let position = facts.position(currency);
            if position.uncovered != 0 {
                uncovered.push((currency, position.uncovered));
            }
            for state in &position.lots {
                let Some(lot) = facts.lots.iter().find(|lot| lot.number == state.lot.number) else { continue };
                lots.push(view(lot, [state.drawn, i128::from(state.lot.expired), state.left], as_of));
            }
        }
        lots.sort_by_key(|lot| lot.number);
        CreditLots { provider, as_of, through_entry, lots, uncovered }
    })
    .await
}

/// Granted lots and how far each was applied, as of an entry.
///
/// # Errors
/// [`AppError::Forbidden`], `PROVIDER_UNKNOWN`, `AS_OF_ENTRY_UNKNOWN`, or a database failure.
pub async fn granted_lots(
    app: &App,
    actor: &Actor,
    provider: String,
    as_of: Day,
    through: Option<EntryNumber>,
) -> Result<CreditLots, AppError> {
    with_facts(app, actor, provider, (as_of, through), move |facts, provider, through_entry| {
        let granted = facts.lots.iter().filter(|lot| lot.kind == LotKind::Granted);
        let amounts = |lot: &CreditLot| {
            let [applied, expired] = [UseKind::Applied, UseKind::Expired].map(|kind| facts.used(lot.number, kind));
            [applied, expired, facts.left_of_grant(lot)].map(i128::from)
        };
        let lots = granted.map(|lot| view(lot, amounts(lot), as_of)).collect();
        CreditLots { provider, as_of, through_entry, lots, uncovered: Vec::new() }
    })
    .await
}

fn view(lot: &CreditLot, [drawn, expired, left]: [i128; 3], as_of: Day) -> LotView {
    LotView {
        number: lot.number,
        money: lot.money,
        begins_on: lot.begins_on,
        expires_on: lot.expires_on,
        reference: lot.reference.clone(),
        paid_from: lot.paid_from,
        policy: lot.policy,
        entry: lot.entry,
        drawn,
        expired,
        left,
        is_lapsed: left > 0 && lot.expires_on.is_some_and(|last| last < as_of),
    }
}

async fn with_facts<T: Send + 'static>(
    app: &App,
    actor: &Actor,
    provider: String,
    (day, through): (Day, Option<EntryNumber>),
    build: impl FnOnce(&Facts, String, EntryNumber) -> T + Send + 'static,
) -> Result<T, AppError> {
    reading(app, actor, Permission::ReadReports, move |ledger, books, masters| {
        let id = known_provider(ledger, books, &provider)?;
        let through_entry = as_of_entry(through, last_entry(ledger, books)?)?;
        // Without a number everything counts, what has no entry included.
        let at = through.map_or(AsAt::day(day), |through| AsAt { day, through });
        let facts = Facts::load(ledger, books, masters, id, at)?;
        Ok(build(&facts, provider, through_entry))
    })
    .await
}
