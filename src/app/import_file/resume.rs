//! The progress file beside the data: which file, which books, and where the next row begins.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ImportError, ImportRequest};
use crate::import::Position;

const SUFFIX: &str = ".tallybook-progress";
/// How much of the beginning tells one file from another: it survives copying and renaming, and a file that only grew stays itself.
const FINGERPRINT_BYTES: u64 = 64 * 1024;

#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    /// SHA-256 of the first 64 KiB of the file as it is stored, in hexadecimal.
    fingerprint: String,
    books: String,
    /// Where the next row begins, in bytes of the unpacked file.
    byte: u64,
    rows: u64,
}

/// An import that can be continued.
pub(super) struct Progress {
    path: PathBuf,
    fingerprint: String,
    books: String,
    position: Position,
}

impl Progress {
    /// Reads the progress file of a resumable import; `None` for another.
    pub(super) fn open(request: &ImportRequest, books: &str) -> Result<Option<Self>, ImportError> {
        if !request.is_resumable {
            return Ok(None);
        }
        let Some(file) = &request.file else {
            return Err(ImportError::Resume("--resume needs a file: what came from the standard input cannot be read again".to_owned()));
        };
        let failed = |path: &Path, cause| ImportError::File { path: path.display().to_string(), cause };
        let fingerprint = fingerprint(file).map_err(|cause| failed(file, cause))?;
        let mut path = file.clone().into_os_string();
        path.push(SUFFIX);
        let path = PathBuf::from(path);
        let position = match std::fs::read(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Position::default(),
            Err(cause) => return Err(failed(&path, cause)),
            Ok(text) => {
                let other = |why: &str| ImportError::Resume(format!("{} {why}. Remove it to import from the beginning", path.display()));
                let saved: Saved = serde_json::from_slice(&text).map_err(|_| other("is not a progress file"))?;
                if saved.fingerprint != fingerprint {
                    return Err(other("belongs to a file that began otherwise"));
                }
                if saved.books != books {
                    return Err(other(&format!("belongs to an import into the books `{}`", saved.books)));
                }
                Position { byte: saved.byte, rows: saved.rows }
            }
        };
        Ok(Some(Self { path, fingerprint, books: books.to_owned(), position }))
    }

    /// Where to begin.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Notes that everything before the position is durable. The file is replaced as a whole, so it is never half written.
    pub(super) fn save(&self, reached: Position) -> Result<(), ImportError> {
        let saved = Saved { fingerprint: self.fingerprint.clone(), books: self.books.clone(), byte: reached.byte, rows: reached.rows };
        let mut next = self.path.clone().into_os_string();
        next.push(".new");
        let written = serde_json::to_vec(&saved)
            .map_err(io::Error::other)
            .and_then(|text| std::fs::write(&next, text))
            .and_then(|()| std::fs::rename(&next, &self.path));
        written.map_err(|cause| ImportError::File { path: self.path.display().to_string(), cause })
    }

    /// The whole file is imported. A progress file that stays would only make a later import look for more.
    pub(super) fn finish(self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn fingerprint(file: &Path) -> io::Result<String> {
    let mut beginning = Vec::new();
    File::open(file)?.take(FINGERPRINT_BYTES).read_to_end(&mut beginning)?;
    Ok(Sha256::digest(&beginning).iter().map(|byte| format!("{byte:02x}")).collect())
}
