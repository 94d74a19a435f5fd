//! Bringing a label map onto another grid: exactly where voxel centres coincide, else only when asked for.

use super::{Grid, GridMismatch, Labels};
use std::sync::Arc;
use thiserror::Error;

/// How a map may be brought onto another grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placing {
    /// Only where voxel centres coincide: axes may be turned or reversed, and the map may cover a part.
    #[default]
    Exact,
    /// The label of the nearest voxel of the map.
    Nearest,
}

/// Why a map does not lie on a grid.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum PlacingError {
    /// The voxel centres do not coincide.
    #[error("{0}")]
    OtherGrid(GridMismatch),
    /// Labels lie beyond the grid.
    #[error("{0} labelled voxels of the mask lie outside the image")]
    Outside(u64),
}

/// Centres that are nearer than this share of a voxel coincide.
const SAME_CENTRE: f64 = 0.02;

/// The map on `grid`.
///
/// # Errors
/// See [`PlacingError`].
pub fn place(labels: &Labels, grid: &Arc<Grid>, how: Placing) -> Result<Labels, PlacingError> {
    match how {
        Placing::Exact => exact(labels, grid),
        Placing::Nearest => Ok(nearest(labels, grid)),
    }
}

fn exact(labels: &Labels, grid: &Arc<Grid>) -> Result<Labels, PlacingError> {
    let to_target = |voxel: [f64; 3]| grid.world_from_voxel().voxel(labels.grid().world_from_voxel().world(voxel));
    let shape = labels.grid().shape();
    let coincides = |voxel: [f64; 3]| to_target(voxel).iter().all(|x| (x - x.round()).abs() < SAME_CENTRE);
    // Affine maps that are whole at the corners and at the first steps are whole everywhere.
    let corners = (0..8).map(|c| std::array::from_fn(|a| if c >> a & 1 == 1 { (shape[a] - 1) as f64 } else { 0.0 }));
    let steps = (0..3).map(|axis| std::array::from_fn(|a| if a == axis { 1.0 } else { 0.0 }));
    let one_step = |axis: usize| {
        let (from, to) = (to_target([0.0; 3]), to_target(std::array::from_fn(|a| if a == axis { 1.0 } else { 0.0 })));
        let along: f64 = (0..3).map(|a| (to[a] - from[a]).abs()).sum();
        shape[axis] == 1 || (along - 1.0).abs() < SAME_CENTRE
    };
    if !corners.chain(steps).all(coincides) || !(0..3).all(one_step) {
        return Err(PlacingError::OtherGrid(GridMismatch { left: grid.describe(), right: labels.grid().describe() }));
    }
    let mut placed = Labels::empty(grid.clone());
    let mut outside = 0;
    labels.for_each_labelled(|voxel, label| {
        let at = to_target(voxel.map(|v| v as f64)).map(f64::round);
        if (0..3).all(|a| at[a] >= 0.0 && at[a] < grid.shape()[a] as f64) {
            placed.set(at.map(|x| x as usize), label);
        } else {
            outside += 1;
        }
    });
    if outside > 0 { Err(PlacingError::Outside(outside)) } else { Ok(placed) }
}

fn nearest(labels: &Labels, grid: &Arc<Grid>) -> Labels {
    let mut placed = Labels::empty(grid.clone());
    let (from, shape) = (labels.grid(), labels.grid().shape());
    for n in 0..grid.voxel_count() {
        let voxel = grid.voxel(n);
        let at = from.world_from_voxel().voxel(grid.world_from_voxel().world(voxel.map(|v| v as f64))).map(f64::round);
        if (0..3).all(|a| at[a] >= 0.0 && at[a] < shape[a] as f64) {
            let label = labels.get(at.map(|x| x as usize));
            if label > 0 {
                placed.set(voxel, label);
            }
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Affine;
    use proptest::prelude::*;

    fn grid(shape: [usize; 3], axes: [[f64; 3]; 3], origin: [f64; 3]) -> Arc<Grid> {
        Arc::new(Grid::new(shape, Affine::from_columns(axes, origin).unwrap()).unwrap())
    }

    fn image() -> Arc<Grid> {
        grid([12, 10, 6], [[-0.9, 0.0, 0.1], [0.0, 0.1, 0.9], [0.0, 3.5, 0.0]], [4.0, -7.0, 2.0])
    }

    proptest! {
        #[test]
        fn turned_reversed_and_cropped_maps_come_back(order in Just([0_usize, 1, 2]).prop_shuffle(), flip in any::<[bool; 3]>(), crop in 0_usize..3) {
            let image = image();
            let shape: [usize; 3] = std::array::from_fn(|a| image.shape()[order[a]] - crop);
            // Voxel v of the turned grid is voxel `of(v)` of the image.
            let of = |v: [usize; 3]| {
                let mut at = [0; 3];
                (0..3).for_each(|a| at[order[a]] = if flip[a] { image.shape()[order[a]] - 1 - v[a] } else { v[a] });
                at
            };
            let world = |v: [usize; 3]| image.world_from_voxel().world(of(v).map(|x| x as f64));
            let origin = world([0; 3]);
            let axes = std::array::from_fn(|a| {
                let next = world(std::array::from_fn(|b| usize::from(a == b)));
                std::array::from_fn(|c| next[c] - origin[c])
            });
            let mut turned = Labels::empty(grid(shape, axes, origin));
            turned.set([1, 2, 1], 3);
            turned.set([0, 0, 2], 1);
            let placed = place(&turned, &image, Placing::Exact).unwrap();
            prop_assert_eq!((placed.get(of([1, 2, 1])), placed.get(of([0, 0, 2]))), (3, 1));
            prop_assert_eq!(placed.counts().of(1) + placed.counts().of(3), 2);
        }
    }

    #[test]
    fn half_a_voxel_off_is_another_grid_and_nearest_when_asked() {
        let image = image();
        let mut off = Labels::empty(grid([12, 10, 6], [[-0.9, 0.0, 0.1], [0.0, 0.1, 0.9], [0.0, 3.5, 0.0]], [4.0, -5.6, 2.0]));
        off.set([3, 3, 3], 2);
        let error = place(&off, &image, Placing::Exact).unwrap_err();
        assert!(matches!(&error, PlacingError::OtherGrid(_)) && error.to_string().contains("12 × 10 × 6"), "{error}");
        assert_eq!(place(&off, &image, Placing::Nearest).unwrap().get([3, 3, 3]), 2);
        let mut coarse = Labels::empty(grid([6, 5, 6], [[-1.8, 0.0, 0.2], [0.0, 0.2, 1.8], [0.0, 3.5, 0.0]], [4.0, -7.0, 2.0]));
        coarse.set([2, 2, 2], 1);
        assert!(place(&coarse, &image, Placing::Exact).is_err(), "every second voxel is not the same grid");
    }

    #[test]
    fn labels_beyond_the_image_are_not_dropped_in_silence() {
        let image = image();
        let mut wide = Labels::empty(grid([20, 10, 6], [[-0.9, 0.0, 0.1], [0.0, 0.1, 0.9], [0.0, 3.5, 0.0]], [4.0, -7.0, 2.0]));
        wide.set([15, 1, 1], 1);
        assert_eq!(place(&wide, &image, Placing::Exact).unwrap_err(), PlacingError::Outside(1));
    }
}
