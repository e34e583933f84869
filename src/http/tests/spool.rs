use bytes::Bytes;

use crate::http::receipt_spool::spool;

/// Receipts of different lengths, each recognisable.
fn pieces(count: usize) -> Vec<Bytes> {
    (0..count).map(|n| Bytes::from(format!("{n}:{}\n", "r".repeat(n * 31 % 900)))).collect()
}

async fn read_all(mut reader: crate::http::receipt_spool::SpoolReader) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(bytes) = reader.next().await.unwrap() {
        out.extend_from_slice(&bytes);
    }
    out
}

#[tokio::test]
async fn all_may_be_written_before_anything_is_read() {
    let (writer, reader) = spool(1_000);
    let pieces = pieces(2_000);
    for piece in &pieces {
        assert!(writer.push(piece.clone()).await);
    }
    drop(writer);
    assert!(read_all(reader).await == pieces.concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_holds_while_both_ends_move() {
    for memory_limit_bytes in [0, 1, 700, 50_000] {
        let (writer, reader) = spool(memory_limit_bytes);
        let pieces = pieces(3_000);
        let written = pieces.clone();
        let writing = tokio::spawn(async move {
            for (position, piece) in written.into_iter().enumerate() {
                assert!(writer.push(piece).await);
                if position % 97 == 0 {
                    tokio::task::yield_now().await;
                }
            }
        });
        assert!(read_all(reader).await == pieces.concat(), "with {memory_limit_bytes} bytes in memory");
        writing.await.unwrap();
    }
}

#[tokio::test]
async fn it_returns_to_memory_once_the_file_is_read() {
    let (writer, mut reader) = spool(10);
    for round in 0..50 {
        for part in ["first part", "second part", "third part"] {
            assert!(writer.push(Bytes::from(format!("{round} {part}"))).await);
        }
        let mut read = Vec::new();
        while read.len() < format!("{round} first part{round} second part{round} third part").len() {
            read.extend_from_slice(&reader.next().await.unwrap().unwrap());
        }
        assert_eq!(String::from_utf8(read).unwrap(), format!("{round} first part{round} second part{round} third part"));
    }
    drop(writer);
    assert_eq!(reader.next().await.unwrap(), None);
}

#[tokio::test]
async fn the_writer_learns_that_the_reader_is_gone() {
    let (writer, reader) = spool(10);
    assert!(writer.push(Bytes::from_static(b"a")).await);
    drop(reader);
    assert!(!writer.push(Bytes::from_static(b"b")).await);
    assert!(writer.is_reader_gone());
}

#[tokio::test]
async fn the_file_has_no_name() {
    let (writer, reader) = spool(1);
    for piece in pieces(100) {
        assert!(writer.push(piece).await);
    }
    let mine = format!("tallybook-receipts-{}-", std::process::id());
    // Another test of this process may be between creating and unlinking its own file: only a name that stays counts.
    let is_named = (0..1_000).all(|_| {
        let mut names = std::fs::read_dir(std::env::temp_dir()).unwrap().filter_map(Result::ok).map(|entry| entry.file_name());
        names.any(|name| name.to_string_lossy().starts_with(&mine))
    });
    assert!(!is_named);
    drop((writer, reader));
}
