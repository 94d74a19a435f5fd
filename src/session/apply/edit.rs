//! Done marks, comments, adopting; undo and redo stand in `history`.

use super::stroke::adoption;
use crate::edit::tools::AdoptScope;
use crate::edit::{CommitKind, Row};
use crate::session::{AdoptWhat, EditCommand, Effect, NoticeLevel, Session, Tool};
use crate::study::{JournalRow, SliceRemark};
use crate::volume::LayerKind;
use crate::worker::message::{Request, Standing};

/// Said where somebody paints before the reading room was told.
pub(super) const CONFIRM_FIRST: &str = "Confirm room light and monitor first: the protocol asks for it before reading.";

impl Session {
    pub(super) fn apply_edit(&mut self, command: EditCommand) -> Vec<Effect> {
        if !self.may_edit() {
            return Vec::new();
        }
        match command {
            EditCommand::Undo => self.undo(),
            EditCommand::Redo => self.step_history(false),
            EditCommand::GoToRow(row) => self.go_to_row(row),
            EditCommand::ToggleDone => self.toggle_done(),
            EditCommand::ToggleFlag => self.remark(|remark| remark.flagged = !remark.flagged),
            EditCommand::BeginComment => self.begin_comment(),
            EditCommand::WriteComment(text) => self.write_comment(text),
            // The stroke under way, if there is one, is another's: the field loses the focus to a press on the picture.
            EditCommand::EndComment => self.commit_comment(),
            EditCommand::Form(command) => self.change_form(command),
            EditCommand::AllDone => self.all_done(),
            EditCommand::ClearReference => self.clear_reference(),
            EditCommand::DeleteOutline => self.delete_outline(),
            EditCommand::DeleteCorner => self.delete_corner(),
            EditCommand::SmoothOutline => self.smooth_outline(),
            EditCommand::FlipSquare => self.flip_square(),
            EditCommand::Shape(_) if !self.tool_allowed("shapes") => {
                self.warn("The protocol of this study does not allow operations on whole shapes.");
                Vec::new()
            }
            EditCommand::Shape(command) => self.shape(command),
            EditCommand::Adopt(what) => self.adopt(what),
            EditCommand::DismissProposal => {
                self.drop_proposal();
                Vec::new()
            }
        }
    }

    /// Whether there is a read that the person may change by reading.
    pub(in crate::session) fn may_edit(&mut self) -> bool {
        if self.conditions_due() {
            self.warn(CONFIRM_FIRST);
            return false;
        }
        self.may_write()
    }

    /// Whether there is a read that may be changed at all: what is brought in was not read on this screen.
    pub(in crate::session) fn may_write(&mut self) -> bool {
        match &self.exam {
            Some(exam) if exam.writable => true,
            Some(exam) => {
                let why = match &exam.standing {
                    Standing::Looking => "The coordinator looks but does not paint: choose a reader's code to read.".to_owned(),
                    Standing::Viewing { .. } => "This read is only looked at.".to_owned(),
                    Standing::Writing { .. } => "This read is being sealed: it can only be looked at.".to_owned(),
                    Standing::Sealed { .. } => {
                        "This read is sealed and can only be looked at: choose \"Read again\" for a new one beside it.".to_owned()
                    }
                    Standing::Busy { owner, .. } => format!("This read is open for writing by {owner}: close it there first."),
                };
                // True of this exam, and as long as it is so opened.
                let code = exam.code.clone();
                self.notices.push_of_exam(&code, NoticeLevel::Warning, why);
                false
            }
            None => false,
        }
    }

    /// Takes a row into the journal; it stays in memory until it is on disk.
    pub(in crate::session) fn journal(&mut self, row: Row) -> Vec<Effect> {
        let Some(reader) = self.role.as_ref().and_then(|r| r.reader()).cloned() else { return Vec::new() };
        let time = self.now.clone();
        self.follow_triage(&row);
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let window = exam.view.window;
        // Of rows that were numbered together none may come between: the file takes them in order.
        let is_last = row.n + 1 == exam.layers.next_row();
        let row = JournalRow { row, time, reader: reader.to_string(), window: Some([window.lower(), window.upper()]) };
        exam.unsaved.push_back(row.clone());
        for layer in LayerKind::ALL {
            exam.touch(layer);
        }
        exam.content += 1;
        // What was found before is about another state of the read.
        self.checked = None;
        // After a failure rows wait: they must reach the file in order.
        if exam.save_error.is_some() {
            return Vec::new();
        }
        let mut effects = vec![self.request("", Request::Journal(row))];
        if is_last {
            effects.extend(self.log_time_if_due());
        }
        effects
    }

    fn begin_comment(&mut self) -> Vec<Effect> {
        let effects = self.commit_gesture();
        if let Some(exam) = &mut self.exam {
            let slice = exam.view.slice;
            let text = exam.remark(slice).map_or_else(String::new, |remark| remark.comment.clone());
            exam.comment_draft = Some((slice, text));
        }
        effects
    }

    fn write_comment(&mut self, text: String) -> Vec<Effect> {
        let Some(exam) = &self.exam else { return Vec::new() };
        let slice = exam.view.slice;
        let effects = if exam.comment_draft.as_ref().is_some_and(|(of, _)| *of != slice) { self.commit_gesture() } else { Vec::new() };
        if let Some(exam) = &mut self.exam {
            exam.comment_draft = Some((slice, text));
        }
        effects
    }

    /// A comment belongs to the slice on which it was begun, whatever is shown by the time it is finished.
    pub(super) fn commit_comment(&mut self) -> Vec<Effect> {
        let Some((slice, text)) = self.exam.as_mut().and_then(|exam| exam.comment_draft.take()) else { return Vec::new() };
        self.write_remark(slice, |remark| remark.comment = text.trim().chars().take(SliceRemark::LONGEST).collect())
    }

    fn remark(&mut self, change: impl FnOnce(&mut SliceRemark)) -> Vec<Effect> {
        let mut effects = self.commit_gesture();
        let slice = self.exam.as_ref().map_or(0, |exam| exam.view.slice);
        effects.extend(self.write_remark(slice, change));
        effects
    }

    /// Changes what is said of a slice; a row of the journal that no undo takes back.
    fn write_remark(&mut self, slice: usize, change: impl FnOnce(&mut SliceRemark)) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let before = exam.remarks.get(&slice).cloned().unwrap_or_else(|| SliceRemark { slice, ..SliceRemark::default() });
        let mut remark = before.clone();
        change(&mut remark);
        if remark == before {
            return Vec::new();
        }
        let row = exam.layers.note(format!("Remark on slice {}", slice + 1), SliceRemark::TOPIC, remark.to_text());
        if let Some(row) = row {
            SliceRemark::take_in(&mut exam.remarks, &row);
            return self.journal(row);
        }
        Vec::new()
    }

    fn toggle_done(&mut self) -> Vec<Effect> {
        let mut effects = self.commit_gesture();
        let layer = self.tool.layer;
        let Some(exam) = &mut self.exam else { return effects };
        let slice = exam.view.slice;
        let done = !exam.layers.is_done(layer, slice);
        if let Some(row) = exam.layers.set_done(layer, slice, done) {
            effects.extend(self.journal(row));
        }
        effects
    }

    fn all_done(&mut self) -> Vec<Effect> {
        let mut effects = self.commit_gesture();
        let layer = self.tool.layer;
        let slices = self.exam.as_ref().map_or(0, |e| e.plane.slice_count());
        for slice in 0..slices {
            if let Some(row) = self.exam.as_mut().and_then(|e| e.layers.set_done(layer, slice, true)) {
                effects.extend(self.journal(row));
            }
        }
        effects
    }

    fn delete_outline(&mut self) -> Vec<Effect> {
        if self.tool.tool == Tool::Square {
            return self.delete_square();
        }
        let Some(exam) = &mut self.exam else { return Vec::new() };
        if !exam.draft.points().is_empty() || exam.wire.is_some() {
            exam.drop_draft();
            return Vec::new();
        }
        let Some(id) = exam.selected_outline.take() else { return Vec::new() };
        self.set_outline(Some(id), Vec::new())
    }

    fn adopt(&mut self, what: AdoptWhat) -> Vec<Effect> {
        let mut effects = self.commit_gesture();
        let Some(exam) = &self.exam else { return effects };
        if exam.proposal.is_none() {
            self.notices.push(NoticeLevel::Info, "There is no proposal to adopt: choose \"Propose slice\" first.");
            return effects;
        }
        let slice = exam.view.slice;
        let scope = match what {
            AdoptWhat::All => AdoptScope::All,
            AdoptWhat::Slice | AdoptWhat::SliceOverHand => AdoptScope::Slice(slice),
            AdoptWhat::Part => match exam.hovered_voxel() {
                Some(voxel) => AdoptScope::Component(voxel),
                None => return effects,
            },
        };
        let words = match what {
            AdoptWhat::All => "all slices".to_owned(),
            AdoptWhat::Part => format!("a part, slice {}", slice + 1),
            AdoptWhat::Slice | AdoptWhat::SliceOverHand => format!("slice {}", slice + 1),
        };
        effects.extend(self.adopt_scope(scope, what == AdoptWhat::SliceOverHand, &words));
        effects
    }

    fn adopt_scope(&mut self, scope: AdoptScope<'_>, over_hand: bool, words: &str) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let Some(proposal) = &exam.proposal else { return Vec::new() };
        let layer = proposal.result.layer;
        let version = proposal.result.model_version.clone();
        let by_hand = exam.layers.changed_by_hand_since(layer, proposal.result.base_revision);
        let writes = adoption(exam, layer, (!over_hand).then_some(&by_hand)).voxels(scope).unwrap_or_default();
        if writes.is_empty() {
            self.info("Nothing to adopt there: the proposal agrees with the read, or was painted over by hand since.");
            return Vec::new();
        }
        if exam.layers.begin(layer, CommitKind::Adopted(version.clone()), format!("Adopt {version}, {words}")).is_err() {
            return Vec::new();
        }
        for (voxel, label) in writes {
            exam.layers.write(voxel, label);
        }
        let effects = self.commit_gesture();
        if let Some(exam) = &mut self.exam {
            exam.settle_proposal();
        }
        effects
    }

    pub(in crate::session) fn drop_proposal(&mut self) {
        if let Some(exam) = &mut self.exam
            && let Some(proposal) = exam.proposal.take()
        {
            exam.mark_dirty(proposal.result.layer, proposal.result.labels.grid().bounds());
        }
    }
}
