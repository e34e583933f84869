//! Content negotiation: the `Accept` and `Content-Type` headers (RFC 9110 section 12.5.1, GraphQL over HTTP section 6).

use axum::http::{HeaderMap, header};

/// A media type that `/graphql` can answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerType {
    /// `application/json`: a well-formed request gets 200 even when its document has errors.
    Json,
    /// `application/graphql-response+json`: a document that cannot be executed gets 400.
    GraphqlResponse,
    /// The GraphiQL page.
    Html,
}

impl AnswerType {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    /// The best acceptable type; `None` when the caller accepts none of ours. HTML is only for those who name it.
    pub fn of(headers: &HeaderMap, is_html_offered: bool) -> Option<Self> {
        let mut is_silent = true;
        let mut best: Option<(Self, u16)> = None;
        for range in headers.get_all(header::ACCEPT).iter().flat_map(|value| value.to_str().unwrap_or("*/*").split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            if media.is_empty() {
                continue;
            }
            is_silent = false;
            let quality =
                parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="))).map_or(1_000, quality_permille);
            let answer = match media.as_str() {
                "application/json" | "application/*" | "*/*" => Self::Json,
                "application/graphql-response+json" => Self::GraphqlResponse,
                "text/html" if is_html_offered => Self::Html,
                _ => continue,
            };
            // The first of equals wins, as its caller wrote it first.
            if quality > best.map_or(0, |(_, quality)| quality) {
                best = Some((answer, quality));
            }
        }
        if is_silent { Some(Self::Json) } else { best.map(|(answer, _)| answer) }
    }
}

/// A quality such as `0.8` in thousandths; anything unreadable counts as 1, as if it were absent.
fn quality_permille(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_readable = matches!(whole, "0" | "1") && fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match (is_readable, whole) {
        (true, "0") => format!("{fraction:0<3}").parse().unwrap_or(1_000),
        _ => 1_000,
    }
}

/// The request's media type in lower case without parameters, and its `charset` when it has one.
pub(super) fn content_type(headers: &HeaderMap) -> Option<(String, Option<String>)> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    });
    Some((media, charset))
}
