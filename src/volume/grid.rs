//! A regular lattice of voxel centres in space.

use crate::space::{Affine, Spacing, VoxelBox};
use thiserror::Error;

/// Shape (i, j, k) and `world_from_voxel` of a volume. Voxel (0, 0, 0) comes first in memory and i varies fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    shape: [usize; 3],
    world_from_voxel: Affine,
}

/// Why a shape is not a grid's.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum GridError {
    /// An axis has no voxels.
    #[error("a grid needs at least one voxel along each axis, not {0:?}")]
    Empty([usize; 3]),
    /// More voxels than the program handles (2³² − 1).
    #[error("a grid of {0:?} voxels is larger than the program handles")]
    TooLarge([usize; 3]),
}

/// Two maps that lie on different grids.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("the grids differ: {left} against {right}")]
pub struct GridMismatch {
    /// First grid in words.
    pub left: String,
    /// Second grid in words.
    pub right: String,
}

impl Grid {
    /// # Errors
    /// If an axis is empty or there are 2³² voxels or more.
    pub fn new(shape: [usize; 3], world_from_voxel: Affine) -> Result<Self, GridError> {
        if shape.contains(&0) {
            return Err(GridError::Empty(shape));
        }
        let count = shape.iter().try_fold(1_usize, |n, &s| n.checked_mul(s));
        match count {
            Some(n) if u32::try_from(n).is_ok() => Ok(Self { shape, world_from_voxel }),
            _ => Err(GridError::TooLarge(shape)),
        }
    }

    /// Voxels along i, j, k.
    #[must_use]
    pub const fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Maps voxel centres to RAS+ mm.
    #[must_use]
    pub const fn world_from_voxel(&self) -> &Affine {
        &self.world_from_voxel
    }

    /// Voxel edges in mm.
    #[must_use]
    pub fn spacing(&self) -> Spacing {
        self.world_from_voxel.spacing()
    }

    /// Number of voxels.
    #[must_use]
    pub const fn voxel_count(&self) -> usize {
        self.shape[0] * self.shape[1] * self.shape[2]
    }

    /// Every voxel.
    #[must_use]
    pub const fn bounds(&self) -> VoxelBox {
        VoxelBox::whole(self.shape)
    }

    /// Position in memory of a voxel inside the grid.
    #[must_use]
    pub const fn index(&self, voxel: [usize; 3]) -> usize {
        voxel[0] + self.shape[0] * (voxel[1] + self.shape[1] * voxel[2])
    }

    /// The voxel at a position in memory.
    #[must_use]
    pub const fn voxel(&self, index: usize) -> [usize; 3] {
        let plane = self.shape[0] * self.shape[1];
        [index % self.shape[0], index % plane / self.shape[0], index / plane]
    }

    /// The voxel whose centre is nearest to a world position, if that is inside the grid.
    #[must_use]
    pub fn nearest_voxel(&self, world_mm: [f64; 3]) -> Option<[usize; 3]> {
        let at = self.world_from_voxel.voxel(world_mm).map(f64::round);
        let inside = (0..3).all(|a| at[a] >= 0.0 && at[a] < self.shape[a] as f64);
        inside.then(|| at.map(|v| v as usize))
    }

    /// Whether both have the same shape and every corner within 1e-3 mm.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.shape == other.shape && self.world_from_voxel.corner_distance_mm(&other.world_from_voxel, self.shape) <= 1e-3
    }

    /// # Errors
    /// If the grids are not the same; both are named.
    pub fn require_same(&self, other: &Self) -> Result<(), GridMismatch> {
        if self.same_as(other) { Ok(()) } else { Err(GridMismatch { left: self.describe(), right: other.describe() }) }
    }

    /// Shape, spacing and first voxel in words.
    #[must_use]
    pub fn describe(&self) -> String {
        let [i, j, k] = self.shape;
        let [a, b, c] = self.spacing().mm();
        let [x, y, z] = self.world_from_voxel.world([0.0; 3]);
        format!("{i} × {j} × {k} voxels of {a:.3} × {b:.3} × {c:.3} mm from ({x:.2}, {y:.2}, {z:.2}) mm")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_and_voxel_are_inverse() {
        let grid = Grid::new([3, 4, 5], Affine::from_spacing(Spacing::UNIT)).unwrap();
        for index in 0..grid.voxel_count() {
            assert_eq!(grid.index(grid.voxel(index)), index);
        }
        assert_eq!(grid.voxel(1), [1, 0, 0]);
    }

    #[test]
    fn a_shifted_grid_is_another_grid() {
        let unit = [[1., 0., 0.], [0., 1., 0.], [0., 0., 1.]];
        let at = |x: f64| Grid::new([3, 4, 5], Affine::from_columns(unit, [x, 0., 0.]).unwrap()).unwrap();
        assert!(at(0.0).same_as(&at(0.000_5)));
        let error = at(0.0).require_same(&at(0.5)).unwrap_err().to_string();
        assert!(error.contains("(0.50, 0.00, 0.00)"), "{error}");
    }

    #[test]
    fn huge_and_empty_shapes_are_refused() {
        let affine = Affine::from_spacing(Spacing::UNIT);
        assert!(matches!(Grid::new([1 << 31, 4, 4], affine.clone()), Err(GridError::TooLarge(_))));
        assert!(matches!(Grid::new([0, 4, 4], affine), Err(GridError::Empty(_))));
    }
}
