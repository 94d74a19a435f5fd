//! How many voxels are disputed on each slice; a click goes there.

use crate::session::{Command, OpenExam, ViewCommand};
use crate::views::theme;
use crate::worker::message::ComparedExam;
use egui::{Align2, CornerRadius, Rect, Role, Sense, Ui, WidgetInfo, pos2};

/// Draws one bar a slice.
pub fn profile_ui(ui: &mut Ui, exam: &OpenExam, compared: &ComparedExam, commands: &mut Vec<Command>) {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Disputed voxels per slice"));
    let slices = compared.disputed.len().max(1);
    let most = compared.disputed.iter().copied().max().unwrap_or(0).max(1);
    let bars = Rect::from_min_max(pos2(rect.left(), rect.top() + 16.0), rect.max);
    let width = bars.width() / slices as f32;
    let slice_at = |x: f32| (((x - bars.left()) / width).max(0.0) as usize).min(slices - 1);
    let over = response.hover_pos().map(|at| slice_at(at.x));
    let painter = ui.painter();
    painter.text(rect.left_top(), Align2::LEFT_TOP, "Disputed voxels per slice", theme::small(), theme::QUIET);
    for (slice, &voxels) in compared.disputed.iter().enumerate() {
        let left = bars.left() + slice as f32 * width;
        let gap = if width > 3.0 { 1.0 } else { 0.0 };
        let column = Rect::from_min_max(pos2(left, bars.top()), pos2(left + width - gap, bars.bottom()));
        let selected = slice == exam.view().slice;
        if selected || over == Some(slice) {
            painter.rect_filled(column, CornerRadius::ZERO, if selected { theme::ACCENT_FILL } else { theme::RAISED });
        }
        if voxels > 0 {
            // A single voxel must be seen beside a slice of thousands.
            let height = (voxels as f32 / most as f32 * column.height()).max(2.0);
            let bar = Rect::from_min_max(pos2(column.left(), column.bottom() - height), column.max);
            painter.rect_filled(bar, CornerRadius::ZERO, if selected { theme::LOOK_AGAIN } else { theme::PAINTED });
        }
    }
    let told = over.unwrap_or(exam.view().slice);
    let words = format!("slice {}: {}", told + 1, compared.disputed.get(told).copied().unwrap_or(0));
    painter.text(rect.right_top(), Align2::RIGHT_TOP, words, theme::mono_small(), theme::TEXT);
    if (response.clicked() || response.dragged())
        && let Some(at) = response.interact_pointer_pos()
        && slice_at(at.x) != exam.view().slice
    {
        commands.push(Command::View(ViewCommand::Slice(slice_at(at.x))));
    }
}
