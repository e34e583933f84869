use crate::app::ingest::{Outcome, Receipt};
use crate::domain::ids::{ChargeNumber, EntryNumber};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::rejection::{Code, Rejection};
use crate::http::charges::receipt::{write_end, write_failed, write_receipt};

fn line(external_id: Option<&str>, outcome: Outcome) -> String {
    let mut out = Vec::new();
    write_receipt(&mut out, 7, &Receipt { external_id: external_id.map(str::to_owned), outcome });
    String::from_utf8(out).unwrap()
}

#[test]
fn each_outcome_has_its_line() {
    let charge = ChargeNumber(9_007_199_254_740_993);
    let entry = Some(EntryNumber(12));
    let cost = Money { amount: Amount::from_units(1_234_500_000), currency: Currency::USD };
    let free = Money { amount: Amount::ZERO, currency: Currency::USD };
    let cases = [
        (
            line(Some("a"), Outcome::Recorded { charge, entry, cost, note: None }),
            r#"{"index":7,"externalId":"a","status":"RECORDED","charge":"9007199254740993","entry":"12","cost":{"amount":"1.2345","currency":"USD"}}"#,
        ),
        (
            line(Some("a"), Outcome::Recorded { charge, entry: None, cost: free, note: None }),
            r#"{"index":7,"externalId":"a","status":"RECORDED","charge":"9007199254740993","entry":null,"cost":{"amount":"0","currency":"USD"}}"#,
        ),
        (
            line(Some("a"), Outcome::Unpriced { charge, reason: "no price for \"x\"".into(), note: Some("booked on (other)".into()) }),
            r#"{"index":7,"externalId":"a","status":"UNPRICED","charge":"9007199254740993","reason":"no price for \"x\"","note":"booked on (other)"}"#,
        ),
        (
            line(Some("a"), Outcome::Replayed { charge, entry: None, cost: None }),
            r#"{"index":7,"externalId":"a","status":"REPLAYED","charge":"9007199254740993","entry":null}"#,
        ),
        (
            line(None, Outcome::Rejected(Rejection::at(Code::MissingField, "model", "add it").under("usage"))),
            r#"{"index":7,"status":"REJECTED","error":{"code":"MISSING_FIELD","message":"add it","path":["usage","model"]}}"#,
        ),
    ];
    for (written, expected) in cases {
        assert_eq!(written, format!("{expected}\n"));
    }
}

#[test]
fn failures_have_their_lines() {
    let mut out = Vec::new();
    write_failed(&mut out, 3, "UNAVAILABLE", "try again");
    write_end(&mut out, "BODY_BROKEN", "after 3 lines");
    let expected = "{\"index\":3,\"status\":\"REJECTED\",\"error\":{\"code\":\"UNAVAILABLE\",\"message\":\"try again\"}}\n\
                    {\"error\":{\"code\":\"BODY_BROKEN\",\"message\":\"after 3 lines\"}}\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}
