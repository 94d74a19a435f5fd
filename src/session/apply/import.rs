//! Importing: what would come in is shown first, then corrected, then imported.

use crate::session::{Effect, ImportCommand, ImportState, Session};
use crate::study::{Look, PixelBox};
use crate::worker::message::{ImportLook, ImportPreview, ImportSource, Request, RequestId, Role};

impl Session {
    pub(super) fn apply_import(&mut self, command: ImportCommand) -> Vec<Effect> {
        let Some(import) = &mut self.import else { return Vec::new() };
        match command {
            ImportCommand::Show(at) => {
                if import.table.sequence(at).is_none() || import.shown == at {
                    return Vec::new();
                }
                (import.shown, import.slice, import.preview) = (at, None, None);
                return self.ask_preview();
            }
            ImportCommand::Slice(slice) => {
                import.slice = slice;
                return self.ask_preview();
            }
            ImportCommand::Choose(at, chosen) => {
                if let Some(sequence) = import.table.sequence_mut(at) {
                    sequence.chosen = chosen;
                }
                keep_reading_chosen(import, at[0]);
            }
            ImportCommand::Rename(at, name) => {
                if !import.table.rename(at, &name) {
                    self.warn(format!("Another sequence of that exam is called {name} already."));
                }
            }
            ImportCommand::Read([exam, sequence]) => {
                if let Some(planned) = import.table.exams.get_mut(exam).filter(|e| e.sequences.get(sequence).is_some_and(|s| s.chosen)) {
                    planned.reading = sequence;
                }
            }
            ImportCommand::Look(at, look) => {
                if let Some(sequence) = import.table.sequence_mut(at) {
                    sequence.look = look;
                }
            }
            ImportCommand::AllClean => import.table.look_all(&Look::Clean),
            ImportCommand::Mask(at, masked) => mask(import, at, masked),
            ImportCommand::Go => return self.import_chosen(),
            ImportCommand::Cancel => {
                self.import = None;
                return vec![self.request("", Request::ForgetImport)];
            }
        }
        Vec::new()
    }

    /// Reads what an import would bring; another table of patients or link list reads it anew.
    pub(super) fn look_at_import(&mut self, source: ImportSource) -> Vec<Effect> {
        vec![self.request("Reading the images to be imported", Request::LookAtImport(source))]
    }

    pub(in crate::session) fn absorb_import_look(&mut self, id: RequestId, look: ImportLook) -> Vec<Effect> {
        // It tells who the patients are: whoever asked for it may have given the seat to somebody else.
        let another_sits_here = self.is_of_another(id) && !matches!(self.role, Some(Role::Coordinator));
        if another_sits_here || self.reads_blind() || self.study.as_ref().is_none_or(|study| study.root != look.source.root) {
            return vec![self.request("", Request::ForgetImport)];
        }
        for skipped in &look.skipped {
            self.warn(format!("Skipped {skipped}"));
        }
        let already = look.table.already_there.len();
        if look.table.exams.is_empty() {
            let path = look.source.path.display();
            let why = if already > 0 { "the study has all of its images already" } else { "it holds no image" };
            self.warn(format!("{path}: {why}."));
            return vec![self.request("", Request::ForgetImport)];
        }
        if already > 0 {
            self.info(format!("{already} images are in the study already and are left out."));
        }
        // What needs a look comes first to the eye.
        let shown = look.table.waiting().next().unwrap_or([0, 0]);
        self.import = Some(ImportState { source: look.source, table: look.table, shown, slice: None, preview: None });
        self.ask_preview()
    }

    pub(in crate::session) fn absorb_import_preview(&mut self, preview: ImportPreview) {
        // A picture asked for before another was is late, and not shown.
        if let Some(import) = self.import.as_mut().filter(|i| i.shown == preview.at && i.slice == preview.slice) {
            import.preview = Some(preview);
        }
    }

    fn ask_preview(&mut self) -> Vec<Effect> {
        let Some(import) = &self.import else { return Vec::new() };
        let request = Request::ImportPreview { at: import.shown, slice: import.slice };
        vec![self.request("", request)]
    }

    fn import_chosen(&mut self) -> Vec<Effect> {
        let Some(import) = self.import.take_if(|import| import.may_go()) else {
            self.warn("Look at every picture that waits, or leave it out, before importing.");
            return Vec::new();
        };
        let request = Request::Import { root: import.source.root, table: Box::new(import.table) };
        vec![self.request("Importing images", request)]
    }
}

/// The sequence that is read must come in.
fn keep_reading_chosen(import: &mut ImportState, exam: usize) {
    if let Some(exam) = import.table.exams.get_mut(exam)
        && !exam.sequences.get(exam.reading).is_some_and(|s| s.chosen)
        && let Some(first) = exam.sequences.iter().position(|s| s.chosen)
    {
        exam.reading = first;
    }
}

/// A rectangle more; it counts as a look.
fn mask(import: &mut ImportState, at: [usize; 2], masked: PixelBox) {
    if let Some(sequence) = import.table.sequence_mut(at) {
        match &mut sequence.look {
            Look::Masked(boxes) => boxes.push(masked),
            look => *look = Look::Masked(vec![masked]),
        }
    }
}
