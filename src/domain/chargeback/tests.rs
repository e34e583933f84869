//! The lines of statements, and that they add up whatever happens to the cost meanwhile.

use proptest::prelude::*;

use super::*;
use crate::domain::period::Day;

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

fn terms(period: Month, markup: &str) -> Terms {
    Terms {
        period,
        basis: Basis::Actual,
        showback: false,
        markup: parse_markup(markup).unwrap(),
        provider: NameId(1),
        treatment: Treatment::Principal,
        receivable: AccountId(0),
    }
}

fn usage(model: &str, day: Day, net: i64, counts: Counts) -> Usage {
    Usage { provider: Some("acme".to_owned()), model: Some(model.to_owned()), feature: None, day, net, counts }
}

fn rate(number: i64, model: Option<&str>, meter: RateMeter, amount: &str) -> StandardRate {
    StandardRate {
        number,
        provider: None,
        model: model.map(ToOwned::to_owned),
        meter,
        per: 1_000_000,
        amount: Exact::parse(amount).unwrap(),
        currency: Currency::USD,
        valid_from: month("2026-01").first_day(),
        valid_to: None,
    }
}

#[test]
fn numbers_are_read_as_they_are_shown() {
    assert_eq!(StatementNumber(7).to_string(), "CB-000007");
    assert_eq!(StatementNumber::parse("CB-000007"), Some(StatementNumber(7)));
    assert_eq!(StatementNumber::parse("CB-1234567"), Some(StatementNumber(1_234_567)));
    for bad in ["", "7", "CB-7", "CB-0000007", "CB--00001", "cb-000007", "CB-000000", "CB-+00007"] {
        assert_eq!(StatementNumber::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_markup_is_an_exact_percentage() {
    for good in ["0", "12.5", "1000", "0.000001", "10.0000000"] {
        assert!(parse_markup(good).is_ok(), "{good}");
    }
    for bad in ["-1", "1000.000001", "0.0000001", "ten", ""] {
        assert_eq!(parse_markup(bad).unwrap_err().code, Code::MarkupInvalid, "{bad}");
    }
}

/// 12.5 percent of 0.000000004 dollars is 0.0000000005: halves go to the even neighbour, which is zero. Of 0.000000012 it is 0.0000000015, so 2.
#[test]
fn a_markup_is_rounded_once_half_to_even() {
    let markup = |units: i64| {
        let cost = MonthCost { usage: vec![usage("m", Day(20_454), units, Counts::default())], allocated: Vec::new() };
        let month = month("2026-01");
        let lines = assess(month, Currency::USD, &cost, Basis::Actual, &[]).unwrap();
        let months = vec![Assessed { month, lines, billed: Billed::default() }];
        let lines = compose(&terms(month, "12.5"), Currency::USD, months).unwrap();
        lines.iter().filter(|line| line.kind == LineKind::Markup).map(|line| line.amount.units()).sum::<i64>()
    };
    assert_eq!([markup(4), markup(12), markup(-12), markup(8_000)], [0, 2, -2, 1_000]);
}

/// 600,000 fresh and 400,000 cached input, 500,000 output, two calls. Input 3.00, cached 0.30, output 12.00 a million:
/// 1.80 + 0.12 + 6.00 = 7.92. Without a rate for the cache all input is charged at 3.00: 3.00 + 6.00 = 9.00.
#[test]
fn disjoint_quantities_are_charged_at_the_narrowest_rate() {
    let counts = Counts { charges: 2, input_tokens: 1_000_000, output_tokens: 500_000, cache_read_tokens: 400_000 };
    let usages = [usage("m", month("2026-01").first_day(), 5_000_000_000, counts)];
    let total = |rates: &[StandardRate]| {
        let lines = standard_lines(month("2026-01"), Currency::USD, &usages, rates)?;
        assert_eq!(lines.iter().map(|line| line.cost.units()).sum::<i64>(), 5_000_000_000, "the cost stands there once");
        Ok::<_, Rejection>(lines.iter().map(|line| line.amount.units()).sum::<i64>())
    };
    let (input, output) = (rate(1, None, RateMeter::InputTokens, "3"), rate(2, None, RateMeter::OutputTokens, "12"));
    let cached = rate(3, None, RateMeter::CacheReadTokens, "0.3");
    assert_eq!(total(&[input.clone(), output.clone(), cached.clone()]), Ok(7_920_000_000));
    assert_eq!(total(&[input.clone(), output.clone()]), Ok(9_000_000_000));
    assert_eq!(total(&[input.clone(), output.clone(), rate(4, Some("m"), RateMeter::OutputTokens, "14")]), Ok(10_000_000_000));
    assert_eq!(total(&[input.clone(), output.clone(), rate(4, Some("other"), RateMeter::OutputTokens, "14")]), Ok(9_000_000_000));
    assert_eq!(total(&[rate(1, Some("m"), RateMeter::Tokens, "4")]), Ok(6_000_000_000), "one rate for all tokens");
    assert_eq!(total(&[rate(1, None, RateMeter::Charges, "1000000")]), Ok(2_000_000_000), "calls alone");
    assert_eq!(total(&[input]).unwrap_err().code, Code::StandardRateMissing, "nobody said what output is charged at");
}

#[test]
fn cost_without_a_quantity_is_shown_and_charges_nothing_at_standard_rates() {
    let usages = [usage("m", month("2026-01").first_day(), -70, Counts::default())];
    let lines = standard_lines(month("2026-01"), Currency::USD, &usages, &[]).unwrap();
    assert_eq!(lines.iter().map(|line| (line.cost.units(), line.amount.units())).collect::<Vec<_>>(), [(-70, 0)]);
}

/// The cost of each month as it changes between drafts; each draft is for a month, and is billed or reversed.
#[derive(Debug, Clone)]
enum Happening {
    Cost { month: usize, net: i64 },
    Draft { month: usize },
    Reverse { statement: usize },
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => (0_usize..4, -1_000_000_i64..5_000_000).prop_map(|(month, net)| Happening::Cost { month, net }),
        2 => (0_usize..4).prop_map(|month| Happening::Draft { month }),
        1 => (0_usize..8).prop_map(|statement| Happening::Reverse { statement }),
    ]
}

struct Bill {
    month: usize,
    lines: Vec<Line>,
    is_live: bool,
}

fn draft(costs: &[i64; 4], bills: &[Bill], period: usize) -> Bill {
    let first = month("2026-01");
    let nth = |position: usize| Month(first.0 + i32::try_from(position).unwrap());
    let order = std::iter::once(period).chain(0..period);
    let months = order.map(|position| {
        let cost =
            MonthCost { usage: vec![usage("m", nth(position).first_day(), costs[position], Counts::default())], allocated: Vec::new() };
        let charged = bills.iter().filter(|bill| bill.is_live).flat_map(|bill| &bill.lines);
        let charged: Vec<_> = charged.filter(|line| line.month == nth(position) && line.kind != LineKind::Markup).collect();
        let billed = Billed {
            cost: charged.iter().map(|line| i128::from(line.cost.units())).sum(),
            amount: charged.iter().map(|line| i128::from(line.amount.units())).sum(),
            has_statement: bills.iter().any(|bill| bill.is_live && bill.month == position),
        };
        let lines = assess(nth(position), Currency::USD, &cost, Basis::Actual, &[]).unwrap();
        Assessed { month: nth(position), lines, billed }
    });
    let lines = compose(&terms(nth(period), "10"), Currency::USD, months.collect()).unwrap();
    Bill { month: period, lines, is_live: true }
}

proptest! {
    /// Whatever is booked late, redrafted or reversed: after a draft of the last month, all live statements add up to the cost.
    #[test]
    fn all_statements_of_a_center_add_up_to_its_cost(happenings in proptest::collection::vec(happening(), 0..40)) {
        let (mut costs, mut bills) = ([0_i64; 4], Vec::<Bill>::new());
        for happening in happenings {
            match happening {
                Happening::Cost { month, net } => costs[month] += net,
                Happening::Draft { month } => bills.push(draft(&costs, &bills, month)),
                Happening::Reverse { statement } => if let Some(bill) = bills.get_mut(statement) { bill.is_live = false },
            }
        }
        let last = draft(&costs, &bills, 3);
        bills.push(last);
        let charged = bills.iter().filter(|bill| bill.is_live).flat_map(|bill| &bill.lines).filter(|line| line.kind != LineKind::Markup);
        prop_assert_eq!(charged.map(|line| line.amount.units()).sum::<i64>(), costs.iter().sum::<i64>());
        let again = draft(&costs, &bills, 3);
        prop_assert!(again.lines.is_empty(), "nothing is charged twice: {:?}", again.lines);
    }
}
