//! Readers compared, as plain data.

/// Readers and model against the consensus, for one study.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CompareTable {
    /// The rules in words, for the foot of the table.
    pub rules: Vec<String>,
    /// Figures by exam.
    pub exams: Vec<CompareExam>,
    /// Exams left out and why.
    pub left_out: Vec<(String, String)>,
}

/// Figures of one exam.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareExam {
    /// Code of the exam.
    pub exam: String,
    /// Readers in the consensus.
    pub readers: Vec<String>,
    /// Undecided voxels of the majority.
    pub undecided: usize,
    /// One line per reader and model.
    pub lines: Vec<CompareLine>,
    /// What to be warned of, one sentence each.
    pub warnings: Vec<String>,
}

/// One reader or model against a consensus.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareLine {
    /// Reader code or model version.
    pub who: String,
    /// `STAPLE`, `majority`, `STAPLE of the others` …
    pub against: String,
    /// Dice per column (levels 1, 2, 3, 2+3); `None` where undefined.
    pub dice: Vec<Option<f64>>,
}
