//! How well a version does on the slices that are held out.

use super::task::CancelToken;
use super::training_data::HeldOut;
use super::training_handle::TrainingHandle;
use crate::agreement::Overlap;
use crate::learn::{LearnError, Model};
use crate::space::VoxelBox;
use crate::study::ExamCode;
use crate::volume::{Labels, LayerKind};

/// Dice per label, by name.
pub(super) type DiceTable = Vec<(String, Option<f64>)>;

/// Judges versions on the same slices.
pub(super) struct Judge<'a> {
    /// The slices.
    pub held_out: &'a [HeldOut],
    /// What is learnt.
    pub layer: LayerKind,
    /// Its highest label.
    pub labels: u8,
    /// Where it is computed.
    pub pool: &'a rayon::ThreadPool,
    /// Ends a judgement early.
    pub cancel: &'a CancelToken,
    /// Of the training that judges, which may be paused in between.
    pub handle: Option<&'a TrainingHandle>,
}

impl Judge<'_> {
    /// Dice per label on at most `most_slices` slices: per exam, then the mean over the exams where it is defined.
    /// `None` when cancelled.
    pub fn dice(&self, model: &Model, most_slices: usize) -> Result<Option<DiceTable>, String> {
        Ok(self.per_exam(model, most_slices)?.map(|exams| self.mean_over(&exams)))
    }

    /// The mean over the exams where it is defined.
    pub fn mean_over(&self, exams: &[(ExamCode, DiceTable)]) -> DiceTable {
        let of = |at: usize| exams.iter().filter_map(|(_, dice)| dice[at].1).collect::<Vec<f64>>();
        let mean = |values: Vec<f64>| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
        self.levels().into_iter().enumerate().map(|(at, (name, _))| (name, mean(of(at)))).collect()
    }

    /// What is judged: every label by itself and, for marrow, levels 2 and 3 together.
    fn levels(&self) -> Vec<(String, Vec<u8>)> {
        let mut levels: Vec<(String, Vec<u8>)> = (1..=self.labels).map(|l| (l.to_string(), vec![l])).collect();
        if self.layer == LayerKind::Marrow {
            levels.push(("2+3".to_owned(), vec![2, 3]));
        }
        levels
    }

    /// What a look at no more than so many slices rests on, where `all` says what all of them do.
    pub fn words(&self, all: &str, most_slices: usize) -> String {
        let count: usize = self.held_out.iter().map(|held| held.slices.len()).sum();
        if count > most_slices { format!("{most_slices} of {all}") } else { all.to_owned() }
    }

    /// Of each exam the slices to look at: at most so many, spread evenly over all that are held out.
    fn spread(&self, most_slices: usize) -> Vec<Vec<usize>> {
        let numbered = self.held_out.iter().enumerate();
        let all: Vec<(usize, usize)> = numbered.flat_map(|(exam, held)| held.slices.iter().map(move |&slice| (exam, slice))).collect();
        let mut of_exam = vec![Vec::new(); self.held_out.len()];
        for at in middles(all.len(), most_slices.min(all.len())) {
            let (exam, slice) = all[at];
            of_exam[exam].push(slice);
        }
        of_exam
    }

    /// Dice per label of each exam; `None` when cancelled.
    pub fn per_exam(&self, model: &Model, most_slices: usize) -> Result<Option<Vec<(ExamCode, DiceTable)>>, String> {
        let levels = self.levels();
        let mut exams = Vec::with_capacity(self.held_out.len());
        for (held, slices) in self.held_out.iter().zip(self.spread(most_slices)) {
            if slices.is_empty() {
                continue;
            }
            let within = held.exam.counts(self.layer);
            let mut counts = vec![Counts::default(); levels.len()];
            for slice in slices {
                // Here, not within the pool: others work there while this one is paused.
                if let Some(handle) = self.handle {
                    handle.hold();
                }
                let stop = self.cancel.flag();
                let labels =
                    match self.pool.install(|| model.predict_prepared(&held.exam.prepared.slices, Some(&[slice]), stop, &mut |_, _| {})) {
                        Ok(labels) => labels,
                        Err(LearnError::Cancelled) => return Ok(None),
                        Err(error) => return Err(format!("{}: {error}", held.exam.exam)),
                    };
                counts.iter_mut().zip(&levels).for_each(|(counts, (_, level))| {
                    counts.add([&labels, &held.exam.saved.labels], held.exam.prepared.on_slice(slice), &within, level);
                });
            }
            let dice = levels.iter().zip(counts).map(|((name, _), counts)| (name.clone(), counts.dice())).collect();
            exams.push((held.exam.exam.clone(), dice));
        }
        Ok(Some(exams))
    }
}

/// The middles of `taken` equal parts of `count` things, counted from 0.
fn middles(count: usize, taken: usize) -> Vec<usize> {
    (0..taken).map(|part| (2 * part + 1) * count / (2 * taken)).collect()
}

/// The mean over the labels that have a figure; `None` where none has.
pub(super) fn mean(dice: &[(String, Option<f64>)]) -> Option<f64> {
    let known: Vec<f64> = dice.iter().filter_map(|(_, dice)| *dice).collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// Whether the mean over the labels that both tables know is at least that of the version before. Both are of the same slices: a label
/// that only one of them knows is one that no reader drew there and that the other version alone drew somewhere.
pub(super) fn is_no_worse(before: Option<&[(String, Option<f64>)]>, after: &[(String, Option<f64>)]) -> bool {
    let Some(before) = before else { return true };
    let both: Vec<(f64, f64)> = before.iter().zip(after).filter_map(|(b, a)| Some((b.1?, a.1?))).collect();
    both.iter().map(|(b, a)| a - b).sum::<f64>() >= 0.0
}

/// Voxels of a level over the slices looked at: in both maps, in the proposal, in the reader's.
#[derive(Clone, Copy, Default)]
struct Counts {
    both: u64,
    first: u64,
    second: u64,
}

impl Counts {
    /// Adds a slice of a proposal and of the reader's labels, of which the voxels are judged that are learnt from.
    fn add(&mut self, [proposal, reader]: [&Labels; 2], slice: VoxelBox, learnt: impl Fn([usize; 3]) -> bool, level: &[u8]) {
        proposal.for_each_labelled_in(slice, |voxel, label| {
            if level.contains(&label) && learnt(voxel) {
                self.first += 1;
                self.both += u64::from(level.contains(&reader.get(voxel)));
            }
        });
        reader.for_each_labelled_in(slice, |voxel, label| self.second += u64::from(level.contains(&label) && learnt(voxel)));
    }

    fn dice(self) -> Option<f64> {
        // True negatives and the voxel's volume play no part in Dice.
        Overlap::new(self.both, self.first - self.both, self.second - self.both, 0, 1.0).dice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use std::sync::Arc;

    fn table(values: &[Option<f64>]) -> DiceTable {
        values.iter().enumerate().map(|(n, v)| (n.to_string(), *v)).collect()
    }

    #[test]
    fn what_is_not_learnt_from_does_not_judge_either() {
        let grid = Arc::new(Grid::new([4, 4, 2], Affine::from_spacing(Spacing::new([1.0; 3]).unwrap())).unwrap());
        let [mut proposal, mut reader] = [Labels::empty(grid.clone()), Labels::empty(grid.clone())];
        [[0, 0, 0], [1, 0, 0], [3, 3, 0]].iter().for_each(|&voxel| proposal.set(voxel, 2));
        [[0, 0, 0], [2, 0, 0], [0, 3, 0]].iter().for_each(|&voxel| reader.set(voxel, 2));
        let mut slice = grid.bounds();
        slice.hi[2] = 1;
        let dice = |learnt: &dyn Fn([usize; 3]) -> bool| {
            let mut counts = Counts::default();
            counts.add([&proposal, &reader], slice, learnt, &[2]);
            counts.dice().unwrap()
        };
        assert!((dice(&|_| true) - 1.0 / 3.0).abs() < 1e-9);
        // The last row lies outside the square: the net was never told what is there.
        assert!((dice(&|voxel| voxel[1] < 3) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_quick_look_is_spread_over_all_slices() {
        assert_eq!(middles(30, 8), [1, 5, 9, 13, 16, 20, 24, 28]);
        assert_eq!(middles(8, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert!(middles(0, 0).is_empty());
    }

    #[test]
    fn a_version_is_worse_when_the_mean_falls() {
        let before = table(&[Some(0.5), Some(0.2), None]);
        assert!(is_no_worse(None, &before));
        assert!(is_no_worse(Some(&before), &table(&[Some(0.6), Some(0.15), None])));
        assert!(!is_no_worse(Some(&before), &table(&[Some(0.4), Some(0.2), None])));
        // What the version before drew of a label was wrong, wherever it was: nobody drew it there.
        let invented = table(&[Some(0.5), Some(0.5), Some(0.0)]);
        assert!(is_no_worse(Some(&invented), &table(&[Some(0.6), Some(0.5), None])));
        assert!((mean(&before).unwrap() - 0.35).abs() < 1e-9);
        assert_eq!(mean(&table(&[None])), None);
    }
}
