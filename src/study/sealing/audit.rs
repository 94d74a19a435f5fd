//! The audit trail: every row of every journal, and which journals are not what was written.

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
    /// `begun`, `paint`, `done`, `undo`, `redo`, `outline`, …, `sealed`, `score`.
    pub action: String,
    /// Its name in the history.
    pub name: String,
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

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Journals walked.
    pub journals: usize,
    /// Entries handed over.
    pub entries: usize,
    /// One line per journal that is not what was written.
    pub problems: Vec<String>,
}

impl Study {
    /// Walks every journal and hands its rows over in order, one at a time; a tampered one is named in the report, with its rows up
    /// to where it breaks.
    ///
    /// # Errors
    /// If folders cannot be listed, or the one that `visit` returns.
    pub fn audit(&self, mut visit: impl FnMut(AuditEntry) -> Result<(), StudyError>) -> Result<AuditReport, StudyError> {
        let mut report = AuditReport::default();
        let layout = self.layout();
        for exam in layout.exam_codes().map_err(|e| StudyError::list(layout.exams(), e))? {
            for reader in layout.readers_of(&exam).map_err(|e| StudyError::list(layout.reads(), e))? {
                for number in self.read_numbers(&reader, &exam)? {
                    report.journals += 1;
                    let path = layout.read(&reader, &exam, number);
                    let blank = AuditEntry {
                        exam: exam.to_string(),
                        reader: reader.to_string(),
                        read: number,
                        row: 0,
                        time: String::new(),
                        action: String::new(),
                        name: String::new(),
                        layer: None,
                        kind: None,
                        model: None,
                        window: None,
                        sha256: String::new(),
                    };
                    let entries = journal(&path, &blank, &mut report);
                    report.entries += entries.len();
                    entries.into_iter().try_for_each(&mut visit)?;
                }
            }
        }
        self.audit_scores(&mut report, &mut visit)?;
        Ok(report)
    }

    fn audit_scores(
        &self,
        report: &mut AuditReport,
        visit: &mut impl FnMut(AuditEntry) -> Result<(), StudyError>,
    ) -> Result<(), StudyError> {
        let layout = self.layout();
        for session in layout.score_sessions().map_err(|e| StudyError::list(layout.root().to_owned(), e))? {
            report.journals += 1;
            let rows = ScoreFile::look(&layout.score_file(&session)).and_then(|file| file.rows());
            match rows {
                Err(error) => report.problems.push(error.to_string()),
                Ok(rows) => {
                    for (n, (row, sha256)) in rows.into_iter().enumerate() {
                        report.entries += 1;
                        let name = match (&row.mark, &row.comment) {
                            (Some((target, mark)), _) => {
                                let mark = mark.map_or_else(|| "taken back".to_owned(), |m| m.to_string());
                                format!("{} {}: {mark}", row.item, target.name())
                            }
                            (None, comment) => format!("{}: {}", row.item, comment.as_deref().unwrap_or_default()),
                        };
                        visit(AuditEntry {
                            exam: session.to_string(),
                            reader: row.scorer,
                            read: 0,
                            row: n as u64 + 1,
                            time: row.time,
                            action: if row.mark.is_some() { "score" } else { "comment" }.to_owned(),
                            name,
                            layer: None,
                            kind: None,
                            model: None,
                            window: None,
                            sha256,
                        })?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The rows of one journal; what is wrong goes into the report.
fn journal(path: &std::path::Path, blank: &AuditEntry, report: &mut AuditReport) -> Vec<AuditEntry> {
    let mut entries = Vec::new();
    let walked = ReadFile::open_read_only(path).and_then(|(header, view)| {
        let begun = if header.assisted { "assisted read begun" } else { "independent read begun" };
        let image = format!("{begun}, image {}", header.image_sha256);
        entries.push(AuditEntry { time: header.created, action: "begun".to_owned(), name: image, ..blank.clone() });
        view.for_each_stored(|row, hash| {
            entries.push(AuditEntry {
                row: row.n,
                time: row.time,
                reader: row.reader,
                action: row.action,
                name: row.name,
                layer: row.layer,
                kind: row.kind,
                model: row.model,
                window: row.window,
                sha256: hash,
                ..blank.clone()
            });
        })?;
        view.verify_chain()?;
        view.sealed()
    });
    match walked {
        Err(error) => report.problems.push(error.to_string()),
        Ok(None) => {
            if Layout::seal_of(path).exists() {
                report.problems.push(format!("{}: it was sealed and no longer is; restore it from a copy", path.display()));
            }
        }
        Ok(Some(time)) => match Seal::load(&Layout::seal_of(path)) {
            Ok(seal) => {
                let sealed = AuditEntry { time, action: "sealed".to_owned(), sha256: seal.file_sha256.clone(), ..blank.clone() };
                entries.push(AuditEntry { name: seal.packet.map_or_else(String::new, |p| format!("came back in packet {p}")), ..sealed });
            }
            Err(error) => report.problems.push(error.to_string()),
        },
    }
    entries
}

impl AuditEntry {
    /// Names of the columns of [`AuditEntry::to_csv`].
    pub const CSV_HEAD: &str = "exam,reader,read,row,time,action,name,layer,kind,model,window_lower,window_upper,sha256";

    /// The entry as a line of CSV.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let text = |t: &str| if t.contains([',', '"', '\n', '\r']) { format!("\"{}\"", t.replace('"', "\"\"")) } else { t.to_owned() };
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
