//! `osteon study audit`: who did what when, over every journal of a study; a tampered one is named.

use super::output::{counted, is_stdout, require_target};
use crate::io::Draft;
use crate::study::{AuditEntry, AuditFilter, ScoreFile, Study};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use std::collections::BTreeSet;
use std::io::{BufWriter, ErrorKind, Stdout, Write};
use std::path::{Path, PathBuf};

/// Most readers or exams that an error lists.
const MOST_NAMED: usize = 12;

/// What `osteon study audit` takes.
#[derive(Args, Clone, Debug)]
pub struct AuditArgs {
    /// Folder of the study
    pub dir: PathBuf,
    /// Only this reader's journals
    #[arg(long)]
    pub reader: Option<String>,
    /// Only this exam's journals
    #[arg(long)]
    pub exam: Option<String>,
    /// Write every row as CSV (- = standard output)
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write every row as JSON (- = standard output)
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// # Errors
/// One sentence, if a journal is not what was written, or a file cannot be written.
pub fn run(args: &AuditArgs) -> Result<()> {
    let study = Study::look(&args.dir)?;
    require_known(&study, args)?;
    args.csv.as_deref().map_or(Ok(()), |path| require_target(path, args.json.as_deref()))?;
    args.json.as_deref().map_or(Ok(()), |path| require_target(path, args.csv.as_deref()))?;
    let mut csv = args.csv.as_deref().map(Out::open).transpose()?;
    let mut json = args.json.as_deref().map(Out::open).transpose()?;
    let mut shown = if args.csv.is_none() && args.json.is_none() { Some(Out::open(Path::new("-"))?) } else { None };
    if let Some(out) = &mut csv {
        out.line(AuditEntry::CSV_HEAD)?;
    }
    // A row at a time: a study's journals together may be larger than memory.
    let filter = AuditFilter { reader: args.reader.clone(), exam: args.exam.clone(), reads_only: false };
    let mut failed = None;
    let mut first = true;
    let report = study.audit(&filter, |entry| {
        if failed.is_none() {
            let show = shown.as_mut().map_or(Ok(()), |out| out.line(&in_words(&entry)));
            failed = show.and_then(|()| write(&entry, &mut csv, &mut json, &mut first)).err();
        }
        Ok(())
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    if let Some(out) = &mut json {
        out.line(if first { "[]" } else { "\n]" })?;
    }
    for out in [csv, json, shown].into_iter().flatten() {
        out.close()?;
    }
    eprintln!("{} walked, entries: {}", counted(report.journals.len(), "journal"), report.entries());
    for problem in report.problems() {
        eprintln!("{problem}");
    }
    match report.problems().next() {
        None => Ok(()),
        Some(first) => bail!("{} journals are not what was written: {first}", report.problems().count()),
    }
}

/// Refuses a reader or an exam that the study has nothing of: a misspelt one would look like one who did nothing.
fn require_known(study: &Study, args: &AuditArgs) -> Result<()> {
    let layout = study.layout();
    let sessions = layout.score_sessions()?;
    if let Some(reader) = &args.reader {
        let mut known: BTreeSet<String> = study.protocol().readers().iter().map(|rule| rule.code.to_string()).collect();
        known.extend(layout.readers()?.iter().map(ToString::to_string));
        // A session that cannot be read is named by the audit itself.
        let plans = sessions.iter().filter_map(|session| ScoreFile::look(&layout.score_file(session)).ok());
        known.extend(plans.flat_map(|file| file.plan().scorers.clone()));
        require_one_of("reader or scorer", reader, &known)?;
    }
    if let Some(exam) = &args.exam {
        let known = layout.exam_codes()?.iter().chain(&sessions).map(ToString::to_string).collect();
        require_one_of("exam or scoring session", exam, &known)?;
    }
    Ok(())
}

fn require_one_of(what: &str, word: &str, known: &BTreeSet<String>) -> Result<()> {
    if known.contains(word) {
        return Ok(());
    }
    match known.len() {
        0 => bail!("the study has no {what} {word}, nor any other yet"),
        1..=MOST_NAMED => bail!("the study has no {what} {word}; choose one of {}", known.iter().cloned().collect::<Vec<_>>().join(", ")),
        _ => bail!("the study has no {what} {word}; `osteon study status` lists those it has"),
    }
}

/// One entry in one line.
fn in_words(entry: &AuditEntry) -> String {
    let who = if entry.reader.is_empty() { "-" } else { &entry.reader };
    let read = if entry.read > 0 { format!("  read {}", entry.read) } else { String::new() };
    let row = if entry.row > 0 { format!("  row {}", entry.row) } else { String::new() };
    let line = format!("{}  {}  {who}{read}{row}  {}  {}", entry.time, entry.exam, entry.action, entry.said());
    line.trim_end().replace(|sign: char| sign.is_control(), " ")
}

fn write(entry: &AuditEntry, csv: &mut Option<Out>, json: &mut Option<Out>, first: &mut bool) -> Result<()> {
    if let Some(out) = csv {
        out.line(&entry.to_csv())?;
    }
    if let Some(out) = json {
        out.text(if *first { "[\n" } else { ",\n" })?;
        out.text(&serde_json::to_string(entry)?)?;
        *first = false;
    }
    Ok(())
}

/// A file that gets its name when it is whole, or standard output.
enum Out {
    Screen(BufWriter<Stdout>),
    File(Draft),
}

impl Out {
    fn open(path: &Path) -> Result<Self> {
        if is_stdout(path) {
            return Ok(Self::Screen(BufWriter::new(std::io::stdout())));
        }
        Ok(Self::File(Draft::begin(path)?))
    }

    fn text(&mut self, text: &str) -> Result<()> {
        match self {
            Self::Screen(out) => on_screen(out.write_all(text.as_bytes())),
            Self::File(draft) => draft.write_all(text.as_bytes()).map_err(|error| draft.told(error).into()),
        }
    }

    fn line(&mut self, text: &str) -> Result<()> {
        self.text(text)?;
        self.text("\n")
    }

    fn close(self) -> Result<()> {
        match self {
            Self::Screen(mut out) => on_screen(out.flush()),
            Self::File(draft) => Ok(draft.finish()?),
        }
    }
}

fn on_screen(written: std::io::Result<()>) -> Result<()> {
    match written {
        // Whoever reads the rows has seen enough (`| head`); the journals are walked to their end all the same.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard output could not be written"),
    }
}
