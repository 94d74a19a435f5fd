//! Choosing tools and what they paint with.

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
                self.tool.layer = layer;
                if layer == LayerKind::Marrow && self.tool.tool == Tool::Outline {
                    self.choose_tool(Tool::Brush);
                }
            }
            ToolCommand::ToggleOnlyInsideBone => self.tool.only_inside_bone = !self.tool.only_inside_bone,
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
        match self.tool.layer {
            LayerKind::Marrow => self.tool.marrow_label = label,
            LayerKind::Bone => self.tool.bone_label = label,
        }
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

    /// Grey values that the lasso labels; until the person sets them, from the window's level up.
    #[must_use]
    pub fn threshold(&self) -> [f32; 2] {
        self.tool.threshold.unwrap_or_else(|| match &self.exam {
            Some(exam) => [exam.view.window.level(), exam.reading_image().range().1],
            None => [0.0, 0.0],
        })
    }
}
