//! The model beside the reader: training, proposals, adopting.

use super::{action_button, training_length};
use crate::gpu::OverlayStyle;
use crate::session::{Command, OpenExam, Session};
use crate::study::Part;
use crate::views::widgets::{ButtonLook, button_row, heading, progress_bar, quiet};
use crate::views::{facts, theme};
use crate::worker::message::TrainProgress;
use egui::{Align, Layout, Pos2, RichText, Sense, Shape, Stroke, Ui, Vec2, pos2};

/// Draws the panel.
pub fn model_ui(ui: &mut Ui, session: &Session, exam: &OpenExam, commands: &mut Vec<Command>) {
    let title = match session.current_version() {
        Some(version) => format!("Model · {} version {version}", session.tool().layer),
        None => format!("Model · {}, not trained yet", session.tool().layer),
    };
    heading(ui, &title);
    if !session.assistance_allowed() {
        quiet(ui, "This read is independent: no model and no proposals.");
        return;
    }
    if session.training().is_running() {
        training_ui(ui, session, commands);
    } else {
        idle(ui, session, commands);
    }
    ui.add_space(theme::UNIT);
    proposals(ui, session, exam, commands);
}

/// No training under way: what the last one gave, and the button for the next.
fn idle(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    if let Some(why) = session.training().failure() {
        ui.add(egui::Label::new(RichText::new(why).font(theme::small()).color(theme::FAILED)).wrap());
    }
    let current = session.current_version();
    if let Some(version) = facts::versions(session).iter().find(|v| Some(v.version) == current) {
        dice_line(ui, &version.dice, "held-out slices");
        quiet(ui, &format!("trained on {} slices, {} steps", version.slices, version.steps));
    } else {
        quiet(ui, "Mark slices done, then train: the model learns from them and from nothing else.");
    }
    button_row(ui, |ui| {
        let text = if current.is_some() { "Retrain" } else { "Train" };
        action_button(ui, session, "train", Some(text), ButtonLook::Plain, commands);
        training_length(ui, session, commands);
    });
}

/// The training under way: how far, how long still, its loss and figures, pause and cancel.
pub fn training_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let training = session.training();
    let latest = training.latest();
    let fraction = latest.map(|p| p.step as f32 / p.steps.max(1) as f32);
    progress_bar(ui, fraction, theme::ACCENT);
    ui.horizontal(|ui| {
        ui.label(RichText::new(pace_words(training.is_paused(), latest)).color(theme::TEXT));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(progress) = latest {
                ui.label(RichText::new(format!("loss {:.3}", progress.loss)).font(theme::mono()).color(theme::QUIET));
            }
        });
    });
    curve(ui, training.losses());
    if let Some(progress) = latest {
        dice_line(ui, &progress.dice, &progress.held_out);
        quiet(ui, &standing_words(progress));
        if let Some(note) = &progress.note {
            ui.add(egui::Label::new(RichText::new(note).font(theme::small()).color(theme::LOOK_AGAIN)).wrap());
        }
    }
    button_row(ui, |ui| {
        let hold = if training.is_paused() { ("resume", "Resume") } else { ("pause", "Pause") };
        action_button(ui, session, hold.0, Some(hold.1), ButtonLook::Plain, commands);
        action_button(ui, session, "cancel_training", Some("Cancel"), ButtonLook::Plain, commands);
    });
}

/// `Step 60 of 240 · best at step 60 · 640 of 2048 MB`.
fn standing_words(progress: &TrainProgress) -> String {
    let best = progress.best.map_or(String::new(), |(step, dice)| format!(" · best at step {step}, mean Dice {dice:.2}"));
    let [needed, ceiling] = progress.memory_mb;
    format!("Step {} of {}{best} · {needed} of {ceiling} MB", progress.step, progress.steps)
}

fn pace_words(paused: bool, latest: Option<&TrainProgress>) -> String {
    match latest {
        _ if paused => "Paused".to_owned(),
        None => "Preparing".to_owned(),
        Some(p) => match p.seconds_left {
            Some(s) if s >= 90.0 => format!("Training, {:.0} min left", s / 60.0),
            Some(s) => format!("Training, {:.0} s left", s.max(0.0)),
            None => format!("Step {} of {}", p.step, p.steps),
        },
    }
}

/// The loss over the steps so far, from its highest to its lowest value.
fn curve(ui: &mut Ui, losses: &[f32]) {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 36.0), Sense::hover());
    let (lowest, highest) = losses.iter().fold((f32::MAX, f32::MIN), |(lo, hi), v| (lo.min(*v), hi.max(*v)));
    if losses.len() >= 2 {
        let span = (highest - lowest).max(1e-6);
        let last = (losses.len() - 1) as f32;
        let point = |(n, v): (usize, &f32)| -> Pos2 {
            pos2(rect.left() + n as f32 / last * rect.width(), rect.top() + 2.0 + (highest - v) / span * (rect.height() - 4.0))
        };
        ui.painter().add(Shape::line(losses.iter().enumerate().map(point).collect(), Stroke::new(1.0, theme::ACCENT)));
    }
    ui.painter().line_segment([rect.left_bottom(), rect.right_bottom()], Stroke::new(1.0, theme::CONTROL_LINE));
    response.on_hover_text("Loss over the steps so far");
}

/// `Dice L1 0.81  L2 0.56  L3 –`, wrapping where there are many labels; hovering says on what.
fn dice_line(ui: &mut Ui, dice: &[(String, Option<f64>)], held_out: &str) {
    if dice.is_empty() {
        return;
    }
    let row = ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::new(12.0, 0.0);
        quiet(ui, "Dice");
        for (label, value) in dice {
            // With a no-break space: no line ends between a label and its figure.
            ui.label(
                RichText::new(format!("{}\u{a0}{}", facts::short_label(label), facts::dice(*value))).font(theme::mono()).color(theme::TEXT),
            );
        }
    });
    row.response.on_hover_text(format!("Dice on {held_out}; – where a label is in neither map"));
}

/// What the colours of doubt mean, while they are shown.
pub fn doubt_key(ui: &mut Ui, exam: &OpenExam) {
    let Some(doubt) = exam.doubt() else { return };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        quiet(ui, "sure");
        let (rect, response) = ui.allocate_exact_size(Vec2::new(96.0, 8.0), Sense::hover());
        ui.painter().rect_filled(rect, egui::CornerRadius::ZERO, theme::PICTURE);
        let ramp = OverlayStyle::heat();
        for step in 0..96_u8 {
            let [r, g, b, a] = ramp.palette[usize::from(step) * 255 / 95];
            let x = rect.left() + f32::from(step);
            let column = egui::Rect::from_min_max(pos2(x, rect.top()), pos2(x + 1.0, rect.bottom()));
            ui.painter().rect_filled(column, egui::CornerRadius::ZERO, egui::Color32::from_rgba_unmultiplied(r, g, b, a));
        }
        response.on_hover_text(
            "Entropy of what the model says of a pixel, asked several times with parts of it dropped out, and about the mirror image",
        );
        quiet(ui, &format!("no idea · {}", doubt.model_version));
    });
}

fn proposals(ui: &mut Ui, session: &Session, exam: &OpenExam, commands: &mut Vec<Command>) {
    if facts::summary(session).is_some_and(|e| e.part == Some(Part::Test) && !e.reads_sealed) {
        quiet(ui, "A test exam: the model proposes nothing here.");
        return;
    }
    if session.current_version().is_none() && exam.proposal().is_none() {
        return;
    }
    button_row(ui, |ui| {
        action_button(ui, session, "propose_slice", None, ButtonLook::Primary, commands);
        action_button(ui, session, "propose_exam", Some("Exam"), ButtonLook::Plain, commands);
        // Asked for by key, menu or palette: the panel has no room to spare.
        if exam.doubt().is_some() {
            action_button(ui, session, "doubt", Some("Unsure where"), ButtonLook::Primary, commands);
        }
    });
    doubt_key(ui, exam);
    let Some(proposal) = exam.proposal() else { return };
    if proposal.stale {
        ui.add(
            egui::Label::new(RichText::new("Stale: a newer version exists, propose again.").font(theme::small()).color(theme::LOOK_AGAIN))
                .wrap(),
        );
    }
    let slices = match proposal.waiting().collect::<Vec<_>>().as_slice() {
        [] => {
            quiet(ui, &format!("Nothing is left of what {} proposed.", proposal.result.model_version));
            action_button(ui, session, "dismiss", Some("Dismiss"), ButtonLook::Plain, commands);
            return;
        }
        [one] => format!("slice {}", one + 1),
        many => format!("{} slices", many.len()),
    };
    quiet(ui, &format!("Proposed by {} on {slices}, hatched", proposal.result.model_version));
    button_row(ui, |ui| {
        action_button(ui, session, "adopt_slice", None, ButtonLook::Plain, commands);
        action_button(ui, session, "adopt_all", Some("All"), ButtonLook::Plain, commands);
        action_button(ui, session, "adopt_part", Some("Part"), ButtonLook::Plain, commands);
        action_button(ui, session, "dismiss", Some("Dismiss"), ButtonLook::Plain, commands);
    });
}
