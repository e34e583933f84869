//! The one writer: CSV rows, or a tree of JSON.

use serde_json::{Map, Number, Value as Json};

use super::description::{Format, Media, Place as SegmentPlace};
use super::values::{Place, Written, check_width};
use super::{Batch, Line};
use crate::domain::rejection::{Code, Rejection};

/// A batch as the file that its system takes.
///
/// # Errors
/// `EXPORT_TARGET_INVALID`, `EXPORT_CURRENCY_UNSTATED`, `EXPORT_TEXT_TOO_LONG`, `EXPORT_AMOUNT_TOO_LARGE`; those of a line at `lines.N`.
pub fn write(format: &Format, batch: &Batch) -> Result<Vec<u8>, Rejection> {
    for document in &batch.documents {
        if !format.names_currency && batch.target.currency.as_deref() != Some(document.currency.code()) {
            let own = batch.target.currency.as_deref().unwrap_or("not saved");
            let message = format!(
                "{} takes no currency with a document, so it would book {} as its own currency, which is {own}",
                format.name, document.currency
            );
            return Err(Rejection::at(Code::ExportCurrencyUnstated, "target", message));
        }
    }
    match format.media {
        Media::Csv => csv_file(format, batch),
        Media::Json => json_file(format, batch),
    }
}

/// A refusal within a line, seen from the batch.
fn at_line(line: &Line) -> impl Fn(Rejection) -> Rejection {
    let number = line.line.to_string();
    move |rejection| rejection.under(number.clone()).under("lines")
}

fn csv_file(format: &Format, batch: &Batch) -> Result<Vec<u8>, Rejection> {
    let unwritable = |error: csv::Error| Rejection { code: Code::ExportTooLarge, path: Vec::new(), message: error.to_string() };
    let mut out = csv::Writer::from_writer(Vec::new());
    let mut columns: Vec<&str> = format.header.iter().chain(&format.line).map(|field| field.name.as_str()).collect();
    if format.segments.place == SegmentPlace::Fields {
        columns.extend(batch.target.segments.iter().map(|segment| segment.name.as_str()));
    }
    out.write_record(columns).map_err(unwritable)?;
    for document in &batch.documents {
        let place = Place { format, batch, document };
        for line in &document.lines {
            out.write_record(csv_row(place, line).map_err(at_line(line))?).map_err(unwritable)?;
        }
    }
    out.into_inner().map_err(|error| Rejection { code: Code::ExportTooLarge, path: Vec::new(), message: error.to_string() })
}

fn csv_row(place: Place<'_>, line: &Line) -> Result<Vec<String>, Rejection> {
    let mut row = Vec::new();
    for field in place.format.header.iter().chain(&place.format.line) {
        row.push(match place.of_line(field, line)? {
            Written::Nothing => String::new(),
            Written::Text(text) | Written::Number(text) => text,
        });
    }
    if place.format.segments.place == SegmentPlace::Fields {
        for (name, value) in place.segments(line) {
            check_width(value, name, place.format.segments.width)?;
            row.push(value.to_owned());
        }
    }
    Ok(row)
}

fn json_file(format: &Format, batch: &Batch) -> Result<Vec<u8>, Rejection> {
    let mut documents = Vec::new();
    for document in &batch.documents {
        let place = Place { format, batch, document };
        let mut header = Json::Object(Map::new());
        for field in &format.header {
            put(&mut header, &field.name, place.of_header(field)?)?;
        }
        let lines = document.lines.iter().map(|line| {
            let start = if format.lines_at.is_some() { Json::Object(Map::new()) } else { header.clone() };
            json_line(place, start, line).map_err(at_line(line))
        });
        let lines = lines.collect::<Result<Vec<Json>, Rejection>>()?;
        match &format.lines_at {
            Some(path) => {
                put_json(&mut header, path, Json::Array(lines));
                documents.push(header);
            }
            None => documents.extend(lines),
        }
    }
    let file = match &format.documents_at {
        Some(member) => Json::Object([(member.clone(), Json::Array(documents))].into_iter().collect()),
        None => Json::Array(documents),
    };
    let mut text = format!("{file:#}");
    text.push('\n');
    Ok(text.into_bytes())
}

fn json_line(place: Place<'_>, start: Json, line: &Line) -> Result<Json, Rejection> {
    let mut json = start;
    for field in &place.format.line {
        put(&mut json, &field.name, place.of_line(field, line)?)?;
    }
    let segments = &place.format.segments;
    let present: Vec<(&str, &str)> = place.segments(line).into_iter().filter(|segment| !segment.1.is_empty()).collect();
    for (name, value) in &present {
        check_width(value, name, segments.width)?;
    }
    let text = |text: &str| Json::String(text.to_owned());
    match segments.place {
        SegmentPlace::Fields => {
            for (name, value) in present {
                put_json(&mut json, &format!("{}{name}{}", segments.prefix, segments.suffix), text(value));
            }
        }
        SegmentPlace::List if !present.is_empty() => {
            let item = |(name, value): (&str, &str)| {
                let members = [(segments.name_field.clone(), text(name)), (segments.value_field.clone(), text(value))];
                Json::Object(members.into_iter().collect())
            };
            put_json(&mut json, &segments.at, Json::Array(present.into_iter().map(item).collect()));
        }
        SegmentPlace::Distribution if !present.is_empty() => {
            let names = present.iter().map(|segment| segment.1).collect::<Vec<_>>().join(&segments.separator);
            put_json(&mut json, &segments.at, Json::Object([(names, Json::Number(Number::from(100)))].into_iter().collect()));
        }
        // Joined segments are in the text of the account.
        SegmentPlace::List | SegmentPlace::Distribution | SegmentPlace::Joined => {}
    }
    Ok(json)
}

fn put(json: &mut Json, path: &str, written: Written) -> Result<(), Rejection> {
    let value = match written {
        Written::Nothing => return Ok(()),
        Written::Text(text) => Json::String(text),
        // Arbitrary precision: the digits stay as they are.
        Written::Number(digits) => Json::Number(digits.parse::<Number>().map_err(|_| Rejection::of(Code::ExportAmountTooLarge))?),
    };
    put_json(json, path, value);
    Ok(())
}

/// Sets the member at the end of a path, and makes the objects on the way to it.
fn put_json(json: &mut Json, path: &str, value: Json) {
    let Json::Object(members) = json else { return };
    match path.split_once('.') {
        None => {
            members.insert(path.to_owned(), value);
        }
        Some((first, rest)) => put_json(members.entry(first.to_owned()).or_insert_with(|| Json::Object(Map::new())), rest, value),
    }
}
