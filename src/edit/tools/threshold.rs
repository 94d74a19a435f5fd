//! Voxels by grey value within a lasso.

use super::polygon::pixels_inside;
use crate::space::SlicePlane;
use crate::volume::Image;

/// The voxels of a slice inside a closed lasso whose grey values lie between `lower` and `upper`, both included.
/// NaN never does. Empty where the slice does not exist or `plane` is not of the image's grid.
#[must_use]
pub fn threshold(plane: &SlicePlane, image: &Image, slice: usize, lasso: &[[f32; 2]], [lower, upper]: [f32; 2]) -> Vec<[usize; 3]> {
    if slice >= plane.slice_count() {
        return Vec::new();
    }
    let bounds = image.grid().bounds();
    let voxels = pixels_inside(lasso, plane.size()).into_iter().map(|uv| plane.voxel(slice, uv));
    voxels.filter(|&v| bounds.contains(v) && (lower..=upper).contains(&image.get(v))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use std::sync::Arc;

    #[test]
    fn only_inside_the_lasso_and_the_band() {
        let grid = Arc::new(Grid::new([4, 4, 2], Affine::from_spacing(Spacing::UNIT)).unwrap());
        let mut values: Vec<f32> = (0..32).map(|n| n as f32).collect();
        values[21] = f32::NAN;
        let image = Image::new(grid, values).unwrap();
        let plane = SlicePlane::as_stored([4, 4, 2]);
        let lasso = [[-0.5, -0.5], [1.5, -0.5], [1.5, 1.5], [-0.5, 1.5]];
        // Voxels 16, 17, 20, 21 of the second slice.
        assert_eq!(threshold(&plane, &image, 1, &lasso, [17.0, 21.0]), [[1, 0, 1], [0, 1, 1]]);
        assert!(threshold(&plane, &image, 2, &lasso, [0.0, 99.0]).is_empty());
        assert!(threshold(&plane, &image, 1, &lasso, [f32::NAN, 99.0]).is_empty());
    }
}
