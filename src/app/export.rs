//! Export of the complete journal, as of one moment, entry by entry.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use super::auth::{Actor, Permission};
use super::reports::access::Access;
use super::{App, AppError};
use crate::domain::chart::CodingBlock;
use crate::domain::ids::{BlockId, EntryNumber, NameId};
use crate::export::{Beancount, Csv, Dimensions, Entry, Heading, Hledger, JournalWriter, Posting};
use crate::store::StoreError;
use crate::store::journal::{EntryRow, JournalScan, PostingRow};

/// What another program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    Beancount,
    Hledger,
    Csv,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    pub through: EntryNumber,
    pub entries: u64,
}

/// Why an export ended early; what was written until then is no complete journal.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    App(#[from] AppError),
    #[error("the export cannot be written: {0}")]
    Unwritable(#[from] io::Error),
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

/// Writes every entry of the books. A token that is limited to cost centers is refused: a part of a journal does not balance.
///
/// # Errors
/// [`AppError::Forbidden`], a database failure, or what the output answers.
pub async fn export<W>(app: &App, actor: &Actor, format: ExportFormat, output: W) -> Result<Exported, ExportError>
where
    W: Write + Send + 'static,
{
    let access = Access::to(app, actor, Permission::Export).await?;
    if access.visible.is_some() {
        return Err(AppError::Forbidden(Permission::Export).into());
    }
    super::duties::begin_export(app, actor, format!("journal as {format:?}").to_lowercase()).await?;
    let (store, books, masters) = (access.store.clone(), access.books.clone(), access.masters.clone());
    let runtime = tokio::runtime::Handle::current();
    let work = move || {
        let mut scan = JournalScan::begin(&store, books.id(), runtime)?;
        let heading = Heading {
            books: books.code().to_owned(),
            through: scan.last_entry()?,
            accounts: masters.accounts.clone(),
            currencies: scan.currencies()?,
        };
        let centers = masters.centers.iter().map(|center| (center.id, Arc::from(center.code.as_str())));
        let names = scan.names()?.into_iter().map(|(id, name)| (id, Arc::from(name))).chain(centers).collect();
        let directory = Directory { blocks: scan.blocks()?, names };
        let exported = match format {
            ExportFormat::Beancount => write_all(&mut scan, &heading, &directory, Beancount::new(output)),
            ExportFormat::Hledger => write_all(&mut scan, &heading, &directory, Hledger::new(output)),
            ExportFormat::Csv => write_all(&mut scan, &heading, &directory, Csv::new(output)),
        };
        scan.end();
        exported
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Unavailable(error.to_string()))?
}

/// Coding blocks, and codes and names by their numbers.
struct Directory {
    blocks: HashMap<BlockId, CodingBlock>,
    names: HashMap<NameId, Arc<str>>,
}

fn write_all(
    scan: &mut JournalScan,
    heading: &Heading,
    directory: &Directory,
    mut writer: impl JournalWriter,
) -> Result<Exported, ExportError> {
    writer.begin(heading)?;
    let (mut last, mut entries) = (EntryNumber(0), 0);
    loop {
        let page = scan.page(last, heading.through)?;
        let Some((row, _)) = page.last() else { break };
        last = row.number;
        for (row, postings) in page {
            writer.entry(&entry(row, &postings, directory)?)?;
            entries += 1;
        }
    }
    if last != heading.through {
        return Err(StoreError::corrupt(format!("entry {} is missing: run `tallybook verify`", last.0 + 1)).into());
    }
    writer.end()?;
    Ok(Exported { through: heading.through, entries })
}

fn entry(row: EntryRow, postings: &[PostingRow], directory: &Directory) -> Result<Entry, StoreError> {
    let name = |id: NameId| directory.names.get(&id).cloned();
    let posting = |posting: &PostingRow| {
        let block = directory.blocks.get(&posting.block);
        let block = block.ok_or_else(|| StoreError::corrupt(format!("there is no coding block {}", posting.block)))?;
        let dimensions = Dimensions {
            team: name(block.team),
            project: name(block.project),
            client: name(block.client),
            feature: name(block.feature),
            provider: name(block.provider),
            model: name(block.model),
            environment: name(block.environment),
        };
        Ok(Posting { line: posting.line, side: posting.side, money: posting.money, account: block.account, dimensions })
    };
    let postings = postings.iter().map(posting).collect::<Result<_, StoreError>>()?;
    let EntryRow { number, kind, effective_on, service_on, recorded_at, charge, corrects, memo } = row;
    Ok(Entry { number, kind, effective_on, service_on, recorded_at, charge, corrects, memo, postings })
}
