//! A box of voxels as a plain array, for tools that look at whole shapes.

use crate::space::VoxelBox;
use crate::volume::Grid;

/// A box of a grid; cells come with the first voxel axis fastest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    bounds: VoxelBox,
    shape: [usize; 3],
    mm: [f64; 3],
}

impl Block {
    /// The part of `bounds` that lies in the grid.
    #[must_use]
    pub fn new(grid: &Grid, bounds: VoxelBox) -> Self {
        let bounds = bounds.intersect(&grid.bounds());
        let bounds = if bounds.is_empty() { VoxelBox { lo: [0; 3], hi: [0; 3] } } else { bounds };
        Self { bounds, shape: std::array::from_fn(|a| bounds.hi[a] - bounds.lo[a]), mm: grid.spacing().mm() }
    }

    /// The box.
    #[must_use]
    pub const fn bounds(&self) -> VoxelBox {
        self.bounds
    }

    /// Cells along each voxel axis.
    #[must_use]
    pub const fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Distance of cells in mm.
    #[must_use]
    pub const fn mm(&self) -> [f64; 3] {
        self.mm
    }

    /// Number of cells.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.shape[0] * self.shape[1] * self.shape[2]
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The voxel of a cell.
    #[must_use]
    pub const fn voxel(&self, cell: usize) -> [usize; 3] {
        let [nx, ny, _] = self.shape;
        [self.bounds.lo[0] + cell % nx, self.bounds.lo[1] + cell / nx % ny, self.bounds.lo[2] + cell / (nx * ny)]
    }

    /// The cell of a voxel inside the box.
    #[must_use]
    pub const fn cell(&self, voxel: [usize; 3]) -> usize {
        let lo = self.bounds.lo;
        voxel[0] - lo[0] + self.shape[0] * (voxel[1] - lo[1] + self.shape[1] * (voxel[2] - lo[2]))
    }

    /// One value per cell.
    pub fn map<T>(&self, mut of: impl FnMut([usize; 3]) -> T) -> Vec<T> {
        let VoxelBox { lo, hi } = self.bounds;
        let mut values = Vec::with_capacity(self.len());
        for k in lo[2]..hi[2] {
            for j in lo[1]..hi[1] {
                values.extend((lo[0]..hi[0]).map(|i| of([i, j, k])));
            }
        }
        values
    }

    /// The cells that share a face with a cell, at most six.
    pub fn neighbours(&self, cell: usize) -> impl Iterator<Item = usize> + use<> {
        let [nx, ny, nz] = self.shape;
        let at = [cell % nx, cell / nx % ny, cell / (nx * ny)];
        let (shape, strides) = ([nx, ny, nz], [1, nx, nx * ny]);
        (0..3).flat_map(move |a| {
            let back = (at[a] > 0).then(|| cell - strides[a]);
            let on = (at[a] + 1 < shape[a]).then(|| cell + strides[a]);
            back.into_iter().chain(on)
        })
    }

    /// Whether a cell lies at the border of the block along an axis that has more than one cell.
    #[must_use]
    pub fn at_border(&self, cell: usize) -> bool {
        let [nx, ny, _] = self.shape;
        let at = [cell % nx, cell / nx % ny, cell / (nx * ny)];
        (0..3).any(|a| self.shape[a] > 1 && (at[a] == 0 || at[a] + 1 == self.shape[a]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};

    #[test]
    fn cells_and_voxels_belong_together() {
        let grid = Grid::new([5, 6, 7], Affine::from_spacing(Spacing::UNIT)).unwrap();
        let block = Block::new(&grid, VoxelBox { lo: [1, 2, 3], hi: [4, 99, 5] });
        assert_eq!((block.shape(), block.len()), ([3, 4, 2], 24));
        let voxels = block.map(|v| v);
        for (cell, &voxel) in voxels.iter().enumerate() {
            assert_eq!((block.voxel(cell), block.cell(voxel)), (voxel, cell));
            let expected = voxels.iter().filter(|w| (0..3).map(|a| w[a].abs_diff(voxel[a])).sum::<usize>() == 1).count();
            assert_eq!(block.neighbours(cell).count(), expected);
        }
        assert!(block.at_border(0) && Block::new(&grid, VoxelBox::EMPTY).is_empty());
        let slice = Block::new(&grid, VoxelBox { lo: [0, 0, 3], hi: [5, 6, 4] });
        assert!(!slice.at_border(slice.cell([2, 2, 3])), "a slice is one cell thick");
    }
}
