//! Fills a set of books with the demo: the company's masters, then its charges, batch by batch.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use crate::app::auth::Actor;
use crate::app::ingest::{IncomingCharge, Outcome, Receipt, record_charges};
use crate::app::masters::ProviderInput;
use crate::app::prepaid::{PaidFrom, PurchaseInput, purchase_credits};
use crate::app::{App, AppError, masters};
use crate::domain::money::{Amount, Currency};
use crate::domain::period::Day;
use crate::domain::posting_rules::Settlement;
use crate::domain::rejection::{Code, Rejection};

use super::{Charges, DAYS, company};

/// Charges in one call: large enough that the commit is a small part, small enough that the progress moves.
const BATCH: u64 = 5_000;

/// Credits bought at once for a hundred thousand charges: ten dollars, in ledger units.
const TOP_UP: i64 = 10_000_000_000;

/// What to fill in.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    pub seed: u64,
    /// Charges to send, resent ones included.
    pub charges: usize,
    /// The last day of the demo; the day before today when absent.
    pub days_end: Option<NaiveDate>,
}

/// What was filled in. All counts are charges but `entries`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DemoSummary {
    pub first_day: NaiveDate,
    pub last_day: NaiveDate,
    /// The books had the demo's charges before, perhaps of an earlier day; nothing was sent.
    pub was_there: bool,
    pub recorded: u64,
    pub replayed: u64,
    pub unpriced: u64,
    pub rejected: u64,
    /// Journal entries posted.
    pub entries: u64,
    pub first_rejection: Option<Rejection>,
}

impl DemoSummary {
    fn count(&mut self, receipt: Receipt) {
        let counter = match receipt.outcome {
            Outcome::Recorded { entry, .. } => {
                self.entries = self.entries.saturating_add(u64::from(entry.is_some()));
                &mut self.recorded
            }
            Outcome::Unpriced { .. } => &mut self.unpriced,
            Outcome::Replayed { .. } => &mut self.replayed,
            Outcome::Rejected(rejection) => {
                self.first_rejection.get_or_insert(rejection);
                &mut self.rejected
            }
        };
        *counter = counter.saturating_add(1);
    }
}

/// Saves the company's masters and records its charges. `progress` hears how many charges are through, and of how many.
///
/// The books are left alone when they hold the demo already; what an interrupted demo lacks is added on the day it was begun.
///
/// # Errors
/// What the use cases that save masters and record charges answer.
pub async fn fill(app: &App, actor: &Actor, options: DemoOptions, progress: impl Fn(u64, u64)) -> Result<DemoSummary, AppError> {
    let yesterday = app.clock().now().date_naive().pred_opt().unwrap_or_default();
    let last_day = options.days_end.unwrap_or(yesterday);
    let first_day = last_day.checked_sub_days(chrono::Days::new(DAYS.saturating_sub(1))).unwrap_or(last_day);
    let mut summary = DemoSummary { first_day, last_day, ..DemoSummary::default() };
    let company = company();
    masters::save_cost_centers(app, actor, company.cost_centers).await?;
    masters::save_attribution_rules(app, actor, company.attribution_rules).await?;
    masters::save_providers(app, actor, company.providers.clone()).await?;

    let charges = Arc::new(Charges::new(options.seed, last_day, options.charges));
    if is_filled(app, actor, &charges, &mut summary).await? {
        return Ok(DemoSummary { first_day, last_day, was_there: true, ..DemoSummary::default() });
    }
    buy_credits(app, actor, &company.providers, (first_day, last_day), options.charges).await?;
    let total = charges.len();
    let mut from = summary.recorded.saturating_add(summary.unpriced);
    let mut next = batch(&charges, from);
    while from < total {
        let sent = from.saturating_add(BATCH).min(total);
        let items = next.await.unwrap_or_default();
        // The batch after this one is made while this one is written.
        next = batch(&charges, sent);
        for receipt in record_charges(app, actor, items, false).await? {
            summary.count(receipt);
        }
        from = sent;
        progress(from, total);
    }
    Ok(summary)
}

/// Credits of each prepaid provider, on the first day of the demo and of every month in it: ten dollars for each hundred thousand charges,
/// about a third more than the company uses.
async fn buy_credits(
    app: &App,
    actor: &Actor,
    providers: &[ProviderInput],
    (first_day, last_day): (NaiveDate, NaiveDate),
    charges: usize,
) -> Result<(), AppError> {
    let hundred_thousands = i64::try_from(charges.div_ceil(100_000).max(1)).unwrap_or(1);
    let money = Amount::from_units(hundred_thousands.saturating_mul(TOP_UP)).with(Currency::USD);
    for provider in providers.iter().filter(|provider| provider.settlement == Settlement::Prepaid) {
        for day in first_day.iter_days().take_while(|day| *day <= last_day).filter(|day| *day == first_day || day.day() == 1) {
            let input = PurchaseInput {
                idempotency_key: format!("demo-{}-{day}", provider.provider),
                provider: provider.provider.clone(),
                money,
                purchased_on: Day::from_date(day),
                expires_on: day.checked_add_months(chrono::Months::new(12)).map(Day::from_date),
                paid_from: PaidFrom::Cash,
                reference: format!("top-up of {}", day.format("%B %Y")),
            };
            purchase_credits(app, actor, input).await?;
        }
    }
    Ok(())
}

/// Asks the books themselves: the first charge is new to books without the demo, replayed when it was begun on the same day, and in
/// conflict when it was filled on another day. Once it was begun, the last charge tells whether it was finished.
async fn is_filled(app: &App, actor: &Actor, charges: &Charges, summary: &mut DemoSummary) -> Result<bool, AppError> {
    for number in [0, charges.len().saturating_sub(1)] {
        if charges.is_empty() {
            return Ok(false);
        }
        for receipt in record_charges(app, actor, vec![incoming(charges, number)], false).await? {
            match &receipt.outcome {
                Outcome::Rejected(rejection) if rejection.code == Code::IdempotencyConflict => return Ok(true),
                Outcome::Replayed { .. } => {}
                Outcome::Recorded { .. } | Outcome::Unpriced { .. } | Outcome::Rejected(_) => {
                    // Sent in its place, so that it is not counted again; a last charge sent early is replayed later.
                    if number == 0 {
                        summary.count(receipt);
                    }
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

fn incoming(charges: &Charges, number: u64) -> IncomingCharge {
    let draft = charges.charge(number);
    IncomingCharge { external_id: Some(draft.external_id.clone()), draft: Ok(draft) }
}

fn batch(charges: &Arc<Charges>, from: u64) -> tokio::task::JoinHandle<Vec<IncomingCharge>> {
    let charges = charges.clone();
    tokio::task::spawn_blocking(move || {
        let to = from.saturating_add(BATCH).min(charges.len());
        (from..to).map(|number| incoming(&charges, number)).collect()
    })
}
