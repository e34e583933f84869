//! Attribution rules in their versions, posting rules, and how providers are paid.

use std::collections::HashSet;

use entity::{attribution_rule, posting_rule, provider_setting};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

use super::{insert_in_chunks, member, narrow, refused};
use crate::domain::attribution::{AttributionRule, Condition, Match, Pattern};
use crate::domain::ids::{BooksId, RuleId};
use crate::domain::period::Moment;
use crate::domain::posting_rules::{GrantPolicy, OverdrawPolicy, PostingRule, ProviderTerms, Settlement};
use crate::store::StoreError;

/// A version of an attribution rule as it is stored; charges name the version that decided them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleVersion {
    pub rule: AttributionRule,
    /// An inactive version ends its rule.
    pub is_active: bool,
    pub recorded_at: Moment,
}

/// The active current versions, in the order in which they are tried.
pub(super) async fn active_list(transaction: &DatabaseTransaction, books: BooksId) -> Result<Vec<AttributionRule>, StoreError> {
    let query = attribution_rule::Entity::find().filter(attribution_rule::Column::BooksId.eq(i64::from(books.0)));
    let rows = query.order_by_desc(attribution_rule::Column::Id).all(transaction).await?;
    let mut met = HashSet::new();
    let mut rules = Vec::new();
    for row in rows {
        // The highest number of a code comes first; what follows are older versions.
        if met.insert(row.code.clone()) && row.is_active != 0 {
            rules.push(rule_from_row(row)?);
        }
    }
    rules.sort_by(|left, right| (left.order, &left.code).cmp(&(right.order, &right.code)));
    Ok(rules)
}

pub(super) async fn version_insert(transaction: &DatabaseTransaction, books: BooksId, versions: &[RuleVersion]) -> Result<(), StoreError> {
    let rows = versions.iter().map(|version| version_to_row(books, version));
    insert_in_chunks::<attribution_rule::Entity, attribution_rule::ActiveModel>(transaction, rows.collect(), None).await
}

/// In the order in which they are tried.
pub(super) async fn posting_rule_list(transaction: &DatabaseTransaction, books: BooksId) -> Result<Vec<PostingRule>, StoreError> {
    let query = posting_rule::Entity::find().filter(posting_rule::Column::BooksId.eq(i64::from(books.0)));
    let rows = query.all(transaction).await?;
    let mut rules = rows.into_iter().map(posting_rule_from_row).collect::<Result<Vec<_>, _>>()?;
    // Here and not in SQL: the engines' collations order codes differently.
    rules.sort_by(|left, right| (left.order, &left.code).cmp(&(right.order, &right.code)));
    Ok(rules)
}

/// Inserts, or replaces what a rule of the same code says.
pub(super) async fn posting_rule_save(transaction: &DatabaseTransaction, books: BooksId, rules: &[PostingRule]) -> Result<(), StoreError> {
    use posting_rule::Column;
    let mut replace = OnConflict::columns([Column::BooksId, Column::Code]);
    let columns =
        [Column::SortOrder, Column::Environment, Column::Team, Column::Project, Column::Client, Column::Feature, Column::AccountCode];
    replace.update_columns(columns);
    let rows = rules.iter().map(|rule| posting_rule_to_row(books, rule));
    insert_in_chunks::<posting_rule::Entity, posting_rule::ActiveModel>(transaction, rows.collect(), Some(replace)).await
}

pub(super) async fn posting_rule_delete(transaction: &DatabaseTransaction, books: BooksId, codes: &[String]) -> Result<(), StoreError> {
    if codes.is_empty() {
        return Ok(());
    }
    let delete = posting_rule::Entity::delete_many().filter(posting_rule::Column::BooksId.eq(i64::from(books.0)));
    delete.filter(posting_rule::Column::Code.is_in(codes.iter().map(String::as_str))).exec(transaction).await?;
    Ok(())
}

pub(super) async fn settlement_list(transaction: &DatabaseTransaction, books: BooksId) -> Result<Vec<(String, ProviderTerms)>, StoreError> {
    let query = provider_setting::Entity::find().filter(provider_setting::Column::BooksId.eq(i64::from(books.0)));
    let rows = query.order_by_asc(provider_setting::Column::Provider).all(transaction).await?;
    let settlement = |value| member("provider_setting.settlement", value, Settlement::from_id);
    let grants = |value| member("provider_setting.grants", value, GrantPolicy::from_id);
    let overdraw = |value| member("provider_setting.overdraw", value, OverdrawPolicy::from_id);
    let terms = |row: &provider_setting::Model| -> Result<ProviderTerms, StoreError> {
        Ok(ProviderTerms { settlement: settlement(row.settlement)?, grants: grants(row.grants)?, overdraw: overdraw(row.overdraw)? })
    };
    rows.into_iter().map(|row| Ok((row.provider.clone(), terms(&row)?))).collect()
}

pub(super) async fn settlement_save(
    transaction: &DatabaseTransaction,
    books: BooksId,
    settlements: &[(String, ProviderTerms)],
) -> Result<(), StoreError> {
    use provider_setting::Column;
    let replaced = [Column::Settlement, Column::Grants, Column::Overdraw];
    let replace = OnConflict::columns([Column::BooksId, Column::Provider]).update_columns(replaced).to_owned();
    let rows = settlements.iter().map(|(provider, terms)| provider_setting::Model {
        books_id: i64::from(books.0),
        provider: provider.clone(),
        settlement: i64::from(terms.settlement.id()),
        grants: i64::from(terms.grants.id()),
        overdraw: i64::from(terms.overdraw.id()),
    });
    insert_in_chunks::<provider_setting::Entity, provider_setting::ActiveModel>(transaction, rows.collect(), Some(replace)).await
}

fn rule_from_row(row: attribution_rule::Model) -> Result<AttributionRule, StoreError> {
    Ok(AttributionRule {
        id: RuleId(narrow("attribution_rule.id", row.id)?),
        order: narrow("attribution_rule.sort_order", row.sort_order)?,
        conditions: conditions_from_text(&row.conditions)?,
        code: row.code,
        team: row.team,
        project: row.project,
        client: row.client,
        feature: row.feature,
    })
}

fn version_to_row(books: BooksId, version: &RuleVersion) -> attribution_rule::Model {
    let rule = &version.rule;
    attribution_rule::Model {
        books_id: i64::from(books.0),
        id: i64::from(rule.id.0),
        code: rule.code.clone(),
        sort_order: i64::from(rule.order),
        conditions: conditions_to_text(&rule.conditions),
        team: rule.team.clone(),
        project: rule.project.clone(),
        client: rule.client.clone(),
        feature: rule.feature.clone(),
        is_active: i64::from(version.is_active),
        recorded_at: version.recorded_at.0,
    }
}

/// `[{"on":"TAG","tag":"service","pattern":"claims-*"}]`
fn conditions_to_text(conditions: &[Condition]) -> String {
    let conditions = conditions.iter().map(|condition| {
        let (on, tag) = match &condition.on {
            Match::ApiKey => ("API_KEY", None),
            Match::Tag(key) => ("TAG", Some(key)),
            Match::EndUser => ("END_USER", None),
            Match::Provider => ("PROVIDER", None),
            Match::Model => ("MODEL", None),
            Match::Environment => ("ENVIRONMENT", None),
            Match::Source => ("SOURCE", None),
        };
        let pattern = condition.pattern.as_str();
        tag.map_or_else(|| json!({ "on": on, "pattern": pattern }), |tag| json!({ "on": on, "tag": tag, "pattern": pattern }))
    });
    Value::Array(conditions.collect()).to_string()
}

fn conditions_from_text(text: &str) -> Result<Vec<Condition>, StoreError> {
    let corrupt = || StoreError::corrupt(format!("attribution_rule.conditions holds {text}"));
    let value: Value = serde_json::from_str(text).map_err(|_| corrupt())?;
    let condition = |value: &Value| {
        let field = |name: &str| value.get(name).and_then(Value::as_str);
        let on = match field("on").ok_or_else(corrupt)? {
            "API_KEY" => Match::ApiKey,
            "TAG" => Match::Tag(field("tag").ok_or_else(corrupt)?.to_owned()),
            "END_USER" => Match::EndUser,
            "PROVIDER" => Match::Provider,
            "MODEL" => Match::Model,
            "ENVIRONMENT" => Match::Environment,
            "SOURCE" => Match::Source,
            _ => return Err(corrupt()),
        };
        let pattern = Pattern::parse(field("pattern").ok_or_else(corrupt)?).map_err(refused("attribution_rule.conditions"))?;
        Ok(Condition { on, pattern })
    };
    value.as_array().ok_or_else(corrupt)?.iter().map(condition).collect()
}

fn posting_rule_from_row(row: posting_rule::Model) -> Result<PostingRule, StoreError> {
    let pattern = |text: Option<String>| text.map(|text| Pattern::parse(&text).map_err(refused("posting_rule"))).transpose();
    Ok(PostingRule {
        order: narrow("posting_rule.sort_order", row.sort_order)?,
        environment: pattern(row.environment)?,
        team: pattern(row.team)?,
        project: pattern(row.project)?,
        client: pattern(row.client)?,
        feature: pattern(row.feature)?,
        code: row.code,
        account: row.account_code,
    })
}

fn posting_rule_to_row(books: BooksId, rule: &PostingRule) -> posting_rule::Model {
    let text = |pattern: &Option<Pattern>| pattern.as_ref().map(|pattern| pattern.as_str().to_owned());
    posting_rule::Model {
        books_id: i64::from(books.0),
        code: rule.code.clone(),
        sort_order: i64::from(rule.order),
        environment: text(&rule.environment),
        team: text(&rule.team),
        project: text(&rule.project),
        client: text(&rule.client),
        feature: text(&rule.feature),
        account_code: rule.account.clone(),
    }
}
