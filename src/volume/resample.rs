//! An image on another grid, by linear interpolation in world space: to be looked at, or to be taken in by a model, beside another
//! sequence; never to be measured or stored.

use super::{Grid, Image};
use rayon::prelude::*;
use std::sync::Arc;

/// The image on `grid`: each voxel centre takes the trilinear mean of the eight voxels around its place in mm; what lies
/// outside the image (beyond half a voxel from its outermost centres) takes the image's smallest value.
#[must_use]
pub fn resample(image: &Image, grid: &Arc<Grid>) -> Image {
    let source = image.grid();
    let [ni, nj, nk] = grid.shape();
    let (to_world, from_world) = (grid.world_from_voxel(), source.world_from_voxel());
    let mut values = vec![0.0_f32; ni * nj * nk];
    values.par_chunks_mut(ni).enumerate().for_each(|(line, out)| {
        let (j, k) = (line % nj.max(1), line / nj.max(1));
        for (i, value) in out.iter_mut().enumerate() {
            let place = from_world.voxel(to_world.world([i as f64, j as f64, k as f64]));
            *value = linear(image, place).unwrap_or(image.range().0);
        }
    });
    match Image::new(Arc::clone(grid), values) {
        Ok(moved) => moved.with_inverted_display(image.inverted_on_display()),
        // The number of values is the grid's own.
        Err(_) => image.clone(),
    }
}

/// The value at a place in voxels; `None` outside. Along an axis with one voxel the value is constant.
fn linear(image: &Image, place: [f64; 3]) -> Option<f32> {
    let shape = image.grid().shape();
    let mut low = [0_usize; 3];
    let mut share = [0.0_f64; 3];
    for axis in 0..3 {
        let last = shape[axis] - 1;
        if !(-0.5..=last as f64 + 0.5).contains(&place[axis]) {
            return None;
        }
        let at = place[axis].clamp(0.0, last as f64);
        low[axis] = (at as usize).min(last.saturating_sub(1));
        share[axis] = at - low[axis] as f64;
    }
    let mut sum = 0.0;
    for corner in 0..8_usize {
        let mut weight = 1.0;
        let voxel = std::array::from_fn(|axis| {
            let high = corner >> axis & 1 == 1;
            weight *= if high { share[axis] } else { 1.0 - share[axis] };
            (low[axis] + usize::from(high)).min(shape[axis] - 1)
        });
        if weight > 0.0 {
            sum += weight * f64::from(image.get(voxel));
        }
    }
    Some(sum as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Affine;
    use proptest::prelude::*;

    fn ramp(shape: [usize; 3], affine: Affine) -> Image {
        let grid = Arc::new(Grid::new(shape, affine).unwrap());
        let mut values = Vec::new();
        for k in 0..shape[2] {
            for j in 0..shape[1] {
                for i in 0..shape[0] {
                    let [x, y, z] = grid.world_from_voxel().world([i as f64, j as f64, k as f64]);
                    values.push((2.0 * x - y + 0.5 * z + 10.0) as f32);
                }
            }
        }
        Image::new(grid, values).unwrap()
    }

    proptest! {
        /// A linear function of world space stays what it is on any grid.
        #[test]
        fn a_ramp_in_mm_is_the_same_ramp_on_another_grid(
            spacing in prop::array::uniform3(0.4_f64..3.0),
            shift in prop::array::uniform3(-3.0_f64..3.0),
            turn in -0.4_f64..0.4,
        ) {
            let source = ramp([12, 13, 9], Affine::from_columns([[1.1, 0.0, 0.0], [0.0, 0.9, 0.0], [0.0, 0.0, 2.5]], [0.0; 3]).unwrap());
            let (c, s) = (turn.cos(), turn.sin());
            let axes = [[c * spacing[0], s * spacing[0], 0.0], [-s * spacing[1], c * spacing[1], 0.0], [0.0, 0.0, spacing[2]]];
            let grid = Arc::new(Grid::new([6, 5, 4], Affine::from_columns(axes, shift).unwrap()).unwrap());
            let moved = resample(&source, &grid);
            for k in 0..4 { for j in 0..5 { for i in 0..6 {
                let world = grid.world_from_voxel().world([i as f64, j as f64, k as f64]);
                let at = source.grid().world_from_voxel().voxel(world);
                let shape = source.grid().shape();
                let inside = (0..3).all(|a| at[a] >= 0.0 && at[a] <= shape[a] as f64 - 1.0);
                let outside = (0..3).any(|a| at[a] < -0.501 || at[a] > shape[a] as f64 - 0.499);
                let value = moved.get([i, j, k]);
                if inside {
                    let expected = 2.0 * world[0] - world[1] + 0.5 * world[2] + 10.0;
                    prop_assert!((f64::from(value) - expected).abs() < 1e-3, "{value} {expected}");
                } else if outside {
                    prop_assert_eq!(value, source.range().0);
                }
            }}}
        }
    }

    #[test]
    fn one_slice_covers_half_its_thickness_to_each_side() {
        let thick = |z: f64| Affine::from_columns([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 4.0]], [0.0, 0.0, z]).unwrap();
        let source = Image::new(Arc::new(Grid::new([1, 1, 1], thick(0.0)).unwrap()), vec![7.0]).unwrap();
        let at = |z: f64| resample(&source, &Arc::new(Grid::new([1, 1, 1], thick(z)).unwrap())).get([0, 0, 0]);
        assert_eq!((at(0.0), at(1.9), at(-1.9)), (7.0, 7.0, 7.0));
    }
}
