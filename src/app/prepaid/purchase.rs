//! Credits bought in advance: an asset, and a lot that usage draws down.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::overdraw::settle_overdraw;
use crate::app::audit::{self, Change};
use crate::app::auth::Actor;
use crate::app::posting::command::{self, Done, LONGEST_REFERENCE, Lines, Once};
use crate::app::{App, AppError};
use crate::domain::chart::{NameKind, well_known};
use crate::domain::ids::EntryNumber;
use crate::domain::journal::{EntryDraft, EntryKind};
use crate::domain::money::Money;
use crate::domain::period::{Day, Moment};
use crate::domain::posting_rules::{GrantPolicy, Settlement};
use crate::domain::prepaid::{LotKind, PaidFrom};
use crate::domain::rejection::{Code, Rejection};
use crate::store::prepaid::{CreditLot, lot_insert};

/// Credits that were bought.
#[derive(Debug, Clone)]
pub struct PurchaseInput {
    pub idempotency_key: String,
    /// As charges name it.
    pub provider: String,
    pub money: Money,
    /// The accounting day, and the first on which they can be used.
    pub purchased_on: Day,
    /// The last day on which they can be used.
    pub expires_on: Option<Day>,
    pub paid_from: PaidFrom,
    /// The order or invoice.
    pub reference: String,
}

/// A lot and the entry that booked it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedLot {
    pub lot: i64,
    /// Absent for a grant that is no asset.
    pub entry: Option<i64>,
}

/// Books a purchase of credits: Dr 1300 / Cr 2000 or 1010. What was accrued beyond earlier credits is drawn from it as far as it reaches.
///
/// # Errors
/// `Forbidden`; `PROVIDER_NOT_PREPAID`, `EXPIRY_INVALID`, `DATE_OUT_OF_RANGE`, `POSTING_NOT_POSITIVE`, `IDEMPOTENCY_CONFLICT`.
pub async fn purchase_credits(app: &App, actor: &Actor, input: PurchaseInput) -> Result<Done<RecordedLot>, AppError> {
    let checked = check_lot(app, &input.provider, input.money, ("purchasedOn", input.purchased_on), input.expires_on, &input.reference);
    let content = json!([
        input.provider,
        input.money.to_string(),
        input.purchased_on.0,
        input.expires_on.map(|day| day.0),
        input.paid_from == PaidFrom::Cash,
        input.reference
    ]);
    let command = Once { operation: "purchaseCredits", key: input.idempotency_key.clone(), content, checked };
    let who = actor.clone();
    command::once(app, actor, command, move |session| {
        if session.masters().settlement(&input.provider) != Settlement::Prepaid {
            let message = format!("usage of {} is accrued and draws no credits down: save the provider as PREPAID first", input.provider);
            return Err(Rejection::at(Code::ProviderNotPrepaid, "provider", message).into());
        }
        let provider = session.name(NameKind::Provider, Some(&input.provider)).map_err(|rejection| rejection.under("provider"))?;
        let paid_from = match input.paid_from {
            PaidFrom::Payable => command::provider_block(session, well_known::PAYABLE, provider)?,
            PaidFrom::Cash => command::provider_block(session, well_known::CASH, crate::domain::ids::NameId::NONE)?,
        };
        let mut lines = Lines::default();
        lines.debit(command::provider_block(session, well_known::PREPAID_CREDITS, provider)?, input.money);
        lines.credit(paid_from, input.money);
        let entry = session
            .post(&EntryDraft {
                kind: EntryKind::PrepaidPurchase,
                effective_on: input.purchased_on,
                service_on: None,
                postings: lines.postings(),
                charge: None,
                corrects: None,
                memo: Some(&input.reference),
            })
            .map_err(|error| error.placed(Code::LedgerOverflow, "amount"))?;
        let lot = CreditLot {
            number: 0,
            kind: LotKind::Bought,
            provider,
            money: input.money,
            begins_on: input.purchased_on,
            expires_on: input.expires_on,
            policy: GrantPolicy::Net,
            paid_from: Some(input.paid_from),
            entry: Some(entry),
            reference: input.reference.clone(),
        };
        let recorded = record_lot(session, &who, "credits.purchase", &input.provider, &lot)?;
        // What was owed because there were no credits is drawn from these.
        settle_overdraw(session, &who, (&input.provider, provider), input.purchased_on)?;
        Ok(recorded)
    })
    .await
}

/// Stores a lot, and tells the audit log.
pub(super) fn record_lot(
    session: &mut crate::app::posting::Session,
    actor: &Actor,
    action: &'static str,
    provider: &str,
    lot: &CreditLot,
) -> Result<RecordedLot, AppError> {
    let (books, recorded_at) = (command::books(session), command::recorded_at(session));
    let number = lot_insert(command::ledger(session), books, lot, recorded_at)?;
    let entry = lot.entry.map(|EntryNumber(entry)| entry);
    let after = json!({
        "provider": provider,
        "amount": lot.money.exact().to_string(),
        "currency": lot.money.currency.code(),
        "beginsOn": lot.begins_on.to_string(),
        "expiresOn": lot.expires_on.map(|day| day.to_string()),
        "reference": lot.reference,
        "entry": entry,
    });
    session.audit(audit::event(actor, Change { action, object: format!("credit lot {number}"), after: Some(after), ..Change::default() }));
    Ok(RecordedLot { lot: number, entry })
}

/// What holds of every lot.
pub(super) fn check_lot(
    app: &App,
    provider: &str,
    money: Money,
    (begins, begins_on): (&'static str, Day),
    expires_on: Option<Day>,
    reference: &str,
) -> Result<(), Rejection> {
    let today = Moment::from_instant(app.clock().now()).day();
    command::text("provider", provider, crate::domain::usage::limits::CODE)?;
    command::text("reference", reference, LONGEST_REFERENCE)?;
    command::positive("amount", money)?;
    command::past_day(begins, begins_on, today)?;
    match expires_on {
        Some(last) if last < begins_on => Err(Rejection::at(
            Code::ExpiryInvalid,
            "expiresOn",
            format!("`expiresOn` ({last}) is the last day on which the credits can be used; they begin on {begins_on}"),
        )),
        _ => Ok(()),
    }
}
