//! What the person is told, one sentence at a time.

use crate::study::ExamCode;

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeLevel {
    /// Good to know.
    Info,
    /// Worth a look.
    Warning,
    /// Something failed.
    Error,
}

/// One sentence for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number, for dismissing.
    pub id: u64,
    /// How much it matters.
    pub level: NoticeLevel,
    /// The sentence.
    pub text: String,
    /// The exam that it is about, if it goes with that.
    exam: Option<ExamCode>,
}

/// The latest notices, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    next: u64,
    list: Vec<Notice>,
}

impl Notices {
    /// More than this are not kept: the oldest of the least important go first, but never for something less important.
    const MOST: usize = 6;

    pub(super) fn push(&mut self, level: NoticeLevel, text: impl Into<String>) {
        self.add(level, text.into(), None);
    }

    /// What goes from the screen with the exam.
    pub(super) fn push_of_exam(&mut self, exam: &ExamCode, level: NoticeLevel, text: String) {
        self.add(level, text, Some(exam.clone()));
    }

    fn add(&mut self, level: NoticeLevel, text: String, exam: Option<ExamCode>) {
        if self.list.iter().any(|n| n.text == text && n.level == level) {
            return;
        }
        if self.list.len() >= Self::MOST {
            let least = self.list.iter().map(|n| n.level).min().filter(|least| *least <= level);
            if let Some(at) = self.list.iter().position(|n| Some(n.level) == least) {
                self.list.remove(at);
            }
        }
        self.next += 1;
        self.list.push(Notice { id: self.next, level, text, exam });
    }

    /// Takes away what was said of exams that are not open any more.
    pub(super) fn leave_exams(&mut self) {
        self.list.retain(|n| n.exam.is_none());
    }

    /// Takes away what is not true any more.
    pub(super) fn withdraw(&mut self, text: &str) {
        self.list.retain(|n| n.text != text);
    }

    /// Takes all from the screen.
    pub(super) fn clear(&mut self) {
        self.list.clear();
    }

    pub(super) fn dismiss(&mut self, id: u64) {
        self.list.retain(|n| n.id != id);
    }

    /// The notices on screen.
    #[must_use]
    pub fn list(&self) -> &[Notice] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_seen_though_warnings_fill_the_list_and_goes_before_them() {
        let mut notices = Notices::default();
        (0..9).for_each(|n| notices.push(NoticeLevel::Warning, format!("warning {n}")));
        assert_eq!(notices.list().len(), Notices::MOST);
        notices.push(NoticeLevel::Info, "exported");
        assert_eq!(notices.list().last().map(|n| n.text.as_str()), Some("exported"));
        notices.push(NoticeLevel::Info, "exported again");
        let texts: Vec<&str> = notices.list().iter().map(|n| n.text.as_str()).collect();
        assert_eq!(texts, ["warning 3", "warning 4", "warning 5", "warning 6", "warning 7", "warning 8", "exported again"]);
    }

    #[test]
    fn what_is_said_of_an_exam_goes_with_it() {
        let mut notices = Notices::default();
        notices.push(NoticeLevel::Error, "not saved");
        notices.push_of_exam(&ExamCode::new("K-001").unwrap(), NoticeLevel::Warning, "K-001: slice 7 is missing".to_owned());
        notices.leave_exams();
        assert_eq!(notices.list().iter().map(|n| n.text.as_str()).collect::<Vec<_>>(), ["not saved"]);
    }
}
