//! Filing: the names of a charge become ids, and its dimensions coding blocks.

use super::prepare::Prepared;
use crate::app::AppError;
use crate::app::posting::{ChargeNames, OtherNames, Session, variant_text};
use crate::domain::chart::{CodingBlock, NameKind};
use crate::domain::ids::{AccountId, BlockId, NameId};
use crate::domain::rejection::{Code, Rejection};

/// The two coding blocks of a charge's entry.
pub struct ChargeBlocks {
    /// Bears the cost, with every dimension.
    pub debit: BlockId,
    /// What is owed or drawn down, by provider.
    pub credit: BlockId,
}

/// Where a charge belongs.
pub(super) struct Filed {
    pub blocks: ChargeBlocks,
    pub names: ChargeNames,
    /// The names that the books had no room for.
    pub other: OtherNames,
}

/// Finds or gives the ids of everything that a charge names.
///
/// # Errors
/// `ACCOUNT_UNKNOWN`.
pub(super) fn file(session: &mut Session, charge: &Prepared) -> Result<Filed, AppError> {
    let event = &charge.event;
    if charge.debit_account == AccountId(0) || charge.credit_account == AccountId(0) {
        return Err(Rejection::of(Code::AccountUnknown).into());
    }
    let mut other = OtherNames::default();
    let (source, is_other) = session.charge_name(NameKind::Source, &event.source, NameId::NONE)?;
    if is_other {
        other.insert(NameKind::Source, &event.source);
    }
    let mut named = |kind: NameKind, name: Option<&str>| {
        let Some(name) = name else { return Ok::<_, Rejection>(NameId::NONE) };
        let (id, is_other) = session.charge_name(kind, name, source)?;
        if is_other {
            other.insert(kind, name);
        }
        Ok(id)
    };
    let attribution = &charge.attribution;
    let variant = named(NameKind::Variant, variant_text(event).as_deref())?;
    let names = ChargeNames { source, api_key: named(NameKind::ApiKey, event.api_key.as_deref())?, variant };
    let debit = CodingBlock {
        account: charge.debit_account,
        team: attribution.team,
        project: attribution.project,
        client: attribution.client,
        feature: named(NameKind::Feature, attribution.feature.as_deref())?,
        provider: named(NameKind::Provider, Some(&event.provider))?,
        model: named(NameKind::Model, Some(&event.model))?,
        environment: named(NameKind::Environment, event.environment.as_deref())?,
    };
    let credit = credit_block(session, charge.credit_account, debit.provider);
    Ok(Filed { blocks: ChargeBlocks { debit: session.block(debit), credit }, names, other })
}

/// The block of what is owed to a provider.
pub fn credit_block(session: &mut Session, account: AccountId, provider: NameId) -> BlockId {
    let none = NameId::NONE;
    session.block(CodingBlock { account, team: none, project: none, client: none, feature: none, provider, model: none, environment: none })
}
