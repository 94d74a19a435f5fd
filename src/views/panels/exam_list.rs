//! The list of exams: where am I in my work.

use super::action_button;
use crate::session::{Command, OpenExam, Session, StudyCommand};
use crate::study::Part;
use crate::views::widgets::{ButtonLook, heading, quiet};
use crate::views::{facts, theme};
use crate::worker::message::{ExamSummary, Standing};
use egui::{Color32, CornerRadius, Pos2, Rect, RichText, Role, ScrollArea, Sense, Ui, Vec2, WidgetInfo, pos2};
use std::borrow::Cow;

/// Draws the list.
pub fn exam_list_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let exams = session.exams();
    let finished = exams.iter().filter(|e| e.slices > 0 && facts::done_slices(session, e) >= e.slices).count();
    let title = if facts::reader(session).is_some() {
        let sealed = exams.iter().filter(|e| facts::is_sealed(session, e)).count();
        if sealed > 0 {
            format!("Exams · {sealed} of {} sealed", exams.len())
        } else {
            format!("Exams · {finished} of {} done", exams.len())
        }
    } else {
        format!("Exams · {}", exams.len())
    };
    heading(ui, &title);
    if exams.is_empty() {
        quiet(ui, "No exams yet: choose File, Import images, or drop images anywhere.");
        return;
    }
    ScrollArea::vertical().id_salt("exam list").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for exam in exams {
            exam_row(ui, session, exam, commands);
        }
        ui.add_space(theme::PADDING);
        next_line(ui, session);
        if session.calibrates() {
            ui.add_space(theme::PADDING);
            action_button(ui, session, "calibrate_end", None, ButtonLook::Plain, commands);
        }
    });
}

fn exam_row(ui: &mut Ui, session: &Session, exam: &ExamSummary, commands: &mut Vec<Command>) {
    let open = session.exam().is_some_and(|e| *e.code() == exam.code);
    let done = facts::done_slices(session, exam);
    let reads = facts::reader(session).is_some();
    let word = state_word(session, exam, open, done);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 36.0), Sense::click());
    let time = time_words(session, exam, open);
    let spent = time.as_ref().map_or_else(String::new, |time| format!(", {time} on it"));
    let name = if reads {
        format!("Exam {}: {word}, {done} of {} slices done{spent}", exam.code, exam.slices)
    } else {
        format!("Exam {}", exam.code)
    };
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, open, &name));
    if open {
        bring_in_sight(ui, &response, exam.code.as_str());
    }
    if ui.is_rect_visible(rect) {
        let fill = if open || response.hovered() { theme::RAISED } else { Color32::TRANSPARENT };
        ui.painter().rect_filled(rect, CornerRadius::same(theme::RADIUS), fill);
        if response.has_focus() {
            ui.painter().rect_stroke(
                rect,
                CornerRadius::same(theme::RADIUS),
                egui::Stroke::new(1.0, theme::ACCENT),
                egui::StrokeKind::Inside,
            );
        }
        let colour = if open { theme::STRONG } else { theme::TEXT };
        let word = [time.as_deref(), Some(&*word).filter(|w| !w.is_empty())].into_iter().flatten().collect::<Vec<_>>().join(" · ");
        let word = ui.painter().layout_no_wrap(word, theme::small(), theme::QUIET);
        let code = ui.painter().layout(exam.code.to_string(), theme::mono(), colour, (rect.width() - 24.0 - word.size().x).max(40.0));
        ui.painter().galley(pos2(rect.left() + 8.0, rect.top() + 7.0), code, colour);
        ui.painter().galley(pos2(rect.right() - 8.0 - word.size().x, rect.top() + 7.0).round(), word, theme::QUIET);
        if reads {
            bar(ui, rect, done, exam.slices, open);
        }
    }
    let hover = match exam.part {
        None => "The split into training and test exams is not drawn yet: the Protocol page draws it, or the first training",
        Some(Part::Test) => "Test exam: the model never trains on it, and proposes nothing before all reads are sealed",
        Some(Part::Validate) => "Validation exam: tells the training when to stop",
        Some(Part::Train) => "Training exam: the model learns from slices marked done",
    };
    if response.on_hover_text(format!("{} · {hover}", exam.sequences.join(", "))).clicked() && (!open || may_be_free(session)) {
        commands.push(Command::Study(StudyCommand::OpenExam(exam.code.clone())));
    }
}

/// The exam on screen is in sight in the list, also where it was opened by a key; scrolling elsewhere is left alone.
fn bring_in_sight(ui: &Ui, response: &egui::Response, exam: &str) {
    let id = egui::Id::unique("exam in the list");
    let before = ui.data(|d| d.get_temp::<String>(id));
    if before.as_deref() != Some(exam) {
        response.scroll_to_me(None);
        ui.data_mut(|d| d.insert_temp(id, exam.to_owned()));
    }
}

/// The read was open elsewhere when it was opened: choosing it again looks whether it still is.
fn may_be_free(session: &Session) -> bool {
    session.exam().is_some_and(|e| matches!(e.standing(), Standing::Busy { .. }))
}

fn state_word(session: &Session, exam: &ExamSummary, open: bool, done: usize) -> Cow<'static, str> {
    // Beside a sealed read: what is painted now is another one.
    if let Some(Standing::Writing { number, .. }) = session.exam().filter(|e| open && e.is_writable()).map(OpenExam::standing)
        && *number > 1
    {
        return format!("read {number}").into();
    }
    let word = match facts::reader(session) {
        None if open => "open",
        None => match exam.part {
            None => "",
            Some(Part::Train) => "training",
            Some(Part::Validate) => "validation",
            Some(Part::Test) => "test",
        },
        Some(reader) if exam.sealed.contains(reader) => "sealed",
        Some(_) if exam.slices > 0 && done >= exam.slices => "done",
        Some(_) if open => "reading",
        Some(_) if done > 0 => "begun",
        Some(_) => "",
    };
    word.into()
}

/// What the reader spent on an exam that is not open (the clock of the one that is stands in the status line); none before a minute.
fn time_words(session: &Session, exam: &ExamSummary, open: bool) -> Option<String> {
    let seconds = exam.seconds.get(facts::reader(session)?)?;
    (!open && *seconds >= 60).then(|| format!("{} min", seconds / 60))
}

fn bar(ui: &Ui, rect: Rect, done: usize, slices: usize, open: bool) {
    let line = Rect::from_min_max(pos2(rect.left() + 8.0, rect.bottom() - 8.0), pos2(rect.right() - 8.0, rect.bottom() - 6.0));
    ui.painter().rect_filled(line, CornerRadius::same(1), theme::CONTROL_LINE);
    let fraction = done as f32 / slices.max(1) as f32;
    let end = Pos2::new(line.left() + line.width() * fraction.min(1.0), line.bottom());
    let colour = if done >= slices && slices > 0 {
        theme::QUIET
    } else if open {
        theme::ACCENT
    } else {
        theme::QUIET
    };
    ui.painter().rect_filled(Rect::from_min_max(line.min, end), CornerRadius::same(1), colour);
}

fn next_line(ui: &mut Ui, session: &Session) {
    let open = session.exam().map(|e| e.code().clone());
    let Some(next) = facts::next_exam(session, open.as_ref()) else { return };
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.label(RichText::new("Next in the list:").font(theme::small()).color(theme::QUIET));
        ui.label(RichText::new(next.code.to_string()).font(theme::mono()).color(theme::TEXT));
    });
}
