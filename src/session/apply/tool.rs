//! Choosing tools and what they paint with.

use crate::edit::tools::{BrushShape, Limits, Region};
use crate::session::{PointerState, Session, Tool, ToolCommand, ToolState};
use crate::volume::LayerKind;

impl Session {
    pub(super) fn apply_tool(&mut self, command: ToolCommand) {
        let drawing = self.exam.as_ref().is_some_and(|exam| exam.layers.gesture_open());
        match command {
            // A stroke keeps the layer and the label that it began with.
            ToolCommand::Layer(_) | ToolCommand::Label(_) if drawing => {}
            ToolCommand::Choose(tool) => self.choose_tool(tool),
            ToolCommand::SizeMm(size) if size.is_finite() => {
                self.tool.size_mm = size.clamp(ToolState::SIZE_RANGE_MM[0], ToolState::SIZE_RANGE_MM[1]);
            }
            ToolCommand::SizeMm(_) => {}
            ToolCommand::StepSize(by) => self.tool.size_mm = self.tool.stepped_size_mm(by.clamp(-40, 40)),
            ToolCommand::Label(label) => self.choose_label(label),
            ToolCommand::Layer(layer) => {
                if layer != self.tool.layer {
                    // The labels of one layer mean nothing in another.
                    self.tool.rules.over = None;
                }
                self.tool.layer = layer;
                let stays = match self.tool.tool {
                    Tool::Outline => layer == LayerKind::Bone,
                    Tool::Levels => layer == LayerKind::Marrow,
                    _ => true,
                };
                if !stays {
                    self.choose_tool(Tool::Brush);
                }
            }
            ToolCommand::ToggleBrushShape => {
                self.tool.shape = match self.tool.shape {
                    BrushShape::Circle => BrushShape::Square,
                    BrushShape::Square => BrushShape::Circle,
                }
            }
            ToolCommand::ToggleThreeD => self.tool.three_d = !self.tool.three_d,
            ToolCommand::ToggleInsideBone => self.tool.rules.inside_bone = !self.tool.rules.inside_bone,
            ToolCommand::ToggleInsideBand => {
                self.tool.rules.inside_band = !self.tool.rules.inside_band;
                self.fix_band();
            }
            ToolCommand::ToggleInsideRegion => self.toggle_region(),
            ToolCommand::ToggleWholeExam => self.tool.whole_exam = !self.tool.whole_exam,
            ToolCommand::ByMm(mm) => set(&mut self.tool.shapes.by_mm, mm, [0.1, 30.0]),
            ToolCommand::IslandMm3(mm3) => set(&mut self.tool.shapes.island_mm3, mm3, [0.1, 1e5]),
            ToolCommand::Spread(spread) => set(&mut self.tool.shapes.spread, spread, [0.2, 10.0]),
            ToolCommand::LevelFrom(level, times) => self.set_level(level, times),
            ToolCommand::Tolerance(None) => self.tool.tolerance = None,
            ToolCommand::Tolerance(Some(tolerance)) => {
                let mut now = self.tool.tolerance.unwrap_or_default();
                set(&mut now, tolerance, [0.0, f32::MAX]);
                self.tool.tolerance = Some(now);
            }
            ToolCommand::GapMm(mm) => set(&mut self.tool.gap_mm, mm, [0.0, 30.0]),
            ToolCommand::Over(labels) => self.tool.rules.over = labels,
            ToolCommand::ThresholdLower(lower) => self.set_threshold(|t| [lower, t[1].max(lower)]),
            ToolCommand::ThresholdUpper(upper) => self.set_threshold(|t| [t[0].min(upper), upper]),
        }
    }

    /// Whether the protocol lets readers use a tool; `shapes` are the operations on whole shapes.
    #[must_use]
    pub fn tool_allowed(&self, word: &str) -> bool {
        self.study.as_ref().is_none_or(|study| study.protocol.allows_tool(word))
    }

    /// A tool that the protocol does not allow is put down for the first that it does.
    pub(in crate::session) fn take_allowed_tool(&mut self) {
        if !self.tool_allowed(self.tool.tool.word())
            && let Some(tool) = Tool::ALL.into_iter().find(|tool| self.tool_allowed(tool.word()))
        {
            self.choose_tool(tool);
        }
    }

    fn choose_tool(&mut self, tool: Tool) {
        if !self.tool_allowed(tool.word()) {
            self.warn(format!("The protocol of this study does not allow the tool {}.", tool.name()));
            return;
        }
        let Some(exam) = &mut self.exam else {
            self.tool.tool = tool;
            return;
        };
        if exam.layers.gesture_open() {
            return;
        }
        exam.lay_draft_aside(self.tool.tool);
        self.tool.tool = tool;
        exam.pointer = PointerState::Idle;
        exam.take_draft_up(tool);
        if tool == Tool::Outline {
            // Outlines live in the bone layer.
            self.tool.layer = LayerKind::Bone;
        } else {
            exam.selected_outline = None;
        }
        if tool == Tool::Levels {
            self.tool.layer = LayerKind::Marrow;
        }
    }

    fn choose_label(&mut self, label: u8) {
        if label == 0 {
            self.choose_tool(Tool::Eraser);
            return;
        }
        if self.scheme(self.tool.layer).class(label).is_none() {
            return;
        }
        self.tool.labels[self.tool.layer.number()] = label;
        if matches!(self.tool.tool, Tool::Eraser | Tool::AdoptBrush) {
            self.choose_tool(Tool::Brush);
        }
    }

    fn toggle_region(&mut self) {
        if self.tool.rules.inside_region && self.keeps_to_squares() {
            self.info("The protocol counts marrow within the metaphysis squares alone: painting keeps to them.");
            return;
        }
        self.tool.rules.inside_region = !self.tool.rules.inside_region;
        if self.tool.rules.inside_region && self.exam.as_ref().is_some_and(|e| e.layers.squares().next().is_none()) {
            self.info("No metaphysis square is set yet: draw one along the physis; until then the rule limits nothing.");
        }
    }

    /// Levels begin in ascending order: the others give way.
    fn set_level(&mut self, level: u8, times: f32) {
        let Some(at) = usize::from(level).checked_sub(1).filter(|at| *at < 3 && times.is_finite()) else { return };
        let levels = &mut self.tool.levels;
        levels[at] = times.clamp(0.0, 100.0);
        for n in 0..3 {
            levels[n] = if n < at { levels[n].min(levels[at]) } else { levels[n].max(levels[at]) };
        }
    }

    pub(super) fn set_threshold(&mut self, change: impl Fn([f32; 2]) -> [f32; 2]) {
        let current = self.threshold();
        let next = change(current);
        if next.iter().all(|v| v.is_finite()) {
            self.tool.threshold = Some(next);
        }
    }

    /// The rules in force, as plain data.
    pub(super) fn limits(&self) -> Limits {
        let rules = self.tool.rules;
        Limits {
            over: rules.over,
            inside_bone: rules.inside_bone,
            band: rules.inside_band.then(|| self.threshold()),
            region: self.region(),
        }
    }

    /// The region of the metaphysis squares, where painting keeps to it (see `refresh_region`).
    fn region(&self) -> Option<Region> {
        self.exam.as_ref().filter(|_| self.tool.rules.inside_region)?.region.region().cloned()
    }

    /// Grey values of the band; until the person sets them, or the rule is on, from the window's level up.
    #[must_use]
    pub fn threshold(&self) -> [f32; 2] {
        self.tool.threshold.unwrap_or_else(|| match &self.exam {
            Some(exam) => {
                // The window of another sequence says nothing of the one that is painted on.
                let rule = exam.rule.map(|rule| rule.window()).filter(|_| exam.view.sequence != 0);
                [rule.unwrap_or(exam.view.window).level(), exam.reading_image().range().1]
            }
            None => [0.0, 0.0],
        })
    }

    /// While the rule is on, the band stays what it was when it began: another window must not change what a stroke takes.
    pub(in crate::session) fn fix_band(&mut self) {
        if self.tool.rules.inside_band && self.tool.threshold.is_none() && self.exam.is_some() {
            self.tool.threshold = Some(self.threshold());
        }
    }
}

/// Takes a number within a range; one that is not finite changes nothing.
const fn set(value: &mut f32, wanted: f32, [least, most]: [f32; 2]) {
    if wanted.is_finite() {
        *value = wanted.clamp(least, most);
    }
}
