//! What a format is: its fields in their order, where dimensions go, and its limits.

use std::sync::LazyLock;

use serde::Deserialize;

/// The format of one system's files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Format {
    pub code: String,
    pub name: String,
    /// Where the fields and limits come from.
    pub source: String,
    pub(super) media: Media,
    pub content_type: String,
    /// Of the file's name, without the dot.
    pub extension: String,
    /// Lines that a document can have.
    pub most_lines: usize,
    /// Lines that a document has unless the target says otherwise.
    pub usual_lines: usize,
    /// Digits before the point that an amount can have.
    pub(super) whole_digits: Option<usize>,
    /// Whether a document names its currency. One that does not is in the system's own.
    pub names_currency: bool,
    pub(super) day: DayForm,
    /// The member of a JSON file that lists the documents, or the lines when documents have none of their own.
    pub(super) documents_at: Option<String>,
    /// Where a JSON document lists its lines; without it, lines stand alone and repeat the header, as they do in CSV.
    pub(super) lines_at: Option<String>,
    pub(super) header: Vec<Field>,
    pub(super) line: Vec<Field>,
    pub segments: Segments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Media {
    Csv,
    Json,
}

/// How days are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DayForm {
    /// `2026-01-31`.
    Iso,
    /// `01/31/2026`.
    Us,
}

/// One field: a column of CSV, or a path of members in JSON, parted by points.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    pub name: String,
    pub value: Value,
    /// Of a constant.
    pub text: Option<String>,
    /// Of a side.
    pub debit: Option<String>,
    /// Of a side.
    pub credit: Option<String>,
    /// Characters that it holds.
    pub width: Option<usize>,
    /// A setting of the target that must be there.
    #[serde(default)]
    pub required: bool,
}

/// What a field says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Value {
    Constant,
    BatchNumber,
    DocumentNumber,
    /// The last day of the period.
    PostingDay,
    /// `Jan 2026`.
    PeriodName,
    /// What the document is.
    Memo,
    /// The same with its number, for documents without a field for it.
    DocumentText,
    Company,
    Journal,
    Currency,
    /// As a number.
    Line,
    /// As text.
    LineTextNumber,
    LineText,
    Account,
    /// The account and its segments in one text.
    AccountAndSegments,
    /// Absent on a credit.
    Debit,
    /// Absent on a debit.
    Credit,
    DebitOrZero,
    CreditOrZero,
    /// Below zero for a credit.
    Signed,
    Unsigned,
    Side,
}

/// Where dimensions go.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segments {
    pub(super) place: Place,
    /// Dimensions that a line can have.
    pub most: usize,
    /// The only names that a segment can have; any when absent.
    pub names: Option<Vec<String>>,
    /// Dimension and segment, unless the target says otherwise.
    pub usual: Vec<(String, String)>,
    #[serde(default)]
    pub(super) prefix: String,
    #[serde(default)]
    pub(super) suffix: String,
    #[serde(default)]
    pub(super) at: String,
    #[serde(default)]
    pub(super) name_field: String,
    #[serde(default)]
    pub(super) value_field: String,
    #[serde(default)]
    pub(super) separator: String,
    pub(super) width: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    /// A field each, named by the segment.
    Fields,
    /// A list of names and values.
    List,
    /// Behind the account, in one text.
    Joined,
    /// One member, named by the values, that takes all of the line.
    Distribution,
}

const DESCRIPTIONS: [&str; 8] = [
    include_str!("businesscentral.json"),
    include_str!("dynamics365.json"),
    include_str!("erpnext.json"),
    include_str!("netsuite.json"),
    include_str!("odoo.json"),
    include_str!("quickbooks.json"),
    include_str!("sap.json"),
    include_str!("xero.json"),
];

/// A description that cannot be read is left out; a test reads them all.
static FORMATS: LazyLock<Vec<Format>> =
    LazyLock::new(|| DESCRIPTIONS.into_iter().filter_map(|text| serde_json::from_str(text).ok()).collect());

/// Every format, in the order of the codes.
pub fn formats() -> &'static [Format] {
    &FORMATS
}

pub fn format(code: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.code == code)
}

impl Format {
    /// Settings of a target that the format needs.
    pub fn needs(&self) -> (bool, bool) {
        let needs = |value| self.header.iter().any(|field| field.value == value && field.required);
        (needs(Value::Company), needs(Value::Journal))
    }

    pub fn file_name(&self, target: &str, number: &str) -> String {
        format!("{target}-{number}.{}", self.extension)
    }
}
