//! Beancount. `bean-check` accepts the file, with tolerances switched off.
//!
//! Entries are transactions whose payee is the kind and whose narration is the memo; numbers, dates and dimensions are metadata. A correction
//! carries the link of the entry that it corrects. Accounts and commodities are declared on a day before any entry.

use std::collections::HashMap;
use std::io::{self, Write};

use super::account_name::account_names;
use super::{Entry, Heading, JournalWriter, signed, unknown_account};
use crate::domain::ids::AccountId;

/// Nothing in the books is dated before it.
const OPENED: &str = "1970-01-01";

pub struct Beancount<W> {
    out: W,
    accounts: HashMap<AccountId, String>,
}

impl<W: Write> Beancount<W> {
    pub fn new(out: W) -> Self {
        Self { out, accounts: HashMap::new() }
    }
}

/// A string of the format.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            // Other control characters have no escape in the format: they are spelled out.
            control if control.is_control() => quoted.extend(control.escape_unicode()),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

impl<W: Write> JournalWriter for Beancount<W> {
    fn begin(&mut self, heading: &Heading) -> io::Result<()> {
        writeln!(self.out, "; Journal of the books {}, through entry {}.", quoted(&heading.books), heading.through)?;
        writeln!(self.out, "option \"title\" {}", quoted(&heading.books))?;
        // Every transaction balances exactly; nothing is to be forgiven.
        writeln!(self.out, "option \"tolerance_multiplier\" \"0\"")?;
        for currency in &heading.currencies {
            writeln!(self.out, "{OPENED} commodity {currency}")?;
        }
        self.accounts = account_names(&heading.accounts);
        for account in &heading.accounts {
            if let Some(name) = self.accounts.get(&account.id) {
                writeln!(self.out, "{OPENED} open {name}\n  code: {}\n  name: {}", quoted(&account.code), quoted(&account.name))?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        let memo = quoted(entry.memo.as_deref().unwrap_or_default());
        write!(self.out, "\n{} * \"{}\" {memo} ^entry-{}", entry.effective_on, entry.kind.as_str(), entry.number)?;
        if let Some(corrects) = entry.corrects {
            write!(self.out, " ^entry-{corrects}")?;
        }
        writeln!(self.out, "\n  number: {}\n  recorded-at: \"{}\"", entry.number, entry.recorded_at.to_instant().to_rfc3339())?;
        if let Some(corrects) = entry.corrects {
            writeln!(self.out, "  corrects: {corrects}")?;
        }
        if let Some(charge) = entry.charge {
            writeln!(self.out, "  charge: {charge}")?;
        }
        if let Some(day) = entry.service_on {
            writeln!(self.out, "  service-on: {day}")?;
        }
        for posting in &entry.postings {
            let account = self.accounts.get(&posting.account).ok_or_else(|| unknown_account(entry.number, posting.account))?;
            writeln!(self.out, "  {account}  {} {}", signed(posting), posting.money.currency)?;
            for (name, value) in posting.dimensions.named() {
                if let Some(value) = value {
                    writeln!(self.out, "    {name}: {}", quoted(value))?;
                }
            }
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
