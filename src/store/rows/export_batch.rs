//! The tables of batches for other finance systems, in the order of their columns.

use crate::store::ledger::Column::{Int, Text};
use crate::store::ledger::Table;

pub static EXPORT_TARGET: Table = Table {
    name: "export_target",
    columns: &[Int("books_id"), Int("id"), Int("version"), Text("code"), Text("settings"), Text("saved_by"), Int("recorded_at")],
    on_conflict: "",
};

pub static EXPORT_PREFIX: Table = Table {
    name: "export_prefix",
    columns: &[Int("books_id"), Int("target_id"), Int("number"), Text("prefix"), Int("recorded_at")],
    on_conflict: "",
};

pub static EXPORT_WINDOW: Table = Table {
    name: "export_window",
    columns: &[
        Int("books_id"),
        Int("batch_id"),
        Int("kind"),
        Int("after_entry"),
        Int("through_entry"),
        Int("target_id"),
        Int("period"),
        Int("released"),
    ],
    on_conflict: "",
};

pub static EXPORT_SUM: Table = Table {
    name: "export_sum",
    columns: &[
        Int("books_id"),
        Int("batch_id"),
        Int("position"),
        Int("currency_id"),
        Int("account_id"),
        Int("team_id"),
        Int("project_id"),
        Int("client_id"),
        Int("feature_id"),
        Int("provider_id"),
        Int("model_id"),
        Int("environment_id"),
        Int("debit"),
        Int("credit"),
        Int("carried"),
        Int("exported"),
    ],
    on_conflict: "",
};

pub static EXPORT_LINE: Table = Table {
    name: "export_line",
    columns: &[Int("books_id"), Int("batch_id"), Int("line"), Int("document"), Int("position"), Int("minor")],
    on_conflict: "",
};

pub static EXPORT_BATCH: Table = Table {
    name: "export_batch",
    columns: &[
        Int("books_id"),
        Int("id"),
        Int("target_id"),
        Int("target_version"),
        Int("number"),
        Int("period"),
        Text("kinds"),
        Int("through_entry"),
        Int("rounding"),
        Text("external_number"),
        Text("content_hash"),
        Text("created_by"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static EXPORT_CARRY: Table = Table {
    name: "export_carry",
    columns: &[
        Int("books_id"),
        Int("target_id"),
        Int("currency_id"),
        Int("account_id"),
        Int("team_id"),
        Int("project_id"),
        Int("client_id"),
        Int("feature_id"),
        Int("provider_id"),
        Int("model_id"),
        Int("environment_id"),
        Int("units"),
    ],
    on_conflict: "ON CONFLICT (books_id, target_id, currency_id, account_id, team_id, project_id, client_id, feature_id, provider_id, model_id, environment_id) DO UPDATE SET units = export_carry.units + excluded.units",
};

pub static EXPORT_ATTEMPT: Table = Table {
    name: "export_attempt",
    columns: &[
        Int("books_id"),
        Int("batch_id"),
        Int("number"),
        Int("recorded_at"),
        Text("subject"),
        Text("channel"),
        Int("is_delivered"),
        Text("note"),
    ],
    on_conflict: "",
};

pub static EXPORT_ANSWER: Table = Table {
    name: "export_answer",
    columns: &[
        Int("books_id"),
        Int("batch_id"),
        Int("recorded_at"),
        Text("subject"),
        Int("is_rejected"),
        Text("document_number"),
        Int("posted_on"),
    ],
    on_conflict: "",
};

pub static EXPORT_LINE_REASON: Table =
    Table { name: "export_line_reason", columns: &[Int("books_id"), Int("batch_id"), Int("line"), Text("reason")], on_conflict: "" };

pub static EXPORT_SUPERSESSION: Table =
    Table { name: "export_supersession", columns: &[Int("books_id"), Int("batch_id"), Int("by_batch_id")], on_conflict: "" };
