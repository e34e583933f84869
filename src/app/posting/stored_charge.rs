//! A stored charge in its current state, and the event it was made from: what corrections work on.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::session::{Session, narrow};
use crate::domain::attribution::Attribution;
use crate::domain::chart::{NameKind, OTHER_NAME};
use crate::domain::ids::{BlockId, ChargeNumber, EntryNumber, NameId};
use crate::domain::journal::EntryKind;
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::period::{Day, Moment};
use crate::domain::rating::meter_lines;
use crate::domain::usage::{Processing, UsageEvent};
use crate::store::StoreError;
use crate::store::ledger::{Cell, RowExt, Value};

/// Basis of a charge's cost, as stored.
pub mod basis {
    pub const UNPRICED: i64 = 0;
    pub const RATED: i64 = 1;
    pub const REPORTED: i64 = 2;
    pub const REVERSED: i64 = 3;
}

/// What a charge remembers of its attribution beyond the outcome: why a dimension is unattributed, and what the event itself said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default)]
    pub given: Given,
    /// The names as the charge brought them, of the kinds of which the books took no more.
    #[serde(default, skip_serializing_if = "OtherNames::is_empty")]
    pub other: OtherNames,
}

/// Names that a charge brought and the books had no room for, by the member that brought them: it is booked on *other* names instead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OtherNames(BTreeMap<String, String>);

impl OtherNames {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn insert(&mut self, kind: NameKind, name: &str) {
        self.0.insert(kind.as_str().to_owned(), name.to_owned());
    }

    pub fn remove(&mut self, kind: NameKind) {
        self.0.remove(kind.as_str());
    }

    pub fn of(&self, kind: NameKind) -> Option<&str> {
        self.0.get(kind.as_str()).map(String::as_str)
    }

    /// What a person is told; none when the books took every name.
    pub fn sentence(&self) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let names: Vec<String> = self.0.iter().map(|(kind, name)| format!("{kind} `{name}`")).collect();
        Some(format!(
            "booked on {OTHER_NAME} in place of {}: the books take no more names of the kind from this source. Send what varies per call as \
             endUser or a tag, or raise the limits of `names` in the configuration",
            names.join(", ")
        ))
    }
}

/// The event's own facts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
}

impl Note {
    /// Reads a stored note.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`].
    pub fn read(text: Option<&str>) -> Result<Self, StoreError> {
        text.map_or(Ok(Self::default()), |text| serde_json::from_str(text).map_err(|error| StoreError::corrupt(error.to_string())))
    }

    /// The stored note; none where the coding block says all there is to say.
    pub fn text(event: &UsageEvent, attribution: &Attribution, other: &OtherNames) -> Option<String> {
        if attribution.rule.is_none() && attribution.reason.is_none() && other.is_empty() {
            return None;
        }
        let given = Given {
            team: event.team.clone(),
            project: event.project.clone(),
            client: event.client.clone(),
            feature: event.feature.clone(),
        };
        serde_json::to_string(&Self { reason: attribution.reason.clone(), given, other: other.clone() }).ok()
    }
}

/// Processing, tier and region as one interned name; the standard variant has none.
pub fn variant_text(event: &UsageEvent) -> Option<String> {
    if event.processing == Processing::Standard && event.service_tier.is_none() && event.region.is_none() {
        return None;
    }
    Some(format!("{}|{}|{}", event.processing.as_str(), event.service_tier.as_deref().unwrap_or(""), event.region.as_deref().unwrap_or("")))
}

/// # Errors
/// [`StoreError::Corrupt`] when the currency was never given out.
pub fn money(amount: Option<i64>, currency: Option<i64>) -> Result<Option<Money>, StoreError> {
    let (Some(amount), Some(currency)) = (amount, currency) else { return Ok(None) };
    let currency =
        i16::try_from(currency).ok().and_then(Currency::from_id).ok_or_else(|| StoreError::corrupt(format!("currency {currency}")))?;
    Ok(Some(Amount::from_units(amount).with(currency)))
}

/// A charge as it stands after its latest revision.
pub struct StoredCharge {
    pub number: ChargeNumber,
    pub event: UsageEvent,
    /// The day of the call in the books' zone.
    pub day: Day,
    /// The day of the booking that stands: that of the call, unless that day's period was closed. A reversal brings the booking before it back.
    pub booked_on: Day,
    pub revision: i64,
    pub block: BlockId,
    pub rule: i64,
    pub note: Option<String>,
    pub meter_lines: String,
    pub basis: i64,
    pub cost: Option<Money>,
    pub entry: Option<EntryNumber>,
}

/// `{charges}` is the table of charges, named `c`.
const CURRENT: &str = "SELECT c.id, c.occurred_at, c.source_id, c.external_id, c.variant_id, c.api_key_id, c.end_user, c.tags, c.meter_lines, \
    c.reported_amount, c.reported_currency_id, c.note, c.block_id, COALESCE(r.revision, 0), COALESCE(r.block_id, c.block_id), COALESCE(r.rule_id, c.rule_id), \
    CASE WHEN r.revision IS NULL THEN c.note ELSE r.note END, COALESCE(r.meter_lines, c.meter_lines), COALESCE(r.basis, c.basis), \
    CASE WHEN r.revision IS NULL THEN c.amount ELSE r.amount END, CASE WHEN r.revision IS NULL THEN c.currency_id ELSE r.currency_id END, \
    CASE WHEN r.revision IS NULL THEN c.entry_number ELSE r.entry_number END, c.rule_id, \
    (SELECT l.effective_on FROM late_booking l WHERE l.books_id = c.books_id AND l.charge_id = c.id ORDER BY l.revision DESC LIMIT 1) \
    FROM {charges} LEFT JOIN charge_revision r ON r.books_id = c.books_id AND r.charge_id = c.id \
    AND r.revision = (SELECT max(x.revision) FROM charge_revision x WHERE x.books_id = c.books_id AND x.charge_id = c.id)";

/// Where the next revision of a charge is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booking {
    pub effective_on: Day,
    /// The day of the call, where the entry is of another period.
    pub service_on: Option<Day>,
}

impl Session {
    /// Where the program books a correction of a charge: where it was booked last, or on the first open day when that period is closed.
    pub(super) fn booking_of(&self, charge: &StoredCharge) -> Booking {
        let effective_on = self.booking_day(charge.booked_on);
        Booking { effective_on, service_on: (effective_on != charge.day).then_some(charge.day) }
    }

    /// Remembers the day on which the charge's next revision counts, when it is not that of the call.
    pub(super) fn count_on(&mut self, charge: &StoredCharge, day: Day) {
        if day != charge.day {
            self.batch.late.push((charge.number, charge.revision + 1, day));
        }
    }

    /// The charges that occurred in an hour.
    pub(super) fn stored_charges_of_hour(&mut self, hour: i64) -> Result<Vec<StoredCharge>, StoreError> {
        let charges = format!("charge c{}", self.ledger.by_index("charge_key"));
        self.stored_charges(&charges, "c.hour", hour)
    }

    pub(super) fn stored_charge_by_number(&mut self, number: ChargeNumber) -> Result<Option<StoredCharge>, StoreError> {
        Ok(self.stored_charges("charge c", "c.id", number.0)?.pop())
    }

    /// The charges of which the column has this value, in the order of their numbers.
    fn stored_charges(&mut self, table: &str, column: &str, value: i64) -> Result<Vec<StoredCharge>, StoreError> {
        let key = [Cell::Int(i64::from(self.books.0)), Cell::Int(value)];
        let current = CURRENT.replace("{charges}", table);
        let rows = self.ledger.rows(&format!("{current} WHERE c.books_id = $1 AND {column} = $2 ORDER BY c.id"), &key)?;
        let mut charges = rows.iter().map(|row| self.stored_charge(row)).collect::<Result<Vec<_>, _>>()?;
        // Only what was booked late and revised since can stand on another day than that of its latest late booking.
        if charges.iter().any(|charge| charge.revision > 0 && charge.booked_on != charge.day) {
            let standing = self.standing_days(table, column, &key)?;
            for charge in &mut charges {
                charge.booked_on = standing.get(&charge.number).copied().flatten().unwrap_or(charge.day);
            }
        }
        Ok(charges)
    }

    /// The day of each charge's booking that stands, where that is not the day of the call: followed from revision to revision, because
    /// a reversal brings back what stood before the entry that it undoes.
    fn standing_days(&mut self, table: &str, column: &str, key: &[Cell<'_>]) -> Result<HashMap<ChargeNumber, Option<Day>>, StoreError> {
        let late = "LEFT JOIN late_booking l ON l.books_id = c.books_id AND l.charge_id = c.id AND l.revision";
        let sql = format!(
            "SELECT c.id, CAST(0 AS BIGINT), CAST(1 AS BIGINT), c.entry_number, l.effective_on FROM {table} {late} = 0 \
             WHERE c.books_id = $1 AND {column} = $2 UNION ALL \
             SELECT c.id, r.revision, CAST(r.kind AS BIGINT), r.entry_number, l.effective_on FROM {table} \
             JOIN charge_revision r ON r.books_id = c.books_id AND r.charge_id = c.id {late} = r.revision \
             WHERE c.books_id = $1 AND {column} = $2 ORDER BY 1, 2"
        );
        let mut days = HashMap::new();
        // Entry and day of each state of one charge.
        let mut states: Vec<(Option<i64>, Option<Day>)> = Vec::new();
        for row in self.ledger.rows(&sql, key)? {
            if row.int(1)? == 0 {
                states.clear();
            }
            let (entry, late) = (row.int_or_none(3)?, row.int_or_none(4)?.map(narrow).transpose()?.map(Day));
            let before = states.last().copied().unwrap_or_default();
            let day = if row.int(2)? == i64::from(EntryKind::Reversal.id()) {
                // The entry undone is the one of the state before; what stood before that entry stands again.
                let undone = states.iter().position(|state| state.0 == before.0).unwrap_or(0);
                undone.checked_sub(1).and_then(|at| states.get(at)).and_then(|state| state.1)
            } else {
                late.or(before.1)
            };
            states.push((entry, day));
            days.insert(ChargeNumber(row.int(0)?), day);
        }
        Ok(days)
    }

    /// Hours in the half-open range that have charges.
    pub(super) fn hours_with_charges(&mut self, from: Moment, to: Moment) -> Result<Vec<i64>, StoreError> {
        let last = Moment(to.0.saturating_sub(1)).hour();
        let parameters = [Cell::Int(i64::from(self.books.0)), Cell::Int(i64::from(from.hour())), Cell::Int(i64::from(last))];
        let rows = self
            .ledger
            .rows("SELECT hour FROM charge_hour WHERE books_id = $1 AND hour >= $2 AND hour <= $3 ORDER BY hour", &parameters)?;
        rows.iter().map(|row| row.int(0)).collect()
    }

    fn stored_charge(&self, row: &[Value]) -> Result<StoredCharge, StoreError> {
        let cost = money(row.int_or_none(19)?, row.int_or_none(20)?)?;
        let event = self.event(row)?;
        let day = self.service_day(event.occurred_at);
        let booked_on = row.int_or_none(23)?.map(narrow).transpose()?.map_or(day, Day);
        Ok(StoredCharge {
            number: ChargeNumber(row.int(0)?),
            event,
            day,
            booked_on,
            revision: row.int(13)?,
            block: BlockId(narrow(row.int(14)?)?),
            rule: row.int(15)?,
            note: row.text_or_none(16)?.map(ToOwned::to_owned),
            meter_lines: row.text(17)?.to_owned(),
            basis: row.int(18)?,
            cost,
            entry: row.int_or_none(21)?.map(EntryNumber),
        })
    }

    fn name_of(&self, id: i64) -> Result<Option<String>, StoreError> {
        Ok(self.names.name(NameId(narrow(id)?)).map(ToOwned::to_owned))
    }

    /// The event as it came in: its own facts, not what rules made of them.
    fn event(&self, row: &[Value]) -> Result<UsageEvent, StoreError> {
        let block = BlockId(narrow(row.int(12)?)?);
        let coding = *self.names.coding(block).ok_or_else(|| StoreError::corrupt(format!("coding block {block}")))?;
        let required = |name: Option<String>| name.ok_or_else(|| StoreError::corrupt("a charge without its provider, model or source"));
        let lines = meter_lines::decode(row.text(8)?).ok_or_else(|| StoreError::corrupt("meter lines"))?;
        let note = row.text_or_none(11)?;
        let Note { given, other, .. } = Note::read(note)?;
        // What the charge brought, where it is booked on an *other* name.
        let named = |kind: NameKind, id: i64| other.of(kind).map_or_else(|| self.name_of(id), |name| Ok(Some(name.to_owned())));
        let variant = named(NameKind::Variant, row.int(4)?)?.unwrap_or_default();
        let mut variant = variant.split('|').map(|part| (!part.is_empty()).then(|| part.to_owned()));
        let processing = variant.next().flatten().and_then(|text| Processing::parse(&text)).unwrap_or(Processing::Standard);
        let given = match note {
            Some(_) => given,
            None => {
                let center = |id: NameId| self.masters().center_by_id(id).map(|center| center.code.clone());
                Given {
                    team: center(coding.team),
                    project: center(coding.project),
                    client: center(coding.client),
                    feature: self.name_of(i64::from(coding.feature.0))?,
                }
            }
        };
        let tags = row.text_or_none(7)?.map(serde_json::from_str).transpose().map_err(|error| StoreError::corrupt(error.to_string()))?;
        Ok(UsageEvent {
            source: required(named(NameKind::Source, row.int(2)?)?)?,
            external_id: row.text(3)?.to_owned(),
            occurred_at: Moment(row.int(1)?),
            provider: required(named(NameKind::Provider, i64::from(coding.provider.0))?)?,
            model: required(named(NameKind::Model, i64::from(coding.model.0))?)?,
            team: given.team,
            project: given.project,
            client: given.client,
            feature: given.feature,
            environment: named(NameKind::Environment, i64::from(coding.environment.0))?,
            api_key: named(NameKind::ApiKey, row.int(5)?)?,
            end_user: row.text_or_none(6)?.map(ToOwned::to_owned),
            processing,
            service_tier: variant.next().flatten(),
            region: variant.next().flatten(),
            tags: tags.unwrap_or_default(),
            quantities: meter_lines::quantities(&lines),
            reported_cost: money(row.int_or_none(9)?, row.int_or_none(10)?)?,
        })
    }
}
