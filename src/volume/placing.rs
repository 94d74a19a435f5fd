//! Bringing a label map onto another grid: exactly where voxel centres coincide, else only when asked for.

use super::{Grid, GridMismatch, Labels};
use crate::space::{Affine, VoxelBox};
use std::collections::BTreeMap;
use std::ops::Range;
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

/// A map whose slices along k lie each where `starts` says (its first voxel, RAS+ mm), on `grid`: every slice by itself, as thick as
/// those of the grid, since what lies between two of them is not known. The map's own place along k says nothing.
///
/// # Errors
/// See [`PlacingError`].
pub fn place_slices(labels: &Labels, starts: &[[f64; 3]], grid: &Arc<Grid>, how: Placing) -> Result<Labels, PlacingError> {
    let mut placed = Labels::empty(grid.clone());
    let [columns, rows, slices] = labels.grid().shape();
    let Some(slabs) = Slabs::new(labels.grid(), grid) else { return Ok(placed) };
    let starts = &starts[..starts.len().min(slices)];
    for k in slabs.of_use(starts, how) {
        let within = VoxelBox { lo: [0, 0, k], hi: [columns, rows, k + 1] };
        let affine = Affine::from_columns(slabs.axes, slabs.start(starts[k])).ok();
        // Only a place that is no number has no slice.
        let Some(one) = affine.and_then(|affine| Grid::new([columns, rows, 1], affine).ok()) else {
            return Err(PlacingError::Outside(labels.counts_in(within).labelled() as u64));
        };
        let mut slice = Labels::empty(Arc::new(one));
        labels.for_each_labelled_in(within, |[i, j, _], label| slice.set([i, j, 0], label));
        place(&slice, grid, how)?.for_each_labelled(|voxel, label| placed.set(voxel, label));
    }
    Ok(placed)
}

/// Single slices that are as thick as those of a grid.
struct Slabs {
    /// Of a slice: along a row, along a column, through it. This is an axis of the grid, so that slabs of an oblique stack fit.
    axes: [[f64; 3]; 3],
    /// The place along the normal of the grid's first voxel, and a slice's thickness, both in mm.
    first_mm: f64,
    thickness_mm: f64,
    normal: [f64; 3],
    /// Whether the slices of the grid are parallel to these.
    is_parallel: bool,
}

impl Slabs {
    fn new(from: &Grid, grid: &Grid) -> Option<Self> {
        let [u, v] = [0, 1].map(|a| from.world_from_voxel().column(a));
        let normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
        let length = dot(normal, normal).sqrt();
        let normal = normal.map(|x| x / length);
        let axes = [0, 1, 2].map(|a| grid.world_from_voxel().column(a));
        let along = axes.map(|axis| dot(axis, normal));
        let through = (0..3).max_by(|a, b| along[*a].abs().total_cmp(&along[*b].abs()))?;
        let is_parallel = (0..3).all(|a| a == through || along[a].abs() < 1e-3 * dot(axes[a], axes[a]).sqrt());
        Some(Self {
            axes: [u, v, axes[through]],
            first_mm: dot(grid.world_from_voxel().world([0.0; 3]), normal),
            thickness_mm: along[through],
            normal,
            is_parallel,
        })
    }

    /// A slice midway between two of the grid's belongs to one of them, not to none.
    fn start(&self, place: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|a| place[a] + 1e-6 * self.axes[2][a])
    }

    /// The slices to be placed: of those that fall on one slice of the grid the nearest, unless centres must coincide anyway.
    fn of_use(&self, starts: &[[f64; 3]], how: Placing) -> Vec<usize> {
        if how == Placing::Exact || !self.is_parallel {
            return (0..starts.len()).collect();
        }
        let mut nearest: BTreeMap<i64, (f64, usize)> = BTreeMap::new();
        for (k, start) in starts.iter().enumerate() {
            let at = (dot(self.start(*start), self.normal) - self.first_mm) / self.thickness_mm;
            let off = (at - at.round()).abs();
            let best = nearest.entry(at.round() as i64).or_insert((off, k));
            if off < best.0 {
                *best = (off, k);
            }
        }
        nearest.into_values().map(|(_, k)| k).collect()
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
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
    let [i, j, k] = reached(from, grid);
    for k in k {
        for j in j.clone() {
            for i in i.clone() {
                let world = grid.world_from_voxel().world([i, j, k].map(|v| v as f64));
                let at = from.world_from_voxel().voxel(world).map(f64::round);
                let is_inside = (0..3).all(|a| at[a] >= 0.0 && at[a] < shape[a] as f64);
                let label = if is_inside { labels.get(at.map(|x| x as usize)) } else { 0 };
                if label > 0 {
                    placed.set([i, j, k], label);
                }
            }
        }
    }
    placed
}

/// The voxels of `grid` that may lie in the box of another: a single slice need not be looked for everywhere.
fn reached(other: &Grid, grid: &Grid) -> [Range<usize>; 3] {
    let corner = |c: usize| {
        let edge = |a: usize| if c >> a & 1 == 1 { other.shape()[a] as f64 - 0.5 } else { -0.5 };
        grid.world_from_voxel().voxel(other.world_from_voxel().world(std::array::from_fn(edge)))
    };
    let corners: [[f64; 3]; 8] = std::array::from_fn(corner);
    std::array::from_fn(|a| {
        let ends = corners.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), c| (c[a].min(lo), c[a].max(hi)));
        let size = grid.shape()[a];
        // A number beyond what a whole one holds becomes the largest there is.
        let (lo, hi) = (ends.0.floor().max(0.0) as usize, (ends.1.ceil() + 1.0).max(0.0) as usize);
        lo.min(size)..hi.min(size)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
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

    #[test]
    fn slices_with_places_of_their_own_fill_one_slice_each() {
        let image = image();
        let world = |k: f64| image.world_from_voxel().world([0.0, 0.0, k]);
        // Counted 0, 1, 2 in a grid that says nothing of where they lie: slices 1, 4 and, a little off, 4 again.
        let counted = grid([12, 10, 3], [[-0.9, 0.0, 0.1], [0.0, 0.1, 0.9], [0.0, 1.0, 0.0]], world(1.0));
        let mut labels = Labels::empty(counted);
        (0..3).for_each(|k| labels.set([3, 5, k], 1 + k as u8));
        let starts = [world(1.0), world(4.0), world(4.4)];
        let placed = place_slices(&labels, &starts[..2], &image, Placing::Exact).unwrap();
        assert_eq!((placed.counts().labelled(), placed.get([3, 5, 1]), placed.get([3, 5, 4])), (2, 1, 2));
        assert!(matches!(place_slices(&labels, &starts, &image, Placing::Exact), Err(PlacingError::OtherGrid(_))));
        let placed = place_slices(&labels, &starts, &image, Placing::Nearest).unwrap();
        assert_eq!((placed.counts().labelled(), placed.get([3, 5, 1]), placed.get([3, 5, 4])), (2, 1, 2));
        // Midway between two slices it goes to one of them.
        let placed = place_slices(&labels, &[world(2.5)], &image, Placing::Nearest).unwrap();
        assert_eq!(placed.counts().labelled(), 1);
    }
}
