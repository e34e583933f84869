//! Every refusal that the program knows is provoked by some test. A new code does not compile here until someone has named its test.

use std::path::Path;

use serde_json::json;
use tallybook::domain::allocation as rules;
use tallybook::domain::chart::{CenterKind, NameKind};
use tallybook::domain::ids::{AccountId, BlockId, EntryNumber, NameId};
use tallybook::domain::journal::{EntryDraft, EntryKind, MOST_POSTINGS, Posting, Side, View, decide};
use tallybook::domain::money::{Amount, Currency};
use tallybook::domain::period::{Day, PeriodStatus};
use tallybook::domain::rejection::{Code, Rejection};

use crate::harness::{Engine, charge, run};

/// The file of this folder whose tests provoke it.
#[expect(clippy::too_many_lines, reason = "a list, one code a line")]
fn provoked_in(code: Code) -> &'static str {
    match code {
        Code::MalformedJson
        | Code::UnknownField
        | Code::MissingField
        | Code::WrongType
        | Code::MoneyNotText
        | Code::TextTooLong
        | Code::TextInvalid
        | Code::QuantityNegative
        | Code::QuantityTooLarge
        | Code::QuantityInvalid
        | Code::NoUsage
        | Code::UsageInconsistent
        | Code::CachedAboveInput
        | Code::DateInvalid
        | Code::DateOutOfRange
        | Code::CurrencyUnknown
        | Code::AmountInvalid
        | Code::AmountTooPrecise
        | Code::AmountTooLarge
        | Code::AmountNegative
        | Code::DuplicateMeter
        | Code::DuplicateTag
        | Code::TooManyItems => "bad_charges.rs",
        Code::RangeInvalid
        | Code::PatternInvalid
        | Code::PerNotExact
        | Code::DiscountInvalid
        | Code::AccountUnknown
        | Code::CostCenterUnknown
        | Code::ParentInvalid
        | Code::AccountClassFixed
        | Code::ModelAliasUnknown
        | Code::PriceOverlap => "bad_masters.rs",
        Code::CursorInvalid | Code::PageTooLarge => "http_limits.rs",
        Code::IdempotencyConflict | Code::AtomicRefused => "idempotency.rs",
        Code::AllocationRuleInvalid
        | Code::AllocationPercentInvalid
        | Code::DriverZero
        | Code::DriverMissing
        | Code::DriverNegative
        | Code::DriverReserved
        | Code::FixedAmountsExceedPool
        | Code::ClosedLoop
        | Code::NothingToAllocate
        | Code::AllocationRuleUnknown
        | Code::AllocationRunNotFound
        | Code::ReceiverNotValid => "allocation/refusals.rs",
        Code::AllocationAlreadyRun
        | Code::LaterAllocationRun
        | Code::AllocationNotLive
        | Code::RuleNotApproved
        | Code::RuleAlreadyApproved
        | Code::EntryOfRun => "allocation/life.rs",
        // More parts than memory is made for: the pure floor counts them as it makes them.
        Code::TooManyAllocationLines => "rejections.rs",
        Code::AlreadyReversed | Code::ReversalOfReversal | Code::ReversalBeforeEntry | Code::LaterCorrection | Code::EntryNotFound => {
            "reversal.rs"
        }
        Code::TimeZoneUnknown | Code::FiscalYearStartInvalid | Code::TimeZoneFixed => "periods/zone.rs",
        Code::ThresholdInvalid | Code::ChecklistOpen => "periods/checklist.rs",
        Code::AsOfEntryUnknown => "reports.rs",
        Code::PeriodClosed
        | Code::PeriodLocked
        | Code::PeriodSoftClosed
        | Code::PeriodFuture
        | Code::EarlierPeriodOpen
        | Code::LaterPeriodClosed
        | Code::SamePerson
        | Code::ReopeningNotRequested
        | Code::NothingToReopen
        | Code::ReopeningRequested => "periods.rs",
        Code::ScenarioInvalid | Code::ModelNotPriced => "what_if.rs",
        Code::DimensionUnsupported => "measures/by_charge.rs",
        Code::LaborEntry | Code::HoursInvalid | Code::LaborRateInvalid | Code::HoursExceeded => "labor.rs",
        Code::RevenueInvalid | Code::RevenueReasonMissing | Code::RevenueEntry => "revenue.rs",
        Code::OutputInvalid | Code::OutputUnitInvalid | Code::OutputUnitUnknown | Code::OutputsExceeded => "outputs.rs",
        Code::PayrollInvalid | Code::PayrollEntry => "payroll.rs",
        Code::MarginTargetInvalid => "margin.rs",
        Code::ExpiryInvalid | Code::ProviderNotPrepaid | Code::CreditsExceeded | Code::ProviderUnknown => "prepaid.rs",
        Code::RateInvalid
        | Code::RateMissing
        | Code::ReportingCurrencyMissing
        | Code::ReportingCurrencyFixed
        | Code::CurrencyNotForeign
        | Code::SettlementExceedsOpen
        | Code::AccountNotSettled => "currencies.rs",
        Code::WriteOffInvalid
        | Code::JournalLimitInvalid
        | Code::DraftNotOpen
        | Code::DraftChanged
        | Code::NotThePreparer
        | Code::DraftNotFound
        | Code::JournalLimitExceeded
        | Code::ApproverLimitExceeded => "manual_journals.rs",
        Code::MarkupInvalid | Code::StandardRateInvalid | Code::RebillTermsInvalid | Code::NothingToPost | Code::StatementNotFound => {
            "chargeback/limits.rs"
        }
        Code::StatementNotOpen | Code::StatementChanged | Code::ShowbackNotPosted | Code::ChargebackEntry => "chargeback/life.rs",
        Code::StandardRateMissing => "chargeback.rs",
        Code::DutiesExcluded => "duties.rs",
        Code::ExportAnswerInvalid
        | Code::ExportTargetInvalid
        | Code::NothingToExport
        | Code::ExportCurrencyUnstated
        | Code::ExportTargetUnknown
        | Code::ExportBatchNotFound
        | Code::ExportLineUnknown
        | Code::ExportTooLarge
        | Code::ExportTextTooLong
        | Code::ExportAmountTooLarge => "export_batches.rs",
        Code::ExportBatchAnswered => "erp_client.rs",
        Code::EntryUnbalanced
        | Code::EntryTooFewPostings
        | Code::PostingNotPositive
        | Code::TooManyPostings
        | Code::RangeTooLarge
        | Code::LedgerOverflow
        | Code::NamesExhausted
        | Code::TooManyStatementLines => "rejections.rs",
    }
}

#[test]
fn every_code_is_named_by_the_tests_that_provoke_it() {
    for code in Code::ALL {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(provoked_in(*code));
        let source = std::fs::read_to_string(&file).unwrap();
        assert!(source.contains(&format!("\"{}\"", code.as_str())), "{} does not name {}", file.display(), code.as_str());
    }
}

fn posting(side: Side, units: i64) -> Posting {
    Posting { side, amount: Amount::from_units(units), currency: Currency::USD, block: BlockId(1) }
}

fn refusal_of(last_entry: i64, postings: &[Posting]) -> &'static str {
    let view = View {
        last_entry: EntryNumber(last_entry),
        last_block: BlockId(1),
        period: PeriodStatus::Open,
        first_open_day: Day(0),
        is_closer: false,
    };
    let draft = EntryDraft {
        kind: EntryKind::Charge,
        effective_on: Day(20_000),
        service_on: None,
        postings,
        charge: None,
        corrects: None,
        memo: None,
    };
    decide(&view, &draft).map_or_else(|rejection| rejection.code.as_str(), |_| "accepted")
}

/// A statement of more features than one holds: what is made of a month is asked itself.
#[test]
fn a_statement_of_too_many_lines_is_refused_not_cut() {
    use tallybook::domain::chargeback::{Assessed, Basis, Billed, Counts, MOST_LINES, MonthCost, Terms, Treatment, Usage, assess, compose};
    let month = tallybook::domain::period::Month::parse("2026-01").unwrap();
    let usage = |feature: usize| Usage {
        provider: None,
        model: None,
        feature: Some(format!("f{feature}")),
        day: month.first_day(),
        net: 1,
        counts: Counts::default(),
    };
    let composed = |features: usize| {
        let cost = MonthCost { usage: (0..features).map(usage).collect(), allocated: Vec::new() };
        let lines = assess(month, Currency::USD, &cost, Basis::Actual, &[]).unwrap();
        let terms = Terms {
            period: month,
            basis: Basis::Actual,
            showback: false,
            markup: tallybook::domain::money::Exact::ZERO,
            provider: tallybook::domain::ids::NameId(1),
            treatment: Treatment::Principal,
            receivable: tallybook::domain::ids::AccountId(0),
        };
        compose(&terms, Currency::USD, vec![Assessed { month, lines, billed: Billed::default() }])
    };
    assert_eq!(composed(MOST_LINES).unwrap().len(), MOST_LINES);
    assert_eq!(composed(MOST_LINES + 1).unwrap_err().code.as_str(), "TOO_MANY_STATEMENT_LINES");
}

/// No door lets anybody post by hand yet, so the gate is asked itself.
#[test]
fn the_gate_refuses_what_is_no_entry() {
    let pair = [posting(Side::Debit, 5), posting(Side::Credit, 5)];
    assert_eq!(refusal_of(0, &pair), "accepted");
    assert_eq!(refusal_of(0, &pair[..1]), "ENTRY_TOO_FEW_POSTINGS");
    assert_eq!(refusal_of(0, &[posting(Side::Debit, 5), posting(Side::Credit, 6)]), "ENTRY_UNBALANCED");
    assert_eq!(refusal_of(0, &[posting(Side::Debit, 0), posting(Side::Credit, 0)]), "POSTING_NOT_POSITIVE");
    assert_eq!(refusal_of(0, &pair.repeat(MOST_POSTINGS / 2 + 1)), "TOO_MANY_POSTINGS");
    assert_eq!(refusal_of(i64::MAX, &pair), "LEDGER_OVERFLOW");
}

/// Every code is account 1 and center 1.
struct OneOfAll;

impl rules::Directory for OneOfAll {
    fn account(&self, _: &str) -> Result<AccountId, Rejection> {
        Ok(AccountId(1))
    }

    fn center(&self, _: &rules::Center) -> Result<NameId, Rejection> {
        Ok(NameId(1))
    }

    fn name(&self, _: NameKind, _: &str) -> Option<NameId> {
        None
    }

    fn pooled_accounts(&self) -> std::collections::BTreeSet<AccountId> {
        [AccountId(1)].into()
    }
}

/// No books of a test have five million parts, so the pure floor is given a lower bound.
#[test]
fn a_run_of_too_many_lines_is_refused() {
    let receiver = |code| rules::Receiver { center: rules::Center::new(CenterKind::Team, code), weight: None };
    let terms = rules::RuleTerms {
        pool: rules::PoolFilter::default(),
        method: rules::Method::Even,
        receivers: vec![receiver("a"), receiver("b")],
        receiver_kind: None,
        residual: rules::Residual::Receivers,
        posting: rules::PostingMode::KeepAccount,
        when_zero: rules::WhenZero::Refuse,
        when_missing: rules::WhenMissing::Refuse,
        when_negative: rules::WhenNegative::Refuse,
        currency: None,
    };
    let (code, name) = ("even".to_owned(), "Even".to_owned());
    let rule = rules::AllocationRule { code, version: 1, name, order: 0, valid_from: Day(0), valid_to: None, terms };
    let refused = |most_parts| {
        let mut costs = rules::Costs::default();
        costs.add(Currency::USD, rules::block_of(AccountId(1), CenterKind::Team, NameId(2)), 10).unwrap();
        let input = rules::Input { rules: std::slice::from_ref(&rule), costs, drivers: &rules::Drivers::default(), most_parts };
        rules::allocate(input, &OneOfAll).map_or_else(|rejection| rejection.code.as_str(), |_| "accepted")
    };
    assert_eq!([refused(2), refused(1)], ["accepted", "TOO_MANY_ALLOCATION_LINES"]);
}

/// Names are for people and reports; who sends a new one with every call finds his cost under *other*, and nobody else's is lost.
#[test]
fn books_that_hold_all_names_they_can_take_no_new_one() {
    run(Engine::Sqlite, async |world| {
        let names = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
                     INSERT INTO interned_name (books_id, id, kind, name) SELECT 1, 1000 + i, 4, 'f' || i FROM n; UPDATE books_head SET last_name = 300000;";
        world.database.execute(names).await.unwrap();
        let receipts = world.record(&[charge("new").feature("one-more"), charge("known").feature("f7"), charge("none")]).await;
        assert_eq!(receipts[0]["status"], "RECORDED", "{}", receipts[0]);
        assert!(receipts[0]["note"].as_str().unwrap().contains("feature `one-more`"), "{}", receipts[0]);
        let entry = json!({ "source": "crm", "externalId": "r1", "earnedOn": "2026-01-05", "amount": "1", "currency": "USD", "feature": "two-more" });
        let refused = world.refusals("recordRevenue", "RecordRevenueInput", json!({ "entries": [entry] })).await;
        assert_eq!(refused[0]["code"], "NAMES_EXHAUSTED", "{refused}");
        assert_eq!((&receipts[1]["status"], &receipts[2]["status"]), (&json!("RECORDED"), &json!("RECORDED")));
        world.assert_verified().await;
    });
}

#[test]
fn a_report_of_too_many_rows_is_refused_not_cut() {
    run(Engine::Sqlite, async |world| {
        world.book(&[charge("c1").feature("answers")]).await;
        // Balances of 60,000 features: more than an answer takes.
        let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
                    INSERT INTO balance (books_id, grain, period, key_id, currency_id, debit, credit, charges, input_tokens, output_tokens, cache_read_tokens)
                    SELECT 1, 24, 672, 1000 + i, 0, 1, 0, 1, 0, 0, 0 FROM n";
        world.database.execute(rows).await.unwrap();
        let query = "{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [FEATURE]) { total { amount } } }";
        assert_eq!(world.graphql_error(&world.admin, query, json!({})).await, "RANGE_TOO_LARGE");
    });
}

on_both_engines!(a_balance_that_would_overflow_is_refused_and_nothing_is_written);

async fn a_balance_that_would_overflow_is_refused_and_nothing_is_written(world: crate::harness::World) {
    world.book(&[charge("c1")]).await;
    world.database.execute(&format!("UPDATE balance SET debit = {} WHERE debit > 0", i64::MAX - 10)).await.unwrap();
    let fresh = world.second_process().await;
    let answer = fresh.record_one(charge("c2")).await;
    assert_eq!(answer["status"], "REJECTED", "{answer}");
    assert_eq!(world.database.number("SELECT count(*) FROM charge").await, 1);
    assert_eq!(world.database.number("SELECT count(*) FROM journal_entry").await, 1);
}
