//! Long balanced lists cut into balanced parts.

/// Cuts lines that sum to zero (debits above zero, credits below) into parts of at most `most` lines, each of which sums to zero.
///
/// Debits and credits are matched in their order, so a part is balanced after every match, and a line at a boundary is split. In each part
/// debits come first. Lines of zero are left out. A `most` below two is taken as two: fewer lines cannot balance. What the lines sum to beyond
/// zero is in no part.
pub fn balanced_parts<K: Clone>(lines: Vec<(K, i64)>, most: usize) -> Vec<Vec<(K, i64)>> {
    let (debits, credits): (Vec<_>, Vec<_>) = lines.into_iter().filter(|line| line.1 != 0).partition(|line| line.1 > 0);
    let (mut debits, mut credits) = (debits.into_iter().peekable(), credits.into_iter().peekable());
    let mut parts = Vec::new();
    // Debits and credits.
    let mut part: [Vec<(K, i64)>; 2] = [Vec::new(), Vec::new()];
    // Whether the last line of each side goes on, so that the next match adds to it.
    let mut goes_on = [false, false];
    while let (Some(debit), Some(credit)) = (debits.peek_mut(), credits.peek_mut()) {
        let matched = debit.1.min(credit.1.saturating_neg());
        let added = goes_on.iter().filter(|goes_on| !**goes_on).count();
        if part.iter().map(Vec::len).sum::<usize>() + added > most.max(2) {
            parts.push(std::mem::take(&mut part).concat());
            goes_on = [false, false];
        }
        let matches = [(debit.0.clone(), matched), (credit.0.clone(), -matched)];
        for ((side, goes_on), (key, amount)) in part.iter_mut().zip(goes_on).zip(matches) {
            match side.last_mut().filter(|_| goes_on) {
                Some(last) => last.1 += amount,
                None => side.push((key, amount)),
            }
        }
        debit.1 -= matched;
        credit.1 += matched;
        goes_on = [debit.1 != 0, credit.1 != 0];
        if debit.1 == 0 {
            debits.next();
        }
        if credit.1 == 0 {
            credits.next();
        }
    }
    if !part.iter().all(Vec::is_empty) {
        parts.push(part.concat());
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_entry_is_cut_at_balanced_boundaries() {
        let lines = vec![("a", 30), ("b", 30), ("c", 40), ("pool", -100)];
        let parts = balanced_parts(lines.clone(), 3);
        assert_eq!(parts, [vec![("a", 30), ("b", 30), ("pool", -60)], vec![("c", 40), ("pool", -40)]]);
        assert_eq!(balanced_parts(lines, 4).len(), 1, "what fits stays whole");
        assert_eq!(balanced_parts(Vec::<((), i64)>::new(), 4), Vec::<Vec<((), i64)>>::new());
    }

    proptest! {
        #[test]
        fn every_part_balances_and_nothing_is_lost(
            debits in proptest::collection::vec(1_i64..1_000_000, 1..40),
            shares in proptest::collection::vec(1_u64..1_000, 1..40),
            most in 2_usize..12,
        ) {
            let total: i64 = debits.iter().sum();
            let weights: BTreeMap<usize, u64> = shares.iter().copied().enumerate().collect();
            let credits = crate::domain::money::largest_remainder(-total, &weights).unwrap();
            let mut lines: Vec<(String, i64)> = debits.iter().enumerate().map(|(key, amount)| (format!("d{key}"), *amount)).collect();
            lines.extend(credits.into_iter().map(|(key, amount)| (format!("c{key}"), amount)));
            let sums = |lines: &mut dyn Iterator<Item = &(String, i64)>| {
                let mut sums: BTreeMap<String, i64> = BTreeMap::new();
                lines.for_each(|(key, amount)| *sums.entry(key.clone()).or_default() += amount);
                sums.retain(|_, amount| *amount != 0);
                sums
            };
            let expected = sums(&mut lines.iter());
            let parts = balanced_parts(lines, most);
            for part in &parts {
                prop_assert!(part.len() <= most && part.len() >= 2);
                prop_assert_eq!(part.iter().map(|line| line.1).sum::<i64>(), 0);
                prop_assert!(part.iter().all(|line| line.1 != 0));
            }
            prop_assert_eq!(sums(&mut parts.iter().flatten()), expected);
        }
    }
}
