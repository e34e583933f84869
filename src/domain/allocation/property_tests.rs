//! What holds of every run: every small world of some kind, and random ones.

use proptest::prelude::*;

use super::tests::{costs, from_team, net, parts, rule, run, services, team, terms};
use super::*;
use crate::domain::money::Exact;
use crate::domain::rejection::Code;

/// Every way in which up to three services and two receivers use small quantities of each other, checked by substitution.
#[test]
fn small_worlds_of_mutual_services_solve_their_equations() {
    let mut solved = 0;
    for code in 0..3_u32.pow(8) {
        let digit = |place: u32| i64::from(code / 3_u32.pow(place) % 3);
        // Two services and two receivers: each service's use by the other service and by both receivers; two own costs.
        let used = [[digit(0), digit(1), digit(2)], [digit(3), digit(4), digit(5)]];
        let own = [digit(6) * 7, digit(7) * 5 - 5];
        let names = [[2, 11, 12], [1, 11, 12]];
        let mut values = Drivers::default();
        for service in 0..2 {
            for place in 0..3 {
                values.set(["s1", "s2"][service], None, team(names[service][place]), Exact::new(i128::from(used[service][place]), 0));
            }
        }
        let centers = services().into_iter().take(2).collect();
        let rules = [rule("mutual", terms(Method::Reciprocal { centers }))];
        let before = costs(&[(1, own[0]), (2, own[1])]);
        match run(&rules, before.clone(), &values) {
            Err(rejection) => assert!([Code::ClosedLoop, Code::DriverZero].contains(&rejection.code)),
            Ok(outcome) => {
                check_gross(&outcome, used, own);
                let after = net(&before, &outcome);
                assert_eq!(after.values().sum::<i64>(), own.iter().sum::<i64>(), "cost is moved, never made");
                assert!(after.keys().all(|number| *number > 10), "services are empty afterwards: {after:?}");
                solved += 1;
            }
        }
    }
    assert!(solved > 1_000, "{solved}");
}

/// x1 = c1 + x2 u21 / T2 and x2 = c2 + x1 u12 / T1, by cross multiplication.
fn check_gross(outcome: &Outcome, used: [[i64; 3]; 2], own: [i64; 2]) {
    let gross = |number: i32| {
        let pool = outcome.pools.iter().find(|pool| pool.from == Some(team(number)));
        pool.and_then(|pool| pool.gross.as_ref()?.amount()).map(|gross| {
            let text = gross.to_string();
            let (numerator, denominator) = text.split_once('/').unwrap();
            (numerator.parse::<i128>().unwrap(), denominator.parse::<i128>().unwrap())
        })
    };
    let (Some(x1), Some(x2)) = (gross(1), gross(2)) else { return };
    let totals = used.map(|units| i128::from(units.iter().sum::<i64>()));
    for (service, (this, other)) in [(x1, x2), (x2, x1)].into_iter().enumerate() {
        let (received, total) = (i128::from(used[1 - service][0]), totals[1 - service]);
        // this = own + other * received / total
        assert_eq!(this.0 * other.1 * total, (i128::from(own[service]) * other.1 * total + other.0 * received) * this.1);
    }
}

/// All splits of every pool from -12 to 12 over up to four receivers with weights 0 to 2.
#[test]
fn small_worlds_of_portions_re_sum() {
    for units in -12..=12_i64 {
        for code in 1..81_u32 {
            let weights: Vec<String> = (0..4).map(|place| (code / 3_u32.pow(place) % 3).to_string()).collect();
            let weights: Vec<Option<&str>> = weights.iter().map(|weight| Some(weight.as_str())).collect();
            let outcome = run(&[rule("p", from_team(Method::FixedPortion, &weights))], costs(&[(1, units)]), &Drivers::default()).unwrap();
            assert_eq!(parts(&outcome).iter().sum::<i64>(), units);
            let mirrored =
                run(&[rule("p", from_team(Method::FixedPortion, &weights))], costs(&[(1, -units)]), &Drivers::default()).unwrap();
            assert_eq!(parts(&mirrored), parts(&outcome).iter().map(|part| -part).collect::<Vec<_>>());
        }
    }
}

fn quantities() -> impl Strategy<Value = Vec<(i32, u32)>> {
    proptest::collection::btree_map(11..60_i32, 0_u32..1_000, 1..20).prop_map(|map| map.into_iter().collect())
}

proptest! {
    #[test]
    fn pool_out_is_shares_in(own in -1_000_000_000_i64..1_000_000_000, used in quantities()) {
        prop_assume!(used.iter().any(|(_, units)| *units > 0));
        let mut values = Drivers::default();
        for (number, units) in &used {
            values.set("d", None, team(*number), Exact::new(i128::from(*units), 2));
        }
        let terms = RuleTerms { receivers: Vec::new(), ..from_team(Method::Driver { driver: "d".to_owned() }, &[]) };
        let before = costs(&[(1, own)]);
        let outcome = run(&[rule("d", terms)], before.clone(), &values).unwrap();
        prop_assert_eq!(net(&before, &outcome).values().sum::<i64>(), own);
        for pool in &outcome.pools {
            for part in &pool.parts {
                let nearest = pool.unrounded(part).unwrap();
                let off = nearest.round_half_even().unwrap() - part.units;
                prop_assert!(off.abs() <= 1, "a part is off by more than a unit");
            }
        }
    }

    /// The order in which receivers are given, and in which costs came in, changes nothing.
    #[test]
    fn order_of_input_changes_nothing(mut own in proptest::collection::vec((1..9_i32, -500_i64..500), 1..12), used in quantities()) {
        prop_assume!(used.iter().any(|(_, units)| *units > 0));
        let values = |used: &[(i32, u32)]| {
            let mut values = Drivers::default();
            for (number, units) in used {
                values.set("d", None, team(*number), Exact::new(i128::from(*units), 0));
            }
            values
        };
        let terms = RuleTerms { pool: PoolFilter::default(), receivers: Vec::new(), ..from_team(Method::Driver { driver: "d".to_owned() }, &[]) };
        let rules = [rule("d", terms)];
        let forward = run(&rules, costs(&own), &values(&used)).unwrap();
        own.reverse();
        let reversed: Vec<_> = used.iter().rev().copied().collect();
        prop_assert_eq!(forward, run(&rules, costs(&own), &values(&reversed)).unwrap());
    }

    /// Without mutual services, step-down and reciprocal are the direct method.
    #[test]
    fn without_mutual_services_all_methods_agree(own in proptest::array::uniform3(-1_000_i64..100_000), used in proptest::array::uniform3(proptest::array::uniform2(1_u32..50))) {
        let mut values = Drivers::default();
        for (service, units) in (1..).zip(used) {
            for (number, units) in (11..).zip(units) {
                values.set(&format!("s{service}"), None, team(number), Exact::new(i128::from(units), 0));
            }
        }
        let before = costs(&[(1, own[0]), (2, own[1]), (3, own[2])]);
        let by = |method| net(&before, &run(&[rule("r", terms(method))], before.clone(), &values).unwrap());
        let steps = by(Method::StepDown { centers: services(), order: ServiceOrder::Automatic });
        prop_assert_eq!(&steps, &by(Method::Reciprocal { centers: services() }));
        prop_assert_eq!(&steps, &by(Method::StepDown { centers: services(), order: ServiceOrder::Given }));
    }
}
