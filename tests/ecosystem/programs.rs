//! Where `scripts/ecosystem` put the programs.

use std::path::PathBuf;

const VARIABLE: &str = "TALLYBOOK_TEST_ECOSYSTEM";

fn home() -> PathBuf {
    let home = std::env::var_os(VARIABLE).map(PathBuf::from);
    home.unwrap_or_else(|| {
        panic!("{VARIABLE} is not set, and no test is skipped without a word: run `scripts/test`, which installs the programs and sets it")
    })
}

/// A program of the Python environment, which has Node.js too.
pub fn python(program: &str) -> PathBuf {
    home().join("python/bin").join(program)
}

/// The folder with the packages of npm.
pub fn node_packages() -> PathBuf {
    home().join("node")
}
