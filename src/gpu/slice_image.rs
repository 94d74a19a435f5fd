//! The grey values of one slice, laid out as the screen shows them.

use super::slice::{SliceError, Stamp, check_inside, check_size};
use crate::space::SlicePlane;
use crate::volume::Image;

/// Grey values of one slice: row by row, top left pixel first, always finite. Never changes.
#[derive(Clone, Debug)]
pub struct SliceImage {
    size: [usize; 2],
    values: Vec<f32>,
    stamp: Stamp,
}

impl SliceImage {
    /// Cuts slice number `slice` (from 0) of `plane` out of a volume. NaN becomes the smallest value of the volume.
    ///
    /// # Errors
    /// If plane and slice do not lie inside the volume.
    pub fn extract(image: &Image, plane: &SlicePlane, slice: usize) -> Result<Self, SliceError> {
        let grid = image.grid();
        check_inside(plane, slice, grid.shape())?;
        let [width, height] = plane.size();
        let at = |u: usize, v: usize| grid.index(plane.voxel(slice, [u, v])) as isize;
        let first = at(0, 0);
        let step = if width > 1 { at(1, 0) - first } else { 0 };
        let (values, (lowest, highest)) = (image.values(), image.range());
        let mut cut = Vec::with_capacity(width * height);
        for v in 0..height {
            let row = at(0, v);
            cut.extend((0..width as isize).map(|u| finite(values[(row + u * step) as usize], lowest, highest)));
        }
        Ok(Self { size: [width, height], values: cut, stamp: Stamp::fresh() })
    }

    /// From values row by row, for pictures and tests.
    ///
    /// # Errors
    /// If they do not fill `size` (width, height).
    pub fn from_values(size: [usize; 2], mut values: Vec<f32>) -> Result<Self, SliceError> {
        check_size(size, values.len())?;
        for value in &mut values {
            *value = finite(*value, 0.0, f32::MAX);
        }
        Ok(Self { size, values, stamp: Stamp::fresh() })
    }

    /// Width and height in pixels; neither is zero.
    #[must_use]
    pub const fn size(&self) -> [usize; 2] {
        self.size
    }

    /// All values, row by row.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Names the content.
    #[must_use]
    pub const fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// The values of row `v`.
    #[must_use]
    pub fn row(&self, v: usize) -> &[f32] {
        &self.values[v * self.size[0]..(v + 1) * self.size[0]]
    }
}

/// Interpolation must not spread a single NaN or infinity over its neighbours.
fn finite(value: f32, lowest: f32, highest: f32) -> f32 {
    if value.is_finite() {
        value
    } else if value == f32::INFINITY {
        highest
    } else {
        lowest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Affine;
    use crate::volume::Grid;
    use std::sync::Arc;

    #[test]
    fn every_pixel_is_the_voxel_that_the_plane_names() {
        for signs in 0..8 {
            let s = |b: usize| if signs >> b & 1 == 1 { -1.0 } else { 1.0 };
            let affine = Affine::from_columns([[0., s(0), 0.], [0., 0., s(1)], [s(2), 0., 0.]], [0.; 3]).unwrap();
            let grid = Arc::new(Grid::new([3, 4, 5], affine.clone()).unwrap());
            let image = Image::new(grid, (0..60).map(|v| v as f32).collect::<Vec<_>>()).unwrap();
            for axis in 0..3 {
                let plane = SlicePlane::new(&affine, [3, 4, 5], axis);
                let cut = SliceImage::extract(&image, &plane, 2).unwrap();
                let [width, height] = cut.size();
                for (v, u) in (0..height).flat_map(|v| (0..width).map(move |u| (v, u))) {
                    assert_eq!(cut.row(v)[u], image.get(plane.voxel(2, [u, v])));
                }
            }
        }
    }

    #[test]
    fn not_a_number_becomes_the_smallest_value() {
        let grid = Arc::new(Grid::new([2, 2, 1], Affine::from_spacing(crate::space::Spacing::UNIT)).unwrap());
        let image = Image::new(grid, vec![f32::NAN, -3.0, f32::INFINITY, 7.0]).unwrap();
        let cut = SliceImage::extract(&image, &SlicePlane::as_stored([2, 2, 1]), 0).unwrap();
        assert_eq!(cut.values(), [-3.0, -3.0, 7.0, 7.0]);
        assert!(SliceImage::from_values([2, 2], vec![0.0; 5]).is_err());
        assert!(SliceImage::from_values([0, 2], vec![]).is_err());
    }
}
