//! A chargeback statement to read and print.

use maud::{Markup, html};

use super::page::page;
use crate::app::chargeback::{Audience, StatementView};
use crate::domain::chargeback::{Basis, Line};
use crate::domain::money::{Amount, Currency};

/// The page of a statement.
pub fn statement_page(view: &StatementView) -> String {
    let statement = &view.statement;
    let content = &statement.content;
    let title = format!("{} {} {}", statement.number, view.center.code, content.terms.period);
    let body = html! {
        h1 { "Chargeback statement " (statement.number) " " span.mark { (statement.status.as_str()) }
            @if content.terms.showback { " " span.mark { "SHOWBACK" } }
            @if view.is_stale { " " span.mark { "STALE" } }
        }
        p.of { (view.center.name) " (" (content.kind.field()) " " (view.center.code) "), " (content.terms.period) }
        (facts(view))
        table {
            thead { tr { th { "What" } th { "Month" } th.n { "Quantity" } th { "Unit" } th { "Rate" } th.n { "Amount (" (content.currency) ")" } } }
            tbody {
                @for line in &content.lines { (line_row(line, content.currency)) }
                tr.total { td colspan="5" { "Total" } td.n { (amount(statement.total.amount, content.currency)) } }
            }
            tfoot { tr { td colspan="6" {
                (statement.number) " · " (statement.status.as_str()) " · as of entry " (statement.through_entry) " · content " (statement.content_hash)
            } } }
        }
    };
    page(&title, &body)
}

fn facts(view: &StatementView) -> Markup {
    let statement = &view.statement;
    let (content, terms) = (&statement.content, &statement.content.terms);
    let none = || "–".to_owned();
    let basis = match terms.basis {
        Basis::Actual => "actual cost",
        Basis::StandardRate => "standard rates",
    };
    let recovery = content.recovery().map_or_else(|_| none(), |recovery| recovery.to_string());
    let approved = statement.approved_by.as_ref().map_or_else(none, |persons| persons.subject.clone());
    if view.audience == Audience::Client {
        return told(&[
            ("Status", statement.status.as_str().to_owned()),
            ("Made on", statement.drafted_at.day().to_string()),
            ("Document", statement.document_number.clone().unwrap_or_else(none)),
        ]);
    }
    told(&[
        ("Books", view.books.clone()),
        ("Charged by", view.provider.as_ref().map_or_else(none, |provider| format!("{} ({})", provider.name, provider.code))),
        ("Basis", basis.to_owned()),
        ("Markup", format!("{} %", terms.markup)),
        ("Cost", statement.cost.to_string()),
        ("Over- or under-recovered", recovery),
        ("Drafted by", statement.drafted_by.subject.clone()),
        ("Drafted on", statement.drafted_at.day().to_string()),
        ("Approved by", approved),
        ("Approved on", statement.approved_at.map_or_else(none, |moment| moment.day().to_string())),
        ("Journal entry", statement.entry.map_or_else(none, |entry| entry.to_string())),
        ("Reversed by entry", statement.reversal.map_or_else(none, |entry| entry.to_string())),
        ("Document", statement.document_number.clone().unwrap_or_else(none)),
        ("Reason", statement.reason.clone().unwrap_or_else(none)),
    ])
}

fn told(facts: &[(&str, String)]) -> Markup {
    html! { dl { @for (name, value) in facts { dt { (name) } dd { (value) } } } }
}

fn line_row(line: &Line, currency: Currency) -> Markup {
    html! {
        tr {
            td { (line.description) }
            td { (line.month) }
            td.n { @if let Some(quantity) = line.quantity { (quantity) } }
            td { (line.unit.unwrap_or_default()) }
            td { (line.rate.as_deref().unwrap_or_default()) }
            td.n { (amount(line.amount, currency)) }
        }
    }
}

/// All decimals that matter.
fn amount(amount: Amount, currency: Currency) -> String {
    amount.with(currency).exact().to_string()
}
