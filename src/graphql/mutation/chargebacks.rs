//! Chargeback: drafted, approved, posted, handed over, reversed.

use async_graphql::{Context, Error, InputObject, Object, SimpleObject};

use super::read_all;
use crate::app::App;
use crate::app::chargeback as app;
use crate::graphql::error::{UserError, actor, or_user_errors};
use crate::graphql::scalars::{Date, Decimal};
use crate::graphql::types::chargebacks::{Chargeback, ChargebackBasis, RebillTerms, RebillTermsInput, StandardRate, StandardRateInput};
use crate::graphql::types::enums::CostCenterKind;

#[derive(Default)]
pub struct ChargebackMutations;

/// Which statements to make.
#[derive(Debug, Clone, InputObject)]
pub struct DraftChargebacksInput {
    /// Such as `2026-01`.
    period: String,
    kind: CostCenterKind,
    /// Code of the team that provides the service and gets the recovery. Needed for teams and projects, unless it is showback.
    provider: Option<String>,
    /// From 0 to 1000, exact; of clients, for those without a markup in their terms. None when absent.
    markup_percent: Option<Decimal>,
    #[graphql(default_with = "ChargebackBasis::Actual")]
    basis: ChargebackBasis,
    /// Only a report: approved, and never posted.
    #[graphql(default)]
    showback: bool,
}

/// Which statement to approve.
#[derive(Debug, Clone, InputObject)]
pub struct ApproveChargebackInput {
    number: String,
    /// What you read; refused when the statement says something else.
    content_hash: Option<String>,
}

/// Which statement to take back, and why.
#[derive(Debug, Clone, InputObject)]
pub struct WithdrawChargebackInput {
    number: String,
    reason: String,
}

/// Which statements to post.
#[derive(Debug, Clone, InputObject)]
pub struct PostChargebacksInput {
    /// The same key with the same content is answered with the first receipt.
    idempotency_key: String,
    /// Such as `2026-01`.
    period: String,
    /// These alone; absent for every approved statement of the period.
    numbers: Option<Vec<String>>,
}

/// Which statement to reverse.
#[derive(Debug, Clone, InputObject)]
pub struct ReverseChargebackInput {
    /// The same key with the same content is answered with the first receipt.
    idempotency_key: String,
    number: String,
    /// The last day of the statement's month when absent, or the first open day after it.
    effective_on: Option<Date>,
    reason: String,
}

/// Which statement was taken.
#[derive(Debug, Clone, InputObject)]
pub struct MarkChargebackExportedInput {
    number: String,
}

/// Under which document another system booked a statement.
#[derive(Debug, Clone, InputObject)]
pub struct AcknowledgeChargebackInput {
    number: String,
    document_number: String,
}

/// How clients are billed on.
#[derive(Debug, Clone, InputObject)]
pub struct SaveRebillTermsInput {
    terms: Vec<RebillTermsInput>,
}

/// What units of usage are charged at.
#[derive(Debug, Clone, InputObject)]
pub struct SaveStandardRatesInput {
    rates: Vec<StandardRateInput>,
}

/// The statements that were made or posted.
#[derive(SimpleObject, Default)]
pub struct ChargebacksPayload {
    statements: Vec<Chargeback>,
    /// After posting: numbers of the period's statements that still charge nobody, drafts and approved ones that were not named. Approve and
    /// post them, or withdraw them, before the period closes.
    left_open: Vec<String>,
    /// Whether the key was used before, so that nothing was posted now.
    replayed: bool,
    user_errors: Vec<UserError>,
}

/// The statement as it stands now.
#[derive(SimpleObject, Default)]
pub struct ChargebackPayload {
    statement: Option<Chargeback>,
    /// Whether the key was used before, so that nothing was posted now.
    replayed: bool,
    user_errors: Vec<UserError>,
}

/// The terms that were saved.
#[derive(SimpleObject, Default)]
pub struct SaveRebillTermsPayload {
    terms: Vec<RebillTerms>,
    user_errors: Vec<UserError>,
}

/// The rates that were saved.
#[derive(SimpleObject, Default)]
pub struct SaveStandardRatesPayload {
    rates: Vec<StandardRate>,
    user_errors: Vec<UserError>,
}

impl ChargebackPayload {
    fn of(answer: Result<app::StatementView, Vec<UserError>>) -> Self {
        match answer {
            Ok(view) => Self { statement: Some(Chargeback(view)), ..Self::default() },
            Err(user_errors) => Self { user_errors, ..Self::default() },
        }
    }
}

#[Object]
impl ChargebackMutations {
    /// Makes the statements of a month, one for each center and currency, from what the journal says now. They replace those of the same
    /// month and kind that nobody approved. What changed in months that were charged already stands on them as an adjustment.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn draft_chargebacks(&self, ctx: &Context<'_>, input: DraftChargebacksInput) -> Result<ChargebacksPayload, Error> {
        let input = app::DraftInput {
            period: input.period,
            kind: input.kind.into(),
            provider: input.provider,
            markup_percent: input.markup_percent.map(|percent| percent.0),
            basis: input.basis.into(),
            showback: input.showback,
        };
        let answer = app::draft_chargebacks(ctx.data::<App>()?, actor(ctx)?, input).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(views) => ChargebacksPayload { statements: views.into_iter().map(Chargeback).collect(), ..ChargebacksPayload::default() },
            Err(user_errors) => ChargebacksPayload { user_errors, ..ChargebacksPayload::default() },
        })
    }

    /// Freezes a statement. By another person than its drafter; refused with `STATEMENT_CHANGED` when its cost changed meanwhile.
    async fn approve_chargeback(&self, ctx: &Context<'_>, input: ApproveChargebackInput) -> Result<ChargebackPayload, Error> {
        let ApproveChargebackInput { number, content_hash } = input;
        let answer = app::approve_chargeback(ctx.data::<App>()?, actor(ctx)?, app::ApproveInput { number, content_hash }).await;
        Ok(ChargebackPayload::of(or_user_errors(ctx, answer)?))
    }

    /// Takes back a statement that is not posted. It keeps its number as `VOID`.
    async fn withdraw_chargeback(&self, ctx: &Context<'_>, input: WithdrawChargebackInput) -> Result<ChargebackPayload, Error> {
        let answer = app::withdraw_chargeback(ctx.data::<App>()?, actor(ctx)?, input.number, input.reason).await;
        Ok(ChargebackPayload::of(or_user_errors(ctx, answer)?))
    }

    /// Posts the approved statements of a period, all or none, each as one entry on its last day. Teams and projects: Dr 6600 / Cr 6690.
    /// Clients: Dr 1150 or the account of their terms / Cr 4100; for an agent Cr 5000 for the cost, and 4100 for the rest.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn post_chargebacks(&self, ctx: &Context<'_>, input: PostChargebacksInput) -> Result<ChargebacksPayload, Error> {
        let PostChargebacksInput { idempotency_key, period, numbers } = input;
        let answer = app::post_chargebacks(ctx.data::<App>()?, actor(ctx)?, app::PostInput { idempotency_key, period, numbers }).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(posted) => ChargebacksPayload {
                statements: posted.statements.into_iter().map(Chargeback).collect(),
                left_open: posted.left_open.iter().map(|(number, _)| number.to_string()).collect(),
                replayed: posted.is_replayed,
                user_errors: Vec::new(),
            },
            Err(user_errors) => ChargebacksPayload { user_errors, ..ChargebacksPayload::default() },
        })
    }

    /// Posts the mirror of a statement's entry. The next draft takes its cost up again.
    async fn reverse_chargeback(&self, ctx: &Context<'_>, input: ReverseChargebackInput) -> Result<ChargebackPayload, Error> {
        let actor = actor(ctx)?;
        let ReverseChargebackInput { idempotency_key, number, effective_on, reason } = input;
        let answer = match effective_on.map(|day| day.to_day("effectiveOn")).transpose() {
            Ok(effective_on) => {
                let input = app::ReverseInput { idempotency_key, number, effective_on, reason };
                app::reverse_chargeback(ctx.data::<App>()?, actor, input).await
            }
            Err(rejection) => Err(rejection.into()),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok((view, replayed)) => ChargebackPayload { statement: Some(Chargeback(view)), replayed, user_errors: Vec::new() },
            Err(user_errors) => ChargebackPayload { user_errors, ..ChargebackPayload::default() },
        })
    }

    /// Says that a posted statement was given to another system.
    async fn mark_chargeback_exported(&self, ctx: &Context<'_>, input: MarkChargebackExportedInput) -> Result<ChargebackPayload, Error> {
        let answer = app::mark_chargeback_exported(ctx.data::<App>()?, actor(ctx)?, input.number).await;
        Ok(ChargebackPayload::of(or_user_errors(ctx, answer)?))
    }

    /// Takes what the other system says: under which document it booked the statement.
    async fn acknowledge_chargeback(&self, ctx: &Context<'_>, input: AcknowledgeChargebackInput) -> Result<ChargebackPayload, Error> {
        let AcknowledgeChargebackInput { number, document_number } = input;
        let answer = app::acknowledge_chargeback(ctx.data::<App>()?, actor(ctx)?, app::AcknowledgeInput { number, document_number }).await;
        Ok(ChargebackPayload::of(or_user_errors(ctx, answer)?))
    }

    /// Saves how clients are billed on. Statements that are drafted keep the terms they were drafted by.
    async fn save_rebill_terms(&self, ctx: &Context<'_>, input: SaveRebillTermsInput) -> Result<SaveRebillTermsPayload, Error> {
        let terms = input.terms.into_iter().map(Into::into).collect();
        let answer = app::save_rebill_terms(ctx.data::<App>()?, actor(ctx)?, terms).await;
        Ok(match or_user_errors(ctx, answer)? {
            Ok(terms) => SaveRebillTermsPayload { terms: terms.into_iter().map(RebillTerms::from).collect(), user_errors: Vec::new() },
            Err(user_errors) => SaveRebillTermsPayload { user_errors, ..SaveRebillTermsPayload::default() },
        })
    }

    /// Saves standard rates. None is ever changed: a later one for the same days goes before it.
    async fn save_standard_rates(&self, ctx: &Context<'_>, input: SaveStandardRatesInput) -> Result<SaveStandardRatesPayload, Error> {
        let actor = actor(ctx)?;
        let answer = match read_all(input.rates, "rates", StandardRateInput::read) {
            Ok(rates) => app::save_standard_rates(ctx.data::<App>()?, actor, rates).await,
            Err(error) => Err(error),
        };
        Ok(match or_user_errors(ctx, answer)? {
            Ok(rates) => SaveStandardRatesPayload { rates: rates.into_iter().map(StandardRate::from).collect(), user_errors: Vec::new() },
            Err(user_errors) => SaveStandardRatesPayload { user_errors, ..SaveStandardRatesPayload::default() },
        })
    }
}
