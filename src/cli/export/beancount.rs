//! `tallybook export beancount`.

use super::output::{OutputArgs, write_out};
use crate::app::App;
use crate::app::auth::Actor;
use crate::app::export::{ExportFormat, export};

pub(super) async fn run(args: OutputArgs, app: &App, actor: &Actor) -> anyhow::Result<()> {
    write_out(args, async |file| Ok(export(app, actor, ExportFormat::Beancount, file).await?)).await
}
