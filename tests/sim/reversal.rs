//! The oracle's reversals: the mirror of an entry on the day that its author names, and the charge as it was before that entry.

use super::call::Money;
use super::months::{Month, Standing};
use super::oracle::{Entry, Kind, Oracle, State, Status};

impl Oracle {
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
