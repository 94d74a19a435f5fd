//! A model against masks: Dice per level and exam.

use super::cases::{Case, CaseTruth, Purpose};
use super::known::KnownCases;
use super::levels::scored_levels;
use crate::agreement::{Overlap, Summary};
use crate::consensus::level_name;
use crate::learn::{Example, LearnError, Model};
use crate::volume::{Image, Labels};
use std::sync::atomic::AtomicBool;

/// Dice of a model on a folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Names of the levels: `1`, `2`, `3`, `2+3`.
    pub levels: Vec<String>,
    /// One row per case.
    pub cases: Vec<CaseScore>,
}

/// One case's figures.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseScore {
    /// Its name.
    pub name: String,
    /// Dice per level; `None` where neither map holds the level.
    pub dice: Vec<Option<f64>>,
    /// Whether the model has learnt it, as far as its card tells.
    pub learnt: bool,
    /// How many masks judge it, where several may.
    pub masks: Option<usize>,
}

impl CaseScore {
    /// Figures of a case that was not learnt, judged by one mask.
    #[must_use]
    pub fn new(name: &str, dice: Vec<Option<f64>>) -> Self {
        Self { name: name.to_owned(), dice, learnt: false, masks: None }
    }
}

impl Evaluation {
    /// Median, mean and range of a level over the cases where it is defined.
    #[must_use]
    pub fn summary(&self, level: usize) -> Option<Summary> {
        Summary::of(&self.cases.iter().filter_map(|case| case.dice[level]).collect::<Vec<_>>())
    }

    /// The mean over the levels of their mean Dice: what versions are chosen by.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let means: Vec<f64> = (0..self.levels.len()).filter_map(|level| self.summary(level).map(|s| s.mean)).collect();
        (!means.is_empty()).then(|| means.iter().sum::<f64>() / means.len() as f64)
    }
}

/// Proposes on every case and compares; says which of them the model has learnt. `progress` hears how many cases are done.
///
/// # Errors
/// One sentence that names the file; `None` soon after `stop` is set.
pub fn evaluate_folder(
    model: &Model,
    cases: &[Case],
    truth: CaseTruth,
    known: &KnownCases,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(usize),
) -> Result<Option<Evaluation>, String> {
    let spec = model.spec().spec();
    let levels = scored_levels(spec.labels, &spec.layer);
    let mut rows = Vec::with_capacity(cases.len());
    for (at, case) in cases.iter().enumerate() {
        progress(at);
        let (images, axis) = case.load_images(Purpose::Propose)?;
        let masks = case.load_masks(&images[0], &spec.layer)?;
        let truths = truth.levels(case, &masks, &levels)?;
        let learnt = known.hold(case, &images[0], &masks);
        drop(masks);
        let Some(proposed) = propose_on(model, case, &images, axis, false, stop)? else { return Ok(None) };
        let masks = (truth == CaseTruth::Staple).then_some(case.masks.len());
        rows.push(CaseScore { learnt, masks, ..CaseScore::new(&case.name, dice_per_level(&proposed.labels, &truths, &levels)) });
    }
    Ok(Some(Evaluation { levels: levels.iter().map(|level| level_name(level)).collect(), cases: rows }))
}

/// What a model suggests on one case.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// The labels, on the grid of the images.
    pub labels: Labels,
    /// Where asked for, the probability of every label but the background: `[label − 1][voxel]`, i fastest.
    pub probabilities: Vec<Vec<f32>>,
}

/// Proposes on a case, as [`evaluate_folder`] does; its masks are not looked at.
///
/// # Errors
/// One sentence that names the file; `None` soon after `stop` is set.
pub fn propose_case(model: &Model, case: &Case, with_probabilities: bool, stop: &AtomicBool) -> Result<Option<Proposed>, String> {
    let (images, axis) = case.load_images(Purpose::Propose)?;
    propose_on(model, case, &images, axis, with_probabilities, stop)
}

fn propose_on(
    model: &Model,
    case: &Case,
    images: &[Image],
    axis: usize,
    with_probabilities: bool,
    stop: &AtomicBool,
) -> Result<Option<Proposed>, String> {
    let work = || {
        let prepared = model.prepare(&images.iter().collect::<Vec<_>>(), axis)?;
        let labels = model.predict_prepared(&prepared, None, stop, &mut |_, _| {})?;
        let maps = |()| model.probability_maps(&prepared, stop, &mut |_, _| {});
        let probabilities = with_probabilities.then_some(()).map(maps).transpose()?.unwrap_or_default();
        Ok(Proposed { labels, probabilities })
    };
    match work() {
        Ok(proposed) => Ok(Some(proposed)),
        Err(LearnError::Cancelled) => Ok(None),
        Err(error) => Err(format!("{}: {error}", case.name)),
    }
}

/// Dice of a proposal and each level's own map of zeros and ones; voxels of which it tells nothing count for neither.
pub(super) fn dice_per_level(proposal: &Labels, truths: &[Labels], levels: &[Vec<u8>]) -> Vec<Option<f64>> {
    let of = |(level, truth): (&Vec<u8>, &Labels)| {
        let (mut both, mut proposed, mut true_voxels) = (0_u64, 0_u64, 0_u64);
        proposal.for_each_labelled(|voxel, label| {
            let told = truth.get(voxel);
            if level.contains(&label) && told != Example::IGNORE {
                proposed += 1;
                both += u64::from(told == 1);
            }
        });
        truth.for_each_labelled(|_, label| true_voxels += u64::from(label == 1));
        // True negatives and the voxel's volume play no part in Dice.
        Overlap::new(both, proposed - both, true_voxels - both, 0, 1.0).dice()
    };
    levels.iter().zip(truths).map(of).collect()
}
