//! What the coordinator compares and looks at.

use crate::study::ExamCode;
use crate::worker::message::{CompareChoice, CompareTable, ComparedExam, RequestId};

/// Which map lies over the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ShownMap {
    /// The consensus, undecided voxels apart.
    #[default]
    Consensus,
    /// Probability of the level.
    Probability,
    /// Share of pairs of readers who disagree.
    Disagreement,
    /// Entropy of the votes.
    Entropy,
    /// A reader's or a model's map, by its name.
    Map(String),
}

/// The pages beside the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ComparePage {
    /// Dice, sensitivity and specificity, matrix, box plot.
    #[default]
    Figures,
    /// Tied clusters and lesions that not all readers found.
    Findings,
    /// Exams that count, left out and why; the rules.
    Rules,
}

impl ComparePage {
    /// All, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::Figures, Self::Findings, Self::Rules];

    /// Name on the switch.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Figures => "Figures",
            Self::Findings => "Findings",
            Self::Rules => "Rules",
        }
    }
}

/// A voxel that was gone to, marked for a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The voxel.
    pub voxel: [usize; 3],
    /// Counts up, so that the same voxel can be marked again.
    pub number: u64,
}

/// A place worth a look: a tied cluster, or a lesion that not all readers found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Name of the level; none for a tied cluster.
    pub level: Option<String>,
    /// Who found it, and who did not.
    pub found_by: Vec<(String, bool)>,
    /// Voxels.
    pub voxels: u64,
    /// A voxel in the middle of it.
    pub centre: [usize; 3],
}

/// The Compare workspace. One exam's maps are held at a time.
#[derive(Clone, Debug, Default)]
pub struct CompareState {
    pub(super) choice: CompareChoice,
    pub(super) table: Option<CompareTable>,
    pub(super) exam: Option<Box<ComparedExam>>,
    /// Counts the exams compared, so that drawings of an older one can be told.
    pub(super) made: u64,
    pub(super) findings: Vec<Finding>,
    pub(super) refusal: Option<String>,
    /// What was asked for last, so that a failure is not asked for again and again.
    pub(super) asked: Option<(ExamCode, CompareChoice)>,
    pub(super) waiting: Option<RequestId>,
    pub(super) table_waiting: Option<RequestId>,
    pub(super) shown: ShownMap,
    pub(super) level: usize,
    pub(super) page: ComparePage,
    pub(super) finding: Option<usize>,
    pub(super) marker: Option<Marker>,
}

impl CompareState {
    /// What is compared and how.
    #[must_use]
    pub const fn choice(&self) -> &CompareChoice {
        &self.choice
    }

    /// Figures of the study's exams.
    #[must_use]
    pub const fn table(&self) -> Option<&CompareTable> {
        self.table.as_ref()
    }

    /// Maps and figures of the open exam.
    #[must_use]
    pub fn exam(&self) -> Option<&ComparedExam> {
        self.exam.as_deref()
    }

    /// Grows with every exam compared: what was drawn for another number is old.
    #[must_use]
    pub const fn made(&self) -> u64 {
        self.made
    }

    /// Why the open exam has none.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// Whether the open exam's maps are being worked out.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Whether the study's figures are being worked out.
    #[must_use]
    pub const fn is_table_waiting(&self) -> bool {
        self.table_waiting.is_some()
    }

    /// The map over the picture.
    #[must_use]
    pub const fn shown(&self) -> &ShownMap {
        &self.shown
    }

    /// Place of the level looked at: 1, 2, 3, 2+3.
    #[must_use]
    pub const fn level(&self) -> usize {
        self.level
    }

    /// The page beside the picture.
    #[must_use]
    pub const fn page(&self) -> ComparePage {
        self.page
    }

    /// Places worth a look: tied clusters first, then lesions, the largest first.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The finding gone to last.
    #[must_use]
    pub const fn finding(&self) -> Option<usize> {
        self.finding
    }

    /// The voxel gone to last.
    #[must_use]
    pub const fn marker(&self) -> Option<Marker> {
        self.marker
    }

    /// The maps that can be shown, in the order of the switch.
    #[must_use]
    pub fn shown_choices(&self) -> Vec<ShownMap> {
        let fixed = [ShownMap::Consensus, ShownMap::Probability, ShownMap::Disagreement, ShownMap::Entropy];
        let maps = self.exam.iter().flat_map(|exam| exam.maps.iter().map(|map| ShownMap::Map(map.name.clone())));
        fixed.into_iter().chain(maps).collect()
    }

    pub(super) fn forget_exam(&mut self) {
        self.exam = None;
        self.findings = Vec::new();
        self.refusal = None;
        self.finding = None;
        self.marker = None;
    }

    /// Lets all figures go, those of the open exam and those of all; the requests whose answers would be such.
    pub(super) fn forget_figures(&mut self) -> Vec<RequestId> {
        self.forget_exam();
        self.table = None;
        self.asked = None;
        [self.waiting.take(), self.table_waiting.take()].into_iter().flatten().collect()
    }

    pub(super) fn take_exam(&mut self, exam: ComparedExam) {
        self.forget_exam();
        self.findings = findings(&exam);
        if let ShownMap::Map(name) = &self.shown
            && !exam.maps.iter().any(|map| map.name == *name)
        {
            self.shown = ShownMap::Consensus;
        }
        self.made += 1;
        self.exam = Some(Box::new(exam));
    }
}

fn findings(exam: &ComparedExam) -> Vec<Finding> {
    let ties = exam.ties.largest.iter().map(|part| Finding { level: None, found_by: Vec::new(), voxels: part.voxels, centre: part.centre });
    let readers = &exam.maps[..exam.voters()];
    let lesions = exam.levels.iter().flat_map(|level| {
        level.lesions.largest.iter().filter(|lesion| !lesion.found_by_all()).map(|lesion| Finding {
            level: Some(level.name.clone()),
            found_by: readers.iter().map(|map| map.name.clone()).zip(lesion.found_by.iter().copied()).collect(),
            voxels: lesion.part.voxels,
            centre: lesion.part.centre,
        })
    });
    ties.chain(lesions).collect()
}
