//! Credits that a provider grants: remembered, or a claim against a deferral, by the provider's policy.

use serde_json::json;

use super::purchase::{RecordedLot, check_lot, record_lot};
use crate::app::auth::Actor;
use crate::app::posting::command::{self, Done, Lines, Once};
use crate::app::{App, AppError};
use crate::domain::chart::{NameKind, well_known};
use crate::domain::journal::{EntryDraft, EntryKind};
use crate::domain::money::Money;
use crate::domain::period::Day;
use crate::domain::posting_rules::GrantPolicy;
use crate::domain::prepaid::LotKind;
use crate::domain::rejection::Code;
use crate::store::prepaid::CreditLot;

/// Credits that were granted.
#[derive(Debug, Clone)]
pub struct GrantInput {
    pub idempotency_key: String,
    /// As charges name it.
    pub provider: String,
    pub money: Money,
    pub granted_on: Day,
    /// The last day on which they can be used.
    pub expires_on: Option<Day>,
    /// The letter or page that grants them.
    pub reference: String,
}

/// Records a grant. Under `NET` it is no asset and posts nothing; under `DEFERRED` it posts Dr 1350 / Cr 2150.
///
/// # Errors
/// `Forbidden`; `EXPIRY_INVALID`, `DATE_OUT_OF_RANGE`, `POSTING_NOT_POSITIVE`, `IDEMPOTENCY_CONFLICT`.
pub async fn grant_credits(app: &App, actor: &Actor, input: GrantInput) -> Result<Done<RecordedLot>, AppError> {
    let checked = check_lot(app, &input.provider, input.money, ("grantedOn", input.granted_on), input.expires_on, &input.reference);
    let expires_on = input.expires_on.map(|day| day.0);
    let content = json!([input.provider, input.money.to_string(), input.granted_on.0, expires_on, input.reference]);
    let command = Once { operation: "grantCredits", key: input.idempotency_key.clone(), content, checked };
    let who = actor.clone();
    command::once(app, actor, command, move |session| {
        let policy = session.masters().provider_terms(&input.provider).grants;
        let provider = session.name(NameKind::Provider, Some(&input.provider)).map_err(|rejection| rejection.under("provider"))?;
        let mut entry = None;
        if policy == GrantPolicy::Deferred {
            let mut lines = Lines::default();
            lines.debit(command::provider_block(session, well_known::VENDOR_CREDITS, provider)?, input.money);
            lines.credit(command::provider_block(session, well_known::DEFERRED_GRANTS, provider)?, input.money);
            entry = Some(
                session
                    .post(&EntryDraft {
                        kind: EntryKind::PromotionalCredit,
                        effective_on: input.granted_on,
                        service_on: None,
                        postings: lines.postings(),
                        charge: None,
                        corrects: None,
                        memo: Some(&input.reference),
                    })
                    .map_err(|error| error.placed(Code::LedgerOverflow, "amount"))?,
            );
        }
        let lot = CreditLot {
            number: 0,
            kind: LotKind::Granted,
            provider,
            money: input.money,
            begins_on: input.granted_on,
            expires_on: input.expires_on,
            policy,
            paid_from: None,
            entry,
            reference: input.reference.clone(),
        };
        record_lot(session, &who, "credits.grant", &input.provider, &lot)
    })
    .await
}
