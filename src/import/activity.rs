//! Hours, revenue and outputs from CSV with a header row: columns are named as the fields of the mutations that record them.
//!
//! Invariants: the header is checked once, before any row; a row that cannot be read carries its rejection and the others go on; an empty cell
//! is an absent field. What a fact must hold is said where it is recorded.

use std::io::BufRead;

use super::csv::{CsvError, Records, uneven};
use super::scalars::excerpt;
use crate::domain::labor::{Hours, TimeInput};
use crate::domain::money::{Amount, Currency, Exact, Money};
use crate::domain::outputs::{OutputInput, output_quantity};
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::revenue::{Completion, RevenueInput, RevenueKind, Stated, revenue_quantity};
use crate::domain::spelling::{closest, folded};

/// A fact that a row of a file can hold.
pub trait ActivityRow: Sized {
    /// What a row is called in messages.
    const NAME: &'static str;
    const COLUMNS: &'static [&'static str];
    /// Columns without which no row can be read.
    const REQUIRED: &'static [&'static str];

    /// # Errors
    /// The refusal of the first cell that cannot be read, at its column.
    fn read(cells: &Cells<'_>) -> Result<Self, Rejection>;
}

/// One row of a file.
#[derive(Debug)]
pub struct ActivityLine<T> {
    /// The line of the file at which it begins; the first is 1.
    pub line: u64,
    pub external_id: Option<String>,
    pub fact: Result<T, Rejection>,
}

/// The rows of a file, one at a time.
pub struct ActivityCsv<R> {
    records: Records<R>,
    columns: Vec<&'static str>,
}

impl<R: BufRead> ActivityCsv<R> {
    /// Reads and checks the header row.
    ///
    /// # Errors
    /// [`CsvError::Header`] when the columns are not those of the facts.
    pub fn open<T: ActivityRow>(reader: R, delimiter: Option<u8>) -> Result<Self, CsvError> {
        let records = Records::open(reader, delimiter)?;
        let mut columns = Vec::with_capacity(records.record().len());
        for cell in records.record() {
            let column = column::<T>(cell).map_err(CsvError::Header)?;
            if columns.contains(&column) {
                return Err(CsvError::Header(format!("the column `{column}` is there twice; keep one")));
            }
            columns.push(column);
        }
        let missing: Vec<&str> = T::REQUIRED.iter().copied().filter(|name| !columns.contains(name)).collect();
        if missing.is_empty() {
            return Ok(Self { records, columns });
        }
        let (missing, there, delimiter) = (missing.join(", "), columns.join(", "), char::from(records.delimiter()).escape_default());
        Err(CsvError::Header(format!("the header lacks {missing}; it has {there} (separated by {delimiter})")))
    }

    /// The next row; none at the end.
    ///
    /// # Errors
    /// [`CsvError::RowTooLong`], or the file cannot be read.
    pub fn read<T: ActivityRow>(&mut self) -> Result<Option<ActivityLine<T>>, CsvError> {
        let Some(line) = self.records.advance()? else { return Ok(None) };
        let record = self.records.record();
        let cells = Cells { columns: &self.columns, record };
        let external_id = cells.text("externalId").ok().flatten();
        let fact =
            if record.len() == self.columns.len() { T::read(&cells) } else { Err(uneven(record.len(), self.columns.iter().copied())) };
        Ok(Some(ActivityLine { line, external_id, fact }))
    }
}

/// The column of a header cell: one of the fact's, whatever its case, `_` and `-`.
fn column<T: ActivityRow>(cell: &[u8]) -> Result<&'static str, String> {
    let name = std::str::from_utf8(cell).map_err(|_| "the header is not UTF-8; save the file as CSV UTF-8".to_owned())?.trim();
    let folded_name = folded(name);
    T::COLUMNS.iter().copied().find(|column| folded(column) == folded_name).ok_or_else(|| {
        let shown = excerpt(name);
        match closest(name, T::COLUMNS.iter().copied()) {
            Some(near) => format!("{} has no column `{shown}`; did you mean `{near}`?", T::NAME),
            None => format!("{} has no column `{shown}`; its columns are {}", T::NAME, T::COLUMNS.join(", ")),
        }
    })
}

/// The cells of a row by their columns.
pub struct Cells<'a> {
    columns: &'a [&'static str],
    record: &'a ::csv::ByteRecord,
}

impl Cells<'_> {
    /// The text of a cell; none when it is empty or its column is not there.
    fn text(&self, name: &'static str) -> Result<Option<String>, Rejection> {
        let at = self.columns.iter().position(|column| *column == name);
        let Some(cell) = at.and_then(|at| self.record.get(at)) else { return Ok(None) };
        let text = std::str::from_utf8(cell).map_err(|_| Rejection::at(Code::TextInvalid, name, format!("`{name}` is not UTF-8")))?.trim();
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    fn required(&self, name: &'static str) -> Result<String, Rejection> {
        self.text(name)?.ok_or_else(|| Rejection::at(Code::MissingField, name, format!("`{name}` is required")))
    }

    /// A decimal as text, for its own parser. One that is written with a comma is told from other text.
    fn decimal(&self, name: &'static str) -> Result<Option<String>, Rejection> {
        let text = self.text(name)?;
        if let Some(text) = text.as_deref().filter(|text| is_with_comma(text)) {
            let message =
                format!("`{}` has a comma: decimals are written with a point and thousands without a mark, such as 1234.5", excerpt(text));
            return Err(Rejection::at(Code::AmountInvalid, name, message));
        }
        Ok(text)
    }

    fn required_decimal(&self, name: &'static str) -> Result<String, Rejection> {
        self.decimal(name)?.ok_or_else(|| Rejection::at(Code::MissingField, name, format!("`{name}` is required")))
    }

    fn day(&self, name: &'static str) -> Result<Option<Day>, Rejection> {
        let read = |text: String| {
            let is_shaped = text.len() == "2026-01-05".len();
            let day = is_shaped.then(|| text.parse::<chrono::NaiveDate>().ok()).flatten().map(Day::from_date);
            day.ok_or_else(|| Rejection::at(Code::DateInvalid, name, format!("`{}` is not a day such as 2026-01-05", excerpt(&text))))
        };
        self.text(name)?.map(read).transpose()
    }

    fn required_day(&self, name: &'static str) -> Result<Day, Rejection> {
        self.day(name)?.ok_or_else(|| Rejection::at(Code::MissingField, name, format!("`{name}` is required")))
    }

    fn amount(&self, name: &'static str, currency: Currency) -> Result<Option<Amount>, Rejection> {
        let read = |text: String| Money::parse(&text, currency).map(|money| money.amount).map_err(|rejection| rejection.under(name));
        self.decimal(name)?.map(read).transpose()
    }

    fn currency(&self) -> Result<Option<Currency>, Rejection> {
        self.text("currency")?.map(|code| Currency::parse(&code).map_err(|rejection| rejection.under("currency"))).transpose()
    }
}

fn is_with_comma(text: &str) -> bool {
    text.contains(',') && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.' | b'-'))
}

impl ActivityRow for TimeInput {
    const NAME: &'static str = "a time entry";
    const COLUMNS: &'static [&'static str] =
        &["source", "externalId", "workedOn", "person", "role", "hours", "team", "project", "client", "feature", "billable"];
    const REQUIRED: &'static [&'static str] = &["source", "externalId", "workedOn", "person", "hours"];

    fn read(cells: &Cells<'_>) -> Result<Self, Rejection> {
        let is_billable = match cells.text("billable")?.map(|text| text.to_ascii_lowercase()).as_deref() {
            None | Some("true") => true,
            Some("false") => false,
            Some(other) => {
                return Err(Rejection::at(Code::WrongType, "billable", format!("`{}` is neither true nor false", excerpt(other))));
            }
        };
        Ok(Self {
            source: cells.required("source")?,
            external_id: cells.required("externalId")?,
            worked_on: cells.required_day("workedOn")?,
            person: cells.required("person")?,
            role: cells.text("role")?,
            hours: Hours::parse(&cells.required_decimal("hours")?)?,
            team: cells.text("team")?,
            project: cells.text("project")?,
            client: cells.text("client")?,
            feature: cells.text("feature")?,
            is_billable,
        })
    }
}

impl ActivityRow for RevenueInput {
    const NAME: &'static str = "revenue";
    const COLUMNS: &'static [&'static str] = &[
        "source",
        "externalId",
        "kind",
        "earnedOn",
        "earnedThrough",
        "amount",
        "currency",
        "contract",
        "contractAmount",
        "percentComplete",
        "quantity",
        "unitPrice",
        "team",
        "project",
        "client",
        "feature",
        "memo",
    ];
    const REQUIRED: &'static [&'static str] = &["source", "externalId", "earnedOn", "currency"];

    fn read(cells: &Cells<'_>) -> Result<Self, Rejection> {
        let currency =
            cells.currency()?.ok_or_else(|| Rejection::at(Code::MissingField, "currency", "`currency` is required, such as USD"))?;
        let price = |text: String| Exact::parse(&text).map_err(|rejection| rejection.under("unitPrice"));
        let stated = Stated {
            amount: cells.amount("amount", currency)?,
            contract_amount: cells.amount("contractAmount", currency)?,
            complete: cells.decimal("percentComplete")?.map(|text| Completion::parse(&text)).transpose()?,
            quantity: cells.decimal("quantity")?.map(|text| revenue_quantity(&text)).transpose()?,
            unit_price: cells.decimal("unitPrice")?.map(price).transpose()?,
        };
        Ok(Self {
            source: cells.required("source")?,
            external_id: cells.required("externalId")?,
            kind: cells.text("kind")?.map_or(Ok(RevenueKind::FixedFee), |text| RevenueKind::parse(&text))?,
            earned_on: cells.required_day("earnedOn")?,
            earned_through: cells.day("earnedThrough")?,
            stated,
            currency,
            contract: cells.text("contract")?,
            team: cells.text("team")?,
            project: cells.text("project")?,
            client: cells.text("client")?,
            feature: cells.text("feature")?,
            memo: cells.text("memo")?,
        })
    }
}

impl ActivityRow for OutputInput {
    const NAME: &'static str = "an output";
    const COLUMNS: &'static [&'static str] =
        &["source", "externalId", "producedOn", "unit", "quantity", "value", "currency", "team", "project", "client", "feature"];
    const REQUIRED: &'static [&'static str] = &["source", "externalId", "producedOn", "unit", "quantity"];

    fn read(cells: &Cells<'_>) -> Result<Self, Rejection> {
        let value = match (cells.decimal("value")?, cells.currency()?) {
            (None, _) => None,
            (Some(_), None) => return Err(Rejection::at(Code::MissingField, "currency", "a value needs its `currency`, such as USD")),
            (Some(value), Some(currency)) => Some(Money::parse(&value, currency).map_err(|rejection| rejection.under("value"))?),
        };
        Ok(Self {
            source: cells.required("source")?,
            external_id: cells.required("externalId")?,
            produced_on: cells.required_day("producedOn")?,
            unit: cells.required("unit")?,
            quantity: output_quantity(&cells.required_decimal("quantity")?)?,
            value,
            team: cells.text("team")?,
            project: cells.text("project")?,
            client: cells.text("client")?,
            feature: cells.text("feature")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines<T: ActivityRow>(text: &[u8]) -> Result<Vec<ActivityLine<T>>, CsvError> {
        let mut file = ActivityCsv::open::<T>(text, None)?;
        std::iter::from_fn(|| file.read::<T>().transpose()).collect()
    }

    fn header<T: ActivityRow>(text: &str) -> String {
        lines::<T>(text.as_bytes()).map(|lines| lines.len()).unwrap_err().to_string()
    }

    #[test]
    fn a_file_as_people_save_it_is_read() {
        let text = "\u{feff}Source;external_id;workedOn;Person;hours;client\r\nhr;1;2026-01-05;\"Mia; \"\"M\"\"\r\nK\u{fc}hn\";7.5;gearpeak\r\n                    hr;2;2026-01-06;leo;7,5;\r\n\r\n";
        let read = lines::<TimeInput>(text.as_bytes()).unwrap();
        let first = read[0].fact.as_ref().unwrap();
        assert_eq!((first.person.as_str(), first.hours.millionths(), first.is_billable), ("Mia; \"M\"\r\nK\u{fc}hn", 7_500_000, true));
        assert_eq!(read.iter().map(|line| line.line).collect::<Vec<_>>(), [2, 4]);
        let refused = read[1].fact.as_ref().unwrap_err();
        assert_eq!((refused.code, refused.path.join(".")), (Code::AmountInvalid, "hours".to_owned()));
        assert!(refused.message.contains("with a point"), "{}", refused.message);
    }

    #[test]
    fn a_header_says_what_it_lacks_and_what_it_has_too_much() {
        assert!(header::<OutputInput>("").contains("the file is empty"));
        assert!(header::<OutputInput>("source,externalId,producedOn,quantity\n").contains("lacks unit"));
        assert!(header::<OutputInput>("source,externalId,producedOn,quantitty,unit\n").contains("did you mean `quantity`?"));
        assert!(header::<RevenueInput>("source,externalId,earnedOn,currency,invoice\n").contains("its columns are source,"));
        assert!(header::<RevenueInput>("source,externalId,earnedOn,currency,Currency\n").contains("twice"));
    }

    #[test]
    fn a_row_with_another_number_of_cells_is_refused_and_the_others_go_on() {
        let text =
            "source\texternalId\tproducedOn\tunit\tquantity\ns\t1\t2026-01-05\tconversation\t1\t9\ns\t2\t2026-01-05\tconversation\t1\n";
        let read = lines::<OutputInput>(text.as_bytes()).unwrap();
        assert_eq!(read.iter().map(|line| line.fact.is_ok()).collect::<Vec<_>>(), [false, true]);
    }

    proptest! {
        #[test]
        fn no_bytes_may_panic_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = [b"source,externalId,earnedOn,currency,amount\n".as_slice(), &bytes].concat();
            let _ = lines::<RevenueInput>(&text);
            let _ = lines::<TimeInput>(&bytes);
        }
    }
}
