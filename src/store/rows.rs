//! The tables of the posting path, in the order of their columns.

mod activity;

pub use activity::*;

use super::ledger::Column::{Int, Text};
use super::ledger::Table;

pub static CHARGE: Table = Table {
    name: "charge",
    columns: &[
        Int("books_id"),
        Int("id"),
        Int("hour"),
        Int("key_hash"),
        Int("content_hash"),
        Int("source_id"),
        Text("external_id"),
        Int("occurred_at"),
        Int("recorded_at"),
        Int("block_id"),
        Int("rule_id"),
        Int("variant_id"),
        Int("api_key_id"),
        Text("end_user"),
        Text("tags"),
        Text("note"),
        Text("meter_lines"),
        Int("basis"),
        Int("amount"),
        Int("currency_id"),
        Int("entry_number"),
        Int("reported_amount"),
        Int("reported_currency_id"),
    ],
    on_conflict: "",
};

pub static CHARGE_HOUR: Table =
    Table { name: "charge_hour", columns: &[Int("books_id"), Int("hour")], on_conflict: "ON CONFLICT (books_id, hour) DO NOTHING" };

pub static CHARGE_REVISION: Table = Table {
    name: "charge_revision",
    columns: &[
        Int("books_id"),
        Int("charge_id"),
        Int("revision"),
        Int("recorded_at"),
        Int("kind"),
        Int("block_id"),
        Int("rule_id"),
        Text("note"),
        Text("meter_lines"),
        Int("basis"),
        Int("amount"),
        Int("currency_id"),
        Int("entry_number"),
        Int("since_entry"),
    ],
    on_conflict: "",
};

pub static PENDING_CHARGE: Table = Table {
    name: "pending_charge",
    columns: &[Int("books_id"), Int("charge_id"), Int("day"), Int("block_id"), Text("reason")],
    on_conflict: "",
};

pub static PENDING_TALLY: Table = Table {
    name: "pending_tally",
    columns: &[Int("books_id"), Int("day"), Int("block_id"), Int("charges")],
    on_conflict: "ON CONFLICT (books_id, day, block_id) DO UPDATE SET charges = pending_tally.charges + excluded.charges",
};

pub static LATE_BOOKING: Table =
    Table { name: "late_booking", columns: &[Int("books_id"), Int("charge_id"), Int("revision"), Int("effective_on")], on_conflict: "" };

pub static JOURNAL_ENTRY: Table = Table {
    name: "journal_entry",
    columns: &[
        Int("books_id"),
        Int("number"),
        Int("kind"),
        Int("effective_on"),
        Int("recorded_at"),
        Int("charge_id"),
        Int("corrects"),
        Int("posting_count"),
        Text("memo"),
        Int("service_on"),
        Int("mark"),
    ],
    on_conflict: "",
};

pub static TREE_NODE: Table =
    Table { name: "tree_node", columns: &[Int("books_id"), Int("level"), Int("position"), Text("hash")], on_conflict: "" };

pub static CHECKPOINT: Table = Table {
    name: "checkpoint",
    columns: &[Int("books_id"), Int("size"), Text("root"), Int("signed_at"), Text("note")],
    on_conflict: "ON CONFLICT (books_id, size) DO NOTHING",
};

pub static POSTING: Table = Table {
    name: "posting",
    columns: &[Int("books_id"), Int("entry_number"), Int("line"), Int("side"), Int("amount"), Int("currency_id"), Int("block_id")],
    on_conflict: "",
};

pub static BALANCE: Table = Table {
    name: "balance",
    columns: &[
        Int("books_id"),
        Int("grain"),
        Int("period"),
        Int("key_id"),
        Int("currency_id"),
        Int("debit"),
        Int("credit"),
        Int("charges"),
        Int("input_tokens"),
        Int("output_tokens"),
        Int("cache_read_tokens"),
    ],
    on_conflict: "ON CONFLICT (books_id, grain, period, key_id, currency_id) DO UPDATE SET debit = balance.debit + excluded.debit, \
                  credit = balance.credit + excluded.credit, charges = balance.charges + excluded.charges, \
                  input_tokens = balance.input_tokens + excluded.input_tokens, output_tokens = balance.output_tokens + excluded.output_tokens, \
                  cache_read_tokens = balance.cache_read_tokens + excluded.cache_read_tokens",
};

pub static INTERNED_NAME: Table =
    Table { name: "interned_name", columns: &[Int("books_id"), Int("id"), Int("kind"), Text("name")], on_conflict: "" };

pub static CODING_BLOCK: Table = Table {
    name: "coding_block",
    columns: &[
        Int("books_id"),
        Int("id"),
        Int("account_id"),
        Int("team_id"),
        Int("project_id"),
        Int("client_id"),
        Int("feature_id"),
        Int("provider_id"),
        Int("model_id"),
        Int("environment_id"),
    ],
    on_conflict: "",
};

pub static AUDIT_EVENT: Table = Table {
    name: "audit_event",
    columns: &[
        Int("books_id"),
        Int("number"),
        Int("recorded_at"),
        Text("action"),
        Text("object"),
        Text("subject"),
        Text("acting_for"),
        Text("issuer"),
        Text("token_id"),
        Text("request_id"),
        Text("before"),
        Text("after"),
        Text("reason"),
    ],
    on_conflict: "",
};

pub static COMMAND: Table = Table {
    name: "command",
    columns: &[Int("books_id"), Text("operation"), Text("idempotency_key"), Int("content_hash"), Text("receipt"), Int("recorded_at")],
    on_conflict: "",
};

pub static PERIOD_CHANGE: Table = Table {
    name: "period_change",
    columns: &[
        Int("books_id"),
        Int("month"),
        Int("number"),
        Int("from_status"),
        Int("to_status"),
        Text("subject"),
        Text("requested_by"),
        Text("reason"),
        Int("through_entry"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static REOPENING_REQUEST: Table = Table {
    name: "reopening_request",
    columns: &[Int("books_id"), Int("month"), Int("after_change"), Text("subject"), Text("acting_for"), Text("reason"), Int("recorded_at")],
    on_conflict: "",
};

pub static ACCRUAL_REVIEW: Table = Table {
    name: "accrual_review",
    columns: &[
        Int("books_id"),
        Int("month"),
        Int("number"),
        Text("subject"),
        Text("note"),
        Int("through_entry"),
        Int("recorded_at"),
        Text("figures"),
    ],
    on_conflict: "",
};

pub static CREDIT_LOT: Table = Table {
    name: "credit_lot",
    columns: &[
        Int("books_id"),
        Int("number"),
        Int("kind"),
        Int("provider_id"),
        Int("currency_id"),
        Int("amount"),
        Int("begins_on"),
        Int("expires_on"),
        Int("policy"),
        Int("paid_from"),
        Int("entry_number"),
        Text("reference"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static CREDIT_USE: Table = Table {
    name: "credit_use",
    columns: &[
        Int("books_id"),
        Int("number"),
        Int("lot_number"),
        Int("kind"),
        Int("amount"),
        Int("effective_on"),
        Int("entry_number"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static EXCHANGE_RATE: Table = Table {
    name: "exchange_rate",
    columns: &[
        Int("books_id"),
        Int("number"),
        Int("from_currency_id"),
        Int("to_currency_id"),
        Int("day"),
        Text("rate"),
        Text("source"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static REVALUATION_LINE: Table = Table {
    name: "revaluation_line",
    columns: &[
        Int("books_id"),
        Int("entry_number"),
        Int("line"),
        Int("account_id"),
        Int("provider_id"),
        Int("currency_id"),
        Int("open_amount"),
        Int("carrying"),
        Int("value"),
    ],
    on_conflict: "",
};

pub static FOREIGN_SETTLEMENT: Table = Table {
    name: "foreign_settlement",
    columns: &[
        Int("books_id"),
        Int("entry_number"),
        Int("account_id"),
        Int("provider_id"),
        Int("currency_id"),
        Int("amount"),
        Int("relieved"),
        Int("paid"),
        Int("paid_on"),
    ],
    on_conflict: "",
};

pub static CHARGEBACK: Table = Table {
    name: "chargeback",
    columns: &[
        Int("books_id"),
        Int("number"),
        Int("period"),
        Int("kind"),
        Int("center_id"),
        Int("currency_id"),
        Int("provider_id"),
        Int("basis"),
        Int("showback"),
        Text("markup"),
        Int("treatment"),
        Int("receivable_id"),
        Int("total"),
        Int("cost"),
        Text("content_hash"),
        Int("through_entry"),
        Text("drafted_by"),
        Text("drafted_for"),
        Int("drafted_at"),
        Int("status"),
        Text("approved_by"),
        Text("approved_for"),
        Int("approved_at"),
        Int("entry_number"),
        Int("posted_at"),
        Int("reversal_number"),
        Text("document_number"),
        Text("reason"),
    ],
    on_conflict: "ON CONFLICT (books_id, number) DO UPDATE SET status = excluded.status, \
                  approved_by = excluded.approved_by, \
                  approved_for = excluded.approved_for, \
                  approved_at = excluded.approved_at, \
                  entry_number = excluded.entry_number, \
                  posted_at = excluded.posted_at, \
                  reversal_number = excluded.reversal_number, \
                  document_number = excluded.document_number, \
                  reason = excluded.reason",
};

pub static CHARGEBACK_LINE: Table = Table {
    name: "chargeback_line",
    columns: &[
        Int("books_id"),
        Int("number"),
        Int("line"),
        Int("kind"),
        Int("month"),
        Text("description"),
        Text("provider"),
        Text("model"),
        Text("feature"),
        Int("quantity"),
        Text("unit"),
        Text("rate"),
        Int("cost"),
        Int("amount"),
    ],
    on_conflict: "",
};

pub static REBILL_TERMS: Table = Table {
    name: "rebill_terms",
    columns: &[Int("books_id"), Int("client_id"), Int("treatment"), Int("receivable_id"), Text("markup"), Int("recorded_at")],
    on_conflict: "ON CONFLICT (books_id, client_id) DO UPDATE SET treatment = excluded.treatment, receivable_id = excluded.receivable_id, \
                  markup = excluded.markup, recorded_at = excluded.recorded_at",
};

pub static STANDARD_RATE: Table = Table {
    name: "standard_rate",
    columns: &[
        Int("books_id"),
        Int("number"),
        Text("provider"),
        Text("model"),
        Text("meter"),
        Int("per"),
        Text("amount"),
        Int("currency_id"),
        Int("valid_from"),
        Int("valid_to"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static EXPORT_TARGET: Table = Table {
    name: "export_target",
    columns: &[Int("books_id"), Int("id"), Int("version"), Text("code"), Text("settings"), Text("saved_by"), Int("recorded_at")],
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
