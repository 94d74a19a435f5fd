//! What a reader does, drawn at random.

use super::expect::{Intent, SHAPE, What, slice_of};
use super::plain::Suggestion;
use super::run::Run;
use osteon::edit::History;
use osteon::session::{AdoptWhat, Command, EditCommand, LabelSet, PointerCommand, ShapeCommand, Tool, ToolCommand, ViewCommand};
use osteon::volume::{Labels, LayerKind};
use osteon::worker::message::{Event, Outcome, ProposalResult, RequestId};
use rand::RngExt as _;

impl Run {
    fn tool(&mut self, command: ToolCommand) {
        self.run(Command::Tool(command));
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.rng.random_range(0..all.len())]
    }

    fn uv(&mut self) -> [f64; 2] {
        [self.rng.random_range(-2.0..41.0), self.rng.random_range(-2.0..45.0)]
    }

    /// What the reader is about to do, with all that it depends on.
    fn intend(&mut self, what: What) {
        let at = |uv: [f64; 2]| self.exam().voxel_at(uv).map(|v| self.exam().layers().grid().index(v));
        self.intent = Some(Intent {
            tool: self.session.tool().clone(),
            slice: self.exam().view().slice,
            band: self.session.threshold(),
            levels: self.session.level_bounds(),
            hovered: self.exam().hovered_voxel().map(|v| self.exam().layers().grid().index(v)),
            began: if let What::Drag(path) = &what { at(path[0]) } else { None },
            bare: self.plain().now.squares.iter().any(|s| !self.plain().now.labels[LayerKind::Bone.number()].contains(&s.bone())),
            exact: self.budget_bytes >= History::DEFAULT_BUDGET_BYTES,
            what,
        });
    }

    /// Sets layer, slice, label, size and rules at random; changes nothing of the read.
    fn prepare(&mut self) {
        let layer = self.one_of(&[LayerKind::Marrow, LayerKind::Marrow, LayerKind::Bone, LayerKind::Exclusion]);
        self.tool(ToolCommand::Layer(layer));
        let slice = self.rng.random_range(0..SHAPE[2]);
        self.run(Command::View(ViewCommand::Slice(slice)));
        let label = self.rng.random_range(1..4);
        self.tool(ToolCommand::Label(label));
        let size = self.rng.random_range(0.5..14.0);
        self.tool(ToolCommand::SizeMm(size));
        let over = self.one_of(&[None, None, Some(LabelSet::of(&[0])), Some(LabelSet::of(&[0, 1, 2]))]);
        self.tool(ToolCommand::Over(over));
        for toggle in [
            ToolCommand::ToggleBrushShape,
            ToolCommand::ToggleThreeD,
            ToolCommand::ToggleInsideBone,
            ToolCommand::ToggleInsideBand,
            ToolCommand::ToggleInsideRegion,
            ToolCommand::ToggleWholeExam,
        ] {
            if self.rng.random_range(0..6) == 0 {
                self.tool(toggle);
            }
        }
        let tolerance = self.rng.random_bool(0.5).then(|| self.rng.random_range(5.0..200.0));
        self.tool(ToolCommand::Tolerance(tolerance));
        let gap = self.one_of(&[0.0, 3.0]);
        self.tool(ToolCommand::GapMm(gap));
    }

    /// A gesture with the pointer, sometimes given up, with any of the tools.
    fn gesture(&mut self) {
        self.prepare();
        let tool = self.one_of(&Tool::ALL);
        self.tool(ToolCommand::Choose(tool));
        *self.acts.entry(format!("gesture: {}", tool.name())).or_default() += 1;
        let polygon = tool == Tool::Lasso && self.rng.random_bool(0.5);
        let clicks = if polygon || matches!(tool, Tool::Outline | Tool::Livewire) { 4 } else { 1 };
        let mut first = None;
        for _ in 0..clicks {
            let mut path = vec![self.uv()];
            first.get_or_insert(path[0]);
            // Outlines that are there are taken hold of now and then.
            if let Some(corner) = self.a_corner().filter(|_| tool == Tool::Outline && self.rng.random_bool(0.3)) {
                path[0] = corner;
            }
            if clicks == 1 || (tool == Tool::Outline && self.rng.random_bool(0.4)) {
                path.extend((0..self.rng.random_range(0..4)).map(|_| self.uv()).collect::<Vec<_>>());
            }
            self.drag(path);
        }
        if self.rng.random_bool(0.9) {
            self.intend(What::Finish);
            self.run(Command::Pointer(PointerCommand::Finish));
        } else {
            *self.acts.entry("given up: draft".to_owned()).or_default() += 1;
            self.run(Command::Pointer(PointerCommand::Cancel));
        }
        self.settle();
    }

    fn a_corner(&mut self) -> Option<[f64; 2]> {
        let slice = self.exam().view().slice;
        let points: Vec<[f32; 2]> = self.plain().now.outlines.iter().filter(|o| o.slice == slice).flat_map(|o| o.points.clone()).collect();
        (!points.is_empty()).then(|| self.one_of(&points).map(f64::from))
    }

    fn drag(&mut self, path: Vec<[f64; 2]>) {
        self.run(Command::View(ViewCommand::Hover(Some(path[0].map(|c| c as f32)))));
        self.intend(What::Drag(path.clone()));
        self.run(Command::Pointer(PointerCommand::Down(path[0])));
        for some in path[1..].chunks(2) {
            self.run(Command::Pointer(PointerCommand::Move(some.to_vec())));
        }
        if self.rng.random_range(0..10) == 0 {
            *self.acts.entry("given up: drag".to_owned()).or_default() += 1;
            self.run(Command::Pointer(PointerCommand::Cancel));
        }
        self.run(Command::Pointer(PointerCommand::Up));
        self.settle();
    }

    /// A command that changes the read without the pointer.
    fn edit(&mut self, command: EditCommand) {
        let name = format!("{command:?}").split('(').map(|w| w.trim_end_matches(')').to_owned()).collect::<Vec<_>>().join(" ");
        *self.acts.entry(format!("edit: {name}")).or_default() += 1;
        self.intend(What::Edit(command.clone()));
        self.run(Command::Edit(command));
        self.settle();
    }

    fn hover(&mut self) {
        let mut at = self.uv();
        if let Some(corner) = self.a_corner().filter(|_| self.rng.random_bool(0.5)) {
            at = corner;
        }
        self.run(Command::View(ViewCommand::Hover(Some(at.map(|c| c as f32)))));
    }

    fn shape(&mut self) {
        use ShapeCommand as S;
        self.prepare();
        let all = [
            S::Interpolate,
            S::InterpolateAll,
            S::CopyPrevious,
            S::CopyNext,
            S::Grow,
            S::Smooth,
            S::FillHoles,
            S::RemoveIslands,
            S::MarginOut,
            S::MarginIn,
        ];
        let shape = self.one_of(&all);
        self.edit(EditCommand::Shape(shape));
    }

    /// Outlines, squares and the reference without the pointer.
    fn mark(&mut self) {
        self.prepare();
        let tool = self.one_of(&[Tool::Outline, Tool::Square]);
        self.tool(ToolCommand::Choose(tool));
        // What is worked on is what was touched last.
        if let Some(corner) = self.a_corner().filter(|_| tool == Tool::Outline) {
            self.drag(vec![corner]);
        }
        self.hover();
        let all = [EditCommand::DeleteOutline, EditCommand::DeleteCorner, EditCommand::SmoothOutline, EditCommand::FlipSquare];
        let command =
            if self.rng.random_range(0..6) == 0 { EditCommand::ClearReference } else { all[self.rng.random_range(0..all.len())].clone() };
        self.edit(command);
        self.run(Command::Pointer(PointerCommand::Cancel));
    }

    /// A model is asked, answers later, or what it says is thrown away.
    fn model(&mut self) {
        match (self.asked.take(), self.rng.random_range(0..8)) {
            (None, 0) => {
                self.plain.as_mut().unwrap().proposal = None;
                self.edit(EditCommand::DismissProposal);
            }
            (None, _) => {
                let layer = self.one_of(&[LayerKind::Marrow, LayerKind::Marrow, LayerKind::Bone]);
                self.asked = Some((layer, self.exam().layers().revision(layer), self.plain().time()));
            }
            (Some((layer, revision, since)), _) => self.answer(layer, revision, since),
        }
    }

    fn answer(&mut self, layer: LayerKind, base_revision: u64, since: u64) {
        self.proposals += 1;
        let version = format!("{layer}-R1/{}", self.proposals / 3 + 1);
        let slices: Vec<usize> = (0..SHAPE[2]).filter(|_| self.rng.random_bool(0.6)).collect();
        let mut labels = Labels::empty(self.exam().layers().grid().clone());
        for _ in 0..4 {
            let (middle, radius, label) = (self.uv(), self.rng.random_range(3.0..12.0), self.rng.random_range(1..4));
            let [from, to] = [self.rng.random_range(0..SHAPE[2]), self.rng.random_range(0..SHAPE[2])];
            for (n, uv) in self.ground.uv.iter().enumerate() {
                let inside = (uv[0] - middle[0]).hypot(uv[1] - middle[1]) < radius;
                if inside && (from.min(to)..=from.max(to)).contains(&slice_of(n)) && slices.contains(&slice_of(n)) {
                    labels.set(labels.grid().voxel(n), label);
                }
            }
        }
        *self.acts.entry("proposal".to_owned()).or_default() += 1;
        let suggestion = Suggestion { layer, version: version.clone(), labels: labels.to_dense(), slices: slices.clone(), since };
        self.plain.as_mut().unwrap().propose(suggestion, slice_of);
        let exam = self.exam().code().clone();
        let result = ProposalResult { exam, layer, model_version: version, base_revision, labels, slices };
        self.absorb(Event::Ended { id: RequestId(1_000_000), outcome: Outcome::Proposed(Box::new(result)) });
        let shown = self.exam().proposal().unwrap();
        assert_eq!(shown.result.labels.to_dense(), self.plain().proposal.as_ref().unwrap().labels, "the proposal");
    }

    fn adopt(&mut self) {
        self.prepare();
        self.hover();
        let what = self.one_of(&[AdoptWhat::All, AdoptWhat::Slice, AdoptWhat::Part, AdoptWhat::Part, AdoptWhat::SliceOverHand]);
        self.edit(EditCommand::Adopt(what));
    }

    /// Takes steps back or does them again, one or several at once before anything is awaited.
    fn back_and_forth(&mut self, command: &EditCommand) {
        let times = self.rng.random_range(1..4);
        let [live, undone] = [self.plain().live.len(), self.plain().undone.len()];
        let possible = if *command == EditCommand::Undo { live } else { undone };
        let mut steps = 0;
        for _ in 0..times {
            *self.acts.entry(format!("edit: {command:?}")).or_default() += 1;
            // Undo takes the points of what is half drawn on the slice shown first.
            let exam = self.exam();
            let drawn = exam.draft().len() + exam.wire().map_or(0, osteon::session::Wire::clicks);
            steps += usize::from(*command != EditCommand::Undo || drawn == 0);
            self.run(Command::Edit(command.clone()));
        }
        self.settle();
        let by = steps.min(possible);
        let expected = if *command == EditCommand::Undo { [live - by, undone + by] } else { [live + by, undone - by] };
        assert_eq!([self.plain().live.len(), self.plain().undone.len()], expected, "{times} × {command:?}");
    }

    /// A click in the history, some steps away.
    fn go_to_row(&mut self) {
        let rows: Vec<u64> = self.plain().live.iter().chain(self.plain().undone.iter().rev()).map(|s| s.row).collect();
        let Some(here) = self.plain().live.len().checked_sub(1) else { return };
        let to = (here + self.rng.random_range(0..11)).saturating_sub(5).min(rows.len() - 1);
        *self.acts.entry("edit: GoToRow".to_owned()).or_default() += 1;
        self.run(Command::Edit(EditCommand::GoToRow(rows[to])));
        self.settle();
        assert_eq!(self.plain().live.last().map(|s| s.row), Some(rows[to]), "row {} was clicked", rows[to]);
    }

    pub fn step(&mut self) {
        match self.rng.random_range(0..100) {
            0..62 => self.gesture(),
            62..68 => self.shape(),
            68..73 => self.mark(),
            73..78 => self.model(),
            78..85 => self.adopt(),
            85..88 => {
                self.prepare();
                let all = self.rng.random_range(0..12) == 0;
                self.edit(if all { EditCommand::AllDone } else { EditCommand::ToggleDone });
            }
            88..93 => self.back_and_forth(&EditCommand::Undo),
            93..97 => self.back_and_forth(&EditCommand::Redo),
            _ => self.go_to_row(),
        }
        self.act_ended = true;
        self.follow();
    }
}
