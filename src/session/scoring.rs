//! The scoring session on screen: which mask, which marks, and what is known of it once it is unblinded.

use crate::study::{ExamCode, Mark, ScoreItem, ScorePlan, ScoreState, ScoreTable, Target};
use crate::worker::message::ScoreSummary;

/// What the Score workspace shows.
#[derive(Clone, Debug, Default)]
pub struct Scoring {
    pub(super) sessions: Vec<ScoreSummary>,
    pub(super) open: Option<OpenScores>,
    pub(super) tables: Vec<ScoreTable>,
    pub(super) written: Option<std::path::PathBuf>,
    pub(super) numbers: bool,
    /// Where the key of the next session goes, if not into the coordinator's folder.
    pub(super) new_key: Option<std::path::PathBuf>,
    /// The session whose key is being chosen or was chosen, and the key.
    pub(super) key_of: Option<(ExamCode, Option<std::path::PathBuf>)>,
    /// The exam that was open before, for the way back.
    pub(super) before: Option<ExamCode>,
}

/// A session in which somebody marks.
#[derive(Clone, Debug)]
pub struct OpenScores {
    pub(super) plan: ScorePlan,
    pub(super) state: ScoreState,
    pub(super) scorer: String,
    pub(super) at: usize,
    pub(super) on_the_way: usize,
    /// The person was told which marks are missing; the next time it is locked all the same.
    pub(super) lock_asked: bool,
    /// The comment that is being written, with the number of its mask.
    pub(super) comment_draft: Option<(usize, String)>,
}

impl Scoring {
    /// The sessions of the study.
    #[must_use]
    pub fn sessions(&self) -> &[ScoreSummary] {
        &self.sessions
    }

    /// The session that is open.
    #[must_use]
    pub const fn open(&self) -> Option<&OpenScores> {
        self.open.as_ref()
    }

    /// Table 2 of the session that was unblinded last.
    #[must_use]
    pub fn tables(&self) -> &[ScoreTable] {
        &self.tables
    }

    /// Where the tables were written.
    #[must_use]
    pub fn written(&self) -> Option<&std::path::Path> {
        self.written.as_deref()
    }

    /// Where the key of the next session goes, if the coordinator chose a place.
    #[must_use]
    pub fn new_key(&self) -> Option<&std::path::Path> {
        self.new_key.as_deref()
    }

    /// The key that was chosen for a session.
    pub(super) fn chosen_key(&self, session: &ExamCode) -> Option<std::path::PathBuf> {
        self.key_of.as_ref().filter(|(of, _)| of == session).and_then(|(_, key)| key.clone())
    }

    /// Whether marks are shown as numbers; a visual analogue scale has none.
    #[must_use]
    pub const fn shows_numbers(&self) -> bool {
        self.numbers
    }
}

impl OpenScores {
    /// What the session shows.
    #[must_use]
    pub const fn plan(&self) -> &ScorePlan {
        &self.plan
    }

    /// Who marks.
    #[must_use]
    pub fn scorer(&self) -> &str {
        &self.scorer
    }

    /// Number of the mask on screen, from 0.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// The mask on screen.
    #[must_use]
    pub fn item(&self) -> Option<&ScoreItem> {
        self.plan.items.get(self.at)
    }

    /// The mark of the mask on screen.
    #[must_use]
    pub fn mark(&self, target: Target) -> Option<Mark> {
        self.mark_of(self.item()?, target)
    }

    pub(super) fn mark_of(&self, item: &ScoreItem, target: Target) -> Option<Mark> {
        self.state.marks.get(&(self.scorer.clone(), item.code.to_string(), target)).copied()
    }

    /// The comment on the mask on screen, as far as it is written.
    #[must_use]
    pub fn comment(&self) -> &str {
        match &self.comment_draft {
            Some((of, text)) if *of == self.at => text,
            _ => self.item().map_or("", |item| self.comment_of(item)),
        }
    }

    pub(super) fn comment_of(&self, item: &ScoreItem) -> &str {
        self.state.comments.get(&(self.scorer.clone(), item.code.to_string())).map_or("", String::as_str)
    }

    /// Masks with a mark overall by this scorer.
    #[must_use]
    pub fn marked(&self) -> usize {
        self.plan.items.iter().filter(|item| self.mark_of(item, Target::Overall).is_some()).count()
    }

    /// Masks that hold a level which somebody has not marked, and the first of them with that level.
    pub(super) fn unmarked_levels(&self) -> Option<(usize, String)> {
        let unmarked = |item: &ScoreItem| {
            let marked =
                |level: u8, scorer: &String| self.state.marks.contains_key(&(scorer.clone(), item.code.to_string(), Target::Level(level)));
            item.levels.iter().copied().find(|level| !self.plan.scorers.iter().all(|scorer| marked(*level, scorer)))
        };
        let mut found = self.plan.items.iter().filter_map(|item| Some(format!("{}, level {}", item.code, unmarked(item)?)));
        let first = found.next()?;
        Some((1 + found.count(), first))
    }

    /// Whether every scorer has marked every mask.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.state.is_complete(&self.plan)
    }

    /// When it was locked.
    #[must_use]
    pub fn locked(&self) -> Option<&str> {
        self.state.locked.as_deref()
    }

    /// Marks that are not on disk yet.
    #[must_use]
    pub const fn on_the_way(&self) -> usize {
        self.on_the_way
    }
}
