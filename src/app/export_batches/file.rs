//! A batch as the file that its system takes. Whoever may deliver batches has delivered one by taking its file.

use super::content::written;
use super::deliver::{DeliverInput, deliver_in_tx};
use super::targets::format_of;
use crate::app::auth::{Actor, Permission};
use crate::app::duties;
use crate::app::posting::Session;
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::period::Moment;
use crate::export::erp;
use crate::store::export_batch::{BatchFilter, BatchRow, batch_list, line_list, target_at};

/// A file and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchFile {
    pub batch: BatchRow,
    pub name: String,
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// Which batch is taken out.
enum Which {
    Id(i64),
    Number(String, i64),
}

/// The file of the batch of an id. The same batch always gives the same bytes.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`], `DUTIES_EXCLUDED`, or a database failure.
pub async fn export_batch_file(app: &App, actor: &Actor, id: i64) -> Result<BatchFile, AppError> {
    file(app, actor, Which::Id(id)).await
}

/// The file of the batch of this number of a target.
///
/// # Errors
/// As [`export_batch_file`].
pub async fn export_batch_number_file(app: &App, actor: &Actor, target: String, number: i64) -> Result<BatchFile, AppError> {
    file(app, actor, Which::Number(target, number)).await
}

async fn file(app: &App, actor: &Actor, which: Which) -> Result<BatchFile, AppError> {
    let file = reading(app, actor, Permission::Export, move |ledger, books, masters| {
        let filter = match &which {
            Which::Id(id) => BatchFilter::Id(*id),
            Which::Number(target, number) => BatchFilter::Number(target, *number),
        };
        let batch = batch_list(ledger, books, filter)?.pop().ok_or(AppError::NotFound("the export batch"))?;
        let target = target_at(ledger, books, batch.target_id, batch.target_version)?.target;
        let lines = line_list(ledger, books, batch.id)?;
        let format = format_of(&target)?;
        let bytes = erp::write(format, &written(masters, &batch, &target, &lines)?)?;
        let name = format.file_name(&batch.target, &batch.external_number);
        Ok(BatchFile { batch, name, content_type: format.content_type.as_str(), bytes })
    })
    .await?;
    duties::begin_export(app, actor, format!("export batch {} {}", file.batch.target, file.batch.number)).await?;
    if actor.may(Permission::DeliverExports) {
        let books = app.books(actor).await?;
        let input = DeliverInput { id: file.batch.id, channel: "file".to_owned(), is_delivered: true, note: Some(file.name.clone()) };
        let delivering = actor.clone();
        let work = move |session: &mut Session| deliver_in_tx(session, &delivering, input);
        books.desk().run(Moment::from_instant(app.clock().now()), work).await?;
    }
    Ok(file)
}
