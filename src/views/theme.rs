//! Every colour and size of the window, and egui's style made from them. No other file of `views` names a colour.

use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, Vec2};
use std::sync::Arc;

/// Ground of the window.
pub const GROUND: Color32 = Color32::from_rgb(0x0e, 0x10, 0x11);
/// Lines between panels.
pub const PANEL_LINE: Color32 = Color32::from_rgb(0x1d, 0x21, 0x24);
/// What stands out of the ground: rows under the pointer, fields.
pub const RAISED: Color32 = Color32::from_rgb(0x1b, 0x1e, 0x22);
/// Lines around buttons and fields.
pub const CONTROL_LINE: Color32 = Color32::from_rgb(0x2b, 0x30, 0x35);
/// Lines around buttons under the pointer.
pub const CONTROL_LINE_HOT: Color32 = Color32::from_rgb(0x4a, 0x51, 0x58);
/// Usual text.
pub const TEXT: Color32 = Color32::from_rgb(0xc6, 0xcc, 0xd1);
/// Titles and what is selected.
pub const STRONG: Color32 = Color32::from_rgb(0xdd, 0xe2, 0xe6);
/// Heads of sections.
pub const HEADING: Color32 = Color32::from_rgb(0xa2, 0xa9, 0xb0);
/// Captions, hints, keys.
pub const QUIET: Color32 = Color32::from_rgb(0x7d, 0x85, 0x8c);
/// What cannot be used now.
pub const FAINT: Color32 = Color32::from_rgb(0x4c, 0x53, 0x59);
/// The one accent: selection, focus, the model.
pub const ACCENT: Color32 = Color32::from_rgb(0xb9, 0xa3, 0xff);
/// Fill behind what is selected.
pub const ACCENT_FILL: Color32 = Color32::from_rgb(0x2a, 0x25, 0x40);
/// Line around what is selected.
pub const ACCENT_LINE: Color32 = Color32::from_rgb(0x4b, 0x43, 0x75);
/// A slice that is done, a study that is saved.
pub const DONE: Color32 = Color32::from_rgb(0x6f, 0xbf, 0x73);
/// A slice worth another look.
pub const LOOK_AGAIN: Color32 = Color32::from_rgb(0xd9, 0x8c, 0x3f);
/// Something failed.
pub const FAILED: Color32 = Color32::from_rgb(0xe5, 0x6a, 0x62);
/// A slice that is painted but not done.
pub const PAINTED: Color32 = Color32::from_rgb(0x56, 0x5d, 0x64);
/// Bone outlines and side letters.
pub const BONE: Color32 = Color32::from_rgb(0xe6, 0xe8, 0xea);
/// Ground of a picture.
pub const PICTURE: Color32 = Color32::BLACK;
/// Behind words on the picture.
pub const PICTURE_SHADE: Color32 = Color32::from_black_alpha(0xa0);
/// Tint of thumbnails that are not on screen.
pub const DIMMED: Color32 = Color32::from_gray(0xc8);
/// The histogram's body.
pub const HISTOGRAM: Color32 = Color32::from_rgb(0x2d, 0x32, 0x37);

/// The grid everything sits on, in points.
pub const UNIT: f32 = 4.0;
/// Padding of panels.
pub const PADDING: f32 = 12.0;
/// Height of a row.
pub const ROW: f32 = 24.0;
/// Height of a button.
pub const BUTTON: f32 = 28.0;
/// From one thing of a row to the next.
pub const GAP: f32 = 8.0;
/// From one answer of a row to the next.
pub const CHOICE_GAP: f32 = 20.0;
/// Height of the top bar.
pub const TOP_BAR: f32 = 40.0;
/// Height of the status line.
pub const STATUS_BAR: f32 = 28.0;
/// Height of a thumbnail in the slice strip.
pub const THUMBNAIL: f32 = 60.0;
/// Height of the slice strip.
pub const STRIP: f32 = THUMBNAIL + 24.0;
/// Width of the list of exams; smallest, usual, largest.
pub const EXAM_LIST: [f32; 3] = [132.0, 180.0, 320.0];
/// Width of the panels on the right; smallest, usual, largest.
pub const SIDE: [f32; 3] = [264.0, 292.0, 440.0];
/// Width of the companion panes; smallest, usual, largest.
pub const COMPANIONS: [f32; 3] = [120.0, 216.0, 480.0];
/// Smallest, usual and largest width of the atlas beside the picture.
pub const ATLAS: [f32; 3] = [240.0, 380.0, 900.0];
/// Width of what is compared; smallest, usual, largest.
pub const COMPARE_CHOICES: [f32; 3] = [212.0, 216.0, 320.0];
/// Width of the figures of a comparison; smallest, usual, largest.
pub const COMPARE_FIGURES: [f32; 3] = [300.0, 352.0, 560.0];
/// Height of the profile of disputed voxels.
pub const PROFILE: f32 = 64.0;
/// A window narrower than this shows no companion panes.
pub const COMPANIONS_FROM: f32 = 1240.0;
/// Rounding of buttons and rows.
pub const RADIUS: u8 = 4;

/// Usual text.
#[must_use]
pub const fn body() -> FontId {
    FontId::new(12.5, FontFamily::Proportional)
}

/// Captions and labels.
#[must_use]
pub const fn small() -> FontId {
    FontId::new(11.5, FontFamily::Proportional)
}

/// Titles.
#[must_use]
pub const fn title() -> FontId {
    FontId::new(14.0, FontFamily::Proportional)
}

/// The large lines of the first start.
#[must_use]
pub const fn large() -> FontId {
    FontId::new(18.0, FontFamily::Proportional)
}

/// Numbers, codes and keys.
#[must_use]
pub const fn mono() -> FontId {
    FontId::new(12.0, FontFamily::Monospace)
}

/// Keys in their caps.
#[must_use]
pub const fn mono_small() -> FontId {
    FontId::new(10.5, FontFamily::Monospace)
}

/// An 8-bit colour of a label scheme.
#[must_use]
pub const fn label(colour: crate::volume::Rgb) -> Color32 {
    Color32::from_rgb(colour.0[0], colour.0[1], colour.0[2])
}

/// The shade of hatching that stands for a proposal.
#[must_use]
pub const fn hatch() -> Stroke {
    Stroke { width: 1.0, color: ACCENT }
}

/// Gives egui the program's style. To be called once for a context.
pub fn install(ctx: &egui::Context) {
    ctx.set_theme(egui::Theme::Dark);
    let mut style = (*ctx.style_of(egui::Theme::Dark)).clone();
    style.text_styles = [
        (TextStyle::Body, body()),
        (TextStyle::Button, body()),
        (TextStyle::Small, small()),
        (TextStyle::Heading, title()),
        (TextStyle::Monospace, mono()),
    ]
    .into();
    style.drag_value_text_style = TextStyle::Monospace;
    style.animation_time = 0.08;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.6;
    spacing(&mut style.spacing);
    visuals(&mut style.visuals);
    ctx.set_style_of(egui::Theme::Dark, Arc::new(style));
}

fn spacing(spacing: &mut egui::style::Spacing) {
    spacing.item_spacing = Vec2::new(GAP, 4.0);
    spacing.button_padding = Vec2::new(8.0, 4.0);
    spacing.interact_size = Vec2::new(32.0, ROW);
    spacing.menu_margin = Margin::same(8);
    spacing.window_margin = Margin::same(12);
    spacing.slider_rail_height = 2.0;
    spacing.icon_width = 14.0;
    spacing.icon_width_inner = 8.0;
    // A box or circle stands nearer to its own words than to the next.
    spacing.icon_spacing = 4.0;
    spacing.tooltip_width = 320.0;
    spacing.scroll = egui::style::ScrollStyle::thin();
}

fn visuals(v: &mut egui::Visuals) {
    v.dark_mode = true;
    v.panel_fill = GROUND;
    v.window_fill = RAISED;
    v.window_stroke = Stroke::new(1.0, CONTROL_LINE);
    v.window_corner_radius = CornerRadius::same(8);
    v.menu_corner_radius = CornerRadius::same(6);
    let shadow = Shadow { offset: [0, 8], blur: 24, spread: 0, color: Color32::from_black_alpha(0x90) };
    v.window_shadow = shadow;
    v.popup_shadow = shadow;
    v.extreme_bg_color = Color32::from_rgb(0x09, 0x0a, 0x0b);
    v.faint_bg_color = Color32::from_rgb(0x13, 0x16, 0x18);
    v.code_bg_color = RAISED;
    v.selection.bg_fill = ACCENT_FILL;
    v.selection.stroke = Stroke::new(1.0, ACCENT);
    v.hyperlink_color = ACCENT;
    v.warn_fg_color = LOOK_AGAIN;
    v.error_fg_color = FAILED;
    v.weak_text_color = Some(QUIET);
    v.slider_trailing_fill = false;
    v.handle_shape = egui::style::HandleShape::Circle;
    v.indent_has_left_vline = false;
    let widgets = &mut v.widgets;
    for (state, fill, line, text) in [
        (&mut widgets.noninteractive, GROUND, PANEL_LINE, TEXT),
        (&mut widgets.inactive, RAISED, CONTROL_LINE, TEXT),
        (&mut widgets.hovered, RAISED, CONTROL_LINE_HOT, STRONG),
        (&mut widgets.active, ACCENT_FILL, ACCENT_LINE, STRONG),
        (&mut widgets.open, RAISED, CONTROL_LINE, STRONG),
    ] {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.bg_stroke = Stroke::new(1.0, line);
        state.fg_stroke = Stroke::new(1.0, text);
        state.corner_radius = CornerRadius::same(RADIUS);
        state.expansion = 0.0;
    }
    // Rails and handles of sliders take these two: a light handle on a quiet rail.
    widgets.inactive.bg_fill = CONTROL_LINE;
    widgets.hovered.bg_fill = CONTROL_LINE_HOT;
}
