//! Where an export goes. A file appears under its name only when it is complete.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::app::export::Exported;

#[derive(Args)]
pub struct OutputArgs {
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) type Output = Box<dyn Write + Send>;

/// Opens the output, lets `write` write it, and says how much that was.
pub(super) async fn write_out(args: OutputArgs, write: impl AsyncFnOnce(Output) -> anyhow::Result<Exported>) -> anyhow::Result<()> {
    if let Some((path, exported)) = write_file(args, write).await? {
        println!("{} entries written to {}, through entry {}.", exported.entries, path.display(), exported.through);
    }
    Ok(())
}

/// Opens the output and lets `write` write it. Answers the path, unless that was standard output.
pub(super) async fn write_file<T>(
    args: OutputArgs,
    write: impl AsyncFnOnce(Output) -> anyhow::Result<T>,
) -> anyhow::Result<Option<(PathBuf, T)>> {
    let Some(path) = args.output else {
        write(Box::new(BufWriter::new(io::stdout()))).await?;
        return Ok(None);
    };
    let mut name = path.file_name().context("--output names no file")?.to_owned();
    name.push(".partial");
    let partial = path.with_file_name(name);
    let unwritable = || format!("{} cannot be written", path.display());
    let file = File::create(&partial).with_context(unwritable)?;
    let exported = write(Box::new(BufWriter::new(file.try_clone()?))).await;
    let exported = match exported {
        Ok(exported) => exported,
        Err(error) => {
            // Half a journal helps nobody.
            let _removed = std::fs::remove_file(&partial);
            return Err(error);
        }
    };
    file.sync_all().with_context(unwritable)?;
    std::fs::rename(&partial, &path).with_context(unwritable)?;
    Ok(Some((path, exported)))
}
