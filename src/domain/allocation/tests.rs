//! Golden figures of published cases, regressions of other systems' faults, and what holds of every run.
//!
//! Sources: "Example of Methods of Allocating Service Costs", expertsmind.com page 30131914 (direct and step-down tables; the reciprocal line is
//! the exact solution of its data); SAP help, "Variable Portions" and "Fixed Portions".

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;

use super::center::block_of;
use super::*;
use crate::domain::chart::{CenterKind, CodingBlock, NameKind};
use crate::domain::ids::{AccountId, NameId};
use crate::domain::money::{Currency, Exact};
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};

const COST: AccountId = AccountId(6000);
const DEBIT: AccountId = AccountId(5050);
const CREDIT: AccountId = AccountId(6590);

/// Codes are numbers of their own: `t12` is team 12.
struct Codes;

impl Directory for Codes {
    fn account(&self, code: &str) -> Result<AccountId, Rejection> {
        Ok(AccountId(code.parse().unwrap()))
    }

    fn center(&self, center: &Center) -> Result<NameId, Rejection> {
        let known = center.code.strip_prefix('t').and_then(|number| number.parse().ok());
        known.map(NameId).ok_or_else(|| Rejection::of(Code::CostCenterUnknown))
    }

    fn name(&self, _: NameKind, name: &str) -> Option<NameId> {
        name.strip_prefix('m').and_then(|number| number.parse().ok()).map(NameId)
    }

    fn pooled_accounts(&self) -> BTreeSet<AccountId> {
        BTreeSet::from([COST, DEBIT, CREDIT])
    }
}

pub(super) fn team(number: i32) -> Center {
    Center::new(CenterKind::Team, &format!("t{number}"))
}

pub(super) fn exact(text: &str) -> Exact {
    Exact::parse(text).unwrap()
}

pub(super) fn terms(method: Method) -> RuleTerms {
    RuleTerms {
        pool: PoolFilter::default(),
        method,
        receivers: Vec::new(),
        receiver_kind: None,
        residual: Residual::Receivers,
        posting: PostingMode::Accounts { debit: "5050".to_owned(), credit: "6590".to_owned() },
        when_zero: WhenZero::Refuse,
        when_missing: WhenMissing::Refuse,
        when_negative: WhenNegative::Refuse,
        currency: None,
    }
}

/// From team 1, over the teams that follow with their weights.
pub(super) fn from_team(method: Method, weights: &[Option<&str>]) -> RuleTerms {
    let mut receivers: Vec<Receiver> =
        (11..).zip(weights).map(|(number, weight)| Receiver { center: team(number), weight: weight.map(exact) }).collect();
    receivers.sort_by(|left, right| left.center.cmp(&right.center));
    RuleTerms { pool: PoolFilter { team: Some("t1".to_owned()), ..PoolFilter::default() }, receivers, ..terms(method) }
}

pub(super) fn rule(code: &str, terms: RuleTerms) -> AllocationRule {
    assert_eq!(terms.check(), Ok(()), "{code}");
    AllocationRule { code: code.to_owned(), version: 1, name: code.to_owned(), order: 0, valid_from: Day(0), valid_to: None, terms }
}

pub(super) fn costs(costs: &[(i32, i64)]) -> Costs {
    let mut sums = Costs::default();
    for (number, units) in costs {
        sums.add(Currency::USD, block_of(COST, CenterKind::Team, NameId(*number)), *units).unwrap();
    }
    sums
}

fn drivers(values: &[(&str, i32, &str)]) -> Drivers {
    let mut drivers = Drivers::default();
    for (driver, number, quantity) in values {
        drivers.set(driver, None, team(*number), exact(quantity));
    }
    drivers
}

pub(super) fn run(rules: &[AllocationRule], costs: Costs, drivers: &Drivers) -> Result<Outcome, Rejection> {
    let outcome = allocate(Input { rules, costs, drivers, most_parts: MOST_PARTS }, &Codes)?;
    for pool in &outcome.pools {
        assert_eq!(pool.transfer.iter().map(|line| i128::from(line.1)).sum::<i128>(), 0, "every transfer balances");
        assert_eq!(pool.parts.iter().map(|part| part.units).sum::<i64>(), pool.allocated, "what leaves the pool arrives");
    }
    Ok(outcome)
}

pub(super) fn parts(outcome: &Outcome) -> Vec<i64> {
    outcome.pools.iter().flat_map(|pool| pool.parts.iter().map(|part| part.units)).collect()
}

/// What every team holds after the run, over all accounts.
pub(super) fn net(before: &Costs, outcome: &Outcome) -> BTreeMap<i32, i64> {
    let mut after = before.clone();
    for pool in &outcome.pools {
        for (block, units) in &pool.transfer {
            after.add(pool.currency, *block, *units).unwrap();
        }
    }
    let mut nets = BTreeMap::new();
    for account in [COST, DEBIT, CREDIT] {
        for number in 0..100 {
            let held = after.held(Currency::USD, &block_of(account, CenterKind::Team, NameId(number)));
            *nets.entry(number).or_default() += held;
        }
    }
    nets.retain(|_, held| *held != 0);
    nets
}

/// Services S1 to S3 are teams 1 to 3, P1 and P2 are 11 and 12.
const USED: [(&str, i32, &str); 11] = [
    ("s1", 2, "1000"),
    ("s1", 3, "2000"),
    ("s1", 11, "4000"),
    ("s1", 12, "3000"),
    ("s2", 1, "2000"),
    ("s2", 3, "4000"),
    ("s2", 11, "10000"),
    ("s2", 12, "4000"),
    ("s3", 1, "4500"),
    ("s3", 11, "1500"),
    ("s3", 12, "9000"),
];
const OWN: [(i32, i64); 5] = [(1, 92_400), (2, 184_800), (3, 138_600), (11, 400_000), (12, 500_000)];

pub(super) fn services() -> Vec<ServiceCenter> {
    (1..=3).map(|number| ServiceCenter { center: team(number), driver: format!("s{number}") }).collect()
}

#[test]
fn the_direct_method_ignores_what_services_use() {
    let direct = |number: i32| {
        let receivers = [11, 12].map(|number| Receiver { center: team(number), weight: None }).to_vec();
        let pool = PoolFilter { team: Some(format!("t{number}")), ..PoolFilter::default() };
        rule(&format!("s{number}"), RuleTerms { pool, receivers, ..terms(Method::Driver { driver: format!("s{number}") }) })
    };
    let outcome = run(&[direct(1), direct(2), direct(3)], costs(&OWN), &drivers(&USED)).unwrap();
    assert_eq!(net(&costs(&OWN), &outcome), BTreeMap::from([(11, 604_600), (12, 711_200)]));
}

#[test]
fn step_down_closes_one_service_after_the_other() {
    let rules = [rule("steps", terms(Method::StepDown { centers: services(), order: ServiceOrder::Given }))];
    let outcome = run(&rules, costs(&OWN), &drivers(&USED)).unwrap();
    assert_eq!(net(&costs(&OWN), &outcome), BTreeMap::from([(11, 573_360), (12, 742_440)]));
    assert_eq!(outcome.pools.iter().map(|pool| pool.pool).collect::<Vec<_>>(), [92_400, 194_040, 200_200]);
    // S1 -> P1, P2, S2, S3; S2 -> P1, P2, S3; S3 -> P1, P2
    assert_eq!(parts(&outcome), [36_960, 27_720, 9_240, 18_480, 107_800, 43_120, 43_120, 28_600, 171_600]);
}

#[test]
fn step_down_finds_its_order() {
    // S1 gives 3/10 of its output to services, S2 6/20 with the larger cost, S3 4.5/15: all the same, so the larger cost decides.
    let rules = [rule("steps", terms(Method::StepDown { centers: services(), order: ServiceOrder::Automatic }))];
    let outcome = run(&rules, costs(&OWN), &drivers(&USED)).unwrap();
    let order: Vec<String> = outcome.pools.iter().map(|pool| pool.from.as_ref().unwrap().code.to_string()).collect();
    assert_eq!(order, ["t2", "t3", "t1"]);
    let mut used = USED.to_vec();
    used.retain(|(driver, number, _)| (*driver, *number) != ("s1", 11));
    // Without P1, S1 gives half of its output to services.
    let outcome = run(&rules, costs(&OWN), &drivers(&used)).unwrap();
    assert_eq!(outcome.pools[0].from, Some(team(1)));
}

#[test]
fn reciprocal_services_are_solved_exactly() {
    let rules = [rule("mutual", terms(Method::Reciprocal { centers: services() }))];
    let outcome = run(&rules, costs(&OWN), &drivers(&USED)).unwrap();
    assert_eq!(net(&costs(&OWN), &outcome), BTreeMap::from([(11, 593_500), (12, 722_300)]));
    let shares: Vec<Vec<String>> =
        outcome.pools.iter().map(|pool| pool.parts.iter().map(|part| pool.share(part).unwrap().to_string()).collect()).collect();
    assert_eq!(shares, [["118/231", "113/231"], ["139/231", "92/231"], ["39/154", "115/154"]]);
    let gross: Vec<String> = outcome.pools.iter().map(|pool| pool.gross.as_ref().and_then(Gross::amount).unwrap().to_string()).collect();
    assert_eq!(gross, ["177000/1", "202500/1", "214500/1"]);
    let flows = |pool: &PoolOutcome| {
        pool.gross.as_ref().unwrap().flows().map(|flow| format!("{} {}", flow.to.code, flow.amount)).collect::<Vec<_>>()
    };
    assert_eq!(flows(&outcome.pools[0]), ["t2 17700/1", "t3 35400/1", "t11 70800/1", "t12 53100/1"]);
    assert_eq!(flows(&outcome.pools[1]), ["t1 20250/1", "t3 40500/1", "t11 101250/1", "t12 40500/1"]);
    assert_eq!(flows(&outcome.pools[2]), ["t1 64350/1", "t11 21450/1", "t12 128700/1"]);
}

#[test]
fn a_closed_loop_is_refused_by_name() {
    let used = [("s1", 2, "1"), ("s2", 1, "5"), ("s3", 11, "1"), ("s3", 1, "1")];
    let rules = [rule("mutual", terms(Method::Reciprocal { centers: services() }))];
    let refused = run(&rules, costs(&OWN), &drivers(&used)).unwrap_err();
    assert_eq!(refused.code, Code::ClosedLoop);
    assert!(refused.message.contains("team t1, team t2"), "{}", refused.message);
}

#[test]
fn published_portions() {
    // SAP: 1,000 by 40, 60 and 100 employees; 100,000 by portions 50, 50 and 100.
    let headcount = from_team(Method::Driver { driver: "headcount".to_owned() }, &[None, None, None]);
    let values = drivers(&[("headcount", 11, "40"), ("headcount", 12, "60"), ("headcount", 13, "100")]);
    assert_eq!(parts(&run(&[rule("a", headcount)], costs(&[(1, 1_000)]), &values).unwrap()), [200, 300, 500]);
    let portions = from_team(Method::FixedPortion, &[Some("50"), Some("50"), Some("100")]);
    assert_eq!(parts(&run(&[rule("b", portions)], costs(&[(1, 100_000)]), &values).unwrap()), [25_000, 25_000, 50_000]);
}

#[test]
fn splits_that_other_systems_got_wrong() {
    let percent = |weights: &[Option<&str>], units| {
        parts(&run(&[rule("p", from_team(Method::FixedPercent, weights))], costs(&[(1, units)]), &Drivers::default()).unwrap())
    };
    // hrms 5138: 1.002 by 33/33/34 was rounded line by line.
    assert_eq!(percent(&[Some("33"), Some("33"), Some("34")], 1_002), [331, 330, 341]);
    // ERPNext 35091: a rounding line of one cent was split into nothing.
    assert_eq!(percent(&[Some("95"), Some("5")], 1), [1, 0]);
    assert_eq!(percent(&[Some("95"), Some("5")], -1), [-1, 0]);
    let even = |units| parts(&run(&[rule("e", from_team(Method::Even, &[None; 3]))], costs(&[(1, units)]), &Drivers::default()).unwrap());
    assert_eq!(even(10_000), [3_334, 3_333, 3_333]);
    assert_eq!(even(-100), [-34, -33, -33]);
}

#[test]
fn percentages_below_a_hundred_leave_the_rest_with_the_sender() {
    let mut terms = from_team(Method::FixedPercent, &[Some("33.3"), Some("33.3")]);
    assert_eq!(terms.check().unwrap_err().code, Code::AllocationPercentInvalid);
    terms.residual = Residual::Sender;
    let outcome = run(&[rule("p", terms.clone())], costs(&[(1, 1_000)]), &Drivers::default()).unwrap();
    assert_eq!((parts(&outcome), outcome.pools[0].retained()), (vec![333, 333], 334));
    assert_eq!(net(&costs(&[(1, 1_000)]), &outcome), BTreeMap::from([(1, 334), (11, 333), (12, 333)]));
    terms.receivers[0].weight = Some(exact("66.8"));
    assert_eq!(terms.check().unwrap_err().code, Code::AllocationPercentInvalid);
}

#[test]
fn fixed_amounts_come_first() {
    // 0.000000300 and 0.000000200 USD of 1,000 units.
    let amounts = [Some("0.0000003"), Some("0.0000002"), None];
    let with = |residual, weights: &[Option<&str>], units| {
        let terms = RuleTerms { residual, ..from_team(Method::FixedAmount, weights) };
        run(&[rule("f", terms)], costs(&[(1, units)]), &Drivers::default())
    };
    let outcome = with(Residual::Receivers, &amounts, 1_000).unwrap();
    assert_eq!(parts(&outcome), [300, 200, 500]);
    assert_eq!(outcome.pools[0].share(&outcome.pools[0].parts[2]).unwrap().to_string(), "1/2");
    assert_eq!(parts(&with(Residual::Receivers, &amounts[..2], 1_000).unwrap()), [600, 400]);
    let kept = with(Residual::Sender, &amounts[..2], 1_000).unwrap();
    assert_eq!((parts(&kept), kept.pools[0].retained()), (vec![300, 200], 500));
    assert_eq!(with(Residual::Sender, &amounts[..2], 499).unwrap_err().code, Code::FixedAmountsExceedPool);
    assert_eq!(with(Residual::Sender, &[Some("0.00000000001")], 499).unwrap_err().code, Code::AmountTooPrecise);
}

#[test]
fn tiers_and_rates_show_what_they_absorb() {
    let tiers = vec![Tier { up_to: Some(exact("100")), rate: exact("0.000000002") }, Tier { up_to: None, rate: exact("0.000000001") }];
    let values = drivers(&[("seats", 11, "150"), ("seats", 12, "40")]);
    let charged = |mode, residual, units| {
        let method = Method::Tiered { driver: "seats".to_owned(), tiers: tiers.clone(), mode };
        let terms = RuleTerms { residual, currency: Some(Currency::USD), ..from_team(method, &[None, None]) };
        let outcome = run(&[rule("t", terms)], costs(&[(1, units)]), &values).unwrap();
        (parts(&outcome), outcome.pools[0].retained())
    };
    // 100 at 2 and 50 at 1; 40 at 2.
    assert_eq!(charged(TierMode::Graduated, Residual::Sender, 400), (vec![250, 80], 70), "70 are not absorbed");
    assert_eq!(charged(TierMode::Graduated, Residual::Sender, 300), (vec![250, 80], -30), "30 too much");
    // All 150 at 1; 40 at 2.
    assert_eq!(charged(TierMode::Volume, Residual::Sender, 400), (vec![150, 80], 170));
    assert_eq!(charged(TierMode::Volume, Residual::Receivers, 460), (vec![300, 160], 0), "as weights");
    assert_eq!(charged(TierMode::Volume, Residual::Sender, 0), (vec![150, 80], -230), "an empty pool is charged all the same");
    let method = Method::StandardRate { driver: "seats".to_owned(), rate: exact("0.0000000015") };
    let terms = RuleTerms { residual: Residual::Sender, currency: Some(Currency::USD), ..from_team(method, &[None, None]) };
    assert_eq!(parts(&run(&[rule("r", terms.clone())], costs(&[(1, 100)]), &values).unwrap()), [225, 60]);
    let keep = RuleTerms { posting: PostingMode::KeepAccount, ..terms };
    assert_eq!(keep.check().unwrap_err().code, Code::AllocationRuleInvalid);
}

#[test]
fn drivers_that_say_nothing_follow_the_rule() {
    let by_driver = |terms: &dyn Fn(RuleTerms) -> RuleTerms, values: &[(&str, i32, &str)]| {
        let terms = terms(from_team(Method::Driver { driver: "d".to_owned() }, &[None, None]));
        run(&[rule("d", terms)], costs(&[(1, 100)]), &drivers(values)).map(|outcome| (parts(&outcome), outcome.pools[0].retained()))
    };
    let zero = [("d", 11, "0"), ("d", 12, "0")];
    assert_eq!(by_driver(&|terms| terms, &zero).unwrap_err().code, Code::DriverZero);
    assert_eq!(by_driver(&|terms| RuleTerms { when_zero: WhenZero::Retain, ..terms }, &zero).unwrap(), (vec![], 100));
    assert_eq!(by_driver(&|terms| RuleTerms { when_zero: WhenZero::Even, ..terms }, &zero).unwrap(), (vec![50, 50], 0));
    let one = [("d", 11, "3")];
    assert_eq!(by_driver(&|terms| terms, &one).unwrap_err().code, Code::DriverMissing);
    assert_eq!(by_driver(&|terms| RuleTerms { when_missing: WhenMissing::Zero, ..terms }, &one).unwrap(), (vec![100, 0], 0));
    let below = [("d", 11, "3"), ("d", 12, "-1")];
    assert_eq!(by_driver(&|terms| terms, &below).unwrap_err().code, Code::DriverNegative);
    assert_eq!(by_driver(&|terms| RuleTerms { when_negative: WhenNegative::Zero, ..terms }, &below).unwrap(), (vec![100, 0], 0));
}

#[test]
fn without_named_receivers_whoever_has_a_value_receives() {
    let terms = RuleTerms { receivers: Vec::new(), ..from_team(Method::Driver { driver: "d".to_owned() }, &[]) };
    // The sender's own use is left out.
    let outcome = run(&[rule("d", terms)], costs(&[(1, 100)]), &drivers(&[("d", 1, "7"), ("d", 20, "1"), ("d", 21, "3")])).unwrap();
    assert_eq!(net(&costs(&[(1, 100)]), &outcome), BTreeMap::from([(20, 25), (21, 75)]));
    let standing = RuleTerms { receivers: Vec::new(), ..from_team(Method::Driver { driver: "tokens".to_owned() }, &[]) };
    assert_eq!(standing.check().unwrap_err().code, Code::AllocationRuleInvalid, "teams, projects and clients all have tokens");
}

#[test]
fn later_rules_see_what_earlier_ones_moved() {
    let first = rule("a", from_team(Method::FixedPercent, &[Some("100")]));
    let second = RuleTerms {
        pool: PoolFilter { team: Some("t11".to_owned()), ..PoolFilter::default() },
        receivers: vec![Receiver { center: team(12), weight: None }],
        ..terms(Method::Direct)
    };
    let outcome = run(&[first.clone(), rule("b", second)], costs(&[(1, 70), (11, 30)]), &Drivers::default()).unwrap();
    assert_eq!(net(&costs(&[(1, 70), (11, 30)]), &outcome), BTreeMap::from([(12, 100)]));
    // A pool that an earlier rule emptied is empty, also where the earlier credit went to the contra account.
    let again = rule(
        "c",
        RuleTerms {
            pool: PoolFilter { accounts: vec!["6000".to_owned()], team: Some("t1".to_owned()), ..PoolFilter::default() },
            ..from_team(Method::Even, &[None])
        },
    );
    let outcome = run(&[first, again], costs(&[(1, 70)]), &Drivers::default()).unwrap();
    assert_eq!(outcome.pools.len(), 1);
}

#[test]
fn a_rule_may_keep_the_account() {
    let mut held = costs(&[(1, 100)]);
    held.add(Currency::USD, block_of(DEBIT, CenterKind::Team, NameId(1)), 11).unwrap();
    let keep = RuleTerms { posting: PostingMode::KeepAccount, ..from_team(Method::Even, &[None, None]) };
    let outcome = run(&[rule("k", keep)], held.clone(), &Drivers::default()).unwrap();
    let of = |account, number| block_of(account, CenterKind::Team, NameId(number));
    let lines: BTreeMap<CodingBlock, i64> = outcome.pools.iter().flat_map(|pool| pool.transfer.clone()).collect();
    let expected =
        [(of(COST, 1), -100), (of(COST, 11), 50), (of(COST, 12), 50), (of(DEBIT, 1), -11), (of(DEBIT, 11), 6), (of(DEBIT, 12), 5)];
    assert_eq!(lines, BTreeMap::from(expected));
}

#[test]
fn a_reclassification_leaves_cost_where_it_is() {
    let pool = PoolFilter { accounts: vec!["6000".to_owned()], ..PoolFilter::default() };
    let posting = PostingMode::Accounts { debit: "5000".to_owned(), credit: "6000".to_owned() };
    let terms = RuleTerms { pool, posting, ..terms(Method::Reclassify { percent: exact("33.3") }) };
    let outcome = run(&[rule("cogs", terms)], costs(&[(1, 100), (2, 899)]), &Drivers::default()).unwrap();
    // 33.3 percent of 999 is 332.667, and of it 33 and 300 by what each team holds.
    let of = |account, number| block_of(AccountId(account), CenterKind::Team, NameId(number));
    let lines: BTreeMap<CodingBlock, i64> = outcome.pools.iter().flat_map(|pool| pool.transfer.clone()).collect();
    assert_eq!(lines, BTreeMap::from([(of(5000, 1), 33), (of(5000, 2), 300), (of(6000, 1), -33), (of(6000, 2), -300)]));
}

#[test]
fn a_pool_by_model_moves_with_its_model() {
    let mut held = Costs::default();
    let block = |account, number, model| CodingBlock { model: NameId(model), ..block_of(account, CenterKind::Team, NameId(number)) };
    held.add(Currency::USD, block(COST, 1, 7), 90).unwrap();
    held.add(Currency::USD, block(COST, 1, 8), 10).unwrap();
    let mut terms = from_team(Method::Even, &[None]);
    terms.pool.model = Some("m7".to_owned());
    let outcome = run(&[rule("m", terms)], held, &Drivers::default()).unwrap();
    assert_eq!(outcome.pools[0].transfer, [(block(DEBIT, 11, 7), 90), (block(CREDIT, 1, 7), -90)]);
}

#[test]
fn fractions_round_to_the_even_neighbour() {
    let fraction = |numerator: i64, denominator: u32| Fraction::new(BigInt::from(numerator), denominator.into()).unwrap();
    assert_eq!(fraction(1, 3).rounded(6), "0.333333");
    assert_eq!([fraction(1, 2), fraction(3, 2), fraction(-5, 2)].map(|half| half.round_half_even().unwrap()), [0, 2, -2]);
    assert_eq!([fraction(-1, 4).rounded(1), fraction(-1, 100).rounded(1), fraction(50, 100).rounded(3)], ["-0.2", "0", "0.5"]);
    assert_eq!(Fraction::new(BigInt::from(1), 0_u32.into()), None);
}

#[test]
fn late_cost_adds_the_difference() {
    let rules = [rule("e", from_team(Method::Even, &[None, None]))];
    let first = run(&rules, costs(&[(1, 101)]), &Drivers::default()).unwrap();
    let earlier = |outcome: &Outcome| -> Vec<Earlier> { outcome.pools.iter().map(Earlier::from).collect() };
    let now = run(&rules, costs(&[(1, 110)]), &Drivers::default()).unwrap();
    let added = difference(now.clone(), earlier(&first)).unwrap();
    assert_eq!((added.pools[0].pool, added.pools[0].allocated, parts(&added)), (9, 9, vec![4, 5]));
    assert_eq!(net(&net_costs(&[(1, 110)], &first), &added), net(&costs(&[(1, 110)]), &now));
    assert_eq!(difference(first.clone(), earlier(&first)).unwrap(), Outcome::default(), "nothing changed");
    let gone = difference(Outcome::default(), earlier(&first)).unwrap();
    assert_eq!((gone.pools[0].pool, parts(&gone)), (-101, vec![-51, -50]), "what is no longer there is taken back");
}

fn net_costs(before: &[(i32, i64)], outcome: &Outcome) -> Costs {
    let mut after = costs(before);
    for pool in &outcome.pools {
        pool.transfer.iter().for_each(|(block, units)| after.add(pool.currency, *block, *units).unwrap());
    }
    after
}
