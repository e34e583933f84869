//! The tables of chargebacks, in the order of their columns.

use crate::store::ledger::Column::{Int, Text};
use crate::store::ledger::Table;

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
    columns: &[
        Int("books_id"),
        Int("client_id"),
        Int("treatment"),
        Int("receivable_id"),
        Text("markup"),
        Int("recorded_at"),
        Int("shows_cost"),
    ],
    on_conflict: "ON CONFLICT (books_id, client_id) DO UPDATE SET treatment = excluded.treatment, receivable_id = excluded.receivable_id, \
                  markup = excluded.markup, recorded_at = excluded.recorded_at, shows_cost = excluded.shows_cost",
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
