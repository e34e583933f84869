//! The program as a process of its own, ended with its guard.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::place::Place;

const SECRET: &str = "a secret of the crash tests, long enough";
const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];
const PATIENCE: Duration = Duration::from_secs(30);

pub fn command(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallybook"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TALLYBOOK_") || name == "DATABASE_URL") {
        command.env_remove(name);
    }
    command.args(arguments).args(["--database-url", &place.url]).current_dir(&place.folder).env("TALLYBOOK_JWT_SECRET", SECRET);
    command.stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run(place: &Place, arguments: &[&str]) -> Output {
    command(place, arguments).output().unwrap()
}

/// The output of a command that must succeed.
pub fn succeed(place: &Place, arguments: &[&str]) -> String {
    let output = run(place, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{arguments:?} failed:\n{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// A process that does not outlive its guard.
pub struct Guarded(pub Child);

impl Guarded {
    /// `kill -9`, and the end of the process.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Asks it to stop, and waits until it has.
    pub fn terminate(&mut self) {
        rustix::process::kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        let begin = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                assert!(status.success(), "a graceful end is a success: {status}");
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "the server did not stop within {PATIENCE:?} of SIGTERM");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub struct Server {
    pub process: Guarded,
    pub address: SocketAddr,
}

impl Server {
    /// Starts `serve` on a free port and reads its address from what it prints.
    pub fn start(place: &Place) -> Self {
        Self::serve(command(place, &SERVE))
    }

    /// The same where no file may have more than so many blocks; a write beyond them fails instead of ending the process.
    pub fn start_limited(place: &Place, blocks: u64) -> Self {
        let plain = command(place, &SERVE);
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]);
        limited.arg(plain.get_program()).args(plain.get_args()).current_dir(&place.folder).stdin(Stdio::null());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => limited.env(name, value),
                None => limited.env_remove(name),
            };
        }
        Self::serve(limited)
    }

    fn serve(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let process = Guarded(child);
        let mut printed = String::new();
        let address = loop {
            let Some(line) = lines.next() else { panic!("the server ended before it served:\n{printed}") };
            let line = line.unwrap();
            if let Some((_, rest)) = line.split_once("at http://") {
                break rest.trim_end_matches("/graphql").parse().unwrap();
            }
            printed.push_str(&line);
            printed.push('\n');
        };
        // What it logs is read to the end, so that it never waits for a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address }
    }
}

pub fn token(place: &Place) -> String {
    succeed(place, &["token", "--books", "main", "--role", "admin", "--subject", "crash"]).trim().to_owned()
}

/// Everything that must hold, holds.
pub fn verify(place: &Place) {
    succeed(place, &["verify"]);
}
