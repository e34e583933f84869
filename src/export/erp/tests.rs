use super::*;
use crate::domain::export_batch::Segment;
use crate::domain::rejection::Code;

fn target(format: &Format) -> Target {
    let segment = |usual: &(String, String)| Segment { dimension: usual.0.clone(), name: usual.1.clone() };
    Target {
        format: format.code.clone(),
        company: Some("1000".to_owned()),
        journal: Some("GENERAL".to_owned()),
        currency: Some("USD".to_owned()),
        segments: format.segments.usual.iter().map(segment).collect(),
        accounts: [("2100".to_owned(), "21000000".to_owned())].into(),
        values: [("team".to_owned(), [("search".to_owned(), "Search & Discovery".to_owned())].into())].into(),
        most_lines: format.usual_lines,
        keeps_carry: true,
        document_prefix: None,
    }
}

fn batch(format: &Format, minor: i64, currency: &str) -> Batch {
    let line = |line: i64, account: &str, team: Option<&str>, minor: i64| Line {
        line,
        account: account.to_owned(),
        dimensions: vec![("team", team.map(ToOwned::to_owned)), ("project", None), ("client", None)],
        minor,
    };
    let document = Document {
        number: "AL2601-000001".to_owned(),
        currency: Currency::parse(currency).unwrap(),
        lines: vec![line(1, "5000", Some("search"), minor), line(2, "2100", None, -minor)],
    };
    Batch {
        number: "AL2601-000001".to_owned(),
        period: Month::parse("2026-01").unwrap(),
        target: target(format),
        documents: vec![document],
    }
}

fn text(format: &Format, batch: &Batch) -> String {
    String::from_utf8(write(format, batch).unwrap()).unwrap()
}

#[test]
fn every_description_is_read_and_stands_in_order() {
    let codes: Vec<&str> = formats().iter().map(|format| format.code.as_str()).collect();
    assert_eq!(codes, ["businesscentral", "dynamics365", "erpnext", "netsuite", "odoo", "quickbooks", "sap", "xero"]);
    for format in formats() {
        assert!(format.segments.usual.len() <= format.segments.most && format.usual_lines <= format.most_lines, "{}", format.code);
        let usual = &format.segments.usual;
        assert!(usual.iter().all(|usual| Target::dimension_of(&usual.0).is_some()), "{}", format.code);
        assert!(usual.iter().all(|usual| format.segments.names.as_ref().is_none_or(|names| names.contains(&usual.1))));
        assert!(!text(format, &batch(format, 1234, "USD")).is_empty());
    }
}

#[test]
fn amounts_keep_every_digit() {
    let xero = format("xero").unwrap();
    assert!(text(xero, &batch(xero, i64::MAX, "USD")).contains("-92233720368547758.07"));
    let netsuite = format("netsuite").unwrap();
    let row = |minor, currency: &str| text(netsuite, &batch(netsuite, minor, currency)).lines().nth(1).unwrap().to_owned();
    assert!(row(5, "USD").contains(",0.05,"), "{}", row(5, "USD"));
    assert!(row(5, "JPY").contains(",5,"));
    assert!(row(5, "KWD").contains(",0.005,"));
    assert!(row(1, "USD").ends_with(",Search & Discovery,,"), "a value is mapped, and the absent ones stay empty");
}

#[test]
fn what_a_field_does_not_hold_is_refused_not_cut() {
    let netsuite = format("netsuite").unwrap();
    assert!(write(netsuite, &batch(netsuite, 999_999_999_999, "USD")).is_ok(), "ten digits before the point");
    let refused = write(netsuite, &batch(netsuite, 1_000_000_000_000, "USD")).unwrap_err();
    assert_eq!((refused.code, refused.path), (Code::ExportAmountTooLarge, vec!["lines".into(), "1".into()]));
    let sap = format("sap").unwrap();
    let mut long = batch(sap, 1, "USD");
    long.target.accounts.insert("5000".to_owned(), "12345678901".to_owned());
    let refused = write(sap, &long).unwrap_err();
    assert_eq!((refused.code, refused.path), (Code::ExportTextTooLong, vec!["lines".into(), "1".into(), "GLAccount".into()]));
    let mut without = batch(sap, 1, "USD");
    without.target.company = None;
    assert_eq!(write(sap, &without).unwrap_err().code, Code::ExportTargetInvalid);
}

#[test]
fn a_format_without_currency_takes_its_own_alone() {
    let xero = format("xero").unwrap();
    assert_eq!(write(xero, &batch(xero, 1, "EUR")).unwrap_err().code, Code::ExportCurrencyUnstated);
    let mut unsaid = batch(xero, 1, "USD");
    unsaid.target.currency = None;
    assert_eq!(write(xero, &unsaid).unwrap_err().code, Code::ExportCurrencyUnstated);
    let sap = format("sap").unwrap();
    assert!(write(sap, &batch(sap, 1, "EUR")).is_ok());
}
