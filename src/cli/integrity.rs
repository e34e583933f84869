//! `tallybook checkpoint`, `proof` and `verify-export`: what an auditor keeps and checks.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::app::App;
use crate::app::auth::Actor;
use crate::app::integrity::{SigningKey, VerifierKey, check_export, integrity, prove_consistency, prove_inclusion, sign_checkpoint};
use crate::domain::integrity::{Hash, TreeHead};

#[derive(Subcommand)]
pub enum CheckpointCommand {
    /// Make a signing key: the key goes to the file, the verifier key that checks it to the standard output
    Keygen {
        /// The name under which checkpoints are signed, such as ledger.example.com/main
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Where the secret key goes; the file must not be there yet
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Sign the tree over the journal as of now, keep the checkpoint and print it
    Sign {
        /// The file that `keygen` wrote
        #[arg(long, value_name = "FILE", env = "TALLYBOOK_CHECKPOINT_KEY_FILE")]
        key_file: PathBuf,
    },
    /// Print the latest checkpoint
    Show,
}

#[derive(Subcommand)]
pub enum ProofCommand {
    /// That an entry is in the tree of a size
    Inclusion {
        #[arg(long, value_name = "NUMBER")]
        entry: i64,
        /// The number of entries of the checkpoint to lead to [default: all]
        #[arg(long, value_name = "NUMBER")]
        size: Option<i64>,
    },
    /// That the tree of one checkpoint begins with that of an earlier one
    Consistency {
        #[arg(long, value_name = "NUMBER")]
        from: i64,
        /// [default: all]
        #[arg(long, value_name = "NUMBER")]
        to: Option<i64>,
    },
}

#[derive(Args)]
pub struct VerifyExportArgs {
    /// A file of `tallybook export jsonl`
    #[arg(long, value_name = "FILE")]
    export: PathBuf,
    /// A checkpoint of the same books
    #[arg(long, value_name = "FILE")]
    checkpoint: PathBuf,
    /// The verifier key that `checkpoint keygen` printed
    #[arg(long, value_name = "KEY")]
    key: String,
}

/// Makes a key; no database is opened.
pub fn keygen(name: &str, output: &Path) -> Result<(), anyhow::Error> {
    use std::io::Write;
    let key = SigningKey::generate(name)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(output).map_err(|error| anyhow::anyhow!("{} cannot be made: {error}", output.display()))?;
    writeln!(file, "{}", key.to_text())?;
    println!("{}", key.verifier().to_text());
    Ok(())
}

pub async fn sign(key_file: &Path, app: &App, actor: &Actor) -> Result<(), anyhow::Error> {
    let text = std::fs::read_to_string(key_file).map_err(|error| anyhow::anyhow!("{} cannot be read: {error}", key_file.display()))?;
    print!("{}", sign_checkpoint(app, actor, SigningKey::parse(&text)?).await?);
    Ok(())
}

pub async fn show(app: &App, actor: &Actor) -> Result<(), anyhow::Error> {
    let integrity = integrity(app, actor).await?;
    if !integrity.is_signed {
        eprintln!("No checkpoint was signed yet; this is the tree of now, unsigned.");
    }
    print!("{}", integrity.checkpoint);
    Ok(())
}

pub async fn prove(command: ProofCommand, app: &App, actor: &Actor) -> Result<(), anyhow::Error> {
    let texts = |path: &[Hash]| path.iter().map(Hash::to_string).collect::<Vec<_>>();
    let proof = match command {
        ProofCommand::Inclusion { entry, size } => {
            let proof = prove_inclusion(app, actor, entry, size).await?;
            json!({
                "leafIndex": proof.leaf_index, "treeSize": proof.tree.size, "rootHash": proof.tree.root.to_string(),
                "leafHash": proof.leaf.to_string(), "canonical": proof.canonical, "path": texts(&proof.path),
            })
        }
        ProofCommand::Consistency { from, to } => {
            let proof = prove_consistency(app, actor, from, to).await?;
            json!({
                "fromSize": proof.first.size, "fromRootHash": proof.first.root.to_string(),
                "toSize": proof.second.size, "toRootHash": proof.second.root.to_string(), "path": texts(&proof.path),
            })
        }
    };
    println!("{proof}");
    Ok(())
}

/// Checks an export against a checkpoint. Opens no database: whoever runs it needs to trust neither it nor the service.
pub fn verify_export(args: &VerifyExportArgs) -> Result<ExitCode, anyhow::Error> {
    let unread = |path: &Path, error: std::io::Error| anyhow::anyhow!("{} cannot be read: {error}", path.display());
    let key = VerifierKey::parse(&args.key)?;
    let note = std::fs::read_to_string(&args.checkpoint).map_err(|error| unread(&args.checkpoint, error))?;
    let signed = key.open(&note)?;
    let file = std::fs::File::open(&args.export).map_err(|error| unread(&args.export, error))?;
    let check = check_export(BufReader::new(file), signed.size).map_err(|error| unread(&args.export, error))?;
    let mut faults = check.faults;
    let found = check.at_checkpoint.unwrap_or(TreeHead { size: check.tree.size, root: check.tree.root });
    if found.size < signed.size {
        faults.push(format!("the checkpoint was signed over {} entries, the file has {}", signed.size, found.size));
    } else if found != signed {
        faults.push(format!("the first {} entries are not those that the checkpoint was signed over", signed.size));
    }
    println!("signature holds: a tree of {} entries, root {}", signed.size, signed.root);
    println!("{} entries in the file, root {}", check.tree.size, check.tree.root);
    faults.iter().for_each(|fault| println!("    {fault}"));
    println!("{} faults", faults.len());
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(3) })
}
