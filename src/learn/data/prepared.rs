//! The slices of an exam as a net takes them in.

use super::filters::blur;
use super::plane::{position, resize};
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

    /// One slice with its labels; pixels whose voxel does not `count` are ignored by the loss.
    ///
    /// # Errors
    /// If there is no such slice, or the labels lie on another grid.
    pub fn example(&self, slice: usize, labels: &Labels, counts: impl Fn([usize; 3]) -> bool) -> Result<Example, LearnError> {
        self.grid.require_same(labels.grid())?;
        let planes = self.planes(slice)?;
        let own = self.plane.size();
        let nearest = |at: usize, axis: usize| (position(at, own[axis], self.size[axis]).round().max(0.0) as usize).min(own[axis] - 1);
        let mut out = Vec::with_capacity(self.size[0] * self.size[1]);
        for y in 0..self.size[1] {
            for x in 0..self.size[0] {
                let voxel = self.plane.voxel(slice, [nearest(x, 0), nearest(y, 1)]);
                out.push(if counts(voxel) { labels.get(voxel) } else { Example::IGNORE });
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
mod tests {
    use super::*;
    use crate::learn::ModelSpec;
    use crate::space::Affine;

    fn image() -> Image {
        let affine = Affine::from_columns([[-1.0, 0., 0.], [0., 0., 0.5], [0., 3.0, 0.]], [0.; 3]).unwrap();
        let grid = Arc::new(Grid::new([14, 30, 4], affine).unwrap());
        let values: Vec<f32> = (0..grid.voxel_count()).map(|n| (n % 97) as f32).collect();
        Image::new(grid, values).unwrap()
    }

    fn spec(mm: Option<[f64; 2]>, neighbours: usize) -> CheckedSpec {
        ModelSpec { spacing_mm: mm, neighbours, ..ModelSpec::new("water", "marrow", 3, "R1") }.check().unwrap()
    }

    #[test]
    fn probabilities_are_smoothed_in_millimetres_and_still_add_up_to_one() {
        let grid =
            Grid::new([9, 7, 2], Affine::from_columns([[0.5, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 3.0]], [0.0; 3]).unwrap()).unwrap();
        let image = Image::new(Arc::new(grid), vec![1.0; 126]).unwrap();
        let of = |smoothing_mm: f64| {
            let spec = ModelSpec { smoothing_mm, ..ModelSpec::new("water", "marrow", 1, "R1") }.check().unwrap();
            let prepared = PreparedSlices::new(&spec, &Recipe::default(), &[&image], 2).unwrap();
            let (width, height) = (prepared.size()[0], prepared.size()[1]);
            let mut values = [1.0, 0.0].repeat(width * height);
            let middle = (height / 2 * width + width / 2) * 2;
            values[middle..middle + 2].copy_from_slice(&[0.0, 1.0]);
            (prepared.smoothed(values, 2), width, middle)
        };
        let (plain, width, middle) = of(0.0);
        assert_eq!((plain[middle + 1], plain[middle + 3]), (1.0, 0.0));
        let (smooth, ..) = of(0.7);
        assert!(smooth.chunks_exact(2).all(|p| (p[0] + p[1] - 1.0).abs() < 1e-5));
        // A pixel further along the finer axis is half as far away: exp(-0.5 (0.5 / 0.7)²) of the middle, against exp(-0.5 (1 / 0.7)²).
        let near = |value: f32, mm: f64| (f64::from(value / smooth[middle + 1]) - (-0.5 * (mm / 0.7_f64).powi(2)).exp()).abs() < 1e-3;
        let (beside, below) = (smooth[middle + 3], smooth[middle + 1 + width * 2]);
        assert!((near(beside, 0.5) && near(below, 1.0)) || (near(beside, 1.0) && near(below, 0.5)), "{beside} {below}");
    }

    #[test]
    fn labels_come_back_where_they_were() {
        let image = image();
        let mut labels = Labels::empty(image.grid().clone());
        for (i, j) in (3..9).flat_map(|i| (10..22).map(move |j| (i, j))) {
            labels.set([i, j, 2], 1 + (j / 16) as u8);
        }
        for (mm, same) in [(None, true), (Some([1.02, 0.51]), true), (Some([0.5, 0.5]), false)] {
            let prepared = PreparedSlices::new(&spec(mm, 1), &Recipe::default(), &[&image], 2).unwrap();
            assert_eq!(prepared.size() == [14, 30], same);
            let example = prepared.example(2, &labels, |v| v[0] != 0).unwrap();
            assert_eq!(example.channels(), 3);
            // Sure probabilities of the example's own labels.
            let p: Vec<f32> = example.labels().iter().flat_map(|&l| (0..4).map(move |c| f32::from(u8::from(c == l)))).collect();
            let mut back = Labels::empty(image.grid().clone());
            prepared.write_labels(2, &p, 4, &mut back);
            let wrong = (0..14).flat_map(|i| (0..30).map(move |j| [i, j, 2])).filter(|v| back.get(*v) != labels.get(*v)).count();
            assert_eq!(wrong, 0, "{mm:?}");
            // The maps lie where the labels do.
            let mut maps = vec![vec![0.0; image.grid().voxel_count()]; 3];
            prepared.write_probabilities(2, &p, 4, &mut maps);
            let misplaced = (0..image.grid().voxel_count()).filter(|&n| {
                let label = usize::from(back.get(image.grid().voxel(n)));
                label > 0 && maps[label - 1][n] < 0.5
            });
            assert_eq!(misplaced.count(), 0, "{mm:?}");
            assert!(maps.iter().flatten().any(|p| *p > 0.5));
        }
    }

    #[test]
    fn neighbours_beyond_the_end_are_the_last_slice() {
        let prepared = PreparedSlices::new(&spec(None, 1), &Recipe::default(), &[&image()], 2).unwrap();
        let planes = prepared.planes(0).unwrap();
        let thick = prepared.thick_planes(1).unwrap();
        let (one, two) = (prepared.planes(1).unwrap(), prepared.planes(2).unwrap());
        assert!((thick[5] - (0.5 * one[5] + 0.25 * (planes[5] + two[5]))).abs() < 1e-6);
        let pixels = 14 * 30;
        assert_eq!(planes[..pixels], planes[pixels..2 * pixels]);
        assert_ne!(planes[pixels..2 * pixels], planes[2 * pixels..]);
        assert!(matches!(prepared.planes(4), Err(LearnError::NoSuchSlice { slice: 4, slices: 4 })));
        assert!(matches!(PreparedSlices::new(&spec(None, 0), &Recipe::default(), &[], 2), Err(LearnError::Sequences { .. })));
    }
}
