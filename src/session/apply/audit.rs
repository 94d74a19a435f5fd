//! The audit trail on screen.

use crate::session::{Effect, Session};
use crate::study::AuditFilter;
use crate::worker::message::{AuditRequest, AuditShown, Request};
use std::path::PathBuf;

impl Session {
    /// Walks the journals and shows the entries of those chosen; a reader sees their own only.
    pub(in crate::session) fn show_audit(&mut self, chosen: AuditFilter) -> Vec<Effect> {
        self.ask_audit("Walking the journals", chosen, None)
    }

    /// Writes what is shown into a file, all of it.
    pub(super) fn export_audit(&mut self, path: PathBuf) -> Vec<Effect> {
        let chosen = self.audit.as_ref().map(|shown| shown.chosen.clone()).unwrap_or_default();
        let path = if path.is_dir() { path.join("audit.csv") } else { path };
        self.ask_audit("Writing the audit trail", chosen, Some(path))
    }

    fn ask_audit(&mut self, text: &str, chosen: AuditFilter, export: Option<PathBuf>) -> Vec<Effect> {
        let (Some(study), Some(role)) = (&self.study, &self.role) else { return Vec::new() };
        let request = AuditRequest { root: study.root.clone(), own: role.reader().cloned(), chosen, export };
        vec![self.request(text, Request::Audit(Box::new(request)))]
    }

    pub(in crate::session) fn absorb_audit(&mut self, shown: AuditShown) {
        // What one person may see is not kept for the next.
        if self.role.is_some() {
            self.audit = Some(shown);
        }
    }
}
