//! Receipts as lines of JSON. Numbers that may exceed what JavaScript counts exactly are strings, money always is.

use serde::{Serialize, Serializer};

use crate::app::ingest::{Outcome, Receipt};
use crate::domain::money::Money;
use crate::domain::rejection::Rejection;

/// One receipt; absent members are left out, but a recorded charge without an entry says `"entry":null`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptLine<'a> {
    index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<MoneyMember>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorMember<'a>>,
}

#[derive(Serialize)]
struct ErrorMember<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Vec<&'a str>>,
}

/// The last line of a stream that ended early.
#[derive(Serialize)]
struct EndLine<'a> {
    error: ErrorMember<'a>,
}

struct MoneyMember(Money);

impl Serialize for MoneyMember {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut members = serializer.serialize_struct("Money", 2)?;
        members.serialize_field("amount", &self.0.exact().to_string())?;
        members.serialize_field("currency", self.0.currency.code())?;
        members.end()
    }
}

/// Appends the line of this receipt.
pub(in crate::http) fn write_receipt(out: &mut Vec<u8>, index: u64, receipt: &Receipt) {
    let mut line = ReceiptLine { external_id: receipt.external_id.as_deref(), ..empty(index) };
    match &receipt.outcome {
        Outcome::Recorded { charge, entry, cost, note } => {
            line.status = "RECORDED";
            line.charge = Some(charge.to_string());
            line.entry = Some(entry.map(|entry| entry.to_string()));
            line.cost = Some(MoneyMember(*cost));
            line.note = note.as_deref();
        }
        Outcome::Unpriced { charge, reason, note } => {
            line.status = "UNPRICED";
            line.charge = Some(charge.to_string());
            line.reason = Some(reason);
            line.note = note.as_deref();
        }
        Outcome::Replayed { charge, entry, cost } => {
            line.status = "REPLAYED";
            line.charge = Some(charge.to_string());
            line.entry = Some(entry.map(|entry| entry.to_string()));
            line.cost = cost.map(MoneyMember);
        }
        Outcome::Rejected(rejection) => line.error = Some(error_of(rejection)),
    }
    write(out, &line);
}

/// Appends the line of a charge whose whole batch failed.
pub(in crate::http) fn write_failed(out: &mut Vec<u8>, index: u64, code: &str, message: &str) {
    write(out, &ReceiptLine { error: Some(ErrorMember { code, message, path: None }), ..empty(index) });
}

/// Appends the last line of a stream that ended early.
pub(in crate::http) fn write_end(out: &mut Vec<u8>, code: &str, message: &str) {
    write(out, &EndLine { error: ErrorMember { code, message, path: None } });
}

fn empty(index: u64) -> ReceiptLine<'static> {
    ReceiptLine {
        index,
        external_id: None,
        status: "REJECTED",
        charge: None,
        entry: None,
        cost: None,
        reason: None,
        note: None,
        error: None,
    }
}

fn error_of(rejection: &Rejection) -> ErrorMember<'_> {
    ErrorMember {
        code: rejection.code.as_str(),
        message: &rejection.message,
        path: Some(rejection.path.iter().map(AsRef::as_ref).collect()),
    }
}

fn write(out: &mut Vec<u8>, line: &impl Serialize) {
    let length = out.len();
    // Texts, numbers and lists of them always have a JSON form; if that ever changes, no half line is left behind.
    if let Err(error) = serde_json::to_writer(&mut *out, line) {
        tracing::error!(%error, "a receipt has no JSON form");
        out.truncate(length);
        return;
    }
    out.push(b'\n');
}
