//! CSV (RFC 4180): one row a posting, with a header. Debit and credit are columns of their own, and one of them is empty.

use std::collections::HashMap;
use std::io::{self, Write};

use super::{Entry, Heading, JournalWriter, unknown_account};
use crate::domain::chart::Account;
use crate::domain::ids::AccountId;
use crate::domain::journal::Side;
use crate::domain::money::Exact;

const COLUMNS: [&str; 22] = [
    "entry",
    "line",
    "effective_on",
    "kind",
    "service_on",
    "recorded_at",
    "charge",
    "corrects",
    "memo",
    "account",
    "account_name",
    "account_class",
    "debit",
    "credit",
    "currency",
    "team",
    "project",
    "client",
    "feature",
    "provider",
    "model",
    "environment",
];

pub struct Csv<W: Write> {
    out: csv::Writer<W>,
    accounts: HashMap<AccountId, Account>,
}

impl<W: Write> Csv<W> {
    pub fn new(out: W) -> Self {
        Self { out: csv::Writer::from_writer(out), accounts: HashMap::new() }
    }
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

impl<W: Write> JournalWriter for Csv<W> {
    fn begin(&mut self, heading: &Heading) -> io::Result<()> {
        self.accounts = heading.accounts.iter().map(|account| (account.id, account.clone())).collect();
        Ok(self.out.write_record(COLUMNS)?)
    }

    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        for posting in &entry.postings {
            let account = self.accounts.get(&posting.account).ok_or_else(|| unknown_account(entry.number, posting.account))?;
            let amount = Exact::new(i128::from(posting.money.amount.units()), posting.money.currency.ledger_scale()).to_string();
            let (debit, credit) = match posting.side {
                Side::Debit => (amount, String::new()),
                Side::Credit => (String::new(), amount),
            };
            let mut row = vec![
                entry.number.to_string(),
                posting.line.to_string(),
                entry.effective_on.to_string(),
                entry.kind.as_str().to_owned(),
                text(entry.service_on),
                entry.recorded_at.to_instant().to_rfc3339(),
                text(entry.charge),
                text(entry.corrects),
                text(entry.memo.as_deref()),
                account.code.clone(),
                account.name.clone(),
                account.class.as_str().to_owned(),
                debit,
                credit,
                posting.money.currency.code().to_owned(),
            ];
            row.extend(posting.dimensions.named().map(|(_, value)| text(value)));
            self.out.write_record(row)?;
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
