//! Months of the program under test: closed and reopened as its doors do it, and read beside the oracle's.

use std::collections::BTreeMap;

use tallybook::app::auth::{Actor, Role};
use tallybook::app::periods::{self, CloseInput, ItemState, PeriodQuery, PeriodView, ReopenInput, ReviewInput, ThresholdsInput};
use tallybook::domain::period::PeriodStatus;

use super::books::{Books, refused};
use super::call::decimal;
use super::checklist::Limits;
use super::compare::{Outcome, equal};
use super::months::{Change, Month, Person, Standing};
use super::oracle::Oracle;

/// More months than any run has.
const PAGE: usize = 100;

/// A month as a reader of the books sees it.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    month: String,
    standing: Standing,
    through: Option<i64>,
    asked: Option<(String, String)>,
    stale: Vec<String>,
    changes: Vec<Change>,
}

fn standing(status: PeriodStatus) -> Standing {
    match status {
        PeriodStatus::Future => Standing::Future,
        PeriodStatus::Open => Standing::Open,
        PeriodStatus::SoftClosed => Standing::SoftClosed,
        PeriodStatus::Closed => Standing::Closed,
        PeriodStatus::Locked => Standing::Locked,
    }
}

impl Books {
    fn actor_of(&self, person: Person) -> Actor {
        let (subject, acting_for) = (person.name.to_owned(), person.acts_for.map(str::to_owned));
        Actor { subject, acting_for, roles: [Role::Closer].into_iter().collect(), ..self.actor.clone() }
    }

    pub async fn close(&self, person: Person, month: Month, to: Standing, reason: Option<&str>) -> Result<(), String> {
        let status = match to {
            Standing::SoftClosed => PeriodStatus::SoftClosed,
            Standing::Locked => PeriodStatus::Locked,
            _ => PeriodStatus::Closed,
        };
        let input = CloseInput { period: month.to_string(), status, accept_open_items: reason.map(str::to_owned) };
        refused(periods::close_period(&self.app, &self.actor_of(person), input).await).map(drop)
    }

    pub async fn ask_reopening(&self, person: Person, month: Month, reason: &str) -> Result<(), String> {
        let input = ReopenInput { period: month.to_string(), reason: reason.to_owned() };
        refused(periods::request_reopening(&self.app, &self.actor_of(person), input).await).map(drop)
    }

    pub async fn agree_reopening(&self, person: Person, month: Month, reason: &str) -> Result<(), String> {
        let input = ReopenInput { period: month.to_string(), reason: reason.to_owned() };
        refused(periods::approve_reopening(&self.app, &self.actor_of(person), input).await).map(drop)
    }

    pub async fn sign_off(&self, person: Person, month: Month) -> Result<(), String> {
        let input = ReviewInput { period: month.to_string(), note: "looked at".to_owned() };
        refused(periods::review_accruals(&self.app, &self.actor_of(person), input).await).map(drop)
    }

    pub async fn save_limits(&self, limits: Limits) {
        let input = ThresholdsInput {
            unpriced_charges: Some(i64::try_from(limits.unpriced).unwrap()),
            unattributed_percent: Some(decimal(limits.unattributed, 2)),
            feed_gap_days: Some(i64::from(limits.feed_gap)),
        };
        periods::save_close_thresholds(&self.app, &self.actor, input).await.unwrap();
    }
}

fn seen(view: PeriodView) -> Seen {
    let change = |change: periods::PeriodChange| Change {
        from: standing(change.from),
        to: standing(change.to),
        by: change.subject,
        asked_by: change.requested_by,
        reason: change.reason,
        last_entry: change.through_entry.0,
    };
    assert!(view.stale.iter().all(|mark| mark.kind == "ACCRUAL_REVIEW"), "nothing else is computed on a month");
    Seen {
        month: view.month.to_string(),
        standing: standing(view.status),
        through: view.through_entry.map(|entry| entry.0),
        asked: view.reopening_request.map(|request| (request.subject, request.reason)),
        stale: view.stale.into_iter().map(|mark| mark.object).collect(),
        changes: view.changes.into_iter().map(change).collect(),
    }
}

fn expected(oracle: &Oracle, month: Month) -> Seen {
    let history = oracle.months.histories.get(&month).cloned().unwrap_or_default();
    let stale = (1..).zip(&history.sign_offs).filter(|sign_off| sign_off.1.is_stale).map(|sign_off| i32::to_string(&sign_off.0));
    let mut stale: Vec<String> = stale.collect();
    stale.sort();
    Seen {
        month: month.to_string(),
        standing: oracle.months.standing(month, oracle.today()),
        through: history.through,
        asked: history.asked.map(|(person, reason)| (person.name.to_owned(), reason)),
        stale,
        changes: history.changes,
    }
}

/// The months from the first that has figures or was changed through that of today or the last one.
fn listed(oracle: &Oracle) -> Vec<Month> {
    let changed = oracle.months.histories.iter().filter(|history| !history.1.changes.is_empty()).map(|history| *history.0);
    let all: Vec<Month> = oracle.months_with_figures().into_iter().chain(changed).chain([oracle.today()]).collect();
    let (first, last) = (*all.iter().min().unwrap(), *all.iter().max().unwrap());
    std::iter::successors(Some(first), |month| Some(month.next())).take_while(|month| *month <= last).collect()
}

/// Every month, as it is listed.
pub async fn months(books: &Books, oracle: &Oracle) -> Outcome {
    let query = PeriodQuery { fiscal_year: None, after: None, first: PAGE };
    let page = periods::periods(&books.app, &books.actor, query).await.unwrap();
    let read: Vec<Seen> = page.items.into_iter().map(seen).collect();
    let expected: Vec<Seen> = listed(oracle).into_iter().map(|month| expected(oracle, month)).collect();
    equal("the list of months", &read, &expected)
}

/// The checklist of every month, and of the one after.
pub async fn checklists(books: &Books, oracle: &Oracle) -> Outcome {
    let mut months = listed(oracle);
    months.extend(months.last().map(|month| month.next()));
    let (mut read, mut expected) = (BTreeMap::new(), BTreeMap::new());
    for month in months {
        let list = periods::close_checklist(&books.app, &books.actor, &month.to_string()).await.unwrap();
        let open = list.items.into_iter().filter(|item| item.state == ItemState::Open).map(|item| item.code.as_str());
        read.insert(month, (standing(list.status), open.collect::<Vec<_>>()));
        expected.insert(month, (oracle.months.standing(month, oracle.today()), oracle.open_items(month)));
    }
    equal("the checklists", &read, &expected)
}
