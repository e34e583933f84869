//! hledger. `hledger check --strict` accepts the file.
//!
//! Entries are transactions whose code is the number, whose payee is the kind and whose note is the memo; the rest is tags. What would end
//! or begin something else in a description or a tag is spelled out as `\u{3b}`.

use std::collections::HashMap;
use std::io::{self, Write};

use super::account_name::account_names;
use super::{Entry, Heading, JournalWriter, signed, unknown_account};
use crate::domain::chart::AccountClass;
use crate::domain::ids::AccountId;
use crate::domain::money::Exact;

pub struct Hledger<W> {
    out: W,
    accounts: HashMap<AccountId, String>,
}

impl<W: Write> Hledger<W> {
    pub fn new(out: W) -> Self {
        Self { out, accounts: HashMap::new() }
    }
}

/// Text that stays within its line and within what it is part of: control characters, line ends, backslashes and `reserved` are spelled out.
fn escaped(text: &str, reserved: &[char]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        let ends_a_line = character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{85}');
        if ends_a_line || character == '\\' || reserved.contains(&character) {
            escaped.extend(character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// A comment begins at a semicolon, and the payee ends at a bar.
const IN_DESCRIPTION: &[char] = &[';', '|'];
/// A tag's value ends at a comma, another tag is made by a colon, and brackets hold dates.
const IN_TAG: &[char] = &[',', ':', ';', '[', ']'];

fn account_type(class: AccountClass) -> char {
    match class {
        AccountClass::Asset => 'A',
        AccountClass::Liability => 'L',
        AccountClass::Equity => 'E',
        AccountClass::Revenue => 'R',
        AccountClass::CostOfRevenue | AccountClass::OperatingExpense => 'X',
    }
}

impl<W: Write> JournalWriter for Hledger<W> {
    fn begin(&mut self, heading: &Heading) -> io::Result<()> {
        writeln!(self.out, "; Journal of the books {}, through entry {}.", escaped(&heading.books, IN_TAG), heading.through)?;
        writeln!(self.out, "decimal-mark .")?;
        for currency in &heading.currencies {
            // The decimals of the directive are those that the program balances at, so all that the ledger keeps.
            writeln!(self.out, "commodity {} {currency}", Exact::new(0, currency.ledger_scale()))?;
        }
        self.accounts = account_names(&heading.accounts);
        for account in &heading.accounts {
            if let Some(name) = self.accounts.get(&account.id) {
                writeln!(
                    self.out,
                    "account {name}  ; type:{}, code:{}, name:{}",
                    account_type(account.class),
                    escaped(&account.code, IN_TAG),
                    escaped(&account.name, IN_TAG)
                )?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        write!(self.out, "\n{} * ({}) {}", entry.effective_on, entry.number, entry.kind.as_str())?;
        if let Some(memo) = &entry.memo {
            write!(self.out, " | {}", escaped(memo, IN_DESCRIPTION))?;
        }
        let recorded = escaped(&entry.recorded_at.to_instant().to_rfc3339(), IN_TAG);
        write!(self.out, "\n    ; number:{}, kind:{}, recorded-at:{recorded}", entry.number, entry.kind.as_str())?;
        if let Some(corrects) = entry.corrects {
            write!(self.out, ", corrects:{corrects}")?;
        }
        if let Some(charge) = entry.charge {
            write!(self.out, ", charge:{charge}")?;
        }
        if let Some(day) = entry.service_on {
            write!(self.out, ", service-on:{day}")?;
        }
        writeln!(self.out)?;
        for posting in &entry.postings {
            let account = self.accounts.get(&posting.account).ok_or_else(|| unknown_account(entry.number, posting.account))?;
            write!(self.out, "    {account}  {} {}", signed(posting), posting.money.currency)?;
            let mut before = "  ; ";
            for (name, value) in posting.dimensions.named() {
                if let Some(value) = value {
                    write!(self.out, "{before}{name}:{}", escaped(value, IN_TAG))?;
                    before = ", ";
                }
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
