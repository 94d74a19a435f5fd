//! The Review workspace: unread exams in a list, what the model proposes on the one shown, accept or refuse.

use crate::session::{Command, OpenExam, ReviewStanding, Session, StudyCommand};
use crate::study::ExamCode;
use crate::views::panels::{action_button, doubt_key};
use crate::views::widgets::{ButtonLook, Row, button_row, heading, quiet, row};
use crate::views::{facts, theme};
use crate::volume::LayerKind;
use egui::{Frame, Grid, Label, Margin, RichText, ScrollArea, Ui, Vec2};

/// Draws the list of exams, those the model is surest of first.
pub fn review_list_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let exams = session.review_exams();
    let count = |standing| exams.iter().filter(|(_, s)| *s == standing).count();
    let (accepted, waiting) = (count(ReviewStanding::Accepted), count(ReviewStanding::Waiting));
    heading(ui, &format!("Unread · {waiting} waiting"));
    quiet(ui, &format!("{accepted} accepted, in the training set"));
    ui.add_space(theme::UNIT);
    if session.current_version().is_none() {
        quiet(ui, "No version proposes yet. Read exams, mark slices done, and train.");
        return;
    }
    if exams.is_empty() {
        quiet(ui, "Every exam of the training part is read or begun by hand.");
        return;
    }
    ScrollArea::vertical().id_salt("review list").auto_shrink([false, false]).show(ui, |ui| {
        for (exam, standing) in exams {
            let open = session.exam().is_some_and(|e| *e.code() == exam.code);
            let doubt = session.review().gain(&exam.code).map_or(String::new(), |gain| format!("{:.0} % unsure", gain.doubt * 100.0));
            let word = match standing {
                ReviewStanding::Waiting => doubt,
                ReviewStanding::Accepted => "accepted".to_owned(),
                ReviewStanding::Refused => "refused".to_owned(),
            };
            let line = Row { text: exam.code.as_str(), mono: true, value: Some(&word), selected: open, ..Row::default() };
            if row(ui, &line).on_hover_text("How unsure the model is of what it draws, or what you decided").clicked() && !open {
                commands.push(Command::Study(StudyCommand::OpenExam(exam.code.clone())));
            }
        }
        ui.add_space(theme::PADDING);
        read_next(ui, session);
    });
}

/// Which exam to read by hand: where the model would gain most.
fn read_next(ui: &mut Ui, session: &Session) {
    let exams = session.review_exams();
    let waiting = |code: &ExamCode| exams.iter().any(|(e, s)| e.code == *code && *s != ReviewStanding::Accepted);
    let Some(gain) = session.review().gains().iter().find(|gain| waiting(&gain.exam)) else { return };
    heading(ui, &format!("Read next by hand: {}", gain.exam));
    quiet(ui, &gain.words());
}

/// Draws what is proposed on the exam shown, and the two decisions.
pub fn review_side_ui(ui: &mut Ui, session: &Session, exam: &OpenExam, commands: &mut Vec<Command>) {
    ScrollArea::vertical().id_salt("review side").auto_shrink([false, false]).show(ui, |ui| {
        Frame::new().inner_margin(Margin::same(12)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = theme::UNIT;
            heading(ui, &format!("Exam {}", exam.code()));
            let accepted = exam.triage().is_accepted(LayerKind::Marrow);
            match (exam.proposal(), accepted) {
                (_, true) => {
                    let version = exam.triage().verdict(LayerKind::Marrow).map_or("", |v| v.model_version.as_str());
                    quiet(ui, &format!("Accepted as {version} proposed it; in the training set."));
                }
                (Some(proposal), false) => {
                    quiet(ui, &format!("{} proposes, hatched:", proposal.result.model_version));
                    volumes(ui, session, exam);
                }
                (None, false) if session.jobs().next().is_some() => quiet(ui, "The model is proposing."),
                (None, false) if exam.layers().labels(LayerKind::Marrow).is_blank() => quiet(ui, "No proposal to decide on."),
                (None, false) => quiet(ui, "Read or begun by hand: nothing to decide here."),
            }
            if let Some(gain) = session.review().gain(exam.code()).filter(|_| !accepted) {
                ui.add(Label::new(RichText::new(gain.words()).font(theme::small()).color(theme::QUIET)).wrap());
            }
            ui.add_space(theme::PADDING);
            if exam.proposal().is_some() && !accepted {
                looked_at(ui, exam);
            }
            button_row(ui, |ui| {
                action_button(ui, session, "review_accept", Some("Accept"), ButtonLook::Primary, commands);
                action_button(
                    ui,
                    session,
                    "review_refuse",
                    Some(if accepted { "Take back" } else { "Refuse" }),
                    ButtonLook::Plain,
                    commands,
                );
            });
            button_row(ui, |ui| {
                let look = if exam.doubt().is_some() { ButtonLook::Primary } else { ButtonLook::Plain };
                action_button(ui, session, "doubt", Some("Unsure where"), look, commands);
                action_button(ui, session, "read", Some("Read by hand"), ButtonLook::Plain, commands);
            });
            doubt_key(ui, exam);
            ui.add_space(theme::PADDING);
            quiet(
                ui,
                "Accept only what you would sign. An accepted exam joins the training set whole, marked as the model's work; correct it in \
                 Read and it becomes yours. Test and validation exams never come here.",
            );
        });
    });
}

/// How much of the exam was on screen: accepting takes all of it, so what was not looked at is said. A warning, no wall.
fn looked_at(ui: &mut Ui, exam: &OpenExam) {
    let count = exam.plane().slice_count();
    let seen = (0..count).filter(|slice| exam.visited(*slice)).count();
    let colour = if seen < count { theme::LOOK_AGAIN } else { theme::QUIET };
    let words = format!("{seen} of {count} slices looked at");
    ui.label(RichText::new(words).font(theme::small()).color(colour)).on_hover_text("Accepting takes the proposal over on all slices");
}

/// Volume of each level that is proposed.
fn volumes(ui: &mut Ui, session: &Session, exam: &OpenExam) {
    let Some(proposal) = exam.proposal() else { return };
    let counts = proposal.result.labels.counts();
    Grid::new("proposed volumes").spacing(Vec2::new(18.0, 2.0)).show(ui, |ui| {
        for class in session.scheme(LayerKind::Marrow).classes() {
            ui.label(RichText::new(&class.name).color(theme::label(class.colour)));
            let words = match facts::voxel_ml(exam) {
                Some(ml) => format!("{:.2} ml", counts.of(class.value) as f64 * ml),
                None => format!("{} voxels", counts.of(class.value)),
            };
            ui.label(RichText::new(words).font(theme::mono()).color(theme::TEXT));
            ui.end_row();
        }
    });
}
