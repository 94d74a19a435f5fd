//! How well a version does on the slices that are held out.

use super::task::CancelToken;
use super::training_data::HeldOut;
use super::training_handle::TrainingHandle;
use crate::agreement::Overlap;
use crate::learn::{LearnError, Model};
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
            let mut counts = vec![Counts::default(); levels.len()];
            for slice in slices {
                // Here, not within the pool: others work there while this one is paused.
                if let Some(handle) = self.handle {
                    handle.hold();
                }
                let stop = self.cancel.flag();
                let labels = match self.pool.install(|| model.predict_prepared(&held.prepared, Some(&[slice]), stop, &mut |_, _| {})) {
                    Ok(labels) => labels,
                    Err(LearnError::Cancelled) => return Ok(None),
                    Err(error) => return Err(format!("{}: {error}", held.exam)),
                };
                counts.iter_mut().zip(&levels).for_each(|(counts, (_, level))| counts.add(&labels, held, slice, level));
            }
            let dice = levels.iter().zip(counts).map(|((name, _), counts)| (name.clone(), counts.dice())).collect();
            exams.push((held.exam.clone(), dice));
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

/// Whether the mean over the labels that both tables know is at least that of the version before.
pub(super) fn is_no_worse(before: Option<&[(String, Option<f64>)]>, after: &[(String, Option<f64>)]) -> bool {
    let Some(before) = before else { return true };
    let both: Vec<(f64, f64)> = before.iter().zip(after).filter_map(|(b, a)| Some((b.1?, a.1?))).collect();
    let lost = before.iter().zip(after).any(|(b, a)| b.1.is_some() && a.1.is_none());
    !lost && both.iter().map(|(b, a)| a - b).sum::<f64>() >= 0.0
}

/// Voxels of a level over the slices looked at: in both maps, in the proposal, in the reader's.
#[derive(Clone, Copy, Default)]
struct Counts {
    both: u64,
    first: u64,
    second: u64,
}

impl Counts {
    fn add(&mut self, proposal: &Labels, held: &HeldOut, slice: usize, level: &[u8]) {
        let mut within = held.labels.grid().bounds();
        (within.lo[held.slice_axis], within.hi[held.slice_axis]) = (slice, slice + 1);
        proposal.for_each_labelled_in(within, |voxel, label| {
            if level.contains(&label) {
                self.first += 1;
                self.both += u64::from(level.contains(&held.labels.get(voxel)));
            }
        });
        held.labels.for_each_labelled_in(within, |_, label| self.second += u64::from(level.contains(&label)));
    }

    fn dice(self) -> Option<f64> {
        // True negatives and the voxel's volume play no part in Dice.
        Overlap::new(self.both, self.first - self.both, self.second - self.both, 0, 1.0).dice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(values: &[Option<f64>]) -> DiceTable {
        values.iter().enumerate().map(|(n, v)| (n.to_string(), *v)).collect()
    }

    #[test]
    fn a_quick_look_is_spread_over_all_slices() {
        assert_eq!(middles(30, 8), [1, 5, 9, 13, 16, 20, 24, 28]);
        assert_eq!(middles(8, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert!(middles(0, 0).is_empty());
    }

    #[test]
    fn a_version_is_worse_when_the_mean_falls_or_a_label_is_lost() {
        let before = table(&[Some(0.5), Some(0.2), None]);
        assert!(is_no_worse(None, &before));
        assert!(is_no_worse(Some(&before), &table(&[Some(0.6), Some(0.15), None])));
        assert!(!is_no_worse(Some(&before), &table(&[Some(0.4), Some(0.2), None])));
        assert!(!is_no_worse(Some(&before), &table(&[Some(0.9), None, None])));
        assert!((mean(&before).unwrap() - 0.35).abs() < 1e-9);
        assert_eq!(mean(&table(&[None])), None);
    }
}
