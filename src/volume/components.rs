//! Connected parts of a label map.

use super::Grid;
use std::collections::VecDeque;

/// The voxels of one connected part, as positions in memory, in the order found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Positions in memory (see [`Grid::index`]).
    pub indices: Vec<usize>,
}

/// The face-connected (6-neighbour) part around `seed` of the voxels for which `belongs` holds.
/// Empty if the seed itself does not belong.
pub fn connected_component(grid: &Grid, seed: [usize; 3], belongs: impl Fn([usize; 3]) -> bool) -> Component {
    if !grid.bounds().contains(seed) || !belongs(seed) {
        return Component { indices: Vec::new() };
    }
    let mut seen = vec![false; grid.voxel_count()];
    seen[grid.index(seed)] = true;
    let mut indices = vec![grid.index(seed)];
    let mut queue = VecDeque::from([seed]);
    while let Some(at) = queue.pop_front() {
        for axis in 0..3 {
            for step in [-1_isize, 1] {
                let Some(moved) = at[axis].checked_add_signed(step).filter(|&m| m < grid.shape()[axis]) else { continue };
                let mut next = at;
                next[axis] = moved;
                let index = grid.index(next);
                if !seen[index] && belongs(next) {
                    seen[index] = true;
                    indices.push(index);
                    queue.push_back(next);
                }
            }
        }
    }
    Component { indices }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};

    #[test]
    fn diagonal_neighbours_are_apart() {
        let grid = Grid::new([3, 3, 1], Affine::from_spacing(Spacing::UNIT)).unwrap();
        let map = [1, 0, 0, 0, 1, 1, 0, 0, 1];
        let belongs = |v: [usize; 3]| map[grid.index(v)] == 1;
        assert_eq!(connected_component(&grid, [0, 0, 0], belongs).indices, [0]);
        let mut part = connected_component(&grid, [1, 1, 0], belongs).indices;
        part.sort_unstable();
        assert_eq!(part, [4, 5, 8]);
        assert!(connected_component(&grid, [1, 0, 0], belongs).indices.is_empty());
    }
}
