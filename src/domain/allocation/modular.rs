//! The exact inverse of a matrix of whole numbers, out of its inverses modulo primes.
//!
//! Elimination over whole numbers works on numbers that grow with every step. Modulo a prime of 62 bits each step is a few machine
//! instructions, and the primes do not depend on each other. The Chinese remainder theorem puts the whole numbers together: they are exact
//! once the product of the primes is above a bound on every number looked for, which Hadamard's inequality gives. For `n` rows that is about
//! `n` primes of `n^3` steps each: the time grows with the fourth power of `n`, where elimination over whole numbers grows with the fifth.

use num_bigint::BigUint;
use num_traits::{One, ToPrimitive, Zero};

/// Primes are taken downwards from here, so that twice a remainder still fits a word.
const BELOW: u64 = 1 << 62;
/// Bits that every prime has for certain: primes are so dense that none in use comes near the half of [`BELOW`].
const BITS: u64 = 61;

/// A matrix in rows, with what lies beside the diagonal below zero.
pub struct Matrix<'a> {
    pub diagonal: &'a [BigUint],
    /// How far below zero each cell is; the cells on the diagonal are not looked at.
    pub beside: &'a [Vec<BigUint>],
}

/// Adjugate and determinant of a regular matrix in which neither the determinant nor any cell of the adjugate is below zero.
///
/// The caller knows that the matrix is regular and that its leading minors are not zero: of another one the search for primes has no end.
pub fn adjugate(matrix: &Matrix<'_>) -> (Vec<Vec<BigUint>>, BigUint) {
    let size = matrix.diagonal.len();
    let bits: u64 =
        (matrix.diagonal.iter().zip(matrix.beside)).map(|(diagonal, beside)| (diagonal + beside.iter().sum::<BigUint>()).bits()).sum();
    // A minor is at most the product of its rows' lengths, and a row's length at most the sum of its cells.
    let wanted = usize::try_from(bits / BITS).unwrap_or(usize::MAX).saturating_add(1);
    let fields = (1..BELOW).rev().step_by(2).filter(|number| is_prime(*number)).map(|prime| Field { prime });
    // A prime that divides a leading minor is passed over; only finitely many do.
    let solved: Vec<Residues> = fields.filter_map(|field| field.adjugate(matrix)).take(wanted).collect();
    let combined = Combination::of(&solved);
    let mut streams: Vec<_> = solved.iter().map(|residues| residues.cells.iter()).collect();
    let mut next = || combined.whole(streams.iter_mut().map(|stream| stream.next().copied().unwrap_or(0)));
    let adjugate = (0..size).map(|_| (0..size).map(|_| next()).collect()).collect();
    (adjugate, combined.whole(solved.iter().map(|residues| residues.determinant)))
}

/// What is known of the adjugate and the determinant modulo one prime.
struct Residues {
    prime: u64,
    cells: Vec<u64>,
    determinant: u64,
}

/// Arithmetic modulo one prime below [`BELOW`].
#[derive(Clone, Copy)]
struct Field {
    prime: u64,
}

/// A number by which many are multiplied: Shoup's method divides once, and then never again.
#[derive(Clone, Copy)]
struct Factor {
    value: u64,
    /// The value times 2^64 over the prime, rounded down.
    quotient: u64,
    prime: u64,
}

impl Factor {
    fn times(self, other: u64) -> u64 {
        let (_, guess) = other.carrying_mul(self.quotient, 0);
        // The guess is at most one too small, so what is left is below twice the prime.
        let rest = other.wrapping_mul(self.value).wrapping_sub(guess.wrapping_mul(self.prime));
        if rest >= self.prime { rest - self.prime } else { rest }
    }
}

fn word(number: u128) -> u64 {
    u64::try_from(number & u128::from(u64::MAX)).unwrap_or(0)
}

impl Field {
    fn factor(self, value: u64) -> Factor {
        let quotient = word((u128::from(value) << 64) / u128::from(self.prime));
        Factor { value, quotient, prime: self.prime }
    }

    fn multiply(self, left: u64, right: u64) -> u64 {
        word(u128::from(left) * u128::from(right) % u128::from(self.prime))
    }

    fn power(self, base: u64, mut exponent: u64) -> u64 {
        let (mut power, mut square) = (1, base);
        while exponent > 0 {
            if exponent % 2 == 1 {
                power = self.multiply(power, square);
            }
            square = self.multiply(square, square);
            exponent /= 2;
        }
        power
    }

    /// By Fermat's little theorem.
    fn inverse(self, value: u64) -> u64 {
        self.power(value, self.prime - 2)
    }

    fn negative(self, value: u64) -> u64 {
        if value == 0 { 0 } else { self.prime - value }
    }

    fn residue(self, number: &BigUint) -> u64 {
        number.to_u64().map_or_else(|| (number % self.prime).to_u64().unwrap_or(0), |word| word % self.prime)
    }

    fn cells(self, matrix: &Matrix<'_>) -> Vec<u64> {
        let rows = matrix.beside.iter().zip(matrix.diagonal).enumerate();
        let cells = rows.flat_map(|(row, (beside, diagonal))| {
            beside.iter().enumerate().map(
                move |(column, cell)| {
                    if row == column { self.residue(diagonal) } else { self.negative(self.residue(cell)) }
                },
            )
        });
        cells.collect()
    }

    /// Gauss-Jordan in place, without exchanging rows. `None` when a leading minor is zero modulo the prime.
    fn adjugate(self, matrix: &Matrix<'_>) -> Option<Residues> {
        let size = matrix.diagonal.len();
        let mut cells = self.cells(matrix);
        let mut determinant = 1;
        for step in 0..size {
            let pivot_row = cells.chunks_exact_mut(size).nth(step)?;
            let pivot = std::mem::replace(pivot_row.get_mut(step)?, 1);
            if pivot == 0 {
                return None;
            }
            determinant = self.multiply(determinant, pivot);
            let inverse = self.factor(self.inverse(pivot));
            pivot_row.iter_mut().for_each(|cell| *cell = inverse.times(*cell));
            let pivot_row = pivot_row.to_vec();
            for (_, row) in cells.chunks_exact_mut(size).enumerate().filter(|(position, _)| *position != step) {
                let cell = std::mem::replace(row.get_mut(step)?, 0);
                if cell != 0 {
                    self.add(row, self.factor(self.negative(cell)), &pivot_row);
                }
            }
        }
        let factor = self.factor(determinant);
        cells.iter_mut().for_each(|cell| *cell = factor.times(*cell));
        Some(Residues { prime: self.prime, cells, determinant })
    }

    /// Adds a multiple of one row to another.
    fn add(self, row: &mut [u64], factor: Factor, other: &[u64]) {
        for (cell, other) in row.iter_mut().zip(other) {
            let sum = *cell + factor.times(*other);
            *cell = if sum >= self.prime { sum - self.prime } else { sum };
        }
    }
}

/// The Chinese remainder theorem over some primes.
struct Combination {
    product: BigUint,
    /// For each prime: the product of the others, and the factor that makes it one modulo the prime.
    others: Vec<(BigUint, Factor)>,
}

impl Combination {
    fn of(solved: &[Residues]) -> Self {
        let product = solved.iter().fold(BigUint::one(), |product, residues| product * residues.prime);
        let other = |residues: &Residues| {
            let (field, others) = (Field { prime: residues.prime }, &product / residues.prime);
            let inverse = field.inverse(field.residue(&others));
            (others, field.factor(inverse))
        };
        let others = solved.iter().map(other).collect();
        Self { product, others }
    }

    /// The one number below the product that has these remainders.
    fn whole(&self, residues: impl Iterator<Item = u64>) -> BigUint {
        let terms = self.others.iter().zip(residues).map(|((others, factor), residue)| others * factor.times(residue));
        terms.fold(BigUint::zero(), |sum, term| sum + term) % &self.product
    }
}

/// Miller-Rabin. The bases decide every number of 64 bits for certain (Sorenson and Webster, "Strong pseudoprimes to twelve prime bases", 2017).
fn is_prime(number: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if number < 2 || BASES.iter().any(|base| number.is_multiple_of(*base)) {
        return BASES.contains(&number);
    }
    let twos = (number - 1).trailing_zeros();
    let field = Field { prime: number };
    BASES.iter().all(|base| {
        let mut power = field.power(*base, (number - 1) >> twos);
        let passes = |power: u64| power == 1 || power == number - 1;
        let mut is_witness_silent = passes(power);
        for _ in 1..twos {
            power = field.multiply(power, power);
            is_witness_silent |= power == number - 1;
        }
        is_witness_silent
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes_are_told_from_what_looks_like_them() {
        let primes: Vec<u64> = (0..60).filter(|number| is_prime(*number)).collect();
        assert_eq!(primes, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59]);
        // A Carmichael number, a strong pseudoprime to the bases 2 to 7, a square of a prime, and the largest prime below 2^62.
        assert_eq!([561, 3_215_031_751, 1_681].map(is_prime), [false; 3]);
        assert!(is_prime(BELOW - 57) && (1..57).all(|less| !is_prime(BELOW - less)));
    }

    #[test]
    fn multiplication_by_a_factor_is_multiplication() {
        let field = Field { prime: BELOW - 57 };
        for left in [0, 1, 2, 1 << 61, BELOW - 58] {
            for right in [0, 1, 3, 1 << 61, BELOW - 58] {
                assert_eq!(field.factor(left).times(right), field.multiply(left, right));
            }
        }
    }
}
