//! Choosing tools and what they paint with.

use crate::edit::tools::{BrushShape, Limits};
use crate::session::{PointerState, Session, Tool, ToolCommand, ToolState};
use crate::volume::LayerKind;

impl Session {
    pub(super) fn apply_tool(&mut self, command: ToolCommand) {
        match command {
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
                if layer != LayerKind::Bone && self.tool.tool == Tool::Outline {
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
            ToolCommand::ToggleInsideBand => self.tool.rules.inside_band = !self.tool.rules.inside_band,
            ToolCommand::Over(labels) => self.tool.rules.over = labels,
            ToolCommand::ThresholdLower(lower) => self.set_threshold(|t| [lower, t[1].max(lower)]),
            ToolCommand::ThresholdUpper(upper) => self.set_threshold(|t| [t[0].min(upper), upper]),
        }
    }

    fn choose_tool(&mut self, tool: Tool) {
        let Some(exam) = &mut self.exam else {
            self.tool.tool = tool;
            return;
        };
        if exam.layers.gesture_open() {
            return;
        }
        self.tool.tool = tool;
        exam.pointer = PointerState::Idle;
        if tool == Tool::Outline {
            // Outlines live in the bone layer.
            self.tool.layer = LayerKind::Bone;
        } else {
            exam.draft = crate::edit::tools::OutlineDraft::new();
            exam.selected_outline = None;
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

    fn set_threshold(&mut self, change: impl Fn([f32; 2]) -> [f32; 2]) {
        let current = self.threshold();
        let next = change(current);
        if next.iter().all(|v| v.is_finite()) {
            self.tool.threshold = Some(next);
        }
    }

    /// The rules in force, as plain data.
    pub(super) fn limits(&self) -> Limits {
        let rules = self.tool.rules;
        Limits { over: rules.over, inside_bone: rules.inside_bone, band: rules.inside_band.then(|| self.threshold()), region: None }
    }

    /// Grey values of the band; until the person sets them, from the window's level up.
    #[must_use]
    pub fn threshold(&self) -> [f32; 2] {
        self.tool.threshold.unwrap_or_else(|| match &self.exam {
            Some(exam) => [exam.view.window.level(), exam.reading_image().range().1],
            None => [0.0, 0.0],
        })
    }
}
