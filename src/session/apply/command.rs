//! Every command to the file that carries it out.

use crate::session::{Command, Effect, FileCommand, PointerCommand, Session, StudyCommand, Tool, ViewCommand, Workspace};

impl Session {
    /// Carries out a command. `now` is the time in RFC 3339, for the journal and model cards.
    pub fn apply(&mut self, command: Command, now: &str) -> Vec<Effect> {
        now.clone_into(&mut self.now);
        if !matches!(command, Command::File(FileCommand::Quit)) {
            self.quit_asked = false;
        }
        if !matches!(command, Command::Study(StudyCommand::LeaveRole) | Command::View(ViewCommand::Hover(_) | ViewCommand::CineStep)) {
            self.leave_asked = false;
        }
        let in_sight = self.exam_in_sight();
        match &mut self.exam {
            // Slices that go by themselves are no sign of a person.
            Some(_) if matches!(command, Command::View(ViewCommand::CineStep)) => {}
            Some(exam) if in_sight => exam.time.mark(now),
            // Whoever looks at the versions of a model does not read.
            Some(exam) => exam.time.rest(),
            None => {}
        }
        let mut effects = self.carry_out(command);
        self.see_slice();
        self.refresh_preview();
        effects.extend(self.follow_compare());
        effects.extend(self.follow_review());
        effects
    }

    fn carry_out(&mut self, command: Command) -> Vec<Effect> {
        if matches!(command, Command::Pointer(PointerCommand::Down(_)) | Command::Edit(_) | Command::Study(_)) {
            // Whoever works on a slice wants it to stay.
            self.panes.cine = false;
        }
        self.take_pressure(&command);
        match command {
            Command::File(command) => self.apply_file(command),
            Command::Study(command) => self.apply_study(command),
            Command::View(ViewCommand::ToggleStandardised) => self.toggle_standardised(),
            Command::View(command) => self.change_view(command),
            Command::Tool(command) => {
                self.apply_tool(command);
                Vec::new()
            }
            // In Review a proposal is looked at: a drag must not paint over an exam that nobody reads.
            Command::Pointer(PointerCommand::Down(_)) if self.workspace == Workspace::Review => Vec::new(),
            // Nor are masks painted on that are scored; measuring paints nothing.
            Command::Pointer(PointerCommand::Down(_)) if self.workspace == Workspace::Score && self.tool.tool != Tool::Measure => {
                Vec::new()
            }
            Command::Pointer(command) => self.apply_pointer(command),
            Command::Edit(command) => self.apply_edit(command),
            Command::Model(command) => self.apply_model(command),
            Command::Compare(command) => self.apply_compare(command),
            Command::Import(command) => self.apply_import(command),
            Command::Score(command) => self.apply_score(command),
        }
    }
}
