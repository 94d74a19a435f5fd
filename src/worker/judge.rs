//! How well a version does on the slices that are held out.

use super::task::CancelToken;
use super::training_data::HeldOut;
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

    /// Dice per label of each exam; `None` when cancelled.
    pub fn per_exam(&self, model: &Model, most_slices: usize) -> Result<Option<Vec<(ExamCode, DiceTable)>>, String> {
        let levels = self.levels();
        let mut exams = Vec::with_capacity(self.held_out.len());
        let mut left = most_slices;
        for held in self.held_out {
            let slices: Vec<usize> = held.slices.iter().copied().take(left).collect();
            left -= slices.len();
            if slices.is_empty() {
                break;
            }
            let stop = self.cancel.flag();
            let labels = match self.pool.install(|| model.predict_prepared(&held.prepared, Some(&slices), stop, &mut |_, _| {})) {
                Ok(labels) => labels,
                Err(LearnError::Cancelled) => return Ok(None),
                Err(error) => return Err(format!("{}: {error}", held.exam)),
            };
            let dice = levels.iter().map(|(name, level)| (name.clone(), dice_on_slices(&labels, held, &slices, level))).collect();
            exams.push((held.exam.clone(), dice));
        }
        Ok(Some(exams))
    }
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

fn dice_on_slices(proposal: &Labels, held: &HeldOut, slices: &[usize], level: &[u8]) -> Option<f64> {
    let (mut both, mut first, mut second) = (0_u64, 0_u64, 0_u64);
    let axis = held.slice_axis;
    proposal.for_each_labelled(|voxel, label| {
        if slices.contains(&voxel[axis]) && level.contains(&label) {
            first += 1;
            both += u64::from(level.contains(&held.labels.get(voxel)));
        }
    });
    held.labels.for_each_labelled(|voxel, label| second += u64::from(slices.contains(&voxel[axis]) && level.contains(&label)));
    // True negatives and the voxel's volume play no part in Dice.
    Overlap::new(both, first - both, second - both, 0, 1.0).dice()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(values: &[Option<f64>]) -> DiceTable {
        values.iter().enumerate().map(|(n, v)| (n.to_string(), *v)).collect()
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
