//! What the audit log says of a save of masters: one event for each master, and one for a whole import of prices.

use serde_json::{Value, json};

use super::{Masters, ModelAlias};
use crate::app::audit::{self, Change};
use crate::app::auth::Actor;
use crate::domain::attribution::{AttributionRule, Condition, Match};
use crate::domain::chart::{Account, CostCenter};
use crate::domain::period::Moment;
use crate::domain::posting_rules::{GrantPolicy, OverdrawPolicy, PostingRule, ProviderTerms, Settlement};
use crate::domain::rating::{Discount, Precedence, Price};
use crate::store::audit::AuditEvent;
use crate::store::masters::{MastersChange, RuleVersion};

/// Who saves, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Saving<'a> {
    pub actor: &'a Actor,
    pub at: Moment,
}

impl Saving<'_> {
    /// The events of a change, with the masters as they were before it.
    pub fn events(&self, before: &Masters, change: &MastersChange) -> Vec<(AuditEvent, Moment)> {
        let mut told: Vec<Change> = Vec::new();
        told.extend(change.accounts.iter().map(|account| {
            let known = before.account(&account.code).map(account_json);
            saved("account.save", format!("account {}", account.code), known, account_json(account))
        }));
        told.extend(change.centers.iter().map(|center| {
            let known = before.center_by_code(center.kind, &center.code).map(center_json);
            saved("costCenter.save", format!("{} {}", center.kind.field(), center.code), known, center_json(center))
        }));
        told.extend(change.rule_versions.iter().map(|version| {
            let known = before.attribution_rules.iter().find(|rule| rule.code == version.rule.code);
            let after = version_json(version);
            saved("attributionRule.save", format!("attribution rule {}", version.rule.code), known.map(rule_json), after)
        }));
        told.extend(change.posting_rules.iter().map(|rule| {
            let known = before.posting_rules.iter().find(|known| known.code == rule.code).map(posting_rule_json);
            saved("postingRule.save", format!("posting rule {}", rule.code), known, posting_rule_json(rule))
        }));
        told.extend(change.removed_posting_rules.iter().map(|code| Change {
            action: "postingRule.delete",
            object: format!("posting rule {code}"),
            before: before.posting_rules.iter().find(|known| known.code == *code).map(posting_rule_json),
            ..Change::default()
        }));
        told.extend(change.settlements.iter().map(|(provider, settlement)| {
            let known = before.settlements.get(provider).copied().map(terms_json);
            saved("provider.save", format!("provider {provider}"), known, terms_json(*settlement))
        }));
        told.extend(change.aliases.iter().map(|alias| {
            let known = before.price_book.alias(&alias.provider, &alias.alias).map(|model| json!({ "model": model }));
            saved("modelAlias.save", format!("model alias {}/{}", alias.provider, alias.alias), known, alias_json(alias))
        }));
        told.extend(change.removed_aliases.iter().map(|(alias, _)| Change {
            action: "modelAlias.delete",
            object: format!("model alias {}/{}", alias.provider, alias.alias),
            before: Some(json!({ "model": alias.model })),
            ..Change::default()
        }));
        told.extend(change.discounts.iter().map(|(discount, _)| {
            let model = discount.model.as_deref().unwrap_or("*");
            saved("discount.save", format!("discount {}/{model}", discount.provider), None, discount_json(discount))
        }));
        told.extend(prices_told(&change.prices));
        told.into_iter().map(|change| (audit::event(self.actor, change), self.at)).collect()
    }
}

fn saved(action: &'static str, object: String, before: Option<Value>, after: Value) -> Change {
    Change { action, object, before, after: Some(after), reason: None }
}

/// Prices that a person set are told one by one. An import has thousands of lines, which the price book itself keeps: it is told as a whole.
fn prices_told(prices: &[Price]) -> Vec<Change> {
    let (set, imported): (Vec<&Price>, Vec<&Price>) = prices.iter().partition(|price| price.terms.precedence == Precedence::Set);
    let mut told: Vec<Change> = set.into_iter().map(price_told).collect();
    if let (Some(first), Some(last)) = (imported.first(), imported.last()) {
        let sources: std::collections::BTreeSet<&str> = imported.iter().map(|price| price.terms.source.as_str()).take(20).collect();
        let after = json!({ "added": imported.len(), "firstId": first.id.0, "lastId": last.id.0, "sources": sources });
        told.push(saved("price.import", "price list".to_owned(), None, after));
    }
    told
}

fn price_told(price: &Price) -> Change {
    let (terms, key) = (&price.terms, &price.terms.key);
    let after = json!({
        "id": price.id.0,
        "amount": terms.unit_price.amount().to_string(),
        "per": terms.unit_price.per().to_string(),
        "currency": terms.unit_price.currency().code(),
        "processing": key.processing.as_str(),
        "serviceTier": key.service_tier,
        "region": key.region,
        "aboveInputTokens": key.above_input_tokens,
        "effectiveFrom": instant(terms.effective_from),
        "effectiveTo": terms.effective_to.map(instant),
        "source": terms.source,
    });
    saved("price.save", format!("price {}/{} {}", key.provider, key.model, key.meter.code()), None, after)
}

fn instant(moment: Moment) -> String {
    super::write_instant(moment.to_instant())
}

fn account_json(account: &Account) -> Value {
    json!({ "name": account.name, "class": account.class.as_str(), "parent": account.parent, "isContra": account.is_contra })
}

fn center_json(center: &CostCenter) -> Value {
    let day = |day: Option<crate::domain::period::Day>| day.map(|day| day.to_string());
    json!({ "name": center.name, "parent": center.parent, "validFrom": day(center.valid_from), "validTo": day(center.valid_to) })
}

fn version_json(version: &RuleVersion) -> Value {
    let mut told = rule_json(&version.rule);
    if let Some(members) = told.as_object_mut() {
        members.insert("isActive".to_owned(), version.is_active.into());
    }
    told
}

fn rule_json(rule: &AttributionRule) -> Value {
    json!({
        "version": rule.id.0,
        "order": rule.order,
        "conditions": rule.conditions.iter().map(condition_json).collect::<Vec<_>>(),
        "team": rule.team,
        "project": rule.project,
        "client": rule.client,
        "feature": rule.feature,
    })
}

fn condition_json(condition: &Condition) -> Value {
    let (on, tag) = match &condition.on {
        Match::ApiKey => ("API_KEY", None),
        Match::Tag(key) => ("TAG", Some(key)),
        Match::EndUser => ("END_USER", None),
        Match::Provider => ("PROVIDER", None),
        Match::Model => ("MODEL", None),
        Match::Environment => ("ENVIRONMENT", None),
        Match::Source => ("SOURCE", None),
    };
    json!({ "on": on, "tag": tag, "pattern": condition.pattern.as_str() })
}

fn posting_rule_json(rule: &PostingRule) -> Value {
    let text = |pattern: &Option<crate::domain::attribution::Pattern>| pattern.as_ref().map(|pattern| pattern.as_str().to_owned());
    json!({
        "order": rule.order,
        "environment": text(&rule.environment),
        "team": text(&rule.team),
        "project": text(&rule.project),
        "client": text(&rule.client),
        "feature": text(&rule.feature),
        "account": rule.account,
    })
}

fn terms_json(terms: ProviderTerms) -> Value {
    let settlement = match terms.settlement {
        Settlement::Accrual => "ACCRUAL",
        Settlement::Prepaid => "PREPAID",
    };
    let grants = match terms.grants {
        GrantPolicy::Net => "NET",
        GrantPolicy::Deferred => "DEFERRED",
    };
    let overdraw = match terms.overdraw {
        OverdrawPolicy::Show => "SHOW",
        OverdrawPolicy::Accrue => "ACCRUE",
    };
    json!({ "settlement": settlement, "grants": grants, "overdraw": overdraw })
}

fn alias_json(alias: &ModelAlias) -> Value {
    json!({ "model": alias.model })
}

fn discount_json(discount: &Discount) -> Value {
    json!({
        "id": discount.id.0,
        "percent": discount.percent.to_string(),
        "effectiveFrom": instant(discount.effective_from),
        "effectiveTo": discount.effective_to.map(instant),
        "source": discount.source,
    })
}
