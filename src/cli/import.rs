//! `tallybook import`: charges from a file into the books, with progress, resume and a list of what was refused.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use crate::app::App;
use crate::app::Clock;
use crate::app::auth::Actor;
use crate::app::import_file::{FileFormat, ImportError, ImportNews, ImportRequest, ImportSummary, RejectedLine, import_file};
use crate::domain::rejection::{Code, Rejection};

/// Refused lines that are shown at the end; `--errors` writes them all.
pub(super) const MOST_SHOWN: usize = 20;
/// Between two lines of progress where there is no terminal.
const LINE_EVERY_SECONDS: i64 = 5;

#[derive(Args)]
pub struct ImportArgs {
    /// How the file is written
    #[arg(value_enum)]
    format: FormatName,
    /// The file, plain or packed with gzip or Zstandard; `-` reads the standard input
    file: PathBuf,
    /// The source of charges that name none
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Charges recorded together
    #[arg(long, value_name = "CHARGES", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,
    /// Keep FILE.tallybook-progress while importing, and continue where it says
    #[arg(long)]
    resume: bool,
    /// Write every refused line to this file, one JSON object a line (with --resume they are added to it)
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// What separates the cells of a CSV file, such as `;` or `tab`; found from its header when not given
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    separator: Option<u8>,
}

#[derive(Clone, Copy, ValueEnum)]
enum FormatName {
    /// One JSON object a line, with the field names of ChargeInput
    Ndjson,
    /// Columns with the field names of ChargeInput, usage flattened: inputTokens, meter:images, tag:NAME, reportedCost, reportedCurrency
    Csv,
}

pub(super) fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ if matches!(text, "tab" | "\\t") => Ok(b'\t'),
        _ => Err("give one character such as `;`, or the word `tab`".to_owned()),
    }
}

/// How an import ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportOutcome {
    Complete,
    /// Everything was read, and some lines were refused.
    SomeRefused,
    /// Stopped before the end.
    Stopped,
}

impl ImportOutcome {
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Complete => ExitCode::SUCCESS,
            Self::Stopped => ExitCode::FAILURE,
            Self::SomeRefused => ExitCode::from(3),
        }
    }
}

/// Imports one file and prints what became of its charges.
pub async fn run(args: ImportArgs, app: &App, actor: &Actor) -> anyhow::Result<ImportOutcome> {
    let format = match (args.format, args.separator) {
        (FormatName::Csv, delimiter) => FileFormat::Csv { delimiter },
        (FormatName::Ndjson, None) => FileFormat::Ndjson,
        (FormatName::Ndjson, Some(_)) => anyhow::bail!("--separator is for csv"),
    };
    let request = ImportRequest {
        file: (args.file != Path::new("-")).then(|| args.file.clone()),
        format,
        default_source: args.source.filter(|source| !source.is_empty()),
        batch: usize::try_from(args.batch)?,
        is_resumable: args.resume,
    };
    let mut errors = args.errors.as_deref().map(|path| error_list(path, args.resume)).transpose()?;
    let mut meter = Meter::begin(app.clock());
    let (mut shown, mut durable) = (Vec::new(), 0);
    let stop = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let imported = import_file(app, actor, &request, stop, |news| {
        for line in news.rejected {
            if shown.len() < MOST_SHOWN {
                shown.push(line.clone());
            }
            if let Some(errors) = &mut errors {
                write_error(errors, line)?;
            }
        }
        // What is durable may have its refused lines on disk too: a later failure must not lose them.
        if let Some(errors) = errors.as_mut().filter(|_| !news.rejected.is_empty()) {
            errors.flush()?;
        }
        durable = news.counts.charges();
        meter.show(&news);
        Ok(())
    })
    .await;
    meter.end();
    let summary = imported.map_err(|error| failure(error, durable))?;
    print_summary(&mut io::stdout(), &summary, &shown, &args.file, meter.millis())?;
    if request.default_source.is_none() && shown.iter().any(lacks_source) {
        println!("Lines that name no source get one with --source NAME.");
    }
    Ok(match summary {
        ImportSummary { was_stopped: true, .. } => ImportOutcome::Stopped,
        ImportSummary { counts, .. } if counts.rejected > 0 => ImportOutcome::SomeRefused,
        ImportSummary { .. } => ImportOutcome::Complete,
    })
}

/// What failed, and that trying again is safe once something was imported.
fn failure(error: ImportError, durable: u64) -> anyhow::Error {
    let again =
        format!("stopped after {} charges, which are durable; run the same command again, nothing is recorded twice", grouped(durable));
    match error {
        ImportError::App(error) => anyhow::Error::new(error).context(again),
        error if durable > 0 => anyhow::Error::new(error).context(again),
        error => error.into(),
    }
}

fn lacks_source(line: &RejectedLine) -> bool {
    line.rejection.code == Code::MissingField && line.rejection.path.first().is_some_and(|field| field == "source")
}

pub(super) fn error_list(path: &Path, is_resumed: bool) -> anyhow::Result<BufWriter<File>> {
    let opened = if is_resumed { File::options().create(true).append(true).open(path) } else { File::create(path) };
    Ok(BufWriter::new(opened.with_context(|| format!("cannot write {}", path.display()))?))
}

pub(super) fn write_error(errors: &mut impl Write, line: &RejectedLine) -> io::Result<()> {
    let error = serde_json::json!({
        "line": line.line,
        "externalId": line.external_id,
        "code": line.rejection.code.as_str(),
        "path": line.rejection.path,
        "message": line.rejection.message,
    });
    writeln!(errors, "{error}")
}

fn print_summary(out: &mut impl Write, summary: &ImportSummary, shown: &[RejectedLine], file: &Path, millis: i64) -> io::Result<()> {
    let counts = summary.counts;
    if summary.rows_passed > 0 {
        writeln!(out, "{} lines had been imported before and were passed over.", grouped(summary.rows_passed))?;
    }
    let charges = counts.charges();
    let seconds = format!("{}.{}", millis / 1_000, millis % 1_000 / 100);
    writeln!(out, "{} charges in {seconds} s, {} a second:", grouped(charges), grouped(per_second(charges, millis)))?;
    for (name, count) in
        [("recorded", counts.recorded), ("replayed", counts.replayed), ("unpriced", counts.unpriced), ("rejected", counts.rejected)]
    {
        writeln!(out, "  {name:<10}{:>14}", grouped(count))?;
    }
    print_refused(out, shown, counts.rejected, file)?;
    if counts.unpriced > 0 {
        writeln!(out, "Unpriced charges wait for a price: `tallybook prices set` saves it, `rerateCharges` (GraphQL) then books them.")?;
    }
    if summary.was_stopped {
        writeln!(out, "Stopped before the end of the file; what is counted above is durable. Run the same command again.")?;
    }
    Ok(())
}

/// The first refused lines, each with its place, and how many more there are.
pub(super) fn print_refused(out: &mut impl Write, shown: &[RejectedLine], rejected: u64, file: &Path) -> io::Result<()> {
    for line in shown {
        let of = line.external_id.as_deref().map(|id| format!(" ({id})")).unwrap_or_default();
        let Rejection { code, path, message } = &line.rejection;
        let at = if path.is_empty() { String::new() } else { format!(" at {}", path.join(".")) };
        writeln!(out, "  {}:{}{of}: {}{at}: {message}", file.display(), line.line, code.as_str())?;
    }
    let more = rejected.saturating_sub(u64::try_from(shown.len()).unwrap_or(0));
    if more > 0 {
        writeln!(out, "  and {} more; --errors FILE writes all of them", grouped(more))?;
    }
    Ok(())
}

/// Thousands apart: 1,234,567.
pub(super) fn grouped(number: impl ToString) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len().saturating_mul(2));
    for (position, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(position);
        if position > 0 && left % 3 == 0 && digit.is_ascii_digit() && !shown.ends_with('-') {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

fn per_second(charges: u64, millis: i64) -> u64 {
    charges.saturating_mul(1_000).checked_div(u64::try_from(millis).unwrap_or(0)).unwrap_or(charges)
}

/// The progress: a bar on a terminal, a line now and then elsewhere.
struct Meter<'a> {
    clock: &'a Clock,
    begun: DateTime<Utc>,
    last_line: DateTime<Utc>,
    bar: Option<ProgressBar>,
}

impl<'a> Meter<'a> {
    fn begin(clock: &'a Clock) -> Self {
        let begun = clock.now();
        let bar = io::stderr().is_terminal().then(ProgressBar::no_length);
        Self { clock, begun, last_line: begun, bar }
    }

    fn millis(&self) -> i64 {
        self.clock.now().signed_duration_since(self.begun).num_milliseconds()
    }

    fn show(&mut self, news: &ImportNews<'_>) {
        let charges = news.counts.charges();
        let told = format!("{} charges, {} a second", grouped(charges), grouped(per_second(charges, self.millis())));
        let told = if news.counts.rejected > 0 { format!("{told}, {} rejected", grouped(news.counts.rejected)) } else { told };
        if let Some(bar) = &self.bar {
            if bar.length().is_none() {
                let template = if news.bytes_total.is_some() { "{bar:30} {percent:>3}%  {msg}" } else { "{spinner} {msg}" };
                bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
                news.bytes_total.into_iter().for_each(|total| bar.set_length(total));
            }
            bar.set_position(news.bytes_read);
            bar.set_message(told);
            return;
        }
        let now = self.clock.now();
        if now.signed_duration_since(self.last_line).num_seconds() >= LINE_EVERY_SECONDS {
            self.last_line = now;
            eprintln!("{told}");
        }
    }

    fn end(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, shown) in [(0_i64, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567"), (-123_456, "-123,456")] {
            assert_eq!(grouped(number), shown);
        }
    }

    #[test]
    fn separators_are_one_character() {
        assert_eq!((delimiter(";"), delimiter("tab"), delimiter("\t")), (Ok(b';'), Ok(b'\t'), Ok(b'\t')));
        assert!(delimiter(",,").is_err() && delimiter("").is_err() && delimiter("a").is_err() && delimiter("\"").is_err());
    }

    #[test]
    fn the_summary_names_the_lines() {
        let rejection = Rejection::at(Code::WrongType, "team", "`team` takes another type than a number");
        let shown = [RejectedLine { line: 7, external_id: Some("call-7".into()), rejection }];
        let counts = crate::app::import_file::ImportCounts { recorded: 1_200, rejected: 2, ..Default::default() };
        let mut out = Vec::new();
        print_summary(&mut out, &ImportSummary { counts, rows_passed: 0, was_stopped: false }, &shown, Path::new("a.ndjson"), 2_000)
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("1,202 charges in 2.0 s, 601 a second"), "{text}");
        assert!(text.contains("a.ndjson:7 (call-7): WRONG_TYPE at team:") && text.contains("and 1 more"), "{text}");
        let mut line = Vec::new();
        write_error(&mut line, &shown[0]).unwrap();
        assert!(String::from_utf8(line).unwrap().contains(r#""line":7"#));
    }
}
