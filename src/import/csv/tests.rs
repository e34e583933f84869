use proptest::prelude::*;

use super::*;
use crate::domain::usage::{Meter, Processing};

const HEADER: &str = "source,externalId,occurredAt,provider,model,inputTokens";

fn open(text: &[u8]) -> Result<ChargeCsv<&[u8]>, CsvError> {
    ChargeCsv::open(text, CsvOptions::default())
}

fn rows(text: &str) -> Vec<Row> {
    open(text.as_bytes()).unwrap().map(Result::unwrap).collect()
}

fn header_error(text: &str) -> String {
    match open(text.as_bytes()) {
        Err(CsvError::Header(sentence)) => sentence,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{text} was accepted"),
    }
}

fn refused(columns: &str, cells: &str) -> (Code, String) {
    let text = format!("{HEADER}{columns}\ncsv,1,2026-01-05T14:00:00Z,openai,gpt-4o,{cells}\n");
    let row = rows(&text).remove(0);
    assert_eq!(row.charge.external_id.as_deref(), Some("1"));
    let rejection = row.charge.draft.unwrap_err();
    (rejection.code, rejection.path.join("."))
}

#[test]
fn every_column_is_taken_in_any_spelling() {
    let text = "\u{feff}SOURCE;External_ID;occurred_at;provider;model;team;project;client;feature;environment;api-key;End User;processing;\
        service_tier;region;input_tokens;Output Tokens;cache_read_tokens;cache_write_5m_tokens;cacheWrite1hTokens;reasoning_tokens;meter:images;tag:app;\
        tag:Cost Unit;reportedCost;reportedCurrency\r\n\
        gw;c1;2026-01-05T14:00:00Z;openai;gpt-4o;claims;intake;gearpeak;summary;production;key-1;u1;flex;\
        fast;eu;100;\"50\";1;2;3;4;2;\"web; \"\"beta\"\"\nsecond line\";;0.25;EUR\r\n";
    let row = rows(text).remove(0);
    assert_eq!((row.line, row.charge.external_id.as_deref()), (2, Some("c1")));
    let draft = row.charge.draft.unwrap();
    let named = [&draft.team, &draft.project, &draft.client, &draft.feature, &draft.environment, &draft.api_key, &draft.end_user];
    assert_eq!(named.map(|text| text.as_deref().unwrap()), ["claims", "intake", "gearpeak", "summary", "production", "key-1", "u1"]);
    assert_eq!(
        (draft.processing, draft.service_tier.as_deref(), draft.region.as_deref()),
        (Some(Processing::Flex), Some("fast"), Some("eu"))
    );
    let shown: Vec<String> = draft.quantities.iter().map(|(meter, quantity)| format!("{meter}={quantity}")).collect();
    let expected = ["input_tokens=100", "output_tokens=50", "cache_read_tokens=1", "cache_write_5m_tokens=2", "cache_write_1h_tokens=3"];
    assert_eq!(shown[..5], expected);
    assert_eq!(shown[5..], ["reasoning_tokens=4", "images=2"]);
    assert_eq!(draft.tags, [("app".to_owned(), "web; \"beta\"\nsecond line".to_owned())]);
    assert_eq!(draft.reported_cost.unwrap().to_string(), "0.25 EUR");
}

#[test]
fn separators_are_found_or_given() {
    for separator in [",", ";", "\t"] {
        let text = format!("{HEADER}\ncsv,1,2026-01-05T14:00:00Z,openai,gpt-4o,7").replace(',', separator);
        assert_eq!(rows(&text)[0].charge.draft.as_ref().unwrap().quantities, [(Meter::INPUT, Quantity::from_units(7).unwrap())]);
    }
    let text = format!("{HEADER}\ncsv,1,2026-01-05T14:00:00Z,openai,gpt-4o,7").replace(',', "|");
    assert!(header_error(&text).contains("is not known"));
    let options = CsvOptions { delimiter: Some(b'|'), default_source: None };
    assert!(ChargeCsv::open(text.as_bytes(), options).unwrap().next().unwrap().unwrap().charge.draft.is_ok());
}

#[test]
fn the_header_is_checked_once_with_a_helpful_sentence() {
    assert!(header_error("").contains("is empty"));
    let lacking = header_error("externalId,team\n");
    assert!(
        lacking.contains("source (or a default source), occurredAt, provider, model, a usage column")
            && lacking.contains("it has externalId, team"),
        "{lacking}"
    );
    assert!(header_error(&format!("{HEADER},reportedCost\n")).contains("reportedCurrency"));
    assert!(header_error(&format!("{HEADER},input_tokens\n")).contains("the same field"));
    assert!(header_error(&format!("{HEADER},outputToken\n")).contains("did you mean `outputTokens`?"));
    assert!(header_error(&format!("{HEADER},prompt\n")).contains("tag:prompt"));
    assert!(header_error(&format!("{HEADER},meter:Images!\n")).contains("not a meter code"));
    assert!(header_error(&"a,".repeat(500)).contains("columns"));
    let options = CsvOptions { delimiter: None, default_source: Some("march".into()) };
    let text = "externalId,occurredAt,provider,model,inputTokens\n1,2026-01-05T14:00:00Z,openai,gpt-4o,7";
    let draft = ChargeCsv::open(text.as_bytes(), options).unwrap().next().unwrap().unwrap().charge.draft.unwrap();
    assert_eq!(draft.source, "march");
}

#[test]
fn a_bad_row_names_its_column_and_the_others_go_on() {
    assert_eq!(refused("", "\"1,234\""), (Code::QuantityInvalid, "inputTokens".into()));
    assert_eq!(refused("", "-5"), (Code::QuantityNegative, "inputTokens".into()));
    assert_eq!(refused(",processing", "5,fast"), (Code::WrongType, "processing".into()));
    assert_eq!(refused(",reportedCost,reportedCurrency", "5,\"0,25\",USD"), (Code::AmountInvalid, "reportedCost".into()));
    assert_eq!(refused(",reportedCost,reportedCurrency", "5,0.25,usd"), (Code::CurrencyUnknown, "reportedCurrency".into()));
    assert_eq!(refused(",reportedCost,reportedCurrency", "5,0.25,"), (Code::MissingField, "reportedCurrency".into()));
    assert_eq!(refused(",team", "5"), (Code::MissingField, "team".into()));
    assert_eq!(refused("", "5,6"), (Code::UnknownField, String::new()));
    let text = format!("{HEADER}\ncsv,1,yesterday,openai,gpt-4o,7\n\ncsv,2,2026-01-05T14:00:00Z,openai,gpt-4o,7\n");
    let read = rows(&text);
    assert_eq!(read.iter().map(|row| (row.line, row.charge.draft.is_ok())).collect::<Vec<_>>(), [(2, false), (4, true)]);
    let bytes = [HEADER.as_bytes(), b"\ncsv,1,2026-01-05T14:00:00Z,open\xffai,gpt-4o,7\n"].concat();
    let rejection = open(&bytes).unwrap().next().unwrap().unwrap().charge.draft.unwrap_err();
    assert_eq!((rejection.code, rejection.path.join(".")), (Code::TextInvalid, "provider".into()));
}

#[test]
fn an_unclosed_quote_ends_the_reading_and_does_not_fill_the_memory() {
    let text = format!("{HEADER}\ncsv,\"1,{}", "x".repeat(3_000_000));
    let mut reading = open(text.as_bytes()).unwrap();
    assert!(matches!(reading.next(), Some(Err(CsvError::RowTooLong { line: 2 }))));
    assert!(reading.next().is_none());
}

#[test]
fn reading_resumes_where_it_stopped() {
    let text: String = std::iter::once(format!("\u{feff}{HEADER}\r\n"))
        .chain((0..1000).map(|row| format!("csv,\"a\n{row}\",2026-01-05T14:00:00Z,openai,gpt-4o,{row}\r\n")))
        .collect();
    let mut first = open(text.as_bytes()).unwrap();
    first.by_ref().take(700).for_each(|row| assert!(row.is_ok()));
    let position = first.reached();
    assert_eq!(position.rows, 700);
    let mut second = open(text.as_bytes()).unwrap();
    second.skip_to(position).unwrap();
    let next = second.next().unwrap().unwrap();
    assert_eq!(next.charge.external_id.as_deref(), Some("a\n700"));
    assert_eq!(second.count(), 299);
    let elsewhere = Position { byte: position.byte + 1, ..position };
    assert!(matches!(open(text.as_bytes()).unwrap().skip_to(elsewhere), Err(CsvError::Header(_))));
}

proptest! {
    #[test]
    fn no_bytes_may_panic_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..400), after_header in any::<bool>()) {
        let prefix = if after_header { format!("{HEADER}\n") } else { String::new() };
        if let Ok(reading) = open(&[prefix.as_bytes(), &bytes].concat()) {
            for row in reading {
                let _ = row;
            }
        }
    }
}
