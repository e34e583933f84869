//! Which entries a batch takes: all numbers that no live batch took, as ranges above one number and up to another.

/// The ranges up to `through` that `live` leaves free. `live` are disjoint ranges in their order.
pub fn free(live: &[(i64, i64)], through: i64) -> Vec<(i64, i64)> {
    let (mut free, mut from) = (Vec::new(), 0);
    for (after, end) in live {
        if from < *after {
            free.push((from, (*after).min(through)));
        }
        from = from.max(*end);
    }
    if from < through {
        free.push((from, through));
    }
    free.retain(|(after, end)| after < end);
    free
}

#[cfg(test)]
mod tests {
    use super::free;

    #[test]
    fn what_a_rejected_batch_gave_back_is_taken_with_what_is_new() {
        assert_eq!(free(&[], 0), []);
        assert_eq!(free(&[], 10), [(0, 10)]);
        assert_eq!(free(&[(0, 10)], 10), []);
        assert_eq!(free(&[(0, 10), (20, 30)], 45), [(10, 20), (30, 45)]);
    }

    /// Every set of disjoint ranges over eight numbers: live and free ranges together are every number once.
    #[test]
    fn every_number_is_taken_once() {
        for taken in 0_u32..256 {
            let mut live: Vec<(i64, i64)> = Vec::new();
            for number in (1_i64..=8).filter(|number| taken & (1 << (number - 1)) != 0) {
                live.push((number - 1, number));
            }
            let free = free(&live, 8);
            for number in 1_i64..=8 {
                let in_ranges = |ranges: &[(i64, i64)]| ranges.iter().filter(|range| range.0 < number && number <= range.1).count();
                assert_eq!(in_ranges(&live) + in_ranges(&free), 1, "{number} in {live:?} and {free:?}");
            }
        }
    }
}
