//! What the person is told, one sentence at a time.

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
}

/// The latest notices, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    next: u64,
    list: Vec<Notice>,
}

impl Notices {
    /// More than this are not kept: the oldest of the least important go first.
    const MOST: usize = 6;

    pub(super) fn push(&mut self, level: NoticeLevel, text: impl Into<String>) {
        let text = text.into();
        if self.list.iter().any(|n| n.text == text && n.level == level) {
            return;
        }
        self.next += 1;
        self.list.push(Notice { id: self.next, level, text });
        if self.list.len() > Self::MOST {
            let least = self.list.iter().map(|n| n.level).min();
            if let Some(at) = self.list.iter().position(|n| Some(n.level) == least) {
                self.list.remove(at);
            }
        }
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
