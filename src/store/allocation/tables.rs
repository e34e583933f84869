//! The tables of allocation, in the order of their columns.

use crate::store::ledger::Column::{Int, Text};
use crate::store::ledger::Table;

pub static DRIVER_VALUE: Table = Table {
    name: "driver_value",
    columns: &[
        Int("books_id"),
        Int("number"),
        Text("driver"),
        Int("month"),
        Int("kind"),
        Int("center_id"),
        Text("quantity"),
        Text("subject"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static ALLOCATION_RULE: Table = Table {
    name: "allocation_rule",
    columns: &[
        Int("books_id"),
        Text("code"),
        Int("version"),
        Text("name"),
        Int("rule_order"),
        Int("valid_from"),
        Int("valid_to"),
        Text("terms"),
        Int("needs_approval"),
        Text("subject"),
        Text("acting_for"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static ALLOCATION_RULE_APPROVAL: Table = Table {
    name: "allocation_rule_approval",
    columns: &[Int("books_id"), Text("code"), Int("version"), Text("author"), Text("subject"), Text("acting_for"), Int("recorded_at")],
    on_conflict: "",
};

pub static ALLOCATION_RUN: Table = Table {
    name: "allocation_run",
    columns: &[
        Int("books_id"),
        Int("number"),
        Int("month"),
        Int("kind"),
        Int("refers_to"),
        Int("effective_on"),
        Int("through_entry"),
        Int("through_driver_value"),
        Text("result_hash"),
        Text("reason"),
        Text("subject"),
        Text("acting_for"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static ALLOCATION_RUN_RULE: Table = Table {
    name: "allocation_run_rule",
    columns: &[Int("books_id"), Int("run_number"), Int("position"), Text("code"), Int("version")],
    on_conflict: "",
};

pub static ALLOCATION_RUN_ENTRY: Table = Table {
    name: "allocation_run_entry",
    columns: &[Int("books_id"), Int("run_number"), Int("entry_number"), Int("pool")],
    on_conflict: "",
};

pub static ALLOCATION_RUN_DRIVER: Table = Table {
    name: "allocation_run_driver",
    columns: &[Int("books_id"), Int("run_number"), Text("driver"), Int("currency_id"), Int("kind"), Int("center_id"), Text("quantity")],
    on_conflict: "",
};

pub static ALLOCATION_POOL: Table = Table {
    name: "allocation_pool",
    columns: &[
        Int("books_id"),
        Int("run_number"),
        Int("pool"),
        Int("step"),
        Int("rule_position"),
        Int("from_kind"),
        Int("from_id"),
        Int("account_id"),
        Int("currency_id"),
        Int("amount"),
        Int("allocated"),
        Text("driver"),
        Text("driver_total"),
        Text("gross"),
    ],
    on_conflict: "",
};

pub static ALLOCATION_LINE: Table = Table {
    name: "allocation_line",
    columns: &[
        Int("books_id"),
        Int("run_number"),
        Int("line"),
        Int("pool"),
        Int("to_kind"),
        Int("to_id"),
        Text("quantity"),
        Text("share"),
        Text("unrounded"),
        Int("amount"),
        Int("has_extra_unit"),
        Int("debit_account_id"),
        Int("credit_account_id"),
        Int("entry_number"),
    ],
    on_conflict: "",
};

pub static ALLOCATION_LIVE: Table =
    Table { name: "allocation_live", columns: &[Int("books_id"), Int("month"), Text("code"), Int("run_number")], on_conflict: "" };
