//! Sums of 64-bit columns that may need more bits. SQLite refuses such a sum, and PostgreSQL answers a number that no 64 bits hold.

use super::StoreError;

/// The sum of an expression, exact however large: of its upper halves and of its lower halves, as one text. Read it with [`read_sum`].
pub fn exact_sum(expression: &str) -> String {
    format!("CAST(SUM(({expression}) >> 32) AS TEXT) || ' ' || CAST(SUM(({expression}) & 4294967295) AS TEXT)")
}

/// # Errors
/// [`StoreError::Corrupt`] when it is no such sum.
pub fn read_sum(text: &str) -> Result<i128, StoreError> {
    let halves = text.split_once(' ').and_then(|(upper, lower)| Some((upper.parse::<i128>().ok()?, lower.parse::<i128>().ok()?)));
    let sum = halves.and_then(|(upper, lower)| upper.checked_mul(1 << 32)?.checked_add(lower));
    sum.ok_or_else(|| StoreError::corrupt(format!("`{text}` is no sum")))
}

/// # Errors
/// [`StoreError::TooLarge`] when the sum needs more than 64 bits.
pub fn narrowed(sum: i128) -> Result<i64, StoreError> {
    i64::try_from(sum).map_err(|_| StoreError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_make_the_whole() {
        for value in [0, 1, -1, i64::MAX, i64::MIN, 4_294_967_296, -4_294_967_297] {
            let (upper, lower) = (value >> 32, value & 4_294_967_295);
            assert_eq!(read_sum(&format!("{upper} {lower}")).unwrap(), i128::from(value));
        }
        assert_eq!(read_sum("4294967294 8589934590").unwrap(), 2 * i128::from(i64::MAX), "twice the largest");
        assert!(read_sum("12").is_err());
        assert!(narrowed(i128::from(i64::MAX) + 1).is_err());
    }
}
