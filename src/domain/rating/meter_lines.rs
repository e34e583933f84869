//! The stored form of a charge's meter lines.
//!
//! Lines joined by one space: `METER*QUANTITY` as it came in, `METER*QUANTITY@PRICE` rated, `METER*QUANTITY@PRICE-DISCOUNT` with a discount.
//! A standard meter is its position, another its code. Prices and discounts are immutable, so unit price and amount follow from their numbers.

use super::RatedLine;
use crate::domain::ids::{DiscountId, PriceId};
use crate::domain::usage::{Meter, Quantity};

/// One stored line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterLine {
    pub meter: Meter,
    pub quantity: Quantity,
    pub price: Option<PriceId>,
    pub discount: Option<DiscountId>,
}

/// Lines of a charge without prices.
pub fn encode_unrated(quantities: &[(Meter, Quantity)]) -> String {
    let mut text = String::with_capacity(quantities.len() * 8);
    for (meter, quantity) in quantities {
        push_line(&mut text, meter, *quantity);
    }
    text
}

/// Lines of a rated charge. Reasoning that is not priced apart is kept as a line without a price.
pub fn encode(lines: &[RatedLine], quantities: &[(Meter, Quantity)]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(quantities.len() * 16);
    for line in lines {
        push_line(&mut text, &line.meter, line.quantity);
        // Writing to a String cannot fail.
        let _ = write!(text, "@{}", line.price);
        if let Some(discount) = line.discount {
            let _ = write!(text, "-{discount}");
        }
    }
    for (meter, quantity) in quantities.iter().filter(|(meter, _)| *meter == Meter::REASONING) {
        if !lines.iter().any(|line| line.meter == Meter::REASONING) {
            push_line(&mut text, meter, *quantity);
        }
    }
    text
}

fn push_line(text: &mut String, meter: &Meter, quantity: Quantity) {
    use std::fmt::Write;
    if !text.is_empty() {
        text.push(' ');
    }
    let _ = match meter {
        Meter::Standard(position) => write!(text, "{position}*{quantity}"),
        Meter::Other(code) => write!(text, "{code}*{quantity}"),
    };
}

/// Reads the stored form; `None` when it is not one.
pub fn decode(text: &str) -> Option<Vec<MeterLine>> {
    text.split(' ').filter(|line| !line.is_empty()).map(decode_line).collect()
}

fn decode_line(line: &str) -> Option<MeterLine> {
    let (meter, rest) = line.split_once('*')?;
    let meter = match meter.parse::<u8>() {
        Ok(position) => Meter::from_position(position)?,
        Err(_) => Meter::parse(meter).ok()?,
    };
    let (quantity, numbers) = rest.split_once('@').map_or((rest, None), |(quantity, numbers)| (quantity, Some(numbers)));
    let quantity = Quantity::parse(quantity).ok()?;
    let Some(numbers) = numbers else { return Some(MeterLine { meter, quantity, price: None, discount: None }) };
    let (price, discount) = numbers.split_once('-').map_or((numbers, None), |(price, discount)| (price, Some(discount)));
    let discount = match discount {
        Some(discount) => Some(DiscountId(discount.parse().ok()?)),
        None => None,
    };
    Some(MeterLine { meter, quantity, price: Some(PriceId(price.parse().ok()?)), discount })
}

/// The quantities of the event the lines were made from: an output priced apart from its reasoning is put together again.
pub fn quantities(lines: &[MeterLine]) -> Vec<(Meter, Quantity)> {
    let apart = lines.iter().find(|line| line.meter == Meter::REASONING && line.price.is_some()).map(|line| line.quantity);
    let mut quantities: Vec<_> = lines.iter().map(|line| (line.meter.clone(), line.quantity)).collect();
    if let Some(reasoning) = apart {
        match quantities.iter_mut().find(|line| line.0 == Meter::OUTPUT) {
            Some(output) => output.1 = output.1.saturating_add(reasoning),
            None => quantities.push((Meter::OUTPUT, reasoning)),
        }
    }
    quantities.sort_by(|a, b| a.0.cmp(&b.0));
    quantities
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_lines_are_read_back() {
        let lines = decode("0*1200@17 1*12.5@18-3 gpu_hours*2 5*400").unwrap();
        assert_eq!(
            lines[1],
            MeterLine {
                meter: Meter::OUTPUT,
                quantity: Quantity::parse("12.5").unwrap(),
                price: Some(PriceId(18)),
                discount: Some(DiscountId(3))
            }
        );
        assert_eq!((lines[2].meter.code(), lines[2].price, lines[3].meter.clone()), ("gpu_hours", None, Meter::REASONING));
        assert_eq!(decode("99*1"), None);
        assert_eq!(decode("0*-1"), None);
        let together = quantities(&decode("1*600@18 5*400@19").unwrap());
        assert_eq!(together, [(Meter::OUTPUT, Quantity::parse("1000").unwrap()), (Meter::REASONING, Quantity::parse("400").unwrap())]);
        assert_eq!(encode_unrated(&together), "1*1000 5*400");
    }
}
