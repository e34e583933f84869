use proptest::prelude::*;

use super::*;
use crate::domain::usage::Processing;

/// A line as a gateway writes it, about 350 bytes.
const TYPICAL: &str = r#"{"source":"gateway","externalId":"req_0193f2c4a7b1","occurredAt":"2026-01-05T14:03:22.123Z","provider":"anthropic","model":"claude-sonnet-4-5","team":"claims","project":"intake","client":"gearpeak","feature":"summary","environment":"production","apiKey":"key-claims-prod","usage":{"inputTokens":1200,"outputTokens":345,"cacheReadTokens":9000,"cacheWrite5mTokens":0}}"#;

fn read(line: &str) -> ChargeDraft {
    read_charge(line.as_bytes()).draft.unwrap()
}

fn refused(line: impl AsRef<[u8]>) -> (Code, String) {
    let rejection = read_charge(line.as_ref()).draft.unwrap_err();
    assert!(!rejection.message.is_empty() && rejection.message.len() < 700, "{}", rejection.message);
    (rejection.code, rejection.path.join("."))
}

fn message(line: &str) -> String {
    read_charge(line.as_bytes()).draft.unwrap_err().message
}

fn units(units: i64) -> Quantity {
    Quantity::from_units(units).unwrap()
}

#[test]
fn a_typical_line_is_read_field_by_field() {
    let incoming = read_charge(TYPICAL.as_bytes());
    assert_eq!(incoming.external_id.as_deref(), Some("req_0193f2c4a7b1"));
    let draft = incoming.draft.unwrap();
    assert_eq!((draft.source.as_str(), draft.provider.as_str(), draft.model.as_str()), ("gateway", "anthropic", "claude-sonnet-4-5"));
    assert_eq!(draft.occurred_at.unwrap().to_rfc3339(), "2026-01-05T14:03:22.123+00:00");
    let named = [draft.team, draft.project, draft.client, draft.feature, draft.environment, draft.api_key];
    assert_eq!(named.map(Option::unwrap), ["claims", "intake", "gearpeak", "summary", "production", "key-claims-prod"]);
    let expected = [(Meter::INPUT, 1200), (Meter::OUTPUT, 345), (Meter::CACHE_READ, 9000), (Meter::CACHE_WRITE_5M, 0)];
    assert_eq!(draft.quantities, expected.map(|(meter, count)| (meter, units(count))));
}

#[test]
fn every_field_is_taken() {
    let line = r#" {"endUser":"u-1","processing":"batch","serviceTier":"fast","region":"eu","externalId":"a\"b\u00e9",
        "tags":[{"key":"app","value":"web"},{"value":"1","key":"run"}],
        "usage":{"cacheWrite1hTokens":"7","reasoningTokens":3,"totalInputTokens":"12","other":[{"meter":"images","quantity":2},{"quantity":"1.5","meter":"gpu_hours"}]},
        "reportedCost":{"currency":"EUR","amount":"0.25"}} "#;
    let draft = read(line);
    assert_eq!(
        (draft.end_user.as_deref(), draft.service_tier.as_deref(), draft.region.as_deref()),
        (Some("u-1"), Some("fast"), Some("eu"))
    );
    assert_eq!((draft.processing, draft.external_id.as_str()), (Some(Processing::Batch), "a\"bé"));
    assert_eq!(draft.tags, [("app".into(), "web".into()), ("run".into(), "1".into())]);
    let shown: Vec<String> = draft.quantities.iter().map(|(meter, quantity)| format!("{meter}={quantity}")).collect();
    assert_eq!(shown, ["cache_write_1h_tokens=7", "reasoning_tokens=3", "images=2", "gpu_hours=1.5"]);
    assert_eq!((draft.total_input, draft.reported_cost.unwrap().to_string()), (Some(units(12)), "0.25 EUR".into()));
}

#[test]
fn null_is_absent_and_tags_may_be_an_object() {
    let draft = read(
        r#"{"source":null,"occurredAt":null,"team":null,"processing":null,"tags":null,"usage":{"inputTokens":null,"other":null},"reportedCost":null}"#,
    );
    assert!(draft.source.is_empty() && draft.occurred_at.is_none() && draft.team.is_none() && draft.processing.is_none());
    assert!(draft.tags.is_empty() && draft.quantities.is_empty() && draft.reported_cost.is_none());
    assert!(read(r#"{"usage":null,"reportedCost":{"amount":null}}"#).reported_cost.is_none());
    assert_eq!(read(r#"{"tags":{"app":"web","none":null}}"#).tags, [("app".into(), "web".into())]);
    assert_eq!(read("\u{feff}{}\r\n").source, "");
    assert!(is_blank(b"\xef\xbb\xbf \t\r\n") && is_blank(b"") && !is_blank(b" {}"));
}

#[test]
fn every_refusal_has_its_code_and_path() {
    for (line, code, path) in [
        ("", Code::MalformedJson, ""),
        ("{", Code::MalformedJson, ""),
        ("null", Code::MalformedJson, ""),
        ("[1]", Code::MalformedJson, ""),
        ("17", Code::MalformedJson, ""),
        ("{} {}", Code::MalformedJson, ""),
        (r#"{"source":"x",}"#, Code::MalformedJson, ""),
        (r#"{"source":"x"#, Code::MalformedJson, "source"),
        (r#"{"source":"\ud800"}"#, Code::MalformedJson, "source"),
        (r#"{"source":NaN}"#, Code::MalformedJson, "source"),
        (r#"{"source":"x","source":"x"}"#, Code::MalformedJson, "source"),
        (r#"{"usage":{"inputTokens":1,"inputTokens":1}}"#, Code::MalformedJson, "usage.inputTokens"),
        (r#"{"usage":{"inputTokens":NaN}}"#, Code::MalformedJson, "usage.inputTokens"),
        (r#"{"usage":{"inputTokens":"\ud800"}}"#, Code::MalformedJson, "usage.inputTokens"),
        (r#"{"cost":"1"}"#, Code::UnknownField, "cost"),
        (r#"{"usage":{"input_tokens":1}}"#, Code::UnknownField, "usage.input_tokens"),
        (r#"{"usage":{"other":[{"meter":"images","quantity":1},{"count":1}]}}"#, Code::UnknownField, "usage.other.1.count"),
        (r#"{"tags":[{"name":"x"}]}"#, Code::UnknownField, "tags.0.name"),
        (r#"{"tags":[{"key":"x"}]}"#, Code::MissingField, "tags.0.value"),
        (r#"{"usage":{"other":[null]}}"#, Code::MissingField, "usage.other.0.meter"),
        (r#"{"usage":{"other":[{"meter":"images"}]}}"#, Code::MissingField, "usage.other.0.quantity"),
        (r#"{"reportedCost":{"amount":"1"}}"#, Code::MissingField, "reportedCost.currency"),
        (r#"{"reportedCost":{"currency":"USD"}}"#, Code::MissingField, "reportedCost.amount"),
        (r#"{"team":5}"#, Code::WrongType, "team"),
        (r#"{"team":["a"]}"#, Code::WrongType, "team"),
        (r#"{"team":{}}"#, Code::WrongType, "team"),
        (r#"{"tags":5}"#, Code::WrongType, "tags"),
        (r#"{"tags":{"a":5}}"#, Code::WrongType, "tags.a"),
        (r#"{"usage":5}"#, Code::WrongType, "usage"),
        (r#"{"usage":[1,2,3]}"#, Code::WrongType, "usage"),
        (r#"{"usage":{"other":{"images":1}}}"#, Code::WrongType, "usage.other"),
        (r#"{"usage":{"inputTokens":true}}"#, Code::WrongType, "usage.inputTokens"),
        (r#"{"usage":{"inputTokens":[]}}"#, Code::WrongType, "usage.inputTokens"),
        (r#"{"processing":"fast"}"#, Code::WrongType, "processing"),
        (r#"{"occurredAt":true}"#, Code::WrongType, "occurredAt"),
        (r#"{"reportedCost":"1 USD"}"#, Code::WrongType, "reportedCost"),
        (r#"{"reportedCost":{"amount":0.25,"currency":"USD"}}"#, Code::MoneyNotText, "reportedCost.amount"),
        (r#"{"reportedCost":{"amount":"0,25","currency":"USD"}}"#, Code::AmountInvalid, "reportedCost.amount"),
        (r#"{"reportedCost":{"amount":"0.0000000001","currency":"USD"}}"#, Code::AmountTooPrecise, "reportedCost.amount"),
        (r#"{"reportedCost":{"amount":"1","currency":"usd"}}"#, Code::CurrencyUnknown, "reportedCost.currency"),
        (r#"{"usage":{"inputTokens":-1}}"#, Code::QuantityNegative, "usage.inputTokens"),
        (r#"{"usage":{"other":[{"meter":"images","quantity":-1}]}}"#, Code::QuantityNegative, "usage.other.0.quantity"),
        (r#"{"usage":{"inputTokens":1e3}}"#, Code::QuantityInvalid, "usage.inputTokens"),
        (r#"{"usage":{"inputTokens":1e999999999}}"#, Code::QuantityInvalid, "usage.inputTokens"),
        (r#"{"usage":{"inputTokens":0.1234567}}"#, Code::QuantityInvalid, "usage.inputTokens"),
        (r#"{"usage":{"inputTokens":99999999999999999999999}}"#, Code::QuantityTooLarge, "usage.inputTokens"),
        (r#"{"usage":{"other":[{"meter":"Images!","quantity":1}]}}"#, Code::TextInvalid, "usage.other.0.meter"),
        (r#"{"occurredAt":1767621802}"#, Code::DateInvalid, "occurredAt"),
        (r#"{"occurredAt":"2026-01-05"}"#, Code::DateInvalid, "occurredAt"),
        (r#"{"occurredAt":"2026-01-05T14:03:22"}"#, Code::DateInvalid, "occurredAt"),
    ] {
        assert_eq!(refused(line), (code, path.to_owned()), "{line}");
    }
    assert_eq!(refused(b"{\"source\":\"\xff\"}"), (Code::MalformedJson, String::new()));
}

#[test]
fn messages_help() {
    assert!(message(r#"{"external_id":"1"}"#).contains("did you mean `externalId`?"));
    assert!(message(r#"{"usage":{"prompt":1}}"#).contains("inputTokens, outputTokens"));
    assert!(message(r#"{"occurredAt":1767621802}"#).contains("Unix time"));
    assert!(message(r#"{"team":5}"#).contains("a number"));
    assert!(!message(r#"{"team":["secret"]}"#).contains("secret"));
}

#[test]
fn the_external_id_survives_a_refusal() {
    let recovered = |line: &str| read_charge(line.as_bytes()).external_id;
    assert_eq!(recovered(r#"{"team":5,"externalId":"call-7"}"#).as_deref(), Some("call-7"));
    assert_eq!(recovered(r#"{"externalId":"call-7","usage":{"inputTokens":-1}}"#).as_deref(), Some("call-7"));
    assert_eq!(recovered(r#"{"externalId":7}"#), None);
    assert_eq!(recovered(r#"{"externalId":"call-7""#), None);
}

#[test]
fn long_and_deep_lines_end_soon() {
    let deep = format!("{{\"usage\":{}", "[".repeat(200_000));
    assert_eq!(refused(&deep), (Code::WrongType, "usage".into()));
    let deep = format!("{{\"usage\":{{\"inputTokens\":{}", "[".repeat(200_000));
    assert_eq!(refused(&deep).0, Code::MalformedJson);
    assert_eq!(refused(vec![b' '; MAX_LINE_BYTES + 1]).0, Code::MalformedJson);
    let unknown = format!("{{\"{}\":1}}", "x".repeat(100_000));
    assert_eq!(refused(&unknown).0, Code::UnknownField);
    let digits = format!("{{\"usage\":{{\"inputTokens\":{}}}}}", "9".repeat(100_000));
    assert_eq!(refused(&digits).0, Code::QuantityTooLarge);
}

/// Lines near valid ones: pieces that a charge is made of, in any order.
fn near_json() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "null",
        "true",
        "-1",
        "1e9999",
        "0.5",
        "12",
        "\"usage\"",
        "\"inputTokens\"",
        "\"other\"",
        "\"tags\"",
        "\"key\"",
        "\"value\"",
        "\"meter\"",
        "\"images\"",
        "\"quantity\"",
        "\"reportedCost\"",
        "\"amount\"",
        "\"currency\"",
        "\"USD\"",
        "\"occurredAt\"",
        "\"2026-01-05T14:03:22Z\"",
        "\"processing\"",
        "\"externalId\"",
        "\"é\\u00e9\"",
        " ",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_may_panic_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_charge(&bytes);
    }

    #[test]
    fn no_json_like_text_may_panic_the_reader(text in near_json()) {
        let _ = read_charge(text.as_bytes());
    }

    #[test]
    fn no_change_of_a_good_line_may_panic_the_reader(at in 0..TYPICAL.len(), byte in any::<u8>(), cut in 0..TYPICAL.len()) {
        let mut bytes = TYPICAL.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = read_charge(&bytes);
        bytes.truncate(cut);
        let _ = read_charge(&bytes);
    }

    #[test]
    fn what_is_written_is_what_is_read(external_id in "\\PC{1,40}", input in 0..Quantity::MAX_UNITS, value in ".{0,40}") {
        let line = serde_json::json!({
            "externalId": external_id, "usage": { "inputTokens": input, "outputTokens": input.to_string() }, "tags": [{ "key": "k", "value": value }],
        });
        let draft = read(&line.to_string());
        prop_assert_eq!(draft.external_id, external_id);
        prop_assert_eq!(draft.quantities, vec![(Meter::INPUT, units(input)), (Meter::OUTPUT, units(input))]);
        prop_assert_eq!(draft.tags, vec![("k".to_owned(), value)]);
    }
}
