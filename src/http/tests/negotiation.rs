use axum::http::{HeaderMap, HeaderValue};

use crate::http::negotiation::AnswerType::{self, GraphqlResponse, Html, Json};
use crate::http::negotiation::content_type;

fn accepting(value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(axum::http::header::ACCEPT, HeaderValue::from_static(value))])
}

#[test]
fn the_answer_type_follows_the_accept_header() {
    let cases = [
        ("*/*", Some(Json)),
        ("application/*", Some(Json)),
        ("application/json", Some(Json)),
        ("application/json; charset=utf-8", Some(Json)),
        ("application/graphql-response+json", Some(GraphqlResponse)),
        ("application/graphql-response+json, application/json;q=0.9", Some(GraphqlResponse)),
        ("application/graphql-response+json;q=0.8, application/json", Some(Json)),
        ("Application/JSON;q=0.5, text/plain", Some(Json)),
        ("application/json;q=0, application/graphql-response+json;q=0.1", Some(GraphqlResponse)),
        ("application/json;q=0", None),
        ("multipart/mixed, application/json", Some(Json)),
        ("text/plain", None),
        ("", Some(Json)),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some(Html)),
        ("application/json, text/html;q=0.9", Some(Json)),
    ];
    for (accept, expected) in cases {
        assert_eq!(AnswerType::of(&accepting(accept), true), expected, "{accept}");
    }
    assert_eq!(AnswerType::of(&HeaderMap::new(), true), Some(Json));
    assert_eq!(AnswerType::of(&accepting("text/html, */*;q=0.8"), false), Some(Json));
}

#[test]
fn the_content_type_is_read_without_its_parameters() {
    let of =
        |value: &'static str| content_type(&HeaderMap::from_iter([(axum::http::header::CONTENT_TYPE, HeaderValue::from_static(value))]));
    assert_eq!(of("Application/JSON; Charset=\"UTF-8\""), Some(("application/json".to_owned(), Some("utf-8".to_owned()))));
    assert_eq!(of("text/plain"), Some(("text/plain".to_owned(), None)));
    assert_eq!(content_type(&HeaderMap::new()), None);
}
