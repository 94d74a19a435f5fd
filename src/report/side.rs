//! Figures per side: an exam of both sides is halved at the middle of its image.

use crate::space::{Affine, AffineError};
use crate::study::Side;
use crate::volume::{Grid, Labels};
use std::ops::Range;
use std::sync::Arc;

/// The sides of an exam with the voxels of each along one axis; one entry for an exam that is of one side, or of which
/// the side is not told.
pub(super) fn sides(side: Side, grid: &Grid) -> Vec<(Side, usize, Range<usize>)> {
    let axis = left_right_axis(grid);
    let length = grid.shape()[axis];
    if side != Side::Both || length < 2 {
        return vec![(side, axis, 0..length)];
    }
    // RAS+: x grows towards the patient's right.
    let grows_right = grid.world_from_voxel().column(axis)[0] > 0.0;
    let (low, high) = if grows_right { (Side::Left, Side::Right) } else { (Side::Right, Side::Left) };
    let mut halves = vec![(low, axis, 0..length / 2), (high, axis, length / 2..length)];
    halves.sort_by_key(|(side, ..)| *side == Side::Left);
    halves
}

/// The voxel axis that runs most nearly from left to right.
fn left_right_axis(grid: &Grid) -> usize {
    let along = |axis: usize| {
        let column = grid.world_from_voxel().column(axis);
        column[0].abs() / column.iter().map(|v| v * v).sum::<f64>().sqrt()
    };
    (0..3).max_by(|a, b| along(*a).total_cmp(&along(*b)).then(b.cmp(a))).unwrap_or(0)
}

/// A part of a map along an axis; its voxels stay where they are in space.
///
/// # Errors
/// If the part's affine is no affine, which no part of a sound grid has.
pub(super) fn part_of(labels: &Labels, axis: usize, range: &Range<usize>) -> Result<Labels, AffineError> {
    let whole = labels.grid();
    let mut shape = whole.shape();
    if range.len() == shape[axis] {
        return Ok(labels.clone());
    }
    shape[axis] = range.len();
    let mut first = [0.0; 3];
    first[axis] = range.start as f64;
    let affine = whole.world_from_voxel();
    let origin = affine.world(first);
    let affine = Affine::from_columns([affine.column(0), affine.column(1), affine.column(2)], origin)?;
    let Ok(grid) = Grid::new(shape, affine) else { return Ok(labels.clone()) };
    let mut part = Labels::empty(Arc::new(grid));
    labels.for_each_labelled(|mut voxel, label| {
        if range.contains(&voxel[axis]) {
            voxel[axis] -= range.start;
            part.set(voxel, label);
        }
    });
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_halved_where_the_patient_is_in_the_middle() {
        // Axis 1 runs from right to left.
        let affine = Affine::from_columns([[0.0, 0.0, 2.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [10.0, 0.0, 0.0]).unwrap();
        let grid = Arc::new(Grid::new([2, 5, 3], affine).unwrap());
        let halves = sides(Side::Both, &grid);
        assert_eq!(halves, [(Side::Right, 1, 0..2), (Side::Left, 1, 2..5)]);
        assert_eq!(sides(Side::Left, &grid), [(Side::Left, 1, 0..5)]);
        let mut labels = Labels::empty(grid.clone());
        labels.set([1, 1, 2], 3);
        labels.set([0, 4, 0], 2);
        let left = part_of(&labels, 1, &halves[1].2).unwrap();
        assert_eq!((left.grid().shape(), left.get([0, 2, 0]), left.counts().labelled()), ([2, 3, 3], 2, 1));
        assert_eq!(left.grid().world_from_voxel().world([0.0, 2.0, 0.0]), grid.world_from_voxel().world([0.0, 4.0, 0.0]));
    }
}
