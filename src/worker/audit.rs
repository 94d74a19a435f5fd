//! Walks the journals of a study for the window, or into a file.

use super::message::{AuditRequest, AuditShown, Outcome};
use super::task::Task;
use crate::io::atomic_write;
use crate::study::{AuditEntry, AuditFilter, Layout, Study, StudyError};
use std::collections::VecDeque;
use std::io::Write;
use std::path::Path;

/// Shows the trail, or writes it.
pub(super) fn audit(task: &Task, request: &AuditRequest) -> Outcome {
    let done = match &request.export {
        Some(path) => write(request, path),
        None => show(task, request).map(|shown| Outcome::Audited(Box::new(shown))),
    };
    match done {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(outcome) => outcome,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// What the person may walk at all.
fn allowed(request: &AuditRequest) -> AuditFilter {
    AuditFilter { reader: request.own.as_ref().map(ToString::to_string), exam: None, reads_only: request.own.is_some() }
}

fn is_chosen(request: &AuditRequest, entry: &AuditEntry) -> bool {
    let AuditFilter { reader, exam, .. } = &request.chosen;
    reader.as_ref().is_none_or(|r| *r == entry.reader) && exam.as_ref().is_none_or(|e| *e == entry.exam)
}

fn show(task: &Task, request: &AuditRequest) -> Result<AuditShown, StudyError> {
    let study = Study::open(&request.root)?;
    let mut entries = VecDeque::new();
    let mut matched = 0;
    let report = study.audit(&allowed(request), |entry| {
        if task.cancel.is_cancelled() {
            return Err(StudyError::Cancelled);
        }
        if is_chosen(request, &entry) {
            matched += 1;
            if entries.len() == AuditShown::MOST {
                entries.pop_front();
            }
            entries.push_back(entry);
        }
        Ok(())
    })?;
    Ok(AuditShown { chosen: request.chosen.clone(), journals: report.journals, entries: entries.into(), matched })
}

fn write(request: &AuditRequest, path: &Path) -> Result<Outcome, StudyError> {
    let study = Study::open(&request.root)?;
    Layout::refuse_target(path)?;
    let (mut written, mut problems) = (0_usize, Vec::new());
    let mut failed = None;
    let saved = atomic_write(path, |out| {
        writeln!(out, "{}", AuditEntry::CSV_HEAD)?;
        let walked = study.audit(&allowed(request), |entry| {
            if is_chosen(request, &entry) {
                written += 1;
                line(out, &entry, path)?;
            }
            Ok(())
        });
        match walked {
            Ok(report) => problems.extend(report.problems().map(str::to_owned)),
            // The file keeps what it held: half an audit trail is none.
            Err(error) => {
                failed = Some(error);
                return Err(std::io::Error::other("the audit trail could not be read"));
            }
        }
        for problem in &problems {
            writeln!(out, "# {problem}")?;
        }
        Ok(())
    });
    failed.map_or(Ok(()), Err)?;
    saved?;
    let text = format!("{written} entries written to {}.", path.display());
    Ok(Outcome::AuditWritten { text, problem: problems.into_iter().next() })
}

fn line(out: &mut dyn Write, entry: &AuditEntry, path: &Path) -> Result<(), StudyError> {
    writeln!(out, "{}", entry.to_csv()).map_err(|cause| StudyError::NoPlace { path: path.to_owned(), cause })
}
