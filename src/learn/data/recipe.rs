//! What is done to grey values before a net sees them.

use super::clahe::clahe;
use super::filters::{median4, remove_bias};
use crate::volume::{GreySummary, LANDMARK_PERCENTS, Landmarks, Standard, StandardMap, percentile};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Steps in the order in which they are done; saved with the weights, for a net is only good with its own recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// First to last.
    pub steps: Vec<RecipeStep>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum RecipeStep {
    /// Divides each slice by its Gaussian mean.
    RemoveBias {
        /// σ as a fraction of the slice's width and height.
        sigma_fraction: f64,
    },
    /// Contrast-limited adaptive histogram equalisation of each slice, to 0..=1.
    Clahe {
        /// Parts along each side.
        tiles: usize,
        /// How many times its even share a grey value may count.
        clip: f64,
    },
    /// Median over each pixel and its four neighbours within the slice.
    Median4,
    /// Maps the two percentiles of the whole volume to 0 and 1, and cuts at −0.5 and 2.
    PercentileScale {
        /// Percent that becomes 0.
        low: f64,
        /// Percent that becomes 1.
        high: f64,
    },
    /// Lays a Dixon pair on the signal of fatty tissue, the reference that levels of marrow are read against: where the fat
    /// image is bright (above half its 99th percentile), the median of every other sequence becomes 0 (what a scanner leaves
    /// of fat in a water image) and half of that percentile above it becomes 1; the fat image is divided by the percentile.
    /// Cuts at −0.5 and 3.
    FatReference {
        /// Number of the fat image among the sequences, from 0.
        fat: usize,
    },
    /// Nyúl and Udupa's standard scale, 0 to 1 between its ends, learnt from the training exams; cuts at −0.5 and 2.
    Standardise {
        /// Places of the landmarks per sequence; none before they are learnt ([`Recipe::learnt`]), and then nothing is done.
        #[serde(default)]
        places: Vec<[f32; LANDMARK_PERCENTS.len()]>,
    },
}

/// The volumes of an exam, one per sequence, and the size of their slices.
pub(super) type Volumes = (Vec<Vec<f32>>, [usize; 2]);

impl Default for Recipe {
    fn default() -> Self {
        Self { steps: vec![RecipeStep::PercentileScale { low: 1.0, high: 99.5 }] }
    }
}

impl Recipe {
    /// The default with bias removal before it (for surface coils).
    #[must_use]
    pub fn with_bias_removal() -> Self {
        let mut recipe = Self::default();
        recipe.steps.insert(0, RecipeStep::RemoveBias { sigma_fraction: 0.05 });
        recipe
    }

    /// For sequences of these names: on the signal of fatty tissue where one of several is a fat image, else the default.
    #[must_use]
    pub fn for_sequences(names: &[String]) -> Self {
        match names.iter().position(|name| name.to_lowercase().contains("fat")).filter(|_| names.len() > 1) {
            Some(fat) => Self { steps: vec![RecipeStep::FatReference { fat }] },
            None => Self::default(),
        }
    }

    /// Whether grey values are laid on a reference of the exam's own.
    #[must_use]
    pub fn is_referred(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, RecipeStep::FatReference { .. }))
    }

    /// Whether a step still has to be learnt from the training exams.
    #[must_use]
    pub fn learns(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, RecipeStep::Standardise { places } if places.is_empty()))
    }

    /// # Errors
    /// In words, if a step needs a sequence that an exam of so many sequences has not.
    pub(in crate::learn) fn require(&self, sequences: usize) -> Result<(), String> {
        for step in &self.steps {
            match step {
                RecipeStep::FatReference { fat } if *fat >= sequences || sequences < 2 => {
                    return Err(format!("its recipe takes sequence {fat} (counted from 0) for the fat image, but there are {sequences}"));
                }
                RecipeStep::Standardise { places } if !places.is_empty() && places.len() != sequences => {
                    return Err(format!("its recipe knows the standard scale of {} sequences, but there are {sequences}", places.len()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The same with every standard scale learnt from so many exams. `load` gives one by its number: a volume per sequence,
    /// `[slice][row][column]` of a size; none if it cannot be learnt from. Of each exam only its landmarks are kept, so that it is
    /// loaded anew for every scale. A sequence without a spread of grey values in any exam keeps the step undone.
    ///
    /// # Errors
    /// What `load` says.
    pub(super) fn learnt(mut self, exams: usize, load: &mut dyn FnMut(usize) -> Result<Option<Volumes>, String>) -> Result<Self, String> {
        for at in 0..self.steps.len() {
            let (before, rest) = self.steps.split_at_mut(at);
            let RecipeStep::Standardise { places } = &mut rest[0] else { continue };
            let mut marks: Vec<Vec<Landmarks>> = Vec::new();
            for exam in 0..exams {
                let Some((mut volumes, size)) = load(exam)? else { continue };
                volumes.iter_mut().for_each(|volume| only_finite(volume));
                before.iter().for_each(|step| step.apply(&mut volumes, size));
                if marks.is_empty() {
                    marks.resize(volumes.len(), Vec::new());
                }
                marks.iter_mut().zip(&volumes).for_each(|(marks, volume)| marks.extend(Landmarks::of(&GreySummary::of(volume))));
            }
            let learnt = marks.iter().map(|marks| Standard::learn(marks).map(|standard| *standard.values()));
            *places = learnt.collect::<Option<Vec<_>>>().unwrap_or_default();
        }
        Ok(self)
    }

    /// Does all steps to the volumes of an exam, one per sequence, slices `[row][column]` of `size`. Values that are not
    /// finite become 0 first.
    pub(super) fn apply(&self, volumes: &mut [Vec<f32>], size: [usize; 2]) {
        volumes.iter_mut().for_each(|volume| only_finite(volume));
        self.steps.iter().for_each(|step| step.apply(volumes, size));
    }
}

impl RecipeStep {
    fn apply(&self, volumes: &mut [Vec<f32>], size: [usize; 2]) {
        let plane = size[0] * size[1];
        let each_slice = |volumes: &mut [Vec<f32>], filter: &(dyn Fn(&mut [f32]) + Sync)| {
            volumes.iter_mut().for_each(|volume| volume.par_chunks_mut(plane).for_each(filter));
        };
        match self {
            Self::RemoveBias { sigma_fraction } => {
                let fraction = if sigma_fraction.is_finite() { sigma_fraction.clamp(1e-3, 1.0) } else { 0.05 };
                each_slice(volumes, &|slice| remove_bias(slice, size, fraction));
            }
            Self::Clahe { tiles, clip } => each_slice(volumes, &|slice| clahe(slice, size, (*tiles).clamp(1, 64), *clip)),
            Self::Median4 => each_slice(volumes, &|slice| median4(slice, size)),
            Self::PercentileScale { low, high } => {
                for volume in volumes {
                    let (Some(from), Some(to)) = (percentile(volume, *low), percentile(volume, *high)) else { continue };
                    stretch(volume, from, to, 2.0);
                }
            }
            Self::FatReference { fat } => refer_to_fat(volumes, *fat),
            Self::Standardise { places } => {
                for (volume, places) in volumes.iter_mut().zip(places) {
                    let marks = Landmarks::of(&GreySummary::of(volume));
                    let (Some(marks), Some(standard)) = (marks, Standard::from_values(*places)) else { continue };
                    let map = StandardMap::new(&marks, &standard);
                    let (from, to) = (places[0], places[places.len() - 1]);
                    volume.par_iter_mut().for_each(|v| *v = ((map.apply(*v) - from) / (to - from)).clamp(-0.5, 2.0));
                }
            }
        }
    }
}

fn only_finite(volume: &mut [f32]) {
    volume.par_iter_mut().filter(|v| !v.is_finite()).for_each(|v| *v = 0.0);
}

/// Maps `from` to 0 and `to` to 1, and cuts at −0.5 and `most`.
fn stretch(volume: &mut [f32], from: f32, to: f32, most: f32) {
    let factor = if to > from { 1.0 / (to - from) } else { 0.0 };
    volume.par_iter_mut().for_each(|v| *v = ((*v - from) * factor).clamp(-0.5, most));
}

/// See [`RecipeStep::FatReference`].
fn refer_to_fat(volumes: &mut [Vec<f32>], fat: usize) {
    let Some(bright) = volumes.get(fat).and_then(|volume| percentile(volume, 99.0)) else { return };
    let is_fat: Vec<bool> = volumes[fat].iter().map(|v| *v > 0.5 * bright).collect();
    for (number, volume) in volumes.iter_mut().enumerate() {
        if number == fat {
            stretch(volume, 0.0, bright, 3.0);
            continue;
        }
        let left_over: Vec<f32> = volume.iter().zip(&is_fat).filter(|(_, fat)| **fat).map(|(v, _)| *v).collect();
        let zero = percentile(&left_over, 50.0).unwrap_or(0.0);
        stretch(volume, zero, zero + 0.5 * bright, 3.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_is_blind_to_gain_and_offset_and_to_nan() {
        let raw: Vec<f32> = (0..600).map(|n| ((n * 37) % 601) as f32).collect();
        let mut both = [raw.clone(), raw.iter().map(|v| v * 7.0 + 50.0).collect()];
        Recipe::default().apply(&mut both, [20, 30]);
        let [a, b] = both;
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4));
        assert!(a.iter().any(|v| *v > 0.95) && a.iter().all(|v| (-0.5..=2.0).contains(v)));
        let mut none = [vec![f32::NAN; 600]];
        Recipe::with_bias_removal().apply(&mut none, [20, 30]);
        assert!(none[0].iter().all(|v| *v == 0.0));
    }

    #[test]
    fn a_recipe_survives_json() {
        let recipe = Recipe { steps: vec![RecipeStep::Median4, RecipeStep::RemoveBias { sigma_fraction: 0.05 }] };
        let text = serde_json::to_string(&recipe).unwrap();
        assert_eq!(text, r#"{"steps":[{"step":"median4"},{"step":"remove_bias","sigma_fraction":0.05}]}"#);
        assert_eq!(serde_json::from_str::<Recipe>(&text).unwrap(), recipe);
    }

    /// Fat bright in the right half; water dim there but for a lesion, with what the scanner leaves of fat added.
    fn dixon(gain: f32, left_over: f32) -> [Vec<f32>; 2] {
        let lesion = |n: usize| n % 20 == 15 && n / 20 < 4;
        let fat = (0..600).map(|n| gain * if n % 20 >= 10 { 400.0 + (n % 7) as f32 } else { 10.0 });
        let water = (0..600).map(|n| gain * if lesion(n) { 160.0 } else { 20.0 } + if n % 20 >= 10 { gain * left_over } else { 0.0 });
        [water.collect(), fat.collect()]
    }

    #[test]
    fn a_lesion_is_as_bright_on_every_scanner_beside_its_own_fat() {
        let recipe = Recipe::for_sequences(&["water".to_owned(), "fat".to_owned()]);
        assert_eq!(recipe.steps, [RecipeStep::FatReference { fat: 1 }]);
        let of = |mut volumes: [Vec<f32>; 2]| {
            recipe.apply(&mut volumes, [20, 30]);
            (volumes[0][15], volumes[0][16], volumes[1][16])
        };
        let (one, other) = (of(dixon(1.0, 10.0)), of(dixon(3.0, 60.0)));
        assert!((one.0 - 0.69).abs() < 0.02 && one.1.abs() < 1e-6 && (one.2 - 1.0).abs() < 0.02, "{one:?}");
        assert!((one.0 - other.0).abs() < 1e-4 && (one.2 - other.2).abs() < 1e-4, "{one:?} {other:?}");
        assert!(recipe.require(2).is_ok() && recipe.require(1).unwrap_err().contains("fat image"));
        assert_eq!(Recipe::for_sequences(&["fat".to_owned()]), Recipe::default());
    }

    #[test]
    fn a_standard_scale_is_learnt_after_the_steps_before_it_and_then_kept() {
        let recipe = Recipe { steps: vec![RecipeStep::Median4, RecipeStep::Standardise { places: Vec::new() }] };
        // Air to the left, a body of many greys to the right.
        let grey = |n: usize, bend: f32| if n % 90 < 45 { 0.0 } else { 50.0 + 400.0 * (((n * 37) % 601) as f32 / 601.0).powf(bend) };
        let exam = |gain: f32, bend: f32| vec![(0..9000).map(|n| gain * grey(n, bend)).collect::<Vec<f32>>()];
        let mut before = exam(5.0, 1.0);
        recipe.apply(&mut before, [90, 100]);
        let mut only_median = exam(5.0, 1.0);
        Recipe { steps: vec![RecipeStep::Median4] }.apply(&mut only_median, [90, 100]);
        assert_eq!(before, only_median, "not learnt is not done");
        let exams = [(1.0, 1.0), (9.0, 1.3)];
        let learnt = recipe.learnt(2, &mut |n| Ok(Some((exam(exams[n].0, exams[n].1), [90, 100])))).unwrap();
        assert!(matches!(&learnt.steps[1], RecipeStep::Standardise { places } if places.len() == 1));
        let (mut one, mut other) = (exam(2.0, 1.0), exam(700.0, 1.2));
        learnt.apply(&mut one, [90, 100]);
        learnt.apply(&mut other, [90, 100]);
        // Between landmarks the map is straight, so that a bent scale is not followed to the last.
        let apart = one[0].iter().zip(&other[0]).map(|(a, b)| (a - b).abs()).sum::<f32>() / 9000.0;
        assert!(apart < 0.02, "{apart}");
        assert!(learnt.require(2).is_err());
        let text = serde_json::to_string(&learnt).unwrap();
        assert_eq!(serde_json::from_str::<Recipe>(&text).unwrap(), learnt);
    }
}
