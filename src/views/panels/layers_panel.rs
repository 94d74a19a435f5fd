//! Layers and labels: what I am painting with and how much of it there is.

use super::rules_panel::{amount_words, rules_ui};
use crate::session::{Command, OpenExam, Session, ToolCommand, ViewCommand};
use crate::views::actions::Action;
use crate::views::tally::Tally;
use crate::views::widgets::{Row, key_cap_size, named, paint_key_cap, quiet, row};
use crate::views::{facts, theme};
use crate::volume::LayerKind;
use egui::{Align, Checkbox, CornerRadius, Layout, Pos2, RichText, Role, Sense, Slider, Ui, Vec2, WidgetInfo};

/// Draws the panel.
pub fn layers_ui(ui: &mut Ui, session: &Session, exam: &OpenExam, tally: &Tally, commands: &mut Vec<Command>) {
    layer_switch(ui, session, exam, commands);
    ui.add_space(theme::UNIT);
    ui.scope(|ui| labels(ui, session, exam, tally, commands));
    ui.add_space(theme::UNIT);
    opacity(ui, exam, commands);
    rules_ui(ui, session, exam, commands);
}

/// A tab per layer, each after the check that shows it.
fn layer_switch(ui: &mut Ui, session: &Session, exam: &OpenExam, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for layer in LayerKind::ALL {
            shown_check(ui, exam, layer, commands);
            layer_tab(ui, session, layer, commands);
        }
    });
}

fn shown_check(ui: &mut Ui, exam: &OpenExam, layer: LayerKind, commands: &mut Vec<Command>) {
    let mut shown = match layer {
        LayerKind::Marrow => exam.view().marrow_visible,
        LayerKind::Bone => exam.view().bone_visible,
        LayerKind::Exclusion => exam.view().exclusion_visible,
    };
    let response = ui.add(Checkbox::without_text(&mut shown)).on_hover_text(format!("Shows the {layer} layer"));
    if named(response, &format!("Show {layer}")).changed() {
        commands.push(Command::View(ViewCommand::ToggleLayer(layer)));
    }
}

const fn layer_name(layer: LayerKind) -> &'static str {
    match layer {
        LayerKind::Marrow => "Marrow",
        LayerKind::Bone => "Bone",
        LayerKind::Exclusion => "Excluded",
    }
}

fn layer_tab(ui: &mut Ui, session: &Session, layer: LayerKind, commands: &mut Vec<Command>) {
    let selected = session.tool().layer == layer;
    let galley = ui.painter().layout_no_wrap(layer_name(layer).to_owned(), theme::body(), theme::TEXT);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(galley.size().x + 16.0, theme::ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, selected, format!("{} layer", layer_name(layer))));
    let hot = response.hovered() || response.has_focus();
    if selected || hot {
        ui.painter().rect_filled(rect, CornerRadius::same(theme::RADIUS), if selected { theme::ACCENT_FILL } else { theme::RAISED });
    }
    let colour = if selected {
        theme::STRONG
    } else if hot {
        theme::TEXT
    } else {
        theme::QUIET
    };
    ui.painter().galley_with_override_text_color((rect.center() - galley.size() / 2.0).round(), galley, colour);
    let id = if layer == LayerKind::Exclusion { "exclusion_layer" } else { "switch_layer" };
    let key = Action::find(id).and_then(Action::key_words).unwrap_or_default();
    if response.on_hover_text(format!("Paint on the {layer} layer ({key})")).clicked() {
        commands.push(Command::Tool(ToolCommand::Layer(layer)));
    }
}

fn labels(ui: &mut Ui, session: &Session, exam: &OpenExam, tally: &Tally, commands: &mut Vec<Command>) {
    let layer = session.tool().layer;
    let scheme = session.scheme(layer);
    if scheme.classes().is_empty() {
        quiet(ui, "The protocol names no bones: add them to study.toml.");
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let slice = exam.view().slice;
    let columns = Columns::new(exam);
    for class in scheme.classes() {
        let counts = [tally.in_slice(layer, class.value, slice), tally.in_exam(layer, class.value)];
        let value = columns.words(counts);
        let key = Action::sending(session, &Command::Tool(ToolCommand::Label(class.value))).and_then(Action::key_words);
        let line = Row {
            text: class.name.split(" · ").next().unwrap_or(&class.name),
            swatch: Some(theme::label(class.colour)),
            key: key.as_deref(),
            value: Some(&value),
            selected: session.tool().label() == class.value,
            disabled: !exam.is_writable(),
            ..Row::default()
        };
        let [here, all] = counts.map(|n| amount_words(exam, n));
        let mut hover = format!("{}\nthis slice: {here}\nwhole exam: {all}", class.name);
        if let Some([here, all]) = in_squares(tally, layer, class.value, slice).map(|counts| counts.map(|n| amount_words(exam, n))) {
            hover += &format!("\nwithin the squares: {here} on this slice, {all} in the exam");
        }
        if row(ui, &line).on_hover_text(hover).clicked() {
            commands.push(Command::Tool(ToolCommand::Label(class.value)));
        }
    }
    ui.add_space(theme::UNIT);
    let active = session.tool().label();
    let told = |value: u8| scheme.classes().len() <= MOST_COUNTED || value == active;
    let counts: Vec<String> = (scheme.classes().iter().map(|class| class.value).filter(|value| told(*value)))
        .map(|label| format!("{label}:{NO_BREAK}{}/{}", tally.in_slice(layer, label, slice), tally.in_exam(layer, label)))
        .collect();
    quiet(ui, &format!("{} · voxels {}", columns.unit, counts.join(", ")));
    let inside: Vec<String> = (scheme.classes().iter().filter(|class| told(class.value)))
        .filter_map(|class| {
            Some(format!("{}:{NO_BREAK}{}", class.value, in_one_piece(&columns.words(in_squares(tally, layer, class.value, slice)?))))
        })
        .collect();
    if !inside.is_empty() {
        quiet(ui, &format!("within the squares · {}", inside.join(", ")));
    }
}

/// A space at which no line ends: a label stays with its number.
const NO_BREAK: char = '\u{a0}';

fn in_one_piece(words: &str) -> String {
    words.replace(' ', &NO_BREAK.to_string())
}

/// Voxels within the metaphysis squares on the slice and in the exam: of marrow alone.
fn in_squares(tally: &Tally, layer: LayerKind, label: u8, slice: usize) -> Option<[usize; 2]> {
    if layer == LayerKind::Marrow { tally.inside_squares(label, slice) } else { None }
}

/// Layers of so many labels have the counts of all of them on screen; of more, the active one's.
const MOST_COUNTED: usize = 4;

/// How much of each label there is on the slice shown and in the exam: ml where voxels have a size, else their number.
struct Columns {
    voxel_ml: Option<f64>,
    unit: &'static str,
}

impl Columns {
    fn new(exam: &OpenExam) -> Self {
        let voxel_ml = facts::voxel_ml(exam);
        Self { voxel_ml, unit: if voxel_ml.is_some() { "ml on slice / in exam" } else { "on slice / in exam" } }
    }

    fn words(&self, [here, all]: [usize; 2]) -> String {
        match self.voxel_ml {
            Some(ml) => format!("{:.2} / {:>5.2}", here as f64 * ml, all as f64 * ml),
            None => format!("{here} / {all}"),
        }
    }
}

fn opacity(ui: &mut Ui, exam: &OpenExam, commands: &mut Vec<Command>) {
    let key = Action::find("overlay").and_then(Action::key_words).unwrap_or_default();
    ui.horizontal(|ui| {
        ui.label(RichText::new("Opacity").color(theme::QUIET));
        let cap = key_cap_size(ui, &key).x;
        ui.spacing_mut().slider_width = (ui.available_width() - cap - 16.0).max(40.0);
        let mut opacity = exam.view().opacity;
        let response = ui.add_enabled(exam.view().overlay, Slider::new(&mut opacity, 0.0..=1.0).show_value(false));
        let hover = format!("{:.0} %; {key} hides all paint", opacity * 100.0);
        if named(response, "Opacity of paint").on_hover_text(hover).changed() {
            commands.push(Command::View(ViewCommand::Opacity(opacity)));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (rect, response) = ui.allocate_exact_size(key_cap_size(ui, &key), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Paint on or off"));
            paint_key_cap(
                ui,
                Pos2::new(rect.right(), rect.center().y),
                &key,
                if exam.view().overlay { theme::QUIET } else { theme::ACCENT },
            );
            if response.on_hover_text("Shows or hides all paint").clicked() {
                commands.push(Command::View(ViewCommand::ToggleOverlay));
            }
        });
    });
}
