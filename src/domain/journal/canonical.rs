//! The canonical bytes of a posted entry: what its leaf in the tree is the hash of.
//!
//! A compact JSON array as RFC 8785 writes it, so that any program can make the same bytes from an export. Names stand in it, not ids: an
//! auditor needs no table. The form is stored for ever in hashes and never changes; another form would begin with another word.
//!
//! ```text
//! ["tallybook/entry/1",NUMBER,"KIND","EFFECTIVE-ON","SERVICE-ON"|null,"RECORDED-AT",CHARGE|null,CORRECTS|null,"MEMO"|null,
//!  [["D"|"C","AMOUNT","CURRENCY","BLOCK"],...]]
//! ["tallybook/block/1","ACCOUNT","TEAM"|null,"PROJECT"|null,"CLIENT"|null,"FEATURE"|null,"PROVIDER"|null,"MODEL"|null,"ENVIRONMENT"|null]
//! ```
//!
//! Numbers are JSON integers; `RECORDED-AT` is microseconds since 1970 as text, because they outgrow the integers that every JSON reader
//! keeps exactly. `AMOUNT` is the plain decimal without trailing zeros. `BLOCK` is the base64 SHA-256 of the second array.

use chrono::Datelike;

use super::Side;
use crate::domain::ids::{ChargeNumber, EntryNumber};
use crate::domain::money::{Amount, Currency};
use crate::domain::period::{Day, Moment};

/// The word that names the form of an entry.
const ENTRY_FORM: &str = "tallybook/entry/1";
/// The word that names the form of a coding block.
const BLOCK_FORM: &str = "tallybook/block/1";

/// What an entry says beside its postings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryHead<'a> {
    pub number: EntryNumber,
    /// The kind's word, such as `CHARGE`.
    pub kind: &'a str,
    pub effective_on: Day,
    pub service_on: Option<Day>,
    pub recorded_at: Moment,
    pub charge: Option<ChargeNumber>,
    pub corrects: Option<EntryNumber>,
    pub memo: Option<&'a str>,
}

/// One posting; its coding block as the base64 digest of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryLine<'a> {
    pub side: Side,
    pub amount: Amount,
    pub currency: Currency,
    pub block: &'a str,
}

/// The names of a coding block: account, team, project, client, feature, provider, model, environment. Codes of accounts and cost centers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlockNames<T> {
    pub account: T,
    /// In the order of the canonical form.
    pub dimensions: [Option<T>; 7],
}

/// Appends the canonical text of an entry.
pub fn write_entry<'a>(out: &mut String, head: &EntryHead<'_>, lines: impl Iterator<Item = EntryLine<'a>>) {
    out.push_str("[\"");
    out.push_str(ENTRY_FORM);
    out.push_str("\",");
    push_integer(out, head.number.0);
    out.push_str(",\"");
    out.push_str(head.kind);
    out.push_str("\",\"");
    push_day(out, head.effective_on);
    out.push_str("\",");
    match head.service_on {
        Some(day) => {
            out.push('"');
            push_day(out, day);
            out.push('"');
        }
        None => out.push_str("null"),
    }
    out.push_str(",\"");
    push_integer(out, head.recorded_at.0);
    out.push_str("\",");
    push_integer_or_null(out, head.charge.map(|charge| charge.0));
    out.push(',');
    push_integer_or_null(out, head.corrects.map(|entry| entry.0));
    out.push(',');
    push_text_or_null(out, head.memo);
    out.push_str(",[");
    for (position, line) in lines.enumerate() {
        out.push_str(if position == 0 { "[\"" } else { ",[\"" });
        out.push_str(match line.side {
            Side::Debit => "D\",\"",
            Side::Credit => "C\",\"",
        });
        push_amount(out, line.amount.units(), line.currency.ledger_scale());
        out.push_str("\",\"");
        out.push_str(line.currency.code());
        out.push_str("\",\"");
        out.push_str(line.block);
        out.push_str("\"]");
    }
    out.push_str("]]");
}

/// Appends the canonical text of a coding block.
pub fn write_block<T: AsRef<str>>(out: &mut String, names: &BlockNames<T>) {
    out.push_str("[\"");
    out.push_str(BLOCK_FORM);
    out.push_str("\",");
    push_text(out, names.account.as_ref());
    for name in &names.dimensions {
        out.push(',');
        push_text_or_null(out, name.as_ref().map(AsRef::as_ref));
    }
    out.push(']');
}

/// Ledger units as a plain decimal: no exponent, no trailing zeros, one zero before the point.
fn push_amount(out: &mut String, units: i64, scale: u32) {
    if units < 0 {
        out.push('-');
    }
    let one = 10_u64.saturating_pow(scale);
    let (whole, mut fraction) = (units.unsigned_abs() / one, units.unsigned_abs() % one);
    push_digits(out, whole, 1);
    if fraction == 0 {
        return;
    }
    let mut width = scale;
    while fraction % 10 == 0 {
        fraction /= 10;
        width -= 1;
    }
    out.push('.');
    push_digits(out, fraction, width);
}

fn push_integer(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
    }
    push_digits(out, value.unsigned_abs(), 1);
}

fn push_integer_or_null(out: &mut String, value: Option<i64>) {
    match value {
        Some(value) => push_integer(out, value),
        None => out.push_str("null"),
    }
}

/// Digits, at least `width` of them. The formatting of the standard library would take a third of the time of an entry.
fn push_digits(out: &mut String, value: u64, width: u32) {
    const LONGEST: usize = 20;
    let (mut digits, mut rest, mut used) = ([b'0'; LONGEST], value, 0);
    for place in digits.iter_mut().rev() {
        if rest == 0 && used >= width.max(1) {
            break;
        }
        *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        used += 1;
    }
    let begin = LONGEST.saturating_sub(usize::try_from(used).unwrap_or(LONGEST));
    out.push_str(digits.get(begin..).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default());
}

fn push_day(out: &mut String, day: Day) {
    let date = day.to_date();
    push_integer_of_width(out, date.year(), 4);
    out.push('-');
    push_digits(out, u64::from(date.month()), 2);
    out.push('-');
    push_digits(out, u64::from(date.day()), 2);
}

fn push_integer_of_width(out: &mut String, value: i32, width: u32) {
    push_digits(out, u64::try_from(value).unwrap_or(0), width);
}

fn push_text_or_null(out: &mut String, text: Option<&str>) {
    match text {
        Some(text) => push_text(out, text),
        None => out.push_str("null"),
    }
}

/// RFC 8785 section 3.2.2.2: the two-character escapes where there is one, `\u00xx` for the other control characters, all else as it is.
fn push_text(out: &mut String, text: &str) {
    out.push('"');
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push_str(text);
    } else {
        text.chars().for_each(|character| push_character(out, character));
    }
    out.push('"');
}

fn push_character(out: &mut String, character: char) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\u{9}' => out.push_str("\\t"),
        '\u{a}' => out.push_str("\\n"),
        '\u{c}' => out.push_str("\\f"),
        '\u{d}' => out.push_str("\\r"),
        control if control < ' ' => {
            out.push_str("\\u00");
            let code = u32::from(control);
            [code >> 4, code & 0xf].into_iter().filter_map(|digit| char::from_digit(digit, 16)).for_each(|digit| out.push(digit));
        }
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(head: &EntryHead<'_>, lines: &[EntryLine<'_>]) -> String {
        let mut out = String::new();
        write_entry(&mut out, head, lines.iter().copied());
        out
    }

    const HEAD: EntryHead<'static> = EntryHead {
        number: EntryNumber(7),
        kind: "CHARGE",
        effective_on: Day(20_458),
        service_on: None,
        recorded_at: Moment(1_767_621_802_000_000),
        charge: Some(ChargeNumber(9)),
        corrects: None,
        memo: None,
    };

    #[test]
    fn an_entry_has_one_form_for_ever() {
        let line = |side, units| EntryLine { side, amount: Amount::from_units(units), currency: Currency::USD, block: "q1w2" };
        assert_eq!(
            text(&HEAD, &[line(Side::Debit, 6_500_000), line(Side::Credit, 6_500_000)]),
            "[\"tallybook/entry/1\",7,\"CHARGE\",\"2026-01-05\",null,\"1767621802000000\",9,null,null,\
             [[\"D\",\"0.0065\",\"USD\",\"q1w2\"],[\"C\",\"0.0065\",\"USD\",\"q1w2\"]]]"
        );
        let late = EntryHead {
            service_on: Some(Day(20_457)),
            charge: None,
            corrects: Some(EntryNumber(3)),
            memo: Some("sent \"twice\"\n\u{1}\u{7f}é/"),
            ..HEAD
        };
        assert_eq!(
            text(&late, &[]),
            "[\"tallybook/entry/1\",7,\"CHARGE\",\"2026-01-05\",\"2026-01-04\",\"1767621802000000\",null,3,\
             \"sent \\\"twice\\\"\\n\\u0001\u{7f}é/\",[]]"
        );
        let mut block = String::new();
        let names = BlockNames { account: "5000", dimensions: [Some("search"), None, None, None, Some("openai"), Some("gpt-4o"), None] };
        write_block(&mut block, &names);
        assert_eq!(block, "[\"tallybook/block/1\",\"5000\",\"search\",null,null,null,\"openai\",\"gpt-4o\",null]");
    }

    proptest! {
        #[test]
        fn amounts_are_the_decimals_that_reports_show(units in any::<i64>(), currency in 0_i16..90) {
            let currency = Currency::from_id(currency).unwrap();
            let mut out = String::new();
            push_amount(&mut out, units, currency.ledger_scale());
            prop_assert_eq!(out, Amount::from_units(units).with(currency).exact().to_string());
        }

        #[test]
        fn numbers_and_days_are_as_everywhere(value in any::<i64>(), day in 0_i32..60_000) {
            let mut out = String::new();
            push_integer(&mut out, value);
            prop_assert_eq!(&out, &value.to_string());
            out.clear();
            push_day(&mut out, Day(day));
            prop_assert_eq!(out, Day(day).to_string());
        }

        #[test]
        fn text_is_read_back_by_any_json_reader(text in any::<String>()) {
            let mut out = String::new();
            push_text(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
