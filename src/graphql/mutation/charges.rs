//! Recording charges.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::auth::Permission;
use crate::app::ingest::record_charges;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::usage::limits::CHARGES_PER_CALL;
use crate::graphql::error::{UserError, actor, or_user_errors, require};
use crate::graphql::types::charge_input::{ChargeInput, RecordChargesInput, RecordChargesPayload};

#[derive(Default)]
pub struct ChargeMutations;

#[Object]
impl ChargeMutations {
    /// Records up to 1,000 charges: each is attributed, rated and booked, or kept unpriced in sight. Answers when they are durable.
    /// A refused charge does not stop the others, unless `atomic` is set. Sending the same charges again changes nothing.
    async fn record_charges(&self, ctx: &Context<'_>, input: RecordChargesInput) -> Result<RecordChargesPayload, Error> {
        require(ctx, Permission::RecordCharges)?;
        if input.charges.len() > CHARGES_PER_CALL {
            let message =
                format!("{} charges in one call; it takes {CHARGES_PER_CALL}. Split it, or stream to /v1/charges", input.charges.len());
            let refused = UserError::from(Rejection::at(Code::TooManyItems, "charges", message));
            return Ok(RecordChargesPayload::refused(vec![refused]));
        }
        let items = input.charges.into_iter().map(ChargeInput::into_incoming).collect();
        let answer = record_charges(ctx.data::<App>()?, actor(ctx)?, items, input.atomic).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(receipts) => receipts.into(),
            Err(user_errors) => RecordChargesPayload::refused(user_errors),
        })
    }
}
