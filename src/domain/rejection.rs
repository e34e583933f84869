//! The one numbered list of refusals.
//!
//! The hundreds digit is the stage at which a write is refused: 1 structural, 2 idempotency, 3 context, 4 references, 5 limits.
//! Numbers only grow and never return; `docs/ERRORS.md` is printed from this list.

use std::borrow::Cow;

macro_rules! codes {
    ($($variant:ident = $number:literal, $code:literal, $help:literal;)*) => {
        /// Why an input was refused: a stable number and an UPPER_SNAKE code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $help] $variant = $number,)* }

        impl Code {
            /// Every code, in the order of its number.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable UPPER_SNAKE text that clients match on.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            /// The stable number.
            pub const fn number(self) -> u16 {
                match self { $(Code::$variant => $number,)* }
            }

            /// What the caller does about it.
            pub const fn help(self) -> &'static str {
                match self { $(Code::$variant => $help,)* }
            }
        }
    };
}

codes! {
    MalformedJson = 101, "MALFORMED_JSON", "The line is not one JSON object. Send one object a line, UTF-8.";
    UnknownField = 102, "UNKNOWN_FIELD", "The field is not part of the input. Remove it or correct its name.";
    MissingField = 103, "MISSING_FIELD", "A required field is absent. Add it.";
    WrongType = 104, "WRONG_TYPE", "The value has another JSON type than the field takes.";
    MoneyNotText = 105, "MONEY_NOT_TEXT", "Money and decimals are sent as strings, such as \"2.50\"; a JSON number would lose digits.";
    TextTooLong = 106, "TEXT_TOO_LONG", "The text is longer than the field holds. Shorten it.";
    TextInvalid = 107, "TEXT_INVALID", "The text is empty or has control characters.";
    QuantityNegative = 108, "QUANTITY_NEGATIVE", "Quantities are not negative. Correct a charge by reversing it.";
    QuantityTooLarge = 109, "QUANTITY_TOO_LARGE", "The quantity is above what one charge can hold. Check its unit.";
    QuantityInvalid = 110, "QUANTITY_INVALID", "The quantity is not a number with at most six decimals, or is a fraction of a token.";
    NoUsage = 111, "NO_USAGE", "The charge has neither usage nor a reported cost. Send at least one.";
    UsageInconsistent = 112, "USAGE_INCONSISTENT", "The usage classes contradict each other.";
    CachedAboveInput = 113, "CACHED_ABOVE_INPUT", "Cached tokens exceed the input they are part of. Send the fresh tokens as inputTokens.";
    DateInvalid = 114, "DATE_INVALID", "The date is not in the form asked for: RFC 3339 for instants, YYYY-MM-DD for days, YYYY-MM for periods.";
    DateOutOfRange = 115, "DATE_OUT_OF_RANGE", "The date is further away than a charge can be: between 2015 and two days from now.";
    CurrencyUnknown = 116, "CURRENCY_UNKNOWN", "The currency is not an ISO 4217 code in use.";
    AmountInvalid = 117, "AMOUNT_INVALID", "The amount is not a decimal string such as \"12.50\".";
    AmountTooPrecise = 118, "AMOUNT_TOO_PRECISE", "The amount has more decimals than the ledger keeps for its currency.";
    AmountTooLarge = 119, "AMOUNT_TOO_LARGE", "The amount is above what one amount may be. Check its unit, or split it.";
    AmountNegative = 120, "AMOUNT_NEGATIVE", "Amounts are not negative; the side says the direction.";
    DuplicateMeter = 121, "DUPLICATE_METER", "The same meter is given twice. Add the quantities up.";
    DuplicateTag = 122, "DUPLICATE_TAG", "The same tag key is given twice. Keep one.";
    RangeInvalid = 123, "RANGE_INVALID", "The range is empty or reversed: `from` is included, `to` is excluded and later.";
    PatternInvalid = 124, "PATTERN_INVALID", "The pattern is not a glob of literal text and `*`.";
    CursorInvalid = 125, "CURSOR_INVALID", "The cursor is not one this connection gave out. Use an endCursor as it is, or none.";
    EntryUnbalanced = 131, "ENTRY_UNBALANCED", "Debits and credits differ in a currency.";
    EntryTooFewPostings = 132, "ENTRY_TOO_FEW_POSTINGS", "An entry has at least two postings.";
    PostingNotPositive = 133, "POSTING_NOT_POSITIVE", "The amount of a posting is above zero; the side says the direction.";
    PerNotExact = 134, "PER_NOT_EXACT", "`per` must be a product of twos and fives (1, 1000, 1000000, ...), so that every cost is an exact decimal.";
    DiscountInvalid = 135, "DISCOUNT_INVALID", "A discount is a percentage above 0 and at most 100.";
    TimeZoneUnknown = 141, "TIME_ZONE_UNKNOWN", "The time zone is not a name of the IANA database, such as Europe/Berlin.";
    FiscalYearStartInvalid = 142, "FISCAL_YEAR_START_INVALID", "The fiscal year begins in a month from 1 (January) to 12.";
    ThresholdInvalid = 143, "THRESHOLD_INVALID", "The threshold is below the least or above the most that it may be.";
    WriteOffInvalid = 144, "WRITE_OFF_INVALID", "A write-off takes an amount off an asset or a liability, against another account.";
    JournalLimitInvalid = 145, "JOURNAL_LIMIT_INVALID", "A limit names at least one amount, not below zero, and what needs a second approver is not refused already.";
    AsOfEntryUnknown = 149, "AS_OF_ENTRY_UNKNOWN", "The books have no entry of this number yet. Ask for the last one or an earlier one.";
    RateInvalid = 151, "RATE_INVALID", "A rate is a decimal above zero with at most twelve decimals and eighteen digits, between two different currencies.";
    ExpiryInvalid = 152, "EXPIRY_INVALID", "Credits do not expire before they begin. Correct `expiresOn`, the last day on which they can be used.";
    MarkupInvalid = 156, "MARKUP_INVALID", "A markup is from 0 to 1000 percent, with at most six decimals.";
    StandardRateInvalid = 157, "STANDARD_RATE_INVALID", "A standard rate is not below zero, for a meter it can count, and ends after it begins.";
    RebillTermsInvalid = 158, "REBILL_TERMS_INVALID", "A rebill goes to an asset account, such as 1150 or 1100.";
    ExportAnswerInvalid = 161, "EXPORT_ANSWER_INVALID", "Answer a batch with documentNumber and postedOn, or with the lines that were rejected and why, not with both.";
    ExportTargetInvalid = 162, "EXPORT_TARGET_INVALID", "The export target does not fit its format. Correct the field that the message names.";
    HoursInvalid = 171, "HOURS_INVALID", "Hours are a decimal with at most six decimals, not zero and at most 24. Hours below zero take earlier ones of the same person and day back.";
    LaborRateInvalid = 172, "LABOR_RATE_INVALID", "A labor rate is of a person, a role or both, is not below zero, and ends after it begins.";
    RevenueInvalid = 173, "REVENUE_INVALID", "The revenue states its amount in no way, in two, or in one that does not fit. Correct the field that the message names.";
    RevenueReasonMissing = 174, "REVENUE_REASON_MISSING", "Revenue below zero takes earlier revenue back, so it says why: fill `memo`.";
    OutputInvalid = 175, "OUTPUT_INVALID", "An output is a quantity other than zero with at most six decimals, and a value, if any, has its sign.";
    OutputUnitInvalid = 176, "OUTPUT_UNIT_INVALID", "The code of a unit is lower-case letters, digits and underscores, begins with a letter, and is not one of the standard ones.";
    PayrollInvalid = 177, "PAYROLL_INVALID", "Payroll is an amount other than zero, or paid hours, of a team and month; hours have at most six decimals.";
    MarginTargetInvalid = 181, "MARGIN_TARGET_INVALID", "A target is of one client, project, team or feature: a margin in percent, or the cost of a unit with its unit and currency; it ends after it begins.";
    AllocationRuleInvalid = 185, "ALLOCATION_RULE_INVALID", "The rule lacks something that its method needs, or has something that it does not take.";
    AllocationPercentInvalid = 186, "ALLOCATION_PERCENT_INVALID", "Percentages total 100, or less when the sender keeps the rest.";
    ScenarioInvalid = 191, "SCENARIO_INVALID", "The scenario lacks something that its change needs, or names a figure outside what the change takes.";
    DimensionUnsupported = 196, "DIMENSION_UNSUPPORTED", "This report reads balances, which are not kept by what only charges know. Use `spend`, or a dimension from PROVIDER to ACCOUNT.";
    IdempotencyConflict = 201, "IDEMPOTENCY_CONFLICT", "The key was used before with other content; the first one is kept. Use a new key, or send the first content.";
    AtomicRefused = 202, "ATOMIC_REFUSED", "Another charge of the atomic call was refused, so none was recorded.";
    AlreadyReversed = 301, "ALREADY_REVERSED", "The entry was reversed before; an entry is reversed once.";
    ReversalOfReversal = 302, "REVERSAL_OF_REVERSAL", "A reversal is not reversed. Post the right entry instead.";
    ReversalBeforeEntry = 303, "REVERSAL_BEFORE_ENTRY", "A reversal is not dated before the entry it mirrors.";
    LaterCorrection = 304, "LATER_CORRECTION", "A later entry corrects the same charge. Reverse the latest one first.";
    PeriodClosed = 311, "PERIOD_CLOSED", "The period is closed. Date the entry on an open day, or have the period reopened by two persons.";
    PeriodLocked = 312, "PERIOD_LOCKED", "The period is locked for ever. Date the entry on an open day.";
    PeriodSoftClosed = 313, "PERIOD_SOFT_CLOSED", "The period takes only adjusting entries of those who close periods. Date the entry on an open day.";
    PeriodFuture = 314, "PERIOD_FUTURE", "The period has not begun. Date the entry in a period that has.";
    EarlierPeriodOpen = 315, "EARLIER_PERIOD_OPEN", "An earlier period with entries is less closed. Close the periods in their order.";
    LaterPeriodClosed = 316, "LATER_PERIOD_CLOSED", "A later period is closed and begins with what this one ends with. Reopen the later one first.";
    ChecklistOpen = 317, "CHECKLIST_OPEN", "An item of the close checklist is open. Settle it, or give the reason in acceptOpenItems.";
    SamePerson = 318, "SAME_PERSON", "Another person must do this: nobody approves what they asked for themselves.";
    TimeZoneFixed = 319, "TIME_ZONE_FIXED", "The books hold charges, whose days would move. The time zone is set before the first charge.";
    DraftNotOpen = 322, "DRAFT_NOT_OPEN", "The draft is not in a state in which this can be done; its status says where it stands.";
    DraftChanged = 323, "DRAFT_CHANGED", "The draft was changed since you read it. Read it again, then decide with its new contentHash.";
    NotThePreparer = 324, "NOT_THE_PREPARER", "A draft is edited, submitted and withdrawn by the person who prepared it.";
    DutiesExcluded = 325, "DUTIES_EXCLUDED", "You did something that excludes this duty in these books. Another person has to do it.";
    ProviderNotPrepaid = 331, "PROVIDER_NOT_PREPAID", "The provider's usage does not draw credits down. Save the provider as PREPAID first.";
    CreditsExceeded = 332, "CREDITS_EXCEEDED", "The amount is more than the granted credits that are left, or than the usage they can be applied to.";
    RateMissing = 333, "RATE_MISSING", "No exchange rate is recent enough for a day. Save one for that day or shortly before.";
    ReportingCurrencyMissing = 334, "REPORTING_CURRENCY_MISSING", "The books have no reporting currency. Set it with setReportingCurrency first.";
    ReportingCurrencyFixed = 335, "REPORTING_CURRENCY_FIXED", "Exchange differences were booked in the reporting currency, so it no longer changes. Open other books.";
    CurrencyNotForeign = 336, "CURRENCY_NOT_FOREIGN", "A foreign item is in another currency than the reporting currency, and is paid in the reporting currency.";
    SettlementExceedsOpen = 337, "SETTLEMENT_EXCEEDS_OPEN", "The amount is more than what is owed to the provider in that account and currency.";
    StatementNotOpen = 351, "STATEMENT_NOT_OPEN", "The statement is not in a state in which this can be done; its status says where it stands.";
    StatementChanged = 352, "STATEMENT_CHANGED", "What the statement charges changed since it was drafted or read. Draft the period again, then approve the new statement.";
    ShowbackNotPosted = 353, "SHOWBACK_NOT_POSTED", "Showback only reports and is never posted. Draft without showback to charge.";
    NothingToPost = 354, "NOTHING_TO_POST", "The period has no approved statement. Draft it and have the drafts approved first.";
    ChargebackEntry = 355, "CHARGEBACK_ENTRY", "The entry is of a chargeback statement. Send reverseChargeback, which reverses both.";
    NothingToExport = 361, "NOTHING_TO_EXPORT", "Every entry of the period is in a live batch of the target already. Nothing was made.";
    ExportBatchAnswered = 362, "EXPORT_BATCH_ANSWERED", "The batch was answered before in another way; an answer is given once. Make another batch for what changed.";
    ExportCurrencyUnstated = 363, "EXPORT_CURRENCY_UNSTATED", "The format books in the system's own currency only. Save the target with that currency, and export entries of no other.";
    LaborEntry = 371, "LABOR_ENTRY", "The entry is of hours that were worked. Take them back with a time entry of hours below zero.";
    RevenueEntry = 372, "REVENUE_ENTRY", "The entry is of recorded revenue. Take it back with revenue below zero and a memo that says why.";
    PayrollEntry = 373, "PAYROLL_ENTRY", "The entry is of payroll or of its true-up. Record payroll below zero, then run trueUpLabor again.";
    DriverZero = 381, "DRIVER_ZERO", "There is nothing to spread by: every weight is zero. Correct the driver, or let the rule say what then.";
    DriverMissing = 382, "DRIVER_MISSING", "A receiver that the rule names has no value of the driver. Record it, or let the rule take it as zero.";
    DriverNegative = 383, "DRIVER_NEGATIVE", "A driver is below zero. Correct it, or let the rule take it as zero.";
    FixedAmountsExceedPool = 384, "FIXED_AMOUNTS_EXCEED_POOL", "The fixed amounts are more than the pool holds. Lower them in a new version of the rule.";
    ClosedLoop = 385, "CLOSED_LOOP", "Service centers pass their cost round among themselves. Give at least one of them an operating receiver.";
    AllocationAlreadyRun = 386, "ALLOCATION_ALREADY_RUN", "A rule has a live run in the period. Reverse it, or run with mode RERUN or INCREMENT.";
    LaterAllocationRun = 387, "LATER_ALLOCATION_RUN", "A later run of the period saw the results of this one. Reverse the later run first.";
    AllocationNotLive = 388, "ALLOCATION_NOT_LIVE", "The rules have no live run in the period to add to, or the run was reversed before.";
    NothingToAllocate = 389, "NOTHING_TO_ALLOCATE", "Nothing is in any pool of the rules, or nothing changed since the run.";
    RuleNotApproved = 391, "RULE_NOT_APPROVED", "In these books another person approves a rule before it runs. Send approveAllocationRule.";
    RuleAlreadyApproved = 392, "RULE_ALREADY_APPROVED", "The version was approved before; it never changes.";
    EntryOfRun = 393, "ENTRY_OF_RUN", "The entry belongs to an allocation run. Reverse the run with reverseAllocationRun.";
    EntryNotFound = 401, "ENTRY_NOT_FOUND", "These books have no entry of that number.";
    AccountUnknown = 402, "ACCOUNT_UNKNOWN", "The chart of accounts has no such code. Save the account first.";
    CostCenterUnknown = 403, "COST_CENTER_UNKNOWN", "These books have no such cost center. Save it first.";
    ParentInvalid = 404, "PARENT_INVALID", "The parent is unknown, of another kind, or below its own child.";
    AccountClassFixed = 405, "ACCOUNT_CLASS_FIXED", "The class of an account with postings does not change. Open another account.";
    PriceOverlap = 406, "PRICE_OVERLAP", "Two prices of the same call apply at the same time with different amounts.";
    ReopeningNotRequested = 411, "REOPENING_NOT_REQUESTED", "Nobody asked for this period to be reopened since it was closed. Send requestReopening first.";
    NothingToReopen = 412, "NOTHING_TO_REOPEN", "The period is not closed, so there is nothing to reopen.";
    ReopeningRequested = 413, "REOPENING_REQUESTED", "Another person asked for the reopening already. Send approveReopening.";
    DraftNotFound = 421, "DRAFT_NOT_FOUND", "These books have no journal draft of that id.";
    ProviderUnknown = 441, "PROVIDER_UNKNOWN", "These books have no charges and no credits of that provider. Check its name.";
    AccountNotSettled = 442, "ACCOUNT_NOT_SETTLED", "Only what is owed is settled: account 2000 (payable) or 2100 (accrued usage).";
    StatementNotFound = 451, "STATEMENT_NOT_FOUND", "These books have no chargeback statement of that number.";
    StandardRateMissing = 452, "STANDARD_RATE_MISSING", "Usage of the period has no standard rate. Save one that covers it.";
    ExportTargetUnknown = 461, "EXPORT_TARGET_UNKNOWN", "These books have no export target of that code. See exportTargets, or save one with saveExportTargets.";
    ExportBatchNotFound = 462, "EXPORT_BATCH_NOT_FOUND", "These books have no export batch of that id.";
    ExportLineUnknown = 463, "EXPORT_LINE_UNKNOWN", "The batch has no line of that number, or it is named twice.";
    OutputUnitUnknown = 471, "OUTPUT_UNIT_UNKNOWN", "These books count no such unit. Use a known one, or save it with saveOutputUnits.";
    AllocationRuleUnknown = 481, "ALLOCATION_RULE_UNKNOWN", "These books have no such allocation rule in force in the period. Save one, or correct its code.";
    AllocationRunNotFound = 482, "ALLOCATION_RUN_NOT_FOUND", "These books have no allocation run of that id.";
    ReceiverNotValid = 483, "RECEIVER_NOT_VALID", "The cost center takes no cost on the posting date. Take it out of the rule, or extend its validity.";
    DriverReserved = 484, "DRIVER_RESERVED", "The books compute this driver themselves, so it is not recorded. Choose another name.";
    ModelNotPriced = 491, "MODEL_NOT_PRICED", "The price book has no price of that model of that provider. Save one, or correct the name.";
    ModelAliasUnknown = 492, "MODEL_ALIAS_UNKNOWN", "These books have no such alias of that provider. See modelAliases for those there are.";
    TooManyItems = 501, "TOO_MANY_ITEMS", "The list is longer than one call takes. Split it.";
    TooManyPostings = 502, "TOO_MANY_POSTINGS", "The entry has more postings than one entry takes. Split it at a balanced boundary.";
    PageTooLarge = 503, "PAGE_TOO_LARGE", "`first` is above the largest page. Ask for fewer and follow endCursor.";
    RangeTooLarge = 504, "RANGE_TOO_LARGE", "The range has too many rows for one answer. Narrow the dates or group by fewer dimensions.";
    LedgerOverflow = 505, "LEDGER_OVERFLOW", "A balance would move more than it holds, debits and credits together. Nothing of the item was written. Check the amount, its unit and its month; corrections have room of their own.";
    NamesExhausted = 506, "NAMES_EXHAUSTED", "These books take no more names of this kind from commands; charges go on under the name (other). Use a name that is there, or raise names.per_kind in the configuration.";
    JournalLimitExceeded = 511, "JOURNAL_LIMIT_EXCEEDED", "The amount is above the largest that is posted by hand to this account. Split it, or have the limit changed.";
    ApproverLimitExceeded = 512, "APPROVER_LIMIT_EXCEEDED", "The entry is above the largest amount that you may approve. A person with a higher limit has to approve it.";
    TooManyStatementLines = 516, "TOO_MANY_STATEMENT_LINES", "The draft has more statements, or a statement more lines, than it holds.";
    ExportTooLarge = 521, "EXPORT_TOO_LARGE", "The batch has more lines or documents than one batch takes. Export fewer dimensions, or fewer kinds at a time.";
    ExportTextTooLong = 522, "EXPORT_TEXT_TOO_LONG", "A text is longer than the format's field. Map it to a shorter one in the target.";
    ExportAmountTooLarge = 523, "EXPORT_AMOUNT_TOO_LARGE", "An amount has more digits than the format's field. Export more dimensions, so that amounts are smaller.";
    HoursExceeded = 531, "HOURS_EXCEEDED", "The hours of one person on one day are between 0 and 24, all entries together. Correct the hours, the person or the day.";
    OutputsExceeded = 532, "OUTPUTS_EXCEEDED", "More outputs would be taken back than were recorded of that unit, day and centers. Correct the quantity, the day or the centers.";
    TooManyAllocationLines = 541, "TOO_MANY_ALLOCATION_LINES", "The run would have more lines than one run takes. Run fewer rules at once.";
}

/// One refusal: its code, the path of the field, and a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} at {}: {message}", code.as_str(), path.join("."))]
pub struct Rejection {
    pub code: Code,
    /// Field names and list positions from the input's root, such as `["usage", "other", "0", "quantity"]`.
    pub path: Vec<Cow<'static, str>>,
    pub message: String,
}

impl Rejection {
    /// A refusal of the field with this name, with its own sentence.
    pub fn at(code: Code, field: &'static str, message: impl Into<String>) -> Self {
        Self { code, path: vec![Cow::Borrowed(field)], message: message.into() }
    }

    /// A refusal of the whole input, explained by the code's standing sentence.
    pub fn of(code: Code) -> Self {
        Self { code, path: Vec::new(), message: code.help().to_owned() }
    }

    /// The same refusal seen from one level further out.
    #[must_use]
    pub fn under(mut self, segment: impl Into<Cow<'static, str>>) -> Self {
        self.path.insert(0, segment.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn numbers_and_codes_are_unique_and_ordered() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].number() < pair[1].number(), "{:?} before {:?}", pair[0], pair[1]);
        }
        let codes: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
    }
}
