//! `osteon study audit`: who did what when, over every journal of a study; a tampered one is named.

use crate::study::{AuditEntry, AuditFilter, Study};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

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
    #[arg(long)]
    pub csv: Option<PathBuf>,
    /// Write every row as JSON (- = standard output)
    #[arg(long)]
    pub json: Option<PathBuf>,
}

/// # Errors
/// One sentence, if a journal is not what was written, or a file cannot be written.
pub fn run(args: &AuditArgs) -> Result<()> {
    let study = Study::open(&args.dir)?;
    let mut csv = args.csv.as_deref().map(Out::open).transpose()?;
    let mut json = args.json.as_deref().map(Out::open).transpose()?;
    if let Some(out) = &mut csv {
        out.line(AuditEntry::CSV_HEAD)?;
    }
    // A row at a time: a study's journals together may be larger than memory.
    let filter = AuditFilter { reader: args.reader.clone(), exam: args.exam.clone(), reads_only: false };
    let mut failed = None;
    let mut first = true;
    let report = study.audit(&filter, |entry| {
        if failed.is_none() {
            failed = write(&entry, &mut csv, &mut json, &mut first).err();
        }
        Ok(())
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    if let Some(out) = &mut json {
        out.line(if first { "[]" } else { "\n]" })?;
    }
    for out in [csv, json].into_iter().flatten() {
        out.close()?;
    }
    eprintln!("{} journals walked, {} entries", report.journals.len(), report.entries());
    for problem in report.problems() {
        eprintln!("{problem}");
    }
    match report.problems().next() {
        None => Ok(()),
        Some(first) => bail!("{} journals are not what was written: {first}", report.problems().count()),
    }
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

/// A file, or standard output.
struct Out(Box<dyn Write>, PathBuf);

impl Out {
    fn open(path: &Path) -> Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self(Box::new(std::io::stdout()), path.to_owned()));
        }
        let file = File::create(path).with_context(|| format!("{} cannot be written; choose another place", path.display()))?;
        Ok(Self(Box::new(BufWriter::new(file)), path.to_owned()))
    }

    fn text(&mut self, text: &str) -> Result<()> {
        self.0.write_all(text.as_bytes()).with_context(|| format!("{} was not written; make room and try again", self.1.display()))
    }

    fn line(&mut self, text: &str) -> Result<()> {
        self.text(text)?;
        self.text("\n")
    }

    fn close(mut self) -> Result<()> {
        self.0.flush().with_context(|| format!("{} was not written; make room and try again", self.1.display()))
    }
}
