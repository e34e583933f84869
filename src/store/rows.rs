//! The tables of the posting path, in the order of their columns.

mod activity;
mod chargeback;
mod export_batch;

pub use activity::*;
pub use chargeback::*;
pub use export_batch::*;

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

/// Numbers only grow: the first entry of a month stays the first.
pub static ENTRY_MONTH: Table = Table {
    name: "entry_month",
    columns: &[Int("books_id"), Int("month"), Int("first_entry"), Int("last_entry")],
    on_conflict: "ON CONFLICT (books_id, month) DO UPDATE SET last_entry = excluded.last_entry",
};

pub static INTERNED_NAME: Table =
    Table { name: "interned_name", columns: &[Int("books_id"), Int("id"), Int("kind"), Text("name"), Int("source_id")], on_conflict: "" };

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
        Int("since_entry"),
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
        Int("since_entry"),
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
