//! Currencies and the scale at which the ledger keeps each.

use crate::domain::rejection::{Code, Rejection};

/// An ISO 4217 currency in use, by its position in [`TABLE`]. The position is stored, so rows are only ever appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(u16);

struct Row {
    code: &'static str,
    /// Decimals of the smallest unit in commerce (ISO 4217).
    minor_digits: u32,
    /// Decimals the ledger keeps: nine, fewer where one unit is worth little, so that an `i64` still holds any balance.
    ledger_scale: u32,
}

const fn row(code: &'static str, minor_digits: u32, ledger_scale: u32) -> Row {
    Row { code, minor_digits, ledger_scale }
}

/// Position is identity: append only.
const TABLE: &[Row] = &[
    row("USD", 2, 9),
    row("EUR", 2, 9),
    row("GBP", 2, 9),
    row("CHF", 2, 9),
    row("JPY", 0, 7),
    row("CNY", 2, 9),
    row("INR", 2, 8),
    row("AUD", 2, 9),
    row("CAD", 2, 9),
    row("NZD", 2, 9),
    row("SEK", 2, 9),
    row("NOK", 2, 9),
    row("DKK", 2, 9),
    row("ISK", 0, 7),
    row("PLN", 2, 9),
    row("CZK", 2, 8),
    row("HUF", 2, 7),
    row("RON", 2, 9),
    row("BGN", 2, 9),
    row("RSD", 2, 7),
    row("UAH", 2, 8),
    row("TRY", 2, 8),
    row("RUB", 2, 8),
    row("ILS", 2, 9),
    row("AED", 2, 9),
    row("SAR", 2, 9),
    row("QAR", 2, 9),
    row("KWD", 3, 9),
    row("BHD", 3, 9),
    row("OMR", 3, 9),
    row("JOD", 3, 9),
    row("EGP", 2, 8),
    row("ZAR", 2, 8),
    row("NGN", 2, 6),
    row("KES", 2, 7),
    row("GHS", 2, 8),
    row("MAD", 2, 9),
    row("TND", 3, 9),
    row("BRL", 2, 9),
    row("MXN", 2, 8),
    row("ARS", 2, 6),
    row("CLP", 0, 6),
    row("COP", 2, 6),
    row("PEN", 2, 9),
    row("UYU", 2, 8),
    row("KRW", 0, 6),
    row("HKD", 2, 9),
    row("TWD", 2, 8),
    row("SGD", 2, 9),
    row("MYR", 2, 9),
    row("THB", 2, 8),
    row("IDR", 2, 5),
    row("PHP", 2, 8),
    row("VND", 0, 5),
    row("PKR", 2, 7),
    row("BDT", 2, 7),
    row("LKR", 2, 7),
    row("KZT", 2, 7),
    row("GEL", 2, 9),
    row("AMD", 2, 7),
    row("AZN", 2, 9),
    row("ALL", 2, 7),
    row("MKD", 2, 8),
    row("MDL", 2, 8),
    row("BAM", 2, 9),
    row("DOP", 2, 8),
    row("CRC", 2, 7),
    row("GTQ", 2, 9),
    row("PYG", 0, 5),
    row("BOB", 2, 9),
    row("JMD", 2, 7),
    row("TTD", 2, 9),
    row("PAB", 2, 9),
    row("LBP", 2, 4),
    row("IQD", 3, 6),
    row("DZD", 2, 7),
    row("XOF", 0, 7),
    row("XAF", 0, 7),
    row("TZS", 2, 6),
    row("UGX", 0, 6),
    row("RWF", 0, 6),
    row("ETB", 2, 7),
    row("ZMW", 2, 8),
    row("BWP", 2, 8),
    row("MUR", 2, 8),
    row("NAD", 2, 8),
    row("MZN", 2, 8),
    row("AOA", 2, 6),
    row("UZS", 2, 5),
    row("MNT", 2, 6),
    row("KHR", 2, 6),
    row("LAK", 2, 5),
    row("MMK", 2, 6),
    row("NPR", 2, 7),
    row("BND", 2, 9),
    row("FJD", 2, 9),
    row("HNL", 2, 8),
    row("NIO", 2, 8),
    row("BYN", 2, 9),
    row("KGS", 2, 8),
];

impl Currency {
    pub const USD: Self = Self(0);

    /// # Errors
    /// `CURRENCY_UNKNOWN` for anything that is not an upper-case ISO 4217 code of the table.
    pub fn parse(code: &str) -> Result<Self, Rejection> {
        let position = TABLE.iter().position(|row| row.code == code);
        position.and_then(|position| u16::try_from(position).ok()).map(Self).ok_or_else(|| Rejection {
            code: Code::CurrencyUnknown,
            path: Vec::new(),
            message: format!(
                "`{}` is not an ISO 4217 currency code in use, such as USD, EUR or JPY (upper case)",
                code.chars().take(12).collect::<String>()
            ),
        })
    }

    /// The currency stored under this id; `None` when the id was never given out.
    pub fn from_id(id: i16) -> Option<Self> {
        let position = u16::try_from(id).ok()?;
        (usize::from(position) < TABLE.len()).then_some(Self(position))
    }

    /// The id under which the currency is stored.
    pub fn id(self) -> i16 {
        i16::try_from(self.0).unwrap_or(i16::MAX)
    }

    fn row(self) -> &'static Row {
        // The position comes from the table, so the first row is never a stand-in.
        TABLE.get(usize::from(self.0)).unwrap_or(const { &row("USD", 2, 9) })
    }

    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// Decimals the ledger keeps for an amount in this currency.
    pub fn ledger_scale(self) -> u32 {
        self.row().ledger_scale
    }

    /// Decimals of the smallest unit in commerce: 2 for USD, 0 for JPY, 3 for KWD.
    pub fn minor_digits(self) -> u32 {
        self.row().minor_digits
    }
}

impl std::fmt::Display for Currency {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_again_under_its_id() {
        for row in TABLE {
            let currency = Currency::parse(row.code).unwrap();
            assert_eq!(Currency::from_id(currency.id()), Some(currency));
            assert_eq!(currency.code(), row.code);
            assert!(row.ledger_scale >= row.minor_digits && row.ledger_scale <= 9);
        }
        assert!(Currency::parse("usd").is_err());
        assert!(Currency::parse("XXX").is_err());
        assert_eq!(Currency::from_id(-1), None);
    }
}
