//! What is known of a provider's credits as of a day, and where its lots then stand.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::AppError;
use crate::app::masters::Masters;
use crate::domain::chart::well_known;
use crate::domain::ids::{AccountId, BooksId, NameId};
use crate::domain::journal::EntryKind;
use crate::domain::money::Currency;
use crate::domain::period::{Day, DayRange};
use crate::domain::prepaid::{Lot, LotKind, Position, RollForward, UseKind, draw_down};
use crate::domain::rejection::{Code, Rejection};
use crate::store::account_nets::{self, AsAt, DayNet, EntryNet};
use crate::store::ledger::Ledger;
use crate::store::prepaid::{self, CreditLot, CreditUse};

/// Lots, what was booked of them, and the movements of the prepaid account.
pub(super) struct Facts {
    /// Bought and granted, in the order of their numbers.
    pub lots: Vec<CreditLot>,
    pub uses: Vec<CreditUse>,
    days: Vec<DayNet>,
    entries: Vec<EntryNet>,
}

impl Facts {
    /// Everything of one provider up to the end of a day, as the books were after an entry.
    pub fn load(ledger: &mut Ledger, books: BooksId, masters: &Masters, provider: NameId, at: AsAt) -> Result<Self, AppError> {
        let account = prepaid_account(masters)?;
        let mut lots = prepaid::lots(ledger, books, provider, LotKind::Bought, at)?;
        lots.extend(prepaid::lots(ledger, books, provider, LotKind::Granted, at)?);
        lots.sort_by_key(|lot| lot.number);
        let mut days = account_nets::day_nets(ledger, books, account, at.day)?;
        if at.through < account_nets::last_entry(ledger, books)? {
            let later = account_nets::later_day_nets(ledger, books, account, at)?;
            days.extend(later.into_iter().map(|day| DayNet { net: day.net.saturating_neg(), ..day }));
        }
        days.retain(|day| day.provider == provider);
        let mut entries = account_nets::entry_nets(ledger, books, account, at)?;
        entries.retain(|entry| entry.provider == provider);
        let uses = prepaid::uses(ledger, books, provider, at)?;
        Ok(Self { lots, uses, days, entries })
    }

    /// Currencies in which credits were bought or the prepaid account moved.
    pub fn prepaid_currencies(&self) -> BTreeSet<Currency> {
        let bought = self.lots.iter().filter(|lot| lot.kind == LotKind::Bought).map(|lot| lot.money.currency);
        bought.chain(self.days.iter().map(|day| day.currency)).chain(self.entries.iter().map(|entry| entry.currency)).collect()
    }

    /// What was booked of a lot in some way, in ledger units.
    pub fn used(&self, lot: i64, kind: UseKind) -> i64 {
        let of_lot = self.uses.iter().filter(|credit| credit.lot == lot && credit.kind == kind);
        of_lot.map(|credit| credit.amount.units()).fold(0, i64::saturating_add)
    }

    /// What is left of a granted lot, in ledger units.
    pub fn left_of_grant(&self, lot: &CreditLot) -> i64 {
        let used = self.used(lot.number, UseKind::Applied).saturating_add(self.used(lot.number, UseKind::Expired));
        lot.money.amount.units().saturating_sub(used)
    }

    /// The bought lots after everything that was drawn. The position's balance is that of the prepaid account.
    pub fn position(&self, currency: Currency) -> Position {
        self.walk(currency, is_of_lots)
    }

    /// Usage that no lot covers, in ledger units, whether or not it was moved to what is owed.
    pub fn uncovered_usage(&self, currency: Currency) -> i128 {
        self.walk(currency, |kind| is_of_lots(kind) || kind == EntryKind::PrepaidOverdraw).uncovered.max(0)
    }

    /// What is moved to what is owed, in ledger units.
    pub fn accrued(&self, currency: Currency) -> i128 {
        let moved = self.entries.iter().filter(|entry| entry.currency == currency && entry.kind == EntryKind::PrepaidOverdraw);
        moved.map(|entry| i128::from(entry.net)).sum()
    }

    /// Draws lots down by what moved the account, entries of some kinds apart.
    fn walk(&self, currency: Currency, is_apart: fn(EntryKind) -> bool) -> Position {
        let bought = self.lots.iter().filter(|lot| lot.kind == LotKind::Bought && lot.money.currency == currency);
        let lots: Vec<Lot> = bought
            .map(|lot| Lot {
                number: lot.number,
                amount: lot.money.amount.units(),
                begins_on: lot.begins_on,
                expires_on: lot.expires_on,
                expired: self.used(lot.number, UseKind::Expired),
            })
            .collect();
        // Purchases and breakage are known lot by lot; all else that moved the account is drawn, or given back.
        let mut draws: BTreeMap<Day, i128> = BTreeMap::new();
        for day in self.days.iter().filter(|day| day.currency == currency) {
            *draws.entry(day.day).or_default() -= i128::from(day.net);
        }
        for entry in self.entries.iter().filter(|entry| entry.currency == currency && is_apart(entry.kind)) {
            *draws.entry(entry.day).or_default() += i128::from(entry.net);
        }
        draw_down(&lots, &draws)
    }

    /// What moved the prepaid account in a range of days.
    pub fn roll_forward(&self, currency: Currency, range: DayRange) -> RollForward {
        let within = |day: Day| range.from() <= day && day < range.to();
        let mut roll = RollForward::default();
        let mut movement: i128 = 0;
        for day in self.days.iter().filter(|day| day.currency == currency && day.day < range.to()) {
            *(if day.day < range.from() { &mut roll.opening } else { &mut movement }) += i128::from(day.net);
        }
        for entry in self.entries.iter().filter(|entry| entry.currency == currency && within(entry.day)) {
            let net = i128::from(entry.net);
            match entry.kind {
                EntryKind::PrepaidPurchase if !entry.is_reversal => roll.purchases += net,
                EntryKind::Breakage if !entry.is_reversal => roll.breakage -= net,
                // Usage that granted credits paid for did not draw.
                EntryKind::PromotionalCredit => {}
                EntryKind::PrepaidOverdraw => roll.accrued += net,
                _ => roll.adjustments += net,
            }
        }
        roll.draw_down = roll.purchases + roll.adjustments + roll.accrued - roll.breakage - movement;
        roll
    }
}

/// The account that prepaid credits are in.
pub(super) fn prepaid_account(masters: &Masters) -> Result<AccountId, Rejection> {
    Ok(masters.account(well_known::PREPAID_CREDITS).ok_or_else(|| Rejection::of(Code::AccountUnknown))?.id)
}

fn is_of_lots(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::PrepaidPurchase | EntryKind::Breakage)
}

/// The provider's id; a provider that neither charges nor commands named is refused.
pub(super) fn known_provider(ledger: &mut Ledger, books: BooksId, provider: &str) -> Result<NameId, AppError> {
    let found = prepaid::provider_id(ledger, books, provider)?;
    Ok(found.ok_or_else(|| {
        let shown: String = provider.chars().take(60).collect();
        Rejection::at(Code::ProviderUnknown, "provider", format!("these books know no provider `{shown}`"))
    })?)
}
