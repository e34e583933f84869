use super::*;
use crate::app::Clock;
use crate::app::auth::Role;
use crate::import::Position;

fn request(file: &std::path::Path, format: FileFormat) -> ImportRequest {
    ImportRequest { file: Some(file.to_owned()), format, default_source: Some("march".to_owned()), batch: 3, is_resumable: true }
}

fn lines(count: u32) -> String {
    (0..count).map(|id| format!("{{\"externalId\":\"{id}\"}}\n")).collect()
}

/// A directory of this test's own.
fn directory(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("tallybook-import-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

fn read(request: &ImportRequest, from: Position) -> (Vec<(u64, String)>, Position) {
    let (_, mut batches) = reader::start(request, from, Arc::default()).unwrap();
    let (mut read, mut reached) = (Vec::new(), from);
    while let Some(batch) = batches.blocking_recv() {
        let batch = batch.unwrap();
        assert!(batch.charges.len() <= request.batch);
        reached = batch.reached;
        for (charge, line) in batch.charges.into_iter().zip(batch.lines) {
            let draft = charge.draft.unwrap();
            assert_eq!(draft.source, "march");
            read.push((line, draft.external_id));
        }
    }
    (read, reached)
}

#[test]
fn plain_and_packed_files_read_the_same() {
    let directory = directory("packed");
    let plain = lines(10);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, plain.as_bytes()).unwrap();
    let packed = [plain.clone().into_bytes(), gzip.finish().unwrap(), zstd::encode_all(plain.as_bytes(), 1).unwrap()];
    for (name, bytes) in ["plain", "gz", "zst"].into_iter().zip(packed) {
        let file = directory.join(name);
        std::fs::write(&file, bytes).unwrap();
        let request = request(&file, FileFormat::Ndjson);
        let (all, reached) = read(&request, Position::default());
        assert_eq!(all.len(), 10, "{name}");
        assert_eq!(all.last().unwrap(), &(10, "9".to_owned()));
        assert_eq!(reached, Position { byte: u64::try_from(plain.len()).unwrap(), rows: 10 });
        let from = Position { byte: u64::try_from(lines(7).len()).unwrap(), rows: 7 };
        assert_eq!(read(&request, from).0.first().unwrap(), &(8, "7".to_owned()), "{name}");
    }
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn progress_is_kept_found_again_and_tied_to_its_file_and_books() {
    let directory = directory("progress");
    let file = directory.join("charges.ndjson");
    std::fs::write(&file, lines(10)).unwrap();
    let request = request(&file, FileFormat::Ndjson);
    let begun = Progress::open(&request, "main").unwrap().unwrap();
    assert_eq!(begun.position(), Position::default());
    let reached = Position { byte: 123, rows: 5 };
    begun.save(reached).unwrap();
    let found = Progress::open(&request, "main").unwrap().unwrap();
    assert_eq!(found.position(), reached);
    assert!(matches!(Progress::open(&request, "other"), Err(ImportError::Resume(_))));
    std::fs::write(&file, "another file").unwrap();
    assert!(matches!(Progress::open(&request, "main"), Err(ImportError::Resume(_))));
    found.finish();
    assert_eq!(Progress::open(&request, "main").unwrap().unwrap().position(), Position::default());
    assert!(Progress::open(&ImportRequest { file: None, ..request.clone() }, "main").is_err());
    assert!(Progress::open(&ImportRequest { is_resumable: false, ..request }, "main").unwrap().is_none());
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_file_that_is_not_there_or_no_charges_says_so() {
    let directory = directory("absent");
    let failed = |path: &str, format| {
        let request = request(&directory.join(path), format);
        match reader::start(&request, Position::default(), Arc::default()) {
            Err(error) => error.to_string(),
            Ok((_, mut batches)) => batches.blocking_recv().unwrap().err().unwrap().to_string(),
        }
    };
    assert!(failed("nothing.ndjson", FileFormat::Ndjson).contains("nothing.ndjson"));
    assert!(failed("", FileFormat::Ndjson).contains("directory"));
    std::fs::write(directory.join("a.csv"), "name,cost\n").unwrap();
    assert!(failed("a.csv", FileFormat::Csv { delimiter: None }).contains("the column `name` is not known"));
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn a_stopped_import_goes_on_where_it_was_and_nothing_is_recorded_twice() {
    let directory = directory("books");
    let file = directory.join("charges.ndjson");
    let line = |id: u32| match id {
        7 => "{oops\n".to_owned(),
        _ => format!(
            "{{\"externalId\":\"{id}\",\"occurredAt\":\"2026-11-01T00:00:00Z\",\"provider\":\"openai\",\"model\":\"gpt-4o\",\"usage\":{{\"inputTokens\":1}}}}\n"
        ),
    };
    std::fs::write(&file, (1..=10).map(line).collect::<String>()).unwrap();
    let request = request(&file, FileFormat::Ndjson);
    let clock = Clock::fixed("2026-11-23T10:00:00Z".parse().unwrap());
    let app = App::create(&format!("sqlite://{}", directory.join("books.db").display()), clock, "main").await.unwrap();
    let actor = Actor {
        subject: "ana".into(),
        issuer: "local".into(),
        books: "main".into(),
        roles: [Role::Ingest].into_iter().collect(),
        scope: None,
        expires_at: chrono::DateTime::<chrono::Utc>::MAX_UTC,
        token_id: None,
        acting_for: None,
        request_id: None,
    };
    // The stop comes while the first batch of three is written.
    let (asked, stop) = tokio::sync::oneshot::channel::<()>();
    let mut asked = Some(asked);
    let stopped = import_file(&app, &actor, &request, async { drop(stop.await) }, |_| {
        asked.take();
        Ok(())
    });
    let stopped = stopped.await.unwrap();
    assert!(stopped.was_stopped);
    assert_eq!(stopped.counts, ImportCounts { recorded: 3, ..ImportCounts::default() });

    let mut refused = Vec::new();
    let never = std::future::pending();
    let rest = import_file(&app, &actor, &request, never, |news| {
        refused.extend(news.rejected.iter().map(|line| line.line));
        Ok(())
    });
    let rest = rest.await.unwrap();
    assert_eq!((rest.rows_passed, rest.was_stopped), (3, false));
    assert_eq!(rest.counts, ImportCounts { recorded: 6, rejected: 1, ..ImportCounts::default() });
    assert_eq!(refused, [7]);

    let again = import_file(&app, &actor, &request, std::future::pending(), |_| Ok(())).await.unwrap();
    assert_eq!(again.counts, ImportCounts { replayed: 9, rejected: 1, ..ImportCounts::default() });
    std::fs::remove_dir_all(directory).unwrap();
}
