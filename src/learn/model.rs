//! A trained model, and what it proposes.

use super::compute::Compute;
use super::conv::Extent;
use super::data::{PreparedSlices, Recipe, crop, likeliest, pad};
use super::error::LearnError;
use super::net::{Batch, Dropout, Engine, Parameters, UNetShape, halt};
use super::objective::Objective;
use super::ops::softmax;
use super::spec::{CheckedSpec, ModelSpec, SpecError};
use crate::volume::{Image, Labels, require_room};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Weights with what is needed to use them; of several members, whose probabilities are averaged. A member is one net, or one
/// per label where the specification says so. Cloning shares the weights.
#[derive(Clone, Debug)]
pub struct Model {
    spec: CheckedSpec,
    recipe: Recipe,
    shape: UNetShape,
    /// The nets of the first member, then those of the second, …
    nets: Vec<Arc<Parameters>>,
    steps: u64,
    compute: Compute,
}

/// What a model suggests for one slice, `[row][column]`.
#[derive(Clone, Debug, PartialEq)]
pub struct SlicePrediction {
    /// The likeliest label of each pixel.
    pub labels: Vec<u8>,
    /// Its probability, 0 to 1.
    pub probability: Vec<f32>,
}

impl SlicePrediction {
    /// How unsure the model is of what it draws: the mean of 1 − probability over the pixels that are labelled or nearly
    /// so (background below 0.9); 0 where there are none. The exam with the largest doubt gains most from a reader.
    #[must_use]
    pub fn doubt(&self) -> f32 {
        let pixels = self.labels.iter().zip(&self.probability).filter(|(label, p)| **label > 0 || **p < 0.9);
        let (sum, count) = pixels.fold((0.0_f64, 0_usize), |(sum, count), (_, p)| (sum + f64::from(1.0 - p), count + 1));
        (sum / count.max(1) as f64) as f32
    }
}

/// Larger slices would ask for more memory than a workstation has.
const MOST_PIXELS: usize = 1 << 22;

impl Model {
    /// `nets` are whole members, as many nets each as the specification says.
    pub(in crate::learn) fn from_parts(spec: CheckedSpec, recipe: Recipe, nets: Vec<Parameters>, steps: u64) -> Self {
        debug_assert!(!nets.is_empty() && nets.len().is_multiple_of(spec.nets()));
        let shape = UNetShape::of(&spec);
        Self { spec, recipe, shape, nets: nets.into_iter().map(Arc::new).collect(), steps, compute: Compute::CPU }
    }

    /// The same weights for learning from somebody else; `class_weights` as in the specification, none: as they were.
    ///
    /// # Errors
    /// If the specification would then not be sound.
    pub fn learning_from(&self, labels_from: &str, class_weights: Option<Vec<f32>>) -> Result<Self, SpecError> {
        let mut spec = self.spec.spec().clone();
        labels_from.clone_into(&mut spec.labels_from);
        spec.class_weights = class_weights.or_else(|| spec.class_weights.take());
        Ok(Self { spec: spec.check()?, ..self.clone() })
    }

    /// The same weights for going on with what a reader corrects: every pixel counts alike, and labels little besides, see
    /// [`super::Objective::going_on`].
    ///
    /// # Errors
    /// As [`Model::learning_from`].
    pub fn going_on(&self, labels_from: &str) -> Result<Self, SpecError> {
        let model = self.learning_from(labels_from, Some(vec![1.0; self.spec.classes()]))?;
        model.rewarded_for(self.spec.spec().objective.going_on())
    }

    /// The same weights, rewarded for something else from now on.
    ///
    /// # Errors
    /// As [`Model::learning_from`].
    pub fn rewarded_for(&self, objective: Objective) -> Result<Self, SpecError> {
        let spec = ModelSpec { objective, ..self.spec.spec().clone() };
        Ok(Self { spec: spec.check()?, ..self.clone() })
    }

    /// One of its members, counted from 0, as a model of its own; none beyond the last.
    #[must_use]
    pub fn member(&self, at: usize) -> Option<Self> {
        let each = self.spec.nets();
        Some(Self { nets: self.nets.get(at * each..(at + 1) * each)?.to_vec(), ..self.clone() })
    }

    /// The same model on another device.
    #[must_use]
    pub fn on(mut self, compute: Compute) -> Self {
        self.compute = compute;
        self
    }

    /// One model of several that learnt the same from the same, but for their seeds: proposals are the mean of theirs.
    ///
    /// # Errors
    /// If there is none, there are more than [`Model::MOST_MEMBERS`], or two differ in more than the seed.
    pub fn joined(models: Vec<Self>) -> Result<Self, LearnError> {
        let mut models = models.into_iter();
        let mut first = models.next().ok_or_else(|| LearnError::Unsuited("there is no model to join".to_owned()))?;
        for other in models {
            let same_spec = other.spec.spec().same_but_seed(first.spec.spec());
            if !same_spec || other.recipe != first.recipe {
                return Err(LearnError::Unsuited("models of different specifications or recipes cannot be joined".to_owned()));
            }
            first.nets.extend(other.nets);
            first.steps = first.steps.max(other.steps);
        }
        let members = first.member_count();
        if members > Self::MOST_MEMBERS {
            return Err(LearnError::Unsuited(format!("{members} members are more than the {} a model can have", Self::MOST_MEMBERS)));
        }
        Ok(first)
    }

    /// Members that a model can have.
    pub const MOST_MEMBERS: usize = 10;

    /// Members whose probabilities are averaged.
    #[must_use]
    pub const fn member_count(&self) -> usize {
        self.nets.len() / self.spec.nets()
    }

    /// The same with or without the mean over mirror images, whatever its specification says.
    ///
    /// # Errors
    /// If its labels carry a side.
    pub fn with_flips(self, flips: bool) -> Result<Self, LearnError> {
        let wish = ModelSpec { flips, ..self.spec.spec().clone() };
        let spec = wish.check().map_err(|why| LearnError::Unsuited(why.to_string()))?;
        Ok(Self { spec, ..self })
    }

    /// The same with another smoothing of its probabilities, in mm, whatever its specification says. Slices prepared before keep theirs.
    ///
    /// # Errors
    /// If it is no such number.
    pub fn with_smoothing(self, smoothing_mm: f64) -> Result<Self, LearnError> {
        let wish = ModelSpec { smoothing_mm, ..self.spec.spec().clone() };
        let spec = wish.check().map_err(|why| LearnError::Unsuited(why.to_string()))?;
        Ok(Self { spec, ..self })
    }

    /// What it has learnt, from what.
    #[must_use]
    pub const fn spec(&self) -> &CheckedSpec {
        &self.spec
    }

    /// How grey values are prepared for it.
    #[must_use]
    pub const fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Steps trained so far, over all versions.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// How many numbers it has learnt.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        self.nets.iter().map(|net| net.count()).sum()
    }

    /// Where it is computed.
    #[must_use]
    pub const fn compute(&self) -> &Compute {
        &self.compute
    }

    /// Weights of the first member, net by net: what training goes on from.
    pub(in crate::learn) fn first_member(&self) -> &[Arc<Parameters>] {
        &self.nets[..self.spec.nets()]
    }

    /// Weights of all nets, those of the first member first; at least one.
    pub(in crate::learn) fn nets(&self) -> &[Arc<Parameters>] {
        &self.nets
    }

    pub(in crate::learn) const fn shape(&self) -> &UNetShape {
        &self.shape
    }

    /// Prepares the sequences of an exam for this model; see [`PreparedSlices::new`].
    ///
    /// # Errors
    /// As [`PreparedSlices::new`].
    pub fn prepare(&self, images: &[&Image], slice_axis: usize) -> Result<PreparedSlices, LearnError> {
        PreparedSlices::new(&self.spec, &self.recipe, images, slice_axis)
    }

    /// Labels of prepared planes `[channel][row][column]`; `size` is width and height.
    ///
    /// # Errors
    /// If the planes do not suit the model; [`LearnError::Cancelled`] soon after `stop` is set.
    pub fn predict_slice(&self, planes: &[f32], size: [usize; 2], stop: &AtomicBool) -> Result<SlicePrediction, LearnError> {
        let probabilities = self.probabilities(self.engine().as_mut(), planes, size, &[None], stop)?;
        let (labels, probability) = probabilities.chunks_exact(self.spec.classes()).map(likeliest).unzip();
        Ok(SlicePrediction { labels, probability })
    }

    /// Proposes labels for slices (`None`: all) of a one-sequence exam, on the image's own grid; other slices stay 0.
    /// `progress` hears how many slices are done, and of how many.
    ///
    /// # Errors
    /// As [`Model::predict_volumes`].
    pub fn predict_volume(
        &self,
        image: &Image,
        slice_axis: usize,
        slices: Option<&[usize]>,
        stop: &AtomicBool,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Labels, LearnError> {
        self.predict_volumes(&[image], slice_axis, slices, stop, progress)
    }

    /// As [`Model::predict_volume`] for an exam with one image per sequence of the specification, in its order.
    ///
    /// # Errors
    /// If the images do not suit the specification or a slice does not exist; [`LearnError::Cancelled`] soon after `stop`
    /// is set.
    pub fn predict_volumes(
        &self,
        images: &[&Image],
        slice_axis: usize,
        slices: Option<&[usize]>,
        stop: &AtomicBool,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Labels, LearnError> {
        halt(stop)?;
        let prepared = self.prepare(images, slice_axis)?;
        self.predict_prepared(&prepared, slices, stop, progress)
    }

    /// As [`Model::predict_volumes`] for slices already prepared by [`Model::prepare`].
    ///
    /// # Errors
    /// As [`Model::predict_volumes`].
    pub fn predict_prepared(
        &self,
        prepared: &PreparedSlices,
        slices: Option<&[usize]>,
        stop: &AtomicBool,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Labels, LearnError> {
        let wanted = slices.map_or_else(|| (0..prepared.slice_count()).collect(), <[usize]>::to_vec);
        wanted.iter().try_for_each(|&slice| prepared.require(slice))?;
        let mut labels = Labels::empty(prepared.grid().clone());
        let mut engine = self.engine();
        for (done, &slice) in wanted.iter().enumerate() {
            progress(done, wanted.len());
            let probabilities = self.probabilities(engine.as_mut(), &prepared.planes(slice)?, prepared.size(), &[None], stop)?;
            let probabilities = prepared.smoothed(probabilities, self.spec.classes());
            prepared.write_labels(slice, &probabilities, self.spec.classes(), &mut labels);
        }
        progress(wanted.len(), wanted.len());
        Ok(labels)
    }

    /// Probability of every label but the background, on the image's own grid, i fastest: `[label − 1][voxel]`.
    ///
    /// # Errors
    /// As [`Model::predict_volumes`].
    pub fn probability_maps(
        &self,
        prepared: &PreparedSlices,
        stop: &AtomicBool,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Vec<f32>>, LearnError> {
        let classes = self.spec.classes();
        require_room(prepared.grid().voxel_count() * classes.saturating_sub(1) * size_of::<f32>())?;
        let mut maps = vec![vec![0.0; prepared.grid().voxel_count()]; classes.saturating_sub(1)];
        let mut engine = self.engine();
        for slice in 0..prepared.slice_count() {
            progress(slice, prepared.slice_count());
            let probabilities = self.probabilities(engine.as_mut(), &prepared.planes(slice)?, prepared.size(), &[None], stop)?;
            let probabilities = prepared.smoothed(probabilities, classes);
            prepared.write_probabilities(slice, &probabilities, classes, &mut maps);
        }
        Ok(maps)
    }

    pub(in crate::learn) fn engine(&self) -> Box<dyn Engine> {
        self.compute.engine(&self.shape)
    }

    /// Probabilities `[row][column][class]`, the mean over the members, over passes that drop channels out (`[None]`: one that
    /// drops none) and, where asked, over the mirror image.
    pub(in crate::learn) fn probabilities(
        &self,
        engine: &mut dyn Engine,
        planes: &[f32],
        size: [usize; 2],
        passes: &[Option<Dropout>],
        stop: &AtomicBool,
    ) -> Result<Vec<f32>, LearnError> {
        let channels = self.shape.inputs;
        if size.contains(&0) || planes.len() != channels * size[0] * size[1] {
            let [w, h] = size;
            return Err(LearnError::Unsuited(format!("{} values are not {channels} plane(s) of {w} × {h} pixels", planes.len())));
        }
        let padded = padded_size(size, self.shape.multiple());
        if padded[0].saturating_mul(padded[1]) > MOST_PIXELS {
            let [w, h] = size;
            return Err(LearnError::Unsuited(format!(
                "{w} × {h} pixels are more than a net can take in; give the model a larger pixel size"
            )));
        }
        let extent = Extent { batch: 1, height: padded[1], width: padded[0] };
        let mut input = vec![0.0; extent.pixels() * channels];
        interleave(planes, channels, size, padded, &mut input);
        let classes = self.shape.classes;
        let mut sums = vec![vec![0.0; size[0] * size[1] * classes]; self.spec.nets()];
        let views: &[bool] = if self.spec.spec().flips { &[false, true] } else { &[false] };
        for &mirrored in views {
            if mirrored {
                interleave(&mirror_rows(planes, size[0], 1), channels, size, padded, &mut input);
            }
            for ((at, net), &dropout) in self.nets.iter().enumerate().flat_map(|net| passes.iter().map(move |pass| (net, pass))) {
                let logits = engine.logits(net, Batch { extent, planes: &input, dropout }, stop)?;
                let mut values = crop(&logits, padded[0], classes, size);
                values.chunks_exact_mut(classes).for_each(|pixel| {
                    softmax(pixel);
                });
                let values = if mirrored { mirror_rows(&values, size[0], classes) } else { values };
                sums[at % self.spec.nets()].iter_mut().zip(&values).for_each(|(sum, p)| *sum += p);
            }
        }
        let share = 1.0 / (views.len() * passes.len() * self.member_count()) as f32;
        sums.iter_mut().flatten().for_each(|p| *p *= share);
        Ok(if sums.len() > 1 { together(&sums) } else { sums.swap_remove(0) })
    }
}

/// Probabilities `[pixel][class]` of nets that know one label each, background and label `[pixel][2]`: how likely it is that just
/// this net is right, or none, as if they knew nothing of one another, given that no more than one can be.
fn together(nets: &[Vec<f32>]) -> Vec<f32> {
    /// Keeps odds finite where a net is quite sure.
    const TINY: f32 = 1e-6;
    let pixels = nets[0].len() / 2;
    let mut out = Vec::with_capacity(pixels * (nets.len() + 1));
    for pixel in 0..pixels {
        let odds = nets.iter().map(|net| net[2 * pixel + 1] / net[2 * pixel].max(TINY));
        let all = 1.0 + odds.clone().sum::<f32>();
        out.push(1.0 / all);
        out.extend(odds.map(|odds| odds / all));
    }
    out
}

/// Every row of `width` pixels the other way round; `channels` values per pixel stay together.
fn mirror_rows(values: &[f32], width: usize, channels: usize) -> Vec<f32> {
    values.chunks_exact(width * channels).flat_map(|row| row.chunks_exact(channels).rev().flatten().copied()).collect()
}

/// The next size whose sides are multiples of `multiple`.
pub(in crate::learn) fn padded_size(size: [usize; 2], multiple: usize) -> [usize; 2] {
    size.map(|n| n.next_multiple_of(multiple))
}

/// Writes planes `[channel][row][column]` mirrored out to `padded` as `[row][column][channel]`.
pub(in crate::learn) fn interleave(planes: &[f32], channels: usize, size: [usize; 2], padded: [usize; 2], out: &mut [f32]) {
    for (channel, plane) in planes.chunks_exact(size[0] * size[1]).enumerate() {
        for (pixel, value) in out.chunks_exact_mut(channels).zip(pad(plane, size, padded, None)) {
            pixel[channel] = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nets_that_know_one_label_each_answer_together() {
        // (background, label) of two nets for three pixels: nobody's, the first one's, claimed by both but more by the second.
        let (first, second) = (vec![0.9, 0.1, 0.2, 0.8, 0.4, 0.6], vec![1.0, 0.0, 0.9, 0.1, 0.0, 1.0]);
        let both = together(&[first, second]);
        assert!(both.chunks(3).all(|p| (p.iter().sum::<f32>() - 1.0).abs() < 1e-6 && p.iter().all(|v| v.is_finite())), "{both:?}");
        assert_eq!(both.chunks(3).map(|p| likeliest(p).0).collect::<Vec<_>>(), [0, 1, 2]);
        assert!((both[0] - 0.9).abs() < 1e-6 && (both[1] - 0.1).abs() < 1e-6);
    }

    #[test]
    fn doubt_is_the_mean_over_what_is_drawn() {
        let of =
            |labels: &[u8], probability: &[f32]| SlicePrediction { labels: labels.to_vec(), probability: probability.to_vec() }.doubt();
        assert_eq!(of(&[0, 0], &[1.0, 0.95]), 0.0);
        assert!((of(&[0, 0, 1, 2], &[1.0, 0.7, 0.9, 0.5]) - 0.3).abs() < 1e-6);
    }
}
