//! The oracle's corrections: prices and owners of now for charges that are booked, and reversals, which bring back what stood before.

use super::call::Money;
use super::months::{Month, Standing};
use super::oracle::{Entry, Kind, Moved, Oracle, Posting, Rerated, State, Status, Stored, block};
use super::owner;

impl Oracle {
    /// Positions of the charges in the order in which a correction takes them.
    fn in_order(&self, wanted: impl Fn(&Stored) -> bool) -> Vec<usize> {
        let mut found: Vec<usize> =
            (0..self.charges.len()).filter(|at| self.charges[*at].state.status != Status::Reversed && wanted(&self.charges[*at])).collect();
        found.sort_by_key(|at| (self.charges[*at].content.at.div_euclid(super::call::HOUR), *at));
        found
    }

    pub fn rerate(&mut self, from: i64, to: i64, provider: Option<&str>, model: Option<&str>, dry_run: bool) -> Rerated {
        let wanted = self.in_order(|charge| {
            (from..to).contains(&charge.content.at)
                && provider.is_none_or(|provider| provider == charge.content.provider)
                && model.is_none_or(|model| model == charge.content.model)
        });
        let mut report = Rerated { examined: wanted.len() as u64, ..Rerated::default() };
        for at in wanted {
            let mut charge = self.charges[at].clone();
            let Some(new) = self.cost(&charge.content) else { continue };
            if charge.state.cost == Some(new) {
                continue;
            }
            if let Some(old) = charge.state.cost {
                *report.deltas.entry(old.currency).or_default() -= old.units;
            }
            *report.deltas.entry(new.currency).or_default() += new.units;
            *(if charge.state.cost.is_some() { &mut report.adjusted } else { &mut report.posted }) += 1;
            if !dry_run {
                self.rerate_one(i64::try_from(at).unwrap() + 1, &mut charge, new);
                self.charges[at] = charge;
            }
        }
        report
    }

    fn rerate_one(&mut self, number: i64, charge: &mut Stored, new: Money) {
        let before = charge.state.clone();
        charge.state.booked = self.booking_day(before.booked);
        let entry = match before.cost {
            None => self.post_cost(number, charge, Kind::Charge, new.units, new.currency),
            Some(old) if old.currency == new.currency => {
                self.post_cost(number, charge, Kind::Rerating, new.units - old.units, new.currency)
            }
            Some(old) => {
                let mut postings = self.postings(charge, -old.units, old.currency);
                postings.extend(self.postings(charge, new.units, new.currency));
                self.post(Self::entry(Kind::Rerating, (number, charge), before.entry, postings))
            }
        };
        charge.state.cost = Some(new);
        charge.state.status = Status::Recorded;
        if before.cost.is_none_or(|old| old.currency != new.currency) {
            let now = charge.state.clone();
            charge.count(-1, &before, now.booked);
            charge.count(1, &now, now.booked);
        }
        if let Some(entry) = entry {
            charge.state.entry = Some(entry);
            if before.cost.is_some() {
                charge.undo.push((entry, before));
            }
        }
    }

    pub fn reattribute(&mut self, from: i32, to: i32, dry_run: bool) -> Moved {
        let wanted = self.in_order(|charge| (from..to).contains(&charge.content.day()));
        let mut report = Moved { examined: wanted.len() as u64, ..Moved::default() };
        for at in wanted {
            let mut charge = self.charges[at].clone();
            let before = charge.state.clone();
            let old = block(&charge.content, &before);
            charge.state.owner = owner::owner(&charge.content, &self.rules, &self.centers);
            charge.state.account = owner::account(&charge.content, &charge.state.owner, self.has_lab_rule);
            let new = block(&charge.content, &charge.state);
            if new != old {
                report.moved += 1;
            } else if charge.state.owner.rule == before.owner.rule {
                // A reason that only reads differently is no move.
                continue;
            }
            if dry_run {
                continue;
            }
            if let Some(cost) = before.cost.filter(|_| new != old) {
                charge.state.booked = self.booking_day(before.booked);
                let now = charge.state.clone();
                charge.count(-1, &before, now.booked);
                charge.count(1, &now, now.booked);
                if cost.units > 0 {
                    let posting = |is_debit, block| Posting { is_debit, block, money: cost };
                    let postings = vec![posting(true, new), posting(false, old)];
                    let number = i64::try_from(at).unwrap() + 1;
                    charge.state.entry = self.post(Self::entry(Kind::Reclassification, (number, &charge), before.entry, postings));
                    charge.undo.push((charge.state.entry.unwrap(), before));
                    report.entries += 1;
                }
            }
            self.charges[at] = charge;
        }
        report
    }

    /// The number of the reversal and whether it was there before, or the refusal's code.
    pub fn reverse(&mut self, key: &str, number: i64, day: i32, reason: &str, is_closer: bool) -> Result<(i64, bool), &'static str> {
        let content = (number, day, reason.to_owned());
        if let Some((known, receipt)) = self.commands.get(key) {
            return if *known == content { Ok((*receipt, true)) } else { Err("IDEMPOTENCY_CONFLICT") };
        }
        let position = usize::try_from(number - 1).map_err(|_| "ENTRY_NOT_FOUND")?;
        let original = self.journal.get(position).ok_or("ENTRY_NOT_FOUND")?.clone();
        if self.journal.iter().any(|entry| entry.kind == Kind::Reversal && entry.corrects == Some(number)) {
            return Err("ALREADY_REVERSED");
        }
        if original.kind == Kind::Reversal {
            return Err("REVERSAL_OF_REVERSAL");
        }
        if day < original.day {
            return Err("REVERSAL_BEFORE_ENTRY");
        }
        let at = usize::try_from(original.charge.unwrap() - 1).unwrap();
        if self.charges[at].state.entry.is_some_and(|latest| latest != number) {
            return Err("LATER_CORRECTION");
        }
        match self.months.standing(Month::of(day), self.today()) {
            Standing::Open => {}
            Standing::SoftClosed if is_closer => {}
            Standing::Future => return Err("PERIOD_FUTURE"),
            Standing::SoftClosed => return Err("PERIOD_SOFT_CLOSED"),
            Standing::Closed => return Err("PERIOD_CLOSED"),
            Standing::Locked => return Err("PERIOD_LOCKED"),
        }
        let mut postings = original.postings.clone();
        postings.iter_mut().for_each(|posting| posting.is_debit = !posting.is_debit);
        let called = original.service.unwrap_or(original.day);
        let service = (Month::of(called) != Month::of(day)).then_some(called);
        let mirror = Entry { kind: Kind::Reversal, day, service, charge: original.charge, corrects: Some(number), postings };
        let reversal = self.post(mirror).unwrap();
        // The counts go back where they stand, or with the money when that day is closed.
        let booked = self.charges[at].state.booked;
        let counted = if self.booking_day(booked) == booked { booked } else { day };
        let charge = &mut self.charges[at];
        let now = charge.state.clone();
        charge.count(-1, &now, counted);
        if original.kind == Kind::Charge {
            let cost = charge.state.cost.map(|cost| Money { units: 0, ..cost });
            charge.state = State { status: Status::Reversed, cost, entry: Some(reversal), ..now };
        } else {
            let (entry, before) = charge.undo.pop().unwrap();
            assert_eq!(entry, number, "the oracle undoes the latest correction");
            charge.count(1, &before, counted);
            charge.state = before;
        }
        self.commands.insert(key.to_owned(), (content, reversal));
        Ok((reversal, false))
    }
}
