//! `tallybook export jsonl`.

use super::output::{OutputArgs, write_out};
use crate::app::App;
use crate::app::auth::Actor;
use crate::app::export::Exported;
use crate::app::integrity::export_jsonl;
use crate::domain::ids::EntryNumber;

pub(super) async fn run(args: OutputArgs, app: &App, actor: &Actor) -> anyhow::Result<()> {
    write_out(args, async |file| {
        let entries = export_jsonl(app, actor, file).await?;
        Ok(Exported { entries, through: EntryNumber(i64::try_from(entries)?) })
    })
    .await
}
