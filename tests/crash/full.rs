//! A disk that is full: what was acknowledged stays, the rest is refused as temporary, and goes in once there is room.

use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use super::client::{Stream, stream};
use super::place::{Engine, Place};
use super::program::{Server, succeed, token, verify};
use super::stream::{Acknowledged, acknowledge, lines, state};

/// What a file may grow beyond that of new books: a few batches of charges, far fewer than all of them.
const ROOM: u64 = 4 << 20;
/// What `ulimit -f` counts in: 512 bytes in some shells, 1,024 in others. Twice the room is still too little for all charges.
const BLOCK: u64 = 512;
const CHARGES: usize = 60_000;
const BATCH: usize = 2_000;

fn send(server: &Server, token: &str, from: usize, to: usize) -> Stream {
    stream(server.address, token, &lines(from, to), (BATCH, Duration::ZERO), &AtomicUsize::new(0))
}

#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let place = Place::new(Engine::Sqlite);
    succeed(&place, &["migrate"]);
    let token = token(&place);
    let mut acknowledged = Acknowledged::new();
    let mut refused = 0;
    {
        // A file that may not grow is what a full disk looks like to the database: a write fails in the middle.
        // What the migrations wrote may still be in the log, which is then the larger file.
        let files = std::fs::read_dir(&place.folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
        let file = files.max().unwrap();
        let mut server = Server::start_limited(&place, (file + ROOM) / BLOCK);
        for from in (0..CHARGES).step_by(BATCH) {
            let answer = send(&server, &token, from, from + BATCH);
            refused += answer.receipts.iter().filter(|receipt| receipt["status"] == "REJECTED").count();
            acknowledge(&mut acknowledged, &answer);
        }
        server.process.kill();
    }
    assert!(refused > 0, "the limit was reached");
    assert!(!acknowledged.is_empty(), "before it, charges were recorded");
    verify(&place);
    let mut server = Server::start(&place);
    let answer = send(&server, &token, 0, CHARGES);
    acknowledge(&mut acknowledged, &answer);
    assert_eq!(acknowledged.len(), CHARGES);
    state(&server, &token);
    server.process.terminate();
    verify(&place);
}
