use proptest::prelude::*;

use super::*;
use crate::domain::money::{Amount, Currency};

fn line(side: Side, units: i64, account: i32) -> DraftLine {
    DraftLine {
        side,
        money: Amount::from_units(units).with(Currency::USD),
        account: AccountId(account),
        team: NameId::NONE,
        project: NameId::NONE,
        client: NameId::NONE,
        feature: None,
    }
}

fn pair(units: i64) -> Vec<DraftLine> {
    vec![line(Side::Debit, units, 1), line(Side::Credit, units, 2)]
}

fn limit(account: Option<i32>, one_approver_up_to: Option<i64>, refused_above: Option<i64>) -> JournalLimit {
    JournalLimit { account: account.map(AccountId), currency: Currency::USD, one_approver_up_to, refused_above }
}

fn persons(subject: &str, acting_for: Option<&str>) -> Persons {
    Persons { subject: subject.to_owned(), acting_for: acting_for.map(ToOwned::to_owned) }
}

#[test]
fn every_step_is_allowed_where_it_belongs() {
    use DraftStatus::{Draft, PendingApproval, Rejected};
    let allowed = |step| DraftStatus::ALL.into_iter().filter(|status| status.allow(step).is_ok()).collect::<Vec<_>>();
    assert_eq!(allowed(Step::Edit), [Draft, PendingApproval, Rejected]);
    assert_eq!(allowed(Step::Submit), [Draft]);
    assert_eq!(allowed(Step::Decide), [PendingApproval]);
    assert_eq!(allowed(Step::Withdraw), [Draft, PendingApproval, Rejected]);
    assert!(DraftStatus::ALL.into_iter().all(|status| DraftStatus::from_id(status.id()) == Some(status)));
}

#[test]
fn amounts_decide_how_many_approve() {
    let limits =
        JournalLimits { entries: vec![limit(None, Some(100), Some(1_000)), limit(Some(2), None, Some(500))], approvers: Vec::new() };
    assert_eq!(limits.approvals_needed(&pair(100)), Ok(1));
    assert_eq!(limits.approvals_needed(&pair(101)), Ok(2));
    let refused = limits.approvals_needed(&pair(501)).unwrap_err();
    assert_eq!((refused.code, refused.path.join(".")), (Code::JournalLimitExceeded, "postings.1.amount".to_owned()));
    // Split over two lines of the account it is the same amount.
    let split = [line(Side::Debit, 501, 1), line(Side::Credit, 250, 2), line(Side::Credit, 251, 2)];
    assert_eq!(limits.approvals_needed(&split).unwrap_err().code, Code::JournalLimitExceeded);
    assert_eq!(JournalLimits::default().approvals_needed(&pair(i64::MAX)), Ok(1));
}

#[test]
fn an_approver_is_limited_by_his_own_line_or_everybodys() {
    let line = |approver: Option<&str>, up_to| ApproverLimit { approver: approver.map(ToOwned::to_owned), currency: Currency::USD, up_to };
    let limits = JournalLimits { entries: Vec::new(), approvers: vec![line(None, 100), line(Some("cara"), 1_000)] };
    let refusal =
        |subject, acting_for, units| limits.allow_approver(&persons(subject, acting_for), &pair(units)).err().map(|error| error.code);
    assert_eq!(refusal("ben", None, 100), None);
    assert_eq!(refusal("ben", None, 101), Some(Code::ApproverLimitExceeded));
    assert_eq!(refusal("cara", None, 1_000), None);
    assert_eq!(refusal("cara", Some("ben"), 101), Some(Code::ApproverLimitExceeded), "whoever acts for ben has ben's limit");
}

#[test]
fn persons_are_the_same_when_they_share_a_name() {
    assert!(persons("ana", None).share_one_with(&persons("ana", None)));
    assert!(persons("agent", Some("ana")).share_one_with(&persons("ana", None)));
    assert!(persons("agent", Some("ana")).share_one_with(&persons("agent", Some("ben"))));
    assert!(!persons("agent", Some("ana")).share_one_with(&persons("ben", Some("cara"))));
}

proptest! {
    #[test]
    fn a_larger_amount_never_needs_fewer_persons(one in 0_i64..1_000, most in 0_i64..2_000, small in 1_i64..2_500, more in 0_i64..500) {
        let limits = JournalLimits { entries: vec![limit(None, Some(one), Some(most))], approvers: Vec::new() };
        let rank = |units| limits.approvals_needed(&pair(units)).unwrap_or(3);
        prop_assert!(rank(small) <= rank(small + more));
    }
}
