//! What a draft says, from the codes and texts that a person gives.

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::LONGEST_TEXT;
use crate::app::AppError;
use crate::app::masters::{Masters, required};
use crate::app::posting::Session;
use crate::domain::chart::CenterKind;
use crate::domain::ids::{EntryNumber, NameId};
use crate::domain::journal::{EntryKind, MOST_POSTINGS, Side};
use crate::domain::manual_journals::{DraftContent, DraftLine, write_off_side};
use crate::domain::money::{Currency, Money};
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::usage::limits;
use crate::store::journal_draft::Draft;

/// A line as it is given: codes, and the amount as decimal text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PostingInput {
    pub account: String,
    pub side: Side,
    pub amount: String,
    pub currency: String,
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
}

/// What will not be collected, or need not be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOffInput {
    pub idempotency_key: String,
    /// The entry whose amount is taken off.
    pub number: i64,
    pub effective_on: NaiveDate,
    pub reason: String,
    /// The asset or liability that the amount is taken off.
    pub account: String,
    /// The account that bears it.
    pub against: String,
    pub amount: String,
    pub currency: String,
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
}

/// What a caller wants an entry to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub kind: EntryKind,
    pub effective_on: NaiveDate,
    pub memo: String,
    pub corrects: Option<i64>,
    pub postings: Vec<PostingInput>,
}

impl WriteOffInput {
    /// The two postings, the sides by the class of the account.
    pub(super) fn wanted(&self, masters: &Masters) -> Result<Wanted, Rejection> {
        let account = masters.account(&self.account).ok_or_else(|| Rejection::of(Code::AccountUnknown).under("account"))?;
        let side = write_off_side(account.class)?;
        if self.account == self.against {
            return Err(Rejection::at(Code::WriteOffInvalid, "against", "name another account, which bears the amount"));
        }
        let posting = |account: &str, side| PostingInput {
            account: account.to_owned(),
            side,
            amount: self.amount.clone(),
            currency: self.currency.clone(),
            team: self.team.clone(),
            project: self.project.clone(),
            client: self.client.clone(),
            feature: self.feature.clone(),
        };
        Ok(Wanted {
            kind: EntryKind::WriteOff,
            effective_on: self.effective_on,
            memo: self.reason.clone(),
            corrects: Some(self.number),
            postings: vec![posting(&self.account, side), posting(&self.against, side.opposite())],
        })
    }
}

/// Reads and checks what is wanted, under the books' lock.
///
/// # Errors
/// Refusals with the path of the posting; `ENTRY_NOT_FOUND`; the gate's own refusals of balance and length.
pub(super) fn resolve(session: &mut Session, wanted: &Wanted) -> Result<DraftContent, AppError> {
    let memo = required(if wanted.kind == EntryKind::WriteOff { "reason" } else { "memo" }, &wanted.memo, LONGEST_TEXT)?;
    if wanted.postings.len() > MOST_POSTINGS {
        return Err(Rejection::of(Code::TooManyPostings).under("postings").into());
    }
    if let Some(number) = wanted.corrects
        && session.journal_entry(EntryNumber(number))?.is_none()
    {
        let field = if wanted.kind == EntryKind::WriteOff { "number" } else { "corrects" };
        return Err(Rejection::of(Code::EntryNotFound).under(field).into());
    }
    let masters = session.masters().clone();
    let (mut lines, mut refused) = (Vec::with_capacity(wanted.postings.len()), Vec::new());
    for (position, posting) in wanted.postings.iter().enumerate() {
        match line(&masters, posting) {
            Ok(line) => lines.push(line),
            Err(rejection) => refused.push(rejection.under(position.to_string()).under("postings")),
        }
    }
    if !refused.is_empty() {
        return Err(AppError::Rejected(refused));
    }
    let content = DraftContent {
        kind: wanted.kind,
        effective_on: Day::from_date(wanted.effective_on),
        memo,
        corrects: wanted.corrects.map(EntryNumber),
        lines,
    };
    content.check()?;
    Ok(content)
}

fn line(masters: &Masters, given: &PostingInput) -> Result<DraftLine, Rejection> {
    let account = masters.account(&given.account).ok_or_else(|| {
        Rejection::at(Code::AccountUnknown, "account", format!("the chart has no account `{}`; save the account first", given.account))
    })?;
    let currency = Currency::parse(&given.currency).map_err(|rejection| rejection.under("currency"))?;
    let money = Money::parse(&given.amount, currency).map_err(|rejection| rejection.under("amount"))?;
    if money.amount.units() < 0 {
        return Err(Rejection::of(Code::AmountNegative).under("amount"));
    }
    let center = |kind: CenterKind, code: &Option<String>| match code.as_deref().map(str::trim).filter(|code| !code.is_empty()) {
        None => Ok(NameId::NONE),
        Some(code) => masters.center_by_code(kind, code).map(|center| center.id).ok_or_else(|| {
            Rejection::at(
                Code::CostCenterUnknown,
                kind.field(),
                format!("there is no {} `{code}`; save the cost center first", kind.field()),
            )
        }),
    };
    let feature = given.feature.as_deref().filter(|feature| !feature.trim().is_empty());
    Ok(DraftLine {
        side: given.side,
        money,
        account: account.id,
        team: center(CenterKind::Team, &given.team)?,
        project: center(CenterKind::Project, &given.project)?,
        client: center(CenterKind::Client, &given.client)?,
        feature: feature.map(|feature| required("feature", feature, limits::CODE)).transpose()?,
    })
}

/// SHA-256 of a draft's identity, version and content, in hexadecimal: what an approval names. The form is fixed by its fields' order.
pub(super) fn content_hash(draft: &Draft) -> String {
    let content = &draft.content;
    let mut hasher = Sha256::new();
    let mut field = |text: &str| {
        hasher.update(text.len().to_be_bytes());
        hasher.update(text.as_bytes());
    };
    for number in [draft.id.0, draft.version, i64::from(content.kind.id()), i64::from(content.effective_on.0)] {
        field(&number.to_string());
    }
    field(&content.corrects.map(|entry| entry.to_string()).unwrap_or_default());
    field(&content.memo);
    for line in &content.lines {
        let currency = i64::from(line.money.currency.id());
        let numbers = [i64::from(line.side.id()), line.money.amount.units(), currency, i64::from(line.account.0)];
        let centers = [line.team, line.project, line.client].map(|id| i64::from(id.0));
        numbers.into_iter().chain(centers).for_each(|number| field(&number.to_string()));
        field(line.feature.as_deref().unwrap_or_default());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
