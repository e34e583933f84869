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
    row("AFN", 2, 8),
    row("AWG", 2, 9),
    row("BBD", 2, 9),
    row("BIF", 0, 6),
    row("BMD", 2, 9),
    row("BSD", 2, 9),
    row("BTN", 2, 8),
    row("BZD", 2, 9),
    row("CDF", 2, 6),
    row("CUP", 2, 8),
    row("CVE", 2, 7),
    row("DJF", 0, 7),
    row("ERN", 2, 8),
    row("FKP", 2, 9),
    row("GIP", 2, 9),
    row("GMD", 2, 8),
    row("GNF", 0, 6),
    row("GYD", 2, 7),
    row("HTG", 2, 7),
    row("IRR", 2, 4),
    row("KMF", 0, 7),
    row("KPW", 2, 7),
    row("KYD", 2, 9),
    row("LRD", 2, 7),
    row("LSL", 2, 8),
    row("LYD", 3, 9),
    row("MGA", 2, 6),
    row("MOP", 2, 9),
    row("MRU", 2, 8),
    row("MVR", 2, 8),
    row("MWK", 2, 6),
    row("PGK", 2, 9),
    row("SBD", 2, 9),
    row("SCR", 2, 8),
    row("SDG", 2, 6),
    row("SHP", 2, 9),
    row("SLE", 2, 8),
    row("SOS", 2, 7),
    row("SRD", 2, 8),
    row("SSP", 2, 6),
    row("STN", 2, 8),
    row("SVC", 2, 9),
    row("SYP", 2, 5),
    row("SZL", 2, 8),
    row("TJS", 2, 8),
    row("TMT", 2, 9),
    row("TOP", 2, 9),
    row("VED", 2, 6),
    row("VES", 2, 6),
    row("VUV", 0, 7),
    row("WST", 2, 9),
    row("XCD", 2, 9),
    row("XCG", 2, 9),
    row("XPF", 0, 7),
    row("YER", 2, 7),
    row("ZWG", 2, 8),
    row("BOV", 2, 9),
    row("CHE", 2, 9),
    row("CHW", 2, 9),
    row("CLF", 4, 9),
    row("COU", 2, 8),
    row("MXV", 2, 9),
    row("USN", 2, 9),
    row("UYI", 0, 8),
    row("UYW", 4, 9),
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

    /// ISO 4217 as of November 2026, but for metals, test codes and units of account that have no smallest unit.
    const ISO_4217: &str = "\
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF \
        CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD \
        HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD \
        MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN \
        PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD \
        TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ";

    #[test]
    fn every_iso_currency_in_use_is_there() {
        for code in ISO_4217.split_whitespace() {
            assert!(Currency::parse(code).is_ok(), "{code}");
        }
        let digits = |code: &str| Currency::parse(code).unwrap().minor_digits();
        assert_eq!([digits("JPY"), digits("USD"), digits("KWD"), digits("CLF")], [0, 2, 3, 4]);
    }

    #[test]
    fn every_code_is_found_again_under_its_id() {
        for row in TABLE {
            let currency = Currency::parse(row.code).unwrap();
            assert_eq!(Currency::from_id(currency.id()), Some(currency));
            assert_eq!(currency.code(), row.code);
            assert!(row.ledger_scale >= row.minor_digits && row.ledger_scale <= 9);
        }
        let codes: std::collections::BTreeSet<_> = TABLE.iter().map(|row| row.code).collect();
        assert_eq!(codes.len(), TABLE.len(), "a code stands once");
        assert!(Currency::parse("usd").is_err());
        assert!(Currency::parse("XXX").is_err());
        assert_eq!(Currency::from_id(-1), None);
    }
}
