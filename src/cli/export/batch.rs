//! `tallybook export batch`.

use std::io::Write;

use clap::Args;

use super::output::{OutputArgs, write_file};
use crate::app::App;
use crate::app::auth::Actor;
use crate::app::export_batches::export_batch_number_file;

#[derive(Args)]
pub struct BatchArgs {
    /// Code of the target, such as netsuite
    #[arg(long, value_name = "CODE")]
    target: String,
    /// Number of the batch within the target
    #[arg(long, value_name = "N")]
    number: i64,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) async fn run(args: BatchArgs, app: &App, actor: &Actor) -> anyhow::Result<()> {
    let batch = export_batch_number_file(app, actor, args.target, args.number).await?;
    let written = write_file(args.output, async |mut file| Ok(file.write_all(&batch.bytes).and_then(|()| file.flush())?)).await?;
    if let Some((path, ())) = written {
        println!("{} written to {}.", batch.batch.external_number, path.display());
    }
    Ok(())
}
