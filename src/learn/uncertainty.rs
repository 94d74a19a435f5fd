//! Where a model is unsure: the entropy of what its members say, or one net with parts of it dropped out, of a slice as it is
//! and of its mirror image, all taken together.

use super::Model;
use super::data::PreparedSlices;
use super::error::LearnError;
use super::net::Dropout;
use crate::volume::Labels;
use std::sync::atomic::AtomicBool;

/// Above this share of the largest entropy a pixel counts as unsure.
const UNSURE: f32 = 0.2;

/// Passes with other channels dropped, of a net that learnt with dropout (Gal and Ghahramani 2016).
const PASSES: u64 = 4;

/// How unsure a model is of one slice.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceDoubt {
    /// Entropy of each pixel `[row][column]` as a share of the largest there can be: 0 sure, 1 no idea.
    pub entropy: Vec<f32>,
    /// The likeliest label of each pixel.
    pub labels: Vec<u8>,
}

impl SliceDoubt {
    /// Sum of the entropies, and number, of the pixels that are labelled or unsure.
    #[must_use]
    pub fn drawn(&self) -> (f64, usize) {
        let pixels = self.entropy.iter().zip(&self.labels).filter(|(entropy, label)| **label > 0 || **entropy > UNSURE);
        pixels.fold((0.0, 0), |(sum, count), (entropy, _)| (sum + f64::from(*entropy), count + 1))
    }
}

impl Model {
    /// How unsure the model is of a slice, all its members taken together. A net that learnt with dropout is asked four times
    /// with other channels dropped, the same ones on every slice. `mirror` asks about the mirror image as well; not for labels
    /// that carry their side.
    ///
    /// # Errors
    /// If there is no such slice or it does not suit the model; [`LearnError::Cancelled`] soon after `stop` is set.
    pub fn slice_doubt(&self, prepared: &PreparedSlices, slice: usize, mirror: bool, stop: &AtomicBool) -> Result<SliceDoubt, LearnError> {
        let (size, classes) = (prepared.size(), self.spec().classes());
        let mut planes = prepared.planes(slice)?;
        let mut engine = self.engine();
        let share = self.spec().spec().objective.dropout;
        let passes: Vec<Option<Dropout>> =
            if share > 0.0 { (0..PASSES).map(|seed| Some(Dropout { share, seed })).collect() } else { vec![None] };
        let mut mean = self.probabilities(engine.as_mut(), &planes, size, &passes, stop)?;
        if mirror {
            planes.chunks_exact_mut(size[0]).for_each(<[f32]>::reverse);
            let mirrored = self.probabilities(engine.as_mut(), &planes, size, &passes, stop)?;
            for (n, pixel) in mean.chunks_exact_mut(classes).enumerate() {
                let from = (n - n % size[0] + size[0] - 1 - n % size[0]) * classes;
                pixel.iter_mut().zip(&mirrored[from..from + classes]).for_each(|(a, b)| *a = 0.5 * (*a + b));
            }
        }
        let mean = prepared.smoothed(mean, classes);
        let most = (classes as f32).ln().max(f32::MIN_POSITIVE);
        let entropy = |pixel: &[f32]| (-pixel.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum::<f32>() / most).clamp(0.0, 1.0);
        let likeliest = |pixel: &[f32]| pixel.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(label, _)| label as u8);
        Ok(SliceDoubt {
            entropy: mean.chunks_exact(classes).map(entropy).collect(),
            labels: mean.chunks_exact(classes).map(likeliest).collect(),
        })
    }

    /// The same for slices (`None`: all) as a map on the image's own grid: 255 where the entropy is the largest there can be.
    ///
    /// # Errors
    /// As [`Model::slice_doubt`].
    pub fn doubt_map(
        &self,
        prepared: &PreparedSlices,
        slices: Option<&[usize]>,
        mirror: bool,
        stop: &AtomicBool,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Labels, LearnError> {
        let wanted = slices.map_or_else(|| (0..prepared.slice_count()).collect(), <[usize]>::to_vec);
        let grid = prepared.grid().clone();
        let mut maps = vec![vec![0.0_f32; grid.voxel_count()]];
        for (done, &slice) in wanted.iter().enumerate() {
            progress(done, wanted.len());
            let doubt = self.slice_doubt(prepared, slice, mirror, stop)?;
            // Laid out as a background and one label whose probability is the entropy.
            let two: Vec<f32> = doubt.entropy.iter().flat_map(|e| [1.0 - e, *e]).collect();
            prepared.write_probabilities(slice, &two, 2, &mut maps);
        }
        let mut map = Labels::empty(grid.clone());
        for (n, value) in maps[0].iter().enumerate().filter(|(_, value)| **value > 0.0) {
            map.set(grid.voxel(n), (value * 255.0).round().clamp(0.0, 255.0) as u8);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::{ModelSpec, Recipe, TrainOptions, Trainer};
    use crate::space::{Affine, Spacing};
    use crate::volume::{Grid, Image};
    use std::sync::Arc;

    static GO: AtomicBool = AtomicBool::new(false);

    fn image() -> Image {
        let grid = Arc::new(Grid::new([12, 9, 3], Affine::from_spacing(Spacing::new([1.0, 1.0, 3.0]).unwrap())).unwrap());
        let values: Vec<f32> = (0..grid.voxel_count()).map(|n| ((n * 37) % 101) as f32).collect();
        Image::new(grid, values).unwrap()
    }

    #[test]
    fn doubt_is_between_0_and_1_and_a_mirrored_slice_gives_its_mirror() {
        let spec = ModelSpec { base: 2, depth: 2, ..ModelSpec::new("water", "marrow", 3, "R1") }.check().unwrap();
        let model = Trainer::new(&spec, Recipe::default(), TrainOptions::default()).unwrap().snapshot();
        let image = image();
        let mirrored = {
            let grid = image.grid().clone();
            let values: Vec<f32> = (0..grid.voxel_count())
                .map(|n| {
                    let [i, j, k] = grid.voxel(n);
                    image.get([11 - i, j, k])
                })
                .collect();
            Image::new(grid, values).unwrap()
        };
        let of = |image: &Image| {
            let prepared = model.prepare(&[image], 2).unwrap();
            model.slice_doubt(&prepared, 1, true, &GO).unwrap()
        };
        let (a, b) = (of(&image), of(&mirrored));
        assert!(a.entropy.iter().all(|e| (0.0..=1.0).contains(e)) && a.entropy.iter().any(|e| *e > 0.0));
        let width = model.prepare(&[&image], 2).unwrap().size()[0];
        for (row, other) in a.entropy.chunks_exact(width).zip(b.entropy.chunks_exact(width)) {
            let reversed: Vec<f32> = other.iter().rev().copied().collect();
            assert!(row.iter().zip(&reversed).all(|(x, y)| (x - y).abs() < 1e-4), "{row:?} {reversed:?}");
        }
        let prepared = model.prepare(&[&image], 2).unwrap();
        let map = model.doubt_map(&prepared, Some(&[1]), true, &GO, &mut |_, _| {}).unwrap();
        let (mut inside, mut outside) = (0, 0);
        map.for_each_labelled(|voxel, _| if voxel[2] == 1 { inside += 1 } else { outside += 1 });
        assert!(inside > 0 && outside == 0, "{inside} {outside}");
        assert!(model.doubt_map(&prepared, Some(&[7]), true, &GO, &mut |_, _| {}).is_err());
    }

    /// The same weights, asked with and without dropping channels.
    #[test]
    fn a_net_that_learnt_with_dropout_is_asked_with_other_channels_dropped() {
        let of = |dropout: f32| {
            let objective = crate::learn::Objective { dropout, ..Default::default() };
            let spec = ModelSpec { base: 4, depth: 2, objective, ..ModelSpec::new("water", "marrow", 3, "R1") }.check().unwrap();
            let model = Trainer::new(&spec, Recipe::default(), TrainOptions::default()).unwrap().snapshot();
            let prepared = model.prepare(&[&image()], 2).unwrap();
            let ask = || model.slice_doubt(&prepared, 1, false, &GO).unwrap();
            assert_eq!(ask(), ask(), "asked twice it says the same");
            // What proposes is the whole net.
            (ask(), model.predict_prepared(&prepared, None, &GO, &mut |_, _| {}).unwrap().to_dense())
        };
        let ((whole, proposal), (dropped, same)) = (of(0.0), of(0.5));
        assert_eq!(proposal, same);
        assert_ne!(whole.entropy, dropped.entropy);
    }

    #[test]
    fn only_what_is_drawn_or_unsure_counts() {
        let doubt = SliceDoubt { entropy: vec![0.0, 0.1, 0.4, 0.6], labels: vec![0, 1, 0, 2] };
        let (sum, count) = doubt.drawn();
        assert!((sum - 1.1).abs() < 1e-6 && count == 3);
    }
}
