//! The filter of all idempotency keys of one set of books.
//!
//! A key that the filter does not know is new: no index is searched, however long the history. A key that it knows is looked up. Keys
//! are never taken out. See `docs/decisions/0003-idempotency.md`.

use fastbloom::BloomFilter;

use crate::domain::ids::ChargeNumber;

/// Layers of Bloom filters, each twice the size of the one before, so that growing never rebuilds.
pub struct KeyFilter {
    layers: Vec<Layer>,
    /// The last charge whose key is in the filter.
    pub through: ChargeNumber,
}

struct Layer {
    filter: BloomFilter,
    size: usize,
    room: usize,
}

/// A wrong *maybe* costs one walk over the hours that have charges, so they are kept rare: about 29 bits a key.
#[expect(clippy::disallowed_types, reason = "a probability; the filter's library takes it so")]
const FALSE_POSITIVES: f64 = 0.000_001;
const SMALLEST_LAYER: usize = 1 << 18;

impl KeyFilter {
    /// A filter with room for twice the keys there are.
    pub fn with_room_for(keys: usize) -> Self {
        let mut filter = Self { layers: Vec::new(), through: ChargeNumber(0) };
        filter.grow(keys.saturating_mul(2).max(SMALLEST_LAYER));
        filter
    }

    fn grow(&mut self, room: usize) {
        let filter = BloomFilter::with_false_pos(FALSE_POSITIVES).seed(&u128::from(0x7a11_u32)).expected_items(room);
        self.layers.push(Layer { filter, size: room, room });
    }

    pub fn insert(&mut self, key_hash: i64) {
        let full = self.layers.last().is_none_or(|layer| layer.room == 0);
        if full {
            let largest = self.layers.last().map_or(SMALLEST_LAYER, |layer| layer.size);
            self.grow(largest.saturating_mul(2));
        }
        if let Some(layer) = self.layers.last_mut() {
            layer.filter.insert_hash(key_hash.cast_unsigned());
            layer.room = layer.room.saturating_sub(1);
        }
    }

    /// False: certainly new. True: look it up.
    pub fn may_contain(&self, key_hash: i64) -> bool {
        self.layers.iter().any(|layer| layer.filter.contains_hash(key_hash.cast_unsigned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_ever_forgotten_and_few_are_mistaken() {
        let mut filter = KeyFilter::with_room_for(0);
        // Fibonacci hashing spreads the numbers over 64 bits, as the real hashes are.
        let hash = |number: i64| number.wrapping_mul(-7_046_029_254_386_353_131);
        let keys = 3 * i64::try_from(SMALLEST_LAYER).unwrap();
        for number in 0..keys {
            filter.insert(hash(number));
        }
        assert!((0..keys).all(|number| filter.may_contain(hash(number))));
        let mistaken = (keys..keys + 100_000).filter(|number| filter.may_contain(hash(*number))).count();
        assert!(mistaken < 20, "{mistaken} of 100,000");
        assert!(filter.layers.len() > 1, "the filter grew");
    }
}
