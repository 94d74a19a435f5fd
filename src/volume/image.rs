//! A grey-value volume that never changes after reading.

use super::{GreySummary, Grid};
use rayon::prelude::*;
use std::sync::{Arc, OnceLock};
use thiserror::Error;

/// Grey values in the file's own scaling (stored value × slope + intercept) on a grid; cloning shares the voxels.
#[derive(Clone, Debug)]
pub struct Image {
    grid: Arc<Grid>,
    values: Arc<Vec<f32>>,
    range: (f32, f32),
    inverted_on_display: bool,
    greys: Arc<OnceLock<GreySummary>>,
}

/// Why voxels and grid do not fit.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{values} grey values do not fill a grid of {voxels} voxels")]
pub struct ImageError {
    /// Values handed over.
    pub values: usize,
    /// Voxels of the grid.
    pub voxels: usize,
}

impl Image {
    /// Takes values with i varying fastest. NaN and infinite values stay as they are and do not count for the range.
    ///
    /// # Errors
    /// If their number is not the grid's.
    pub fn new(grid: Arc<Grid>, values: impl Into<Arc<Vec<f32>>>) -> Result<Self, ImageError> {
        let values = values.into();
        if values.len() != grid.voxel_count() {
            return Err(ImageError { values: values.len(), voxels: grid.voxel_count() });
        }
        let none = (f32::INFINITY, f32::NEG_INFINITY);
        let wider = |a: (f32, f32), b: (f32, f32)| (a.0.min(b.0), a.1.max(b.1));
        let mut range = values.par_chunks(1 << 16).map(finite_range).reduce(|| none, wider);
        if range.0 > range.1 {
            range = (0.0, 0.0);
        }
        Ok(Self { grid, values, range, inverted_on_display: false, greys: Arc::default() })
    }

    /// The same values, voxel on voxel, on the grid of another image of the same shape; of another shape it stays where it is.
    #[must_use]
    pub fn on_grid_of(mut self, other: &Self) -> Self {
        if self.grid.shape() == other.grid.shape() {
            self.grid = Arc::clone(&other.grid);
        }
        self
    }

    /// MONOCHROME1: high values are dark on display; the values stay as stored.
    #[must_use]
    pub fn with_inverted_display(mut self, inverted: bool) -> Self {
        self.inverted_on_display = inverted;
        self
    }

    /// Whether high values are dark on display.
    #[must_use]
    pub const fn inverted_on_display(&self) -> bool {
        self.inverted_on_display
    }

    /// Where the voxels lie.
    #[must_use]
    pub const fn grid(&self) -> &Arc<Grid> {
        &self.grid
    }

    /// All values, i fastest.
    #[must_use]
    pub const fn values(&self) -> &Arc<Vec<f32>> {
        &self.values
    }

    /// Value of a voxel inside the grid.
    #[must_use]
    pub fn get(&self, voxel: [usize; 3]) -> f32 {
        self.values[self.grid.index(voxel)]
    }

    /// Percentiles, air and body; worked out at the first call (some ten milliseconds) and shared by all clones.
    #[must_use]
    pub fn greys(&self) -> &GreySummary {
        self.greys.get_or_init(|| GreySummary::of(&self.values))
    }

    /// Smallest and largest finite value (0, 0 where there is none).
    #[must_use]
    pub const fn range(&self) -> (f32, f32) {
        self.range
    }
}
/// Smallest and largest finite value; eight lanes side by side, which the compiler turns into vector code.
fn finite_range(part: &[f32]) -> (f32, f32) {
    const LANES: usize = 8;
    let (mut low, mut high) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
    let (blocks, rest) = part.as_chunks::<LANES>();
    let mut take = |lane: usize, value: f32| {
        let finite = value.abs() < f32::INFINITY;
        low[lane] = if finite && value < low[lane] { value } else { low[lane] };
        high[lane] = if finite && value > high[lane] { value } else { high[lane] };
    };
    for block in blocks {
        for (lane, value) in block.iter().enumerate() {
            take(lane, *value);
        }
    }
    rest.iter().for_each(|value| take(0, *value));
    (low.into_iter().fold(f32::INFINITY, f32::min), high.into_iter().fold(f32::NEG_INFINITY, f32::max))
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};

    #[test]
    fn the_range_is_that_of_finite_values_wherever_they_stand() {
        for length in [1, 7, 8, 9, 31] {
            for at in 0..length {
                let grid = Arc::new(Grid::new([length, 1, 1], Affine::from_spacing(Spacing::UNIT)).unwrap());
                let mut values = vec![f32::NAN; length];
                values[at] = -3.5;
                values[(at + 1) % length] = if length > 1 { f32::NEG_INFINITY } else { -3.5 };
                values[(at + 2) % length] = if length > 2 { 4.0 } else { -3.5 };
                let expected = if length > 2 { (-3.5, 4.0) } else { (-3.5, -3.5) };
                assert_eq!(Image::new(grid, values).unwrap().range(), expected, "{length} {at}");
            }
        }
    }
}
