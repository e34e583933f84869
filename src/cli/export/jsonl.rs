//! `tallybook export jsonl`.

use super::{ExportArgs, report, writer};
use crate::app::App;
use crate::app::auth::Actor;
use crate::app::integrity::export_jsonl;

pub async fn run(args: &ExportArgs, app: &App, actor: &Actor) -> Result<(), anyhow::Error> {
    let entries = export_jsonl(app, actor, writer(args.output.as_deref())?).await?;
    report(entries, args.output.as_deref());
    Ok(())
}
