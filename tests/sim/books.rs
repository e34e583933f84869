//! The program under test: its use cases called as its doors call them, and their answers in the oracle's terms.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tallybook::app::auth::{Actor, Role};
use tallybook::app::ingest::{Outcome, read_charge, record_charges};
use tallybook::app::masters::{
    AttributionRuleInput, ConditionInput, CostCenterInput, DiscountInput, PostingRuleInput, PriceInput, ProviderInput,
};
use tallybook::app::posting::{ReattributeInput, RerateInput, ReverseInput};
use tallybook::app::{App, AppError, Clock, masters, posting};
use tallybook::domain::chart::CenterKind;
use tallybook::domain::period::Day;
use tallybook::domain::posting_rules::Settlement;
use tallybook::domain::usage::Processing;

use super::call::{Call, Money, decimal};
use super::oracle::{Moved, Receipt, Rerated};
use super::owner::Rule;
use super::price_list::{DiscountLine, PriceLine};

pub struct Books {
    pub app: App,
    pub actor: Actor,
}

pub fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap()
}

pub fn date(day: i32) -> NaiveDate {
    Day(day).to_date()
}

pub fn money(money: tallybook::domain::money::Money) -> Money {
    Money { currency: money.currency.code(), units: i128::from(money.amount.units()) }
}

/// The code of a refusal; anything else is a failure of the run.
pub fn refused<T>(result: Result<T, AppError>) -> Result<T, String> {
    match result {
        Ok(value) => Ok(value),
        Err(AppError::Rejected(rejections)) => Err(rejections[0].code.as_str().to_owned()),
        Err(other) => panic!("a use case failed: {other:?}"),
    }
}

impl Books {
    pub async fn open(url: &str, clock: &Clock) -> Self {
        let app = App::create(url, clock.clone(), "main").await.unwrap();
        let actor = Actor {
            subject: "sim".to_owned(),
            issuer: "sim".to_owned(),
            books: "main".to_owned(),
            roles: [Role::Admin].into_iter().collect(),
            scope: None,
            expires_at: clock.now() + TimeDelta::days(365),
            token_id: None,
            acting_for: None,
            request_id: None,
        };
        Self { app, actor }
    }

    pub async fn record(&self, calls: &[Call], atomic: bool) -> Vec<Receipt> {
        let lines = calls.iter().map(|call| read_charge(call.line().as_bytes())).collect();
        let receipts = record_charges(&self.app, &self.actor, lines, atomic).await.unwrap();
        receipts
            .into_iter()
            .map(|receipt| match receipt.outcome {
                Outcome::Recorded { charge, entry, cost, .. } => {
                    Receipt::Recorded { charge: charge.0, entry: entry.map(|entry| entry.0), cost: money(cost) }
                }
                Outcome::Unpriced { charge, reason, .. } => {
                    assert!(!reason.is_empty(), "an unpriced charge says why");
                    Receipt::Unpriced { charge: charge.0 }
                }
                Outcome::Replayed { charge, entry, cost } => {
                    Receipt::Replayed { charge: charge.0, entry: entry.map(|entry| entry.0), cost: cost.map(money) }
                }
                Outcome::Rejected(rejection) => {
                    assert!(!rejection.message.is_empty());
                    Receipt::Rejected(rejection.code.as_str())
                }
            })
            .collect()
    }

    pub async fn save_prices(&self, lines: &[PriceLine]) -> Result<(), String> {
        let inputs = lines.iter().map(|line| PriceInput {
            provider: line.provider.clone(),
            model: line.model.clone(),
            meter: line.meter.to_owned(),
            per: line.per.to_string(),
            amount: if line.amount < 0 { "-1".to_owned() } else { decimal(line.amount, 6) },
            currency: line.currency.to_owned(),
            effective_from: instant(line.from),
            effective_to: line.to.map(instant),
            processing: line.batch.then_some(Processing::Batch),
            service_tier: None,
            region: line.region.clone(),
            above_input_tokens: line.above,
            source: Some("the simulation".to_owned()),
        });
        refused(masters::save_prices(&self.app, &self.actor, inputs.collect()).await).map(drop)
    }

    pub async fn save_discounts(&self, lines: &[DiscountLine]) -> Result<(), String> {
        let inputs = lines.iter().map(|line| DiscountInput {
            provider: line.provider.clone(),
            model: line.model.clone(),
            percent: decimal(line.percent, 2),
            effective_from: instant(line.from),
            effective_to: line.to.map(instant),
            source: None,
        });
        refused(masters::save_discounts(&self.app, &self.actor, inputs.collect()).await).map(drop)
    }

    /// Kind, code, parent, first day, first day without cost.
    pub async fn save_center(&self, kind: &str, code: &str, parent: Option<&str>, days: (Option<i32>, Option<i32>)) -> Result<(), String> {
        let kind = match kind {
            "team" => CenterKind::Team,
            "project" => CenterKind::Project,
            _ => CenterKind::Client,
        };
        let input = CostCenterInput {
            kind,
            code: code.to_owned(),
            name: code.to_uppercase(),
            parent: parent.map(str::to_owned),
            valid_from: days.0.map(date),
            valid_to: days.1.map(date),
        };
        refused(masters::save_cost_centers(&self.app, &self.actor, vec![input]).await).map(drop)
    }

    pub async fn save_rule(&self, code: &str, rule: &Rule) -> Result<(), String> {
        let conditions = rule.conditions.iter().map(|(on, pattern)| {
            let (on, tag) = on.split_once(':').map_or((on.as_str(), None), |(on, tag)| (on, Some(tag.to_owned())));
            ConditionInput { on: on.to_owned(), tag, pattern: pattern.clone() }
        });
        let [team, project, client, feature] = rule.names.clone();
        let input = AttributionRuleInput {
            code: code.to_owned(),
            order: rule.order,
            conditions: conditions.collect(),
            team,
            project,
            client,
            feature,
            is_active: rule.is_active,
        };
        refused(masters::save_attribution_rules(&self.app, &self.actor, vec![input]).await).map(drop)
    }

    pub async fn save_lab_rule(&self, is_there: bool) {
        if is_there {
            let feature = Some("lab*".to_owned());
            let input =
                PostingRuleInput { code: "lab".to_owned(), order: 5, feature, account: "6500".to_owned(), ..PostingRuleInput::default() };
            masters::save_posting_rules(&self.app, &self.actor, vec![input]).await.unwrap();
        } else {
            masters::delete_posting_rules(&self.app, &self.actor, vec!["lab".to_owned()]).await.unwrap();
        }
    }

    pub async fn save_settlement(&self, provider: &str, is_prepaid: bool) {
        let settlement = if is_prepaid { Settlement::Prepaid } else { Settlement::Accrual };
        let input = ProviderInput { provider: provider.to_owned(), settlement, grants: None, overdraw: None };
        masters::save_providers(&self.app, &self.actor, vec![input]).await.unwrap();
    }

    pub async fn reverse(&self, key: &str, number: i64, day: i32, reason: &str, is_closer: bool) -> Result<(i64, bool), String> {
        let role = if is_closer { Role::Admin } else { Role::Preparer };
        let actor = Actor { roles: [role].into_iter().collect(), ..self.actor.clone() };
        let input = ReverseInput { idempotency_key: key.to_owned(), number, effective_on: date(day), reason: reason.to_owned() };
        refused(posting::reverse_journal_entry(&self.app, &actor, input).await).map(|posted| (posted.number.0, posted.replayed))
    }

    pub async fn rerate(&self, from: i64, to: i64, provider: Option<&str>, model: Option<&str>, dry_run: bool) -> Result<Rerated, String> {
        let (provider, model) = (provider.map(str::to_owned), model.map(str::to_owned));
        let input = RerateInput { from: instant(from), to: instant(to), provider, model, dry_run };
        let report = refused(posting::rerate_charges(&self.app, &self.actor, input).await)?;
        let deltas: BTreeMap<_, _> = report.deltas.into_iter().map(|(currency, units)| (currency.code(), units)).collect();
        Ok(Rerated { examined: report.examined, adjusted: report.adjusted, posted: report.posted, deltas })
    }

    pub async fn reattribute(&self, from: i32, to: i32, dry_run: bool) -> Result<Moved, String> {
        let input = ReattributeInput { from: date(from), to: date(to), dry_run };
        let report = refused(posting::reattribute_charges(&self.app, &self.actor, input).await)?;
        Ok(Moved { examined: report.examined, moved: report.moved, entries: report.entries })
    }
}
