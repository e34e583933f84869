//! What all pages share: no script, nothing loaded from elsewhere, one style that prints well.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

/// The foot of a table is repeated on every printed page.
const STYLE: &str = "\
body{font:14px/1.45 system-ui,sans-serif;color:#1a1a1a;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem;margin:0}p.of{margin:.2rem 0 1.2rem;color:#555}\
dl{display:grid;grid-template-columns:max-content 1fr max-content 1fr;gap:.2rem 1.2rem;margin:0 0 1.5rem}\
dt{color:#555}dd{margin:0}\
table{border-collapse:collapse;width:100%}th,td{padding:.3rem .5rem;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}\
th{border-bottom:2px solid #333}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\
tr.total td{border-top:2px solid #333;border-bottom:0;font-weight:600}\
tfoot td{border:0;padding-top:1rem;font-size:.72rem;color:#555;overflow-wrap:anywhere}\
.mark{display:inline-block;border:1px solid #333;border-radius:.2rem;padding:0 .4rem;font-size:.85rem;vertical-align:middle}\
@page{margin:16mm}@media print{body{margin:0;max-width:none;padding:0}thead{display:table-header-group}tfoot{display:table-footer-group}tr{break-inside:avoid}}";

/// A whole page.
pub(super) fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

/// What a browser lets the page do: nothing but this very style.
pub fn content_security_policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'")
}
