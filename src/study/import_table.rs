//! What an import would bring, as plain data that a person looks at and corrects before anything is written.

use super::SequenceName;
use std::path::PathBuf;

/// The exams that an import would make. Made by [`super::ImportPlan`]; names, choices and looks may be changed, rows may not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportTable {
    /// One for each visit.
    pub exams: Vec<PlannedExam>,
    /// Source files whose images the study has already.
    pub already_there: Vec<PathBuf>,
}

/// One exam that would be made.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedExam {
    /// Whose it is, by number from 1; `None` where the source does not say.
    pub patient: Option<usize>,
    /// Whether the link list knows that patient.
    pub known_patient: bool,
    /// Which of `sequences` is read.
    pub reading: usize,
    /// Its sequences.
    pub sequences: Vec<PlannedSequence>,
}

/// One sequence of such an exam.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedSequence {
    /// File or first file of the series. For the person's eyes: it never reaches the study.
    pub path: PathBuf,
    /// What the source calls it; likewise.
    pub source_name: String,
    /// Its name in the study.
    pub name: SequenceName,
    /// What the name was told from: `image type`, `echo number` …; empty where nothing told.
    pub told_by: String,
    /// Whether it is imported.
    pub chosen: bool,
    /// Whether its pixels may show a name, and what a person said of that.
    pub look: Look,
    /// Voxels along i, j, k.
    pub shape: [usize; 3],
    /// Voxel edges in mm.
    pub spacing_mm: [f64; 3],
    /// Repetition time, ms.
    pub tr_ms: Option<f64>,
    /// Echo time, ms.
    pub te_ms: Option<f64>,
    /// What was odd about the source, one sentence each.
    pub findings: Vec<String>,
}

/// Whether pixels may show a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// The source says that nothing is burnt in.
    #[default]
    NotNeeded,
    /// The source has no place to say it, as NIfTI; nobody must look, and nobody vouches for it.
    NotSaid,
    /// A person must look before it is imported.
    Waiting,
    /// A person looked: no name.
    Clean,
    /// A person looked and blacked these out, in every slice.
    Masked(Vec<PixelBox>),
}

/// A rectangle of pixels, both corners within: i from the left, j from the top of the picture as stored, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelBox {
    /// Left column.
    pub i0: usize,
    /// Top row.
    pub j0: usize,
    /// Right column.
    pub i1: usize,
    /// Bottom row.
    pub j1: usize,
}

impl PixelBox {
    /// The box between two corners, in any order.
    #[must_use]
    pub fn between(a: [usize; 2], b: [usize; 2]) -> Self {
        Self { i0: a[0].min(b[0]), j0: a[1].min(b[1]), i1: a[0].max(b[0]), j1: a[1].max(b[1]) }
    }

    /// Whether a pixel of a picture of that many columns and rows lies in it.
    #[must_use]
    pub const fn covers(&self, columns: usize, rows: usize) -> bool {
        self.i0 < columns && self.j0 < rows
    }

    /// Its corners: `3,4 to 9,9`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{},{} to {},{}", self.i0, self.j0, self.i1, self.j1)
    }

    /// Reads `x0,y0,x1,y1`.
    ///
    /// # Errors
    /// If it is anything else; one sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let numbers: Vec<usize> = text.split(',').filter_map(|n| n.trim().parse().ok()).collect();
        match (&numbers[..], text.split(',').count()) {
            (&[i0, j0, i1, j1], 4) => Ok(Self::between([i0, j0], [i1, j1])),
            _ => Err(format!("{text:?} is no rectangle: give the columns and rows of two corners, such as 0,0,199,39")),
        }
    }
}

impl ImportTable {
    /// Every sequence with its places in `exams` and `sequences`.
    pub fn sequences(&self) -> impl Iterator<Item = ([usize; 2], &PlannedSequence)> {
        self.exams.iter().enumerate().flat_map(|(e, exam)| exam.sequences.iter().enumerate().map(move |(s, it)| ([e, s], it)))
    }

    /// A sequence.
    #[must_use]
    pub fn sequence(&self, at: [usize; 2]) -> Option<&PlannedSequence> {
        self.exams.get(at[0])?.sequences.get(at[1])
    }

    /// A sequence, to change.
    pub fn sequence_mut(&mut self, at: [usize; 2]) -> Option<&mut PlannedSequence> {
        self.exams.get_mut(at[0])?.sequences.get_mut(at[1])
    }

    /// Those that are chosen and that a person must still look at.
    pub fn waiting(&self) -> impl Iterator<Item = [usize; 2]> + '_ {
        self.sequences().filter(|(_, s)| s.chosen && s.look == Look::Waiting).map(|(at, _)| at)
    }

    /// The first chosen sequence with a rectangle that hides nothing of it: the record would say that it was blacked out there.
    #[must_use]
    pub fn masked_outside(&self) -> Option<(&PlannedSequence, PixelBox)> {
        self.sequences().filter(|(_, s)| s.chosen).find_map(|(_, sequence)| {
            let Look::Masked(boxes) = &sequence.look else { return None };
            let [columns, rows, _] = sequence.shape;
            Some((sequence, *boxes.iter().find(|b| !b.covers(columns, rows))?))
        })
    }

    /// Says of everything that waits what a person saw.
    pub fn look_all(&mut self, look: &Look) {
        for sequence in self.exams.iter_mut().flat_map(|e| &mut e.sequences).filter(|s| s.look == Look::Waiting) {
            sequence.look = look.clone();
        }
    }

    /// Blacks rectangles out in every sequence: whoever names them knows of letters that no header tells of.
    pub fn mask_all(&mut self, boxes: &[PixelBox]) {
        for sequence in self.exams.iter_mut().flat_map(|e| &mut e.sequences) {
            sequence.look = Look::Masked(boxes.to_vec());
        }
    }

    /// Gives a sequence another name, which no other of its exam may have; the reading sequence stays the same.
    pub fn rename(&mut self, at: [usize; 2], name: &SequenceName) -> bool {
        let Some(exam) = self.exams.get_mut(at[0]) else { return false };
        let free = exam.sequences.iter().enumerate().all(|(n, s)| n == at[1] || !s.name.as_str().eq_ignore_ascii_case(name.as_str()));
        match exam.sequences.get_mut(at[1]).filter(|_| free) {
            Some(sequence) => {
                sequence.name = name.clone();
                "the person importing".clone_into(&mut sequence.told_by);
                true
            }
            None => false,
        }
    }

    /// Lets the sequence of this name be read in every exam that has it.
    pub fn read_everywhere(&mut self, name: &SequenceName) {
        for exam in &mut self.exams {
            if let Some(at) = exam.sequences.iter().position(|s| s.chosen && s.name == *name) {
                exam.reading = at;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_are_read_in_any_order_of_corners() {
        assert_eq!(PixelBox::parse("10, 20,3,4"), Ok(PixelBox { i0: 3, j0: 4, i1: 10, j1: 20 }));
        for wrong in ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,3,-4", "1,2,3,4,x"] {
            assert!(PixelBox::parse(wrong).is_err(), "{wrong}");
        }
    }
}
