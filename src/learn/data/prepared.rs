//! The slices of an exam as a net takes them in.

use super::filters::blur;
use super::plane::{covered, elected, resize};
use super::{Example, Recipe};
use crate::learn::error::LearnError;
use crate::learn::spec::CheckedSpec;
use crate::space::SlicePlane;
use crate::volume::{Grid, Image, Labels, NoMemory, require_room, with_room};
use rayon::prelude::*;
use std::sync::Arc;

/// Every slice of an exam's sequences across one voxel axis, turned as on screen (so that all exams lie alike), with
/// the recipe applied and brought to the specification's pixel size.
#[derive(Clone, Debug)]
pub struct PreparedSlices {
    grid: Arc<Grid>,
    plane: SlicePlane,
    /// Width and height of a slice for the net.
    size: [usize; 2],
    neighbours: usize,
    /// Standard deviation of the smoothing of probabilities, in pixels of `size`.
    smoothing_px: [f64; 2],
    /// Per sequence, per slice: `[row][column]` of `size`.
    sequences: Vec<Vec<Vec<f32>>>,
}

/// Pixel sizes that differ by less than this share are taken as equal.
const SAME_SPACING: f64 = 0.05;

impl PreparedSlices {
    /// From one image per sequence of the specification, all on one grid; `slice_axis` is the voxel axis (0, 1, 2) across
    /// which slices lie.
    ///
    /// # Errors
    /// If the number of images is not the specification's, their grids differ, or there is no memory for the slices.
    pub fn new(spec: &CheckedSpec, recipe: &Recipe, images: &[&Image], slice_axis: usize) -> Result<Self, LearnError> {
        let wanted = spec.spec();
        let Some(first) = images.first().filter(|_| images.len() == wanted.sequences.len()) else {
            return Err(LearnError::Sequences { expected: wanted.sequences.len(), given: images.len() });
        };
        recipe.require(images.len()).map_err(LearnError::Unsuited)?;
        let grid = first.grid().clone();
        for image in images {
            grid.require_same(image.grid())?;
        }
        let plane = SlicePlane::new(grid.world_from_voxel(), grid.shape(), slice_axis.min(2));
        let (own, size) = (plane.size(), Self::size_of(spec, &grid, slice_axis));
        let mut volumes: Vec<Vec<f32>> = images.iter().map(|image| slices(image, &plane)).collect::<Result<_, _>>()?;
        recipe.apply(&mut volumes, own);
        let pixels = own[0] * own[1];
        require_room(Self::bytes_of(spec, &grid, slice_axis))?;
        let sequences = volumes.iter().map(|v| v.par_chunks(pixels).map(|slice| resize(slice, own, size, 1)).collect()).collect();
        let pixel_mm = plane.pixel_mm(grid.world_from_voxel());
        let smoothing_px =
            std::array::from_fn(|a| wanted.smoothing_mm / (pixel_mm[a] * own[a] as f64 / size[a].max(1) as f64).max(f64::MIN_POSITIVE));
        Ok(Self { grid, plane, size, neighbours: wanted.neighbours, smoothing_px, sequences })
    }

    /// Width and height of the slices of a grid for the net, in pixels.
    #[must_use]
    pub fn size_of(spec: &CheckedSpec, grid: &Grid, slice_axis: usize) -> [usize; 2] {
        let affine = grid.world_from_voxel();
        let plane = SlicePlane::new(affine, grid.shape(), slice_axis.min(2));
        let (own, pixel_mm) = (plane.size(), plane.pixel_mm(affine));
        spec.spec().spacing_mm.map_or(own, |mm| {
            let ratio = [pixel_mm[0] / mm[0], pixel_mm[1] / mm[1]];
            if ratio.iter().all(|r| (r - 1.0).abs() <= SAME_SPACING) {
                return own;
            }
            // A pixel size that is far off must not ask for more memory than there is.
            std::array::from_fn(|a| ((own[a] as f64 * ratio[a]).round() as usize).clamp(1, 4096))
        })
    }

    /// Bytes that the slices of a grid take, prepared.
    #[must_use]
    pub fn bytes_of(spec: &CheckedSpec, grid: &Grid, slice_axis: usize) -> usize {
        let [width, height] = Self::size_of(spec, grid, slice_axis);
        let slices = grid.shape()[slice_axis.min(2)];
        [width, height, slices, spec.spec().sequences.len(), size_of::<f32>()].iter().fold(1, |a: usize, b| a.saturating_mul(*b))
    }

    /// Bytes that these slices take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.sequences.iter().flatten().map(|slice| slice.len() * size_of::<f32>()).sum()
    }

    /// Bytes that one slice takes with its neighbours and its labels.
    #[must_use]
    pub fn example_bytes(&self) -> usize {
        let pixels = self.size[0] * self.size[1];
        pixels * (self.sequences.len() * (2 * self.neighbours + 1) * size_of::<f32>() + 1)
    }

    /// The same of a slice of a grid, before it is prepared.
    #[must_use]
    pub fn example_bytes_of(spec: &CheckedSpec, grid: &Grid, slice_axis: usize) -> usize {
        let [width, height] = Self::size_of(spec, grid, slice_axis);
        width.saturating_mul(height).saturating_mul(spec.channels() * size_of::<f32>() + 1)
    }

    /// Number of slices.
    #[must_use]
    pub const fn slice_count(&self) -> usize {
        self.plane.slice_count()
    }

    /// Width and height of a slice for the net, in pixels.
    #[must_use]
    pub const fn size(&self) -> [usize; 2] {
        self.size
    }

    /// The grid of the images.
    #[must_use]
    pub const fn grid(&self) -> &Arc<Grid> {
        &self.grid
    }

    /// Planes of one slice, `[channel][row][column]`: per sequence the slice with its neighbours, those beyond the ends
    /// being the last ones again.
    ///
    /// # Errors
    /// If there is no such slice, or no memory for it.
    pub fn planes(&self, slice: usize) -> Result<Vec<f32>, LearnError> {
        self.require(slice)?;
        let last = self.slice_count() - 1;
        let mut out = with_room(self.sequences.len() * (2 * self.neighbours + 1) * self.size[0] * self.size[1])?;
        for sequence in &self.sequences {
            for offset in 0..=2 * self.neighbours {
                out.extend_from_slice(&sequence[(slice + offset).saturating_sub(self.neighbours).min(last)]);
            }
        }
        Ok(out)
    }

    /// The planes of [`PreparedSlices::planes`] as slices of twice the thickness would show them: half of each plane and a
    /// quarter of the slice on either side (those beyond the ends being the last ones again).
    ///
    /// # Errors
    /// If there is no such slice.
    pub fn thick_planes(&self, slice: usize) -> Result<Vec<f32>, LearnError> {
        let last = self.slice_count().saturating_sub(1);
        let (own, before, after) = (self.planes(slice)?, self.planes(slice.saturating_sub(1))?, self.planes((slice + 1).min(last))?);
        Ok(own.iter().zip(before.iter().zip(&after)).map(|(own, (before, after))| 0.5 * own + 0.25 * (before + after)).collect())
    }

    /// One slice with its labels; voxels that do not `count` are ignored by the loss. Where a pixel covers several voxels, it has the
    /// label of the most of them, and of equally many the highest and the lowest by turns, like the fields of a chessboard: always
    /// the same would move a border that lies between two pixels, and with it sizes.
    ///
    /// # Errors
    /// If there is no such slice, or the labels lie on another grid.
    pub fn example(&self, slice: usize, labels: &Labels, counts: impl Fn([usize; 3]) -> bool) -> Result<Example, LearnError> {
        self.grid.require_same(labels.grid())?;
        let planes = self.planes(slice)?;
        let own = self.plane.size();
        let columns: Vec<Vec<(usize, u64)>> = (0..self.size[0]).map(|x| covered(x, own[0], self.size[0]).collect()).collect();
        let mut out = Vec::with_capacity(self.size[0] * self.size[1]);
        let mut votes: Vec<(u8, u64)> = Vec::new();
        for y in 0..self.size[1] {
            let rows: Vec<(usize, u64)> = covered(y, own[1], self.size[1]).collect();
            for (x, column) in columns.iter().enumerate() {
                votes.clear();
                for ((u, across), (v, down)) in column.iter().flat_map(|c| rows.iter().map(move |r| (c, r))) {
                    let voxel = self.plane.voxel(slice, [*u, *v]);
                    let label = if counts(voxel) { labels.get(voxel) } else { Example::IGNORE };
                    match votes.iter_mut().find(|(voted, _)| *voted == label) {
                        Some((_, vote)) => *vote += across * down,
                        None => votes.push((label, across * down)),
                    }
                }
                out.push(elected(&votes, (x + y) % 2 == 0));
            }
        }
        Example::new(planes, out, self.size)
    }

    /// Probabilities `[row][column][class]` of a slice, smoothed as the specification wants it.
    pub(in crate::learn) fn smoothed(&self, mut probabilities: Vec<f32>, classes: usize) -> Vec<f32> {
        if self.smoothing_px.iter().all(|sigma| *sigma < f64::EPSILON) {
            return probabilities;
        }
        for class in 0..classes {
            let mut plane: Vec<f32> = probabilities.iter().skip(class).step_by(classes).copied().collect();
            blur(&mut plane, self.size, self.smoothing_px);
            probabilities.iter_mut().skip(class).step_by(classes).zip(plane).for_each(|(p, smooth)| *p = smooth);
        }
        probabilities
    }

    /// Brings probabilities `[row][column][class]` of a slice back to the image's own pixels and writes the likeliest
    /// class of each voxel.
    pub(in crate::learn) fn write_labels(&self, slice: usize, probabilities: &[f32], classes: usize, labels: &mut Labels) {
        let own = self.plane.size();
        let values = resize(probabilities, self.size, own, classes);
        for (n, pixel) in values.chunks_exact(classes).enumerate() {
            labels.set(self.plane.voxel(slice, [n % own[0], n / own[0]]), likeliest(pixel).0);
        }
    }

    /// Brings probabilities back likewise, each class but the first into its own map.
    pub(in crate::learn) fn write_probabilities(&self, slice: usize, probabilities: &[f32], classes: usize, maps: &mut [Vec<f32>]) {
        let own = self.plane.size();
        let values = resize(probabilities, self.size, own, classes);
        for (n, pixel) in values.chunks_exact(classes).enumerate() {
            let at = self.grid().index(self.plane.voxel(slice, [n % own[0], n / own[0]]));
            for (map, value) in maps.iter_mut().zip(&pixel[1..]) {
                map[at] = *value;
            }
        }
    }

    pub(in crate::learn) fn require(&self, slice: usize) -> Result<(), LearnError> {
        let slices = self.slice_count();
        if slice < slices { Ok(()) } else { Err(LearnError::NoSuchSlice { slice, slices }) }
    }
}

/// The class of the largest value (the first of equal ones) and that value.
pub fn likeliest(values: &[f32]) -> (u8, f32) {
    values.iter().enumerate().fold((0, f32::NEG_INFINITY), |best, (c, &v)| if v > best.1 { (c as u8, v) } else { best })
}

/// The image's values as they lie on screen, `[slice][row][column]`.
pub(super) fn slices(image: &Image, plane: &SlicePlane) -> Result<Vec<f32>, NoMemory> {
    let own = plane.size();
    let pixels = own[0] * own[1];
    let mut volume = with_room(pixels * plane.slice_count())?;
    volume.resize(pixels * plane.slice_count(), 0.0);
    volume.par_chunks_mut(pixels).enumerate().for_each(|(slice, out)| {
        for (n, value) in out.iter_mut().enumerate() {
            *value = image.get(plane.voxel(slice, [n % own[0], n / own[0]]));
        }
    });
    Ok(volume)
}

#[cfg(test)]
mod tests;
