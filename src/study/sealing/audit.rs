//! The audit trail: every row of every journal, and which journals are not what was written.

use super::note_words::note_words;
use crate::study::read::ReadFile;
use crate::study::{Layout, ScoreFile, Seal, Study, StudyError};
use serde::Serialize;

/// One thing that happened. Plain data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditEntry {
    /// The exam; a scoring session's name where `action` is `score` or `comment`.
    pub exam: String,
    /// Who.
    pub reader: String,
    /// Number of the read; 0 for scores.
    pub read: u32,
    /// Number of the row; 0 for what is no row (begun, sealed).
    pub row: u64,
    /// When, RFC 3339.
    pub time: String,
    /// `begun`, `paint`, `done`, `undo`, `redo`, `outline`, …, `sealed`, `score`, `locked`, `unblinded`.
    pub action: String,
    /// Its name in the history; of a note with what it says.
    pub name: String,
    /// A note in words for people, where the file's text is none; not part of what is written as CSV or JSON.
    #[serde(skip)]
    pub words: Option<String>,
    /// Layer.
    pub layer: Option<String>,
    /// How labels came to be: `hand`, `adopted`, …
    pub kind: Option<String>,
    /// Model and version behind it.
    pub model: Option<String>,
    /// Lower and upper grey value of the window in force.
    pub window: Option<[f32; 2]>,
    /// Hash of the row, which every row before it went into; of the file for `sealed`.
    pub sha256: String,
}

/// Which journals are walked: all, or those of a reader or an exam (for scores: of a scorer or a session).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// This reader's only.
    pub reader: Option<String>,
    /// This exam's only.
    pub exam: Option<String>,
    /// Journals of reads alone, no marks of scoring sessions.
    pub reads_only: bool,
}

impl AuditFilter {
    fn wants(&self, exam: &str, reader: &str) -> bool {
        self.exam.as_deref().is_none_or(|e| e == exam) && self.reader.as_deref().is_none_or(|r| r == reader)
    }
}

/// One journal and whether it is what was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditJournal {
    /// The exam; a scoring session's name for scores.
    pub exam: String,
    /// Who; empty for scores.
    pub reader: String,
    /// Number of the read; 0 for scores.
    pub read: u32,
    /// Entries handed over.
    pub entries: usize,
    /// When it was sealed or locked.
    pub sealed: Option<String>,
    /// What is wrong with it, in one sentence that names the file; `None` where every hash is right.
    pub problem: Option<String>,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Journals walked, in their order.
    pub journals: Vec<AuditJournal>,
}

impl AuditReport {
    /// Entries handed over.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.journals.iter().map(|journal| journal.entries).sum()
    }

    /// One line per journal that is not what was written.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.journals.iter().filter_map(|journal| journal.problem.as_deref())
    }
}

impl Study {
    /// Walks every journal that is wanted and hands its rows over in order, one at a time; a tampered one is named in the report,
    /// with its rows up to where it breaks.
    ///
    /// # Errors
    /// If folders cannot be listed, or the one that `visit` returns.
    pub fn audit(
        &self,
        filter: &AuditFilter,
        mut visit: impl FnMut(AuditEntry) -> Result<(), StudyError>,
    ) -> Result<AuditReport, StudyError> {
        let mut report = AuditReport::default();
        let layout = self.layout();
        for exam in layout.exam_codes().map_err(|e| StudyError::list(layout.exams(), e))? {
            for reader in layout.readers_of(&exam).map_err(|e| StudyError::list(layout.reads(), e))? {
                if !filter.wants(exam.as_str(), reader.as_str()) {
                    continue;
                }
                for number in self.read_numbers(&reader, &exam)? {
                    let path = layout.read(&reader, &exam, number);
                    let blank = AuditEntry { read: number, ..AuditEntry::of(exam.as_str(), reader.as_str()) };
                    let (entries, sealed, problem) = journal(&path, &blank);
                    let (exam, reader) = (exam.to_string(), reader.to_string());
                    report.journals.push(AuditJournal { exam, reader, read: number, entries: entries.len(), sealed, problem });
                    entries.into_iter().try_for_each(&mut visit)?;
                }
            }
        }
        if !filter.reads_only {
            self.audit_scores(filter, &mut report, &mut visit)?;
        }
        Ok(report)
    }

    fn audit_scores(
        &self,
        filter: &AuditFilter,
        report: &mut AuditReport,
        visit: &mut impl FnMut(AuditEntry) -> Result<(), StudyError>,
    ) -> Result<(), StudyError> {
        let layout = self.layout();
        for session in layout.score_sessions().map_err(|e| StudyError::list(layout.root().to_owned(), e))? {
            if filter.exam.as_deref().is_some_and(|exam| exam != session.as_str()) {
                continue;
            }
            let mut journal = AuditJournal { exam: session.to_string(), ..AuditJournal::default() };
            let rows = ScoreFile::look(&layout.score_file(&session)).and_then(|file| Ok((file.rows()?, file.state()?)));
            match rows {
                Err(error) => journal.problem = Some(error.to_string()),
                Ok((rows, state)) => {
                    journal.sealed.clone_from(&state.locked);
                    for (n, (row, sha256)) in
                        rows.into_iter().enumerate().filter(|(_, (row, _))| filter.wants(session.as_str(), &row.scorer))
                    {
                        journal.entries += 1;
                        let name = match (&row.mark, &row.comment) {
                            (Some((target, mark)), _) => {
                                let mark = mark.map_or_else(|| "taken back".to_owned(), |m| m.to_string());
                                format!("{} {}: {mark}", row.item, target.name())
                            }
                            (None, comment) => format!("{}: {}", row.item, comment.as_deref().unwrap_or_default()),
                        };
                        let action = if row.mark.is_some() { "score" } else { "comment" }.to_owned();
                        let of = AuditEntry::of(session.as_str(), &row.scorer);
                        visit(AuditEntry { row: n as u64 + 1, time: row.time, action, name, sha256, ..of })?;
                    }
                    for (action, time) in [("locked", state.locked), ("unblinded", state.unblinded)] {
                        if let Some(time) = time.filter(|_| filter.reader.is_none()) {
                            journal.entries += 1;
                            let of = AuditEntry::of(session.as_str(), "");
                            visit(AuditEntry { time, action: action.to_owned(), name: "the marks of the session".to_owned(), ..of })?;
                        }
                    }
                }
            }
            report.journals.push(journal);
        }
        Ok(())
    }
}

/// The rows of one journal, when it was sealed, and what is wrong with it.
fn journal(path: &std::path::Path, blank: &AuditEntry) -> (Vec<AuditEntry>, Option<String>, Option<String>) {
    let mut entries = Vec::new();
    let walked = ReadFile::open_read_only(path).and_then(|(header, view)| {
        let begun = if header.assisted { "assisted read begun" } else { "independent read begun" };
        let image = format!("{begun}, image {}", header.image_sha256);
        entries.push(AuditEntry { time: header.created, action: "begun".to_owned(), name: image, ..blank.clone() });
        view.for_each_stored(|row, hash| {
            let note = row.note();
            entries.push(AuditEntry {
                row: row.n,
                time: row.time,
                reader: row.reader,
                action: row.action,
                words: note.as_ref().and_then(|[topic, text]| note_words(&row.name, topic, text)),
                name: note.map_or_else(|| row.name.clone(), |[_, text]| format!("{}: {text}", row.name)),
                layer: row.layer,
                kind: row.kind,
                model: row.model,
                window: row.window,
                sha256: hash,
                ..blank.clone()
            });
        })?;
        view.verify_chain()?;
        // A chain that was written anew as a whole is sound in itself; only the seal knows the old one.
        Ok((view.sealed()?, Seal::of(&view)))
    });
    let mut problem = None;
    let sealed = match walked {
        Err(error) => {
            problem = Some(error.to_string());
            None
        }
        Ok((None, _)) => {
            if Layout::seal_of(path).exists() {
                problem = Some(format!("{}: it was sealed and no longer is; restore it from a copy", path.display()));
            }
            None
        }
        Ok((Some(time), now)) => {
            match Seal::load(&Layout::seal_of(path)) {
                Ok(seal) => {
                    problem = match now {
                        Ok(now) => now.and_then(|now| seal.differs_from(&now)).map(|what| format!("{}: {what}", path.display())),
                        Err(error) => Some(error.to_string()),
                    };
                    let name = seal.packet.map_or_else(String::new, |p| format!("came back in packet {p}"));
                    let action = "sealed".to_owned();
                    entries.push(AuditEntry { time: time.clone(), action, name, sha256: seal.file_sha256, ..blank.clone() });
                }
                Err(error) => problem = Some(error.to_string()),
            }
            Some(time)
        }
    };
    (entries, sealed, problem)
}

impl AuditEntry {
    fn of(exam: &str, reader: &str) -> Self {
        Self {
            exam: exam.to_owned(),
            reader: reader.to_owned(),
            read: 0,
            row: 0,
            time: String::new(),
            action: String::new(),
            name: String::new(),
            words: None,
            layer: None,
            kind: None,
            model: None,
            window: None,
            sha256: String::new(),
        }
    }

    /// What happened, on one line for people.
    #[must_use]
    pub fn said(&self) -> String {
        let text = self.words.as_ref().unwrap_or(&self.name);
        // A comment may have lines of its own.
        text.trim_end().replace(|sign: char| sign.is_control(), " ")
    }

    /// Names of the columns of [`AuditEntry::to_csv`].
    pub const CSV_HEAD: &str = "exam,reader,read,row,time,action,name,layer,kind,model,window_lower,window_upper,sha256";

    /// The entry as a line of CSV.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let text = csv_cell;
        let maybe = |t: &Option<String>| t.as_deref().map(text).unwrap_or_default();
        let window = self.window.map_or_else(|| ",".to_owned(), |[lower, upper]| format!("{lower},{upper}"));
        format!(
            "{},{},{},{},{},{},{},{},{},{},{window},{}",
            self.exam,
            text(&self.reader),
            self.read,
            self.row,
            text(&self.time),
            text(&self.action),
            text(&self.name),
            maybe(&self.layer),
            maybe(&self.kind),
            maybe(&self.model),
            self.sha256
        )
    }
}

/// A text as one cell of CSV.
pub(in crate::study) fn csv_cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
