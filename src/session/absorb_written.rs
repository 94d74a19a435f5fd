//! What was written outside the study is told, with what was left out.

use super::Session;
use crate::worker::message::ReportWritten;
use std::path::Path;

impl Session {
    pub(super) fn tell_report(&mut self, written: &ReportWritten) {
        let plural = if written.exams == 1 { "" } else { "s" };
        let page = written.page.display();
        self.info(format!("The report of {} exam{plural} is written: open {page} in a browser.", written.exams));
        self.tell_left_out("Without figures", &written.left_out, "; the report lists them");
    }

    pub(super) fn tell_export(&mut self, files: usize, out: &Path, left_out: &[String]) {
        let masks = if files == 1 { "mask" } else { "masks" };
        self.info(format!("{files} {masks} written to {}.", out.display()));
        self.tell_left_out("Left out", left_out, "");
    }

    pub(super) fn tell_audit(&mut self, text: String, problem: Option<String>) {
        self.info(text);
        if let Some(problem) = problem {
            self.warn(problem);
        }
    }

    /// The first of what was left out, and how many more; `where_listed` says where they all stand.
    fn tell_left_out(&mut self, what: &str, left_out: &[String], where_listed: &str) {
        let Some((first, others)) = left_out.split_first() else { return };
        let more = if others.is_empty() { String::new() } else { format!(" And {} more{where_listed}.", others.len()) };
        self.warn(format!("{what}: {first}.{more}"));
    }
}
