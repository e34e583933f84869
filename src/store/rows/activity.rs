//! The tables of hours, revenue, outputs and payroll. Sums are added to in place.

use crate::store::ledger::Column::{Int, Text};
use crate::store::ledger::Table;

pub static LABOR_RATE: Table = Table {
    name: "labor_rate",
    columns: &[
        Int("books_id"),
        Int("number"),
        Text("person"),
        Text("role"),
        Int("currency_id"),
        Int("cost_per_hour"),
        Int("effective_from"),
        Int("effective_to"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static TIME_ENTRY: Table = Table {
    name: "time_entry",
    columns: &[
        Int("books_id"),
        Int("number"),
        Text("source"),
        Text("external_id"),
        Int("content_hash"),
        Int("worked_on"),
        Text("person"),
        Text("role"),
        Int("hours_millionths"),
        Int("is_billable"),
        Int("block_id"),
        Int("applied_block_id"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static TIME_BOOKING: Table = Table {
    name: "time_booking",
    columns: &[
        Int("books_id"),
        Int("time_number"),
        Int("revision"),
        Int("rate_number"),
        Int("currency_id"),
        Int("amount"),
        Int("entry_number"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static WAITING_TIME: Table = Table {
    name: "waiting_time",
    columns: &[Int("books_id"), Int("time_number"), Int("worked_on"), Int("hours_millionths")],
    on_conflict: "",
};

pub static REVENUE_ENTRY: Table = Table {
    name: "revenue_entry",
    columns: &[
        Int("books_id"),
        Int("number"),
        Text("source"),
        Text("external_id"),
        Int("content_hash"),
        Int("kind"),
        Int("earned_from"),
        Int("earned_through"),
        Int("amount"),
        Int("currency_id"),
        Int("block_id"),
        Int("receivable_block_id"),
        Text("contract"),
        Int("contract_amount"),
        Int("percent_millionths"),
        Int("quantity_millionths"),
        Text("memo"),
        Int("recorded_at"),
        Text("unit_price"),
    ],
    on_conflict: "",
};

pub static REVENUE_PART: Table = Table {
    name: "revenue_part",
    columns: &[Int("books_id"), Int("revenue_number"), Int("part"), Int("earned_on"), Int("amount")],
    on_conflict: "",
};

pub static REVENUE_RECOGNITION: Table = Table {
    name: "revenue_recognition",
    columns: &[Int("books_id"), Int("revenue_number"), Int("part"), Int("entry_number"), Int("recorded_at")],
    on_conflict: "",
};

pub static WAITING_REVENUE: Table =
    Table { name: "waiting_revenue", columns: &[Int("books_id"), Int("earned_on"), Int("revenue_number"), Int("part")], on_conflict: "" };

pub static OUTPUT_ENTRY: Table = Table {
    name: "output_entry",
    columns: &[
        Int("books_id"),
        Int("number"),
        Text("source"),
        Text("external_id"),
        Int("content_hash"),
        Text("unit"),
        Int("produced_on"),
        Int("quantity_millionths"),
        Int("value"),
        Int("currency_id"),
        Int("team_id"),
        Int("project_id"),
        Int("client_id"),
        Int("feature_id"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static OUTPUT_DAY: Table = Table {
    name: "output_day",
    columns: &[
        Int("books_id"),
        Text("unit"),
        Int("day"),
        Int("team_id"),
        Int("project_id"),
        Int("client_id"),
        Int("feature_id"),
        Int("currency_id"),
        Int("quantity_millionths"),
        Int("value"),
    ],
    on_conflict: "ON CONFLICT (books_id, unit, day, team_id, project_id, client_id, feature_id, currency_id) DO UPDATE SET quantity_millionths = output_day.quantity_millionths + excluded.quantity_millionths, value = output_day.value + excluded.value",
};

pub static TIME_MONTH: Table = Table {
    name: "time_month",
    columns: &[Int("books_id"), Int("month"), Int("block_id"), Int("hours_millionths")],
    on_conflict: "ON CONFLICT (books_id, month, block_id) DO UPDATE SET hours_millionths = time_month.hours_millionths + excluded.hours_millionths",
};

pub static TIME_PERSON_MONTH: Table = Table {
    name: "time_person_month",
    columns: &[Int("books_id"), Int("month"), Int("block_id"), Text("person"), Int("hours_millionths")],
    on_conflict: "ON CONFLICT (books_id, month, block_id, person) DO UPDATE SET hours_millionths = time_person_month.hours_millionths + excluded.hours_millionths",
};

pub static PAYROLL_ENTRY: Table = Table {
    name: "payroll_entry",
    columns: &[
        Int("books_id"),
        Int("number"),
        Text("source"),
        Text("external_id"),
        Int("content_hash"),
        Int("month"),
        Int("team_id"),
        Int("hours_millionths"),
        Int("amount"),
        Int("currency_id"),
        Int("entry_number"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static LABOR_TRUE_UP: Table = Table {
    name: "labor_true_up",
    columns: &[
        Int("books_id"),
        Int("month"),
        Int("team_id"),
        Int("currency_id"),
        Int("revision"),
        Int("rate_variance"),
        Int("utilization_variance"),
        Int("entry_number"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

pub static OUTPUT_UNIT: Table = Table {
    name: "output_unit",
    columns: &[Int("books_id"), Text("code"), Text("name"), Int("recorded_at")],
    on_conflict: "ON CONFLICT (books_id, code) DO UPDATE SET name = excluded.name, recorded_at = excluded.recorded_at",
};
