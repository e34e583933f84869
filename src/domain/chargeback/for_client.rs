//! A statement as its client may read it: prices, and nothing of what is behind them.

use std::collections::BTreeMap;

use super::{Content, Line, LineKind, amount_of, sum};
use crate::domain::money::Amount;
use crate::domain::period::Month;
use crate::domain::rejection::{Code, Rejection};

/// The lines with the markup in their amounts, so that they add up to the same total. Allocations of a month are one line without the names of
/// rules and other centers. A rate is left out where a markup comes on top of it: it would not be the price. What a line cost is zero in them and
/// is not shown.
///
/// # Errors
/// `LEDGER_OVERFLOW`.
pub fn client_lines(content: &Content) -> Result<Vec<Line>, Rejection> {
    let (markups, charged): (Vec<&Line>, Vec<&Line>) = content.lines.iter().partition(|line| line.kind == LineKind::Markup);
    let markup = sum(markups.iter().map(|line| line.amount))?;
    let mut lines = without_names(&charged)?;
    if lines.is_empty() {
        // Nothing but a markup: it is the price.
        lines.extend(markups.first().map(|line| Line { description: "Charges".to_owned(), amount: Amount::ZERO, ..(*line).clone() }));
    }
    add(&mut lines, markup)?;
    for line in &mut lines {
        line.cost = Amount::ZERO;
        if markup != Amount::ZERO {
            line.rate = None;
        }
    }
    Ok(lines)
}

/// The lines but for allocations, and one line for those of each month.
fn without_names(charged: &[&Line]) -> Result<Vec<Line>, Rejection> {
    let mut shared: BTreeMap<Month, i128> = BTreeMap::new();
    for line in charged.iter().filter(|line| line.kind == LineKind::Allocated) {
        *shared.entry(line.month).or_default() += i128::from(line.amount.units());
    }
    let mut lines = Vec::with_capacity(charged.len());
    for line in charged {
        if line.kind != LineKind::Allocated {
            lines.push((*line).clone());
        } else if let Some(units) = shared.remove(&line.month) {
            lines.push(Line { description: "Shared services".to_owned(), amount: amount_of(units)?, ..(*line).clone() });
        }
    }
    Ok(lines)
}

/// Spreads a markup over lines in proportion to their amounts, to the unit. Each gets its exact part rounded down; what is left goes to the largest
/// remainders, ties to the first line. Where the amounts add up to nothing, the first line bears it.
fn add(lines: &mut [Line], markup: Amount) -> Result<(), Rejection> {
    let overflow = || Rejection::of(Code::LedgerOverflow);
    let (markup, whole) = (i128::from(markup.units()), lines.iter().map(|line| i128::from(line.amount.units())).sum::<i128>());
    let mut left = markup;
    let (mut parts, mut remainders) = (vec![0_i128; lines.len()], Vec::with_capacity(lines.len()));
    if whole != 0 {
        for (position, (line, part)) in lines.iter().zip(&mut parts).enumerate() {
            // Over a positive whole, so that the remainder is never below zero.
            let product = markup.checked_mul(i128::from(line.amount.units())).ok_or_else(overflow)? * whole.signum();
            *part = product.div_euclid(whole.abs());
            left -= *part;
            remainders.push((std::cmp::Reverse(product.rem_euclid(whole.abs())), position));
        }
        remainders.sort_unstable();
    }
    for (_, position) in remainders {
        if let Some(part) = parts.get_mut(position).filter(|_| left > 0) {
            *part += 1;
            left -= 1;
        }
    }
    if let Some(first) = parts.first_mut() {
        *first += left;
    }
    for (line, part) in lines.iter_mut().zip(parts) {
        line.amount = amount_of(i128::from(line.amount.units()).checked_add(part).ok_or_else(overflow)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(units: i64) -> Line {
        Line {
            kind: LineKind::Usage,
            month: Month(24_312),
            description: "Used".to_owned(),
            provider: None,
            model: None,
            feature: None,
            quantity: None,
            unit: None,
            rate: None,
            cost: Amount::from_units(units),
            amount: Amount::from_units(units),
        }
    }

    fn with(markup: i64, amounts: &[i64]) -> Vec<i64> {
        let mut lines: Vec<Line> = amounts.iter().map(|units| line(*units)).collect();
        add(&mut lines, Amount::from_units(markup)).unwrap();
        lines.iter().map(|line| line.amount.units()).collect()
    }

    /// 1 of 3 thirds: each 0.33 of it, and the unit goes to the first.
    #[test]
    fn the_unit_that_is_left_goes_to_the_largest_remainder() {
        assert_eq!(with(1, &[1, 1, 1]), [2, 1, 1]);
        assert_eq!(with(10, &[60, 39]), [66, 43], "6.06 and 3.94");
        assert_eq!(with(-10, &[-60, -39]), [-66, -43]);
        assert_eq!(with(3, &[5, -5]), [8, -5], "where the amounts are nothing together, the first line bears it");
    }

    proptest! {
        #[test]
        fn prices_add_up_and_are_within_a_unit_of_their_share(
            amounts in prop::collection::vec(-1_000_000_000_i64..1_000_000_000, 1..12),
            percent in 0_i64..1_000,
        ) {
            let whole: i64 = amounts.iter().sum();
            let markup = whole * percent / 100;
            let prices = with(markup, &amounts);
            prop_assert_eq!(prices.iter().sum::<i64>(), whole + markup);
            for (price, amount) in prices.iter().zip(&amounts).filter(|_| whole != 0) {
                let exact = i128::from(markup) * i128::from(*amount);
                let off = i128::from(price - amount) * i128::from(whole) - exact;
                prop_assert!(off.abs() <= i128::from(whole).abs(), "{} of {}", price, amount);
            }
        }
    }
}
