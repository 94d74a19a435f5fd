//! The whole window, put together.

use super::pages::{
    AtlasEntry, CompareView, Help, ImportPage, NewScoresEntry, Palette, PathEntry, ProtocolEntry, SCORE_WIDTH, atlas_add_ui, audit_ui,
    compare_ui, conditions_ui, empty_exam_ui, help_ui, import_ui, marks_ui, models_ui, palette_ui, path_entry_ui, protocol_ui,
    review_list_ui, review_side_ui, score_ui, start_ui, submit_ui, who_ui,
};
use super::panels::{
    FORM_HEIGHT, HistogramCache, exam_list_ui, form_ui, notices_ui, side_ui, status_ui, tool_column_ui, tool_column_width, top_bar_ui,
};
use super::picture::{AtlasPane, Companions, Pane, Place, Strip, atlas_ui, beside_ui, companions_ui, pane_ui, planes_ui, strip_ui};
use super::tally::Tally;
use super::{actions, facts, theme};
use crate::gpu::Canvas;
use crate::session::{Command, FileCommand, Layout, OpenExam, Session, Workspace};
use crate::study::ExamCode;
use crate::worker::message::{Dirty, PickPurpose, Role};
use egui::{CentralPanel, Frame, Margin, Panel, Rect, Stroke, Ui, UiBuilder};
use std::sync::Arc;

/// How long the status line says why a key did nothing.
const REFUSAL_SECONDS: f64 = 5.0;

/// What drawing remembers from frame to frame: textures, counts, texts being typed. Nothing of the study lives here.
#[derive(Default)]
pub struct Views {
    pane: Pane,
    compare: CompareView,
    companions: Companions,
    atlas: AtlasPane,
    strip: Strip,
    tally: Tally,
    histogram: HistogramCache,
    palette: Palette,
    path_entry: PathEntry,
    import: ImportPage,
    new_scores: NewScoresEntry,
    atlas_entry: AtlasEntry,
    help: Help,
    protocol: ProtocolEntry,
    shown: Option<Shown>,
    /// Why the last key did nothing, and until when it is said, in egui's seconds.
    refused: Option<(String, f64)>,
}

/// Whose exam the caches hold.
struct Shown {
    code: ExamCode,
    role: Option<Role>,
    values: Arc<Vec<f32>>,
    content: u64,
}

impl Views {
    /// Gives the context the program's style.
    #[must_use]
    pub fn new(ctx: &egui::Context) -> Self {
        theme::install(ctx);
        Self::default()
    }

    /// Draws the window and pushes what the person asks for. `dirty` is what [`Session::take_dirty`] gave for this frame.
    pub fn ui(&mut self, ui: &mut Ui, session: &Session, canvas: &mut Canvas, dirty: &[Dirty], commands: &mut Vec<Command>) {
        let ctx = ui.ctx().clone();
        self.follow(session, dirty);
        // An open path entry or palette has the keys to itself; while an import waits, no key may reach the read behind it.
        actions::keys::install(session.keys());
        let sheet = session.path_entry().is_some() || session.palette_open() || session.atlas().adding().is_some();
        if !sheet && session.import().is_none() && !self.help.takes_keys() {
            let refused = actions::take_keys(&ctx, session, commands);
            self.say_refused(&ctx, session, refused, commands);
        }
        dropped_files(&ctx, session, commands);
        Panel::top("top bar")
            .exact_size(theme::TOP_BAR)
            .resizable(false)
            .frame(bar_frame())
            .show(ui, |ui| top_bar_ui(ui, session, commands));
        Panel::bottom("status")
            .exact_size(theme::STATUS_BAR)
            .resizable(false)
            .frame(bar_frame())
            .show(ui, |ui| status_ui(ui, session, self.refused.as_ref().map(|(words, _)| words.as_str()), commands));
        let rect = ui.available_rect_before_wrap();
        if session.import().is_none() {
            self.import = ImportPage::default();
        }
        match (session.study(), session.role()) {
            (Some(_), _) if session.import().is_some() => {
                if let Some(import) = session.import() {
                    page(ui, |ui| import_ui(ui, session, import, &mut self.import, commands));
                }
            }
            (None, _) => page(ui, |ui| start_ui(ui, session, commands)),
            (Some(study), None) => page(ui, |ui| who_ui(ui, session, study, commands)),
            (Some(_), Some(_)) => self.workspace(ui, session, canvas, commands),
        }
        // Over the picture, so that lists, tools and slices stay in reach.
        let picture = facts::reading(session).filter(|_| session.import().is_none()).and(self.shown_place(session)).map(Place::rect);
        notices_ui(&ctx, picture.unwrap_or(rect), picture.is_some(), session, commands);
        submit_ui(&ctx, session, commands);
        atlas_add_ui(&ctx, session, &mut self.atlas_entry, commands);
        help_ui(&ctx, session, &mut self.help, commands);
        path_entry_ui(&ctx, session, &mut self.path_entry, commands);
        palette_ui(&ctx, session, &mut self.palette, commands);
    }

    /// A key that does nothing says why for a while, or until something is done.
    fn say_refused(&mut self, ctx: &egui::Context, session: &Session, refused: Option<&actions::Action>, commands: &[Command]) {
        let now = ctx.input(|i| i.time);
        if let Some(action) = refused {
            self.refused = Some((actions::refusal(session, action), now + REFUSAL_SECONDS));
            ctx.request_repaint_after(std::time::Duration::from_secs_f64(REFUSAL_SECONDS));
        } else if !commands.is_empty() || self.refused.as_ref().is_some_and(|(_, until)| now >= *until) {
            self.refused = None;
        }
    }

    /// Where the picture was last drawn; `None` before it was.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        self.pane.place()
    }

    /// Where the picture of the workspace was last drawn.
    fn shown_place(&self, session: &Session) -> Option<&Place> {
        match session.workspace() {
            Workspace::Compare => self.compare.place(),
            _ => self.pane.place(),
        }
    }

    /// Brings what is remembered up to date with the session.
    fn follow(&mut self, session: &Session, dirty: &[Dirty]) {
        let exam = session.exam();
        let same = match (&self.shown, exam) {
            (Some(shown), Some(exam)) => {
                let same = shown.code == *exam.code() && shown.role.as_ref() == session.role();
                same && Arc::ptr_eq(&shown.values, exam.reading_image().values()) && shown.content <= exam.content()
            }
            (None, None) => true,
            _ => false,
        };
        if !same {
            // Nothing of one reader or exam stays for the next.
            self.pane.clear();
            self.compare.clear();
            self.companions.clear();
            self.atlas.clear();
            self.tally.clear();
        }
        self.shown = exam.map(|exam| Shown {
            code: exam.code().clone(),
            role: session.role().cloned(),
            values: Arc::clone(exam.reading_image().values()),
            content: exam.content(),
        });
        self.pane.take_dirty(exam, dirty);
        self.companions.take_dirty(exam, dirty);
        if !same {
            self.strip = Strip::default();
        }
        self.strip.take_dirty(exam, dirty);
        if let Some(exam) = exam {
            self.tally.update(exam, dirty);
        }
    }

    fn workspace(&mut self, ui: &mut Ui, session: &Session, canvas: &mut Canvas, commands: &mut Vec<Command>) {
        match session.workspace() {
            Workspace::Compare => compare_ui(ui, session, canvas, &mut self.compare, commands),
            Workspace::Models => page(ui, |ui| models_ui(ui, session, commands)),
            Workspace::Protocol => {
                if let Some(study) = session.study() {
                    page(ui, |ui| protocol_ui(ui, session, study, &mut self.protocol, commands));
                }
            }
            Workspace::Audit => page(ui, |ui| audit_ui(ui, session, commands)),
            Workspace::Review => self.review(ui, session, canvas, commands),
            Workspace::Score => self.score(ui, session, canvas, commands),
            Workspace::Read if session.conditions_shown() => page(ui, |ui| conditions_ui(ui, session, commands)),
            Workspace::Read => self.read(ui, session, canvas, commands),
        }
    }

    /// One mask at a time, large, and four lines beside it.
    fn score(&mut self, ui: &mut Ui, session: &Session, canvas: &mut Canvas, commands: &mut Vec<Command>) {
        let Some(open) = session.scoring().open() else {
            page(ui, |ui| score_ui(ui, session, &mut self.new_scores, commands));
            return;
        };
        let side = Panel::right("score marks").exact_size(SCORE_WIDTH).resizable(false).frame(Frame::new().fill(theme::GROUND));
        side.show(ui, |ui| marks_ui(ui, session, open, commands));
        match session.exam() {
            Some(exam) => self.picture(ui, session, exam, canvas, commands),
            None => page(ui, |_| {}),
        }
    }

    /// Unread exams on the left, the picture with the proposal, what to decide on the right.
    fn review(&mut self, ui: &mut Ui, session: &Session, canvas: &mut Canvas, commands: &mut Vec<Command>) {
        let padded = Frame::new().fill(theme::GROUND).inner_margin(Margin::symmetric(8, 12));
        let [_, usual, largest] = theme::EXAM_LIST;
        let list = Panel::left("review exams").default_size(usual + 40.0).size_range(usual..=largest).frame(padded);
        list.show(ui, |ui| review_list_ui(ui, session, commands));
        let Some(exam) = session.exam() else {
            page(ui, |_| {});
            return;
        };
        let [smallest, usual, largest] = theme::SIDE;
        let side = Panel::right("review side").default_size(usual).size_range(smallest..=largest).frame(Frame::new().fill(theme::GROUND));
        side.show(ui, |ui| review_side_ui(ui, session, exam, commands));
        self.picture(ui, session, exam, canvas, commands);
    }

    fn read(&mut self, ui: &mut Ui, session: &Session, canvas: &mut Canvas, commands: &mut Vec<Command>) {
        let padded = Frame::new().fill(theme::GROUND).inner_margin(Margin::symmetric(8, 12));
        let [smallest, usual, largest] = theme::EXAM_LIST;
        let list = Panel::left("exams").default_size(usual).size_range(smallest..=largest).frame(padded);
        list.show(ui, |ui| exam_list_ui(ui, session, commands));
        let Some(exam) = session.exam() else {
            page(ui, |ui| empty_exam_ui(ui, session, commands));
            return;
        };
        let tools = Frame::new().fill(theme::GROUND).inner_margin(Margin::symmetric(8, 8));
        let width = tool_column_width(ui);
        Panel::left("tools").exact_size(width).resizable(false).frame(tools).show(ui, |ui| tool_column_ui(ui, session, commands));
        let [smallest, usual, largest] = theme::SIDE;
        let side = Panel::right("side").default_size(usual).size_range(smallest..=largest).frame(Frame::new().fill(theme::GROUND));
        side.show(ui, |ui| side_ui(ui, session, exam, &self.tally, &mut self.histogram, commands));
        self.middle(ui, session, exam, canvas, commands);
    }

    /// The picture, its companions and the slice strip.
    fn middle(&mut self, ui: &mut Ui, session: &Session, exam: &OpenExam, canvas: &mut Canvas, commands: &mut Vec<Command>) {
        let frame = Frame::new().fill(theme::GROUND).inner_margin(Margin { left: 6, right: 6, top: 6, bottom: 2 });
        let strip = Panel::bottom("strip").exact_size(theme::STRIP).resizable(false).frame(frame);
        strip.show(ui, |ui| strip_ui(ui, session, exam, &mut self.strip, &self.tally, commands));
        if session.atlas().is_open() {
            let [smallest, usual, largest] = theme::ATLAS;
            let panel = Panel::right("atlas").default_size(usual).size_range(smallest..=largest).frame(Frame::new().fill(theme::PICTURE));
            panel.show(ui, |ui| atlas_ui(ui, session, exam, canvas, &mut self.atlas, commands));
        }
        if session.form_shown() {
            let form =
                Panel::bottom("form").exact_size(FORM_HEIGHT).resizable(false).frame(Frame::new().fill(theme::GROUND).inner_margin(8));
            form.show(ui, |ui| form_ui(ui, session, exam, commands));
        }
        let layout = session.panes().layout;
        // Beside the atlas the picture stays the largest thing.
        if layout == Layout::Companions && !session.atlas().is_open() && ui.ctx().content_rect().width() >= theme::COMPANIONS_FROM {
            let [smallest, usual, largest] = theme::COMPANIONS;
            let panel =
                Panel::right("companions").default_size(usual).size_range(smallest..=largest).frame(Frame::new().fill(theme::PANEL_LINE));
            panel.show(ui, |ui| companions_ui(ui, session, exam, canvas, &mut self.companions, commands));
        }
        if matches!(layout, Layout::Quad | Layout::SideBySide) {
            self.equal_panes(ui, session, exam, canvas, commands);
            return;
        }
        let frame = Frame::new().fill(theme::PICTURE);
        CentralPanel::no_frame().frame(frame).show(ui, |ui| pane_ui(ui, session, exam, canvas, &mut self.pane, commands));
    }

    /// The picture and the slice strip alone.
    fn picture(&mut self, ui: &mut Ui, session: &Session, exam: &OpenExam, canvas: &mut Canvas, commands: &mut Vec<Command>) {
        let frame = Frame::new().fill(theme::GROUND).inner_margin(Margin { left: 6, right: 6, top: 6, bottom: 2 });
        let strip = Panel::bottom("strip").exact_size(theme::STRIP).resizable(false).frame(frame);
        strip.show(ui, |ui| strip_ui(ui, session, exam, &mut self.strip, &self.tally, commands));
        let frame = Frame::new().fill(theme::PICTURE);
        CentralPanel::no_frame().frame(frame).show(ui, |ui| pane_ui(ui, session, exam, canvas, &mut self.pane, commands));
    }
}

impl Views {
    /// Two or four panes of one size; the one to paint in is the first.
    fn equal_panes(&mut self, ui: &mut Ui, session: &Session, exam: &OpenExam, canvas: &mut Canvas, commands: &mut Vec<Command>) {
        let frame = Frame::new().fill(theme::PANEL_LINE);
        CentralPanel::no_frame().frame(frame).show(ui, |ui| {
            let whole = ui.available_rect_before_wrap();
            let (left, right) = whole.split_left_right_at_fraction(0.5);
            let (left, right) = (left.with_max_x(left.right() - 1.0), right);
            let rows = |rect: Rect| {
                let (top, bottom) = rect.split_top_bottom_at_fraction(0.5);
                (top.with_max_y(top.bottom() - 1.0), bottom)
            };
            let (main, beside) = if session.panes().layout == Layout::Quad {
                let ((main, below), (beside, last)) = (rows(left), rows(right));
                planes_ui(ui, [below, last], session, exam, canvas, &mut self.companions, commands);
                (main, beside)
            } else {
                (left, right)
            };
            beside_ui(ui, beside, session, exam, canvas, &mut self.companions, commands);
            ui.scope_builder(UiBuilder::new().max_rect(main), |ui| pane_ui(ui, session, exam, canvas, &mut self.pane, commands));
        });
    }
}

fn bar_frame() -> Frame {
    Frame::new().fill(theme::GROUND).inner_margin(Margin::symmetric(12, 0)).stroke(Stroke::NONE)
}

fn page(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    CentralPanel::no_frame().frame(Frame::new().fill(theme::GROUND)).show(ui, add);
}

/// Files dropped anywhere are opened, or imported into the study that is open.
fn dropped_files(ctx: &egui::Context, session: &Session, commands: &mut Vec<Command>) {
    let dropped = ctx.input(|i| i.raw.dropped_files.clone());
    let purpose = if session.study().is_some_and(|s| !s.scratch) { PickPurpose::Import } else { PickPurpose::OpenFolder };
    // One request: several files of one folder are one series, and two studies cannot be open at once.
    if let Some(path) = dropped.first().map(|file| file.path().to_path_buf()) {
        commands.push(Command::File(FileCommand::Use(purpose, path)));
    }
}
