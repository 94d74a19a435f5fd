//! What several panels need to know of the session, asked in one place.

use crate::session::{OpenExam, Session, Workspace};
use crate::space::SlicePlane;
use crate::study::{Assistance, ExamCode, Part, ReaderCode};
use crate::volume::LayerKind;
use crate::worker::message::{ExamSummary, Role, VersionSummary};

/// The exam, where its picture is on screen: to be read, or to be compared by the coordinator.
pub fn reading(session: &Session) -> Option<&OpenExam> {
    session.exam().filter(|_| match session.workspace() {
        Workspace::Read | Workspace::Review | Workspace::Score => true,
        Workspace::Compare => is_coordinator(session),
        _ => false,
    })
}

/// The exam, where the person may paint in it now.
pub fn painting(session: &Session) -> Option<&OpenExam> {
    reading(session).filter(|exam| exam.is_writable() && session.workspace() == Workspace::Read)
}

/// The reader who sits here.
pub fn reader(session: &Session) -> Option<&ReaderCode> {
    session.role().and_then(Role::reader)
}

/// Whether the coordinator sits here.
pub fn is_coordinator(session: &Session) -> bool {
    matches!(session.role(), Some(Role::Coordinator))
}

/// `assisted read` or `independent read`, for a reader of the protocol.
pub fn policy_words(assistance: Assistance) -> &'static str {
    match assistance {
        Assistance::FromStart => "assisted read",
        Assistance::None | Assistance::AfterSeal => "independent read",
    }
}

/// Whether the person reads without any model.
pub fn is_independent(session: &Session) -> bool {
    let rule = session.study().zip(reader(session)).and_then(|(study, reader)| study.protocol.reader(reader));
    rule.is_some_and(|rule| rule.assistance == Assistance::None)
}

/// The open exam in the study's list.
pub fn summary(session: &Session) -> Option<&ExamSummary> {
    let code = session.exam()?.code();
    session.exams().iter().find(|e| e.code == *code)
}

/// What an exam is for, in words.
pub const fn part_words(part: Option<Part>) -> &'static str {
    match part {
        None => "split not drawn",
        Some(Part::Train) => "training set",
        Some(Part::Validate) => "validation set",
        Some(Part::Test) => "test set",
    }
}

/// Slices that the reader has marked done in an exam; the open one is counted live.
pub fn done_slices(session: &Session, exam: &ExamSummary) -> usize {
    if let Some(open) = session.exam().filter(|e| *e.code() == exam.code && e.is_writable()) {
        return open.layers().done_slices(LayerKind::Marrow).len();
    }
    reader(session).and_then(|reader| exam.done.get(reader)).copied().unwrap_or(0)
}

/// Whether the reader's newest read of an exam is sealed.
pub fn is_sealed(session: &Session, exam: &ExamSummary) -> bool {
    reader(session).is_some_and(|reader| exam.sealed.contains(reader))
}

/// The exam that the reader should go on with: the first that is neither done nor sealed, other than `except`.
pub fn next_exam<'a>(session: &'a Session, except: Option<&ExamCode>) -> Option<&'a ExamSummary> {
    reader(session)?;
    session.exams().iter().find(|e| Some(&e.code) != except && !is_sealed(session, e) && done_slices(session, e) < e.slices)
}

/// Saved versions of the reader's model for the active layer, the newest last.
pub fn versions(session: &Session) -> &[VersionSummary] {
    let model = session.model_name();
    let found = session.study().zip(model).and_then(|(study, model)| study.models.get(&model));
    found.map_or(&[], Vec::as_slice)
}

/// Whether the model may propose on the open exam, and the reader paint there.
pub fn may_propose(session: &Session) -> bool {
    painting(session).is_some() && may_ask_model(session)
}

/// Whether the model may be asked on the exam shown: never on a test exam before its reads are sealed.
pub fn may_ask_model(session: &Session) -> bool {
    reading(session).is_some()
        && session.assistance_allowed()
        && session.current_version().is_some()
        && summary(session).is_none_or(|e| e.part != Some(Part::Test) || e.reads_sealed)
}

/// `Coronal 8 of 15 · water`; without position in space just the number.
pub fn slice_words(exam: &OpenExam) -> String {
    let plane = exam.plane();
    let kind = if exam.has_geometry() { plane.kind().name() } else { "Picture" };
    let sequence = exam.sequences().get(exam.view().sequence).map_or("", |(name, _)| name.as_str());
    format!("{kind} {} of {} · {sequence}", exam.view().slice + 1, plane.slice_count())
}

/// Volume of a voxel of the reading grid in ml; `None` without geometry.
pub fn voxel_ml(exam: &OpenExam) -> Option<f64> {
    exam.has_geometry().then(|| exam.reading_image().grid().world_from_voxel().voxel_mm3() / 1000.0)
}

/// In-plane pixel size in mm of the slices on screen.
pub fn pixel_mm(exam: &OpenExam) -> [f64; 2] {
    plane_pixel_mm(exam, exam.plane())
}

/// In-plane pixel size in mm of any plane through the reading grid.
pub fn plane_pixel_mm(exam: &OpenExam, plane: &SlicePlane) -> [f64; 2] {
    plane.pixel_mm(exam.reading_image().grid().world_from_voxel())
}

/// Grey value of the image shown at a voxel of the reading grid; the image may lie on another grid.
pub fn value_at(exam: &OpenExam, voxel: [usize; 3]) -> Option<f32> {
    let (image, reading) = (exam.image(), exam.reading_image());
    if image.grid().same_as(reading.grid()) || (!exam.has_geometry() && image.grid().shape() == reading.grid().shape()) {
        return Some(image.get(voxel));
    }
    let world_mm = reading.grid().world_from_voxel().world(voxel.map(|n| n as f64));
    image.grid().nearest_voxel(world_mm).map(|v| image.get(v))
}

/// Peripheral slices, where signal is missed most easily: the outer sixth at either end.
pub fn is_peripheral(exam: &OpenExam, slice: usize) -> bool {
    let count = exam.plane().slice_count();
    let edge = count.div_ceil(6);
    slice < edge || slice + edge >= count
}

/// A number with as many decimals as its size deserves.
pub fn number(value: f32) -> String {
    match value.abs() {
        v if v >= 100.0 || (v - v.round()).abs() < 1e-3 => format!("{value:.0}"),
        v if v >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

/// What a figure of a label is called where room is short: `L1`, `L2+3`; a bone by its name. A bare digit before a figure would read
/// as one.
pub fn short_label(name: &str) -> String {
    match name.strip_prefix("level_").or_else(|| name.strip_prefix("level ")).unwrap_or(name) {
        number if number.starts_with(|c: char| c.is_ascii_digit()) => format!("L{number}"),
        words => words.replace('_', " "),
    }
}

/// A Dice figure: two decimals, `–` where undefined.
pub fn dice(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Dice 1 0.76 2 0.65` once read as a row of four numbers.
    #[test]
    fn figures_of_levels_have_a_letter_before_the_number() {
        assert_eq!(["1", "2+3", "level_2", "level 3"].map(short_label), ["L1", "L2+3", "L2", "L3"]);
        assert_eq!(short_label("femur_right"), "femur right");
    }
}
